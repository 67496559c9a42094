"""A purchase bears its supplier's number, draft or not: its approval is what Holded says it is, and is told once."""

from __future__ import annotations

from dataclasses import replace

import pytest

from relay.holded import unified
from relay.services.times import at_ms
from tests.polled import BY_NAME
from tests.services.polling import Hands, make_due, observed, poll_now, polled_world, state, told
from tests.services.world import ACCOUNT


@pytest.fixture
def world():
    world = polled_world({"polling": {"share": 100, "most_calls": 100_000, "add": ["purchaserefund"]}})
    world.polled = (BY_NAME["purchase"], BY_NAME["purchaserefund"])
    return world


@pytest.fixture
def hands(world):
    return Hands(world)


def enter(hands, number="PROV-77", kind="purchase", **fields):
    """A person enters what a supplier has sent."""
    return hands.invoice(kind=kind, _own_number=number, **fields)


def look(world):
    world.clock.advance(3600)
    poll_now(world)


def look_recently(world, *, brief=False):
    world.clock.advance(3600)
    now_ms, found = at_ms(world.clock.now()), state(world)
    recent = {
        name: replace(one, due_ms=now_ms, full_due_ms=now_ms + 10**9, briefs=0 if brief else 9)
        for name, one in found.courses.items()
    }
    world.polls.states[ACCOUNT] = replace(found, rev=found.rev + 1, courses=recent)
    make_due(world)
    world.run(seconds=120)


@pytest.mark.parametrize("looks", [look, look_recently])
@pytest.mark.parametrize("number", ["PROV-77", None])
def test_a_draft_with_its_suppliers_number_is_a_draft_until_it_is_approved(world, hands, looks, number):
    look(world)
    purchase = enter(hands, number)
    looks(world)
    assert told(world) == [("invoice.created", purchase)]
    hands.approve(purchase)
    looks(world)
    looks(world)
    look(world)

    assert told(world, first=1) == [("invoice.approved", purchase)]


def test_what_was_there_before_the_first_pass_is_told_when_it_is_approved_and_not_when_it_was(world, hands):
    draft, approved = enter(hands, "A-1"), enter(hands, "A-2")
    hands.approve(approved)
    look(world)
    look(world)
    assert told(world) == []
    hands.approve(draft)
    look(world)

    assert told(world) == [("invoice.approved", draft)]


def test_a_filter_that_is_not_heeded_makes_no_storm_of_approvals(world, hands):
    """Every list shows all, and the first of them says that these are drafts."""
    for number in range(5):
        hands.approve(enter(hands, f"A-{number}"))
    call = world.holded.call

    async def deaf(request, credential, *, timeout_ms):
        query = tuple((name, value) for name, value in request.query if name != "approval_status")
        return await call(replace(request, query=query), credential, timeout_ms=timeout_ms)

    world.holded.call = deaf
    look(world)
    look(world)

    assert told(world) == []


def test_an_approval_seen_by_webhook_and_by_poll_is_one_event(world, hands):
    look(world)
    purchase = enter(hands)
    look(world)
    hands.approve(purchase)
    world.run(world.hint(purchase, "approve", "purchase"))
    world.settle(hours=0.05)
    look(world)
    world.run(world.hint(purchase, "update", "purchase"))
    world.settle(hours=0.05)

    assert told(world) == [("invoice.created", purchase), ("invoice.approved", purchase)]


def test_one_of_long_ago_that_is_entered_now_is_told_at_once(world, hands):
    """It is outside the window; the list of what is unpaid is one of approved ones, too."""
    look(world)
    purchase = enter(hands, date="2025-11-03")
    hands.approve(purchase)
    look_recently(world)
    look(world)

    assert told(world) == [("invoice.created", purchase), ("invoice.approved", purchase)]


def test_a_brief_pass_sees_both_and_leaves_the_approval_to_the_next():
    world = polled_world({"polling": {"share": 100}}, plan="basic")
    world.polled = (BY_NAME["purchase"],)
    hands = Hands(world)
    look(world)
    draft, approved = enter(hands, "A-1"), enter(hands, "A-2")
    hands.approve(approved)
    look_recently(world, brief=True)
    assert world.holded.calls[-1] == "GET /api/v2/purchases"
    assert sorted(told(world)) == sorted([("invoice.created", draft), ("invoice.created", approved)])
    look_recently(world)

    assert told(world, first=2) == [("invoice.approved", approved)]


def test_an_older_snapshot_that_took_the_number_for_approval_is_put_right_silently(world, hands):
    draft, approved = enter(hands, "A-1"), enter(hands, None)
    hands.approve(approved)
    look(world)
    for (account, kind, holded_id), one in world.snapshots.seen.items():
        shown = observed(world, kind, holded_id)
        old = replace(one, fingerprint=unified.earlier(shown.matters)[0], approved=holded_id == draft)
        world.snapshots.seen[account, kind, holded_id] = old
    look(world)
    assert told(world) == []
    hands.approve(draft)
    look(world)

    assert told(world) == [("invoice.approved", draft)]


def test_of_a_refund_no_list_tells_and_a_read_does(world, hands):
    before = enter(hands, kind="purchaserefund")
    hands.approve(before)
    look(world)
    refund = enter(hands, kind="purchaserefund")
    look(world)
    hands.approve(refund)
    look(world)
    assert told(world) == [("credit_note.created", refund)]
    for one in (before, refund):
        world.run(world.hint(one, "update", "purchaserefund"))
        world.settle(hours=0.05)

    assert told(world, first=1) == [("credit_note.approved", refund)]
