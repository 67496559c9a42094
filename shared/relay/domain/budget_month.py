"""The month's share of the budget: what each class may still use of it, paced by the forecast of `fiscal`.

`fiscal` may use all that is left. `normal` may use what `fiscal` and other programs will not need by the end of the
month at the pace seen so far, and `background` what `normal` will not need either. Both are spread over the month
(`LEAD_MS`: how many days ahead of an even pace they may run), so that a replay on the first of the month does not leave
the polls of the thirtieth without a call. A small part of the month (`UNPACED`) is free of the forecast: after a busy
first hour it is a guess, and the sweep that settles unknown outcomes must not stop because of a guess.

What webhooks of Holded ask for is a part of `background` (`part_of_background`): thirty changes a day would take all of a
small month, and what no webhook tells would not be seen.

Holded's month is a calendar month (`/usage` names it `2026-10`, Holded facts 8.1); whether it turns at midnight in
Madrid or UTC is not known. So the old month counts until it has turned in UTC, and what is granted from two hours
earlier on (Madrid is never further ahead) counts in both.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Callable

Counts = tuple[int, int, int]  # fiscal, normal, background

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
LEAD_MS: Counts = (0, 3 * DAY_MS, DAY_MS)
UNPACED: Counts = (0, 20, 50)  # one part in so many of the month's limit
UNPACED_PART = 100  # the same of a part of `background`: half of what is free of the forecast stays for the rest
LEAST_ELAPSED_MS = DAY_MS  # a pace is not taken from less than a day


@dataclass(frozen=True, slots=True, kw_only=True)
class Month:
    """One month of one company. `since_ms` is when counting began in it."""

    limit: int
    start_ms: int
    since_ms: int
    used: Counts
    foreign: int
    refused_until_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """`expected` is what each class comes to by the month's end at its pace, `expected_foreign` the same of others.

    `ends_on` is the day (ISO, UTC) on which the quota is used up by `fiscal` and other programs (the rest gives way to
    them), None when it lasts the month.
    """

    limit: int
    used: int
    left: int
    by_class: Counts
    foreign: int
    expected: Counts
    expected_foreign: int
    ends_on: str | None


def month_start(at_ms: int) -> int:
    """The start of the UTC month that holds an instant."""
    day = datetime.fromtimestamp(at_ms // 1000, UTC)
    return int(datetime(day.year, day.month, 1, tzinfo=UTC).timestamp()) * 1000


def month_end(start_ms: int) -> int:
    """The start of the month after."""
    return month_start(start_ms + 32 * DAY_MS)


def turning_from(start_ms: int) -> int:
    """From this instant on Holded may already count the next month."""
    return month_end(start_ms) - 2 * HOUR_MS


def room(month: Month, at_ms: int, cls: int) -> tuple[int, Literal["month", "pace"]]:
    """Tokens the month has for a class at an instant in it, and what to say when they do not suffice.

    Without new grants the number never falls as `at_ms` grows to the month's end (`first_room` needs that).
    """
    if month.refused_until_ms > at_ms:
        return 0, "month"
    left = month.limit - sum(month.used) - month.foreign
    if cls == 0:
        return left, "month"
    paced = max(_paced(month, at_ms, cls), month.limit // UNPACED[cls]) - month.used[cls]
    return (left, "month") if left <= paced else (paced, "pace")


def part_of_background(month: Month, at_ms: int, *, kept: int, most: int) -> int:
    """How many of its calls a part of `background` may have made by an instant in the month.

    `most` is that part's own share of the month, `kept` what it leaves to the rest of the class; where the class has not
    twice as much, half. Like `room` it never falls as time goes on.
    """
    whole, length, reached = _for_background(month, at_ms), *_spread(month, at_ms, 2)
    paced = min(most, max(whole - kept, whole // 2)) * reached // length
    return max(paced, min(most, month.limit // UNPACED_PART))


def first_room(month: Month, from_ms: int, to_ms: int, cls: int) -> int | None:
    """The earliest instant in [from, to) at which the month has a token for the class, None if there is none."""
    return first_instant(from_ms, to_ms, lambda at_ms: room(month, at_ms, cls)[0] >= 1)


def first_instant(from_ms: int, to_ms: int, holds: Callable[[int], bool]) -> int | None:
    """The earliest instant in [from, to) at which something holds that, once true, stays true; None if there is none."""
    low, high = from_ms, to_ms
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if holds(middle) else (middle + 1, high)
    return low if low < to_ms else None


def forecast(month: Month, now_ms: int) -> Forecast:
    used = sum(month.used) + month.foreign
    left = max(0, month.limit - used)
    elapsed = max(now_ms - month.since_ms, LEAST_ELAPSED_MS)
    firm = month.used[0] + month.foreign
    ends_at = now_ms + left * elapsed // firm if firm else None
    if ends_at is not None and ends_at >= month_end(month.start_ms):
        ends_at = None
    return Forecast(
        limit=month.limit,
        used=used,
        left=left,
        by_class=month.used,
        foreign=month.foreign,
        expected=(
            month.used[0] + _to_come(month, now_ms, month.used[0]),
            month.used[1] + _to_come(month, now_ms, month.used[1]),
            month.used[2] + _to_come(month, now_ms, month.used[2]),
        ),
        expected_foreign=month.foreign + _to_come(month, now_ms, month.foreign),
        ends_on=None if ends_at is None else datetime.fromtimestamp(ends_at // 1000, UTC).date().isoformat(),
    )


def _to_come(month: Month, at_ms: int, used: int) -> int:
    """Calls from an instant to the month's end at the pace of `used` so far, rounded up."""
    elapsed = max(at_ms - month.since_ms, LEAST_ELAPSED_MS)
    remaining = max(0, month_end(month.start_ms) - at_ms)
    return -(-used * remaining // elapsed)


def _at_worst(month: Month, at_ms: int, used: int) -> int:
    """As `_to_come`, by whole days: a shop that has slept since midnight has its day's calls before it still."""
    days = max(1, (at_ms - month.since_ms) // DAY_MS)
    remaining = -(-max(0, month_end(month.start_ms) - at_ms) // DAY_MS)
    return -(-used * remaining // days)


def _paced(month: Month, at_ms: int, cls: int) -> int:
    """How many calls a class may have used by an instant so that those before it still fit."""
    length, reached = _spread(month, at_ms, cls)
    if cls == 1:
        spare = _spare(month, at_ms)
        return min(spare * reached // length, spare - month.used[2])
    return _for_background(month, at_ms) * reached // length


def _for_background(month: Month, at_ms: int) -> int:
    """What the month has for `background` in all, used or not."""
    return _spare(month, at_ms) - month.used[1] - _at_worst(month, at_ms, month.used[1])


def _spare(month: Month, at_ms: int) -> int:
    firm = month.used[0] + month.foreign
    return month.limit - firm - _at_worst(month, at_ms, firm)


def _spread(month: Month, at_ms: int, cls: int) -> tuple[int, int]:
    """How long the month is, and how far into it the pace of a class has come."""
    length = max(1, month_end(month.start_ms) - month.since_ms)
    return length, min(length, max(0, at_ms - month.since_ms) + LEAD_MS[cls])
