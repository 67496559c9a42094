"""A schedule -> republish what stays open too long."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from relay.services.sweep import Sweep


async def handle(*, sweep: Sweep, now_ms: int, in_time: Callable[[], bool] = lambda: True) -> dict[str, int]:
    """Returns what was republished, what the bus refused, and the age of the oldest open delivery."""
    done, refused, oldest_ms = await sweep(now_ms=now_ms, in_time=in_time)
    return {"republished": done, "refused": refused, "oldest_open_seconds": oldest_ms // 1000}
