"""One account's flood or backlog changes nothing for another: not its moment, not its calls, not its reads and writes."""

from __future__ import annotations

import asyncio
import dataclasses
from datetime import timedelta

import pytest

from functions.write_holded.handler import handle
from relay.domain.gate import take
from relay.services.times import at_ms
from tests.services.town import ACCOUNT, Town, message
from tests.services.world import shopify_order

QUIET = "quiet"
PER_MINUTE = 60
BACKLOGS = (0, 10_000)


def a_town(waiting=0):
    """The first account on 60 calls a minute, with so many orders waiting; a quiet one beside it."""
    town = Town(QUIET, minute_limit=PER_MINUTE, month_limit=10**6)
    for account in (ACCOUNT, QUIET):
        town.sale(account, 1)
    town.clock.advance(120)
    if waiting:
        town.backlog(ACCOUNT, waiting)
    town.counts.clear()
    return town


def hold(town, account, *, minutes=3):
    """Another drain has the account's lease."""
    now_ms = at_ms(town.clock.now())
    gate = town.gates.gates[account]
    held = take(
        gate, now_ms=now_ms, owner="elsewhere", lease_until_ms=now_ms + minutes * 60_000, priority="fiscal", want=0
    )
    town.gates.gates[account] = held.gate


def batch(town, messages):
    deadline_ms = at_ms(town.clock.now() + timedelta(seconds=60))
    return asyncio.run(handle({"Records": messages}, drainer=town.drainer(), deadline_ms=deadline_ms))


def test_an_event_is_written_the_moment_it_comes_whatever_waits_elsewhere():
    """A quarter of an hour of virtual time: each event of the quiet account stands in Holded before the clock moves."""
    costs = []
    for waiting in BACKLOGS:
        town = a_town(waiting)
        for number in range(2, 17):
            town.sale(QUIET, number)
            assert f"Shopify #{number}" in town.names(QUIET)
            town.pass_time(minutes=1, step_s=10)
        costs.append((town.cost(QUIET), town.company_of(QUIET).counts.calls))
        if waiting == max(BACKLOGS):
            written = len(town.names()) - 1
            assert 0.8 * 15 * PER_MINUTE <= written <= 16 * PER_MINUTE
            assert town.company.counts.refused == {}

    assert costs[0] == costs[1]


def test_a_wake_of_a_loaded_account_costs_what_its_tokens_allow_and_not_what_waits():
    costs = []
    for waiting in (200, 10_000):
        town = a_town(waiting)
        town.drain(ACCOUNT)
        costs.append(town.cost(ACCOUNT))

    assert costs[0] == costs[1]
    assert costs[0]["rows"] <= PER_MINUTE + 2 * 25
    assert costs[0]["holded.call"] <= PER_MINUTE


@pytest.mark.parametrize("waiting", BACKLOGS)
def test_a_wake_without_tokens_sends_nothing_and_writes_no_row(waiting):
    town = a_town(waiting)
    town.drain(ACCOUNT)
    town.counts.clear()
    town.drain(ACCOUNT)
    cost = town.cost(ACCOUNT)

    assert cost["holded.call"] == cost["ledger.insert"] == cost["ledger.replace"] == 0
    assert cost["rows"] <= 3 * 25
    assert cost["wakes.send"] <= 1


def test_the_row_whose_turn_it_was_when_tokens_ended_is_the_next():
    """Parked again it would stand behind thousands that came later."""
    town = a_town(1_000)
    for _ in range(4):
        town.drain(ACCOUNT)
        town.clock.advance(64)

    assert len(town.names()) == 1 + 4 * PER_MINUTE
    assert town.names() == sorted(["Shopify #1", *(f"Shopify #{100_000 + n}" for n in range(4 * PER_MINUTE))])


def test_a_flooding_message_whose_account_is_drained_costs_the_same_however_many_came_before():
    town = a_town()
    hold(town, ACCOUNT)
    costs = []
    for first in range(2, 402, 10):
        town.counts.clear()
        refs = [ref for n in range(first, first + 10) for ref in town.deliver(shopify_order(n), topic="orders/paid")]
        answer, _ = batch(town, [message(ACCOUNT, ref) for ref in refs])
        assert answer == {"batchItemFailures": []}
        costs.append(town.cost(ACCOUNT))

    assert all(cost == costs[0] for cost in costs)
    assert costs[0]["holded.call"] == 0
    assert costs[0]["gates.wake"] == 1
    assert costs[0].total() - costs[0]["rows"] <= 45


