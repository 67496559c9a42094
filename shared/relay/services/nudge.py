"""Wake an account from outside its drains: an operator changed rows of its waiting room, or opened it again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from relay.domain.gate import MANY, due_at
from relay.errors import Unavailable

if TYPE_CHECKING:
    from relay.ports.ledger import Gates
    from relay.ports.queues import Wakes

_TRIES = 5


class Nudge:
    def __init__(self, *, gates: Gates, wakes: Wakes) -> None:
        self._gates = gates
        self._wakes = wakes

    async def __call__(self, account: str, *, now_ms: int) -> None:
        """Make the account due and send a wake; a drain under way looks at all that is due before it lets go.

        The message is for speed, the gate for certainty: a wake that is lost is made good by `release_due`. An account
        that was never drained has no gate: its wake must be taken. Raises `Unavailable` when the gate kept moving, or
        the queue refused that wake.
        """
        for _ in range(_TRIES):
            gate = await self._gates.load(account)
            if gate is None:
                break  # never drained: the first wake makes the gate
            if gate.owner and gate.lease_until_ms > now_ms:
                if await self._gates.wake(account, MANY, holder=gate.owner):
                    break
            elif (await self._gates.store(due_at(gate, due_ms=now_ms), expected_rev=gate.rev)).ok:
                break
        else:
            raise Unavailable("gate_contended", detail="the account is being drained; say it again in a moment")
        refused = await self._wakes.send([{"account": account}], priority="normal")
        if refused and gate is None:
            raise Unavailable("queue_refused", detail="the account could not be woken; say it again in a moment")
