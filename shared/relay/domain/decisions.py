"""What to do with a fact, given the row its key already has: the pure decisions of the ledger."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from decimal import Decimal

    from relay.domain.documents import Priority
    from relay.domain.ledger import Key, Kind, Row, Step

IN_DOUBT = "outcome_unknown"
"""What the reason of a row begins with while a document may stand in Holded that the row does not name."""
BY_HAND = "by_hand"
"""What the reason of an `ignored` row begins with when a person ended it for good: no replay brings it back."""
BY_HAND_IN_DOUBT = f"{BY_HAND}_{IN_DOUBT}"
"""As `BY_HAND`, while a document may stand: no newer version may take the key either."""

IGNORED_BEFORE = "ignored_before"
"""A person ignored an earlier version, perhaps because the document was booked by hand: the next one is a person's, too."""
_NO_DOCUMENT = frozenset({"contact", "product"})
CONFLICT = "version_conflict"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One event as the ledger sees it. `event` is its own gzipped copy, kept by the row while it is unfinished."""

    key: Key
    event_id: str
    event_type: str
    version: int
    monotone: bool
    digest: str
    priority: Priority
    kind: Kind = "event"
    doc_type: str = ""
    total: Decimal | None = None
    paid: Decimal | None = None  # all that came in by now, where policy registers it
    currency: str = ""
    site: str = ""
    split: str = ""
    lines: str = ""
    document_date: str = ""
    event: bytes = b""
    last_step: Step = "create"  # how far policy takes the document
    again: bool = False  # an operator replays it


Action = Literal["claim", "update", "advance", "doubt", "pending", "beside", "done", "keep", "judge"]
_RANK: dict[Step, int] = {"contact": 0, "create": 0, "update": 0, "approve": 1, "pay": 2, "done": 2}


@dataclass(frozen=True, slots=True)
class Decision:
    """`claim`: write it. `update`: the document exists, this version is newer. `advance`: it stands as it should, but policy
    takes this fact further (issued, now paid). `doubt`: look before writing.
    `pending`: the key is being written, remember this version. `beside`: a person has to say first what became of the version
    before it, this one waits. `judge`: a human must. `done`, `keep`: nothing to do, `end` says why.
    """

    action: Action
    end: str = ""


def decide(row: Row | None, fact: Fact, *, now_ms: int, settle_ms: int) -> Decision:
    """What this fact asks for. The same fact always ends in `done` or `keep`, however often it comes."""
    if row is None:
        return Decision("claim")
    newer = fact.version > row.version
    match row.state:
        case "confirmed":
            return _on_confirmed(row, fact)
        case "sent" | "unknown":
            ready_ms = row.lease_until_ms + settle_ms if row.state == "sent" else row.due_ms
            # Only the event that was being written settles its doubt: another version would take the answer for its own.
            mine = row.event_id == fact.event_id
            return Decision("doubt") if mine and now_ms >= ready_ms else Decision("pending", "pending")
        case "waiting":
            if fact.again and row.event_id == fact.event_id:
                return Decision("keep", f"waiting:{row.reason}")  # it goes on by itself, in the class it has
            # A child that waits for its parent may be looked at any time: the parent's row decides, not the clock.
            ready = row.due_ms <= now_ms or row.reason == "parent"
            if newer or (row.event_id == fact.event_id and ready) or _goes_further(row, fact):
                return Decision("claim")
            if _contradicts(row, fact):
                return Decision("judge", CONFLICT)
            return Decision("keep", "superseded" if fact.version < row.version else "waiting")
        case "review" | "dead":
            # A corrected order resolves its own review, unless a document may already stand in Holded.
            if (newer or _asked_again(row, fact)) and not may_stand(row):
                return Decision("claim")
            if waits_beside(row, fact):
                return Decision("beside")
            if _contradicts(row, fact):
                return Decision("judge", CONFLICT)
            return Decision("keep", f"{row.state}:{row.reason}" if fact.again else row.state)
        case _:
            if ended_by_hand(row, version=fact.version, digest=fact.digest):
                return Decision("keep", f"{row.state}:{row.reason}")
            if was_ended_by_hand(row) and fact.key.purpose not in _NO_DOCUMENT:
                return Decision("judge", IGNORED_BEFORE)
            if newer or fact.monotone or _asked_again(row, fact):
                return Decision("claim")
            return Decision("keep", row.state)


def _asked_again(row: Row, fact: Fact) -> bool:
    """After a mended normaliser, mapping or setting the same event may do what it could not."""
    return fact.again and fact.version >= row.version


def ended_by_hand(row: Row, *, version: int, digest: str = "") -> bool:
    """A person ignored this fact for good: only a newer version with other contents comes back, and none while a document may
    stand. `digest` is the contents', empty where nothing is known of them.
    """
    same = version <= row.version or (bool(digest) and digest == row.digest)
    return was_ended_by_hand(row) and (same or may_stand(row))


def was_ended_by_hand(row: Row) -> bool:
    """A person ended it; perhaps because the document was booked by hand, which nothing in Holded tells."""
    return row.state == "ignored" and row.reason.startswith(BY_HAND)


def may_stand(row: Row) -> bool:
    """A document of this row stands in Holded, or may: nothing may be created for it by the clock or by a new version."""
    return bool(row.holded_id) or is_doubted(row)


def is_doubted(row: Row) -> bool:
    """What became of the last write of this row is not known: nobody has looked yet, or a person has to say."""
    return row.state in {"sent", "unknown"} or row.reason.startswith((IN_DOUBT, BY_HAND_IN_DOUBT))


def _contradicts(row: Row, fact: Fact) -> bool:
    """Another event of the same version with other contents: nobody can say which of the two is the later one.

    Of what stopped before it was mapped no digest is known. An import brings the same version again, so that alone says
    nothing; where a source tells no versions, another event is another content.
    """
    same = not row.digest and fact.version > 0
    return fact.event_id != row.event_id and fact.version == row.version and fact.digest != row.digest and not same


def _goes_further(row: Row, fact: Fact) -> bool:
    """Issued and paid within one second: the same document at the same version, but policy takes this fact further."""
    same = fact.version == row.version and fact.digest == row.digest
    return same and _is_further(row.last_step, row, fact)


def _is_further(step: Step, row: Row, fact: Fact) -> bool:
    """Policy takes this fact beyond `step`: approves what was a draft, pays, or registers what came in since."""
    more = step == "pay" and row.paid is not None and fact.paid is not None and fact.paid > row.paid
    return more or _RANK[fact.last_step] > _RANK[step]


def waits_beside(row: Row, fact: Fact) -> bool:
    """A later version of what is reviewed or dead and may stand in Holded: it can neither be written now nor be forgotten."""
    stopped = row.state in {"review", "dead"} and may_stand(row) and row.event_id != fact.event_id
    differs = fact.digest != row.digest or _is_further(row.last_step, row, fact)
    return stopped and differs and (fact.monotone or fact.version >= row.version)


def _on_confirmed(row: Row, fact: Fact) -> Decision:
    if fact.event_id == row.event_id:
        # Whatever settings say by now, this event has had its effect.
        return Decision("done", "duplicate")
    if fact.digest == row.digest:
        return Decision("advance") if _is_further(row.step, row, fact) else Decision("done", "duplicate")
    if fact.version < row.version:
        return Decision("done", "superseded")
    if fact.version == row.version and row.event_id:  # of what was left standing only the age is known
        # Two contents of one version cannot be ordered, and the written one may be either.
        return Decision("judge", CONFLICT)
    return Decision("update")
