"""Background work gives way: an invoice that arrives while a sweep goes on is not kept waiting by it, nor lost with it."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from types import SimpleNamespace

import pytest

from relay.errors import Unavailable
from relay.services.session import LOOK_S
from relay.services.settlement import settle_key
from relay.services.times import at_ms
from tests.services.killing import Aftermath, batch, named, send, troubles
from tests.services.test_two_drainers import drainer_of
from tests.services.wire import Wire
from tests.services.world import ACCOUNT, World, shopify_order

CALL_S = 0.7
SPANS = 6


class Knocking:
    """Holded, where a call takes its time and somebody delivers an order during the `nth` list of the sweep."""

    def __init__(self, world, *, nth, slow=False):
        self.world, self.nth, self.slow = world, nth, slow
        self.lists, self.posts, self.delivered = [], [], None
        self.written = asyncio.Event()

    async def call(self, request, credential, *, timeout_ms):
        if request.method == "GET":
            self.lists.append(self.now())
            self.world.clock.advance(CALL_S)
            if len(self.lists) == self.nth:
                await self.knock()
        elif request.path.endswith("/invoices"):
            self.posts.append(self.now())
            self.written.set()
        return await self.world.holded.call(request, credential, timeout_ms=timeout_ms)

    async def knock(self):
        self.delivered = self.now()
        messages = named(self.world.refs, ACCOUNT)
        assert await batch(self.world, messages, by=drainer_of(self.world, Wire(self.world), "other")) == []
        if self.slow:
            self.world.clock.advance(CALL_S)
            await asyncio.wait_for(self.written.wait(), timeout=20)

    def now(self):
        return at_ms(self.world.clock.now())


def swept(world=None):
    """Documents of days far apart: a sweep is one list a document, all in the background. One more order is at the door."""
    world = world or World()
    for number in range(SPANS):
        day = (world.clock.now() - timedelta(days=10 * number)).isoformat()
        world.order(shopify_order(number, processed_at=day, created_at=day))
    world.clock.advance(25 * 3600)
    world.refs = world.deliver(shopify_order(99), topic="orders/paid")
    return world


async def sweep(world, wire, holded):
    return await batch(world, [{"account": ACCOUNT}], by=drainer_of(world, wire, "sweeper", holded=holded))


@pytest.mark.parametrize("slow", [False, True], ids=["many calls", "one slow call"])
def test_an_invoice_waits_two_seconds_at_most_for_a_sweep_under_way(slow):
    world = swept()
    holded = Knocking(world, nth=2, slow=slow)
    wire = Wire(world)
    asyncio.run(sweep(world, wire, holded))

    assert len(holded.lists) == SPANS
    assert holded.posts[0] - holded.delivered <= 2_000
    assert holded.posts[0] < holded.lists[-1]
    assert len(world.documents()) == SPANS + 1
    assert (world.gates.gates[ACCOUNT].owner, world.gates.wakes) == ("", {})
    assert world.ledger.rows[settle_key(ACCOUNT)].due_ms > holded.now()


def test_what_knocks_beyond_the_names_of_the_wake_set_is_looked_for():
    world = swept()
    holded = Knocking(world, nth=2)
    tell = world.gates.wake

    async def many(account, key, *, holder):
        return await tell(account, "*", holder=holder)

    world.gates.wake = many
    asyncio.run(sweep(world, Wire(world), holded))

    assert holded.posts[0] - holded.delivered <= 2_000
    assert len(world.documents()) == SPANS + 1


def calls_of(world, wire):
    return [name for name in wire.names if name.startswith("gates.")]


def test_a_drain_without_background_work_looks_at_nothing_and_writes_nothing_more():
    world = World()
    wire = Wire(world)
    orders = [world.deliver(shopify_order(number), topic="orders/paid") for number in range(8)]
    send(world, named([ref for refs in orders for ref in refs], ACCOUNT), wire)

    assert len(world.documents()) == 8
    assert calls_of(world, wire).count("gates.load") == 1
    assert calls_of(world, wire).count("gates.store") <= 4  # take, more tokens, let go


def test_a_sweep_that_nobody_disturbs_reads_twice_a_second_and_writes_nothing_more():
    world = swept()
    holded = Knocking(world, nth=0)
    wire = Wire(world)
    asyncio.run(sweep(world, wire, holded))
    seconds = SPANS * CALL_S

    assert calls_of(world, wire).count("gates.load") - 1 <= 2 * seconds
    assert calls_of(world, wire).count("gates.store") == SPANS + 2  # take, a token a list, let go


class Failing:
    """Gates of which one method is throttled once it is asked beside the road, having done its work or not."""

    def __init__(self, inner, *, method):
        self._inner, self._method, self.failed = inner, method, 0

    def __getattr__(self, name):
        return getattr(self._inner, name)

    async def load(self, account):
        gate = await self._inner.load(account)
        if self._method == "load" and gate is not None and gate.owner:
            self.failed += 1
            raise Unavailable("throttled")
        return gate

    async def store(self, gate, *, take_wakes=False, **how):
        stored = await self._inner.store(gate, take_wakes=take_wakes, **how)
        if self._method == "store" and take_wakes and not self.failed:
            self.failed += 1
            raise Unavailable("throttled")
        return stored


@pytest.mark.parametrize("method", ["load", "store"])
def test_a_look_that_fails_neither_loses_the_answer_under_way_nor_what_knocked(method):
    world = swept()
    holded = Knocking(world, nth=2)
    failing = Failing(world.gates, method=method)
    by = drainer_of(world, Wire(world), "sweeper", holded=holded, gates=failing)
    assert asyncio.run(batch(world, [{"account": ACCOUNT}], by=by)) == []

    assert failing.failed
    assert len(holded.lists) == SPANS
    assert len(world.documents()) == SPANS + 1
    assert troubles(world) == []


def test_a_slow_write_is_confirmed_though_the_gate_cannot_be_read_meanwhile():
    world = World()
    failing = Failing(world.gates, method="load")

    async def call(request, credential, *, timeout_ms):
        reply = await world.holded.call(request, credential, timeout_ms=timeout_ms)
        if request.path.endswith("/invoices"):
            world.clock.advance(2)
            await asyncio.sleep(1.2 * LOOK_S)
        return reply

    refs = named(world.deliver(shopify_order(1), topic="orders/paid"), ACCOUNT)
    by = drainer_of(world, Wire(world), "writer", holded=SimpleNamespace(call=call), gates=failing)
    asyncio.run(batch(world, refs, by=by))

    assert failing.failed
    assert world.row().state == "confirmed"


def story(at, mode):
    """A sweep that may die at its `at`-th call, and an order that knocks meanwhile; returns what is left to do."""
    world = swept()
    wire = Wire(world, at=at, mode=mode)
    knocking = Knocking(world, nth=2)

    async def call(request, credential, *, timeout_ms):
        return await wire.strike("holded.call", lambda: knocking.call(request, credential, timeout_ms=timeout_ms))

    aftermath = Aftermath(world)
    failed = asyncio.run(sweep(world, wire, SimpleNamespace(call=call)))
    aftermath.again([{"account": ACCOUNT}] if wire.dead else failed)
    if knocking.delivered is None:
        aftermath.again(named(world.refs, ACCOUNT))
    return world, wire, aftermath


def test_wherever_the_sweep_dies_the_invoice_that_knocked_is_written_once():
    _, wire, _ = story(None, "before")
    taken = wire.names.index("gates.load", 1)
    assert taken > 0
    for at in range(taken, len(wire.names)):
        for mode in ("before", "after"):
            world, dead, aftermath = story(at, mode)
            assert dead.dead, (at, mode)
            aftermath.live(hours=3)

            assert len(world.documents()) == SPANS + 1, (at, mode, wire.names[at])
            assert troubles(world) == [], (at, mode, wire.names[at])
