"""Holded's own lists of the days on which documents of ours were written: as few windows as hold them, all their pages.

Anybody's document stands in them, and one that cannot be read (a field of a kind nobody has seen) is told of beside the
others: it costs neither the page nor the walk. It is there all the same, so nobody may take it for missing.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, cast

from relay.domain.comparison import Seen
from relay.domain.text import counted
from relay.errors import RetryAt
from relay.holded import requests

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterable, Mapping, Sequence

    from relay.domain.documents import DocType
    from relay.domain.ledger import Row
    from relay.holded.replies import Document

    Spans = Mapping[str, Sequence[tuple[date, date]]]
    Call = Callable[[Any], Awaitable[Any]]

_GAP = timedelta(days=7)
"""Document days further apart than this are listed in windows of their own."""
_MOST_NAMED = 5


@dataclass(frozen=True, slots=True, order=True)
class Unreadable:
    """A document that is there and cannot be read. `id` is empty where not even that is told."""

    doc_type: str
    id: str
    field: str


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


async def listed(call: Call, spans: Spans, unread: set[Unreadable]) -> AsyncIterator[tuple[str, Document]]:
    """Every document of the windows, with its type; those that cannot be read are put into `unread`.

    `call` spends one call of Holded a page and raises what its caller must know.
    """
    for doc_type, days in spans.items():
        for start, end in days:
            cursor: str | None = None
            while True:
                request = requests.list_documents(
                    cast("DocType", doc_type), start=start, end=end, cursor=cursor, bearing=True
                )
                page = (await call(request)).value
                unread |= {Unreadable(doc_type, each.id, each.field) for each in page.unread}
                for document in page.items:
                    yield doc_type, document
                cursor = page.cursor
                if cursor is None:
                    break


async def by_id(call: Call, row: Row, unread: set[Unreadable]) -> Document | None:
    """The document of a row, which no list shows. None where it is there and cannot be read: then `unread` has it.

    Raises `NotFound`, which alone says that it is gone, and what `call` raises.
    """
    try:
        document: Document = (await call(requests.get_document(cast("DocType", row.doc_type), row.holded_id))).value
    except RetryAt as refusal:
        if refusal.reason != "reply_unexpected":
            raise
        unread.add(Unreadable(row.doc_type, row.holded_id, refusal.detail.partition(":")[0]))
        return None
    return document


def told_of(unread: Collection[Unreadable]) -> str:
    """A sentence: how many, and the first of them by id and field. Empty where all could be read."""
    if not unread:
        return ""
    named = [f"{each.doc_type} {each.id or 'without an id'} ({each.field})" for each in sorted(unread)[:_MOST_NAMED]]
    more = [f"{len(unread) - len(named)} more"] if len(unread) > len(named) else []
    return f"{counted(len(unread), 'document')} could not be read and not be compared: {', '.join([*named, *more])}"


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
