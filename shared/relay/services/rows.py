"""The ledger rows in which an event may stand: its key, what lies aside of it, or any purpose its object can have."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from relay.domain.ledger import Key

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from relay.domain.ledger import Row
    from relay.domain.models import Event
    from relay.ports import Ledger

PURPOSES = ("invoice", "salesreceipt", "creditnote", "salesorder", "contact", "product", "payment")
ASIDES = ("", ".update", ".cancellation")
"""Rows that hold a newer version, or a late cancellation, beside a document that stands (`relay.services.desk`)."""


async def rows_of(ledger: Ledger, event: Event) -> Sequence[Row]:
    """By every purpose, whatever today's settings would make of the event."""
    return await rows_at(
        ledger,
        (
            Key(account=event.account, source=event.source, object_id=event.subject, purpose=purpose + aside)
            for purpose in PURPOSES
            for aside in ASIDES
        ),
    )


async def rows_beside(ledger: Ledger, key: Key) -> Sequence[Row]:
    """The row of a key and those aside of it."""
    return await rows_at(
        ledger,
        (
            Key(account=key.account, source=key.source, object_id=key.object_id, purpose=key.purpose + aside)
            for aside in ASIDES
        ),
    )


async def rows_at(ledger: Ledger, keys: Iterable[Key]) -> Sequence[Row]:
    found = await asyncio.gather(*(ledger.get(key) for key in keys))
    return [row for row in found if row is not None]
