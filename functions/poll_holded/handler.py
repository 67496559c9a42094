"""A schedule's hour -> every active account's poll stands, and is due at a time of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from relay.services.enlist import Enlist


async def handle(*, enlist: Enlist, now_ms: int) -> dict[str, int]:
    """Returns how many accounts were looked at, whose rows were stood up, and who was made due."""
    done = await enlist(now_ms=now_ms)
    return {"looked_at": done.looked_at, "stood_up": done.stood_up, "made_due": done.made_due}
