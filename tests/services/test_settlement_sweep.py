"""Nothing that was written escapes the settlement sweep: neither a handful of documents, nor those a refusal postponed."""

from __future__ import annotations

import pytest

from holded_sandbox.faults import Fault
from tests.services.world import World, shopify_order


@pytest.fixture
def world():
    """Without the nightly reconciliation, which would tell the same by itself."""
    return World(settings={"reconcile": {"nightly": False}})


def reported(world):
    return [row.reason for row in world.rows("invoice.settlement")]


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
