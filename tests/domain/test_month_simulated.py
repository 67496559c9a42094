"""A month of a small plan, hour by hour, as shops have it: busy by day, quiet at night, never the same twice."""

from __future__ import annotations

from datetime import date
from random import Random

import pytest

from relay.domain.budget import CLASSES, forecast, grant, new_budget
from tests.domain.test_budget_month import DAY, at

START = at("2026-11-01T00:00:00")
DAYS = 30
HOUR = 3_600_000
LATE = 20 * HOUR
"""When a shop's day is over, and somebody looks."""


class Month:
    """`per_day` calls of each class, most of them between 9 and 20 h; what is refused is asked again at the instant told."""

    def __init__(self, seed: int, *, per_day: dict[str, int], per_month: int = 2_000) -> None:
        self.random = Random(seed)
        self.per_day = per_day
        self.budget = new_budget(per_minute=60, per_month=per_month, now_ms=START)
        self.got = dict.fromkeys(CLASSES, 0)
        self.refused = dict.fromkeys(CLASSES, 0)
        self.reasons: set[str] = set()
        self.forecasts: list[str | None] = []
        self.ended: date | None = None

    def run(self, days: int = DAYS) -> Month:
        for day in range(days):
            asked = sorted(
                (self._hour(), priority) for priority in CLASSES for _ in range(self.per_day.get(priority, 0))
            )
            for at_ms, priority in asked:
                self._ask(START + day * DAY + at_ms, priority)
            self.forecasts.append(forecast(self.budget, START + day * DAY + LATE).ends_on)
        return self

    def _hour(self) -> int:
        hours = (9, 20) if self.random.random() < 0.9 else (0, 20)
        return self.random.randrange(hours[0] * HOUR, hours[1] * HOUR)

    def _ask(self, now_ms: int, priority: str) -> None:
        granted = grant(self.budget, now_ms=now_ms, priority=priority, want=1)
        self.budget = granted.budget
        self.got[priority] += granted.count
        if granted.count:
            return
        self.refused[priority] += 1
        self.reasons.add(f"{priority} {granted.reason}")
        if priority == "fiscal" and self.ended is None:
            self.ended = date.fromordinal(date(2026, 11, 1).toordinal() + (now_ms - START) // DAY)


@pytest.mark.parametrize("seed", range(3))
def test_of_60_calls_a_day_the_40_fiscal_ones_never_starve_and_the_rest_is_made_too(seed):
    month = Month(seed, per_day={"fiscal": 40, "normal": 10, "background": 10}).run()

    assert (month.refused["fiscal"], month.got["fiscal"]) == (0, 40 * DAYS)
    assert month.got["normal"] + month.got["background"] >= 0.9 * 20 * DAYS
    assert set(month.forecasts) == {None}


@pytest.mark.parametrize("seed", range(3))
def test_a_background_that_wants_all_is_slowed_by_the_forecast_and_fiscal_never_notices(seed):
    month = Month(seed, per_day={"fiscal": 40, "background": 80}).run()
    even = (2_000 - 40 * DAYS) / DAYS

    assert (month.refused["fiscal"], month.got["fiscal"]) == (0, 40 * DAYS)
    assert month.reasons == {"background pace"}
    assert 0.8 * even * DAYS <= month.got["background"] <= even * DAYS


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("per_day", [75, 90, 130])
def test_too_many_fiscal_calls_are_foretold_on_the_first_day_to_within_a_day(seed, per_day):
    month = Month(seed, per_day={"fiscal": per_day, "background": 20}).run()
    told = date.fromisoformat(month.forecasts[0] or "2026-12-01")

    assert month.ended is not None
    assert abs((told - month.ended).days) <= 1
    assert month.got["fiscal"] + month.got["background"] == 2_000
