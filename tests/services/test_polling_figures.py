"""The figures of the polling in a shortened form: a small company, few days, and the pieces they are made of."""

from __future__ import annotations

import pytest

from relay.services.enlist import MOST_ACCOUNTS
from tests.benchmarks import herd, polling_cost, polling_delay
from tests.benchmarks.polling_company import A_DAY
from tests.benchmarks.polling_month import PAYMENT, month, percentile
from tests.benchmarks.polling_naive import LISTS, naive

SMALL = 0.05


@pytest.fixture(scope="module")
def plus():
    return month("plus", scale=SMALL, days=12, after_days=25)


def test_thirty_changes_make_a_day():
    assert sum(A_DAY.values()) == 30


def test_a_small_company_on_the_smallest_plan_stays_within_its_share(plus):
    assert plus.calls == plus.polling == sum(plus.by_resource.values())
    assert 0 < plus.first_calls <= plus.allowance == 100
    assert plus.polling <= plus.allowance
    cells = polling_cost.row(plus)
    assert cells[0] == "plus, off"
    assert cells[1] == round(plus.polling * 30 / 12)
    assert cells[3:5] == (0, 0)
    assert sum(cells[5:10]) == pytest.approx(cells[1], abs=5)


def test_nearly_all_that_happened_was_seen_and_payments_first(plus):
    every = polling_delay.every(plus)

    assert len(every) > 300
    assert sum(delay is None for delay in every) < len(every) / 10
    assert percentile(plus.delays_s["pay"], 0.5) < percentile(every, 0.95)
    assert {name for name, *_ in polling_delay.rows([plus])} == {*A_DAY, PAYMENT}


def test_webhooks_tell_at_once_and_cost_a_re_read_each():
    told = month("premium", webhooks=True, scale=SMALL, days=1)

    assert told.calls - told.polling > 10
    assert percentile(told.delays_s["create"], 0.5) < 60


@pytest.fixture(scope="module")
def thirty_changes_a_day():
    """A whole month on the smallest plan, all of Holded's webhooks on."""
    return month("plus", webhooks=True, scale=SMALL, days=30, after_days=10)


def test_webhooks_of_a_month_on_the_smallest_plan_leave_polling_its_share(thirty_changes_a_day):
    told = thirty_changes_a_day
    singles = told.calls - told.polling - told.hurried

    print(f"polling {told.polling}, hurried passes {told.hurried}, re-reads {singles} of {told.per_month}")
    # Without a share of their own the re-reads took 490 calls, and polling had 10.
    assert 0.6 * told.allowance <= told.polling <= told.allowance == 100
    assert 0.3 * told.per_month <= told.hurried + singles <= 0.4 * told.per_month + 2
    assert told.hurried > singles


def test_every_change_of_that_month_is_seen_in_the_end_and_half_of_them_within_half_a_day(thirty_changes_a_day):
    delays = polling_delay.every(thirty_changes_a_day)

    assert len(delays) > 800
    paid = thirty_changes_a_day.delays_s["pay"]
    # A document that was paid and deleted before anybody looked is told to be deleted, and nothing else.
    assert delays.count(None) == paid.count(None) < len(paid) / 50
    assert percentile(delays, 0.5) < 12 * 3600
    assert percentile(thirty_changes_a_day.delays_s["pay"], 0.5) < 12 * 3600


def test_who_was_never_seen_is_the_longest():
    assert percentile([1.0, None, 2.0, 3.0], 0.5) == 3.0
    assert percentile([1.0, None], 0.95) is None
    assert percentile([], 0.5) is None
    assert polling_delay.pair([3600.0, None]) == "never / never"
    assert polling_delay.pair([3600.0]) == "1.0 / 1.0"


def test_the_naive_poll_reads_four_lists_and_sees_changes_within_its_quarter_of_an_hour():
    found = naive(rounds=60, scale=SMALL)

    assert found.calls >= found.rounds * len(LISTS)
    assert found.delays_s
    assert max(found.delays_s) <= 15 * 60


def test_a_herd_is_spread_and_the_dispatcher_only_reads_when_all_stand():
    plans = [herd.planned(plan, scale=SMALL) for plan in ("plus", "basic")]
    told = herd.day(plans, accounts=500)
    counts = herd.dispatched(10)

    assert all(sum(minutes.values()) for minutes in told.values())
    assert max(told["first looks of a new herd"]) < 6 * 60
    assert counts["first hour"] == {"reads": 20, "writes": 20}
    assert counts["later hours"] == {"reads": 20}
    assert MOST_ACCOUNTS % herd.SAMPLE == 0
