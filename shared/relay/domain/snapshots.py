"""What was last seen of one object of Holded's, and what another look at it tells: the decision is pure.

    snapshot          shown                                  told (one event each, one version together)
    none, first pass  anything                               nothing: there is no state before it to differ from
    none              anything                               created, and approved or paid where it is
    any               the same fields                        nothing; a fingerprint of an older rule is renewed
    any               approved, paid, partly paid by now     that; the event's data shows whatever else changed with it
    any               another difference                     updated
    any               what our own ledger wrote since        nothing: the snapshot learns it
    any               no longer there                        deleted
    any               what Holded says is older, minutes on  nothing: a copy of Holded's lags behind
    paid, approved    by a list, less so, minutes on         nothing: as before
    deleted           by a list, there, minutes on           nothing: as before

`number` counts the states that were seen of the object: it is the version of the events and the condition of the write,
so that a webhook's re-read and a poll that saw the same thing are one event, and the slower of two writes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping
    from decimal import Decimal

Unseen = Literal["silent", "created", "updated", "approved"]
"""What is told of an object that has no snapshot: nothing in a first pass; where a webhook asks, its own word."""

DAY_MS = 24 * 3600_000
REFRESH_MS = 30 * DAY_MS
"""An unchanged snapshot is written again when it is older than this: it would be forgotten in time, and its object be new."""
LAG_MS = 10 * 60_000
"""What a look shows may be older, by Holded's own `updated_at`, than what another has shown: for so long it is a copy of
Holded's that lags. After that it is believed, or an object whose time went back would never be seen again.
"""
UNLISTED_MS = (7 * DAY_MS, 28 * DAY_MS, 92 * DAY_MS)
"""How long an object is left alone that no list shows and a read does, an archived contact: longer each time in a row."""
_PAID = ("unpaid", "partially_paid", "paid")
DOUBT_MS = 3600_000
"""A document with our reference that no row of ours names is left alone this long at least: its writer may have died over it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """`seen_ms` is when the request that showed it was sent. `number` 0: seen, but nothing is concluded from it yet.

    `approved`: True is for ever, False is told of once it turns True, None is not known (or never approved) and learned.
    `updated_ms`: Holded's own time of the change that was seen, 0 where it tells none: it orders looks, and no more, because
    nothing says that every change moves it. `data` is the unified model as JSON, what a deletion can still tell. `missed_ms`
    is the start of the complete pass that did not show the object any more, where Holded has no read by id to ask; `doubt_ms`
    when it was left alone first. `unlisted`: so many times in a row a complete pass did not show it and a read by its id did,
    the last time at `unlisted_ms`.
    """

    number: int
    seen_ms: int
    fingerprint: str = ""
    approved: bool | None = None
    payment: str | None = None
    gone: bool = False
    updated_ms: int = 0
    missed_ms: int = 0
    doubt_ms: int = 0
    unlisted: int = 0
    unlisted_ms: int = 0
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """One look at an object. `sent_ms` is when its request left: what it shows is not older than that.

    `earlier` are its fingerprints by the rules before the present one, of which a snapshot of their time holds one.
    """

    fingerprint: str
    sent_ms: int
    earlier: tuple[str, ...] = ()
    updated_ms: int = 0
    approved: bool | None = None
    payment: str | None = None
    total: Decimal | None = None
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ours:
    """What our own ledger wrote of the object, and when Holded last answered such a write.

    `doubted`: a write of ours has no answer, not even a person's. Whatever shows meanwhile may be that write's doing.
    """

    written_ms: int
    total: Decimal | None = None
    approved: bool = False
    paid: bool = False
    doubted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """The snapshot to be written, and the verbs of the events that go with it (none: it is written silently)."""

    snapshot: Snapshot
    verbs: tuple[str, ...]


def is_stale(
    before: Snapshot | None,
    sent_ms: int,
    *,
    updated_ms: int = 0,
    page: bool = False,
    approved: bool | None = None,
    listed: str | None = None,
) -> bool:
    """Somebody saw the object with a later request, or a later state of it a moment ago: what this one showed is history.

    `page`: a list shows it, `approved` or not and with the payment `listed`; a read is believed at once. A document has no
    `updated_at`: there a payment that is taken back is the sign, or an approval, and of anything that it is gone.
    """
    if before is None:
        return False
    is_older = 0 < updated_ms < before.updated_ms or _takes_back(before, listed) or (page and _undoes(before, approved))
    is_behind = is_older and sent_ms - before.seen_ms < LAG_MS
    return before.seen_ms > sent_ms or is_behind


def _takes_back(before: Snapshot, listed: str | None) -> bool:
    known = before.payment
    return known in _PAID and listed in _PAID and _PAID.index(listed) < _PAID.index(known)


def _undoes(before: Snapshot, approved: bool | None) -> bool:
    return before.gone or (before.approved is True and approved is False)


def is_news(
    before: Snapshot | None,
    fingerprint: str,
    *,
    sent_ms: int,
    updated_ms: int = 0,
    approved: bool | None = None,
    listed: str | None = None,
) -> bool:
    """Whether what a page shows has to be judged at all: most of it is as it was."""
    if is_stale(before, sent_ms, updated_ms=updated_ms, page=True, approved=approved, listed=listed):
        return False
    if before is None or not before.number or before.gone or before.missed_ms or before.unlisted:
        return True
    old = sent_ms - before.seen_ms > REFRESH_MS
    moved = before.fingerprint != fingerprint or before.approved != _approval(before, approved)
    return moved or old


def is_as_before(before: Snapshot, after: Snapshot) -> bool:
    """Nothing new was seen, and nothing is worth a write."""
    same = replace(after, seen_ms=before.seen_ms, updated_ms=before.updated_ms)
    return after.seen_ms - before.seen_ms <= REFRESH_MS and same == before


