"""Snapshots that an older version of the relay wrote: its rules are gone by, and what it saw is still what it saw."""

from __future__ import annotations

from dataclasses import replace

import pytest

from relay.holded import unified
from tests.services.polling import Hands, observed, poll_now, polled_world, told


@pytest.fixture
def world():
    return polled_world()


@pytest.fixture
def hands(world):
    return Hands(world)


RULES = pytest.mark.parametrize("rule", [0, 1])


def grow_old(world, rule):
    """Every snapshot is as that rule would have left it."""
    for (account, name, holded_id), one in world.snapshots.seen.items():
        shown = observed(world, name, holded_id)
        then = unified.earlier(shown.matters if shown.before is None else shown.before)[rule]
        world.snapshots.seen[account, name, holded_id] = replace(one, fingerprint=then)


def now_of(world):
    return {
        key: unified.fingerprint(observed(world, key[1], key[2]).matters)
        for key, one in world.snapshots.seen.items()
        if not one.gone
    }


def stored(world):
    return {key: one.fingerprint for key, one in world.snapshots.seen.items() if not one.gone}


@RULES
def test_a_new_rule_of_fingerprints_is_no_storm_of_events(world, hands, rule):
    contacts = [hands.contact(f"C{n}") for n in range(20)]
    invoice = hands.invoice()
    hands.approve(paid := hands.invoice())
    hands.pay(paid, "10")
    hands.product()
    poll_now(world)
    grow_old(world, rule)
    world.clock.advance(60)
    poll_now(world)

    assert told(world) == []
    assert stored(world) == now_of(world)
    before = dict(world.snapshots.seen)
    poll_now(world)
    assert world.snapshots.seen == before  # written once
    grow_old(world, rule)
    hands.rename(contacts[3], "Other")
    hands.edit(invoice, "7")
    hands.forget(contacts[4])
    world.clock.advance(60)
    poll_now(world)

    assert sorted(told(world)) == sorted(
        [("contact.updated", contacts[3]), ("invoice.updated", invoice), ("contact.deleted", contacts[4])]
    )
    assert stored(world) == now_of(world)


@RULES
def test_a_webhook_finds_an_older_snapshot_unchanged_too(world, hands, rule):
    invoice = hands.invoice()
    poll_now(world)
    grow_old(world, rule)
    world.run(world.hint(invoice, "update"))
    world.settle(hours=0.05)

    assert told(world) == []
    assert stored(world) == now_of(world)


def test_another_spelling_of_the_same_contact_is_no_event(world, hands):
    """A list leaves out what is empty, a read of one object says null: both are looks at one state."""
    contact = hands.contact()
    poll_now(world)
    record = world.company.tables["contacts"][contact]
    record["bill_address"], record["mobile"] = {"address": "", "city": None}, None
    world.clock.advance(60)
    poll_now(world, "contact")

    assert told(world) == []
