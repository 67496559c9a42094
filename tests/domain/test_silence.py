"""Silence that is improbable is found, a quiet hour is not: seeded streams of shops over eight weeks, and what may never alarm."""

from __future__ import annotations

import random
import statistics
from datetime import UTC, datetime

import pytest

from relay.domain import silence
from relay.domain.silence import HOUR_MS, HOURS

START_MS = round(datetime(2026, 1, 5, tzinfo=UTC).timestamp() * 1000)
LEARN_WEEKS, WATCH_WEEKS = 4, 8
RUN_MS = 15 * 60_000
DAYTIME = [0.1] * 7 + [0.6, 1.2, 1.8, 1.8, 1.6, 1.2, 1.0, 1.2, 1.6, 1.8, 2.0, 2.2, 2.0, 1.2, 0.6, 0.3, 0.1]
SHAPE = [share * (0.8 if day >= 5 else 1.0) for day in range(7) for share in DAYTIME]
MEAN = sum(SHAPE) / HOURS
FALSE_ALARMS_MAX = 0.02
"""Of so many eight-week lives of a shop at most this share sees a silence that was none."""


def stream(rng, *, a_day, cluster, weeks):
    """Deliveries (epoch ms) of a shop with so many orders a day, each told by `cluster` deliveries within a minute."""
    found = []
    for hour in range(weeks * HOURS):
        rate = a_day / 24 * SHAPE[hour % HOURS] / MEAN
        for _ in range(poisson(rng, rate)):
            at = START_MS + hour * HOUR_MS + rng.randrange(HOUR_MS)
            found += [at + rng.randrange(60_000) for _ in range(1 + poisson(rng, cluster - 1))]
    return sorted(found)


def poisson(rng, mean):
    found, left = 0, rng.expovariate(1) if mean else 1
    while left < mean:
        found, left = found + 1, left + rng.expovariate(1)
    return found


def hourly(times):
    counts = {}
    for at in times:
        counts[at - at % HOUR_MS] = counts.get(at - at % HOUR_MS, 0) + 1
    return counts


class Life:
    """A shop watched every quarter of an hour: when it was believed to fall silent."""

    def __init__(self, times, *, until_ms):
        self.alarms = []
        counts, habits, at = hourly(times), silence.Habits(), 0
        last_ms = 0
        for now_ms in range(START_MS + HOUR_MS, until_ms, RUN_MS):
            while at < len(times) and times[at] <= now_ms:
                last_ms, at = times[at], at + 1
            if habits.silent_ms and silence.heard_again(habits, counts, last_ms=last_ms):
                habits = silence.spoken(habits)
            # Learning is a day late: counts of hours that have not come yet are not looked at.
            habits = silence.learned(habits, counts, now_ms=now_ms)
            self.habits = habits
            if not last_ms:
                continue
            verdict = silence.judge(habits, last_ms=last_ms, now_ms=now_ms)
            if verdict.state == "silent" and not habits.silent_ms:
                self.alarms.append((last_ms, now_ms))
                habits = silence.fallen_silent(habits, last_ms=last_ms)


def until(weeks):
    return START_MS + weeks * HOURS * HOUR_MS


@pytest.mark.parametrize(("a_day", "cluster"), [(10, 1), (50, 1), (50, 4), (400, 3)])
def test_false_alarms_stay_below_the_stated_bound(a_day, cluster):
    lives = 20 if a_day < 100 else 5
    alarms = 0
    for seed in range(lives):
        times = stream(
            random.Random(f"{seed}-{a_day}-{cluster}"), a_day=a_day, cluster=cluster, weeks=LEARN_WEEKS + WATCH_WEEKS
        )
        alarms += len(Life(times, until_ms=until(LEARN_WEEKS + WATCH_WEEKS)).alarms)

    print(f"{a_day} orders a day, {cluster} deliveries each: {alarms} false alarms in {lives} times eight weeks")
    assert alarms <= FALSE_ALARMS_MAX * lives


