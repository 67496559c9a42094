"""`unknown`: was it written? Look for our marker, adopt what is found, and believe an absence only when seen twice.

Never a blind retry. A document without our marker but with the same contact, currency and total within three days is a
reason to ask a human: a person may have written it by hand meanwhile.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, cast

from relay.domain import transitions
from relay.domain.ledger import is_marker
from relay.holded import requests, requests_products

if TYPE_CHECKING:
    from relay.domain.documents import DocType
    from relay.domain.ledger import Row
    from relay.holded.replies import Document, ProductRecord
    from relay.services.desk import Desk
    from relay.services.job import Job
    from relay.services.session import Session

_WINDOW = timedelta(days=3)


@dataclass(frozen=True, slots=True)
class Found:
    """Exactly one holds: `adopted` is the Holded id of what we wrote; `write`: seen empty twice, or a step that is safe to
    take again; else `end` says how the event ended (None: the row moved, decide anew).
    """

    adopted: str | None = None
    write: bool = False
    end: str | None = None


class Doubt:
    def __init__(self, *, desk: Desk) -> None:
        self._desk = desk

    async def look(self, session: Session, job: Job, row: Row) -> Found:
        """Settle a row whose outcome is not known. Costs a list page, one call."""
        if row.step in {"approve", "pay", "update"}:
            return Found(write=True)  # each of these reads the document before it writes
        if job.plan.product is not None:
            return await self._product(session, job, row)
        marked, similar = await self._scan(session, job, row)
        if len(marked) > 1:
            detail = f"{len(marked)} documents carry the marker {row.marker}: " + ", ".join(d.id for d in marked)
            return Found(end=await self._desk.review(session, job, "outcome_unknown_doubled", detail))
        if marked:
            return Found(adopted=marked[0].id)
        if row.reason == transitions.CREATE_ANYWAY:
            similar = []  # a person has looked at it
        unclaimed = [d for d in similar if await self._desk.ledger.by_holded_id(row.key.account, d.id) is None]
        if unclaimed:
            detail = f"no document carries {row.marker}, but {unclaimed[0].number or unclaimed[0].id} has the same contact and total"
            return Found(end=await self._desk.review(session, job, "outcome_unknown_similar", detail))
        return await self._empty(session, job, row)

    async def _empty(self, session: Session, job: Job, row: Row) -> Found:
        if row.seen_empty + 1 >= transitions.SEEN_EMPTY_TWICE:
            return Found(write=True)
        again = transitions.seen_empty(
            row, event=job.fact.event, now_ms=session.now_ms(), again_ms=session.timing.again_ms
        )
        if not await self._desk.keep(job, again):
            return Found(end=None)
        session.note(again)
        return Found(end="waiting:outcome_unknown")

    async def _scan(self, session: Session, job: Job, row: Row) -> tuple[list[Document], list[Document]]:
        day = date.fromisoformat(row.document_date)
        marked: list[Document] = []
        similar: list[Document] = []
        cursor: str | None = None
        while True:
            request = requests.list_documents(
                cast("DocType", row.doc_type),
                contact_id=row.contact_id or None,
                start=day - _WINDOW,
                end=day + _WINDOW,
                cursor=cursor,
            )
            page = (await session.call(request, job.priority)).value
            for document in page.items:
                if row.marker in document.tags:
                    marked.append(document)
                elif document.total == row.total and not _ours(document):
                    similar.append(document)
            cursor = page.cursor
            if cursor is None:
                return marked, similar

    async def _product(self, session: Session, job: Job, row: Row) -> Found:
        sku = job.plan.product.sku if job.plan.product else None
        if not sku:
            detail = "the reply to creating a product without SKU was lost; look for it in Holded"
            return Found(end=await self._desk.review(session, job, "outcome_unknown_product", detail))
        known = await find_product(session, job, sku)
        if known is not None:
            return Found(adopted=known.id)
        return await self._empty(session, job, row)


async def find_product(session: Session, job: Job, sku: str) -> ProductRecord | None:
    """The product with this SKU, looked for page by page (Holded's list filters nothing but what the client does)."""
    cursor: str | None = None
    while True:
        page = (await session.call(requests_products.find_products(sku=sku, cursor=cursor), job.priority)).value
        if page.items:
            found: ProductRecord = page.items[0]
            return found
        cursor = page.cursor
        if cursor is None:
            return None


def _ours(document: Document) -> bool:
    """Another fact of ours with the same contact and total: its own row answers for it."""
    return any(is_marker(tag) for tag in document.tags)
