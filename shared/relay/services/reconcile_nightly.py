"""Reconciliation by night: a row of the waiting room that the account's drainer takes up, in class `background`.

It compares the ledger with Holded over the last days (the source's side as far as the rows name deliveries), within a cap of
calls, opens a review item for what nobody has told yet, keeps its result, and waits for its next night.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, timedelta
from typing import TYPE_CHECKING, Any

from relay.domain.mapping.sale import MADRID
from relay.domain.nights import (
    first_night,
    most_calls,
    next_days,
    next_night_ms,
    nights_between,
    pages,
    reconcile_key,
)
from relay.domain.reconciled_summary import pack, summary, unpack
from relay.domain.reconciling import Window
from relay.domain.standing_rows import stood_up
from relay.domain.text import counted
from relay.errors import BadInput, RetryAt
from relay.holded.listings import LARGEST_PAGE
from relay.services.reconcile_findings import put
from relay.services.times import at_ms

if TYPE_CHECKING:
    from collections.abc import Sequence

    from relay.domain.ledger import Row
    from relay.domain.reconciled import Reconciled
    from relay.domain.reconciling import Difference
    from relay.ports.ledger import Ledger
    from relay.services.reconcile import Read, Reconcile
    from relay.services.session import Session

MOST_DELIVERIES = 500
_TRIES = 4
_AGAIN_MS = 15 * 60_000
_NEXT = "next_days"
"""Where a night's result keeps how many days the next one looks back."""


class Nightly:
    def __init__(self, *, ledger: Ledger, reconcile: Reconcile) -> None:
        self._ledger = ledger
        self._reconcile = reconcile

    async def stand(self, session: Session) -> None:
        """The row is there and waits, whatever ended it."""
        account = session.account.account
        there = await self._ledger.get(reconcile_key(account))
        if there is None:
            first = first_night(account, session.clock.now())
            session.note(await self._ledger.insert(first) or first)
        elif there.state != "waiting":
            due_ms = next_night_ms(account, session.clock.now())
            await self._park(session, there, due_ms=due_ms, reason="next_night", attempts=0)

    async def run(self, session: Session, row: Row) -> None:
        """One night. What was not read whole is tried again the same night, a few times; then its result says so."""
        now, account = session.clock.now(), session.account
        wanted = session.settings.reconcile
        if not wanted.nightly:
            due_ms = next_night_ms(account.account, now)
            await self._park(session, row, due_ms=due_ms, reason="next_night", attempts=0, detail="switched off")
            return
        most = most_calls(wanted, per_month=account.per_month)
        try:
            done, types = await self._one(session, days=_days(row, wanted.days), most=most)
        except RetryAt as refusal:  # no time is left to read even our own side
            due_ms = max(at_ms(refusal.retry_at), session.now_ms() + 60_000)
            await self._park(session, row, due_ms=due_ms, reason="nightly", attempts=row.attempts)
            return
        if done.unread and row.attempts + 1 < _TRIES and not _used_up(done):
            refused = session.exhausted.get("background")
            due_ms = max(session.now_ms() + _AGAIN_MS, at_ms(refused.retry_at) if refused else 0)
            if due_ms < next_night_ms(account.account, now):
                await self._park(session, row, due_ms=due_ms, reason="nightly", attempts=row.attempts + 1)
                return
        reviews = [each for each in done.open if not each.told and each.kind != "missing_in_holded"]
        for each in reviews:  # what is missing stands in review or dead already
            await put(self._ledger, account.account, each, now_ms=session.now_ms())
        if not done.unread:
            session.drift = done.drift
        looked, cut_short = (done.window.end - done.window.start).days + 1, _cut_short(done)
        days = looked
        if cut_short or not done.unread:
            days = next_days(looked, wanted=wanted.days, calls=done.calls, types=types, most=most, cut_short=cut_short)
        nights = nights_between(done.calls, per_month=account.per_month, days=wanted.days)
        due_ms = next_night_ms(account.account, now, nights=1 if days < looked else nights)
        found = {**summary(_in_review(done, reviews)), "at": now.astimezone(UTC).isoformat(), _NEXT: days}
        await self._park(
            session, row, due_ms=due_ms, reason="next_night", attempts=0, detail=_said(done), event=pack(found)
        )

    async def _one(self, session: Session, *, days: int, most: int) -> tuple[Reconciled, int]:
        """The comparison, and how many lists it asked for."""
        today = session.clock.now().astimezone(MADRID).date()
        window = Window(start=today - timedelta(days=days), end=today - timedelta(days=1))
        read = await self._read(session, window)
        narrower = fitting(read, most=most)
        if narrower != window:
            read = await self._read(session, narrower)
        spent = 0

        async def call(request: Any) -> Any:
            nonlocal spent
            if spent == most:
                raise RetryAt("calls_used_up", retry_at=session.clock.now())
            spent += 1
            return await session.call(request, "background")

        return replace(_told_by_night(await self._reconcile.compare(read, call)), calls=spent), len(read.types)

    async def _read(self, session: Session, window: Window) -> Read:
        async def pause() -> None:
            if not session.has_time():
                raise RetryAt("out_of_time", retry_at=session.clock.now())
            await session.give_way()

        return await self._reconcile.read(
            session.account,
            window,
            now=session.clock.now(),
            most_deliveries=MOST_DELIVERIES,
            pause=pause,
        )

    async def _park(
        self,
        session: Session,
        row: Row,
        *,
        due_ms: int,
        reason: str,
        attempts: int,
        detail: str | None = None,
        event: bytes | None = None,
    ) -> None:
        following = replace(
            stood_up(row, now_ms=session.now_ms(), due_ms=due_ms),
            reason=reason,
            attempts=attempts,
            detail=row.detail if detail is None else detail,
            event=row.event if event is None else event,
        )
        if await self._ledger.replace(following, expected_rev=row.rev):
            session.note(following)


