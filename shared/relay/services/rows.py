"""The ledger rows in which an event may stand: its key, what lies aside of it, or any purpose its object can have."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

from relay.domain.decisions import ended_by_hand
from relay.domain.ledger import OF_AN_EVENT, Key
from relay.domain.strangers import ids_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from relay.domain.ledger import Row, State
    from relay.domain.models import Event
    from relay.ports.ledger import Ledger

PURPOSES = ("invoice", "salesreceipt", "creditnote", "salesorder", "contact", "product", "payment")
OPEN: frozenset[State] = frozenset({"waiting", "review", "dead", "sent", "unknown"})
"""States in which a row is not finished with its event."""
_WITH_ASIDES = ("", *(f".{aside}" for aside in OF_AN_EVENT))


async def rows_of(ledger: Ledger, event: Event) -> Sequence[Row]:
    """By every purpose, whatever today's settings would make of the event."""
    return await rows_at(
        ledger,
        (
            Key(account=event.account, source=event.source, object_id=object_id, purpose=purpose + aside)
            for object_id in ids_of(event)
            for purpose in PURPOSES
            for aside in _WITH_ASIDES
        ),
    )


async def rows_beside(ledger: Ledger, key: Key) -> Sequence[Row]:
    """The row of a key and those aside of it."""
    return await rows_at(
        ledger,
        (
            Key(account=key.account, source=key.source, object_id=key.object_id, purpose=key.purpose + aside)
            for aside in _WITH_ASIDES
        ),
    )


async def held_aside(ledger: Ledger, own: Row | None, event: Event) -> Row | None:
    """Where an event waits, is reviewed, or was ended by a person, aside of a document that stands or is to come."""
    if own is None:
        return None
    keys = [own.key, *(replace(own.key, object_id=object_id) for object_id in ids_of(event)[1:])]
    for row in [row for key in keys for row in await rows_beside(ledger, key)]:
        mine = row.key != own.key and row.event_id == event.id
        if mine and (row.state in OPEN or ended_by_hand(row, version=event.version)):
            return row
    return None


async def rows_at(ledger: Ledger, keys: Iterable[Key]) -> Sequence[Row]:
    found = await asyncio.gather(*(ledger.get(key) for key in keys))
    return [row for row in found if row is not None]
