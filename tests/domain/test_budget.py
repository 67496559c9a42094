"""The minute's tokens: what is granted, shared, lent and given back."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.domain.budget import (
    CLASSES,
    SKEW_MS,
    USE_WITHIN_MS,
    Budget,
    forfeit,
    grant,
    new_budget,
    roll,
    with_limits,
)
from relay.domain.budget_minute import reserve, shares
from relay.domain.budget_pack import pack, unpack
from relay.domain.budget_signals import answered
from relay.errors import BadInput

NOW = 1_763_683_200_000  # 2025-11-21T00:00:00Z
PLENTY = 10_000_000

budgets_asks = st.lists(
    st.tuples(st.integers(0, 30_000), st.sampled_from(CLASSES), st.integers(0, 80)), min_size=1, max_size=40
)


def fresh(per_minute: int = 60, per_month: int = PLENTY, now_ms: int = NOW) -> Budget:
    return new_budget(per_minute=per_minute, per_month=per_month, now_ms=now_ms)


def most_in_a_window(uses: list[int]) -> int:
    """The most uses in any closed window of 60 s: slide it so that it begins at a use."""
    uses = sorted(uses)
    most, end = 0, 0
    for begin, first in enumerate(uses):
        while end < len(uses) and uses[end] <= first + 60_000:
            end += 1
        most = max(most, end - begin)
    return most


def after(budget: Budget, asks: list[tuple[int, str, int]]) -> tuple[Budget, int]:
    now = budget.last_ms
    for gap, priority, want in asks:
        now += gap
        budget = grant(budget, now_ms=now, priority=priority, want=want).budget
    return budget, now


# A gap of None asks at the very instant the budget named: the tightest that is allowed.
tight_asks = st.lists(
    st.tuples(
        st.none() | st.integers(0, 3_000),
        st.sampled_from(CLASSES),
        st.integers(1, 40),
        st.sampled_from([0, USE_WITHIN_MS]) | st.integers(0, USE_WITHIN_MS),
        st.sampled_from([0, SKEW_MS]) | st.integers(0, SKEW_MS),
    ),
    min_size=2,
    max_size=25,
)


def uses_of(asks: list, limit: int, *, skewed: bool) -> list[int]:
    budget, real, told, uses = fresh(limit), NOW, 0, []
    for gap, priority, want, late, skew in asks:
        ahead = skew if skewed else 0
        real = max(real, told - ahead) if gap is None else real + gap
        granted = grant(budget, now_ms=real + ahead, priority=priority, want=want)
        budget, told = granted.budget, granted.retry_at_ms
        uses += [real + late] * granted.count
    return uses


@given(asks=tight_asks, limit=st.integers(1, 60))
def test_no_window_of_any_phase_holds_more_uses_than_the_limit(asks, limit):
    assert most_in_a_window(uses_of(asks, limit, skewed=False)) <= limit


@given(asks=tight_asks, limit=st.integers(1, 60))
def test_clocks_that_differ_within_the_tolerance_do_not_overspend(asks, limit):
    assert most_in_a_window(uses_of(asks, limit, skewed=True)) <= limit


@pytest.mark.parametrize("phase_ms", range(0, 1_000, 37))
def test_the_tightest_schedule_of_two_writers_stays_within_the_limit(phase_ms):
    late_user, early_clock = NOW + phase_ms, SKEW_MS
    first = grant(fresh(), now_ms=late_user, priority="fiscal", want=60)
    again_at = grant(first.budget, now_ms=late_user, priority="fiscal", want=60).retry_at_ms
    second = grant(first.budget, now_ms=again_at, priority="fiscal", want=60)
    uses = [late_user + USE_WITHIN_MS] * first.count + [again_at - early_clock] * second.count

    assert (first.count, second.count) == (60, 60)
    assert most_in_a_window(uses) == 60


def test_a_clock_that_is_an_hour_behind_cannot_overspend():
    budget, uses = fresh(), []
    for step in range(600):
        real = NOW + step * 500
        granted = grant(budget, now_ms=real - (step % 2) * 3_600_000, priority="fiscal", want=20)
        budget = granted.budget
        uses += [real] * granted.count

    assert most_in_a_window(uses) <= 60
    assert len(uses) >= 180


def test_clocks_that_differ_by_seconds_are_noticed_and_do_not_overspend():
    dice, budget, uses = random.Random(7), fresh(60), []
    skews = [dice.randint(-2_500, 2_500) for _ in range(8)]
    for step in range(20 * 60 * 2):
        real = NOW + step * 500
        granted = grant(budget, now_ms=real + skews[step % 8], priority="fiscal", want=dice.randint(1, 30))
        budget = granted.budget
        uses += [real + dice.randint(0, USE_WITHIN_MS) for _ in range(granted.count)]

    assert most_in_a_window(uses) <= 60
    assert len(uses) >= 0.85 * 60 * 20
    assert budget.skew_ms > SKEW_MS


def test_a_witnessed_disagreement_is_forgotten_after_a_day():
    ahead = grant(fresh(), now_ms=NOW + 4_000, priority="fiscal", want=1).budget
    behind = roll(ahead, NOW)

    assert behind.skew_ms == 4_000 + SKEW_MS
    assert roll(behind, NOW + 3_600_000).skew_ms == 4_000 + SKEW_MS
    assert roll(behind, NOW + 25 * 3_600_000).skew_ms == SKEW_MS


@given(asks=budgets_asks, first=st.integers(0, 200_000), second=st.integers(0, 40 * 86_400_000))
def test_rolling_in_two_steps_is_rolling_in_one(asks, first, second):
    budget, now = after(fresh(now_ms=NOW + 8 * 86_400_000), asks)

    assert roll(roll(budget, now + first), now + first + second) == roll(budget, now + first + second)


@given(asks=budgets_asks, limit=st.integers(1, 90), priority=st.sampled_from(CLASSES))
def test_the_instant_to_come_back_is_the_earliest_that_grants(asks, limit, priority):
    budget, now = after(fresh(limit), asks)
    refused = grant(budget, now_ms=now, priority=priority, want=1000)
    at = refused.retry_at_ms

    assert at > now
    assert grant(refused.budget, now_ms=at, priority=priority, want=1).count == 1
    assert grant(refused.budget, now_ms=at - 1, priority=priority, want=1).count == 0


@given(asks=budgets_asks, limit=st.integers(1, 90), per_month=st.integers(1, 3_000))
def test_what_is_packed_comes_back(asks, limit, per_month):
    budget, _ = after(fresh(limit, per_month), asks)

    assert unpack(pack(budget)) == budget


def test_a_full_minute_packs_below_one_write_unit():
    budget = fresh(600)
    for quarter in range(4 * 63):
        for priority in CLASSES:
            budget = grant(budget, now_ms=NOW + quarter * 250, priority=priority, want=1).budget

    assert len(str(pack(budget))) < 2_100  # three classes in every second, the worst there is
    calm = fresh(600)
    for second in range(0, 60, 2):
        calm = grant(calm, now_ms=NOW + second * 1000, priority="fiscal", want=10).budget
    assert len(str(pack(calm))) < 1_000


def test_a_budget_packed_in_whole_seconds_comes_back_no_sooner():
    full = grant(fresh(), now_ms=NOW + 100, priority="fiscal", want=60).budget
    second = (NOW + 100 + USE_WITHIN_MS) // 1000
    old = unpack({**pack(full), "v": 1, "recent": f"{second - 9} 3f20 9f40"})
    at_ms = (second + 1) * 1000 + 60_000 + SKEW_MS

    assert grant(old, now_ms=at_ms - 6_001, priority="fiscal", want=60).count == 0
    assert grant(old, now_ms=at_ms - 1, priority="fiscal", want=60).count == 20
    assert grant(old, now_ms=at_ms, priority="fiscal", want=60).count == 60


@given(at=st.integers(0, 100_000))
def test_many_slots_are_merged_without_a_token_coming_back_sooner(at):
    """The same grants, one by one in two hundred slots, against what each of them alone would give back."""
    budget, alone = fresh(600), []
    for step in range(200):
        granted = grant(budget, now_ms=NOW + step * 300, priority=CLASSES[step % 3], want=1)
        budget = granted.budget
        alone += [(NOW + step * 300 + USE_WITHIN_MS) // 250] * granted.count
    held = sum(count for _, _, count in roll(budget, NOW + at).recent)

    assert len(budget.recent) <= 3 * 64
    assert held >= sum((slot + 1) * 250 + 60_000 + SKEW_MS > NOW + at for slot in alone)


@pytest.mark.parametrize(
    "damage",
    [
        {"v": 3},
        {"v": [1]},
        {"recent": 5},
        {"recent": "9" * 5000},
        {"recent": f"12 5f{'9' * 5000}"},
        {"recent": "12 5q3"},
        {"used": [1, 2]},
        {"used": [1, 2, "3"]},
        {"per_minute": "60"},
        {"per_minute": 1.5},
        {"foreign": None},
        {"skew_ms": float("nan")},
    ],
)
def test_a_damaged_budget_is_refused_with_the_field_named(damage):
    with pytest.raises(BadInput) as caught:
        unpack({**pack(fresh()), **damage})

    assert caught.value.field == next(iter(damage))


def busy(limit: int, *, minutes: int, priority: str, told: bool) -> float:
    budget, total = fresh(limit), 0
    for now in range(NOW, NOW + minutes * 60_000, 250):
        granted = grant(budget, now_ms=now, priority=priority, want=20)
        total += granted.count
        budget = granted.budget
        for _ in range(granted.count if told else 0):
            budget = answered(budget, now_ms=now + 200, granted_ms=granted.granted_ms, priority=priority)
    return total / (limit * minutes)


@pytest.mark.parametrize("limit", [60, 120, 600])
def test_a_backlog_uses_the_quota_up(limit):
    assert busy(limit, minutes=10, priority="fiscal", told=False) >= 0.95
    assert busy(limit, minutes=10, priority="background", told=False) >= 0.90


def test_a_backlog_that_lasts_for_hours_uses_the_quota_up_when_answers_are_told():
    assert busy(60, minutes=120, priority="fiscal", told=True) >= 0.95
    assert busy(60, minutes=120, priority="background", told=True) >= 0.90


@given(limit=st.integers(1, 700))
def test_shares_and_reserve_make_up_the_limit(limit):
    assert sum(shares(limit)) + reserve(limit) == limit
    assert min(shares(limit)) >= 0
    assert limit < 40 or reserve(limit) >= limit / 20


def contest(wants: dict[str, int], *, order: tuple[str, ...], minutes: int) -> dict[str, list[int]]:
    """Everybody asks every half second, in this order; gives each class's uses."""
    budget, uses = fresh(100), {name: [] for name in wants}
    for now in range(NOW, NOW + minutes * 60_000, 500):
        for priority in order:
            if wants[priority]:
                granted = grant(budget, now_ms=now, priority=priority, want=wants[priority], backlog=1_000)
                budget = granted.budget
                uses[priority] += [now] * granted.count
    return uses


