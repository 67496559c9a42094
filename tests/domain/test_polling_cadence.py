"""Calls are shared out by weight, kept to the allowance, and spread so that ten thousand accounts never come at once."""

from __future__ import annotations

import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.domain.polling_cadence import (
    FIRST_WITHIN_MS,
    FULL_AT_MOST_MS,
    MONTH_MS,
    RECENT_AT_MOST_MS,
    Subject,
    allowance,
    cadences,
    cost,
    first_due_ms,
    next_due_ms,
)

HOUR_MS = 3600_000
DAY_MS = 24 * HOUR_MS
NOW_MS = 1_772_442_000_000


def subject(name="invoice", **fields):
    given_fields = {"weight": 1, "cadence_ms": HOUR_MS, "full_calls": 1} | fields
    return Subject(name=name, **given_fields)


subjects = st.lists(
    st.builds(
        subject,
        name=st.uuids().map(str),
        weight=st.integers(1, 10),
        cadence_ms=st.sampled_from([HOUR_MS, 6 * HOUR_MS, DAY_MS]),
        full_calls=st.integers(1, 12),
        recent_calls=st.integers(0, 5),
        changes_a_day=st.floats(0, 1000),
        covered=st.booleans(),
    ),
    min_size=1,
    max_size=25,
    unique_by=lambda each: each.name,
)


@pytest.mark.parametrize(
    ("per_month", "calls"), [(500, 100), (2_000, 400), (7_500, 1_500), (30_000, 6_000), (100_000, 6_000)]
)
def test_a_fifth_of_every_plan_and_no_more_than_the_cap(per_month, calls):
    assert allowance(per_month, share_percent=20, most_calls=6_000) == calls


@given(subjects, st.integers(100, 6_000))
def test_all_together_cost_no_more_than_was_given_beyond_the_rarest_looks(found, calls):
    planned = cadences(found, calls=calls)
    rarest = sum(
        cost(each, planned[each.name])
        for each in found
        if planned[each.name].full_ms >= FULL_AT_MOST_MS or planned[each.name].recent_ms >= RECENT_AT_MOST_MS
    )

    assert sum(cost(each, planned[each.name]) for each in found) <= calls * 1.01 + rarest


@given(subjects)
def test_where_calls_are_plenty_everybody_has_its_own_cadence(found):
    planned = cadences(found, calls=10_000_000)

    for each in found:
        least = each.cadence_ms * (4 if each.covered else 1)
        assert (planned[each.name].recent_ms or planned[each.name].full_ms) == least


def test_what_changes_often_is_looked_at_more_often_and_what_webhooks_tell_less():
    busy, quiet, told = subject("busy", changes_a_day=30.0), subject("quiet"), subject("told", covered=True)
    planned = cadences([busy, quiet, told], calls=60)

    assert planned["busy"].full_ms < planned["quiet"].full_ms < planned["told"].full_ms


def test_calls_that_one_cannot_use_are_the_others():
    rare, often = subject("rare", cadence_ms=10 * DAY_MS, weight=10), subject("often")
    planned = cadences([rare, often], calls=100)

    assert planned["rare"].full_ms == 10 * DAY_MS
    assert planned["often"].full_ms == pytest.approx(MONTH_MS / 97, rel=0.01)


@given(st.text(max_size=20), st.integers(HOUR_MS, 31 * DAY_MS), st.floats(0, 1, exclude_max=True))
def test_the_next_look_is_about_an_interval_away(account, interval_ms, jitter):
    at = next_due_ms(account, "invoice", now_ms=NOW_MS, interval_ms=interval_ms, jitter=jitter)

    assert 0.4 * interval_ms < at - NOW_MS < 1.6 * interval_ms


def worst_minute(dues):
    return max(Counter(due // 60_000 for due in dues).values())


def test_ten_thousand_new_accounts_do_not_come_at_once():
    dues = [first_due_ms(f"a{n}", name, now_ms=NOW_MS) for n in range(10_000) for name in ("invoice", "contact")]
    even = len(dues) / (FIRST_WITHIN_MS // 60_000)
    worst = worst_minute(dues)

    print(f"first looks: {len(dues)} in six hours, {even:.0f} a minute if even, worst minute {worst}")
    assert worst < 2 * even


def test_ten_thousand_accounts_that_come_back_together_part_again():
    """All of them were stopped by an outage and look at the same instant: the next day is spread as before."""
    dice = random.Random(1)
    dues = []
    for account in range(10_000):
        for name, interval_ms in (("invoice", HOUR_MS), ("contact", 6 * HOUR_MS), ("product", 4 * DAY_MS)):
            at = NOW_MS
            while at < NOW_MS + DAY_MS:
                at = next_due_ms(f"a{account}", name, now_ms=at, interval_ms=interval_ms, jitter=dice.random())
                dues.append(at)
    inside = [due for due in dues if due < NOW_MS + DAY_MS]
    later = [due for due in inside if due > NOW_MS + 2 * HOUR_MS]
    even = len(later) / (22 * 60)
    worst = worst_minute(later)

    print(f"{len(inside)} looks in a day, {even:.0f} a minute if even, worst minute {worst}")
    assert worst < 2 * even
    assert worst_minute(inside) < 3 * even
