"""An account that Holded refuses makes its own work wait, with one alarm, costs nobody else anything, and comes back alone."""

from __future__ import annotations

import dataclasses
import itertools
from abc import ABC, abstractmethod
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from holded_sandbox.faults import Fault
from holded_sandbox.v2 import ROUTER
from relay.domain.transitions import ended
from relay.ports.accounts import Credential
from relay.services.drain import CONCURRENCY
from tests.services.town import ACCOUNT, Town
from tests.services.world import TOKEN

OTHER = "other"
READS = frozenset(f"{route.scope}.read" for route in ROUTER.all())
HOURS = 3600


class Poison(ABC):
    """Makes Holded refuse the account, and takes it back."""

    reason = "credential_invalid"

    def __init__(self, town):
        self.town = town

    @abstractmethod
    def strike(self): ...

    @abstractmethod
    def mend(self): ...


class RevokedToken(Poison):
    def strike(self):
        del self.town.company.tokens[TOKEN]

    def mend(self):
        self.town.company.tokens[TOKEN] = None


class DeletedCompany(Poison):
    def strike(self):
        del self.town.sandbox.companies[self.town.company.id]

    def mend(self):
        self.town.sandbox.companies[self.town.company.id] = self.town.company


class ReadOnlyKey(RevokedToken):
    reason = "scope_missing"

    def strike(self):
        self.town.company.tokens[TOKEN] = READS


class PlanWithoutApi(Poison):
    reason = "plan_unpaid"

    def strike(self):
        fault = Fault(kind="error_before", status=402, company=self.town.company.id, times=None)
        self.town.sandbox.faults.faults.append(fault)

    def mend(self):
        self.town.sandbox.faults.faults.clear()


POISONS = (RevokedToken, DeletedCompany, ReadOnlyKey, PlanWithoutApi)
poisons = pytest.mark.parametrize("kind", POISONS, ids=lambda kind: kind.__name__)


