"""The event of a row: its own copy, else what the inbox's delivery tells while it is held."""

from __future__ import annotations

from typing import TYPE_CHECKING

from relay.errors import BadInput, NotFound
from relay.services.attempt import attempt
from relay.services.job import unpack_event
from relay.services.unfold import split_ref, unfold

if TYPE_CHECKING:
    from relay.domain.ledger import Row
    from relay.domain.models import Event
    from relay.ports.inbox import Inbox


async def event_of(inbox: Inbox, row: Row) -> Event | None:
    """None where neither can be read. Raises `Unavailable`: a store that is away says nothing about the event."""
    if row.event:
        try:
            return unpack_event(row.event)
        except BadInput:  # another release wrote it, or it is damaged; the delivery itself is read anew
            pass
    found = await attempt(_delivered(inbox, row))
    return None if isinstance(found, Exception) else found


async def event_to_work(inbox: Inbox, row: Row) -> Event:
    """As `event_of`. Raises `BadInput` where neither can be read: it uses an attempt of the row."""
    event = await event_of(inbox, row)
    if event is None:
        detail = "neither the row's copy nor the inbox's can be read"
        raise BadInput("event_unreadable", field="event", detail=detail)
    return event


async def _delivered(inbox: Inbox, row: Row) -> Event:
    inbox_id, number = split_ref(row.event_id)
    item = await inbox.get(row.key.account, inbox_id)
    events = unfold(item.delivery).events if item is not None else ()
    if number >= len(events):
        raise NotFound("unknown_event", detail="the inbox does not hold it (any more)")
    return events[number]