@pytest.mark.parametrize(
    ("order", "want"),
    [(CLASSES, 100), (CLASSES[::-1], 100), (("normal", "fiscal", "background"), 100), (CLASSES, 20), (CLASSES, 5)],
)
def test_every_class_keeps_its_share_against_greedy_others_whoever_asks_first(order, want):
    uses = contest(dict.fromkeys(CLASSES, want), order=order, minutes=20)

    for cls, priority in enumerate(CLASSES):
        for begin in range(NOW + 130_000, NOW + 20 * 60_000 - 66_000, 7_000):
            held = sum(begin <= use < begin + 66_000 for use in uses[priority])
            assert held >= shares(100)[cls], (priority, begin - NOW)


def test_idle_shares_are_lent_and_given_back_within_a_window():
    budget = fresh(100)
    lent = grant(budget, now_ms=NOW, priority="fiscal", want=100)
    assert lent.count == 100

    refused = grant(lent.budget, now_ms=NOW + 1_000, priority="normal", want=50)
    assert (refused.count, refused.reason) == (0, "minute")
    back_at = refused.retry_at_ms
    greedy = grant(refused.budget, now_ms=back_at, priority="fiscal", want=100)
    given_back = grant(greedy.budget, now_ms=back_at, priority="normal", want=50)

    assert back_at <= NOW + 66_000
    assert given_back.count == shares(100)[1]


