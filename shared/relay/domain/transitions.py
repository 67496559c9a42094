"""What becomes of a ledger row: pure transitions.

Each returns the row to write, with `rev` grown by one; the caller writes it only if the stored rev is the old one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from relay.domain.decisions import IN_DOUBT
from relay.domain.ledger import Key, Row, Step, marker_of

if TYPE_CHECKING:
    from decimal import Decimal

    from relay.domain.decisions import Fact

SEEN_EMPTY_TWICE = 2
MAX_ATTEMPTS = 8
"""Of our own machine's trouble with one row: about an hour."""
MAX_REFUSALS = 40
"""Of Holded's trouble (5xx, no answer): about a day, so that its outage of some hours leaves nothing dead."""
PARENT_PATIENCE_MS = 7 * 24 * 3600 * 1000
CREATE_ANYWAY = f"{IN_DOUBT}_create_anyway"
"""The reason of a doubt in which a person said to create: our marker is looked for once more, a look-alike is not asked about."""
_FIRST_LOOK_MS = 10 * 60_000
_RAREST_LOOK_MS = 12 * 3600_000
_FIRST_BACKOFF_MS = 30_000
_LONGEST_BACKOFF_MS = 3600_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """Who claims, and the fence of the claim: nobody concludes anything before the lease's end and SETTLE."""

    owner: str
    lease_until_ms: int
    settle_ms: int


def claimed(row: Row | None, fact: Fact, *, step: Step, hold: Hold, now_ms: int, contact_id: str = "") -> Row:
    """The claim is `sent`. A row taken out of the work index stays in it, to be looked at when the lease and SETTLE are over."""
    # The inbox item of a replayed event has its end already: the work index is the only net it has.
    indexed = fact.again or (row is not None and row.indexed)
    base = row or Row(key=fact.key, state="sent", rev=0, created_ms=now_ms, updated_ms=now_ms)
    return replace(
        _with_fact(base, fact),
        state="sent",
        rev=base.rev + 1,
        updated_ms=now_ms,
        step=step,
        marker=marker_of(fact.key),
        owner=hold.owner,
        lease_until_ms=hold.lease_until_ms,
        due_ms=hold.lease_until_ms + hold.settle_ms if indexed else 0,
        indexed=indexed,
        reason="",
        detail="",
        seen_empty=0,
        parent="",
        contact_id=contact_id or base.contact_id,
        # Straight from a message the inbox still holds the event: a smaller row is a cheaper claim.
        event=fact.event if indexed else b"",
    )


def taken_over(row: Row, *, hold: Hold, now_ms: int) -> Row:
    """A later step of a document that another drain began: claimed anew before it is sent, as the first step was."""
    return replace(
        row,
        state="sent",
        rev=row.rev + 1,
        updated_ms=now_ms,
        owner=hold.owner,
        lease_until_ms=hold.lease_until_ms,
        due_ms=hold.lease_until_ms + hold.settle_ms if row.indexed else 0,
        reason="",
        detail="",
    )


def _with_fact(row: Row, fact: Fact) -> Row:
    return replace(
        row,
        last_step=fact.last_step,
        attempts=row.attempts if row.event_id == fact.event_id and not fact.again else 0,
        kind=fact.kind,
        priority=fact.priority,
        event_id=fact.event_id,
        event_type=fact.event_type,
        version=fact.version,
        digest=fact.digest,
        doc_type=fact.doc_type,
        total=fact.total,
        paid=fact.paid,
        currency=fact.currency,
        site=fact.site or row.site,
        split=fact.split,
        lines=fact.lines,
        document_date=fact.document_date,
        event=fact.event,
    )


def stepped(row: Row, *, step: Step, now_ms: int, holded_id: str) -> Row:
    """One step of the saga answered; the next is about to be sent."""
    return replace(row, rev=row.rev + 1, step=step, holded_id=holded_id, updated_ms=now_ms, written_ms=now_ms)


def confirmed(row: Row, *, now_ms: int, holded_id: str, number: str = "", wrote: bool = True) -> Row:
    """The end of the road: the row keeps ids, digests, amounts and its last step, and drops its copy of the event."""
    return replace(
        row,
        state="confirmed",
        rev=row.rev + 1,
        updated_ms=now_ms,
        owner="",
        lease_until_ms=0,
        due_ms=0,
        reason="",
        detail="",
        attempts=0,
        seen_empty=0,
        parent="",
        holded_id=holded_id,
        number=number or row.number,
        written_ms=now_ms if wrote else row.written_ms,
        pending_event_id="",
        event=b"",
        indexed=False,
    )


def left_standing(row: Row, *, now_ms: int, total: Decimal | None, contact_id: str = "") -> Row:
    """Confirmed as the document was found, where this version could not be written into it. Whose contents it has is not
    known any more, so the same event, run again, is not told that it is done.
    """
    found = replace(
        row, total=total, contact_id=contact_id or row.contact_id, split="", lines="", event_id="", digest=""
    )
    return confirmed(found, now_ms=now_ms, holded_id=row.holded_id, wrote=False)


