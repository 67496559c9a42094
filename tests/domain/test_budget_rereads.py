"""What webhooks of Holded may ask for: paced over the month, beside what polls keep, behind what documents need."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.domain import budget_rereads as rereads
from relay.domain.budget import grant, month_of, new_budget, roll
from relay.domain.budget_month import month_end, month_start, part_of_background
from relay.domain.budget_pack import pack, unpack

DAY = 86_400_000
START = int(datetime(2026, 11, 1, tzinfo=UTC).timestamp() * 1000)
PLUS, KEPT, MOST = 500, 100, 200


def fresh(per_month=PLUS):
    return new_budget(per_minute=60, per_month=per_month, now_ms=START)


def part(budget, at_ms, *, kept=KEPT, most=MOST):
    return part_of_background(month_of(roll(budget, at_ms)), at_ms, kept=kept, most=most)


def lived(*, wants, fiscal_a_day=0, polls_a_day=0, days=30, kept=KEPT, most=MOST, per_month=PLUS):
    """Each hour polls and webhooks ask for what they want, webhooks first; returns (re-reads, polls, documents) that were let."""
    budget, got = fresh(per_month), {"rereads": 0, "polls": 0, "fiscal": 0}
    owed = dict.fromkeys(got, 0.0)
    for hour in range(24 * days):
        now = START + hour * 3_600_000 + 60_000
        for name, a_day in (("fiscal", fiscal_a_day), ("rereads", wants), ("polls", polls_a_day)):
            owed[name] += a_day / 24
            while owed[name] >= 1:
                if name == "rereads" and rereads.from_ms(budget, now_ms=now, calls=1, kept=kept, most=most) > now:
                    break
                granted = grant(budget, now_ms=now, priority="fiscal" if name == "fiscal" else "background", want=1)
                budget = granted.budget
                if not granted.count:
                    break
                budget = rereads.counted(budget, 1) if name == "rereads" else budget
                got[name] += 1
                owed[name] -= 1
    return got["rereads"], got["polls"], got["fiscal"]


def test_a_month_of_thirty_changes_a_day_leaves_the_polls_what_is_theirs():
    # Without a share of their own the webhooks would have had all but ten of the month's calls.
    assert lived(wants=30, polls_a_day=4) == (200, 119, 0)


@pytest.mark.parametrize("fiscal_a_day", [2, 6, 10, 14])
def test_documents_come_first_and_the_polls_keep_their_share_or_half_of_what_is_left(fiscal_a_day):
    asked, polled, written = lived(wants=30, polls_a_day=4, fiscal_a_day=fiscal_a_day)
    left = PLUS - written

    assert written == fiscal_a_day * 30
    assert polled >= min(KEPT, left // 2) - 3
    assert asked <= min(MOST, max(left - KEPT, left // 2)) + 5
    assert written + asked + polled <= PLUS


def test_a_share_of_nothing_is_nothing():
    assert lived(wants=30, polls_a_day=2, most=0)[0] == 0


def test_a_small_part_is_free_of_the_forecast():
    busy = grant(fresh(7_500), now_ms=START, priority="fiscal", want=60).budget
    busy = replace(busy, used=(1_000, 0, 0))

    assert part(busy, START + DAY // 24, kept=1_500, most=3_000) == 75
    assert part(busy, START + 20 * DAY, kept=1_500, most=3_000) > 1_000


def test_what_was_asked_for_in_one_month_is_forgotten_in_the_next():
    budget = rereads.counted(fresh(), 200)

    assert rereads.from_ms(budget, now_ms=START + 20 * DAY, calls=1, kept=KEPT, most=MOST) >= month_end(START)
    assert roll(budget, month_end(START) + DAY).rereads == 0


def test_more_than_any_month_has_is_let_at_the_end_of_the_next():
    found = rereads.from_ms(fresh(), now_ms=START, calls=10_000, kept=KEPT, most=MOST)

    assert month_start(found) == month_end(month_end(START))


def test_a_call_that_was_not_made_is_given_back():
    assert rereads.counted(rereads.counted(fresh(), 2), -1).rereads == 1
    assert rereads.counted(fresh(), -1).rereads == 0


def test_a_budget_of_an_earlier_release_has_none():
    packed = pack(fresh())
    del packed["rereads"]

    assert unpack(packed) == fresh()
    assert unpack(pack(rereads.counted(fresh(), 7))).rereads == 7


@given(
    used=st.tuples(*[st.integers(0, 400)] * 3),
    foreign=st.integers(0, 400),
    kept=st.integers(0, 500),
    most=st.integers(0, 500),
    at=st.integers(0, 29 * 24),
    later=st.integers(0, 48),
)
def test_it_never_falls_as_time_goes_on_and_leaves_the_rest_what_is_kept(used, foreign, kept, most, at, later):
    month = month_of(replace(fresh(), used=used, foreign=foreign))
    now, then = (START + hours * 3_600_000 for hours in (at, min(at + later, 30 * 24 - 1)))
    first, second = (part_of_background(month, each, kept=kept, most=most) for each in (now, then))

    assert 0 <= first <= second <= most
    # By the month's end, if nothing more is asked for by those that come first.
    last = part_of_background(month, month_end(START) - 1, kept=kept, most=most)
    whole = PLUS - sum(used[:2]) - foreign
    assert last <= max(PLUS // 100, whole - kept, whole - whole // 2)


@given(calls=st.integers(1, 60), asked=st.integers(0, 250), at=st.integers(0, 29 * 24))
def test_the_instant_is_the_earliest(calls, asked, at):
    budget, now = rereads.counted(fresh(), asked), START + at * 3_600_000
    found = rereads.from_ms(budget, now_ms=now, calls=calls, kept=KEPT, most=MOST)

    assert found >= now
    assert part(budget, found) >= roll(budget, found).rereads + calls
    if found > now:
        assert part(budget, found - 1) < roll(budget, found - 1).rereads + calls