def test_a_claim_holds_no_more_than_was_wanted_and_lapses():
    full = grant(fresh(100), now_ms=NOW, priority="fiscal", want=100).budget
    one = grant(full, now_ms=NOW, priority="normal", want=1)
    at = one.retry_at_ms

    assert grant(one.budget, now_ms=at, priority="fiscal", want=100).count == 99
    assert grant(one.budget, now_ms=at + 5_000, priority="fiscal", want=100).count == 100


@pytest.mark.parametrize("limit", [60, 600])
def test_background_and_normal_leave_the_reserve_to_fiscal(limit):
    for priority in ("background", "normal"):
        taken = grant(fresh(limit), now_ms=NOW, priority=priority, want=limit)
        assert (taken.count, taken.reason) == (limit - reserve(limit), "reserve")
        assert grant(taken.budget, now_ms=NOW, priority="fiscal", want=limit).count == reserve(limit)


def test_fiscal_never_waits_for_background_while_its_reserve_lasts():
    budget, waited = fresh(600), 0
    for second in range(600):
        now = NOW + second * 1000
        for _ in range(5):
            budget = grant(budget, now_ms=now, priority="background", want=50).budget
        if second % 3 == 0:  # 20 a minute, the reserve is 30
            granted = grant(budget, now_ms=now, priority="fiscal", want=1)
            waited += granted.count == 0
            budget = granted.budget

    assert waited == 0


