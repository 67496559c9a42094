"""The end of an event: exactly one of done, superseded, ignored, waiting, review and dead, or none yet (`open`).

The inbox records an end when the ledger takes an event over. What was handed over as waiting, review or dead goes on
there, so its end is read from the rows that hold the event now.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from relay.domain.ledger import Row, State

Kind = Literal["done", "superseded", "ignored", "waiting", "review", "dead", "open"]
KINDS: tuple[Kind, ...] = ("done", "superseded", "ignored", "waiting", "review", "dead", "open")

DONE = frozenset({"document", "contact", "product", "duplicate", "published", "payment"})
HANDED_OVER = frozenset({"waiting", "review", "dead"})
_OF_STATE: dict[State, Kind] = {
    "confirmed": "done",
    "sent": "waiting",
    "unknown": "waiting",
    "waiting": "waiting",
    "review": "review",
    "dead": "dead",
    "ignored": "ignored",
    "superseded": "superseded",
}
_FINISHED: tuple[State, ...] = ("ignored", "superseded", "confirmed")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """`until_ms` is when a waiting one is looked at again, 0 where no time is known. `problem` names what must not be:
    `lost` (handed over, and no row knows the event), `passed_over` (its rows hold an older version), `end_unknown`.
    """

    kind: Kind
    reason: str = ""
    until_ms: int = 0
    problem: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What the rows of an event are looked through for. `coalesced`: its row stands for any event of its object."""

    event_id: str
    version: int
    monotone: bool = False
    coalesced: bool = False


def recorded(end: str) -> Ending | None:
    """The end the inbox holds; None where the ledger has to be asked."""
    word, _, reason = end.partition(":")
    if word in DONE:
        return Ending(kind="done", reason=word)
    if word == "superseded":
        return Ending(kind="superseded", reason=reason)
    if word == "ignored":
        return Ending(kind="ignored", reason=reason)
    return None if word in HANDED_OVER else Ending(kind="open", reason=word, problem="end_unknown")


def followed(told: Told, rows: Sequence[Row]) -> Ending:
    """The end of an event that was handed over to the ledger, by `rows`: all that its key and its asides have."""
    own = [row for row in rows if row.event_id == told.event_id or told.coalesced]
    if own:
        # What is unfinished anywhere is not done.
        return of_row(max(own, key=lambda row: (row.state not in _FINISHED, row.state == "confirmed")))
    noted = [row for row in rows if row.pending_event_id == told.event_id]
    if noted:
        return Ending(kind="waiting", reason="pending", until_ms=noted[0].lease_until_ms)
    newer = [row for row in rows if told.monotone or row.version >= told.version]
    if any(row.state == "confirmed" and (told.monotone or row.version == told.version) for row in newer):
        return Ending(kind="done", reason="duplicate")
    if newer:
        return Ending(kind="superseded", reason="newer_version")
    return Ending(kind="open", reason="handed_over", problem="passed_over" if rows else "lost")


def of_row(row: Row) -> Ending:
    """The end of the event that this row holds."""
    kind = _OF_STATE[row.state]
    reason = (row.doc_type or row.key.purpose) if kind == "done" else row.reason
    until_ms = (row.due_ms or row.lease_until_ms) if kind == "waiting" else 0
    return Ending(kind=kind, reason=reason or row.state, until_ms=until_ms)
