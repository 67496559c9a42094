"""Whatever is replayed, in whatever order and however often, the company's books stay what they were."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.services.killing import state_of
from tests.services.replaying import change, replayed
from tests.services.test_road import refund_of
from tests.services.world import World, shopify_order

LATER = "2026-03-02T10:00:00+01:00"
BODIES = (
    (shopify_order(1), "orders/create"),
    (shopify_order(1), "orders/paid"),
    (shopify_order(1, total="242.00", updated_at=LATER), "orders/updated"),
    (refund_of(shopify_order(1)), "refunds/create"),
    (shopify_order(2), "orders/paid"),
    (shopify_order(2, currency="USD", updated_at=LATER), "orders/updated"),
    (shopify_order(3, paid=False), "orders/create"),
    (shopify_order(3, cancelled_at=LATER, updated_at=LATER), "orders/cancelled"),
)
FINISHES = ("draft", "approve", "approve_and_pay")


@pytest.mark.row("D14")
@settings(max_examples=25, deadline=None)
@given(
    order=st.permutations(range(len(BODIES))),
    subsets=st.lists(st.lists(st.integers(0, len(BODIES) - 1), min_size=1), min_size=1, max_size=3),
    finishes=st.tuples(st.sampled_from(FINISHES), st.sampled_from(FINISHES)),
)
def test_any_replays_of_what_came_to_its_end_change_nothing(order, subsets, finishes):
    world = World(settings={"policy": {"finish": finishes[0]}})
    refs = {}
    for at in order:
        refs[at] = world.deliver(BODIES[at][0], topic=BODIES[at][1])
        world.run(refs[at])
    world.settle(hours=8, step_s=600)
    before = state_of(world)
    change(world, policy={"finish": finishes[1]})
    for subset in subsets:
        answers = replayed(world, [ref for at in subset for ref in refs[at]])

        assert all(answers.values())
        assert state_of(world) == before