@pytest.mark.parametrize(("a_day", "cluster", "hours"), [(10, 1, 80), (50, 4, 24), (400, 3, 10)])
def test_a_dropped_subscription_is_found_and_is_one_alarm(a_day, cluster, hours):
    """The stream stops for good at a random time of the fifth week. Times to detection are printed."""
    found = []
    for seed in range(4):
        rng = random.Random(f"drop-{seed}-{a_day}")
        dropped_ms = until(LEARN_WEEKS) + rng.randrange(HOURS) * HOUR_MS
        times = [at for at in stream(rng, a_day=a_day, cluster=cluster, weeks=LEARN_WEEKS + 1) if at < dropped_ms]
        alarms = Life(times, until_ms=dropped_ms + 7 * 24 * HOUR_MS).alarms
        assert len(alarms) == 1, "one silence is one alarm"
        found.append((alarms[0][1] - dropped_ms) / HOUR_MS)

    median, most = statistics.median(found), max(found)
    print(
        f"{a_day} orders a day, {cluster} deliveries each: found after {median:.1f} h (median), {most:.1f} h (longest)"
    )
    assert most <= hours


def test_a_tiny_shop_never_alarms_because_nobody_could_tell():
    times = stream(random.Random("tiny"), a_day=1, cluster=2, weeks=LEARN_WEEKS)
    life = Life(times, until_ms=until(LEARN_WEEKS + 4))

    assert life.alarms == []
    assert silence.judge(life.habits, last_ms=times[-1], now_ms=until(LEARN_WEEKS + 4)).state in {"too_little", "heard"}


def test_a_new_shop_is_learned_for_two_weeks_first():
    times = stream(random.Random("new"), a_day=400, cluster=2, weeks=1)

    assert Life(times, until_ms=until(2)).alarms == []


def a_silent_one():
    times = stream(random.Random("back"), a_day=400, cluster=1, weeks=LEARN_WEEKS)
    habits = Life(times, until_ms=until(LEARN_WEEKS)).habits
    return silence.fallen_silent(habits, last_ms=times[-1]), times[-1]


def test_a_stray_delivery_does_not_end_a_silence_and_some_do():
    habits, last_ms = a_silent_one()
    later = last_ms - last_ms % HOUR_MS + 5 * HOUR_MS

    assert not silence.heard_again(habits, {later: 1}, last_ms=later)
    assert silence.heard_again(habits, {later: silence.BACK}, last_ms=later)
    assert silence.judge(habits, last_ms=later, now_ms=later).state == "silent"
    assert silence.judge(silence.spoken(habits), last_ms=later, now_ms=later).state == "heard"


def test_a_silence_is_not_learned_as_a_habit():
    habits, last_ms = a_silent_one()
    after = silence.learned(habits, {}, now_ms=last_ms + 10 * 24 * HOUR_MS)
    back = silence.learned(silence.spoken(after), {}, now_ms=last_ms + 10 * 24 * HOUR_MS)

    assert (after.rates, back.rates) == (habits.rates, habits.rates)


def test_what_is_kept_reads_back_as_it_was_and_strange_fields_are_no_habits():
    habits, _ = a_silent_one()
    fields = silence.to_fields(habits)
    again = silence.from_fields(fields)

    assert silence.to_fields(again) == fields
    assert all(isinstance(value, int | list) for value in fields.values())
    assert silence.from_fields({}) == silence.Habits()
    assert silence.from_fields({"rates": [1, 2]}) == silence.Habits()


def test_summer_time_moves_the_clock_and_not_the_shop():
    """The hour of the week is Madrid's: 9 h UTC in winter and 8 h UTC in summer are one hour of the shop."""
    winter = round(datetime(2026, 3, 27, 9, tzinfo=UTC).timestamp() * 1000)
    summer = round(datetime(2026, 4, 3, 8, tzinfo=UTC).timestamp() * 1000)

    assert silence._bucket(winter) == silence._bucket(summer)


def test_an_hour_that_is_half_over_counts_half():
    rates = (2.0,) * HOURS
    habits = silence.Habits(rates=rates, spread=1.0, hours=silence.KNOWN_HOURS, until_ms=START_MS)

    verdict = silence.judge(habits, last_ms=START_MS, now_ms=START_MS + HOUR_MS // 2)
    assert verdict.expected == pytest.approx(1.0)
    assert verdict.state == "heard"


@pytest.mark.parametrize(
    "damage",
    [
        {"rates": None},
        {"rates": 168},
        {"rates": "x" * HOURS},
        {"rates": [1] * (HOURS - 1) + ["1"]},
        {"rates": [1] * (HOURS - 1) + [10**400]},
        {"spread": None},
        {"hours": "168"},
        {"until_ms": -1},
        {"silent_ms": 2**60},
    ],
)
def test_what_another_release_wrote_is_no_habit(damage):
    stored = silence.to_fields(silence.Habits(rates=(1.0,) * HOURS, hours=HOURS))

    assert silence.from_fields(stored) != silence.Habits()
    assert silence.from_fields({**stored, **damage}) == silence.Habits()
