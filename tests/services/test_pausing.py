"""A pause while a long line of invoices is being written: the drain stops, and what is left waits."""

from __future__ import annotations

import asyncio
import dataclasses

from relay.services.nudge import Nudge
from relay.services.times import at_ms
from tests.services.killing import batch, drainer
from tests.services.world import ACCOUNT, World, shopify_order

WAITING = 120
IN_HAND = 25
"""Rows of one page of the work index."""


class Pausing:
    """Holded, where somebody pauses the account during the third document, as `relay pause` does."""

    def __init__(self, world):
        self.world, self.posts = world, 0

    async def call(self, request, credential, *, timeout_ms):
        self.world.clock.advance(0.05)
        self.posts += request.path.endswith("/invoices")
        if self.posts == 3:
            await self.pause("paused")
        return await self.world.holded.call(request, credential, timeout_ms=timeout_ms)

    async def pause(self, status):
        one = self.world.accounts.accounts[ACCOUNT]
        await self.world.accounts.put(dataclasses.replace(one, status=status), expected_rev=one.rev)
        nudge = Nudge(gates=self.world.gates, wakes=self.world.wakes)
        await nudge(ACCOUNT, now_ms=at_ms(self.world.clock.now()))


def test_a_pause_stops_a_drain_that_writes_a_long_line_of_invoices():
    world = World(minute_limit=1000)
    world.order(shopify_order(0))
    holded = Pausing(world)
    asyncio.run(holded.pause("paused"))
    for number in range(1, WAITING + 1):
        world.run(world.deliver(shopify_order(number), topic="orders/paid"))
    asyncio.run(holded.pause("active"))
    holded.posts = 0

    assert asyncio.run(batch(world, [{"account": ACCOUNT}], by=drainer(world, holded=holded))) == []

    assert 3 <= holded.posts <= IN_HAND
    assert sum(row.state == "waiting" for row in world.rows("invoice")) == WAITING - holded.posts
    asyncio.run(holded.pause("active"))
    world.settle(hours=1)
    assert len(world.documents()) == WAITING + 1
