"""How much of the minute a backlog uses: drains of eight writers one after the other, woken as the services wake them."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest

from relay.domain.budget_signals import answered
from relay.domain.gate import Gate, let_go, more, new_gate, take
from tests.domain.test_budget import most_in_a_window

NOW = 1_763_683_200_000
LIMIT, WINDOWS = 600, 3
SKEWS_MS = (-700, -500, -200, 0, 0, 100, 200, 300)
ANSWER_MS = 200
AT_ONCE = 8
DRAIN_MS = 67_000  # of an invocation of 90 s, as long as a call may still begin


class Backlog:
    """`a_second` calls go out while there are tokens; then a wake with a delay in whole seconds, late by `wake_ms`."""

    def __init__(self, seed: int, priority: str, *, a_second: int, wake_ms: int) -> None:
        self.random, self.priority = Random(seed), priority
        self.lot_ms, self.wake_ms = 1_000 * AT_ONCE // a_second, wake_ms
        self.now = NOW + self.random.randrange(1_000)
        self.gate = new_gate("acme", per_minute=LIMIT, per_month=10**8, now_ms=self.now)
        self.uses: list[int] = []

    def run(self, calls: int) -> float:
        """Of the quota, from the first call to the one after `calls`."""
        while len(self.uses) <= calls:
            self.drain()
        return calls / ((self.uses[calls] - self.uses[0]) / 60_000 * LIMIT)

    def drain(self) -> None:
        skew, owner, end = self.random.choice(SKEWS_MS), str(self.random.random()), self.now + DRAIN_MS
        lease_ms = self.now + skew + 2 * DRAIN_MS
        begun = take(self.gate, now_ms=self.now + skew, owner=owner, lease_until_ms=lease_ms, priority="fiscal", want=0)
        assert not begun.held_by_other
        self.gate = begun.gate
        delay_ms = 0
        while self.now < end and not delay_ms:
            delay_ms = self.lot(skew, owner)
        self.gate = let_go(self.gate, owner=owner, next_due_ms=None)
        self.now += delay_ms + self.wake_ms

    def lot(self, skew: int, owner: str) -> int:
        """As many calls as go out at once, and their answers; or the delay of the wake, ms."""
        now_ms = self.now + skew
        taken = more(self.gate, now_ms=now_ms, owner=owner, priority=self.priority, want=AT_ONCE, backlog=1_000)
        if not taken.granted:
            self.gate = replace(self.gate, budget=taken.gate.budget)
            return -(-(taken.retry_at_ms - now_ms) // 1_000) * 1_000
        self.uses += [self.now + ANSWER_MS // 2] * taken.granted
        self.now += max(ANSWER_MS, self.lot_ms)
        self.gate = self._answered(taken.gate, taken.granted, taken.granted_ms, self.now + skew)
        return 0

    def _answered(self, gate: Gate, count: int, granted_ms: int, now_ms: int) -> Gate:
        budget = gate.budget
        for _ in range(count):
            budget = answered(budget, now_ms=now_ms, granted_ms=granted_ms, priority=self.priority)
        return replace(gate, budget=budget)


@pytest.mark.parametrize("a_second", [15, 60])
@pytest.mark.parametrize("wake_ms", [50, 300])
@pytest.mark.parametrize(("priority", "share", "wanted"), [("fiscal", 1.0, 0.95), ("background", 0.95, 0.90)])
def test_a_backlog_uses_the_quota_up_over_three_windows_whoever_drains_it(a_second, wake_ms, priority, share, wanted):
    for seed in range(4):
        backlog = Backlog(seed, priority, a_second=a_second, wake_ms=wake_ms)
        used = backlog.run(round(LIMIT * WINDOWS * share))

        assert used >= wanted, (seed, used)
        assert most_in_a_window(backlog.uses) <= LIMIT
