"""Two writers on one account: the lease keeps them apart; with the fence broken, a second draft is told of."""

from __future__ import annotations

import asyncio
from random import Random

import pytest

from relay.services.times import at_ms
from tests.fakes import FakeIds
from tests.services.killing import Aftermath, batch, drainer, named, state_of, troubles
from tests.services.test_road import refund_of
from tests.services.wire import Killed, Wire
from tests.services.world import ACCOUNT, World, shopify_order

PAYING = {"policy": {"finish": "approve_and_pay"}}


class Turns(Wire):
    """Lets the other drain go first for a random while before every call, and notes calls of Holded without the lease."""

    def __init__(self, world, name, random):
        super().__init__(world)
        self.name, self.random = name, random
        self.intruded = []

    async def pause(self):
        for _ in range(self.random.randrange(4)):
            await asyncio.sleep(0)

    async def strike(self, name, call):
        if name != "holded.call":
            return await super().strike(name, call)

        async def held():
            if not self.world.gates.gates[ACCOUNT].owner.startswith(self.name):
                self.intruded.append(name)
            return await call()

        return await super().strike(name, held)


def drainer_of(world, wire, name, **ports):
    return drainer(world, wire, ids=FakeIds(name), **ports)


async def at_once(world, wires, halves):
    runs = (batch(world, half, by=drainer_of(world, wire, wire.name)) for half, wire in zip(halves, wires, strict=True))
    return await asyncio.gather(*runs)


@pytest.mark.row("D04")
@pytest.mark.parametrize("settings", [None, PAYING], ids=["draft", "approve and pay"])
def test_two_drains_that_take_turns_in_any_order_write_each_fact_once(settings):
    for seed in range(60):
        world = World(settings=settings)
        random = Random(seed)
        order, other = shopify_order(1), shopify_order(2, email="eva@example.com", customer={"id": 9})
        messages = [
            message
            for body, topic in (
                (refund_of(order), "refunds/create"),
                (order, "orders/paid"),
                (order, "orders/create"),
                (other, "orders/paid"),
                (shopify_order(3), "orders/paid"),
            )
            for message in named(world.deliver(body, topic=topic), ACCOUNT)
        ]
        wires = [Turns(world, name, random) for name in ("left", "right")]
        aftermath = Aftermath(world)
        halves = [random.sample(messages, k=len(messages)), random.sample(messages, k=3)]
        for failed in asyncio.run(at_once(world, wires, halves)):
            aftermath.again(failed)
        aftermath.live(hours=1.5)

        approved = settings is not None
        kinds = [kind for kind, _, _ in state_of(world).documents]
        assert kinds == ["creditnote", "invoice", "invoice", "invoice"], f"seed {seed}"
        assert state_of(world).contacts == 2, f"seed {seed}"
        assert len(state_of(world).payments) == (4 if approved else 0), f"seed {seed}"
        assert (troubles(world), [wire.intruded for wire in wires]) == ([], [[], []]), f"seed {seed}"


class Stalled:
    """Holded behind a machine that freezes with the request in hand, and thaws when everybody has given it up."""

    def __init__(self, world, *, dies):
        self.world, self.dies = world, dies
        self.frozen, self.thaw = asyncio.Event(), asyncio.Event()

    async def call(self, request, credential, *, timeout_ms):
        if request.method == "POST" and request.path.endswith("/invoices"):
            self.frozen.set()
            await self.thaw.wait()
        reply = await self.world.holded.call(request, credential, timeout_ms=timeout_ms)
        if self.thaw.is_set() and self.dies:
            raise Killed
        return reply


def thawed_after_its_fence(world, aftermath, *, dies):
    """Two orders are written; the writer of the second froze at its POST and thaws when another has written it long ago."""
    world.order(shopify_order(1))
    messages = named(world.deliver(shopify_order(2), topic="orders/paid"), ACCOUNT)

    async def story():
        stalled = Stalled(world, dies=dies)
        slow = drainer_of(world, Wire(world), "slow", holded=stalled)
        run = asyncio.ensure_future(batch(world, messages, by=slow))
        await stalled.frozen.wait()
        started = at_ms(world.clock.now())
        await aftermath.pass_minutes(120)
        assert len(world.documents()) == 2
        assert at_ms(world.clock.now()) > started + world.timing.settle_ms + 120_000
        stalled.thaw.set()
        await asyncio.gather(run, return_exceptions=True)

    asyncio.run(story())


@pytest.mark.row("D02")
@pytest.mark.parametrize("dies", [False, True], ids=["lives on", "dies"])
@pytest.mark.parametrize("settings", [None, PAYING], ids=["draft", "approve and pay"])
def test_a_writer_that_thaws_after_its_fence_leaves_a_second_draft_that_is_told_of(settings, dies):
    world = World(settings=settings)
    aftermath = Aftermath(world)
    thawed_after_its_fence(world, aftermath, dies=dies)
    aftermath.live(hours=32)

    assert len(world.documents()) == 3
    approved = [document for document in world.documents() if document["approved_at"]]
    assert len(approved) == (2 if settings else 0)
    assert len(world.company.tables["payments"]) == (2 if settings else 0)
    (found,) = world.rows("invoice.settlement")
    assert (found.state, found.reason) == ("review", "doubled")


def test_a_writer_that_lives_to_see_its_draft_doubled_tells_of_it_at_once():
    world = World()
    thawed_after_its_fence(world, Aftermath(world), dies=False)

    (found,) = world.rows("invoice.settlement")
    assert (found.state, found.reason) == ("review", "doubled")
    assert all(document["id"] in found.detail for document in world.documents()[1:])
