"""Order, cancel and look at replays: what an operator does to the jobs that the account's drainer works through.

Every order is rows of the ledger; the account is woken for it. The change log is written first, so that nothing is ever
done that it does not tell. A replay is named by what was ordered and by the account's settings, so the same order given again
while it is under way is the same replay, and one given after the settings were mended is another: part of the first may be
through by the old ones.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import itertools
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from relay.domain import replay
from relay.errors import BadInput, NotFound, Unavailable
from relay.services.rows import rows_at
from relay.services.times import at_ms

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from relay.domain.ledger import Row
    from relay.ports.accounts import Accounts
    from relay.ports.ledger import Ledger
    from relay.services.nudge import Nudge

_TRIES = 20
_MOST_ROWS = 100_000
_AT_ONCE = 25
_NAME_CHARS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """One replay as its parts tell it. `state`: running, done, cancelled, dead; `answers` by event ref, in order."""

    account: str
    replay_id: str
    state: str
    created_ms: int
    updated_ms: int
    due_ms: int
    events: int
    answers: tuple[tuple[str, str], ...]
    rate: int

    @property
    def ended(self) -> bool:
        return self.state in {"done", "cancelled"}


class ReplayOrders:
    def __init__(self, *, ledger: Ledger, accounts: Accounts, nudge: Nudge, who: str) -> None:
        """`who` signs the change log."""
        self._ledger = ledger
        self._accounts = accounts
        self._nudge = nudge
        self._who = who

    async def start(self, account: str, refs: Sequence[str], *, rate: int, now: datetime, why: str = "") -> str:
        """Returns the replay's id. `refs` are event ids or deliveries; `rate` is events a minute, 0 for no limit of its own.

        Raises `BadInput` for no or too many events.
        """
        replay_id = await self._name(account, refs, rate)
        rows = replay.parts_of(account, replay_id, refs, rate=rate, now_ms=at_ms(now))
        asked = f"{len(set(refs))} events" + (f", {rate} a minute" if rate else "") + (f": {why}" if why else "")
        await self._log(account, replay_id, now, before="", after=asked)
        # The first part last: it alone is due, so nothing runs of a replay that was not ordered whole.
        for row in reversed(rows):
            await self._ledger.insert(row)
        await self._nudge(account, now_ms=at_ms(now))
        return replay_id

    async def _name(self, account: str, refs: Sequence[str], rate: int) -> str:
        """The name of this order: its own while it is under way or half written, a fresh one where that has ended."""
        last = len(replay.chunks(refs))
        there = await self._accounts.get(account)
        rules = [there.settings, there.catalogue] if there is not None else []
        order = json.dumps([rate, list(refs), rules], sort_keys=True, default=str)
        digest = hashlib.sha256(order.encode()).digest()
        ordered = base64.b32encode(digest).decode().lower()[:_NAME_CHARS]
        for number in itertools.count(1):
            name = f"{ordered}-{number}"
            if not await self._has_ended(account, name, last):
                break
        return name

    async def _has_ended(self, account: str, name: str, last: int) -> bool:
        if await self._ledger.get(replay.part_key(account, name, 1)) is not None:
            return (await self.get(account, name)).ended
        # Written from the end and cancelled from the end: what is half written has its last part, in the state of all.
        half = await self._ledger.get(replay.part_key(account, name, last))
        return half is not None and half.state == "ignored"

    async def _log(self, account: str, replay_id: str, now: datetime, *, before: str, after: str) -> None:
        await self._accounts.record_change(
            account, at_ms=at_ms(now), who=self._who, what=f"replay {replay_id}", before=before, after=after
        )

    async def cancel(self, account: str, replay_id: str, *, now: datetime) -> Replay:
        """End what is left of it; the drainer stops at its next write. Raises `NotFound`, and `Unavailable` when it kept moving."""
        before = await self.get(account, replay_id)
        if before.ended:
            return before
        await self._log(account, replay_id, now, before=before.state, after="cancelled")
        # From the end, so that no part that ends meanwhile can wake the one behind it.
        parts = await self._parts(account, replay_id)
        for row in reversed(parts):
            await self._cancel(row, at_ms(now))
        # By their keys: of a half-written order nothing is found by its name once it is cancelled.
        return _told(await rows_at(self._ledger, [row.key for row in parts]))

    async def _cancel(self, row: Row, now_ms: int) -> None:
        for _ in range(_TRIES):
            there = await self._ledger.get(row.key)
            if there is None or there.state not in {"waiting", "dead"}:
                return
            done = replay.ended(there, now_ms=now_ms, reason=replay.CANCELLED)
            if await self._ledger.replace(done, expected_rev=there.rev):
                return
        raise Unavailable("replay_contended", detail="it is being worked on; say it again in a moment")

    async def get(self, account: str, replay_id: str) -> Replay:
        """Raises `NotFound`."""
        parts = await self._parts(account, replay_id)
        if not parts:
            raise NotFound("replay_unknown", detail=f"{account} has no replay {replay_id}; see `relay replays list`")
        return _told(parts)

    async def listed(self, account: str, *, from_ms: int) -> list[Replay]:
        """Those under way, and those that ended since then; oldest first."""
        found: dict[str, list[Row]] = {}
        for row in [*await self._standing(account), *await self._ended(account, from_ms)]:
            found.setdefault(row.key.object_id, []).append(row)
        told = [_told(sorted(rows, key=lambda row: row.key.purpose)) for rows in found.values()]
        return sorted(told, key=lambda one: (one.created_ms, one.replay_id))

    async def _standing(self, account: str) -> list[Row]:
        rows = [row async for row in self._ledger.in_state(account, "waiting", limit=_MOST_ROWS)]
        rows += [row async for row in self._ledger.in_state(account, "dead", limit=_MOST_ROWS)]
        return [row for row in rows if row.kind == "replay"]

    async def _ended(self, account: str, from_ms: int) -> list[Row]:
        found = self._ledger.in_state(account, "ignored", from_ms=from_ms, limit=_MOST_ROWS)
        return [row async for row in found if row.kind == "replay"]

    async def _parts(self, account: str, replay_id: str) -> list[Row]:
        first = await self._ledger.get(replay.part_key(account, replay_id, 1))
        if first is None:  # its order died before it was whole: only its last parts are there
            return [row for row in await self._standing(account) if row.key.object_id == replay_id]
        found: list[Row] = [first]
        # Where its list is gone the first part cannot say how many there are: they are looked for until none is there.
        last = _part(first).of if first.event else replay.MOST_PARTS
        for start in range(2, last + 1, _AT_ONCE):
            numbers = range(start, min(start + _AT_ONCE, last + 1))
            rows = await asyncio.gather(
                *(self._ledger.get(replay.part_key(account, replay_id, number)) for number in numbers)
            )
            found += [row for row in rows if row is not None]
            if rows[-1] is None:
                break
        return found


def _told(rows: Sequence[Row]) -> Replay:
    held = [(row, _part(row)) for row in rows]
    left = [row for row in rows if row.state == "waiting"]
    dead = [row for row in rows if row.state == "dead"]
    cancelled = any(row.reason == replay.CANCELLED for row in rows)
    now = (dead or left or list(rows))[0]
    return Replay(
        account=rows[0].key.account,
        replay_id=rows[0].key.object_id,
        state="dead" if dead else "running" if left else "cancelled" if cancelled else "done",
        created_ms=min(row.created_ms for row in rows),
        updated_ms=max(row.updated_ms for row in rows),
        due_ms=now.due_ms,
        events=sum(len(part.todo) + len(part.done) for _, part in held),
        answers=tuple(answer for _, part in held for answer in part.done),
        rate=max((part.rate for _, part in held), default=0),
    )


def _part(row: Row) -> replay.Part:
    """A list that is gone, or that this code cannot read, must not hide the other parts."""
    try:
        return replay.unpack(row.event)
    except BadInput:
        return replay.Part(of=1, todo=())
