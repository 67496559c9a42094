"""Builders of unified models for the mapping's tests: a paid Spanish order unless told otherwise."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from relay.domain.mapping.default_catalogue import default_catalogue
from relay.domain.mapping.plan import plan
from relay.domain.models import (
    Address,
    Contact,
    CreditNote,
    Event,
    Invoice,
    Line,
    Order,
    Product,
    Refund,
    TaxId,
    TaxLine,
)
from relay.domain.settings import Settings, default_settings, parse_settings

if TYPE_CHECKING:
    from relay.domain.documents import Plan
    from relay.domain.mapping.catalogue import Catalogue

AT = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
D = Decimal
MADRID = Address(name="Ana Gil", line1="Calle Mayor 1", city="Madrid", postal_code="28001", country="ES")


def address(country: str | None = "ES", postal: str | None = None, province: str | None = None, **more: Any) -> Address:
    return Address(name="Ana Gil", country=country, postal_code=postal, province_code=province, **more)


def tax(rate: str | None, amount: str, *, name: str | None = None, country: str | None = None) -> TaxLine:
    return TaxLine(rate=D(rate) if rate is not None else None, amount=D(amount), name=name, country=country)


def line(price: str, *taxes: TaxLine, quantity: str = "1", **more: Any) -> Line:
    return Line(**{"name": "Libro", "unit_price": D(price), "quantity": D(quantity), "taxes": taxes} | more)


def order(*lines: Line, total: str, **more: Any) -> Order:
    values = {
        "id": "1001", "number": "#1001", "currency": "EUR", "issued_at": AT, "lines": lines, "total": D(total),
        "payment_status": "paid", "contact": Contact(email="ana@example.es"), "billing_address": MADRID,
    }  # fmt: skip
    return Order(**(values | more))


def invoice(*lines: Line, total: str, **more: Any) -> Invoice:
    values = {
        "id": "in_1", "number": "F-1", "currency": "EUR", "issued_at": AT, "lines": lines, "total": D(total),
        "contact": Contact(name="Ana Gil", email="ana@example.es"), "billing_address": MADRID,
    }  # fmt: skip
    return Invoice(**(values | more))


def refund(*lines: Line, total: str, **more: Any) -> Refund:
    values = {
        "id": "7", "currency": "EUR", "issued_at": AT, "lines": lines, "total": D(total), "refers_to": "1001",
        "payment_status": "refunded",
    }  # fmt: skip
    return Refund(**(values | more))


def business(value: str, *, vies: bool = False, country: str | None = None) -> Contact:
    tax_id = TaxId(value=value, country=country, kind="eu_vat", vies_confirmed_at=AT if vies else None)
    return Contact(company="Firma", email="firma@example.com", tax_ids=(tax_id,))


_SUBJECTS = {Order: "order.paid", Invoice: "invoice.issued", Refund: "refund.created", CreditNote: "credit_note.issued"}


def event(data: Any, type_: str = "") -> Event:
    types = _SUBJECTS | {Contact: "contact.created", Product: "product.created"}
    return Event(
        id="i#0", account="acme", source="shopify", type=type_ or types.get(type(data), "payment.received"),
        subject=getattr(data, "id", None) or "x", time=AT, version=1, monotone=True, data=data, raw_ref="i",
    )  # fmt: skip


def planned(data: Any, type_: str = "", *, settings: Any = None, catalogue: Catalogue | None = None) -> Plan:
    chosen = (
        settings if isinstance(settings, Settings) else parse_settings(settings) if settings else default_settings()
    )
    return plan(event(data, type_), chosen, catalogue or default_catalogue(), today=AT.date())


def keys(made: Plan) -> list[tuple[str, ...]]:
    assert made.document is not None, (made.outcome, made.reason, made.detail)
    return [one.taxes for one in made.document.lines]
