"""A schedule's minute -> wake the accounts whose time has come."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from relay.services.release import Release


async def handle(*, release: Release, now_ms: int) -> dict[str, int]:
    """Returns what was woken and how late the latest of them is."""
    woken, oldest_ms = await release(now_ms=now_ms)
    return {"woken": woken, "oldest_due_seconds": oldest_ms // 1000}
