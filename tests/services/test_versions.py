"""A newer version that meets a document on its way: waiting to be approved, or waiting itself beside an approved one."""

from __future__ import annotations

from decimal import Decimal

import pytest

from holded_sandbox.documents import approve
from holded_sandbox.faults import Fault
from tests.services.killing import Aftermath, named, send
from tests.services.test_remedies import said
from tests.services.wire import Wire
from tests.services.world import ACCOUNT, World, shopify_order

NEWER = {"updated_at": "2026-03-02T10:00:00+01:00"}


class Dying(Wire):
    """Dies before the `nth` call of one name."""

    def __init__(self, world, name, nth):
        super().__init__(world)
        self.name, self.left = name, nth

    async def strike(self, name, call):
        self.left -= name == self.name
        if not self.left and not self.dead:
            self.at = len(self.names)
        return await super().strike(name, call)


def approving():
    return World(settings={"policy": {"finish": "approve"}})


def quota_ends_before_the_read(world):
    """The next look at a document meets Holded's 429: whatever was to follow it waits."""
    world.sandbox.faults.faults.append(Fault(kind="limit_minute", method="GET", path=r"invoices/[0-9a-f]{24}$"))


def test_a_newer_version_of_a_draft_that_waits_to_be_approved_is_what_gets_approved():
    world = approving()
    world.sandbox.faults.faults.append(Fault(kind="html", method="GET", path=r"invoices/[0-9a-f]{24}$"))
    world.order(shopify_order())
    assert (world.row().state, world.row().step) == ("waiting", "approve")

    world.order(shopify_order(total="242.00", **NEWER), topic="orders/updated")
    world.settle(hours=2)

    (document,) = world.documents()
    assert (Decimal(document["total"]), document["draft"]) == (Decimal(242), False)
    assert (world.row().state, world.row().total) == ("confirmed", Decimal(242))


def test_a_newer_version_that_cannot_be_written_yet_leaves_the_waiting_document_as_it_was_meant():
    world = approving()
    quota_ends_before_the_read(world)
    world.order(shopify_order())
    quota_ends_before_the_read(world)
    world.clock.advance(120)
    world.run(world.deliver(shopify_order(total="242.00", **NEWER), topic="orders/updated"))
    assert world.row("invoice").total == Decimal(121)

    world.settle(hours=2)

    (document,) = world.documents()
    assert not document["draft"]
    beside = world.rows("invoice.update")
    differs = Decimal(document["total"]) == Decimal(121)
    assert [row.state for row in beside] == (["review"] if differs else ["superseded"])


def test_a_newer_version_that_waited_beside_an_approved_document_is_put_before_a_person():
    world = approving()
    world.order(shopify_order())
    quota_ends_before_the_read(world)

    world.order(shopify_order(total="242.00", **NEWER), topic="orders/updated")
    assert world.row("invoice.update").state == "waiting"
    world.settle(hours=2)

    beside = world.row("invoice.update")
    assert (beside.state, beside.reason) == ("review", "newer_version_of_approved")
    assert world.totals() == [Decimal(121)]


def test_an_update_whose_writer_died_before_a_person_approved_leaves_no_row_in_doubt():
    world = World()
    world.order(shopify_order())
    refs = world.deliver(shopify_order(total="242.00", **NEWER), topic="orders/updated")
    send(world, named(refs, ACCOUNT), Dying(world, "holded.call", 2))
    assert (world.row("invoice").state, world.row("invoice").step) == ("sent", "update")
    (document,) = world.documents()
    approve(world.sandbox.desk(world.company, world.clock.now().timestamp()), document)
    world.clock.advance(3600)
    world.run(refs)

    assert (world.row("invoice").state, world.row("invoice").total) == ("confirmed", Decimal(121))
    assert world.row("invoice.update").reason == "newer_version_of_approved"