def parked(
    row: Row | None, fact: Fact, *, now_ms: int, due_ms: int, reason: str, detail: str = "", failed: bool = False
) -> Row:
    """Into the waiting room until `due_ms`. Only Holded's trouble (`failed`) uses an attempt; the last one ends in `dead`.

    A row in doubt that cannot be looked at now stays in doubt: waiting must never turn into a second document.
    """
    base = _with_fact(row or Row(key=fact.key, state="waiting", rev=0, created_ms=now_ms, updated_ms=now_ms), fact)
    attempts = base.attempts + (1 if failed else 0)
    dead = failed and attempts >= MAX_REFUSALS
    doubtful = row is not None and row.state == "unknown"
    if row is not None and doubtful:
        # What was sent is what must be looked for, whatever today's settings would make of the event.
        base = replace(row, event=row.event or fact.event)
        reason = row.reason if row.reason == CREATE_ANYWAY else in_doubt(reason)
    return replace(
        base,
        state="dead" if dead else "unknown" if doubtful else "waiting",
        rev=base.rev + 1,
        updated_ms=now_ms,
        owner="",
        lease_until_ms=0,
        due_ms=0 if dead else due_ms,
        reason=reason,
        detail=detail,
        attempts=attempts,
        indexed=True,
    )


def in_doubt(reason: str) -> str:
    """The reason of a row whose document may stand in Holded: `IN_DOUBT`, and why."""
    return reason if reason.startswith(IN_DOUBT) else f"{IN_DOUBT}_{reason}"


def troubled(row: Row, *, now_ms: int, due_ms: int, reason: str) -> Row:
    """Our own machine failed over this row. What may stand in Holded stays in doubt; only the attempts are counted."""
    attempts = row.attempts + 1
    dead = attempts >= MAX_ATTEMPTS
    if row.state in {"sent", "unknown"}:
        reason = in_doubt(reason)
    return replace(
        row,
        state="dead" if dead else row.state,
        rev=row.rev + 1,
        updated_ms=now_ms,
        due_ms=0 if dead else due_ms,
        reason=reason if dead or row.state == "waiting" else row.reason,
        attempts=attempts,
        indexed=True,
    )


def look_for_parent_ms(created_ms: int, now_ms: int) -> int:
    """When a waiting child looks by itself, in case the parent's confirmation died before releasing it: ever more rarely."""
    waited = min(max(now_ms - created_ms, _FIRST_LOOK_MS), _RAREST_LOOK_MS)
    patience_ms = created_ms + PARENT_PATIENCE_MS
    return min(now_ms + waited, patience_ms) if now_ms < patience_ms else now_ms + waited


def child_of(row: Row, parent: Key) -> Row:
    """A waiting row that the parent's confirmation releases; its own `due_ms` is only the end of patience."""
    return replace(row, parent=str(parent))


def doubted(row: Row, *, event: bytes, now_ms: int, settle_ms: int) -> Row:
    """The request left and no whole answer came: looked at again when the lease is over and Holded has settled."""
    return replace(
        row,
        state="unknown",
        rev=row.rev + 1,
        updated_ms=now_ms,
        due_ms=max(row.lease_until_ms, now_ms) + settle_ms,
        reason=IN_DOUBT,
        event=event,
        indexed=True,
    )


def seen_empty(row: Row, *, event: bytes, now_ms: int, again_ms: int) -> Row:
    """Looked and found nothing: once is not enough, Holded's lists may lag."""
    return replace(
        row,
        state="unknown",
        rev=row.rev + 1,
        updated_ms=now_ms,
        seen_empty=row.seen_empty + 1,
        due_ms=now_ms + again_ms,
        reason=row.reason or IN_DOUBT,
        event=event,
        indexed=True,
    )


def reviewed(row: Row | None, fact: Fact, *, now_ms: int, reason: str, detail: str) -> Row:
    """A human must judge. The row keeps its copy of the event, so that it can be run again when the cause is mended."""
    base = _with_fact(row or Row(key=fact.key, state="review", rev=0, created_ms=now_ms, updated_ms=now_ms), fact)
    if row is not None and row.state == "unknown":
        reason = in_doubt(reason)
        # As in `parked`: what may stand is what was sent, and a later look needs its day and total.
        base = replace(row, event=row.event or fact.event)
    return replace(
        base,
        state="review",
        rev=base.rev + 1,
        updated_ms=now_ms,
        owner="",
        lease_until_ms=0,
        due_ms=0,
        reason=reason,
        detail=detail[:1000],
        indexed=True,
    )


def stranded(row: Row, *, now_ms: int) -> Row:
    """A row that is due and holds no event any more: nothing but a human can go on with it."""
    reason = "event_lost"
    return replace(
        row,
        state="review",
        rev=row.rev + 1,
        updated_ms=now_ms,
        owner="",
        lease_until_ms=0,
        due_ms=0,
        reason=in_doubt(reason) if row.state in {"sent", "unknown"} else reason,
        detail="the copy of the event is gone: send it again from its source",
        indexed=True,
    )


def ended(row: Row, *, now_ms: int, state: Literal["ignored", "superseded"], reason: str) -> Row:
    """Nothing to do is an end too, and is recorded."""
    return replace(
        row,
        state=state,
        rev=row.rev + 1,
        updated_ms=now_ms,
        due_ms=0,
        reason=reason,
        event=b"",
        indexed=False,
        owner="",
    )


def never_written(fact: Fact, *, now_ms: int, reason: str, row: Row | None = None) -> Row:
    """A sale called off before any of it came, or while it (`row`) waited: an older version that comes later, or again, is
    compared with this.
    """
    base = row or Row(key=fact.key, state="ignored", rev=0, created_ms=now_ms, updated_ms=now_ms)
    return ended(_with_fact(base, fact), now_ms=now_ms, state="ignored", reason=reason)


def backoff_ms(attempts: int, *, jitter: float, longest_ms: int = _LONGEST_BACKOFF_MS) -> int:
    """Exponential, capped (at an hour without another word), spread by `jitter` in [0, 1) so that rows do not come back in
    lock-step.
    """
    base = min(longest_ms, _FIRST_BACKOFF_MS * 2 ** min(attempts, 10))
    return int(base * (0.5 + jitter / 2))
