"""Which deliveries of a window's time the inbox holds: a scan, for people; no function may do it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from relay.services.reconcile_source import midnight_ms
from relay.services.times import at_ms

if TYPE_CHECKING:
    from datetime import datetime

    from relay.domain.reconciling import Window
    from relay.ports.inbox import Inbox

BEFORE = timedelta(days=2)
"""A source may book a document on a day after the one its delivery came."""


async def delivered(inbox: Inbox, account: str, window: Window, *, now: datetime) -> list[str]:
    """Inbox ids, of every source but Holded's own hints, since shortly before the window."""
    every = inbox.ends_between(from_ms=midnight_ms(window.start - BEFORE), to_ms=at_ms(now) + 1, account=account)
    return [each.inbox_id async for each in every if each.account == account and each.source != "holded"]
