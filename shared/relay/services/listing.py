"""Holded's own lists of the days on which documents of ours were written: as few windows as hold them, all their pages."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, cast

from relay.domain.comparison import Seen
from relay.holded import requests

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence

    from relay.domain.documents import DocType
    from relay.domain.ledger import Row
    from relay.holded.replies import Document

    Spans = Mapping[str, Sequence[tuple[date, date]]]
    Call = Callable[[Any], Awaitable[Any]]

_GAP = timedelta(days=7)
"""Document days further apart than this are listed in windows of their own."""


def windows(days: Iterable[date]) -> list[tuple[date, date]]:
    """Group the days of documents into few spans, so that little is listed that is not ours."""
    spans: list[tuple[date, date]] = []
    for day in sorted(set(days)):
        if spans and day - spans[-1][1] <= _GAP:
            spans[-1] = (spans[-1][0], day)
        else:
            spans.append((day, day))
    return spans


def spans_of(rows: Iterable[Row]) -> Spans:
    """Document type -> windows of days, inclusive. Every row has its `document_date`."""
    days: dict[str, set[date]] = defaultdict(set)
    for row in rows:
        days[row.doc_type].add(date.fromisoformat(row.document_date))
    return {doc_type: windows(found) for doc_type, found in days.items()}


async def listed(call: Call, spans: Spans) -> AsyncIterator[Document]:
    """Every document of the windows. `call` spends one call of Holded a page and raises what its caller must know."""
    for doc_type, days in spans.items():
        for start, end in days:
            cursor: str | None = None
            while True:
                request = requests.list_documents(cast("DocType", doc_type), start=start, end=end, cursor=cursor)
                page = (await call(request)).value
                for document in page.items:
                    yield document
                cursor = page.cursor
                if cursor is None:
                    break


def seen(document: Document) -> Seen:
    return Seen(
        id=document.id,
        total=document.total,
        contact_id=document.contact_id,
        currency=document.currency,
        number=document.number,
        paid=document.payments_total,
        tags=document.tags,
    )