def test_a_flood_in_the_same_batch_does_not_hold_up_the_event_beside_it():
    """The loaded account's first call hangs until the quiet account's document stands."""
    town = a_town(200)
    call, hung = town.holded.call, []

    async def hanging(request, credential, *, timeout_ms):
        if credential == town.accounts.credentials[ACCOUNT]:
            hung.append(request)
            for _ in range(10_000):
                if "Shopify #2" in town.names(QUIET):
                    break
                await asyncio.sleep(0)
            else:
                raise AssertionError("the quiet account waited for the loaded one")
        return await call(request, credential, timeout_ms=timeout_ms)

    town.holded.call = hanging
    (ref,) = town.deliver(shopify_order(2), topic="orders/paid", account=QUIET)
    flood = [r for n in range(2, 11) for r in town.deliver(shopify_order(n), topic="orders/paid")]
    answer, _ = batch(town, [*(message(ACCOUNT, each) for each in flood), message(QUIET, ref)])

    assert hung
    assert answer == {"batchItemFailures": []}
    assert "Shopify #2" in town.names(QUIET)


def test_what_a_flood_left_is_all_written_once_its_minutes_come():
    town = a_town()
    hold(town, ACCOUNT)
    for first in range(2, 302, 10):
        refs = [ref for n in range(first, first + 10) for ref in town.deliver(shopify_order(n), topic="orders/paid")]
        batch(town, [message(ACCOUNT, ref) for ref in refs])
    # The holder is told of all of them, and dies: the net finds them at its lease's end.
    town.pass_time(minutes=30)

    assert town.names() == sorted(f"Shopify #{n}" for n in range(1, 302))


def test_the_holder_sees_to_all_that_a_batch_names_in_one_wake():
    town = a_town()
    drainer, drain = town.drainer(), town.drain
    refs = [ref for n in range(2, 12) for ref in town.deliver(shopify_order(n), topic="orders/paid")]
    call = town.holded.call

    async def while_it_is_written(request, credential, *, timeout_ms):
        """Ten more orders come while the first is on its way."""
        town.holded.call = call
        deadline_ms = at_ms(town.clock.now() + timedelta(seconds=60))
        await drainer.run(ACCOUNT, refs, deadline_ms=deadline_ms)
        return await call(request, credential, timeout_ms=timeout_ms)

    town.holded.call = while_it_is_written
    drain(ACCOUNT, town.deliver(shopify_order(100), topic="orders/paid"))

    assert len(town.names()) == 12
    assert town.cost(ACCOUNT)["gates.wake"] == 1


def test_rows_that_come_when_tokens_have_ended_are_not_read_one_by_one():
    costs = []
    for told in (0, 500):
        town = a_town(1_000)
        keys = [str(key) for key in town.ledger.rows if key.account == ACCOUNT and key.purpose == "invoice"][-told:]
        town.gates.wakes[ACCOUNT] = {" ".join(keys[at : at + 10]) for at in range(0, told, 10)}
        town.drain(ACCOUNT)
        costs.append(town.cost(ACCOUNT, calls="ledger."))
        assert not town.gates.wakes.get(ACCOUNT)

    assert costs[1]["ledger.get"] == costs[0]["ledger.get"]
    assert costs[1].total() <= costs[0].total() + 8


def test_each_due_account_gets_one_wake_a_minute_however_much_waits():
    town = a_town(10_000)
    town.gates.gates[QUIET] = dataclasses.replace(town.gates.gates[QUIET], next_due_ms=at_ms(town.clock.now()) - 1)
    sent = len(town.wakes.sent)
    woken, _ = asyncio.run(town.release(now_ms=at_ms(town.clock.now())))

    assert woken == 2
    assert [wake.message["account"] for wake in town.wakes.sent[sent:]] == [QUIET, ACCOUNT]
