"""A schedule -> dead letters become `dead` rows, and stay in their queues."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from relay.services.dead_letters import IndexDeadLetters


async def handle(*, index: IndexDeadLetters, now_ms: int) -> dict[str, int]:
    """Returns how many messages were seen and how many were new."""
    seen, new = await index(now_ms=now_ms)
    return {"seen": seen, "indexed": new}
