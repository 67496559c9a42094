"""Bringing a dead row back, or ending it for good: pure transitions, written by whoever holds its `rev`."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from relay.domain import transitions
from relay.domain.decisions import BY_HAND, IN_DOUBT, may_stand
from relay.domain.ledger import STANDING, Key

if TYPE_CHECKING:
    from relay.domain.ledger import Row

FROM_QUEUE = "dead-letters"
"""Source of the rows that index messages of a dead-letter queue; every other dead row used up its own attempts."""
DISCARDED = f"{BY_HAND}_discarded"
_OF_ITS_OWN = frozenset({"replay", *STANDING})


def key(account: str, name: str) -> Key:
    """Of the row that indexes a message: `name` is the event it names, else the message's own id."""
    return Key(account=account, source=FROM_QUEUE, object_id=name, purpose="dead")


def revived(row: Row, *, now_ms: int, settle_ms: int, reason: str) -> Row:
    """Back to the waiting room with all its attempts, in class `background`.

    What may stand in Holded goes back to `unknown`, never to `waiting`: it is looked for, after the fence of its last
    claim, before anything is written.
    """
    doubt = may_stand(row)
    back = replace(
        row,
        state="unknown" if doubt else "waiting",
        rev=row.rev + 1,
        updated_ms=now_ms,
        priority="background",
        owner="",
        attempts=0,
        seen_empty=0,
        due_ms=now_ms,
        indexed=True,
    )
    if doubt:
        named = row.reason if row.reason.startswith(IN_DOUBT) else f"{IN_DOUBT}_{row.reason}"
        fence_ms = row.lease_until_ms + settle_ms if row.lease_until_ms else 0
        return replace(back, due_ms=max(now_ms, fence_ms), reason=named)
    return back if row.kind in _OF_ITS_OWN else replace(back, reason=reason)


def discarded(row: Row, *, now_ms: int, note: str) -> Row:
    """Ended for good. Whoever calls has refused what may stand in Holded."""
    done = transitions.ended(row, now_ms=now_ms, state="ignored", reason=DISCARDED)
    return replace(done, detail=note[:1000])


def cleared(row: Row, *, now_ms: int, end: str) -> Row:
    """The event that a dead letter names has found its end by another way: a redrive, the sweeper, a replay."""
    return transitions.ended(row, now_ms=now_ms, state="superseded", reason=end)
