"""Work through a replay: the next handful of its events, each by the road of every event, then a compare-and-swap.

The row is written before the work goes on, so a death costs at most a handful brought twice, which the ledger answers
with `already done`; and a cancelled replay stops at its next write.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from relay.domain import replay
from relay.errors import RetryAt
from relay.services.again import is_delivery
from relay.services.attempt import attempt, reason_of

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from relay.domain.ledger import Row
    from relay.services.again import Again, Road
    from relay.services.desk import Desk
    from relay.services.session import Session

T = TypeVar("T")

HANDFUL = 10
HANDFUL_MS = 1_000
"""A handful ends after this long, so that live work which came meanwhile is seen soon."""
NOT_YET_MS = 60_000


class Replays:
    def __init__(self, *, desk: Desk, again: Again) -> None:
        self._desk = desk
        self._again = again

    async def run(self, session: Session, row: Row, road: Road) -> None:
        """One handful of one part; parks the part for its next one, or ends it and makes the part behind it due.

        Raises `Unavailable` where a store is away: nothing is recorded, the part stays due.
        """
        async with session.lock("replay"):
            there = await self._desk.ledger.get(row.key)
            if there is None or there.rev != row.rev:
                return
            if not row.event:
                await self._end(session, row, due_ms=session.now_ms(), reason=replay.LIST_LOST)
                return
            part = replay.unpack(row.event)
            if part.todo and not self._may_go_on(session):
                session.note(row)
                return
            part, late = await self._handful(session, part, road)
            now_ms = session.now_ms()
            due_ms = max(part.due_ms(now_ms), now_ms + NOT_YET_MS if late else 0)
            following = replay.moved(row, part, now_ms=now_ms, due_ms=due_ms)
            if not part.todo:
                await self._end(session, replace(row, event=following.event), due_ms=due_ms, reason=replay.REPLAYED)
            elif await self._desk.write(following):
                session.note(following)

    def _may_go_on(self, session: Session) -> bool:
        if not session.has_time():
            session.exhausted.setdefault("background", RetryAt("out_of_time", retry_at=session.clock.now()))
        return "background" not in session.exhausted and session.blocked is None

    async def _handful(self, session: Session, part: replay.Part, road: Road) -> tuple[replay.Part, bool]:
        """The part with what was answered, and whether nothing but events that cannot be answered yet is left at its front."""
        began_ms, taken, late = session.now_ms(), 0, set[str]()
        most = part.allowed(began_ms, HANDFUL)
        while part.todo and taken < most and part.todo[0] not in late and self._may_go_on(session):
            ref = part.todo[0]
            if is_delivery(ref):
                part = await self._opened(session, part, ref)
                continue
            await session.give_way()
            result = await _answered(self._again(session, ref, road))
            if result is None:
                late.add(ref)
            part = part.put_off() if result is None else part.answered(result)
            taken += 1
            if session.now_ms() - began_ms >= HANDFUL_MS:
                break
        return part.counted(taken, began_ms), bool(part.todo) and part.todo[0] in late

    async def _opened(self, session: Session, part: replay.Part, ref: str) -> replay.Part:
        found = await _answered(self._again.events_of(session.account.account, ref))
        if isinstance(found, str):
            return part.answered(found)
        return part.opened(found) if found else part.answered("unknown_event")

    async def _end(self, session: Session, row: Row, *, due_ms: int, reason: str) -> None:
        """The part behind it becomes due first: whoever dies in between ends this one again."""
        key = replay.part_key(row.key.account, row.key.object_id, replay.number_of(row.key) + 1)
        behind = await self._desk.ledger.get(key)
        if behind is not None and behind.state == "waiting" and not behind.due_ms:
            released = replay.released(behind, now_ms=session.now_ms(), due_ms=due_ms)
            if await self._desk.write(released):
                session.note(released)
        await self._desk.write(replay.ended(row, now_ms=session.now_ms(), reason=reason))


async def _answered(work: Awaitable[T]) -> T | str:
    """What its own data breaks is an answer too, and never holds up those behind it. Raises `Unavailable`."""
    result = await attempt(work)
    return f"failed:{reason_of(result)}" if isinstance(result, Exception) else result