def a_day_of_orders(town, *, strike=lambda: None, hours=30, every_minutes=30):
    """Both accounts sell all the time; the first is struck after an hour. Returns the orders' numbers."""
    numbers = range(1, 1 + hours * 60 // every_minutes)
    for number in numbers:
        if number == 1 + 60 // every_minutes:
            strike()
        for account in (ACCOUNT, OTHER):
            town.sale(account, number)
        town.pass_time(minutes=every_minutes)
    return numbers


@poisons
def test_the_work_of_a_poisoned_account_waits_with_one_alarm_and_resumes_exactly_once(kind):
    town = Town(OTHER)
    poison = kind(town)
    numbers = a_day_of_orders(town, strike=poison.strike)
    assert town.status() == "blocked"
    assert town.accounts.accounts[ACCOUNT].status_reason == poison.reason
    assert town.alarms == [ACCOUNT]
    waiting = {row.state for row in town.rows("invoice") if row.key.account == ACCOUNT} - {"confirmed"}
    assert waiting == {"waiting"}
    assert all(row.attempts == 0 for row in town.rows("invoice"))

    poison.mend()
    town.pass_time(hours=25)

    assert town.names() == town.names(OTHER) == sorted(f"Shopify #{number}" for number in numbers)
    assert (town.status(), town.alarms) == ("active", [ACCOUNT])


@poisons
def test_a_poisoned_account_costs_the_others_nothing(kind):
    costs, calls = [], []
    for struck in (False, True):
        town = Town(OTHER)
        a_day_of_orders(town, strike=kind(town).strike if struck else lambda: None, hours=12)
        costs.append(town.cost(OTHER))
        calls.append(town.company_of(OTHER).counts.calls)

    assert costs[0] == costs[1]
    assert calls[0] == calls[1]
    assert costs[0]["holded.call"] >= 24


@poisons
def test_it_is_tried_ever_more_rarely_with_one_row(kind):
    town = Town(OTHER)
    town.sale(ACCOUNT, 1)
    kind(town).strike()
    town.sale(ACCOUNT, 2)
    town.counts.clear()
    tried = []
    for hour in range(1, 24 * 8 + 1):
        before = town.cost(ACCOUNT)["holded.call"]
        town.pass_time(hours=1)
        town.sale(ACCOUNT, 2 + hour)
        calls = town.cost(ACCOUNT)["holded.call"] - before
        assert calls <= 1
        tried += [hour] * calls

    gaps = [later - earlier for earlier, later in itertools.pairwise(tried)]
    assert tried[0] <= 2
    assert gaps == sorted(gaps)
    assert 23 <= gaps[-1] <= 25
    assert len(tried) <= 13


@poisons
def test_many_rows_at_once_are_refused_once_a_call_that_was_under_way(kind):
    town = Town(OTHER)
    town.sale(ACCOUNT, 1)
    kind(town).strike()
    town.backlog(ACCOUNT, 200)
    town.counts.clear()
    town.drain(ACCOUNT)
    assert town.cost(ACCOUNT)["holded.call"] <= CONCURRENCY
    assert town.cost(ACCOUNT)["ledger.replace"] <= 2 * 25
    town.counts.clear()

    town.pass_time(hours=3)

    assert town.cost(ACCOUNT)["holded.call"] == 2
    assert town.alarms == [ACCOUNT]


def test_a_read_that_succeeds_does_not_open_an_account_that_may_not_write():
    town = Town(OTHER)
    town.sale(ACCOUNT, 1)
    ReadOnlyKey(town).strike()
    town.sale(ACCOUNT, 2)
    (refused,) = [row for row in town.rows("invoice") if row.state == "waiting"]
    town.ledger.rows[refused.key] = ended(refused, now_ms=refused.due_ms, state="ignored", reason="by_hand")
    by_hand = dict(town.documents()[0], id="a" * 24, tags=[])
    town.company.put("documents", by_hand, town.clock.now().timestamp())
    town.drain(ACCOUNT, town.hint("a" * 24))
    town.holded.calls.clear()
    town.pass_time(hours=5)
    assert town.holded.calls == [f"GET /api/v2/invoices/{'a' * 24}"]
    assert town.status() == "blocked"
    town.sale(ACCOUNT, 3)
    town.pass_time(hours=25)

    assert (town.status(), town.alarms) == ("blocked", [ACCOUNT])


def test_an_account_that_is_refused_for_another_reason_is_still_closed_the_first_time():
    town = Town(OTHER)
    town.sale(ACCOUNT, 1)
    RevokedToken(town).strike()
    town.sale(ACCOUNT, 2)
    ReadOnlyKey(town).strike()
    town.pass_time(hours=3)

    account = town.accounts.accounts[ACCOUNT]
    assert (account.status_reason, account.refused) == ("scope_missing", "v2 write invoices")
    assert town.alarms == [ACCOUNT]


def test_a_new_token_sets_all_that_waits_going_at_once():
    town = Town(OTHER)
    a_day_of_orders(town, strike=RevokedToken(town).strike, hours=5)
    before = town.clock.now()
    town.company.tokens["pat_new"] = None
    town.accounts.credentials[ACCOUNT] = Credential(token="pat_new")
    town.change(ACCOUNT, status="active", status_reason="")
    town.drain(ACCOUNT)

    assert (town.clock.now(), len(town.names()), town.status()) == (before, 10, "active")
    assert town.alarms == [ACCOUNT]


def test_a_token_changed_under_a_drain_is_used_within_a_minute():
    town = Town(OTHER)
    town.sale(ACCOUNT, 1)
    RevokedToken(town).strike()
    town.sale(ACCOUNT, 2)
    call = town.holded.call

    async def mended_meanwhile(request, credential, *, timeout_ms):
        """The operator changes the token while the probe with the old one is on its way."""
        town.holded.call = call
        try:
            return await call(request, credential, timeout_ms=timeout_ms)
        finally:
            town.company.tokens["pat_new"] = None
            town.accounts.credentials[ACCOUNT] = Credential(token="pat_new")
            there = town.accounts.accounts[ACCOUNT]
            town.accounts.accounts[ACCOUNT] = dataclasses.replace(
                there, status="active", status_reason="", rev=there.rev + 1
            )

    town.clock.advance(HOURS)
    town.holded.call = mended_meanwhile
    town.pass_time(minutes=2)

    assert (len(town.names()), town.status()) == (2, "active")


def test_a_paused_account_is_not_opened_by_a_drain_that_was_under_way():
    town = Town(OTHER)
    town.sale(ACCOUNT, 1)
    RevokedToken(town).strike()
    call = town.holded.call

    async def paused_meanwhile(request, credential, *, timeout_ms):
        town.holded.call = call
        there = town.accounts.accounts[ACCOUNT]
        town.accounts.accounts[ACCOUNT] = dataclasses.replace(there, status="paused", rev=there.rev + 1)
        return await call(request, credential, timeout_ms=timeout_ms)

    town.holded.call = paused_meanwhile
    town.sale(ACCOUNT, 2)

    assert (town.status(), town.alarms) == ("paused", [])


def test_a_missing_scope_for_one_kind_of_record_is_found_again_only_by_that_kind():
    """Products may not be written, invoices may: they go on, one at a time, and the account is not opened and closed in turn."""
    town = Town(OTHER)
    town.sale(ACCOUNT, 1)
    everything = frozenset(route.needed_scope for route in ROUTER.all())
    town.company.tokens[TOKEN] = everything - {"inventory:products.write"}
    product = {"id": 7, "title": "Mesa", "variants": [{"id": 71, "sku": "MESA", "price": "10.00"}]}
    refs = town.deliver(
        product | {"updated_at": "2026-03-02T09:00:00+01:00", "created_at": "2026-03-02T09:00:00+01:00"},
        topic="products/create",
    )
    town.drain(ACCOUNT, refs)
    assert town.status() == "blocked"
    for number in range(2, 8):
        town.sale(ACCOUNT, number)
        town.pass_time(hours=2)
    town.pass_time(hours=12)
    assert (town.status(), town.alarms, len(town.names())) == ("blocked", [ACCOUNT], 7)

    town.company.tokens[TOKEN] = everything
    town.pass_time(hours=25)

    assert town.status() == "active"
    assert len(town.company.tables["products"]) >= 1


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("sale"), st.integers(1, 12)),
        st.tuples(st.sampled_from(("strike", "mend", "new token")), st.just(0)),
        st.tuples(st.just("minutes"), st.sampled_from((1, 20, 61, 300))),
    ),
    max_size=16,
)


