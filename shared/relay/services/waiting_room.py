"""How a drain works through the waiting room: by class and age, and giving way to who knocks meanwhile.

A row that is put while the lease is held goes into the gate's wake set. Below `fiscal`, work looks there twice a second
(`Session.give_way`), so that an invoice does not wait for a settlement sweep or a replay to end. What is taken from the
set is in the work index as well: if this drain dies, the account is due when its lease ends.
"""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING

from relay.domain.budget import SKEW_MS
from relay.domain.documents import PRIORITIES, Priority
from relay.domain.gate import MANY
from relay.domain.ledger import STANDING, Key
from relay.errors import Unavailable
from relay.services.together import together

if TYPE_CHECKING:
    from collections.abc import Sequence

    from relay.domain.ledger import Row
    from relay.ports.ledger import Ledger
    from relay.services.session import Session
    from relay.services.standing import Standing
    from relay.services.work import Work

CONCURRENCY = 8
_FEW, _A_MINUTE_EACH = 3, 40
"""At least so many rows at once; beyond that one for every so many calls a minute (one lane makes 40 of 1.5 s each)."""
_PAGE = 25
_MUCH = 1_000
_INDEX_LAG_MS = 60_000


class WaitingRoom:
    def __init__(self, *, work: Work, ledger: Ledger, standing: Standing) -> None:
        self._work = work
        self._standing = standing
        self._ledger = ledger

    async def due(self, session: Session) -> None:
        """All that the work index shows as due, `fiscal` first."""
        for priority in PRIORITIES:
            await self._due_of(session, priority)

    async def resume(self, session: Session, keys: Sequence[Key]) -> None:
        """Rows by their keys, whatever the work index shows yet. One that is to wait still is noted, and waits.

        A child of another row goes on at once: its own time is only for a parent that nobody releases it from.
        """
        found = await asyncio.gather(*(self._ledger.get(key) for key in keys))
        rows = [row for row in found if row is not None and row.due_ms]
        for row in rows:
            session.note(row)
        now_ms = session.now_ms() + SKEW_MS  # who put it may have a clock that is ahead
        rows = [row for row in rows if row.due_ms <= now_ms or row.reason == "parent"]
        rows.sort(key=lambda row: PRIORITIES.index(row.priority))
        for priority in PRIORITIES:
            count = sum(row.priority == priority for row in rows)
            if count:
                session.purse.expect(priority, wanted=min(count, _at_once(session)), backlog=count)
        await self._each(session, rows)

    async def own(self, session: Session) -> None:
        """What this drain put or moved itself and is due: the index may lag behind it, once more with each of its moves."""
        tried: set[tuple[Key, int]] = set()
        while session.has_time() and not session.outdated and session.blocked is None:
            now_ms = session.now_ms()
            due = {
                (key, row.rev)
                for key, row in session.parked.items()
                if row.due_ms <= now_ms and row.priority not in session.exhausted
            }
            if not due - tried:
                return
            mine = [key for key, _ in due - tried]
            tried |= due
            await self.resume(session, mine)

    async def woken(self, session: Session) -> None:
        """Rows were put while we held the lease: see to them before letting go."""
        try:
            await self.knocked(session, await session.purse.take_wakes())
            await self.rest(session)
        except Unavailable:
            session.look_again()  # they stand in the index

    async def knocked(self, session: Session, keys: Sequence[str]) -> None:
        """What a wake set named, at once; of "many" only `fiscal`, and all that is due once more in the end (`rest`).

        When nothing more can be sent no row is read for it: all of them stand in the index, as due as they were.
        """
        named = {key for told in keys for key in told.split()}
        if MANY in named:
            # It may be a person who asks, having changed the account: its rows are not to be judged by what it was.
            await self._standing.look(session)
        stopped = not _goes_on(session, "fiscal")
        if not stopped:
            await self.resume(session, [Key.parse(text) for text in sorted(named - {MANY})])
        if MANY in named or (named and stopped):
            # The index may lag behind rows that nobody named: somebody looks again soon.
            session.look_again(in_ms=0 if stopped else _INDEX_LAG_MS)
        if MANY in named and not stopped:
            await self._due_of(session, "fiscal")

    async def rest(self, session: Session) -> None:
        """Wait for what goes on beside, and look at all that is due if more knocked than was named."""
        await session.beside_done()
        while session.many and session.has_time() and not session.outdated:
            session.many = False
            await self.due(session)
            await session.beside_done()

    async def _due_of(self, session: Session, priority: Priority) -> None:
        tried: set[tuple[Key, int]] = set()
        stuck = 0  # rows of the page that could not move: they must not hide those behind them
        while _goes_on(session, priority):
            rows = await self._ledger.due(
                session.account.account, priority=priority, now_ms=session.now_ms(), limit=_PAGE + stuck
            )
            found = len(rows)
            rows = [row for row in rows if (row.key, row.rev) not in tried]
            stuck = found - len(rows)
            if not rows:
                break
            tried.update((row.key, row.rev) for row in rows)
            # A full page says that there is more than it shows.
            backlog = len(rows) if len(rows) < _PAGE else _MUCH
            session.purse.expect(priority, wanted=min(len(rows), _at_once(session)), backlog=backlog)
            await self._each(session, rows)
            await session.give_way()  # also a long line of invoices: somebody may have paused the account

    async def _each(self, session: Session, rows: Sequence[Row]) -> None:
        """Resume rows. What a row's own data breaks uses one of its attempts, so that it cannot come back for ever."""
        # What stands last: it spends what is left. Where the month's pace lets few calls go, it would take each of them.
        # Of those the poll after the sweeps, which settle what is in doubt.
        standing = [[row for row in rows if row.kind == kind] for kind in ("settle", "reconcile", "poll")]
        for part in ([row for row in rows if row.kind not in STANDING], *standing):
            tasks = [partial(self._one_due, session, row) for row in part]
            errors = await together(tasks, at_once=_at_once(session))
            for row, error in zip(part, errors, strict=True):
                if error is not None and not isinstance(error, Unavailable):
                    await self._work.failed(session, row, type(error).__name__)

    async def _one_due(self, session: Session, row: Row) -> None:
        if row.priority != "fiscal":
            await session.give_way()
        # Once tokens or time have ended the rest stays as it is, due: parking each again would cost a write a row.
        if not _goes_on(session, row.priority):
            return
        if not session.probing:
            await self._work.resume(session, row)
            return
        async with session.lock("probe"):  # also against what knocks beside
            if _goes_on(session, row.priority):
                await self._work.resume(session, row)


def _goes_on(session: Session, priority: Priority) -> bool:
    return priority not in session.exhausted and session.blocked is None and not session.outdated


def _at_once(session: Session) -> int:
    """A refused account is tried with one row. What waits needs no more at once than its minute lets through, and leaves
    the tables to others meanwhile.
    """
    return 1 if session.probing else max(_FEW, min(CONCURRENCY, session.account.per_minute // _A_MINUTE_EACH))
