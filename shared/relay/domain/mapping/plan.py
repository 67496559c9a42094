"""What becomes of an event in Holded: the policy of the account, from an event to a plan. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from relay.domain.documents import Plan, Purpose
from relay.domain.mapping import corrections, records, sales
from relay.domain.mapping.undecided import Undecided
from relay.domain.models import Contact, CreditNote, Invoice, Order, Payment, Product, Refund, Written

if TYPE_CHECKING:
    from datetime import date

    from relay.domain.mapping.catalogue import Catalogue
    from relay.domain.models import Event
    from relay.domain.settings import Settings

_PURPOSES: dict[type, Purpose] = {
    Invoice: "invoice",
    CreditNote: "creditnote",
    Refund: "creditnote",
    Contact: "contact",
    Product: "product",
    Payment: "payment",
}


def plan(
    event: Event, settings: Settings, catalogue: Catalogue, *, today: date | None = None, sold: bool = False
) -> Plan:
    """The plan for one event: a document, a review with its reason and remedy, or ignored with its reason.

    Never raises for anything an event can hold. `today` matters only where policy dates documents by it. The sale of an
    order has the purpose `invoice` whether it becomes an invoice or a `salesreceipt`: one sale, one key, one document.
    `sold`: the order has its invoice already, so that this is a version of it, paid or not (`sales.may_be_sold`).
    """
    data = event.data
    if event.source == "holded" or not isinstance(data, Written):
        return Plan(
            outcome="ignored",
            purpose=_PURPOSES.get(type(data), "invoice"),
            subject=event.subject,
            reason="holded_has_it",
            detail="What was read in Holded is never written back into it.",
        )
    try:
        match data:
            case Order():
                return sales.plan_order(event, data, settings, catalogue, today=today, sold=sold)
            case Invoice():
                return sales.plan_invoice(event, data, settings, catalogue, today=today)
            case CreditNote() | Refund():
                return corrections.plan_correction(event, data, settings, catalogue, today=today)
            case Contact():
                return records.plan_contact(event, data, settings)
            case Product():
                return records.plan_product(event, data, settings, catalogue)
            case Payment():
                return records.plan_payment(event, data, settings, catalogue)
    except Undecided as undecided:
        return Plan(
            outcome="review",
            purpose=sales.purpose_of(data, sold=sold) if isinstance(data, Order) else _PURPOSES[type(data)],
            subject=event.subject,
            reason=undecided.reason,
            detail=undecided.detail,
            differs=undecided.differs,
        )
