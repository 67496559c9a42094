"""The settlement sweep: what the ledger believes, compared with what Holded's own lists show.

The happy path looks nothing up, so this is where what was written is checked: one list page compares marker, total and
contact of every document since the last sweep, finds a marker that stands twice, and learns the numbers of approved ones.
It waits until a page is worth its call (<= 0.1 calls a document), a day at most.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, cast

from relay.domain import transitions
from relay.domain.decisions import Fact
from relay.domain.ledger import Key, Row, is_marker
from relay.errors import NotAllowed, Rejected, RetryAt
from relay.holded import requests
from relay.services.times import at_ms

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from relay.domain.documents import DocType
    from relay.holded.replies import Document
    from relay.ports import Ledger
    from relay.services.session import Session

WORTH_A_PAGE = 10
_TWICE = 2
_DAY_MS = 24 * 3600_000
_GAP = timedelta(days=7)
"""Document days further apart than this are listed in windows of their own."""


def settle_key(account: str) -> Key:
    return Key(account=account, source="*", object_id="settlement", purpose="settle")


def first_sweep(account: str, *, now_ms: int, every_ms: int) -> Row:
    """The row that stands in the waiting room for as long as the account lives; `version` is the instant swept up to."""
    return Row(
        key=settle_key(account),
        state="waiting",
        kind="settle",
        priority="background",
        created_ms=now_ms,
        updated_ms=now_ms,
        version=now_ms,
        due_ms=now_ms + every_ms,
        reason="next_sweep",
        indexed=True,
    )


def windows(days: Sequence[date]) -> list[tuple[date, date]]:
    """Group the days of documents into few spans, so that a sweep lists little that is not ours."""
    spans: list[tuple[date, date]] = []
    for day in sorted(set(days)):
        if spans and day - spans[-1][1] <= _GAP:
            spans[-1] = (spans[-1][0], day)
        else:
            spans.append((day, day))
    return spans


class Settlement:
    def __init__(self, *, ledger: Ledger) -> None:
        self._ledger = ledger

    async def run(self, session: Session, row: Row) -> None:
        """One sweep, or its postponement while too few documents have been written for a page to be worth its call."""
        now_ms = session.now_ms()
        until_ms = now_ms - session.timing.settle_ms
        try:
            rows = await self._written(row.key.account, row.version, until_ms)
            spans = _spans(rows)
            calls = sum(len(found) for found in spans.values())
            if rows and (len(rows) >= calls * WORTH_A_PAGE or now_ms - row.version >= _DAY_MS):
                await self._sweep(session, rows, spans)
                swept_ms = until_ms
            else:
                swept_ms = row.version if rows else max(row.version, until_ms)
        except RetryAt as refusal:
            await self._next(session, row, due_ms=max(at_ms(refusal.retry_at), now_ms + 60_000), swept_ms=row.version)
        except (NotAllowed, Rejected):
            await self._next(session, row, due_ms=now_ms + session.timing.settlement_ms, swept_ms=row.version)
        else:
            await self._next(session, row, due_ms=now_ms + session.timing.settlement_ms, swept_ms=swept_ms)

    async def _next(self, session: Session, row: Row, *, due_ms: int, swept_ms: int) -> None:
        following = replace(
            row,
            state="waiting",
            rev=row.rev + 1,
            updated_ms=session.now_ms(),
            due_ms=due_ms,
            version=swept_ms,
            indexed=True,
        )
        if await self._ledger.replace(following, expected_rev=row.rev):
            session.note(following)

    async def _written(self, account: str, from_ms: int, until_ms: int) -> list[Row]:
        found = self._ledger.confirmed_between(account, from_ms=from_ms, to_ms=until_ms)
        return [row async for row in found if row.document_date and row.holded_id]

    async def _sweep(self, session: Session, rows: list[Row], spans: dict[str, list[tuple[date, date]]]) -> None:
        seen: dict[str, list[Document]] = defaultdict(list)
        by_id: dict[str, Document] = {}
        for doc_type, days in spans.items():
            for start, end in days:
                async for document in self._listed(session, cast("DocType", doc_type), start, end):
                    by_id[document.id] = document
                    for tag in document.tags:
                        seen[tag].append(document)
        for row in rows:
            await self._compare(session, row, by_id.get(row.holded_id), seen[row.marker])
        await self._late_twins(session, seen, known={row.marker for row in rows})
        await self._late_payments(session, by_id, known={row.holded_id for row in rows})

    async def _late_twins(self, session: Session, seen: dict[str, list[Document]], *, known: set[str]) -> None:
        """A marker that stands twice is told of whenever a list shows it, also long after its own row was swept."""
        for tag, documents in seen.items():
            ids = sorted({document.id for document in documents})
            if len(ids) < _TWICE or tag in known or not is_marker(tag):
                continue
            for holded_id in ids:
                row = await self._ledger.by_holded_id(session.account.account, holded_id)
                if row is not None and row.marker == tag:
                    await self._report(session, row, [("doubled", _doubled(row, ids))])

    async def _late_payments(self, session: Session, by_id: dict[str, Document], *, known: set[str]) -> None:
        """The same for money: a payment that Holded booked long after it was given up stands beside its successor."""
        for holded_id, document in by_id.items():
            if holded_id in known or not _overpaid(document):
                continue
            row = await self._ledger.by_holded_id(session.account.account, holded_id)
            if row is not None and row.marker in document.tags:
                await self._report(session, row, [("paid_twice", _paid_twice(document))])

    async def _listed(self, session: Session, doc_type: DocType, start: date, end: date) -> AsyncIterator[Document]:
        cursor: str | None = None
        while True:
            request = requests.list_documents(doc_type, start=start, end=end, cursor=cursor)
            page = (await session.call(request, "background")).value
            for document in page.items:
                yield document
            cursor = page.cursor
            if cursor is None:
                return

    async def _compare(self, session: Session, row: Row, document: Document | None, marked: list[Document]) -> None:
        findings: list[tuple[str, str]] = []
        ids = sorted({found.id for found in marked})
        if len(ids) >= _TWICE:
            findings.append(("doubled", _doubled(row, ids)))
        if document is None:
            detail = f"{row.doc_type} {row.holded_id} is not in Holded's list of its day"
            findings.append(("missing_in_holded", detail))
        elif document.total != row.total:
            findings.append(("total_differs", f"Holded shows {document.total}, written was {row.total}"))
        if document and document.contact_id and row.contact_id and document.contact_id != row.contact_id:
            detail = f"Holded shows contact {document.contact_id}, written was {row.contact_id}"
            findings.append(("contact_differs", detail))
        if document is not None and _overpaid(document):
            findings.append(("paid_twice", _paid_twice(document)))
        if findings:
            await self._report(session, row, findings)
        elif document is not None and document.number and not row.number:
            numbered = replace(row, number=document.number, rev=row.rev + 1, updated_ms=session.now_ms())
            await self._ledger.replace(numbered, expected_rev=row.rev)

    async def _report(self, session: Session, row: Row, findings: Sequence[tuple[str, str]]) -> None:
        """Findings are a review item of their own; the document's row stays confirmed, for it was written."""
        fact = Fact(
            key=replace(row.key, purpose=f"{row.key.purpose}.settlement"),
            event_id=row.event_id,
            event_type=row.event_type,
            version=row.version,
            monotone=True,
            digest=row.digest,
            priority=row.priority,
            doc_type=row.doc_type,
            total=row.total,
            currency=row.currency,
            document_date=row.document_date,
        )
        there = await self._ledger.get(fact.key)
        reason = findings[0][0]
        told = [there.detail] if there is not None and there.state == "review" else []
        news = [detail for _, detail in findings if not any(detail in each for each in told)]
        if not news:
            return
        detail = "; ".join([*news, *told])
        found = transitions.reviewed(there, fact, now_ms=session.now_ms(), reason=reason, detail=detail)
        if there is None:
            await self._ledger.insert(found)
        else:
            await self._ledger.replace(found, expected_rev=there.rev)


def _doubled(row: Row, ids: Sequence[str]) -> str:
    return f"documents {', '.join(ids)} carry the one marker {row.marker}; delete all but {row.holded_id}"


def _overpaid(document: Document) -> bool:
    paid, total = document.payments_total, document.total
    return paid is not None and total is not None and paid > total > 0


def _paid_twice(document: Document) -> str:
    return f"{document.number or document.id} over {document.total} bears payments of {document.payments_total}; delete what is too much"


def _spans(rows: Sequence[Row]) -> dict[str, list[tuple[date, date]]]:
    days: dict[str, list[date]] = defaultdict(list)
    for row in rows:
        days[row.doc_type].append(date.fromisoformat(row.document_date))
    return {doc_type: windows(found) for doc_type, found in days.items()}
