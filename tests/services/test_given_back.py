"""One giving-back that Stripe tells twice: a credit note and its refund, and the shapes of two API versions."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.services.world import World

BUYER = {
    "customer": "cus_1",
    "customer_name": "Ana Ejemplo",
    "customer_email": "ana@example.com",
    "customer_address": {"line1": "Calle Mayor 1", "city": "Madrid", "postal_code": "28013", "country": "ES"},
}
RATE = {
    "id": "txr_1",
    "object": "tax_rate",
    "percentage": 21.0,
    "country": "ES",
    "display_name": "IVA",
    "inclusive": False,
}
PLAIN = {"policy": {"plain_refund_rate": "21"}}


def taxed(net: int, kind: str) -> dict:
    tax = {"amount": net * 21 // 100, "inclusive": False, "tax_rate": "txr_1", "taxable_amount": net}
    line = {
        "id": f"{kind}_1",
        "object": kind,
        "amount": net,
        "currency": "eur",
        "description": "Plan",
        "quantity": 1,
        "discount_amounts": [],
        "tax_amounts": [tax],
        "tax_rates": [RATE],
    }
    total = net * 121 // 100
    return {"currency": "eur", "total": total, "subtotal": net, "lines": {"data": [line], "has_more": False}}


def invoice() -> dict:
    paid = {"status": "paid", "paid": True, "amount_paid": 12100, "amount_remaining": 0, "created": 1772441000}
    return {"id": "in_1", "object": "invoice", "number": "A-1", **taxed(10000, "line_item"), **paid, **BUYER}


def note(net: int = 10000, *, name: str = "cn_1", refund: str | None = "re_1", created: int = 1772442000) -> dict:
    own = {
        "id": name,
        "object": "credit_note",
        "number": name,
        "created": created,
        "status": "issued",
        "customer": "cus_1",
    }
    return {**own, **taxed(net, "credit_note_line_item"), "invoice": "in_1", "refund": refund}


def charge(*refunds: tuple[str, int], reached: int = 0) -> dict:
    listed = [{"id": name, "amount": cents, "status": "succeeded", "created": 1772442000} for name, cents in refunds]
    own = {
        "id": "ch_1",
        "object": "charge",
        "currency": "eur",
        "amount": 12100,
        "created": 1772441100,
        "invoice": "in_1",
    }
    amount = reached or sum(cents for _, cents in refunds)
    return {**own, "amount_refunded": amount, **({"refunds": {"data": listed}} if listed else {})}


def tell(world: World, kind: str, value: dict, *, created: int = 1772442000, before: int = 0) -> None:
    data = {"object": value, "previous_attributes": {"amount_refunded": before}}
    event = {"id": "evt_1", "object": "event", "type": kind, "created": created, "data": data}
    world.run(world.deliver(event, topic="", source="stripe"))


def sold(settings: dict | None = None) -> World:
    world = World(settings=settings or PLAIN)
    tell(world, "invoice.paid", invoice(), created=1772441000)
    return world


def reviewed(world: World) -> list[str]:
    return [row.reason for row in world.rows() if row.state == "review"]


@pytest.mark.parametrize("settings", [{"policy": {}}, PLAIN])
@pytest.mark.parametrize("first", ["note", "refund"])
def test_a_credit_note_and_its_refund_are_one_credit_note(settings, first):
    world = sold(settings)
    told = [("credit_note.created", note()), ("charge.refunded", charge(("re_1", 12100)))]
    for kind, value in told if first == "note" else reversed(told):
        tell(world, kind, value)
    world.settle(hours=1)

    assert (world.totals("creditnote"), reviewed(world)) == ([Decimal("121.00")], [])


def test_a_credit_note_of_more_than_was_paid_out_takes_its_refund_in():
    world = sold()
    tell(world, "credit_note.created", note())
    tell(world, "charge.refunded", charge(("re_1", 10000)))

    assert world.totals("creditnote") == [Decimal("121.00")]


def test_a_refund_waits_for_no_invoice_where_its_note_does():
    world = World(settings=PLAIN)
    tell(world, "credit_note.created", note())
    tell(world, "charge.refunded", charge(("re_1", 12100)))
    tell(world, "invoice.paid", invoice(), created=1772441000)
    world.settle(hours=1)

    assert world.totals("creditnote") == [Decimal("121.00")]


@pytest.mark.parametrize("listed_first", [True, False])
def test_the_refund_of_two_api_versions_is_written_once_and_put_to_a_person(listed_first):
    world = sold()
    for listed in (listed_first, not listed_first):
        tell(world, "charge.refunded", charge(("re_1", 12100)) if listed else charge(reached=12100))
    world.settle(hours=1)

    assert (world.totals("creditnote"), reviewed(world)) == ([Decimal("121.00")], ["given_back_twice"])


def test_a_credit_note_and_a_charge_that_lists_no_refunds():
    world = sold()
    tell(world, "credit_note.created", note(5000))
    tell(world, "charge.refunded", charge(reached=6050))

    assert (world.totals("creditnote"), reviewed(world)) == ([Decimal("60.50")], ["given_back_twice"])


def test_refunds_of_one_amount_are_two_and_no_more_goes_back_than_was_sold():
    world = sold()
    tell(world, "charge.refunded", charge(("re_1", 6050)))
    tell(world, "charge.refunded", charge(("re_2", 6050), ("re_1", 6050)))
    assert (world.totals("creditnote"), reviewed(world)) == ([Decimal("60.50"), Decimal("60.50")], [])
    tell(world, "credit_note.created", note(1000, refund=None), created=1772443000)

    assert (len(world.documents("creditnote")), reviewed(world)) == (2, ["correction_exceeds_original"])


def test_what_is_told_again_is_noted_once():
    world = sold()
    for _ in range(2):
        tell(world, "charge.refunded", charge(("re_1", 6050)))
    invoice_row = world.row("invoice")

    assert invoice_row.credited == "re_1=60.50"
