"""A replay never turns what a person still has to judge into something done."""

from __future__ import annotations

import asyncio
import dataclasses
from types import SimpleNamespace

import pytest

from relay.services.would import WouldReplay
from tests.services.replaying import change, replayed
from tests.services.test_replay import APPROVED, JUDGED, LATER, delivered, end_of
from tests.services.test_verify import verified
from tests.services.world import ACCOUNT, World, shopify_order

CALLED_OFF = "review:called_off_after_writing"


def called_off():
    world = World()
    delivered(world, shopify_order())
    (ref,) = delivered(world, shopify_order(cancelled_at=LATER, updated_at=LATER), topic="orders/cancelled")
    return SimpleNamespace(world=world, ref=ref, row=world.row("invoice.cancellation"))


def would(world, ref):
    service = WouldReplay(inbox=world.inbox, ledger=world.ledger)
    (told,) = asyncio.run(service(world.accounts.accounts[ACCOUNT], ref, now=world.clock.now()))
    return told.replay


def ended_by_hand(world, row):
    world.ledger.rows[row.key] = dataclasses.replace(row, state="ignored", reason="by_hand", rev=row.rev + 1)


def test_a_cancellation_in_review_is_the_same_review_when_it_is_replayed():
    here = called_off()
    calls = len(here.world.holded.calls)

    assert replayed(here.world, [here.ref]) == {here.ref: CALLED_OFF}
    assert (end_of(here.world, here.ref), len(here.world.holded.calls)) == (CALLED_OFF, calls)
    assert here.world.row("invoice.cancellation").state == "review"
    assert verified(here.world)[0].ends["review", "called_off_after_writing"] == 1


def test_a_dry_run_tells_that_review_too():
    here = called_off()

    assert would(here.world, here.ref) == "review: called_off_after_writing"


def test_a_cancellation_that_a_person_settled_stays_settled():
    here = called_off()
    ended_by_hand(here.world, here.row)

    assert would(here.world, here.ref) == "nothing: ended by a person (by_hand)"
    assert replayed(here.world, [here.ref]) == {here.ref: "ignored:by_hand"}
    assert here.world.row("invoice.cancellation").state == "ignored"


def test_a_newer_version_that_a_person_ended_stays_so():
    world = World()
    delivered(world, shopify_order(currency="USD"))
    change(world, **JUDGED)
    (newer,) = delivered(world, shopify_order(currency="USD", total="242.00", updated_at=LATER), topic="orders/updated")
    ended_by_hand(world, world.row("invoice.update"))
    change(world, policy={})

    assert replayed(world, [newer]) == {newer: "ignored:by_hand"}
    assert [str(total) for total in world.totals()] == ["121.00"]


@pytest.mark.parametrize(("state", "end"), [("review", CALLED_OFF), ("superseded", "duplicate")])
def test_the_end_of_a_written_event_stays_while_a_row_of_it_is_open(state, end):
    here = called_off()
    own = here.world.row()
    beside = dataclasses.replace(here.row, event_id=own.event_id, state=state, rev=here.row.rev + 1)
    here.world.ledger.rows[beside.key] = beside
    at = ACCOUNT, own.event_id.partition("#")[0]
    here.world.inbox.items[at] = dataclasses.replace(here.world.inbox.items[at], ends={"0": CALLED_OFF})
    change(here.world, **APPROVED)
    (answer,) = replayed(here.world, [own.event_id]).values()

    assert answer.startswith("already done: ")
    assert end_of(here.world, own.event_id) == end
