"""Every active account's poll stands and is due at a time of its own, whether or not it was ever drained."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import replace

import pytest

from relay.services.enlist import HOUR_MS, MOST_ACCOUNTS, Enlist, in_turn
from relay.services.poll_row import poll_key
from relay.services.times import at_ms
from tests.services.polling import Hands, poll_now, polled_world, told
from tests.services.world import ACCOUNT, World


def enlist(world):
    service = Enlist(accounts=world.accounts, ledger=world.ledger, gates=world.gates)
    return asyncio.run(service(now_ms=at_ms(world.clock.now())))


@pytest.fixture
def world():
    return polled_world()


def test_an_account_that_was_never_drained_is_polled(world):
    done = enlist(world)
    world.settle(hours=8, step_s=600)

    assert (done.looked_at, done.stood_up, done.made_due) == (1, 1, 1)
    assert world.polls.states[ACCOUNT].courses["invoice"].full_ms
    assert {row.kind for row in world.rows()} == {"poll", "settle", "reconcile"}


def test_who_is_looked_after_already_is_left_alone(world):
    poll_now(world)
    before = dict(world.ledger.rows), dict(world.gates.gates)
    done = enlist(world)

    assert (done.looked_at, done.stood_up, done.made_due) == (1, 0, 0)
    assert (world.ledger.rows, world.gates.gates) == before


def test_a_poll_that_died_and_a_gate_that_nobody_wakes_are_made_good(world):
    poll_now(world)
    row = world.ledger.rows[poll_key(ACCOUNT)]
    world.ledger.rows[row.key] = replace(row, state="dead", due_ms=0, rev=row.rev + 1)
    gate = world.gates.gates[ACCOUNT]
    world.gates.gates[ACCOUNT] = replace(gate, next_due_ms=None, rev=gate.rev + 1)
    done = enlist(world)
    hands = Hands(world)
    invoice = hands.invoice()
    world.settle(hours=36, step_s=600)

    assert (done.stood_up, done.made_due) == (1, 1)
    assert ("invoice.created", invoice) in told(world)


@pytest.mark.parametrize("status", ["paused", "blocked"])
def test_an_account_that_does_not_work_is_left_alone(world, status):
    world.accounts.accounts[ACCOUNT] = replace(world.accounts.accounts[ACCOUNT], status=status)

    assert enlist(world).looked_at == 0
    assert enlist(World()).looked_at == 0  # its settings switch polling off


def test_many_accounts_take_turns_and_all_of_them_have_one(world):
    one = world.accounts.accounts[ACCOUNT]
    accounts = [replace(one, account=f"a{n}") for n in range(10_000)]
    turns = [in_turn(accounts, now_ms=hour * HOUR_MS) for hour in range(4)]
    seen = Counter(each.account for turn in turns for each in turn)

    assert set(seen.values()) == {1}
    assert len(seen) == 10_000
    assert max(map(len, turns)) < 1.1 * MOST_ACCOUNTS
