"""What is looked at before a call leaves: a token, the time that is left, the total, the hand of a person, every page."""

from __future__ import annotations

import asyncio
from decimal import Decimal

import pytest

from holded_sandbox.faults import Fault
from tests.services.killing import Aftermath, named, send
from tests.services.wire import Wire
from tests.services.world import ACCOUNT, World, shopify_order

APPROVING = {"policy": {"finish": "approve"}}
LATER = "2026-03-02T10:00:00+01:00"


@pytest.fixture
def world():
    return World()


class Meddled:
    """Holded, where a person changes a draft's total the moment it is there."""

    def __init__(self, world, total):
        self.world, self.inner, self.total = world, world.holded, total
        self.calls = self.inner.calls

    async def call(self, request, credential, *, timeout_ms):
        reply = await self.inner.call(request, credential, timeout_ms=timeout_ms)
        if request.method == "POST" and request.path.endswith("/invoices"):
            self.world.documents()[-1]["total"] = self.total
        return reply


def test_a_draft_whose_total_was_changed_before_approval_is_never_approved():
    world = World(settings=APPROVING)
    world.holded = Meddled(world, "99.00")
    world.order(shopify_order())
    world.settle(hours=1)

    (document,) = world.documents()
    assert document["approved_at"] is None
    assert (world.row().state, world.row().reason) == ("review", "total_differs")


def test_a_draft_that_a_person_edited_is_not_overwritten(world):
    world.order(shopify_order())
    world.documents()[0]["total"] = "99.00"
    world.order(shopify_order(total="242.00", updated_at=LATER), topic="orders/updated")
    world.settle(hours=1)

    assert world.totals() == [Decimal("99.00")]
    assert [row.reason for row in world.rows("invoice.update")] == ["newer_version_of_edited"]


def test_a_line_that_a_person_mended_without_touching_the_total_is_not_overwritten(world):
    world.order(shopify_order())
    world.documents()[0]["lines"][0]["name"] = "Silla, cuenta 705"
    world.order(shopify_order(total="242.00", updated_at=LATER), topic="orders/updated")
    world.settle(hours=1)

    (document,) = world.documents()
    assert document["lines"][0]["name"] == "Silla, cuenta 705"
    assert [row.reason for row in world.rows("invoice.update")] == ["newer_version_of_edited"]


def test_a_draft_that_was_rewritten_by_one_version_is_rewritten_by_the_next(world):
    for hour, total in ((9, "121.00"), (10, "242.00"), (11, "363.00")):
        at = f"2026-03-02T{hour:02}:00:00+01:00"
        world.order(shopify_order(total=total, updated_at=at), topic="orders/updated")

    assert world.totals() == [Decimal("363.00")]
    assert world.rows("invoice.update") == []


def test_nothing_is_sent_that_could_still_be_under_way_at_the_deadline(world):
    refs = world.deliver(shopify_order(), topic="orders/paid")
    world.run(refs, seconds=world.timing.call_ms / 1000 - 1)
    assert world.holded.calls == []

    world.settle(hours=0.5)

    assert len(world.documents()) == 1


def test_every_call_has_a_token_of_its_own():
    world = World(plan="plus")
    world.company.configure({"month_limit": 10_000})
    for number in range(60):
        customer = {"id": number, "email": f"{number}@example.com"}
        world.order(shopify_order(number, email=customer["email"], customer=customer))
    world.settle(hours=1, step_s=5)

    assert len(world.documents()) == 60
    assert world.company.counts.refused == {}


def test_a_lost_reply_is_looked_for_on_every_page(world):
    """The first and the last of more documents than a page holds: whichever way Holded sorts, one is on another page."""
    number = 210
    world.order(shopify_order(0))
    for at in range(1, number):
        if at in {1, number - 1}:
            world.sandbox.faults.faults.append(Fault(kind="lose_reply", method="POST", path="/invoices$"))
        world.order(shopify_order(at))
        world.clock.advance(1)
    assert sorted(row.state for row in world.rows("invoice"))[-2:] == ["unknown", "unknown"]

    world.settle(hours=2)

    assert len(world.documents()) == number
    assert {row.state for row in world.rows("invoice")} == {"confirmed"}


def test_a_document_that_the_lists_show_between_two_looks_is_not_written_again(world):
    world.order(shopify_order(1))
    messages = named(world.deliver(shopify_order(2), topic="orders/paid"), ACCOUNT)
    lease_s = 60 + world.timing.lease_margin_ms / 1000
    shown_s = lease_s + world.timing.settle_ms / 1000 + world.timing.again_ms / 2000
    world.sandbox.faults.faults.append(Fault(kind="hide", method="POST", path="/invoices$", seconds=shown_s))
    wire = Wire(world, at=calls_before_the_post(), mode="after")
    aftermath = Aftermath(world)
    aftermath.again(send(world, messages, wire))
    assert (wire.dead, wire.names[-1]) == (True, "holded.call")

    aftermath.live(hours=2)

    assert len(world.documents()) == 2
    assert {row.state for row in world.rows("invoice")} == {"confirmed"}


def test_a_dead_writers_claim_that_comes_behind_others_is_told_as_waiting(world):
    """Its row stays in doubt, but the event ends in one of the words that everybody knows."""
    world.order(shopify_order(1))
    refs = world.deliver(shopify_order(2), topic="orders/paid")
    send(world, named(refs, ACCOUNT), Wire(world, at=calls_before_the_post(), mode="before"))
    world.clock.advance(60 + (world.timing.lease_margin_ms + world.timing.settle_ms) / 1000)

    world.run(refs)

    item = asyncio.run(world.inbox.get(ACCOUNT, refs[0].partition("#")[0]))
    assert item.ends["0"] == "waiting:outcome_unknown_queued"
    assert sorted(row.state for row in world.rows("invoice")) == ["confirmed", "unknown"]


def calls_before_the_post():
    world = World()
    world.order(shopify_order(1))
    wire = Wire(world)
    send(world, named(world.deliver(shopify_order(2), topic="orders/paid"), ACCOUNT), wire)
    return wire.names.index("holded.call")


def test_a_newer_version_that_meets_a_doubt_is_written_by_whoever_settles_it(world):
    """Without the sweeper: the row itself remembers the version."""
    world.sandbox.faults.faults.append(Fault(kind="lose_reply", method="POST", path="/invoices$"))
    world.order(shopify_order())
    world.order(shopify_order(total="242.00", updated_at=LATER), topic="orders/updated")
    assert world.row().state == "unknown"

    world.settle(hours=1)

    assert world.totals() == [Decimal("242.00")]
