"""The table of what is polled: one row a resource, and how its items are read.

A row needs a path, a decoder of one item and the fields of it that matter (`relay.holded.polled`); machinery, cadence,
events and commands follow from it. List items lack some of what a read shows (Holded facts 3.6), so only what both show
matters: a fact seen by webhook and by poll is one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from relay.holded import paths, polled_before, polled_own, requests, unified
from relay.holded.polled import Resource
from relay.holded.polled_accounting import ACCOUNTING
from relay.holded.polled_catalogue import CATALOGUE
from relay.holded.polled_crm import CRM
from relay.holded.polled_documents import DOCUMENTS, document
from relay.holded.polled_team import TEAM

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from relay.domain.documents import DocType

HOUR_MS = 3600_000


def document_row(doc_type: DocType, *, scope: str, weight: int, cadence_ms: int, again: Iterable[str] = ()) -> Resource:
    """The row of a kind of document. `again` names statuses; drafts are asked for where the list can tell them."""
    path = paths.resource(doc_type)
    drafts = ((("approval_status", "draft"),),) if doc_type in paths.APPROVAL_LISTED else ()
    observe = document(
        doc_type,
        unified.NAMES[doc_type],
        approvable=doc_type in paths.APPROVABLE,
        payable=doc_type in paths.PAYABLE,
        before=polled_before.document,
    )
    return Resource(
        name=doc_type,
        path=path,
        read=f"{path}/{{id}}",
        listing="full",
        model=unified.NAMES[doc_type],
        observe=observe,
        scope=scope,
        cadence_ms=cadence_ms,
        again=(*drafts, *((("status", status),) for status in again)),
        recent_days=7,
        hint="read",
        weight=weight,
    )


FACTS: Final[Mapping[str, str]] = {
    "invoice": "2.2 /invoices C L R U D",
    "creditnote": "2.2 /credit-notes C L R U D",
    "salesreceipt": "2.2 /sales-receipts C L R U D",
    "contact": "2.2 /contacts C L R U D",
    "product": "2.2 /products C L R U D",
    "payment": "2.2 /payments C L R U D",
}
"""Where the paths of `OWN` are on record: the section of the Holded facts, and what stands there."""

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
        observe=polled_own.contact,
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
        observe=polled_own.product,
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
        observe=polled_own.payment,
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