@pytest.mark.parametrize("fault", ["limit_minute", "lose_reply"])
def test_an_update_that_had_to_wait_while_a_person_approved_leaves_the_document_as_it_stands(fault):
    world = World()
    world.order(shopify_order())
    world.sandbox.faults.faults.append(Fault(kind=fault, method="PUT", path=r"invoices/[0-9a-f]{24}$"))
    refs = world.deliver(shopify_order(total="242.00", **NEWER), topic="orders/updated")
    world.run(refs)
    assert (world.row().state, world.row().step) in {("waiting", "update"), ("unknown", "update")}
    (document,) = world.documents()
    approve(world.sandbox.desk(world.company, world.clock.now().timestamp()), document)
    world.settle(hours=2)
    world.holded.calls.clear()
    world.settle(hours=12)

    assert world.row("invoice").state == "confirmed"
    assert world.row("invoice").total == world.totals()[0]
    assert world.row("invoice.update").reason == "newer_version_of_approved"
    assert sum(call.startswith("GET /api/v2/invoices/") for call in world.holded.calls) == 0

    said(world, "retry", str(world.row("invoice.update").key))
    world.settle(hours=1)
    assert world.row("invoice.update").state == "review"  # not told to be done: nothing was written


def test_a_version_that_waited_beside_and_then_in_the_row_itself_is_put_before_a_person_all_the_same():
    world = World()
    world.order(shopify_order())
    (document,) = world.documents()
    quota_ends_before_the_read(world)
    world.run(world.deliver(shopify_order(total="242.00", **NEWER), topic="orders/updated"))
    assert world.row("invoice.update").state == "waiting"
    world.sandbox.faults.faults.append(Fault(kind="limit_minute", method="PUT", path=r"invoices/[0-9a-f]{24}$"))
    world.clock.advance(120)
    world.run()
    assert (world.row("invoice").state, world.row("invoice").step) == ("waiting", "update")
    approve(world.sandbox.desk(world.company, world.clock.now().timestamp()), document)
    world.settle(hours=2)

    assert world.row("invoice.update").reason == "newer_version_of_approved"
    assert (world.row("invoice").state, world.row("invoice").total) == ("confirmed", Decimal(121))


def test_an_order_that_is_heard_of_after_its_cancellation_is_not_written():
    world = World()
    cancelled = {"cancelled_at": "2026-03-02T10:00:00+01:00"}
    world.order(shopify_order(paid=False, **NEWER, **cancelled), topic="orders/cancelled")
    refs = world.deliver(shopify_order(paid=False), topic="orders/create")
    world.run(refs)

    assert world.documents("salesorder") == []
    assert world.row("salesorder").state == "ignored"
    inbox_id = refs[0].partition("#")[0]
    assert not world.inbox.items[ACCOUNT, inbox_id].open


def test_a_newer_version_that_waits_beside_its_document_lives_through_an_outage_as_the_document_would():
    world = World()
    world.order(shopify_order(1))
    world.sandbox.faults.faults.append(Fault(kind="reset", method="GET", path="/invoices/", times=None))
    refs = world.deliver(
        shopify_order(1, total="242.00", updated_at="2026-03-02T10:00:00+01:00"), topic="orders/updated"
    )
    aftermath = Aftermath(world)
    aftermath.again(send(world, named(refs, ACCOUNT)))
    aftermath.live(hours=0.3)

    (beside,) = world.rows("invoice.update")
    assert (beside.state, beside.attempts) == ("waiting", 6)
    world.sandbox.faults.clear()
    aftermath.live(hours=2)
    assert [str(total) for total in world.totals()] == ["242.00"]


def test_an_outage_of_half_a_day_leaves_nothing_dead():
    world = World()
    world.sandbox.faults.faults.append(Fault(kind="error_before", path="/", times=None, status=503))
    refs = world.deliver(shopify_order(1), topic="orders/paid")
    aftermath = Aftermath(world)
    aftermath.again(send(world, named(refs, ACCOUNT)))
    aftermath.live(hours=12)
    waited = world.row()
    world.sandbox.faults.clear()
    aftermath.live(hours=2)

    assert (waited.state, waited.attempts > 8) == ("waiting", True)
    assert [str(total) for total in world.totals()] == ["121.00"]
