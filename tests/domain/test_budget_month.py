"""The month's calls: its pace, its classes and its turn."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.domain.budget import CLASSES, Budget, forecast, grant, new_budget, roll
from relay.domain.budget_month import month_end, month_start

DAY = 86_400_000
PLANS = [(60, 500), (60, 2_000), (120, 7_500), (120, 30_000), (600, 100_000)]


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


def month_of(budget: Budget, *, start_ms: int, days: int, per_day: dict[str, int]) -> tuple[Budget, dict[str, int]]:
    """Each class asks for its calls one by one, evenly over every day; what is refused is asked again an hour later."""
    got = dict.fromkeys(CLASSES, 0)
    owed = dict.fromkeys(CLASSES, 0)
    for hour in range(days * 24):
        now = start_ms + hour * 3_600_000 + 60_000
        for priority in CLASSES:
            owed[priority] += per_day[priority] * (hour + 1) // 24 - per_day[priority] * hour // 24
            granted = grant(budget, now_ms=now, priority=priority, want=min(20, owed[priority]))
            budget = granted.budget
            got[priority] += granted.count
            owed[priority] -= granted.count
    return budget, got


def test_months_are_calendar_months():
    start = at("2026-11-01T00:00:00")

    assert month_start(at("2026-11-21T13:45:00")) == start
    assert month_start(start) == start
    assert month_end(start) == at("2026-12-01T00:00:00")
    assert month_end(at("2026-12-01T00:00:00")) == at("2027-01-01T00:00:00")
    assert month_end(at("2028-02-01T00:00:00")) == at("2028-03-01T00:00:00")


@pytest.mark.parametrize(("per_minute", "per_month"), PLANS)
def test_no_more_than_the_month_is_granted_and_the_next_month_begins_anew(per_minute, per_month):
    start = at("2026-11-01T00:00:00")
    budget, total = new_budget(per_minute=per_minute, per_month=per_month, now_ms=start), 0
    now = start
    while now < start + 30 * DAY - 3 * 3_600_000:
        granted = grant(budget, now_ms=now, priority="fiscal", want=per_minute)
        budget, total = granted.budget, total + granted.count
        if granted.reason == "month":
            break
        now += 66_000

    assert total == per_month
    assert granted.reason == "month"
    assert granted.retry_at_ms == at("2026-12-01T00:00:00") + budget.skew_ms
    assert grant(budget, now_ms=granted.retry_at_ms - 1, priority="fiscal", want=1).count == 0
    assert grant(budget, now_ms=granted.retry_at_ms, priority="fiscal", want=1).count == 1


def test_fiscal_never_starves_where_its_calls_fit_the_month():
    start = at("2026-11-01T00:00:00")
    budget = new_budget(per_minute=60, per_month=2_000, now_ms=start)
    _, got = month_of(budget, start_ms=start, days=30, per_day={"fiscal": 40, "normal": 10, "background": 10})

    assert got["fiscal"] == 40 * 30
    assert got["normal"] >= 0.9 * 10 * 30
    assert got["background"] >= 0.9 * 10 * 30


def test_fiscal_never_starves_whatever_the_others_want():
    start = at("2026-11-01T00:00:00")
    budget = new_budget(per_minute=60, per_month=2_000, now_ms=start)
    budget, got = month_of(budget, start_ms=start, days=30, per_day={"fiscal": 40, "normal": 200, "background": 500})

    assert got["fiscal"] == 40 * 30
    assert sum(got.values()) <= 2_000
    assert got["normal"] + got["background"] >= 600
    assert forecast(budget, start + 30 * DAY - 1).ends_on is None


def test_the_forecast_names_the_day_on_the_first_day():
    start = at("2026-11-01T00:00:00")
    budget = new_budget(per_minute=60, per_month=2_000, now_ms=start)
    budget, got = month_of(budget, start_ms=start, days=1, per_day={"fiscal": 90, "normal": 0, "background": 0})
    told = forecast(budget, start + DAY)

    assert got["fiscal"] == 90
    assert (told.limit, told.used, told.left, told.by_class) == (2_000, 90, 1_910, (90, 0, 0))
    assert told.ends_on == "2026-11-23"
    assert told.expected[0] == 2_700


def test_the_forecast_comes_true():
    start = at("2026-11-01T00:00:00")
    budget = new_budget(per_minute=60, per_month=2_000, now_ms=start)
    budget, got = month_of(budget, start_ms=start, days=22, per_day={"fiscal": 90, "normal": 0, "background": 0})
    assert got["fiscal"] == 22 * 90

    _, got = month_of(budget, start_ms=start + 22 * DAY, days=1, per_day={"fiscal": 90, "normal": 0, "background": 0})
    assert got["fiscal"] == 20


def test_background_is_slowed_by_the_forecast_and_says_so():
    start = at("2026-11-01T00:00:00")
    budget, taken = new_budget(per_minute=60, per_month=2_000, now_ms=start), 0
    for minute in range(0, 600, 2):
        granted = grant(budget, now_ms=start + minute * 60_000, priority="background", want=50)
        budget, taken = granted.budget, taken + granted.count

    assert granted.reason == "pace"
    assert taken <= 2_000 * 1.5 / 30
    assert start + 600 * 60_000 < granted.retry_at_ms <= start + DAY
    assert grant(budget, now_ms=granted.retry_at_ms, priority="background", want=1).count == 1
    assert grant(budget, now_ms=granted.retry_at_ms - 1, priority="background", want=1).count == 0
    assert grant(budget, now_ms=granted.retry_at_ms - 1, priority="fiscal", want=60).count == 60


def test_a_busy_first_hour_does_not_stop_the_sweep():
    start = at("2026-11-01T00:00:00")
    budget = new_budget(per_minute=60, per_month=500, now_ms=start)
    for minute in range(4):
        budget = grant(budget, now_ms=start + minute * 66_000, priority="fiscal", want=60).budget

    assert grant(budget, now_ms=start + 600_000, priority="background", want=10).count == 10
    assert grant(budget, now_ms=start + 600_000, priority="normal", want=25).count == 25


def test_calls_around_midnight_count_in_both_months():
    eve = at("2026-11-30T22:30:00")  # already December in Madrid
    budget = new_budget(per_minute=60, per_month=500, now_ms=at("2026-11-10T00:00:00"))
    budget = grant(budget, now_ms=at("2026-11-30T12:00:00"), priority="fiscal", want=7).budget
    budget = grant(budget, now_ms=eve, priority="fiscal", want=40).budget
    assert budget.used == (47, 0, 0)

    assert roll(budget, at("2026-12-01T00:00:30")).used == (40, 0, 0)
    assert roll(budget, at("2027-01-01T00:00:30")).used == (0, 0, 0)


def test_a_month_that_turns_does_not_turn_back_for_a_slow_clock():
    budget = new_budget(per_minute=60, per_month=500, now_ms=at("2026-11-10T00:00:00"))
    turned = grant(budget, now_ms=at("2026-12-01T00:00:02"), priority="fiscal", want=5).budget

    assert roll(turned, at("2026-11-30T23:59:58")).month_start_ms == at("2026-12-01T00:00:00")
    assert roll(turned, at("2026-11-30T23:59:58")).used == (5, 0, 0)


def test_a_first_month_that_begins_late_is_paced_over_its_rest():
    start = at("2026-11-21T00:00:00")
    budget = new_budget(per_minute=600, per_month=3_000, now_ms=start)

    assert grant(budget, now_ms=start, priority="background", want=1_000).count == 300


@given(
    used=st.lists(st.tuples(st.sampled_from(CLASSES), st.integers(0, 40)), max_size=30),
    per_month=st.integers(1, 400),
    priority=st.sampled_from(CLASSES),
    begin=st.integers(0, 29 * 24),
    gap=st.integers(0, 40_000_000),
)
def test_the_instant_to_come_back_is_the_earliest_also_over_the_month(used, per_month, priority, begin, gap):
    now = at("2026-11-01T00:00:00") + begin * 3_600_000
    budget = new_budget(per_minute=60, per_month=per_month, now_ms=now)
    for cls, want in used:
        budget = grant(budget, now_ms=now, priority=cls, want=want).budget
        now += gap
    refused = grant(budget, now_ms=now, priority=priority, want=10_000)
    back_at = refused.retry_at_ms

    assert back_at > now
    assert grant(refused.budget, now_ms=back_at, priority=priority, want=1).count == 1
    assert grant(refused.budget, now_ms=back_at - 1, priority=priority, want=1).count == 0
