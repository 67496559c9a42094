"""Republish what stays open too long: the net under the stream, the bus and the queues."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from relay.ports.inbox import Inbox
    from relay.services.publish import Publish

OPEN_TOO_LONG_MS = 5 * 60_000
MOST_ITEMS = 1_000


class Sweep:
    def __init__(self, *, inbox: Inbox, publish: Publish) -> None:
        self._inbox = inbox
        self._publish = publish

    async def __call__(self, *, now_ms: int) -> tuple[int, int, int]:
        """Publish again whatever was received over five minutes ago and has no end. Returns (republished, refused, age of the oldest
        in ms).

        An event that is under way is met by its ledger row, so publishing twice does no harm.
        """
        done, refused, oldest_ms = 0, 0, 0
        async for account, inbox_id, received_ms in self._inbox.open_since(
            before_ms=now_ms - OPEN_TOO_LONG_MS, limit=MOST_ITEMS
        ):
            oldest_ms = max(oldest_ms, now_ms - received_ms)
            # One delivery that breaks its normaliser must not keep the rest from being published.
            (result,) = await asyncio.gather(self._publish(account, inbox_id), return_exceptions=True)
            if isinstance(result, BaseException) and not isinstance(result, Exception):
                raise result
            failed = isinstance(result, Exception)
            done, refused = done + (not failed), refused + failed
        return done, refused, oldest_ms
