"""The budget of one Holded company: how many calls may go out now, and when the next one may.

Holded counts per minute and per month over all keys of a company, v1 and v2 alike (Holded facts 8.1), in windows whose
phase is unknown. So a token does not drip back: it comes back when its call can no longer share a 60 s window with a
new one, whatever the phase, fixed or sliding.

    granted           latest use                                    comes back
    |--- USE_WITHIN ---|--- rest of its slot ---|--- WINDOW ---|--- skew ---|

A call that was answered lowers its token's latest use to the present (`budget_signals.answered`), and a token that was
never sent is taken back (`forfeit`); a holder that died leaves both as they are.

Classes have shares of the minute (`relay.domain.budget_minute`) and are paced over the month (`budget_month`).

Everything is an integer, milliseconds since 1970 where the name ends in `_ms`, and no function reads a clock. Clocks of
different writers may disagree: the budget never goes back in time, tolerates `SKEW_MS` between any two of them, and a
disagreement beyond it that it witnesses (a caller behind the last one) widens the tolerance for a day.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from relay.domain import budget_minute as minutes
from relay.domain import budget_month as months
from relay.errors import BadInput

if TYPE_CHECKING:
    from relay.domain.budget_minute import Slot
    from relay.domain.budget_month import Counts
    from relay.domain.documents import Priority

CLASSES: tuple[Priority, ...] = ("fiscal", "normal", "background")

USE_WITHIN_MS = 2_000  # a token is sent this soon after it was granted, or never
SKEW_MS = 1_000  # the clocks of two writers agree this well unless seen otherwise (Lambda hosts: well under 1 ms)
SKEW_MAX_MS = 10_000
CLAIM_MS = 5_000  # a class that does not come back this long after it could have gives up its claim on its share

Reason = Literal["", "minute", "month", "reserve", "pace"]
ZERO: Counts = (0, 0, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """Counts and corrections of one company. `unmet` and `unmet_until_ms` are per class, in the order of `CLASSES`."""

    per_minute: int
    per_month: int
    month_start_ms: int
    since_ms: int  # counting began here: the month's start, or later in a company's first month
    recent: tuple[Slot, ...] = ()
    used: Counts = ZERO  # this month, by class
    turning: Counts = ZERO  # the part of `used` that may fall into the next month
    rereads: int = 0  # the part of this month's `background` that webhooks of Holded asked for
    foreign: int = 0  # this month's calls of other programs, as far as Holded told
    seen_minute: int = 0  # Holded's own limits where it told them, 0: not told; they only ever lower ours
    seen_month: int = 0
    minute_left: int = 0  # what Holded said remains, less what was granted since; counts until `minute_until_ms`
    minute_until_ms: int = 0
    month_until_ms: int = 0  # refused for the month until then
    unmet: Counts = ZERO
    unmet_until_ms: Counts = ZERO
    skew_ms: int = SKEW_MS
    skew_seen_ms: int = 0
    last_ms: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Granted:
    """`count` tokens, each to be sent within `USE_WITHIN_MS` of `granted_ms` or not at all.

    When fewer than wanted were granted, `retry_at_ms` is the earliest instant at which one more can be (if nobody else
    takes one before) and `reason` says what stands in the way; otherwise they are 0 and empty.
    """

    budget: Budget
    count: int
    granted_ms: int
    retry_at_ms: int = 0
    reason: Reason = ""


def new_budget(*, per_minute: int, per_month: int, now_ms: int) -> Budget:
    """An unused budget. Raises `BadInput` for a limit below 1."""
    _check_limits(per_minute, per_month)
    return Budget(
        per_minute=per_minute,
        per_month=per_month,
        month_start_ms=months.month_start(now_ms),
        since_ms=now_ms,
        last_ms=now_ms,
    )


def with_limits(budget: Budget, *, per_minute: int, per_month: int) -> Budget:
    """The company changed its plan: what was spent stays spent, what Holded said of the old limits is forgotten, its refusals too."""
    _check_limits(per_minute, per_month)
    return replace(budget, per_minute=per_minute, per_month=per_month, seen_minute=0, seen_month=0, month_until_ms=0)


def roll(budget: Budget, now_ms: int) -> Budget:
    """Bring the budget to `now_ms`: drop what has come back or lapsed, turn the month. Never goes back in time."""
    skew, seen = budget.skew_ms, budget.skew_seen_ms
    if now_ms < budget.last_ms - SKEW_MS:
        skew = max(skew, min(budget.last_ms - now_ms + SKEW_MS, SKEW_MAX_MS))
        seen = budget.last_ms
    now = max(now_ms, budget.last_ms)
    if now >= seen + months.DAY_MS:
        skew = SKEW_MS
    rolled = budget
    if now >= months.month_end(budget.month_start_ms) + skew:
        rolled = _next_month(replace(budget, skew_ms=skew), now)
    open_claims = tuple(until > now for until in rolled.unmet_until_ms)
    capped = rolled.minute_until_ms > now
    return replace(
        rolled,
        skew_ms=skew,
        skew_seen_ms=seen if skew > SKEW_MS else 0,
        last_ms=now,
        recent=tuple(slot for slot in rolled.recent if minutes.comes_back_ms(slot, skew) > now),
        minute_left=rolled.minute_left if capped else 0,
        minute_until_ms=rolled.minute_until_ms if capped else 0,
        month_until_ms=rolled.month_until_ms if rolled.month_until_ms > now else 0,
        unmet=_where(open_claims, rolled.unmet),
        unmet_until_ms=_where(open_claims, rolled.unmet_until_ms),
    )


def grant(budget: Budget, *, now_ms: int, priority: Priority, want: int, backlog: int | None = None) -> Granted:
    """Grant up to `want` tokens to a class. The returned budget must be stored before the first token is used.

    Tokens do not keep, so they are asked for in small lots. `backlog` is how many the class could use in all: its claim
    on its share against the other classes. Not told, it is taken to want the like of `want` once more.
    """
    cls = CLASSES.index(priority)
    rolled = roll(budget, now_ms)
    now = rolled.last_ms
    of_month, month_reason = months.room(month_of(rolled), now, cls)
    count = max(0, min(want, minutes.room(_minute(rolled), now, cls), of_month))
    spent = _spend(rolled, now, cls, count)
    if want <= 0:
        return Granted(budget=spent, count=0, granted_ms=now)
    unmet = max(want, backlog or 0) - count
    if count == want:
        again = want if backlog is None else unmet
        return Granted(budget=_claim(spent, cls, again, now + CLAIM_MS), count=count, granted_ms=now)
    minute_at = minutes.first_room(_minute(spent), now, cls)
    if of_month > count:
        claimed = _claim(spent, cls, unmet, minute_at + CLAIM_MS)
        reason: Reason = "reserve" if minutes.held_back_by_reserve(_minute(spent), now, cls) else "minute"
        return Granted(budget=claimed, count=count, granted_ms=now, retry_at_ms=minute_at, reason=reason)
    # A class that the month holds back must not keep the minute's tokens from the others: it leaves no claim.
    retry_at = max(minute_at, _month_at(spent, cls))
    return Granted(
        budget=_claim(spent, cls, 0, 0), count=count, granted_ms=now, retry_at_ms=retry_at, reason=month_reason
    )


def forfeit(budget: Budget, *, now_ms: int, granted_ms: int, count: int, priority: Priority) -> Budget:
    """Take back tokens of the grant of `granted_ms` that were never sent and never will be.

    Later than `USE_WITHIN_MS` after the grant nothing comes back: the token is treated as used. What Holded said remains
    is not raised either: its word may be younger than the grant.
    """
    cls = CLASSES.index(priority)
    rolled = roll(budget, now_ms)
    slot, held = minutes.slot_of(rolled.recent, granted_ms + USE_WITHIN_MS, cls) or (0, 0)
    back = max(0, min(count, held, rolled.used[cls]))
    if back == 0 or rolled.last_ms > granted_ms + USE_WITHIN_MS:
        return rolled
    return replace(
        rolled,
        recent=minutes.merged([*rolled.recent, (slot, cls, -back)]),
        used=_plus(rolled.used, cls, -back),
        turning=_plus(rolled.turning, cls, -min(back, rolled.turning[cls])),
    )


def minute_limit(budget: Budget) -> int:
    """The limit that counts: the configured one, or Holded's own where it said a lower one."""
    return min(budget.per_minute, budget.seen_minute or budget.per_minute)


