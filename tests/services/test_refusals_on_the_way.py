"""The bus, the queue and the writer refuse a part: it is said at once, and comes again long before the sweeper looks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from relay.holded import protocol
from relay.services.sweep import OPEN_TOO_LONG_MS
from tests.services.killing import named, send
from tests.services.road import Road
from tests.services.test_crash_points_of_the_road import by_hand, hint
from tests.services.wire import Wire
from tests.services.world import ACCOUNT, World, shopify_order

SOON_HOURS = OPEN_TOO_LONG_MS / 3_600_000 - 1 / 60


@pytest.fixture
def world():
    return World()


def test_what_the_bus_refused_comes_again_from_the_stream(world):
    road = Road(world, Wire(world))
    world.bus.refuse = {0}
    road.send("shopify", shopify_order(), "orders/paid")
    road.live(hours=SOON_HOURS)

    assert len(world.documents()) == 1


def test_a_hint_that_the_queue_refused_comes_again_from_the_stream(world):
    by_hand(world)
    road = Road(world, Wire(world))
    world.wakes.refuse = {0}
    hint(road)
    road.live(hours=SOON_HOURS)

    assert [row.key.purpose for row in world.rows("reread")] == ["reread"]


def test_one_refused_event_of_many_comes_again_with_the_others(world):
    road = Road(world, Wire(world))
    world.bus.refuse = {1}
    road.send("shopify", [shopify_order(1), shopify_order(2), shopify_order(3)], "orders/paid")
    road.live(hours=SOON_HOURS)

    assert len(world.documents()) == 3


def test_only_what_could_not_be_taken_in_comes_again(world):
    known = named(world.deliver(shopify_order(), topic="orders/paid"), ACCOUNT)
    unknown = named(["nowhere#0"], ACCOUNT)

    assert send(world, unknown + known) == unknown
    assert len(world.documents()) == 1


def test_a_refusal_of_the_month_that_just_ended_holds_nothing_up_for_the_one_that_began():
    world = World()
    turn = datetime(2026, 4, 1, tzinfo=UTC)
    world.clock.advance((turn + timedelta(seconds=1) - world.clock.now()).total_seconds())
    headers = {"x-ratelimit-window": "month", "x-ratelimit-limit": "2000", "x-ratelimit-remaining": "0"}
    headers["x-ratelimit-reset"] = str(int(turn.timestamp()))
    answer, refused = world.holded.call, []

    async def call(request, credential, *, timeout_ms):
        if not refused:
            refused.append(request)
            return protocol.decipher(request, 429, headers, b"", world.clock.now())
        return await answer(request, credential, timeout_ms=timeout_ms)

    world.holded.call = call
    world.order(shopify_order())
    world.settle(hours=2)

    assert len(world.documents()) == 1
