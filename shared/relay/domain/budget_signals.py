"""What Holded says of the quota, worked into the budget: other programs spend the same one.

Headers, refusals and `/usage` only ever lower what is granted. It rises again when a window is seen to reset: the
minute's at the instant Holded named or with a signal of a later window, the month's when the month turns. An answer
that comes late, or a clock ahead of Holded's, brings the old month's word into the new one: it is dropped (`_of_before`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal

from relay.domain.budget import CLASSES, USE_WITHIN_MS, month_limit, roll
from relay.domain.budget_minute import WINDOW_MS, merged, slot_at, slot_of
from relay.domain.budget_month import DAY_MS, HOUR_MS, month_end

if TYPE_CHECKING:
    from relay.domain.budget import Budget
    from relay.domain.documents import Priority

Window = Literal["minute", "month"]

SAME_WINDOW_MS = 1_500  # resets are told in whole seconds: two that differ by less are one
TURN_MS = 6 * HOUR_MS  # so long after its start a month may still hear the word of the one before


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """`X-RateLimit-*` of one answer (Holded facts 8.1); None for what it did not say. `reset_ms` is an instant."""

    window: Window
    limit: int | None = None
    remaining: int | None = None
    reset_ms: int | None = None


def answered(budget: Budget, *, now_ms: int, granted_ms: int, priority: Priority) -> Budget:
    """A call on a token of the grant of `granted_ms` has been answered, so it was used by now: it comes back a window later.

    Sooner than was assumed if it was used at once, and later if it was used late. Only while its holder has the lease.
    """
    rolled = roll(budget, now_ms)
    cls = CLASSES.index(priority)
    found = slot_of(rolled.recent, granted_ms + USE_WITHIN_MS, cls)
    if found is None:
        return rolled
    moved = [*rolled.recent, (found[0], cls, -1), (slot_at(rolled.last_ms), cls, 1)]
    return replace(rolled, recent=merged(moved))


def observe(budget: Budget, *, now_ms: int, signal: Signal) -> Budget:
    """Work in the headers of an answer."""
    rolled = roll(budget, now_ms)
    limit = signal.limit if signal.limit is not None and signal.limit > 0 else None
    if signal.window == "month":
        if _of_before(rolled, signal.reset_ms):
            return rolled
        told = limit or month_limit(rolled)
        used = 0 if signal.remaining is None else told - max(0, signal.remaining)
        return _month_used(rolled, used=used, limit=limit)
    now = rolled.last_ms
    until = _minute_reset(rolled, signal.reset_ms)
    reset_seen = rolled.minute_until_ms <= now or until > rolled.minute_until_ms + SAME_WINDOW_MS
    if limit is not None and (reset_seen or limit < (rolled.seen_minute or limit + 1)):
        rolled = replace(rolled, seen_minute=limit)
    if signal.remaining is None:
        return rolled
    remaining = max(0, signal.remaining)
    if reset_seen:
        return replace(rolled, minute_left=remaining, minute_until_ms=until)
    return replace(rolled, minute_left=min(rolled.minute_left, remaining))


def observe_refusal(
    budget: Budget, *, now_ms: int, window: Window, retry_at_ms: int | None, limit: int | None = None
) -> Budget:
    """Work in a 429. `retry_at_ms` is what Holded named, None if nothing; it is honoured within the bounds of the window.

    A month's refusal with no instant, or one in the past, lasts an hour at least: each look costs a refused call. With no
    instant it lasts the month, but for its first hours, in which it may be the word of the month before.
    """
    rolled = observe(budget, now_ms=now_ms, signal=Signal(window=window, limit=limit))
    now = rolled.last_ms
    if window == "minute":
        until = max(_minute_reset(rolled, retry_at_ms), rolled.minute_until_ms)
        return replace(rolled, minute_left=0, minute_until_ms=until)
    turns = month_end(rolled.month_start_ms) + rolled.skew_ms
    whole = retry_at_ms is None and now >= rolled.month_start_ms + TURN_MS
    named = turns if whole else max(retry_at_ms or 0, min(now + HOUR_MS, turns))
    return replace(rolled, month_until_ms=max(min(named, now + 32 * DAY_MS), rolled.month_until_ms))


def observe_usage(
    budget: Budget, *, now_ms: int, used: int, limit: int | None = None, period: str | None = None
) -> Budget:
    """Work in `GET /usage`: `used` counts all programs of the company, `period` is the month it names (`2026-10`).

    `limit` may be the ceiling of paid overage instead of the plan's allowance (Holded facts 8.1), so it only lowers ours.
    A period that is not the budget's month is ignored.
    """
    rolled = roll(budget, now_ms)
    if period is not None and _month_of(period) != rolled.month_start_ms:
        return rolled
    return _month_used(rolled, used=used, limit=limit if limit is not None and limit > 0 else None)


def _of_before(budget: Budget, reset_ms: int | None) -> bool:
    """Whether a word on the month is one of the month before: it resets in the past, or in this month's first hours.

    In those hours a word without an instant proves nothing either; the next one does.
    """
    turned = budget.month_start_ms + TURN_MS
    if reset_ms is None:
        return budget.last_ms < turned
    return reset_ms <= max(budget.last_ms, turned)


def _month_used(budget: Budget, *, used: int, limit: int | None) -> Budget:
    seen = budget.seen_month if limit is None else min(limit, budget.seen_month or limit)
    return replace(budget, seen_month=seen, foreign=max(budget.foreign, used - sum(budget.used)))


def _minute_reset(budget: Budget, reset_ms: int | None) -> int:
    """The instant a minute's word ends: never more than a window away, and late by the clocks' disagreement."""
    now = budget.last_ms
    named = now + WINDOW_MS if reset_ms is None else min(max(reset_ms, now), now + WINDOW_MS)
    return named + budget.skew_ms


def _month_of(period: str) -> int | None:
    try:
        first = datetime.strptime(period, "%Y-%m").replace(tzinfo=UTC)
    except ValueError:
        return None
    return int(first.timestamp()) * 1000