def month_limit(budget: Budget) -> int:
    """As `minute_limit`, for the month."""
    return min(budget.per_month, budget.seen_month or budget.per_month)


def forecast(budget: Budget, now_ms: int) -> months.Forecast:
    """What is used and left of the month, by class, and when it ends at this month's pace."""
    rolled = roll(budget, now_ms)
    return months.forecast(month_of(rolled), rolled.last_ms)


def ends_ms(budget: Budget) -> int:
    """When the budget's month is over for everybody's clock."""
    return months.month_end(budget.month_start_ms) + budget.skew_ms


def month_of(budget: Budget) -> months.Month:
    """What the month's arithmetic sees of a budget that was rolled."""
    return months.Month(
        limit=month_limit(budget),
        start_ms=budget.month_start_ms,
        since_ms=budget.since_ms,
        used=budget.used,
        foreign=budget.foreign,
        refused_until_ms=budget.month_until_ms,
    )


def _check_limits(per_minute: int, per_month: int) -> None:
    for field, value in (("per_minute", per_minute), ("per_month", per_month)):
        if value < 1:
            raise BadInput("limit_too_small", field=field, detail="expected a whole number of calls, at least 1")


def _next_month(budget: Budget, now: int) -> Budget:
    start = months.month_start(now - budget.skew_ms)
    follows = start == months.month_end(budget.month_start_ms)
    return replace(
        budget,
        month_start_ms=start,
        since_ms=start,
        used=budget.turning if follows else ZERO,
        turning=ZERO,
        rereads=0,
        foreign=0,
        seen_month=0,
    )


