"""The tokens a drain holds: taken from the account's gate a handful at a time, spent at once or forfeited.

A grant is one conditional write for several calls; how many is what the drain could send right away, because a token
unused for J seconds is lost (`relay.domain.budget`).
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

from relay.domain import budget_signals as signals_of
from relay.domain import gate as gates
from relay.domain.budget import USE_WITHIN_MS
from relay.errors import RetryAt, Unavailable, WaitUntil
from relay.services.times import at_ms, from_ms

if TYPE_CHECKING:
    from collections.abc import Iterable

    from relay.domain.budget import Budget
    from relay.domain.documents import Priority
    from relay.domain.gate import Gate
    from relay.holded.limits import LimitSignal, Window
    from relay.ports import Clock, Gates

_TRIES = 4


class Purse:
    def __init__(self, *, store: Gates, gate: Gate, owner: str, clock: Clock, now_ms: int) -> None:
        self._store = store
        self._gate = gate
        self._owner = owner
        self._clock = clock
        self._lock = asyncio.Lock()
        self._held: dict[Priority, int] = {}
        self._granted_ms = now_ms
        self.wanted = 1
        """How many calls could go out at once: what the next grant asks for."""
        self.backlog = 1
        """How many calls are known to be waiting in all: what the class claims of the tokens that come back."""

    @property
    def gate(self) -> Gate:
        return self._gate

    def put(self, priority: Priority, count: int, *, granted_ms: int) -> None:
        self._held = {priority: count} if count else {}
        self._granted_ms = granted_ms

    async def spend(self, priority: Priority) -> None:
        """Take one token of the class, or raise when none can be had now."""
        async with self._lock:
            now_ms = self._now_ms()
            if now_ms - self._granted_ms > USE_WITHIN_MS:
                self._held = {}
            if self._held.get(priority, 0) < 1:
                await self._refill(priority, now_ms)
            self._held[priority] -= 1

    async def _refill(self, priority: Priority, now_ms: int) -> None:
        for _ in range(_TRIES):
            taken = gates.more(
                self._gate,
                now_ms=now_ms,
                owner=self._owner,
                priority=priority,
                want=max(1, self.wanted),
                backlog=max(self.backlog, self.wanted),
            )
            if taken.held_by_other:
                raise Unavailable("lease_lost")
            if taken.granted == 0:
                # What was refused is kept in memory: the class's claim on what comes back is stored with the letting go.
                self._gate = replace(self._gate, budget=taken.gate.budget)
                raise self._none_left(taken)
            stored = await self._store.store(taken.gate, expected_rev=self._gate.rev)
            if stored.ok:
                self._gate = taken.gate
                self.put(priority, taken.granted, granted_ms=taken.granted_ms)
                return
            await self.reload()
        raise Unavailable("gate_contended")

    async def reload(self) -> None:
        """Another writer moved the gate: our lease must still stand in what is there now."""
        gate = await self._store.load(self._gate.account)
        if gate is None or gate.owner != self._owner:
            raise Unavailable("lease_lost")
        self._gate = gate

    async def take_wakes(self) -> tuple[str, ...]:
        """Empty the wake set: the rows that were put while the lease was held."""
        gate = replace(self._gate, rev=self._gate.rev + 1)
        stored = await self._store.store(gate, expected_rev=self._gate.rev, take_wakes=True)
        if not stored.ok:
            await self.reload()
            return ()
        self._gate = gate
        return stored.wakes

    def _none_left(self, taken: gates.Taken) -> RetryAt:
        kind = WaitUntil if taken.reason in {"month", "pace"} else RetryAt
        return kind(f"quota_{taken.reason}", retry_at=from_ms(taken.retry_at_ms))

    def heard(self, signals: Iterable[LimitSignal]) -> None:
        """Kept in memory, written with the next write of the gate: a correction is worth no write of its own."""
        budget = observed(self._gate.budget, signals, now_ms=self._now_ms())
        self._gate = replace(self._gate, budget=budget)

    async def refused(self, window: Window, refusal: RetryAt) -> None:
        """A 429 in spite of our count: another program spends the same quota. Stop at once, in this drain and the next."""
        async with self._lock:
            self._held = {}
            budget = signals_of.observe_refusal(
                self._gate.budget, now_ms=self._now_ms(), window=window, retry_at_ms=at_ms(refusal.retry_at)
            )
            self._gate = replace(self._gate, budget=budget)

    def _now_ms(self) -> int:
        return at_ms(self._clock.now())


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
