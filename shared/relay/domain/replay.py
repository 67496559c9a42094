"""A replay as rows of the ledger: its events in parts, worked one after the other, each with its answers so far.

    part 1 (due now) -> ended, makes part 2 due -> ended ... A part that ends wakes the next before it ends itself, so a
    death between the two is made good by the same part; `cancelled` ends what is left.

A row keeps event refs and answers only: ids, numbers and reasons, no payload and no personal data.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from relay.domain import transitions
from relay.domain.ledger import Key, Row
from relay.domain.packed import gzipped, unpacked
from relay.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

MOST_REFS = 500
MOST_PARTS = 9_999
CANCELLED, REPLAYED, LIST_LOST = "cancelled", "replayed", "list_lost"
ALREADY_DONE = "already done"
_MINUTE_MS = 60_000
_ANY_SOURCE = "*"


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What a part's row holds. A ref without `#` is a delivery: all the events that today's code reads in it.

    `rate` is events a minute, 0 for as fast as tokens allow; `window_ms` and `used` count the minute that runs.
    """

    of: int
    todo: tuple[str, ...]
    done: tuple[tuple[str, str], ...] = ()
    rate: int = 0
    window_ms: int = 0
    used: int = 0

    def allowed(self, now_ms: int, most: int) -> int:
        """How many events may be brought now."""
        if not self.rate:
            return most
        used = self.used if now_ms - self.window_ms < _MINUTE_MS else 0
        return min(most, max(0, self.rate - used))

    def counted(self, taken: int, now_ms: int) -> Part:
        if not self.rate or not taken:
            return self
        if now_ms - self.window_ms < _MINUTE_MS:
            return replace(self, used=self.used + taken)
        return replace(self, window_ms=now_ms, used=taken)

    def due_ms(self, now_ms: int) -> int:
        """When this part, or the one behind it, may go on."""
        return now_ms if self.allowed(now_ms, 1) else self.window_ms + _MINUTE_MS

    def answered(self, result: str) -> Part:
        return replace(self, todo=self.todo[1:], done=(*self.done, (self.todo[0], result)))

    def opened(self, refs: Sequence[str]) -> Part:
        """The delivery at the front becomes its events."""
        return replace(self, todo=(*refs, *self.todo[1:]))

    def put_off(self) -> Part:
        """The event at the front cannot be answered yet: the others first."""
        return replace(self, todo=(*self.todo[1:], self.todo[0]))


def pack(part: Part) -> bytes:
    kept = {
        "of": part.of, "todo": part.todo, "done": part.done,
        "rate": part.rate, "window_ms": part.window_ms, "used": part.used,
    }  # fmt: skip
    return gzipped(json.dumps(kept, separators=(",", ":"), ensure_ascii=False).encode())


def unpack(kept: bytes) -> Part:
    """Raises `BadInput` for what `pack` did not make."""
    try:
        read = unpacked(kept)
        return Part(
            of=int(read["of"]),
            todo=tuple(map(_text, read["todo"])),
            done=tuple((_text(ref), _text(result)) for ref, result in read["done"]),
            rate=int(read["rate"]),
            window_ms=int(read["window_ms"]),
            used=int(read["used"]),
        )
    except (ValueError, KeyError, TypeError, OverflowError):
        detail = f"{len(kept)} bytes, expected a gzipped list of events"
        raise BadInput("replay_unreadable", field="event", detail=detail) from None


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError
    value.encode()  # half a character could not be packed again
    return value


def part_key(account: str, replay_id: str, number: int) -> Key:
    return Key(account=account, source=_ANY_SOURCE, object_id=replay_id, purpose=f"replay.{number:04d}")


def number_of(key: Key) -> int:
    return int(key.purpose.rpartition(".")[2])


def chunks(refs: Sequence[str]) -> list[tuple[str, ...]]:
    """The events of each part. Raises `BadInput` for no or too many events."""
    unique = list(dict.fromkeys(refs))
    parts = [tuple(unique[start : start + MOST_REFS]) for start in range(0, len(unique), MOST_REFS)]
    if not 0 < len(parts) <= MOST_PARTS:
        detail = f"{len(unique)} events, expected 1 to {MOST_PARTS * MOST_REFS}: choose a shorter time"
        raise BadInput("replay_size", field="events", detail=detail)
    return parts


def parts_of(account: str, replay_id: str, refs: Sequence[str], *, rate: int, now_ms: int) -> list[Row]:
    """The rows of a new replay, first part first; only that one is due. Raises as `chunks`."""
    parts = chunks(refs)
    return [
        Row(
            key=part_key(account, replay_id, number),
            state="waiting",
            kind="replay",
            priority="background",
            created_ms=now_ms,
            updated_ms=now_ms,
            due_ms=now_ms if number == 1 else 0,
            reason="replay" if number == 1 else "replay_queued",
            detail=f"{len(chunk)} events",
            event=pack(Part(of=len(parts), todo=chunk, rate=rate)),
            indexed=True,
        )
        for number, chunk in enumerate(parts, start=1)
    ]


def moved(row: Row, part: Part, *, now_ms: int, due_ms: int) -> Row:
    """The part with its answers so far. What it achieved forgives the failures before."""
    return replace(
        row,
        rev=row.rev + 1,
        updated_ms=now_ms,
        due_ms=due_ms,
        reason="replay",
        attempts=0,
        event=pack(part),
        detail=f"{len(part.done)} of {len(part.done) + len(part.todo)} events: {summary(part.done)}",
    )


def released(row: Row, *, now_ms: int, due_ms: int) -> Row:
    """The part before has ended."""
    return replace(row, rev=row.rev + 1, updated_ms=now_ms, due_ms=due_ms, reason="replay")


def ended(row: Row, *, now_ms: int, reason: str) -> Row:
    """Done, cancelled, or its list is gone; the answers stay."""
    done = transitions.ended(row, now_ms=now_ms, state="ignored", reason=reason)
    if not row.event:
        return replace(done, detail="the list of its events is gone: start the replay again")
    try:
        part = unpack(row.event)
    except BadInput:
        return replace(done, detail="the list of its events cannot be read: start the replay again")
    left = f"; {len(part.todo)} not brought" if part.todo else ""
    return replace(done, event=row.event, detail=f"{len(part.done)} events: {summary(part.done)}{left}")


def summary(done: Iterable[tuple[str, str]]) -> str:
    """`10 already done, 2 document, 1 review`: answers by their first word."""
    return ", ".join(f"{count} {word}" for word, count in sorted(counted(done).items()))


def counted(done: Iterable[tuple[str, str]]) -> Mapping[str, int]:
    return Counter(result.partition(":")[0] for _, result in done)
