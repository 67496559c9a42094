"""Every minute: wake the accounts whose time has come. The net under every wait of the waiting room."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from relay.ports.ledger import Gates
    from relay.ports.queues import Wakes

_BATCH = 100
MOST_ACCOUNTS = 10_000


class Release:
    def __init__(self, *, gates: Gates, wakes: Wakes) -> None:
        self._gates = gates
        self._wakes = wakes

    async def __call__(self, *, now_ms: int) -> tuple[int, int]:
        """Send one wake an account that is due. Returns (accounts woken, age of the oldest due one in ms).

        Harmless to repeat: a wake finds the lease taken, or nothing left to do. A refused one is due again next minute.
        """
        woken, oldest_ms = 0, 0
        batch: list[dict[str, str]] = []
        async for account, due_ms in self._gates.due(now_ms=now_ms, limit=MOST_ACCOUNTS):
            oldest_ms = max(oldest_ms, now_ms - due_ms)
            batch.append({"account": account})
            if len(batch) == _BATCH:
                woken += await self._send(batch)
                batch = []
        return woken + await self._send(batch), oldest_ms

    async def _send(self, batch: list[dict[str, str]]) -> int:
        if not batch:
            return 0
        return len(batch) - len(await self._wakes.send(batch, priority="normal"))