def test_unsent_tokens_come_back_within_their_time_and_not_later():
    granted = grant(fresh(), now_ms=NOW, priority="fiscal", want=60)
    early = forfeit(
        granted.budget, now_ms=NOW + USE_WITHIN_MS, granted_ms=granted.granted_ms, count=15, priority="fiscal"
    )
    late = forfeit(
        granted.budget, now_ms=NOW + USE_WITHIN_MS + 1, granted_ms=granted.granted_ms, count=15, priority="fiscal"
    )

    assert grant(early, now_ms=NOW + USE_WITHIN_MS, priority="fiscal", want=60).count == 15
    assert early.used == (45, 0, 0)
    assert grant(late, now_ms=NOW + USE_WITHIN_MS + 1, priority="fiscal", want=60).count == 0
    assert late.used == (60, 0, 0)


def test_no_more_comes_back_than_was_granted_to_the_class_then():
    granted = grant(fresh(), now_ms=NOW, priority="normal", want=5)
    for priority, at in (("normal", NOW), ("fiscal", NOW), ("normal", NOW - 5_000)):
        back = forfeit(granted.budget, now_ms=NOW + 1, granted_ms=at, count=1_000, priority=priority)
        assert sum(n for _, _, n in back.recent) == (0 if (priority, at) == ("normal", NOW) else 5)
        assert min(back.used) >= 0


def test_a_new_plan_keeps_what_was_spent():
    spent = grant(fresh(60, 500), now_ms=NOW, priority="fiscal", want=60).budget
    grown = with_limits(replace(spent, seen_minute=60), per_minute=120, per_month=7_500)

    assert grant(grown, now_ms=NOW, priority="fiscal", want=120).count == 60
    assert grown.used == (60, 0, 0)


def test_a_larger_plan_ends_the_refusal_of_the_smaller_ones_month():
    refused = replace(fresh(60, 500), month_until_ms=NOW + 86_400_000)
    grown = with_limits(refused, per_minute=120, per_month=7_500)

    assert grant(grown, now_ms=NOW, priority="fiscal", want=1).count == 1


@pytest.mark.parametrize(("per_minute", "per_month"), [(0, 500), (60, 0), (-1, 500)])
def test_a_limit_below_one_is_refused(per_minute, per_month):
    with pytest.raises(BadInput, match="at least 1"):
        fresh(per_minute, per_month)
    with pytest.raises(BadInput, match="at least 1"):
        with_limits(fresh(), per_minute=per_minute, per_month=per_month)