@settings(max_examples=25, deadline=None)
@given(kind=st.sampled_from(POISONS), steps=STEPS)
def test_however_often_an_account_is_closed_and_mended_every_fact_is_written_once(kind, steps):
    town, quiet = Town(OTHER), Town(OTHER)
    poison, struck, strikes = kind(town), False, 0
    for what, n in steps:
        if what == "sale":
            for each in (town, quiet):
                each.sale(ACCOUNT, n)
                each.sale(OTHER, n)
        elif what == "minutes":
            town.pass_time(minutes=n)
            quiet.pass_time(minutes=n)
        elif what == "strike" and not struck:
            poison.strike()
            struck, strikes = True, strikes + 1
        elif what in {"mend", "new token"} and struck:
            poison.mend()
            struck = False
            if what == "new token" and town.status() == "blocked":
                town.change(ACCOUNT, status="active", status_reason="")
    if struck:
        poison.mend()
    town.pass_time(hours=26)
    quiet.pass_time(hours=26)

    sold = Counter(f"Shopify #{n}" for n in {n for what, n in steps if what == "sale"})
    assert Counter(town.names()) == Counter(town.names(OTHER)) == sold
    assert len(town.alarms) <= strikes
    assert town.status() == "active"
    assert town.cost(OTHER) == quiet.cost(OTHER)
