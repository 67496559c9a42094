"""Two contents of one version: whichever was first, the other is never dropped in silence."""

from __future__ import annotations

from decimal import Decimal

import pytest

from holded_sandbox.faults import Fault
from relay.services.unfold import split_ref
from tests.services.replaying import replayed
from tests.services.standard import sale, tell
from tests.services.test_remedies import said
from tests.services.world import ACCOUNT, World, shopify_order

SILENT = {"policy": {"unpaid_order": "nothing"}}


def end_of(world, ref):
    inbox_id, number = split_ref(ref)
    return world.inbox.items[ACCOUNT, inbox_id].ends[str(number)]


def an_edit_in_the_same_second(world):
    """Shopify's versions are whole seconds; the first waits for its contact. Returns the refs of the second."""
    world.sandbox.faults.faults.append(Fault(kind="error_before", method="POST", path="/contacts$", times=1))
    world.run(world.deliver(shopify_order(total="121.00"), topic="orders/paid"))
    assert world.row().state == "waiting"
    later = world.deliver(shopify_order(total="242.00"), topic="orders/updated")
    world.run(later)
    return later


def test_an_edit_of_the_same_version_is_put_before_a_person_while_the_order_waits():
    world = World(settings=SILENT)
    later = an_edit_in_the_same_second(world)
    world.settle(hours=6, step_s=300)

    assert end_of(world, later[0]) == "review:version_conflict"
    assert world.row("invoice.update").reason == "version_conflict"
    assert world.totals() == [Decimal("121.00")]


def test_a_replay_of_it_is_not_told_to_be_done():
    world = World(settings=SILENT)
    later = an_edit_in_the_same_second(world)
    world.settle(hours=6, step_s=300)

    assert set(replayed(world, later).values()) == {"review:version_conflict"}


def test_an_end_from_before_that_left_the_edit_in_no_row_is_no_effect():
    """What an earlier release recorded of such an event was `waiting`, and its row was another's."""
    world = World(settings=SILENT)
    later = an_edit_in_the_same_second(world)
    world.settle(hours=6, step_s=300)
    inbox_id, number = split_ref(later[0])
    world.inbox.items[ACCOUNT, inbox_id].ends[str(number)] = "waiting"
    del world.ledger.rows[world.row("invoice.update").key]

    assert set(replayed(world, later).values()) == {"review:version_conflict"}


def test_the_same_content_of_the_same_version_is_no_conflict():
    world = World()
    world.sandbox.faults.faults.append(Fault(kind="limit_minute", method="GET", path="/contacts", seconds=60))
    tell(world, "order.paid", sale())
    tell(world, "order.updated", sale())
    world.settle(hours=1)

    assert world.totals() == [Decimal("121.00")]
    assert world.rows("invoice.update") == []


def test_a_correction_without_a_version_is_put_before_a_person_while_the_order_waits():
    world = World()
    world.sandbox.faults.faults.append(Fault(kind="limit_minute", method="GET", path="/contacts", seconds=60))
    tell(world, "order.paid", sale())
    tell(world, "order.updated", sale(total="242.00"))
    world.settle(hours=3)

    assert world.row("invoice.update").reason == "version_conflict"


@pytest.mark.parametrize("chosen", ["retry", "replay"])
def test_a_correction_without_a_version_of_what_is_reviewed_is_written_when_a_person_says_so(chosen):
    world = World()
    tell(world, "order.paid", sale(total="120.00") | {"lines": sale()["lines"]})
    assert world.row().reason == "total_differs"
    refs = tell(world, "order.updated", sale(total="242.00"))
    world.settle(hours=3)
    assert (world.totals(), world.row("invoice.update").reason) == ([], "version_conflict")

    if chosen == "retry":
        said(world, "retry", str(world.row("invoice.update").key))
    else:
        replayed(world, refs)
    world.settle(hours=1)

    assert world.totals() == [Decimal("242.00")]
    assert (world.row().state, world.row("invoice.update").state) == ("confirmed", "superseded")


def test_a_correction_that_a_person_ignored_is_not_written_by_a_replay():
    world = World()
    tell(world, "order.paid", sale(total="120.00") | {"lines": sale()["lines"]})
    refs = tell(world, "order.updated", sale(total="242.00"))
    said(world, "ignore", str(world.row("invoice.update").key))

    assert set(replayed(world, refs).values()) == {"ignored:by_hand"}
    assert world.totals() == []
