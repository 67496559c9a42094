"""What Holded says of its limits corrects the budget, and never upward."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.domain.budget import CLASSES, Budget, grant, new_budget, roll
from relay.domain.budget_signals import Signal, observe, observe_refusal, observe_usage

NOW = int(datetime(2026, 11, 10, tzinfo=UTC).timestamp() * 1000)
MONTH_END = int(datetime(2026, 12, 1, tzinfo=UTC).timestamp() * 1000)
HOUR = 3_600_000


def fresh(per_minute: int = 60, per_month: int = 30_000) -> Budget:
    return new_budget(per_minute=per_minute, per_month=per_month, now_ms=NOW)


def grantable(budget: Budget, now_ms: int) -> int:
    return grant(budget, now_ms=now_ms, priority="fiscal", want=10**6).count


def told(**values: int) -> Signal:
    return Signal(window="minute", **values)


signals = st.builds(
    Signal,
    window=st.sampled_from(["minute", "month"]),
    limit=st.none() | st.integers(-1, 700),
    remaining=st.none() | st.integers(-1, 700),
    reset_ms=st.none() | st.integers(NOW - 10 * HOUR, NOW + 10 * HOUR),
)


def test_what_holded_says_remains_is_not_exceeded_until_its_window_resets():
    budget = observe(fresh(), now_ms=NOW, signal=told(limit=60, remaining=5, reset_ms=NOW + 20_000))

    first = grant(budget, now_ms=NOW, priority="fiscal", want=3)
    second = grant(first.budget, now_ms=NOW + 10_000, priority="fiscal", want=60)
    assert (first.count, second.count) == (3, 2)
    assert second.retry_at_ms == NOW + 20_000 + budget.skew_ms
    assert grantable(second.budget, second.retry_at_ms) == 55


def test_within_a_window_the_lowest_word_counts_whatever_the_order_of_answers():
    budget = observe(fresh(), now_ms=NOW, signal=told(remaining=5, reset_ms=NOW + 20_000))
    budget = observe(budget, now_ms=NOW + 10, signal=told(remaining=9, reset_ms=NOW + 20_900))

    assert grantable(budget, NOW + 20) == 5


def test_a_later_window_replaces_the_word_of_the_one_before():
    budget = observe(fresh(), now_ms=NOW, signal=told(remaining=0, reset_ms=NOW + 20_000))
    budget = observe(budget, now_ms=NOW + 20_100, signal=told(remaining=40, reset_ms=NOW + 80_000))

    assert grantable(budget, NOW + 20_100) == 40


@given(before=st.lists(signals, max_size=5), last=signals, spent=st.integers(0, 60))
def test_a_signal_allows_no_more_than_holded_says_and_no_more_than_before(before, last, spent):
    budget = grant(fresh(), now_ms=NOW, priority="fiscal", want=spent).budget
    unobserved = grantable(budget, NOW + 1)
    for signal in before:
        budget = observe(budget, now_ms=NOW, signal=signal)
    assert grantable(budget, NOW + 1) <= unobserved

    budget = observe(budget, now_ms=NOW, signal=last)
    assert grantable(budget, NOW + 1) <= unobserved
    of_before = last.window == "month" and last.reset_ms is not None and last.reset_ms <= NOW
    if last.remaining is not None and not of_before:
        ours = spent if last.window == "month" else 0
        assert grantable(budget, NOW + 1) <= max(0, last.remaining) + ours


def test_a_month_signal_counts_the_calls_of_others():
    spent = grant(fresh(per_month=500), now_ms=NOW, priority="fiscal", want=20).budget
    budget = observe(spent, now_ms=NOW, signal=Signal(window="month", limit=500, remaining=470))
    assert (budget.foreign, grantable(budget, NOW + 100_000)) == (10, 60)

    budget = observe(spent, now_ms=NOW, signal=Signal(window="month", limit=500, remaining=13))
    assert grantable(budget, NOW + 100_000) == 13
    budget = observe(budget, now_ms=NOW, signal=Signal(window="month", limit=500, remaining=400))
    assert grantable(budget, NOW + 100_000) == 13
    assert grantable(budget, MONTH_END + 60_000) == 60


@pytest.mark.parametrize(("limit", "expected"), [(30, 30), (60, 60), (600, 60), (0, 60), (-5, 60)])
def test_a_limit_that_holded_tells_only_lowers_ours(limit, expected):
    budget = observe(fresh(), now_ms=NOW, signal=told(limit=limit))

    assert grantable(budget, NOW) == expected


def test_a_lowered_limit_rises_with_a_later_window_only():
    budget = observe(fresh(), now_ms=NOW, signal=told(limit=30, remaining=30, reset_ms=NOW + 30_000))
    same = observe(budget, now_ms=NOW, signal=told(limit=60, remaining=60, reset_ms=NOW + 30_000))
    later = observe(budget, now_ms=NOW + 31_500, signal=told(limit=60, remaining=60, reset_ms=NOW + 90_000))

    assert grantable(same, NOW) == 30
    assert grantable(later, NOW + 31_500) == 60


@pytest.mark.row("D15")
@pytest.mark.parametrize(
    ("retry_at", "until"),
    [
        (NOW + 30_000, NOW + 31_000),
        (None, NOW + 61_000),
        (NOW - HOUR, NOW + 1_000),
        (NOW + 9 * HOUR, NOW + 61_000),
    ],
)
def test_a_refused_minute_waits_as_long_as_holded_says_but_never_more_than_a_window(retry_at, until):
    budget = observe_refusal(fresh(), now_ms=NOW, window="minute", retry_at_ms=retry_at, limit=60)
    refused = grant(budget, now_ms=NOW, priority="fiscal", want=1)

    assert (refused.count, refused.reason, refused.retry_at_ms) == (0, "minute", until)
    assert grantable(refused.budget, until) == 60


@pytest.mark.parametrize(
    ("retry_at", "until"),
    [
        (NOW + 72 * HOUR, NOW + 72 * HOUR),
        (None, MONTH_END + 1_000),
        (NOW + 60_000, NOW + HOUR),
        (NOW - HOUR, NOW + HOUR),
        (NOW + 10_000 * HOUR, NOW + 32 * 24 * HOUR),
    ],
)
def test_a_refused_month_is_parked_until_holded_says_and_an_hour_at_least(retry_at, until):
    budget = observe_refusal(fresh(), now_ms=NOW, window="month", retry_at_ms=retry_at)
    for priority in CLASSES:
        refused = grant(budget, now_ms=NOW, priority=priority, want=1)
        assert (refused.count, refused.reason, refused.retry_at_ms) == (0, "month", until)


@pytest.mark.parametrize(
    ("after_ms", "reset_ms", "counts"),
    [
        (2_000, MONTH_END, False),
        (2_000, None, False),
        (2_000, MONTH_END + 3_000, False),  # a wait in seconds, added to a clock that is ahead
        (7 * HOUR, MONTH_END, False),
        (2_000, MONTH_END + 30 * 24 * HOUR, True),
        (7 * HOUR, None, True),
    ],
)
def test_a_late_word_of_the_month_before_takes_nothing_from_the_new_one(after_ms, reset_ms, counts):
    now = MONTH_END + after_ms
    sent = grant(fresh(per_month=500), now_ms=MONTH_END - 1_000, priority="fiscal", want=1).budget
    signal = Signal(window="month", limit=500, remaining=0, reset_ms=reset_ms)
    budget = observe(sent, now_ms=now, signal=signal)

    assert grantable(budget, now + 24 * HOUR) == (0 if counts else 60)


@pytest.mark.parametrize(
    ("after", "retry_at", "until"),
    [
        (20_000, None, MONTH_END + 20_000 + HOUR),
        (7 * HOUR, None, MONTH_END + 31 * 24 * HOUR + 1_000),
        (1_000, MONTH_END, MONTH_END + 1_000 + HOUR),
    ],
)
def test_a_month_refused_in_its_first_hours_is_asked_again_hourly(after, retry_at, until):
    budget = observe_refusal(fresh(), now_ms=MONTH_END + after, window="month", retry_at_ms=retry_at)
    refused = grant(budget, now_ms=MONTH_END + after, priority="fiscal", want=1)

    assert (refused.count, refused.retry_at_ms) == (0, until)


def test_a_class_that_the_month_holds_back_claims_none_of_the_minute():
    budget = fresh(per_month=2_000)
    for step in range(4):
        budget = grant(budget, now_ms=NOW + step * 70_000, priority="background", want=57).budget
    paced = grant(budget, now_ms=NOW + 300_000, priority="background", want=57)
    assert paced.reason == "pace"

    assert grant(paced.budget, now_ms=NOW + 300_000, priority="fiscal", want=60).count == 60


def test_usage_counts_the_calls_of_others_and_only_upward():
    spent = grant(fresh(per_month=500), now_ms=NOW, priority="fiscal", want=50).budget
    budget = observe_usage(spent, now_ms=NOW, used=420, limit=500, period="2026-11")

    assert grantable(budget, NOW + 100_000) == 60
    assert budget.foreign == 370
    assert observe_usage(budget, now_ms=NOW, used=60, period="2026-11").foreign == 370
    assert roll(budget, MONTH_END + 10_000).foreign == 0


@pytest.mark.parametrize("period", ["2026-10", "2026-12", "november", "", "2026-13"])
def test_usage_of_another_period_is_ignored(period):
    assert observe_usage(fresh(), now_ms=NOW, used=420, period=period).foreign == 0


def test_the_ceiling_of_paid_overage_is_not_taken_for_the_allowance():
    budget = observe_usage(fresh(per_month=500), now_ms=NOW, used=0, limit=2_000_000, period="2026-11")

    assert grant(budget, now_ms=NOW, priority="fiscal", want=1).count == 1
    assert grantable(observe_usage(budget, now_ms=NOW, used=500), NOW) == 0


def test_a_lower_allowance_holds_until_the_month_turns():
    budget = observe_usage(fresh(per_month=500), now_ms=NOW, used=0, limit=30)

    assert grantable(budget, NOW) == 30
    assert grantable(budget, MONTH_END + 10_000) == 60
