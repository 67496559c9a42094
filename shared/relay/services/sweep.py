"""Republish what stays open too long: the net under the stream, the bus and the queues."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from relay.ports.inbox import Inbox
    from relay.services.publish import Publish

OPEN_TOO_LONG_MS = 5 * 60_000
MOST_ITEMS = 1_000
AT_ONCE = 10


class Sweep:
    def __init__(self, *, inbox: Inbox, publish: Publish) -> None:
        self._inbox = inbox
        self._publish = publish

    async def __call__(self, *, now_ms: int, in_time: Callable[[], bool] = lambda: True) -> tuple[int, int, int]:
        """Publish again whatever was received over five minutes ago and has no end. Returns (republished, refused, age of the oldest
        in ms). What `in_time` leaves out is the next run's: the age is told however much lies there.

        An event that is under way is met by its ledger row, so publishing twice does no harm.
        """
        since = self._inbox.open_since(before_ms=now_ms - OPEN_TOO_LONG_MS, limit=MOST_ITEMS)
        lying = [each async for each in since]
        done, refused = 0, 0
        for start in range(0, len(lying), AT_ONCE):
            if not in_time():
                break
            # One delivery that breaks its normaliser must not keep the rest from being published.
            some = (self._publish(account, inbox_id) for account, inbox_id, _ in lying[start : start + AT_ONCE])
            for result in await asyncio.gather(*some, return_exceptions=True):
                if isinstance(result, BaseException) and not isinstance(result, Exception):
                    raise result
                failed = isinstance(result, Exception)
                done, refused = done + (not failed), refused + failed
        return done, refused, max((now_ms - received_ms for *_, received_ms in lying), default=0)
