"""Nothing that was written escapes the settlement sweep: neither a handful of documents, nor those a refusal postponed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from holded_sandbox.faults import Fault
from relay.domain.transitions import MAX_ATTEMPTS
from relay.services.settlement import settle_key
from relay.services.times import at_ms
from tests.services.world import ACCOUNT, World, shopify_order


@pytest.fixture
def world():
    """Without the nightly reconciliation, which would tell the same by itself."""
    return World(settings={"reconcile": {"nightly": False}})


def reported(world):
    return [row.reason for row in world.rows("invoice.settlement")]


def standing(world):
    return world.ledger.rows[settle_key(ACCOUNT)]


def refused(world, *, times=None):
    world.sandbox.faults.faults.append(Fault(kind="error_before", method="GET", path="/invoices$", times=times))


def test_a_handful_of_documents_is_compared_within_two_days(world):
    for number in range(3):
        world.order(shopify_order(number))
    world.documents()[0]["total"] = "1.00"
    world.settle(hours=20, step_s=1800)
    assert reported(world) == []

    world.settle(hours=28, step_s=1800)

    assert reported(world) == ["total_differs"]


def test_what_a_refused_sweep_did_not_compare_the_next_one_does(world):
    for number in range(12):
        world.order(shopify_order(number))
    world.documents()[0]["total"] = "1.00"
    fault = Fault(kind="error_before", method="GET", path="/invoices$")
    world.sandbox.faults.faults.append(fault)
    world.settle(hours=13, step_s=1800)

    assert len(world.sandbox.faults.struck) == 1
    assert reported(world) == ["total_differs"]


def test_a_list_that_never_answers_is_asked_ever_more_rarely(world):
    """A sweep begins anew each time: asked every minute it would spend a small plan's month in half a day."""
    for number in range(3):
        world.order(shopify_order(number))
    world.settle(hours=22, step_s=1800)
    refused(world)
    world.settle(hours=30)
    asked = len(world.sandbox.faults.struck)
    world.settle(hours=24)

    assert asked <= 12
    assert len(world.sandbox.faults.struck) - asked <= 8  # none is further away than the next sweep
    assert (standing(world).state, standing(world).reason) == ("waiting", "next_sweep")
    assert standing(world).attempts < MAX_ATTEMPTS
    assert standing(world).detail == "not finished: server_error"


def test_a_sweep_that_succeeds_forgets_the_failures_before(world):
    for number in range(12):
        world.order(shopify_order(number))
    refused(world, times=3)
    world.settle(hours=6.1)
    failing = standing(world).attempts
    world.settle(hours=7)

    assert failing == 3
    assert (standing(world).attempts, standing(world).detail) == (0, "")


def test_a_budget_that_gives_no_call_is_no_failure(world):
    for number in range(12):
        world.order(shopify_order(number))
    world.settle(hours=5)
    gate = world.gates.gates[ACCOUNT]
    world.gates.gates[ACCOUNT] = replace(gate, budget=replace(gate.budget, foreign=gate.budget.per_month))
    world.settle(hours=3)

    assert standing(world).attempts == 0
    assert standing(world).due_ms > at_ms(world.clock.now())
