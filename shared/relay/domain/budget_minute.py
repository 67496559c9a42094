"""The minute's share of the budget: what each class may take of the window that slides behind the present.

The minute is divided 70/20/5 between `fiscal`, `normal` and `background`, and 5 % (at least 2) is a reserve for
`fiscal`. A share that nobody asks for is lent to whoever asks. A class that asked is remembered with the number it
still wants (`unmet`: what it was refused, or as much again as it just got). From then on nobody else takes tokens that
come back until it has that number or its share: what was lent is given back as it expires, one window later at most. Only a
class before it takes them still, up to its own share: where a third has borrowed, two claims would else keep the same
tokens from each other. `normal` and `background` leave the reserve untouched while `fiscal` has not used that much itself; below their own
share they may go on when it has, so that nothing starves.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from relay.domain.budget_month import Counts

WINDOW_MS = 60_000
FISCAL = 0

SLOT_MS = 250
_MANY = 128  # slots: an item of more would outgrow one write unit
_COARSE = 3  # a slot's last bits: with them set, it is the last slot of its second

Slot = tuple[int, int, int]  # (slot of the latest possible use, class index, count)


@dataclass(frozen=True, slots=True, kw_only=True)
class Minute:
    """`left` is what Holded said remains, which counts until `left_until_ms`; `unmet` what classes still want."""

    limit: int
    recent: tuple[Slot, ...]
    skew_ms: int
    left: int
    left_until_ms: int
    unmet: Counts
    unmet_until_ms: Counts


def reserve(limit: int) -> int:
    """What of a minute is kept for `fiscal`: 5 %, at least 2, never more than half."""
    return min(max(2, -(-limit // 20)), limit // 2)


def shares(limit: int) -> Counts:
    """The tokens each class is sure of in a minute. With the reserve they make up the limit."""
    rest = limit - reserve(limit)
    background = min(max(1, limit // 20), rest // 3)
    normal = min(max(1, limit // 5), rest // 3)
    return rest - normal - background, normal, background


def comes_back_ms(slot: Slot, skew_ms: int) -> int:
    """The first instant at which a new call cannot share a window with one of this slot."""
    return (slot[0] + 1) * SLOT_MS + WINDOW_MS + skew_ms


def slot_at(at_ms: int) -> int:
    return at_ms // SLOT_MS


def slot_of(recent: Sequence[Slot], at_ms: int, cls: int) -> tuple[int, int] | None:
    """(slot, count) of the tokens whose latest possible use was counted for this instant, None if there are none left."""
    exact = slot_at(at_ms)
    for wanted in (exact, exact | _COARSE):
        for slot, of, count in recent:
            if (slot, of) == (wanted, cls):
                return slot, count
    return None


def merged(slots: Sequence[Slot]) -> tuple[Slot, ...]:
    """Each slot and class once, in order, none empty. Many are merged into whole seconds: later, never sooner."""
    counts: dict[tuple[int, int], int] = {}
    for slot, cls, count in slots:
        counts[slot, cls] = counts.get((slot, cls), 0) + count
    found = tuple((slot, cls, count) for (slot, cls), count in sorted(counts.items()) if count)
    if len(found) <= _MANY or all(slot & _COARSE == _COARSE for slot, _, _ in found):
        return found
    return merged([(slot | _COARSE, cls, count) for slot, cls, count in found])


def room(minute: Minute, at_ms: int, cls: int) -> int:
    """Tokens for a class at an instant. Without new grants it never falls as `at_ms` grows (`first_room` needs that)."""
    free = _free(minute, at_ms, _held(minute, at_ms, cls))
    held = _held(minute, at_ms, cls, claims=range(cls))
    of_share = min(shares(minute.limit)[cls] - held[cls], _free(minute, at_ms, held))
    if cls == FISCAL:
        return max(free, of_share)
    kept = reserve(minute.limit)
    untouched = max(0, kept - held[FISCAL])
    return max(free - kept, min(of_share, _free(minute, at_ms, held) - untouched))


def held_back_by_reserve(minute: Minute, at_ms: int, cls: int) -> bool:
    """Whether a class without room would have some if nothing were kept for `fiscal`."""
    return cls != FISCAL and _free(minute, at_ms, _held(minute, at_ms, cls)) >= 1


def first_room(minute: Minute, from_ms: int, cls: int) -> int:
    """The earliest instant from `from_ms` on with a token for the class."""
    instants = {from_ms, minute.left_until_ms, *minute.unmet_until_ms}
    instants.update(comes_back_ms(slot, minute.skew_ms) for slot in minute.recent)
    coming = sorted(at for at in instants if at >= from_ms)
    low, high = 0, len(coming) - 1
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if room(minute, coming[middle], cls) >= 1 else (middle + 1, high)
    return coming[low]


def _held(minute: Minute, at_ms: int, cls: int, *, claims: Iterable[int] = range(3)) -> list[int]:
    """Per class: what it has in the window, and for the others (of `claims`) what they are owed of their shares as well."""
    held = [0, 0, 0]
    for slot in minute.recent:
        if comes_back_ms(slot, minute.skew_ms) > at_ms:
            held[slot[1]] += slot[2]
    share = shares(minute.limit)
    for other in claims:
        if other != cls and minute.unmet_until_ms[other] > at_ms:
            held[other] += min(max(0, share[other] - held[other]), minute.unmet[other])
    return held


def _free(minute: Minute, at_ms: int, held: list[int]) -> int:
    free = minute.limit - sum(held)
    return min(free, minute.left) if minute.left_until_ms > at_ms else free
