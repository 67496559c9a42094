"""What Holded's records are in the unified model: the content of the events a re-read emits."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from relay.domain import models
from relay.errors import BadInput
from relay.holded import fields
from relay.holded.encoding import number_text
from relay.holded.formats import MADRID, unreadable

if TYPE_CHECKING:
    from relay.holded.replies import ContactRecord, Document, DocumentLine, PaymentRecord, ProductRecord

NAMES: Mapping[str, str] = {
    "invoice": "invoice",
    "salesreceipt": "invoice",
    "creditnote": "credit_note",
    "salesorder": "order",
    "estimate": "order",
    "proform": "order",
    "waybill": "order",
    "purchase": "invoice",
    "contact": "contact",
    "product": "product",
}
"""Holded's object -> the object of our event types; what is not here is not followed."""

_ZERO = Decimal(0)


def document(doc_type: str, found: Document, *, seen_at: datetime, name: str | None = None) -> models.Model:
    """An invoice, credit note or order as Holded has it now; `name` says which, where `NAMES` does not.

    `seen_at` stands in for the date of a document without one.
    """
    shared: dict[str, Any] = {
        "id": found.id,
        "number": found.number,
        "currency": found.currency or "EUR",
        "issued_at": _midnight(found.date) if found.date else seen_at,
        "due_on": found.due_date,
        "lines": tuple(_line(line) for line in found.lines),
        "subtotal": found.subtotal,
        "tax_total": found.tax,
        "total": found.total or _ZERO,
        "amount_due": _pending(found),
        "payment_status": payment_status(found),
        "contact": models.Contact(id=found.contact_id) if found.contact_id else None,
        "channel": doc_type,
        "tags": found.tags,
        "custom_fields": dict(found.custom_fields),
    }
    match name or NAMES[doc_type]:
        case "credit_note":
            return models.CreditNote(**shared)
        case "order":
            return models.Order(**shared)
        case _:
            return models.Invoice(**shared)


def _midnight(day: date) -> datetime:
    """A day as Holded means it. A mistyped year may lie before 1901, when Madrid's offset had seconds, which ISO 8601 lacks."""
    at = datetime.combine(day, time(), MADRID)
    return at.astimezone(UTC) if (at.utcoffset() or timedelta()) % timedelta(minutes=1) else at


def payment_status(found: Document) -> models.PaymentStatus:
    """By what is still to be paid (Holded facts 10.2), nothing or less being paid; of a negative total the other way round.

    A total of nothing has no payments to tell by: there Holded's own word counts.
    """
    total, pending, paid = found.total, _pending(found), found.payments_total
    if not total:
        return "paid" if found.status == "completed" else "unpaid"
    if pending is not None and not _goes_with(total, pending):
        return "paid"
    begun = pending is not None and pending.copy_abs() < total.copy_abs()
    return "partially_paid" if begun or (paid is not None and _goes_with(total, paid)) else "unpaid"


def _goes_with(total: Decimal, amount: Decimal) -> bool:
    """Whether it is an amount of the total's own sign: one still to be paid, or one that was paid of it."""
    return amount != 0 and (amount > 0) == (total > 0)


def _pending(found: Document) -> Decimal | None:
    """What is still to be paid, negative where too much was; reckoned where only the payments are told."""
    if found.payments_pending is not None or found.payments_total is None or found.total is None:
        return found.payments_pending
    return found.total - found.payments_total


def _line(line: DocumentLine) -> models.Line:
    return models.Line(
        name=line.name or "",
        description=line.description,
        sku=line.sku,
        product_id=line.product_id,
        quantity=line.units or _ZERO,
        unit_price=line.price or _ZERO,
    )


def contact(found: ContactRecord) -> models.Contact:
    ids = tuple(models.TaxId(value=value) for value in (found.code, found.vat_number) if value)
    return models.Contact(
        id=found.id, name=found.name, is_person=found.is_person, email=found.email, tax_ids=ids, tags=found.tags
    )


def product(found: ProductRecord) -> models.Product:
    return models.Product(
        id=found.id,
        name=found.name or "",
        description=fields.text(found.raw, "description"),
        sku=found.sku,
        barcode=found.barcode,
        kind="variants" if found.kind == "variants" else "simple",
        price=found.price,
        cost=found.cost,
        active=not found.archived,
        tags=fields.texts(found.raw, "tags"),
    )


def payment(found: PaymentRecord) -> models.Payment:
    """Money in the company's base currency, euros unless the payment says otherwise: the currency of its document is not that
    of its amount (Holded facts 10.2). Raises `BadInput` where it has no amount.
    """
    if found.amount is None:
        raise unreadable("amount", None, "an amount")
    return models.Payment(
        id=found.id,
        amount=found.amount,
        currency=found.currency or "EUR",
        at=_midnight(found.date) if found.date else None,
        reference=found.description,
        document_id=found.document_id,
        contact=models.Contact(id=found.contact_id) if found.contact_id else None,
    )


def gone(kind: str, holded_id: str, *, seen_at: datetime) -> models.Model:
    """An object that is no longer in Holded: its id is all that is said of it."""
    match NAMES[kind]:
        case "contact":
            return models.Contact(id=holded_id)
        case "product":
            return models.Product(id=holded_id, name="", active=False)
        case "credit_note":
            return models.CreditNote(id=holded_id, currency="EUR", issued_at=seen_at, total=_ZERO, channel=kind)
        case "order":
            return models.Order(id=holded_id, currency="EUR", issued_at=seen_at, total=_ZERO, channel=kind)
        case _:
            return models.Invoice(id=holded_id, currency="EUR", issued_at=seen_at, total=_ZERO, channel=kind)


_RULE = 3
"""Of the digests. Who changes what a digest is made of counts it up, and `earlier` gives the digests by the rules before."""


def fingerprint(data: Mapping[str, Any]) -> str:
    """Digest of the fields that matter, behind the number of its rule: two equal ones mean that nothing changed.

    However it is spelt: null, `""`, `{}`, an empty list and a missing field are one, a number and its text are one.
    """
    return f"{_RULE}-{_digest(_spelt_alike(data) or {})}"


def earlier(data: Mapping[str, Any]) -> tuple[str, ...]:
    """The digests by the first rule, which took values as they were spelt, and by the second, under which less of the
    central objects mattered: `data` is what did. Older snapshots hold one of them.
    """
    return _digest(data), f"2-{_digest(_spelt_alike(data) or {})}"


def _digest(data: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(data, sort_keys=True, default=str).encode()).hexdigest()[:32]


def _spelt_alike(value: Any) -> Any:
    """None for whatever is empty. A list keeps its places: some are records without names."""
    if isinstance(value, Mapping):
        alike = {name: _spelt_alike(each) for name, each in value.items()}
        return {name: each for name, each in alike.items() if each is not None} or None
    if isinstance(value, list | tuple):
        return [_spelt_alike(each) for each in value] or None
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int | Decimal):
        return _plain(Decimal(value))
    return value or None


def _plain(value: Decimal) -> str:
    try:
        return number_text(value)
    except BadInput:  # beyond every amount: as it was written
        return str(value)