def judge(before: Snapshot | None, shown: Shown, *, ours: Ours | None, unseen: Unseen, asked: bool = False) -> Told:
    """What one look at an object comes to. `asked`: a webhook that is no echo of ours says that something happened."""
    known = before if before is not None and before.number and not before.gone else None
    if known is not None and known.fingerprint in shown.earlier:
        # The same fields; what is concluded from them goes by the present rules.
        known = replace(known, fingerprint=shown.fingerprint, approved=shown.approved, payment=shown.payment)
    approved = _approval(known, shown.approved) if known is not None else _first_approval(shown, unseen)
    # A purchase may show the same fields before and after its approval. A first pass does not tell of it: were the filter
    # by which it lists drafts apart not heeded, all would be drafts first.
    was_told = known is None or known.approved in {None, approved} or unseen == "silent"
    if known is not None and known.fingerprint == shown.fingerprint and was_told:
        same = replace(known, approved=approved, seen_ms=shown.sent_ms, updated_ms=shown.updated_ms, missed_ms=0)
        return Told(snapshot=same, verbs=())
    number = before.number + 1 if before is not None else 1
    after = Snapshot(
        number=number,
        seen_ms=shown.sent_ms,
        fingerprint=shown.fingerprint,
        approved=approved,
        payment=shown.payment,
        updated_ms=shown.updated_ms,
        data=shown.data,
    )
    if ours is not None and (known is None or ours.written_ms >= known.seen_ms):
        return Told(snapshot=after, verbs=_beyond(known, shown, ours, unseen, asked=asked))
    if known is None:
        return Told(snapshot=after, verbs=_first(shown, unseen))
    return Told(snapshot=after, verbs=_moved(known.approved, known.payment, shown) or ("updated",))


def deleted(before: Snapshot | None, *, sent_ms: int) -> Told:
    """It is no longer there. What was known of it stays with the event."""
    number = before.number + 1 if before is not None else 1
    if before is not None and before.gone:
        return Told(snapshot=before, verbs=())
    return Told(snapshot=Snapshot(number=number, seen_ms=sent_ms, gone=True), verbs=("deleted",))


def missed(before: Snapshot, *, pass_ms: int) -> Told:
    """A complete pass did not show it, and Holded has no read to ask: two such passes in a row say that it is gone."""
    if before.missed_ms and before.missed_ms < pass_ms:
        return deleted(before, sent_ms=max(pass_ms, before.seen_ms))
    return Told(snapshot=replace(before, missed_ms=pass_ms), verbs=())


def placed(before: Snapshot | None, after: Snapshot, *, listed: bool, absent_ms: int = 0) -> Snapshot:
    """What a look says of the lists: a page shows that they have it, a read by its id nothing.

    `absent_ms`: the read was made then because a complete pass did not show it.
    """
    if listed or before is None:
        return replace(after, unlisted=0, unlisted_ms=0)
    if absent_ms:
        return replace(after, unlisted=before.unlisted + 1, unlisted_ms=absent_ms)
    return replace(after, unlisted=before.unlisted, unlisted_ms=before.unlisted_ms)


def rests(known: Snapshot, *, pass_ms: int) -> bool:
    """It was there when it was asked for, though no list shows it: there is no use in asking each time."""
    pause_ms = UNLISTED_MS[min(known.unlisted, len(UNLISTED_MS)) - 1]
    return known.unlisted > 0 and pass_ms - known.unlisted_ms < pause_ms


def doubtful(before: Snapshot | None, *, sent_ms: int) -> Snapshot | None:
    """A document of ours in the making: the snapshot that says so, None when it was left alone for long enough."""
    if before is None:
        return Snapshot(number=0, seen_ms=sent_ms, doubt_ms=sent_ms)
    return None if before.number or sent_ms - before.doubt_ms >= DOUBT_MS else before


def _approval(known: Snapshot, shown: bool | None) -> bool | None:
    """What is known of it after a look. Nothing undoes an approval."""
    return known.approved if known.approved or shown is None else shown


def _first_approval(shown: Shown, unseen: Unseen) -> bool | None:
    """Of what is told to be new, an approval that is not known was not told."""
    if shown.approved is not None or unseen in {"silent", "updated"}:
        return shown.approved
    return unseen == "approved"


def _first(shown: Shown, unseen: Unseen) -> tuple[str, ...]:
    if unseen == "silent":
        return ()
    if unseen != "created":
        return (unseen,)
    return ("created", *_moved(False if shown.approved is not None else None, None, shown))


def _moved(approved: bool | None, payment: str | None, shown: Shown) -> tuple[str, ...]:
    verbs = []
    if shown.approved and approved is False:
        verbs.append("approved")
    if shown.payment in {"paid", "partially_paid"} and shown.payment != payment:
        verbs.append(shown.payment)
    return tuple(verbs)


def _beyond(known: Snapshot | None, shown: Shown, ours: Ours, unseen: Unseen, *, asked: bool) -> tuple[str, ...]:
    """What is told beyond our own write, which was never seen before: whatever we did not do ourselves."""
    if unseen == "silent" and known is None:
        return ()
    approved = ours.approved or bool(known and known.approved)
    # Of a total of nothing there is nothing to pay: approval is all it takes.
    settled = ours.paid or (shown.total is not None and not shown.total)
    payment = "paid" if settled else known.payment if known is not None else None
    verbs = _moved(None if shown.approved is None else approved, payment, shown)
    if ours.total is not None and shown.total is not None and ours.total != shown.total:
        return verbs or ("updated",)
    return verbs or (("updated",) if asked else ())
