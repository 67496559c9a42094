"""The table that holds gate and budget is throttled or away: nothing is sent, nothing stampedes, and work goes on by itself."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from datetime import timedelta

import pytest

from relay.errors import Unavailable
from relay.services.release import Release
from relay.services.times import at_ms
from tests.services.killing import Aftermath, deliver, named, send, troubles
from tests.services.world import ACCOUNT, World, shopify_order

ORDERS = 6
VISIBLE_AFTER_S = 540  # six times the writer's time-out, as the queues are deployed
RECEIVES = 5  # then a message lies in the dead-letter queue, and the sweep of the inbox is the net
FIRST_GRANT = 8


class Away:
    """Gates over a table that answers nothing until an instant, or from its `nth` write on for a while."""

    def __init__(self, world, inner, *, nth=None, applied=False, seconds=0.0):
        self.world, self.inner, self.nth, self.applied, self.seconds = world, inner, nth, applied, seconds
        self.until = world.clock.now() if nth else world.clock.now() + timedelta(seconds=seconds)
        self.asked, self.stores, self.calls_before = Counter(), 0, None

    @property
    def gates(self):
        return self.inner.gates

    def check(self, name):
        if self.world.clock.now() < self.until:
            self.asked[name] += 1
            raise Unavailable("throttled", detail="the table is away")

    async def load(self, account):
        self.check("load")
        return await self.inner.load(account)

    async def wake(self, account, key, *, holder):
        self.check("wake")
        return await self.inner.wake(account, key, holder=holder)

    async def store(self, gate, **how):
        self.stores += 1
        if self.stores == self.nth:
            self.calls_before = len(self.world.holded.calls)
            self.until = self.world.clock.now() + timedelta(seconds=self.seconds)
            if self.applied:
                await self.inner.store(gate, **how)
        self.check("store")
        return await self.inner.store(gate, **how)

    async def due(self, *, now_ms, limit):
        self.check("due")
        async for found in self.inner.due(now_ms=now_ms, limit=limit):
            yield found


class Queues(Aftermath):
    """As deployed: a message that was received five times goes to the dead-letter queue. Counts what was received."""

    def __init__(self, world):
        super().__init__(world, visible_after_s=VISIBLE_AFTER_S)
        self.received: dict[int, list] = {}
        self.minute = 0

    def again(self, messages):
        kept = []
        for message in messages:
            seen = self.received.setdefault(id(message), [message, 0])
            seen[1] += 1
            if seen[1] < RECEIVES:
                kept.append(message)
        super().again(kept)

    async def pass_minutes(self, minutes):
        """Schedule, sweep and queues each on their own: one that fails keeps none of the others."""
        for _ in range(minutes):
            self.world.clock.advance(60)
            self.minute += 1
            now_ms = at_ms(self.world.clock.now())
            with suppress(Unavailable):
                await self.world.release(now_ms=now_ms)
            if self.minute % 5 == 0:
                await self.sweep(now_ms=now_ms)
            seen = [messages for at, messages in self.hidden if at <= now_ms]
            self.hidden = [(at, messages) for at, messages in self.hidden if at > now_ms]
            for messages in [*seen, self._queued()]:
                if messages:
                    self.again(await deliver(self.world, messages))


def world_with(**away):
    world = World()
    for number in range(ORDERS):
        world.order(shopify_order(number))
    world.gates = Away(world, world.gates, **away)
    world.release = Release(gates=world.gates, wakes=world.wakes)
    return world


@pytest.mark.parametrize("seconds", [5, 300, 3_600], ids=["5 s", "5 min", "1 h"])
def test_while_it_is_away_nothing_is_sent_and_what_came_in_is_written_once_afterwards(seconds):
    world = world_with(seconds=seconds)
    queues = Queues(world)
    before = len(world.holded.calls)
    for number in range(ORDERS, 2 * ORDERS):
        messages = named(world.deliver(shopify_order(number), topic="orders/paid"), ACCOUNT)
        queues.again(send(world, messages))
    minutes = seconds // 60
    queues.live(hours=max(0, minutes - 1) / 60)
    asked = sum(world.gates.asked.values())

    assert len(world.holded.calls) == before
    assert asked >= minutes  # somebody looks every minute whether it is back
    assert asked <= ORDERS * RECEIVES * (1 + minutes / 5) + 2 * minutes

    queues.live(hours=2)
    assert len(world.documents()) == 2 * ORDERS
    assert (troubles(world), dict(world.company.counts.refused)) == ([], {})


@pytest.mark.parametrize("applied", [False, True], ids=["refused", "applied, reply lost"])
@pytest.mark.parametrize("nth", range(1, 5))
def test_a_drain_that_loses_it_under_way_sends_no_more_than_it_was_granted(nth, applied):
    world = world_with(nth=nth, applied=applied, seconds=300)
    queues = Queues(world)
    refs = [
        ref for number in range(ORDERS, 4 * ORDERS) for ref in world.deliver(shopify_order(number), topic="orders/paid")
    ]
    queues.again(send(world, named(refs, ACCOUNT)))
    assert world.gates.calls_before is not None
    assert len(world.holded.calls) - world.gates.calls_before <= FIRST_GRANT

    queues.live(hours=2)
    assert len(world.documents()) == 4 * ORDERS
    assert (troubles(world), dict(world.company.counts.refused)) == ([], {})