def _days(row: Row, wanted: int) -> int:
    """How many days back: as many as are wanted, unless the night before found that they do not fit into its calls."""
    try:
        kept = unpack(row.event).get(_NEXT) if row.event else None
    except BadInput:
        return wanted
    return min(wanted, kept) if isinstance(kept, int) and kept > 0 else wanted


def fitting(read: Read, *, most: int) -> Window:
    """The longest window to the same end whose lists are likely to fit: at least its last day."""
    window = read.window
    while window.start < window.end and _pages(read, window) > most:
        window = Window(start=window.start + timedelta(days=1), end=window.end)
    return window


def _pages(read: Read, window: Window) -> int:
    first = window.start.isoformat()
    known = [
        sum(row.doc_type == doc_type and row.document_date >= first for row in read.rows.values())
        for doc_type in read.types
    ]
    return pages(known, page=LARGEST_PAGE)


def _told_by_night(done: Reconciled) -> Reconciled:
    """Without what bears our marker and was made on the last day: its writer may have died before it could say so, and its own
    message brings it. The night after tells of what is still nobody's.
    """
    last = done.window.end.isoformat()
    kept = [one for one in done.differences if one.kind != "extra_in_holded" or one.key or one.day < last]
    return replace(done, differences=kept)


def _in_review(done: Reconciled, put_now: Sequence[Difference]) -> Reconciled:
    """The result as it is read in the morning: what became a review item can be settled."""
    names = {one.name for one in put_now}
    return replace(
        done, differences=[replace(one, told="in_review") if one.name in names else one for one in done.differences]
    )


def _used_up(done: Reconciled) -> bool:
    return any("calls_used_up" in why for why in done.incomplete.values())


def _cut_short(done: Reconciled) -> bool:
    """What was compared ended with the calls; numbers that are looked for around a gap are no part of it."""
    return any("calls_used_up" in why for what, why in done.incomplete.items() if not what.startswith("numbers of"))


def _said(done: Reconciled) -> str:
    """A sentence for `relay waiting list`; no payload."""
    days = f"{done.window.start:%Y-%m-%d} to {done.window.end:%Y-%m-%d}"
    whole = "" if not done.incomplete else ", incomplete"
    counts = ((done.documents, "document"), (len(done.open), "difference"), (done.calls, "call"))
    return f"last: {days}, {', '.join(counted(*each) for each in counts)}{whole}"
