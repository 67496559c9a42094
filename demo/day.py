"""The demo's day: what is sent, in which order, and what must have become of it in the evening."""

from __future__ import annotations

import json
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal

from demo import payloads
from demo.payloads import Buyer, Item

if TYPE_CHECKING:
    from collections.abc import Iterator

SMALL, LARGE = "tienda", "grupo"
"""A shop on Holded's smallest plan (60 calls a minute) and a group on a larger one."""

RUSH = 70
RUSH_STORY = "the rush"

Fate = Literal["document", "review", "ignored", "refused"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """One delivery. `total` and `doc_type` are what Holded must show; `reason` what a refusal or review must say.

    `copies`: how often the sender delivers it in all. `tampered`: a byte is changed after signing.
    """

    story: str
    account: str
    source: str
    topic: str
    body: bytes
    fate: Fate
    doc_type: str = ""
    total: Decimal | None = None
    reason: str = ""
    copies: int = 1
    tampered: bool = False


def money(text: str) -> Decimal:
    return Decimal(text)


def _act(story: str, account: str, source: str, topic: str, body: dict[str, Any], **fate: Any) -> Act:
    if "total" in fate:
        fate["total"] = money(fate["total"])
        fate.setdefault("doc_type", "invoice")
        fate.setdefault("fate", "document")
    return Act(story=story, account=account, source=source, topic=topic, body=json.dumps(body).encode(), **fate)


ANA = Buyer(name="Ana Ruiz", email="ana.ruiz@example.com", nif="12345678Z")
TALLER = Buyer(name="Taller Sol", email="taller@example.com", nif="B12345674", company="Taller Sol SL")
KIOSCO = Buyer(name="Luis Vera", email="kiosco@example.com", nif="87654321X", tags="recargo")
MARIE = Buyer(name="Marie Petit", email="marie@example.com", country="FR", postal_code="75001", city="Paris")
CANARY = Buyer(name="Yaiza Leon", email="yaiza@example.com", postal_code="35001", city="Las Palmas")
CEUTA = Buyer(name="Omar Gil", email="omar@example.com", postal_code="51001", city="Ceuta")
JOHN = Buyer(name="John Doe", email="john@example.com", country="US", postal_code="10001", city="New York")


def acts() -> Iterator[Act]:
    """The day, in the order the webhooks arrive."""
    yield from _returns()
    yield from _taxes()
    yield from _trouble()
    yield from _rush()


def _returns() -> Iterator[Act]:
    order = payloads.shopify_order(1, ANA, [Item("Lamp", money("121.00"))])
    yield _act("a refund before its order", LARGE, "shopify", "refunds/create", payloads.shopify_refund(1, order),
               doc_type="creditnote", total="121.00")  # fmt: skip
    yield _act("its order, delivered three times", LARGE, "shopify", "orders/paid", order, total="121.00", copies=3)
    yield _act("the same sale as orders/create", LARGE, "shopify", "orders/create", order, total="121.00")
    woo = payloads.woocommerce_order(21, ANA, [Item("Chair", money("60.50"))])
    yield _act("the same customer in another shop", LARGE, "woocommerce", "order.created", woo, total="60.50")


def _taxes() -> Iterator[Act]:
    def shop(story: str, number: int, buyer: Buyer, items: list[Item], total: str, **extra: Any) -> Act:
        body = payloads.shopify_order(number, buyer, items, **extra)
        return _act(story, LARGE, "shopify", "orders/paid", body, total=total)

    mixed = [
        Item("Book", money("10.40"), money("4")),
        Item("Bread", money("2.20"), money("10")),
        Item("Mug", money("12.10")),
    ]
    yield shop("domestic, 4 + 10 + 21 %", 2, ANA, mixed, "24.70")
    yield shop(
        "recargo de equivalencia", 3, KIOSCO, [Item("Pens", money("126.20"), money("21"), money("5.2"))], "126.20"
    )
    yield shop(
        "Canary Islands, IGIC 7 %", 4, CANARY, [Item("Fan", money("107.00"), money("7"))], "107.00", tax_title="IGIC"
    )
    yield shop("Ceuta, no tax charged", 5, CEUTA, [Item("Rug", money("80.00"), money("0"))], "80.00")
    yield shop("export to the United States", 6, JOHN, [Item("Guitar", money("300.00"), money("0"))], "300.00")
    woo = payloads.woocommerce_order(22, MARIE, [Item("Scarf", money("24.00"), money("20"))])
    yield _act("France, consumer: OSS 20 %", LARGE, "woocommerce", "order.created", woo, total="24.00")
    yield _act("Stripe billing, domestic company", LARGE, "stripe", "invoice.paid",
               payloads.stripe_invoice(1, TALLER, [Item("Licence", money("242.00"))]), total="242.00")  # fmt: skip
    sponsor = {
        "name": "Taller Sol SL",
        "company": "Taller Sol SL",
        "is_person": False,
        "email": TALLER.email,
        "billing_address": {"country": "ES", "city": "Madrid", "postal_code": "28013"},
        "tax_ids": [{"value": TALLER.nif, "country": "ES", "kind": "es_cif"}],
    }
    advice = {
        "kind": "service",
        "name": "Advice",
        "quantity": "1",
        "unit_price": "1000.00",
        "taxes": [{"name": "IVA", "rate": "21", "amount": "210.00", "country": "ES"}],
    }
    yield _act("services to a company, IRPF 15 % kept", LARGE, "standard", "invoice.issued",
               payloads.standard_invoice(3, contact=sponsor, lines=[advice], total="1210.00", tax_total="210.00"),
               total="1060.00")  # fmt: skip
    german = {
        "name": "Werk GmbH",
        "company": "Werk GmbH",
        "is_person": False,
        "email": "werk@example.com",
        "billing_address": {"country": "DE", "city": "Berlin", "postal_code": "10115"},
        "tax_ids": [
            {"value": "DE136695976", "country": "DE", "kind": "eu_vat", "vies_confirmed_at": "2026-03-01T09:00:00Z"}
        ],
    }
    goods = [{"name": "Machine part", "quantity": "2", "unit_price": "500.00"}]
    yield _act("reverse charge, VIES confirmed", LARGE, "standard", "invoice.issued",
               payloads.standard_invoice(1, contact=german, lines=goods, total="1000.00", tax_total="0.00"),
               total="1000.00")  # fmt: skip
    unproved = german | {"tax_ids": [{"value": "DE136695976", "country": "DE", "kind": "eu_vat"}]}
    yield _act("the same without VIES", LARGE, "standard", "invoice.issued",
               payloads.standard_invoice(2, contact=unproved, lines=goods, total="1000.00", tax_total="0.00"),
               fate="review", reason="vies")  # fmt: skip


def _trouble() -> Iterator[Act]:
    lamp = [Item("Lamp", money("121.00"))]
    yield _act("a signature that does not fit", LARGE, "shopify", "orders/paid",
               payloads.shopify_order(7, ANA, lamp), fate="refused", reason="signature_mismatch", tampered=True)  # fmt: skip
    yield _act("a tax no table row settles", LARGE, "shopify", "orders/paid",
               payloads.shopify_order(8, JOHN, [Item("Hat", money("32.66"), money("8.875"))], tax_title="NY Sales Tax"),
               fate="review", reason="tax_not_settled")  # fmt: skip
    yield _act("a total that does not add up", LARGE, "shopify", "orders/paid",
               payloads.shopify_order(9, ANA, lamp, total_price="130.00"), fate="review", reason="total_differs")  # fmt: skip
    yield _act(
        "a topic nobody handles", LARGE, "shopify", "carts/update", {"id": 1}, fate="ignored", reason="unknown_topic"
    )
    called_off = payloads.shopify_order(
        10, ANA, lamp, financial_status="voided", cancelled_at=f"{payloads.DAY}T10:00:00+01:00"
    )
    yield _act(
        "an order called off unpaid",
        LARGE,
        "shopify",
        "orders/cancelled",
        called_off,
        fate="ignored",
        reason="order_cancelled",
    )


def _rush() -> Iterator[Act]:
    for number in range(100, 100 + RUSH):
        price = f"{number % 7 + 10}.90"
        yield _act(RUSH_STORY, SMALL, "shopify", "orders/paid",
                   payloads.shopify_order(number, ANA, [Item("Ticket", money(price))]), total=price)  # fmt: skip
