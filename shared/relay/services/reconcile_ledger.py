"""The ledger's side of a window: rows of documents by their day, and the markers of what is under way."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from relay.domain.mapping.sale import MADRID
from relay.domain.remedies import TYPES
from relay.services.reconcile_source import midnight_ms
from relay.services.times import at_ms

if TYPE_CHECKING:
    from relay.domain.ledger import Key, Row, State
    from relay.domain.reconciling import Window
    from relay.ports.ledger import Ledger

_UNFINISHED: tuple[State, ...] = ("review", "dead", "waiting", "sent", "unknown")
_EARLIER = timedelta(days=31)
"""A document's day may come after the day it was written on."""
_MOST = 10_000


def day_of(row: Row) -> str:
    """The document's day; of a row without a document the day it came, Europe/Madrid."""
    if row.document_date:
        return row.document_date
    return datetime.fromtimestamp(row.created_ms / 1000, UTC).astimezone(MADRID).date().isoformat()


class LedgerSide:
    def __init__(self, *, ledger: Ledger, account: str) -> None:
        self._ledger = ledger
        self._account = account
        self.payments: Counter[str] = Counter()
        """By Holded id: payments that came as facts of their own and are confirmed, as far as `rows` looked."""
        self.made_of: dict[str, frozenset[str]] = {}
        """By marker of what is confirmed, as far as `rows` looked: the types that its document may have."""

    async def rows(self, window: Window, *, now: datetime) -> dict[Key, Row]:
        """Rows of documents whose day lies in the window, in every state but those that never had one."""
        from_ms, to_ms = midnight_ms(window.start - _EARLIER), at_ms(now) + 1
        found: dict[Key, Row] = {}
        async for row in self._ledger.confirmed_between(self._account, from_ms=from_ms, to_ms=to_ms):
            found[row.key] = row
            self.payments[row.holded_id] += row.key.purpose == "payment"
            if row.marker and is_of_a_document(row):
                self.made_of[row.marker] = frozenset({row.doc_type, *TYPES[row.key.purpose]})
        for state in _UNFINISHED:
            async for row in self._ledger.in_state(self._account, state, limit=_MOST):
                found[row.key] = row
        first, last = window.start.isoformat(), window.end.isoformat()
        return {key: row for key, row in found.items() if is_of_a_document(row) and first <= day_of(row) <= last}

    async def under_way(self) -> frozenset[str]:
        """Markers of all that is being written, in doubt or judged: their documents may stand without a row that names them."""
        found = set[str]()
        for state in _UNFINISHED:
            async for row in self._ledger.in_state(self._account, state, limit=_MOST):
                if row.marker:
                    found.add(row.marker)
        return frozenset(found)


def is_of_a_document(row: Row) -> bool:
    return row.kind == "event" and row.key.purpose in TYPES
