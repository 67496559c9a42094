"""What comes while a document that may stand is in review or dead: a later version waits beside it, a cancellation is told of."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from holded_sandbox.faults import Fault
from tests.services.killing import Aftermath
from tests.services.replaying import replayed
from tests.services.test_remedies import BY_HAND, LATER, item, look_alike, now_of, said
from tests.services.test_verify import verified
from tests.services.world import World, shopify_order


def test_a_newer_version_waits_for_the_judgement_on_the_one_before_and_is_then_written():
    world = look_alike()
    name = item(world)
    world.order(shopify_order(2, total="242.00", updated_at=LATER), topic="orders/updated")
    Aftermath(world).live(hours=2)
    beside = world.row("invoice.update")
    assert (beside.state, beside.reason) == ("waiting", "parent")

    said(world, "create", name)
    Aftermath(world).live(hours=1)

    assert sorted(world.totals()) == [Decimal(121), Decimal(121), Decimal(242)]
    assert world.row("invoice.update").state == "superseded"
    assert verified(world)[1] == []


def test_what_waits_beside_a_document_is_put_to_whoever_adopted_another_in_its_place():
    world = look_alike()
    name = item(world)
    world.order(shopify_order(2, total="242.00", updated_at=LATER), topic="orders/updated")

    said(world, "adopt", name, BY_HAND)
    Aftermath(world).live(hours=1)

    beside = world.row("invoice.update")
    assert (beside.state, beside.reason, beside.total) == ("review", "newer_version_of_approved", Decimal(242))


def test_what_waits_beside_a_document_ends_when_that_is_ignored():
    world = look_alike()
    name = item(world)
    world.order(shopify_order(2, total="242.00", updated_at=LATER), topic="orders/updated")

    said(world, "ignore", name)
    Aftermath(world).live(hours=24)

    assert world.row("invoice.update").state == "superseded"
    assert sorted(world.totals()) == [Decimal(121), Decimal(121)]


def test_a_sale_called_off_while_its_document_is_in_doubt_and_reviewed_is_told_of():
    world = look_alike()
    name = item(world)
    called_off = {"cancelled_at": LATER, "updated_at": LATER}
    world.order(shopify_order(2, **called_off), topic="orders/cancelled")

    assert world.row("invoice.cancellation").reason == "called_off_after_writing"
    assert now_of(world, name).state == "review"


@pytest.mark.parametrize("state", ["waiting", "review", "dead"])
def test_what_was_called_off_before_it_was_written_is_not_written_by_a_replay(state):
    world = World()
    if state == "waiting":
        world.sandbox.faults.faults.append(Fault(kind="limit_minute", method="GET", path="/contacts$"))
    refs = world.deliver(shopify_order(paid=False), topic="orders/create")
    world.run(refs)
    if state != "waiting":
        row = replace(world.row("salesorder"), state=state, holded_id="", reason="refused", event=b"")
        world.ledger.rows[row.key] = row
        world.company.tables["documents"].clear()
    called_off = {"cancelled_at": LATER, "updated_at": LATER, "paid": False}
    world.order(shopify_order(**called_off), topic="orders/cancelled")
    assert world.row("salesorder").state == "ignored"

    replayed(world, refs)

    assert not world.documents("salesorder")
