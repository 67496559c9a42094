"""Publish what the stream brings: one delivery becomes its events on the bus, or its recorded reason.

The stream is the outbox: it calls this until it succeeds, so everything here may happen twice. Subscribers deduplicate
on the event's id. A Holded webhook never reaches the bus: it is a hint, and goes to the writers to be compared first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from relay.domain import wire
from relay.domain.models import Event, Hint
from relay.domain.sources.reread import is_reread
from relay.errors import Unavailable
from relay.services.unfold import event_ref, unfold

if TYPE_CHECKING:
    from relay.domain.sources.base import Delivery
    from relay.ports.inbox import Inbox
    from relay.ports.queues import Bus, Wakes


class Publish:
    def __init__(self, *, inbox: Inbox, bus: Bus, wakes: Wakes) -> None:
        self._inbox = inbox
        self._bus = bus
        self._wakes = wakes

    async def __call__(self, account: str, inbox_id: str) -> str:
        """Returns `published`, `ignored` or `closed` (nothing left to do). Raises `Unavailable` when any part was refused."""
        item = await self._inbox.get(account, inbox_id)
        if item is None or not item.open:
            return "closed"
        parts = unfold(item.delivery)
        await self._send(item.delivery, parts.events)
        if parts.review:
            # The ledger is where people look for what must be judged, and only the writers write it.
            await self._wake(item.delivery, [event_ref(inbox_id, parts.problem_number)])
        elif is_reread(item.delivery):
            # Holded has it already: no writer hears of it, the bus is its end.
            ends = {str(number): "published" for number in range(parts.of)}
            await self._inbox.close(account, inbox_id, ends=ends, of=parts.of)
        elif parts.ignored:
            ends = {str(parts.problem_number): f"ignored:{parts.ignored}"}
            await self._inbox.close(account, inbox_id, ends=ends, of=parts.of)
            return "published" if parts.events else "ignored"
        return "published"

    async def _send(self, delivery: Delivery, events: tuple[Event, ...]) -> None:
        facts = [event for event in events if not isinstance(event.data, Hint)]
        hints = [event.id for event in events if isinstance(event.data, Hint)]
        if facts:
            refused = await self._bus.publish([wire.to_cloudevent(event) for event in facts])
            if refused:
                raise Unavailable("bus_refused", detail=f"{len(refused)} of {len(facts)} events were refused")
        await self._wake(delivery, hints)

    async def _wake(self, delivery: Delivery, refs: list[str]) -> None:
        if not refs:
            return
        messages = [{"account": delivery.account, "event": ref} for ref in refs]
        refused = await self._wakes.send(messages, priority="normal")
        if refused:
            raise Unavailable("queue_refused", detail=f"{len(refused)} of {len(messages)} wakes were refused")
