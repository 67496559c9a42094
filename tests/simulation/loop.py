"""An event loop whose time is a number: when nothing is ready it jumps to the next timer, so a month passes in seconds."""

from __future__ import annotations

import asyncio
from asyncio import base_events
from heapq import heappop, heappush
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextvars import Context


class StuckError(RuntimeError):
    """Nothing is ready and nothing will ever be: a task waits for what nobody brings."""


class VirtualLoop(base_events.BaseEventLoop):
    """Deterministic: ready callbacks in their order, timers in theirs, no threads and no sockets.

    A seed is thousands of turns of this loop, so it has its own in place of the base's, which asks for files and signals.
    """

    def __init__(self) -> None:
        super().__init__()
        self._seconds = 0.0
        self._timers: list[tuple[float, int, asyncio.Handle]] = []
        self._order = 0
        self.set_exception_handler(lambda _loop, _context: None)  # who must see an error awaits its task

    def time(self) -> float:
        return self._seconds

    def call_soon(  # type: ignore[override]
        self, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> asyncio.Handle:
        handle = asyncio.Handle(callback, args, self, context)
        self._ready.append(handle)
        return handle

    def call_later(  # type: ignore[override]
        self, delay: float, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> asyncio.Handle:
        return self.call_at(self._seconds + delay, callback, *args, context=context)

    def call_at(  # type: ignore[override]
        self, when: float, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> asyncio.Handle:
        handle = asyncio.Handle(callback, args, self, context)
        self._order += 1
        heappush(self._timers, (when, self._order, handle))
        return handle

    def _run_once(self) -> None:
        ready, timers = self._ready, self._timers
        if not ready and not self._stopping:
            while timers and timers[0][2]._cancelled:
                heappop(timers)
            if not timers:
                raise StuckError("nothing is left to happen")
            self._seconds = max(self._seconds, timers[0][0])
        while timers and timers[0][0] <= self._seconds:
            ready.append(heappop(timers)[2])
        for _ in range(len(ready)):
            handle = ready.popleft()
            if not handle._cancelled:
                handle._run()

    def _write_to_self(self) -> None:
        """No other thread ever has to wake it."""


def run(story) -> object:
    """Run one coroutine from instant 0 to its end, and leave nothing behind."""
    loop = VirtualLoop()
    try:
        asyncio.set_event_loop(loop)
        return loop.run_until_complete(story)
    finally:
        left = asyncio.all_tasks(loop)
        for task in left:
            task.cancel()
        if left:
            loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
        loop.run_until_complete(loop.shutdown_asyncgens())
        asyncio.set_event_loop(None)
        loop.close()
