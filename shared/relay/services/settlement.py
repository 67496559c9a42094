"""The settlement sweep: what the ledger believes, compared with what Holded's own lists show.

The happy path looks nothing up, so this is where what was written is checked: one list page compares marker, total and
contact of every document since the last sweep, finds a marker that stands twice, and learns the numbers of approved ones.
It waits until a page is worth its call (<= 0.1 calls a document), a day at most. A sweep that spent calls and was not
finished begins anew, so it comes back ever more rarely: what refuses it for long must not eat the month.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from relay.domain.comparison import TWICE, Marks, differences, doubled, overpaid, paid_twice
from relay.domain.ledger import Key, Row
from relay.domain.standing_rows import stands, stood_up
from relay.domain.transitions import MAX_ATTEMPTS, backoff_ms
from relay.errors import NotAllowed, NotFound, Rejected, RetryAt
from relay.services.listing import by_id as read_by_id
from relay.services.listing import listed, seen, spans_of, told_of
from relay.services.reconcile_findings import about, report
from relay.services.times import at_ms

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from relay.domain.comparison import Seen
    from relay.holded.protocol import Reply, Request
    from relay.ports.ledger import Ledger
    from relay.services.listing import Spans, Unreadable
    from relay.services.session import Session

WORTH_A_PAGE = 10
LOOKED_AT_BY_ID = 5
_DAY_MS = 24 * 3600_000
_MOST_COUNTED = MAX_ATTEMPTS - 2
"""Failures of Holded's that are counted: our own machine's trouble with the row, which the same count ends, has room left."""


def settle_key(account: str) -> Key:
    return Key(account=account, source="*", object_id="settlement", purpose="settle")


def first_sweep(account: str, *, now_ms: int, every_ms: int) -> Row:
    """The row that stands in the waiting room for as long as the account lives; `version` is the instant swept up to."""
    due_ms = now_ms + every_ms
    return stands(settle_key(account), "settle", now_ms=now_ms, due_ms=due_ms, version=now_ms)


class Calls:
    """The calls of one sweep, in class `background`; `spent` are those that left."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self.spent = 0

    async def __call__(self, request: Request) -> Reply:
        token = await self._session.reserve("background")
        self.spent += 1
        return await self._session.send(request, token)