def _where(keep: tuple[bool, ...], counts: Counts) -> Counts:
    return (counts[0] * keep[0], counts[1] * keep[1], counts[2] * keep[2])


def _plus(counts: Counts, cls: int, count: int) -> Counts:
    return _put(counts, cls, counts[cls] + count)


def _put(counts: Counts, cls: int, value: int) -> Counts:
    return (
        value if cls == 0 else counts[0],
        value if cls == 1 else counts[1],
        value if cls == 2 else counts[2],
    )


def _spend(budget: Budget, now: int, cls: int, count: int) -> Budget:
    if count == 0:
        return budget
    turning = now >= months.turning_from(budget.month_start_ms) - USE_WITHIN_MS - budget.skew_ms
    return replace(
        budget,
        recent=minutes.merged([*budget.recent, (minutes.slot_at(now + USE_WITHIN_MS), cls, count)]),
        used=_plus(budget.used, cls, count),
        turning=_plus(budget.turning, cls, count) if turning else budget.turning,
        minute_left=max(0, budget.minute_left - count),
    )


def _claim(budget: Budget, cls: int, unmet: int, until_ms: int) -> Budget:
    return replace(
        budget, unmet=_put(budget.unmet, cls, unmet), unmet_until_ms=_put(budget.unmet_until_ms, cls, until_ms)
    )


def _minute(budget: Budget) -> minutes.Minute:
    return minutes.Minute(
        limit=minute_limit(budget),
        recent=budget.recent,
        skew_ms=budget.skew_ms,
        left=budget.minute_left,
        left_until_ms=budget.minute_until_ms,
        unmet=budget.unmet,
        unmet_until_ms=budget.unmet_until_ms,
    )


def _month_at(budget: Budget, cls: int) -> int:
    """The earliest instant from now on at which the month has a token for the class."""
    rolled = budget
    while True:
        ends = ends_ms(rolled)
        found = months.first_room(month_of(rolled), rolled.last_ms, ends, cls)
        if found is not None:
            return found
        rolled = roll(rolled, ends)
