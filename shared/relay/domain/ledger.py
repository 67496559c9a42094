"""The ledger: one row a business key, for ever. The pure decisions over it are in `decisions`.

    (none) --claim--> sent --> confirmed            waiting(reason, due_at | parent)
                        |          ^ adopt          review(reason)  dead(reason)  ignored(reason)  superseded(by)
                        +--> unknown

Every write of a row is conditional on its `rev`, so a decision is a pure function of (row, now, answer) and the
adapter only compares and swaps. See `docs/decisions/` for the fence and the marker.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Literal
from urllib.parse import quote, unquote

from relay.domain.documents import Priority
from relay.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Mapping

State = Literal["sent", "unknown", "confirmed", "waiting", "review", "dead", "ignored", "superseded"]
Step = Literal["contact", "create", "update", "approve", "pay", "done"]
Kind = Literal["event", "hint", "settle", "contact", "replay", "reconcile", "poll"]
_MARKER_LENGTH = 16

UPDATE, CANCELLATION, SETTLEMENT = "update", "cancellation", "settlement"
OF_AN_EVENT = (UPDATE, CANCELLATION)
"""What may lie aside of a document that stands, for an event of its own: a newer version, or a late cancellation."""
ASIDES = (*OF_AN_EVENT, SETTLEMENT)
"""As the end of a purpose (`invoice.update`); a `settlement` is a finding about the document itself."""


STANDING: Mapping[Kind, str] = {"settle": "next_sweep", "reconcile": "next_night", "poll": "next_poll"}
"""Rows that wait for as long as their account lives: the settlement sweep, the nightly reconciliation, the poll; and what
the row says of itself. They hold no event.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """A business key: `order 1001 -> invoice`. A contact's claim has source `*`: it belongs to no source."""

    account: str
    source: str
    object_id: str
    purpose: str

    def __str__(self) -> str:
        """Reversible by `Key.parse`; what rows and wakes name other rows by. Half characters, which JSON may hold, have a form too."""
        parts = (self.account, self.source, self.object_id, self.purpose)
        return "/".join(quote(part, safe="", errors="surrogatepass") for part in parts)

    @classmethod
    def parse(cls, text: str) -> Key:
        """Raises `BadInput` for what is no key."""
        parts = text.split("/")
        try:
            account, source, object_id, purpose = (unquote(part, errors="surrogatepass") for part in parts)
        except ValueError:
            raise BadInput(
                "key_malformed", field="key", detail=f"{len(parts)} parts, expected four of URL text"
            ) from None
        return cls(account=account, source=source, object_id=object_id, purpose=purpose)


def marker_of(key: Key) -> str:
    """Our reference on a Holded document: short, `[a-z0-9]`, the same for every attempt at the key, so a lost reply can be found."""
    digest = hashlib.sha256(str(key).encode()).digest()
    return "hr" + base64.b32encode(digest).decode().lower()[:14]


def is_marker(tag: str) -> bool:
    """Whether a document's tag has the shape of `marker_of`."""
    return tag.startswith("hr") and len(tag) == _MARKER_LENGTH


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One ledger row. Times are epoch milliseconds (`_ms`); `rev` starts at 1 and grows with every write.

    `indexed` says whether the row stands in the work index: a claim straight from a message does not (its inbox item is
    still open and is the net), a row taken out of the waiting room does, with `due_ms` = lease end + SETTLE.
    """

    key: Key
    state: State
    kind: Kind = "event"
    priority: Priority = "fiscal"
    rev: int = 1
    created_ms: int
    updated_ms: int
    step: Step = "create"
    last_step: Step = "create"  # how far policy takes it with this event; at `done` how far we had taken it
    event_id: str = ""
    event_type: str = ""
    version: int = 0
    digest: str = ""  # the plan's fiscal digest
    marker: str = ""  # our reference, written into the document's tags
    owner: str = ""  # the invocation that holds the row in `sent`
    lease_until_ms: int = 0
    due_ms: int = 0  # when a waiting, sent or unknown row is looked at again; 0: never by time
    reason: str = ""
    detail: str = ""
    attempts: int = 0  # of machine trouble only: waiting for budget, parent or time uses none
    seen_empty: int = 0  # look-ups for an unknown outcome that found nothing
    parent: str = ""  # the key (as stored) a waiting child waits for
    doc_type: str = ""
    contact_id: str = ""
    holded_id: str = ""
    number: str = ""
    total: Decimal | None = None
    paid: Decimal | None = None  # of a document that policy pays: all that had come in by this event
    currency: str = ""
    site: str = ""  # the shop it was written from, where ids are each shop's own (`relay.domain.strangers`)
    split: str = ""  # how the total divides: net, and base and tax by rate (`relay.domain.reconciling_split`)
    lines: str = ""  # a digest of them as they were written (`relay.domain.written_lines`)
    credited: str = ""  # what its corrections give back (`relay.domain.crediting`)
    document_date: str = ""  # ISO day, Holded's
    written_ms: int = 0  # last write of ours that Holded answered: echoes are measured against it
    pending_event_id: str = ""  # a newer version that arrived while the key was in `sent`
    event: bytes = b""  # gzipped unified event, only while the row is unfinished
    indexed: bool = False


def reached(row: Row) -> Step:
    """How far we took the document ourselves: of one that a person adopted (`done`) what we had done by then."""
    return row.last_step if row.step == "done" else row.step
