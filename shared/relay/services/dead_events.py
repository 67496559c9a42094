"""What is known of the event that a dead letter names: its end in the inbox, and the rows that hold it.

A delivery that cannot be read any more hides neither: its ends are listed without its body, its rows by their states.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from relay.domain.decisions import may_stand
from relay.domain.models import Hint
from relay.services.attempt import attempt
from relay.services.hints import hint_key
from relay.services.rows import rows_at, rows_of
from relay.services.unfold import split_ref, unfold

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from relay.domain.ledger import Row, State
    from relay.ports.inbox import Inbox, InboxItem
    from relay.ports.ledger import Ledger

_MOST = 100_000
_EVER_MS = 2**42
_FINISHED: frozenset[State] = frozenset({"ignored", "superseded"})
_UNDER_WAY: tuple[State, ...] = ("sent", "unknown", "waiting")


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """`of` is how many events its delivery has, as far as can be told; `rows` are those that hold the event."""

    inbox_id: str
    number: str
    ends: Mapping[str, str]
    of: int
    rows: Sequence[Row]

    @property
    def end(self) -> str:
        """Empty while the inbox tells none."""
        return self.ends.get(self.number, "")

    @property
    def holder(self) -> Row | None:
        """The row on which the event goes on, or by which a document of it stands or may stand, that the inbox does not
        tell as its end.
        """
        if self.end:
            handed_over = self.end.partition(":")[0] == "waiting"
            return next((row for row in self.rows if handed_over and row.state in _UNDER_WAY), None)
        return next((row for row in self.rows if _holds(row)), None)


def _holds(row: Row) -> bool:
    return row.state not in _FINISHED and (row.state != "dead" or may_stand(row))


class DeadEvents:
    def __init__(self, *, inbox: Inbox, ledger: Ledger) -> None:
        self._inbox = inbox
        self._ledger = ledger

    async def known(self, account: str, ref: str) -> Known | None:
        """None for a message that names no event."""
        try:
            inbox_id, number = split_ref(ref)
        except ValueError:
            return None
        item = await attempt(self._inbox.get(account, inbox_id))
        if item is None or isinstance(item, Exception):
            ends = {} if item is None else await self._ends(account, inbox_id)
            of, rows = max(len(ends), number) + 1, await self._named(account, ref)
        else:
            ends = item.ends
            of, rows = await self._read(item, number, ref)
        return Known(inbox_id=inbox_id, number=str(number), ends=ends, of=of, rows=rows)

    async def _read(self, item: InboxItem, number: int, ref: str) -> tuple[int, Sequence[Row]]:
        account = item.delivery.account
        try:
            parts = unfold(item.delivery)
        except Exception:  # noqa: BLE001  # what cannot be unfolded may be why it is dead
            return max(len(item.ends), number) + 1, await self._named(account, ref)
        if number >= len(parts.events):
            return parts.of, ()
        event = parts.events[number]
        if isinstance(event.data, Hint):
            rows = await rows_at(self._ledger, [hint_key(account, event.data)])
        else:
            rows = await rows_of(self._ledger, event)
        return parts.of, [row for row in rows if _names(row, ref)]

    async def _named(self, account: str, ref: str) -> Sequence[Row]:
        """Those under way that name the event, as the work index lists them."""
        return [
            row
            for state in _UNDER_WAY
            async for row in self._ledger.in_state(account, state, limit=_MOST)
            if _names(row, ref)
        ]

    async def _ends(self, account: str, inbox_id: str) -> Mapping[str, str]:
        async for each in self._inbox.ends_between(from_ms=0, to_ms=_EVER_MS, account=account):
            if each.inbox_id == inbox_id:
                return each.ends
        return {}


def _names(row: Row, ref: str) -> bool:
    return ref in {row.event_id, row.pending_event_id}
