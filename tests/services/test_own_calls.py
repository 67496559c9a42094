"""What `relay plan` counts of polling and of the nights is what these spend."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from decimal import Decimal

import pytest

from relay.domain.nights import most_calls, nights_between, usual_night
from relay.domain.plans import DAYS, PLANS, Load
from relay.domain.polling import Polling as State
from relay.domain.settings import Polling, Reconcile, default_settings
from relay.holded.listings import LARGEST_PAGE
from relay.services.own_calls import own_calls
from relay.services.poll_plan import plan_of
from relay.services.reconcile import Reconcile as Reconciling
from tests.services.books import MARCH, Books
from tests.services.world import ACCOUNT

SETTINGS = default_settings()


def parts(per_month, *, settings=SETTINGS, orders=0, refunds=0):
    return {one.what: one for one in own_calls(Load(orders=orders, refunds=refunds), settings, per_month=per_month)}


@pytest.mark.parametrize("per_month", [per_month for _, per_month in PLANS.values()])
def test_polling_is_counted_as_it_forecasts_itself_and_never_above_its_allowance(per_month):
    plan = plan_of(SETTINGS.polling, per_month)
    state = plan.admitted(State(account=ACCOUNT), now_ms=0)
    forecast = sum(plan.forecast(state, now_ms=0).values())
    a_month = parts(per_month)["polling what no webhook tells"].a_day * DAYS

    assert float(a_month) == pytest.approx(min(plan.allowance, forecast * DAYS / 30))


def test_what_settings_switch_off_costs_nothing():
    off = replace(SETTINGS, polling=Polling(enabled=False), reconcile=Reconcile(nightly=False))

    assert parts(2_000, settings=off) == {}


def test_a_night_is_counted_as_reconciliation_counts_its_lists():
    books = Books(orders=3)
    account = asyncio.run(books.accounts.get(ACCOUNT))
    read = asyncio.run(Reconciling(inbox=books.inbox, ledger=books.ledger).read(account, MARCH, now=books.clock.now()))

    assert parts(100_000, orders=3)["nightly reconciliation"].calls == read.calls


@pytest.mark.parametrize(
    ("a_day", "per_month", "calls"), [(40, 7_500, 3), (1_000, 100_000, 37), (100, 500, 5), (1_000, 500, 5)]
)
def test_a_night_spends_no_more_than_its_cap(a_day, per_month, calls):
    """Where the lists of seven days do not fit it is fewer days; where one does not, it stops."""
    found, nights = usual_night(SETTINGS.reconcile, (a_day, 0), per_month=per_month, page=LARGEST_PAGE)

    assert found == calls <= most_calls(SETTINGS.reconcile, per_month=per_month)
    assert nights == nights_between(calls, per_month=per_month, days=7)


def test_nights_that_come_less_often_are_a_part_of_a_night_a_day():
    night = parts(500)["nightly reconciliation"]

    assert (night.count, night.calls) == (Decimal(1) / 3, 2)
