"""The tokens a drain holds: taken from the account's gate a handful at a time, spent at once or given back.

A grant is one conditional write for several calls; how many is what the drain could send right away, because a token
unused for J seconds is lost (`relay.domain.budget`). What Holded answers is kept in memory and written with the gate's
next write: until the lease ends nobody else grants anything.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from relay.domain import budget_rereads as rereads
from relay.domain import budget_signals as signals_of
from relay.domain import gate as gates
from relay.domain.budget import USE_WITHIN_MS, forfeit
from relay.errors import RetryAt, Unavailable, WaitUntil
from relay.services.times import at_ms, from_ms

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from relay.domain.budget import Budget, Reason
    from relay.domain.documents import Priority
    from relay.domain.gate import Gate
    from relay.holded.limits import LimitSignal, Window
    from relay.ports.ledger import Gates
    from relay.ports.world import Clock

LOOK_MS = 500
_TRIES = 4


@dataclass(slots=True)
class _Lot:
    """Unspent tokens of one grant."""

    count: int
    granted_ms: int


class Token(NamedTuple):
    """Taken for one call. One that is never sent stays counted until its latest possible use has left the window."""

    priority: Priority
    granted_ms: int


class Purse:
    def __init__(self, *, store: Gates, gate: Gate, owner: str, clock: Clock, now_ms: int) -> None:
        self._store = store
        self._gate = gate
        self._owner = owner
        self._clock = clock
        self._lock = asyncio.Lock()
        self._held: dict[Priority, _Lot] = {}
        self._expected: dict[Priority, tuple[int, int]] = {}
        self._corrections: list[Callable[[Budget], Budget]] = []
        self._looked_ms = now_ms

    @property
    def gate(self) -> Gate:
        return self._gate

    def expect(self, *priorities: Priority, wanted: int, backlog: int) -> None:
        """How many calls of each class could go out at once (what the next grant asks for), and how many wait in all (what
        the class claims of the tokens that come back).
        """
        self._expected.update(dict.fromkeys(priorities, (max(1, wanted), max(1, wanted, backlog))))

    def put(self, priority: Priority, count: int, *, granted_ms: int) -> None:
        self._held[priority] = _Lot(count, granted_ms)

    async def spend(self, priority: Priority) -> Token:
        """Take one token of the class, or raise when none can be had now."""
        async with self._lock:
            now_ms = self._now_ms()
            lot = self._held.get(priority)
            if lot is None or lot.count < 1 or now_ms - lot.granted_ms > USE_WITHIN_MS:
                lot = await self._refill(priority, now_ms)
            lot.count -= 1
            return Token(priority, lot.granted_ms)

    async def _refill(self, priority: Priority, now_ms: int) -> _Lot:
        wanted, backlog = self._expected.get(priority, (1, 1))
        for _ in range(_TRIES):
            taken = gates.more(
                self._gate, now_ms=now_ms, owner=self._owner, priority=priority, want=wanted, backlog=backlog
            )
            if taken.held_by_other:
                raise Unavailable("lease_lost")
            if taken.granted == 0:
                # What was refused is kept in memory: the class's claim on what comes back is stored with the letting go.
                self._gate = replace(self._gate, budget=taken.gate.budget)
                raise none_left(taken.reason, retry_at_ms=taken.retry_at_ms)
            if (await self._write(taken.gate)).ok:
                self._held[priority] = _Lot(taken.granted, taken.granted_ms)
                return self._held[priority]
            await self.reload()
        raise Unavailable("gate_contended")

    async def _write(self, gate: Gate, *, take_wakes: bool = False) -> Gates.Stored:
        """Store the gate; what was heard while the write was under way is worked into it afterwards."""
        written = len(self._corrections)
        stored = await self._store.store(gate, expected_rev=self._gate.rev, take_wakes=take_wakes)
        if stored.ok:
            del self._corrections[:written]
            self._gate = self._corrected(gate)
        return stored

    def _corrected(self, gate: Gate) -> Gate:
        budget = gate.budget
        for correct in self._corrections:
            budget = correct(budget)
        return replace(gate, budget=budget)

    def _correct(self, correct: Callable[[Budget], Budget]) -> None:
        """In memory, written with the next write of the gate: a correction is worth no write of its own."""
        self._corrections.append(correct)
        self._gate = replace(self._gate, budget=correct(self._gate.budget))

    async def reload(self) -> None:
        """Another writer moved the gate: our lease must still stand in what is there now.

        Others may have changed its limits, or taken a token for a command (`relay.services.paid_calls`): what this drain
        heard since its last write is worked into what is there.
        """
        gate = await self._store.load(self._gate.account)
        if gate is None or gate.owner != self._owner:
            raise Unavailable("lease_lost")
        self._gate = self._corrected(gate)

    async def look(self) -> tuple[str, ...]:
        """What is in the wake set: looked at twice a second at most, by a read; taken, by a write, if there is anything."""
        async with self._lock:
            now_ms = self._now_ms()
            if now_ms - self._looked_ms < LOOK_MS:
                return ()
            self._looked_ms = now_ms
            gate = await self._store.load(self._gate.account)
            if gate is None or gate.owner != self._owner or not gate.woken:
                return ()
            return await self.take_wakes()

    async def take_wakes(self) -> tuple[str, ...]:
        """Empty the wake set: the rows that were put while the lease was held."""
        stored = await self._write(replace(self._gate, rev=self._gate.rev + 1), take_wakes=True)
        if not stored.ok:
            await self.reload()
        return stored.wakes

    def answered(self, token: Token) -> None:
        """A call on the token was answered, or given up: it was used by now, and comes back a window from now."""
        self._correct(
            partial(signals_of.answered, now_ms=self._now_ms(), granted_ms=token.granted_ms, priority=token.priority)
        )

    def rereads_from_ms(self, calls: int, *, kept: int, most: int) -> int:
        """As `budget_rereads.from_ms`, 0 for now."""
        budget, now_ms = self._gate.budget, self._now_ms()
        found = rereads.from_ms(budget, now_ms=now_ms, calls=calls, kept=kept, most=most)
        return 0 if found <= max(now_ms, budget.last_ms) else found

    def reread(self, calls: int) -> None:
        """What webhooks asked for, or did not need after all; written with the gate's next write."""
        self._correct(partial(rereads.counted, calls=calls))

    async def give_back(self) -> None:
        """Tokens in hand that no call will use: the drain lets go."""
        async with self._lock:
            now_ms = self._now_ms()
            for priority, lot in self._held.items():
                self._correct(
                    partial(forfeit, now_ms=now_ms, granted_ms=lot.granted_ms, count=lot.count, priority=priority)
                )
            self._held = {}

    def heard(self, signals: Iterable[LimitSignal]) -> None:
        """What an answer said of the limits."""
        now_ms, told = self._now_ms(), tuple(signals)
        if told:
            self._correct(lambda budget: observed(budget, told, now_ms=now_ms))

    async def refused(self, window: Window, refusal: RetryAt) -> None:
        """A 429 in spite of our count: another program spends the same quota. Stop at once, in this drain and the next."""
        async with self._lock:
            self._held = {}
            self._correct(
                partial(
                    signals_of.observe_refusal,
                    now_ms=self._now_ms(),
                    window=window,
                    retry_at_ms=at_ms(refusal.retry_at),
                )
            )

    def _now_ms(self) -> int:
        return at_ms(self._clock.now())


def none_left(reason: Reason, *, retry_at_ms: int) -> RetryAt:
    """The refusal of a budget that grants no token: `WaitUntil` where the month is what stands in the way."""
    kind = WaitUntil if reason in {"month", "pace"} else RetryAt
    at = from_ms(retry_at_ms)
    detail = f"no call is left for this; one comes back at {at:%Y-%m-%d %H:%M:%S} UTC"
    return kind(f"quota_{reason}", retry_at=at, detail=detail)


def observed(budget: Budget, signals: Iterable[LimitSignal], *, now_ms: int) -> Budget:
    """What the headers of answers say of the quota, worked into the budget."""
    for signal in signals:
        told = signals_of.Signal(
            window=signal.window,
            limit=signal.limit,
            remaining=signal.remaining,
            reset_ms=at_ms(signal.reset_at) if signal.reset_at else None,
        )
        budget = signals_of.observe(budget, now_ms=now_ms, signal=told)
    return budget
