"""An event loop whose time is a number: when nothing is ready it jumps to the next timer, so a month passes in seconds."""

from __future__ import annotations

import asyncio
from asyncio import base_events

_FINEST_S = 1e-6


class StuckError(RuntimeError):
    """Nothing is ready and nothing will ever be: a task waits for what nobody brings."""


class VirtualLoop(base_events.BaseEventLoop):
    """Deterministic: ready callbacks in their order, timers in theirs, no threads and no sockets."""

    def __init__(self) -> None:
        super().__init__()
        self._seconds = 0.0
        self._selector = self
        self._clock_resolution = _FINEST_S
        self.set_exception_handler(lambda _loop, _context: None)  # who must see an error awaits its task

    def time(self) -> float:
        return self._seconds

    def select(self, timeout: float | None) -> list[object]:
        if timeout is None:
            raise StuckError("nothing is left to happen")
        self._seconds += max(0.0, timeout)
        return []

    def _process_events(self, event_list: list[object]) -> None:
        """No file is ever watched."""

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