class Settlement:
    def __init__(self, *, ledger: Ledger, jitter: Callable[[], float]) -> None:
        self._ledger = ledger
        self._jitter = jitter

    async def run(self, session: Session, row: Row) -> None:
        """One sweep, or its postponement while too few documents have been written for a page to be worth its call."""
        now_ms = session.now_ms()
        until_ms = now_ms - session.timing.settle_ms
        call, detail = Calls(session), ""
        try:
            rows = await self._written(row.key.account, row.version, until_ms)
            spans = spans_of(rows)
            calls = sum(len(found) for found in spans.values())
            if rows and (len(rows) >= calls * WORTH_A_PAGE or now_ms - row.version >= _DAY_MS):
                detail = await self._sweep(session, call, rows, spans)
                swept_ms = until_ms
            else:
                swept_ms = row.version if rows else max(row.version, until_ms)
        except RetryAt as refusal:
            await self._again(session, row, refusal, in_vain=call.spent > 0)
        except (NotAllowed, Rejected):
            await self._next(session, row, due_ms=now_ms + session.timing.settlement_ms, swept_ms=row.version)
        else:
            due_ms = now_ms + session.timing.settlement_ms
            await self._next(session, row, due_ms=due_ms, swept_ms=swept_ms, detail=detail)

    async def _again(self, session: Session, row: Row, refusal: RetryAt, *, in_vain: bool) -> None:
        """A budget that gives no call is waited for and is no failure. What spent calls for nothing is one: the wait grows four
        times with each in a row, up to the time between two sweeps.
        """
        now_ms = session.now_ms()
        due_ms = max(at_ms(refusal.retry_at), now_ms + 60_000)
        if not in_vain:
            await self._next(session, row, due_ms=due_ms, swept_ms=row.version, failures=row.attempts)
            return
        wait_ms = backoff_ms(2 * row.attempts, jitter=self._jitter(), longest_ms=session.timing.settlement_ms)
        failures = min(row.attempts + 1, _MOST_COUNTED)
        detail = f"not finished: {refusal.reason}"
        due_ms = max(due_ms, now_ms + wait_ms)
        await self._next(session, row, due_ms=due_ms, swept_ms=row.version, failures=failures, detail=detail)

    async def _next(
        self, session: Session, row: Row, *, due_ms: int, swept_ms: int, failures: int = 0, detail: str = ""
    ) -> None:
        following = stood_up(row, now_ms=session.now_ms(), due_ms=due_ms, version=swept_ms)
        following = replace(following, attempts=failures, detail=detail)
        if await self._ledger.replace(following, expected_rev=row.rev):
            session.note(following)

    async def _written(self, account: str, from_ms: int, until_ms: int) -> list[Row]:
        found = self._ledger.confirmed_between(account, from_ms=from_ms, to_ms=until_ms)
        return [row async for row in found if row.document_date and row.holded_id]

    async def _sweep(self, session: Session, call: Calls, rows: list[Row], spans: Spans) -> str:
        """Returns what it could not compare, as a sentence."""
        marked = Marks()
        by_id: dict[str, Seen] = {}
        unread: set[Unreadable] = set()
        async for doc_type, document in listed(call, spans, unread):
            by_id[document.id] = seen(document)
            marked.add(doc_type, document.id, document.tags)
        hidden = await self._moved(call, rows, by_id, marked, unread)
        for row in rows:
            await _time_for_more(session)
            if row.holded_id not in hidden:
                await self._compare(session, row, by_id.get(row.holded_id), marked.of(row))
        await self._late_twins(session, marked, known={row.marker for row in rows})
        await self._late_payments(session, by_id, known={row.holded_id for row in rows})
        return told_of(unread)

    async def _moved(
        self,
        call: Calls,
        rows: list[Row],
        by_id: dict[str, Seen],
        marked: Marks,
        unread: set[Unreadable],
    ) -> set[str]:
        """A document that somebody gave another day is in no list of its old one: a few are looked for by id, so that they are
        not told to be missing. The nightly reconciliation tells where they are.

        Returns the ids that nothing can be said of: there and not readable, or perhaps the one whose id is not.
        """
        named = {each.id for each in unread}
        lacking = [row for row in rows if row.holded_id not in by_id and row.holded_id not in named]
        hidden = named - by_id.keys()
        for row in lacking[:LOOKED_AT_BY_ID]:
            try:
                document = await read_by_id(call, row, unread)
            except NotFound:
                continue
            if document is None:
                hidden.add(row.holded_id)
                continue
            by_id[document.id] = seen(document)
            marked.add(row.doc_type, document.id, document.tags)
        nameless = {each.doc_type for each in unread if not each.id}
        return hidden | {row.holded_id for row in lacking[LOOKED_AT_BY_ID:] if row.doc_type in nameless}

    async def _late_twins(self, session: Session, marked: Marks, *, known: set[str]) -> None:
        """A marker that stands twice is told of whenever a list shows it, also long after its own row was swept."""
        for tag, ids in marked.several().items():
            if tag in known:
                continue
            for holded_id in sorted(ids):
                row = await self._ledger.by_holded_id(session.account.account, holded_id)
                if row is not None and row.marker == tag and len(twins := marked.of(row)) >= TWICE:
                    await self._report(session, row, [("doubled", doubled(row, twins))])

    async def _late_payments(self, session: Session, by_id: dict[str, Seen], *, known: set[str]) -> None:
        """The same for money: a payment that Holded booked long after it was given up stands beside its successor."""
        for holded_id, shown in by_id.items():
            if holded_id in known or not overpaid(shown):
                continue
            await _time_for_more(session)
            row = await self._ledger.by_holded_id(session.account.account, holded_id)
            if row is not None and row.marker in shown.tags:
                await self._report(session, row, [("paid_twice", paid_twice(shown))])

    async def _compare(self, session: Session, row: Row, shown: Seen | None, marked: set[str]) -> None:
        findings = differences(row, shown, marked)
        if findings:
            await self._report(session, row, findings)
        elif shown is not None and shown.number and not row.number:
            numbered = replace(row, number=shown.number, rev=row.rev + 1, updated_ms=session.now_ms())
            await self._ledger.replace(numbered, expected_rev=row.rev)

    async def _report(self, session: Session, row: Row, findings: Sequence[tuple[str, str]]) -> None:
        """Findings are a review item of their own; the document's row stays confirmed, for it was written."""
        await report(self._ledger, about(row), findings, now_ms=session.now_ms())


async def _time_for_more(session: Session) -> None:
    """Comparing thousands of rows spends no call, and must hold up nobody either. Raises `RetryAt` when time has ended."""
    if not session.has_time():
        raise RetryAt("out_of_time", retry_at=session.clock.now())
    await session.give_way()
