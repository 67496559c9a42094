"""What mattered of the central objects by the rules before the present one: a snapshot of that time is compared by it.

Left as it was when those snapshots were made; with the last of them it can go.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import datetime as dt
    from decimal import Decimal

    from relay.holded.replies import ContactRecord, Document, DocumentLine, PaymentRecord, ProductRecord

    Matters = dict[str, Any]

_CANCELLED: Final = frozenset({"cancelled", "3"})
_CONTACT: Final = ("trade_name", "mobile", "phone", "iban", "bill_address")


def document(found: Document) -> Matters:
    return {
        "number": found.number,
        "contact_id": found.contact_id,
        "date": _day(found.date),
        "due_date": _day(found.due_date),
        "subtotal": _plain(found.subtotal),
        "tax": _plain(found.tax),
        "total": _plain(found.total),
        "currency": found.currency,
        "cancelled": found.status in _CANCELLED,
        "tags": sorted(found.tags),
        "lines": [_line(line) for line in found.lines],
        "paid": _plain(found.payments_total),
        "pending": _plain(found.payments_pending),
    }


def _line(line: DocumentLine) -> list[Any]:
    amounts = [_plain(each) for each in (line.units, line.price, line.discount)]
    return [line.name, line.description, *amounts, sorted(line.taxes), sorted(line.tags), line.sku, line.product_id]


def contact(found: ContactRecord) -> Matters:
    return {
        "name": found.name,
        "code": found.code,
        "vat_number": found.vat_number,
        "email": found.email,
        "type": found.type,
        "is_person": found.is_person,
        "custom_id": found.custom_id,
        "tags": sorted(found.tags),
        **{name: found.raw.get(name) for name in _CONTACT},
    }


def product(found: ProductRecord) -> Matters:
    return {
        "name": found.name,
        "kind": found.kind,
        "sku": found.sku,
        "barcode": found.barcode,
        "price": _plain(found.price),
        "cost": _plain(found.cost),
        "taxes": sorted(found.taxes),
        "archived": bool(found.archived),
        "variants": sorted(found.variant_skus),
    }


def payment(found: PaymentRecord) -> Matters:
    return {
        "amount": _plain(found.amount),
        "date": _day(found.date),
        "description": found.description,
        "bank_account_id": found.bank_account_id,
        "contact_id": found.contact_id,
        "document_id": found.document_id,
        "document_type": found.document_type,
    }


def _plain(value: Decimal | None) -> str | None:
    if value is None:
        return None
    text = f"{value:f}"
    return (text.rstrip("0").rstrip(".") or "0") if "." in text else text


def _day(value: dt.date | None) -> str | None:
    return value.isoformat() if value else None
