"""The table of what is polled: one row a resource, and how its items are read.

A row needs a path, a decoder of one item and the fields of it that matter (`relay.holded.polled`); machinery, cadence,
events and commands follow from it. List items lack some of what a read shows (Holded facts 3.6), so only what both show
matters: a fact seen by webhook and by poll is one.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from relay.holded import paths, replies, requests, unified
from relay.holded.observing import approved, observer
from relay.holded.polled import Observed, Resource
from relay.holded.polled_accounting import ACCOUNTING
from relay.holded.polled_catalogue import CATALOGUE
from relay.holded.polled_crm import CRM
from relay.holded.polled_documents import DOCUMENTS
from relay.holded.polled_team import TEAM

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from decimal import Decimal

    from relay.domain.documents import DocType
    from relay.holded.replies import DocumentLine

HOUR_MS = 3600_000
_UNDATED = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_CANCELLED = frozenset({"cancelled", "3"})  # v2's word, v1's number (Holded facts 3.3, 3.6)
_CONTACT_FIELDS = ("trade_name", "mobile", "phone", "iban", "bill_address")


def plain(value: Decimal | None) -> str | None:
    """One text for one amount, however many zeros it came with."""
    if value is None:
        return None
    text = f"{value:f}"
    return (text.rstrip("0").rstrip(".") or "0") if "." in text else text


def _day(value: dt.date | None) -> str | None:
    return value.isoformat() if value else None


def observe_document(doc_type: DocType) -> Callable[[Any], Observed]:
    """A draft has no number and approval gives it one (Holded facts 3.4): a list says no more of approval than that.

    Of a purchase it does not even say that.
    """

    def read(source: Mapping[str, Any]) -> Observed:
        found = replies.document(source)
        return Observed(
            id=found.id,
            data=unified.document(doc_type, found, seen_at=_UNDATED),
            matters={
                "number": found.number,
                "contact_id": found.contact_id,
                "date": _day(found.date),
                "due_date": _day(found.due_date),
                "subtotal": plain(found.subtotal),
                "tax": plain(found.tax),
                "total": plain(found.total),
                "currency": found.currency,
                "cancelled": found.status in _CANCELLED,
                "tags": sorted(found.tags),
                "lines": [_line(line) for line in found.lines],
                "paid": plain(found.payments_total),
                "pending": plain(found.payments_pending),
            },
            approved=approved(found, numbers=doc_type != "purchase") if doc_type in paths.APPROVABLE else None,
            payment=unified.payment_status(found) if doc_type in paths.PAYABLE else None,
        )

    return observer(read)


def _line(line: DocumentLine) -> list[Any]:
    amounts = [plain(each) for each in (line.units, line.price, line.discount)]
    return [line.name, line.description, *amounts, sorted(line.taxes), sorted(line.tags), line.sku, line.product_id]


@observer
def observe_contact(source: Mapping[str, Any]) -> Observed:
    found = replies.contact(source)
    matters: dict[str, Any] = {
        "name": found.name,
        "code": found.code,
        "vat_number": found.vat_number,
        "email": found.email,
        "type": found.type,
        "is_person": found.is_person,
        "custom_id": found.custom_id,
        "tags": sorted(found.tags),
    }
    matters |= {name: found.raw.get(name) for name in _CONTACT_FIELDS}
    return Observed(id=found.id, data=unified.contact(found), matters=matters, updated_at=found.updated_at)


@observer
def observe_product(source: Mapping[str, Any]) -> Observed:
    found = replies.product(source)
    return Observed(
        id=found.id,
        data=unified.product(found),
        matters={
            "name": found.name,
            "kind": found.kind,
            "sku": found.sku,
            "barcode": found.barcode,
            "price": plain(found.price),
            "cost": plain(found.cost),
            "taxes": sorted(found.taxes),
            "archived": bool(found.archived),
            "variants": sorted(found.variant_skus),
        },
    )


@observer
def observe_payment(source: Mapping[str, Any]) -> Observed:
    found = replies.payment(source)
    return Observed(
        id=found.id,
        data=unified.payment(found),
        matters={
            "amount": plain(found.amount),
            "date": _day(found.date),
            "description": found.description,
            "bank_account_id": found.bank_account_id,
            "contact_id": found.contact_id,
            "document_id": found.document_id,
            "document_type": found.document_type,
        },
    )


def document_row(doc_type: DocType, *, scope: str, weight: int, cadence_ms: int, again: Iterable[str] = ()) -> Resource:
    """The row of a kind of document. `again` names statuses; drafts are asked for where the list can tell them."""
    path = paths.resource(doc_type)
    drafts = ((("approval_status", "draft"),),) if doc_type in paths.APPROVAL_LISTED else ()
    return Resource(
        name=doc_type,
        path=path,
        read=f"{path}/{{id}}",
        listing="full",
        model=unified.NAMES[doc_type],
        observe=observe_document(doc_type),
        scope=scope,
        cadence_ms=cadence_ms,
        again=(*drafts, *((("status", status),) for status in again)),
        recent_days=7,
        hint="read",
        weight=weight,
    )


_OPEN = ("pending", "partial", "overdue")

OWN: tuple[Resource, ...] = (
    document_row("invoice", scope="sales:invoices.read", weight=8, cadence_ms=HOUR_MS, again=_OPEN),
    document_row("creditnote", scope="sales:invoices.read", weight=2, cadence_ms=6 * HOUR_MS, again=_OPEN),
    document_row("salesreceipt", scope="sales:receipts.read", weight=2, cadence_ms=6 * HOUR_MS, again=_OPEN),
    Resource(
        name="contact",
        path=requests.CONTACTS,
        read=f"{requests.CONTACTS}/{{id}}",
        listing="full",
        model="contact",
        observe=observe_contact,
        scope="contacts:contacts.read",
        cadence_ms=6 * HOUR_MS,
        hint="read",
        weight=3,
    ),
    Resource(
        name="product",
        path="/api/v2/products",
        read="/api/v2/products/{id}",
        listing="full",
        model="product",
        observe=observe_product,
        scope="inventory:products.read",
        cadence_ms=6 * HOUR_MS,
        hint="read",
        weight=2,
    ),
    Resource(
        name="payment",
        path=requests.PAYMENTS,
        read=f"{requests.PAYMENTS}/{{id}}",
        listing="full",
        model="payment",
        observe=observe_payment,
        scope="accounting:payments.read",
        cadence_ms=HOUR_MS,
        hint="list",  # mostly those the relay made itself: a call each would tell nothing
        recent_days=14,
        weight=4,
    ),
)

POLLED: tuple[Resource, ...] = (*OWN, *DOCUMENTS, *CATALOGUE, *ACCOUNTING, *CRM, *TEAM)
"""Every row."""

FOLLOWED: Mapping[str, Resource] = {each.name: each for each in POLLED if each.hint}
"""What a webhook leads to a re-read of."""
