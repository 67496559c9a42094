"""Calls to Holded outside a drain, paid from the account's own budget.

A command of an operator has no lease and needs none: it reads, or it moves one row by compare-and-swap. Its tokens come
from the gate as a drain's do, one at a time and spent at once. A drain that holds the lease meanwhile sees a moved `rev`
and reads the gate again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from relay.domain import budget_signals as signals_of
from relay.domain.budget import grant
from relay.domain.gate import with_budget
from relay.errors import RetryAt, Unavailable, WaitUntil
from relay.services.purse import none_left, observed
from relay.services.times import at_ms

if TYPE_CHECKING:
    from relay.domain.budget import Budget
    from relay.domain.documents import Priority
    from relay.domain.gate import Gate
    from relay.holded.limits import LimitSignal, Window
    from relay.holded.protocol import Reply
    from relay.ports.accounts import Credential
    from relay.ports.holded import HoldedApi
    from relay.ports.ledger import Gates
    from relay.ports.world import Clock

TIMEOUT_MS = 20_000
_CONFLICTS = 20
_FAILURES = 4
_LONG_MS = 10 * 60_000
"""Nobody sits before a command for longer than this: the wait is said, not waited."""


class PaidCalls:
    """The calls of one command for one account. `made` counts them."""

    def __init__(
        self,
        *,
        account: str,
        credential: Credential,
        gates: Gates,
        holded: HoldedApi,
        clock: Clock,
        wait: bool,
        priority: Priority = "background",
    ) -> None:
        """With `wait`, a call waits for its token, and a read that failed on the way is made again, a few times."""
        self._account = account
        self._credential = credential
        self._gates = gates
        self._holded = holded
        self._clock = clock
        self._wait = wait
        self._priority: Priority = priority
        self._heard: list[LimitSignal] = []
        self.made = 0

    async def __call__(self, request: Any) -> Reply[Any]:
        """One call that reads. Raises `RetryAt` (`WaitUntil` for the month) when there is no token and none is waited for,
        `Unavailable` when the account has no gate yet or it keeps moving, and what Holded answers.
        """
        failures = 0
        while True:
            await self._token()
            self.made += 1
            try:
                reply: Reply[Any] = await self._holded.call(request, self._credential, timeout_ms=TIMEOUT_MS)
            except WaitUntil as refusal:
                await self._refused("month", refusal)
                raise
            except RetryAt as refusal:
                failures += 1
                if refusal.reason.startswith("rate_limited"):
                    await self._refused("minute", refusal)
                if not self._wait or failures >= _FAILURES:
                    raise
                await self._until(max(at_ms(refusal.retry_at), self._now_ms() + 1000 * failures), refusal)
            else:
                self._heard += reply.limits
                return reply

    async def _token(self) -> None:
        conflicts = 0
        while conflicts < _CONFLICTS:
            gate = await self._gate()
            granted = grant(self._corrected(gate), now_ms=self._now_ms(), priority=self._priority, want=1)
            if granted.count == 0:
                refusal = none_left(granted.reason, retry_at_ms=granted.retry_at_ms)
                if not self._wait or isinstance(refusal, WaitUntil):
                    raise refusal
                # Stored, so that the class's claim on what comes back counts against a drain that takes all it can.
                await self._gates.store(with_budget(gate, granted.budget), expected_rev=gate.rev)
                await self._until(granted.retry_at_ms, refusal)
            elif (await self._gates.store(with_budget(gate, granted.budget), expected_rev=gate.rev)).ok:
                self._heard.clear()
                return
            else:
                conflicts += 1
                await self._clock.sleep(0.02 * conflicts)
        raise Unavailable("gate_contended", detail="the account is being drained; say it again in a moment")

    async def _gate(self) -> Gate:
        gate = await self._gates.load(self._account)
        if gate is None:
            raise Unavailable(
                "never_drained", detail="the account has written nothing yet: there is nothing to look up"
            )
        return gate

    def _corrected(self, gate: Gate) -> Budget:
        return observed(gate.budget, self._heard, now_ms=self._now_ms())

    async def _refused(self, window: Window, refusal: RetryAt) -> None:
        """Another program spends the same quota: every drain is to know at once."""
        for _ in range(_CONFLICTS):
            gate = await self._gate()
            budget = signals_of.observe_refusal(
                self._corrected(gate), now_ms=self._now_ms(), window=window, retry_at_ms=at_ms(refusal.retry_at)
            )
            if (await self._gates.store(with_budget(gate, budget), expected_rev=gate.rev)).ok:
                return

    async def _until(self, at: int, refusal: RetryAt) -> None:
        ahead_ms = max(at - self._now_ms(), 1)
        if ahead_ms > _LONG_MS:
            raise refusal
        await self._clock.sleep(ahead_ms / 1000)

    def _now_ms(self) -> int:
        return at_ms(self._clock.now())
