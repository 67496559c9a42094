"""The poll that suggests itself: four lists every 15 minutes, whole, over the same sandbox; compared in memory."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from relay.holded.polled_requests import page
from relay.ports.accounts import Credential
from tests.benchmarks.polling_company import MONTH, Office
from tests.polled import BY_NAME
from tests.services.world import TOKEN, World

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

LISTS = ("invoice", "contact", "product", "payment")
EVERY = timedelta(minutes=15)


@dataclass(frozen=True, kw_only=True)
class Naive:
    """`calls` of `rounds`, and how long the changes that its lists show had to wait."""

    calls: int
    rounds: int
    delays_s: Sequence[float]


def naive(*, rounds: int = 96, scale: float = 1.0) -> Naive:
    """Deletions are what the lists do not show any more: it believes them."""
    world = World(plan="premium")
    office = Office(world, scale=scale)
    world.clock.at = MONTH
    plan = list(office.plan(days=1))
    before: Mapping[str, str] = {}
    delays: list[float] = []
    told = 0
    for _ in range(rounds):
        end = world.clock.at + EVERY
        while plan and plan[0][0] < end:
            at, kind = plan.pop(0)
            world.clock.at = at
            office.act(kind)
        world.clock.at = end
        now = asyncio.run(_lists(world))
        changed = {key for key in {*before, *now} if before.get(key) != now.get(key)} if before else set()
        seen = [change for change in office.done[told:] if changed.intersection(change.subjects)]
        delays += [(world.clock.at - change.at).total_seconds() for change in seen]
        told, before = len(office.done), now
    return Naive(calls=len(world.holded.calls), rounds=rounds, delays_s=delays)


async def _lists(world: World) -> Mapping[str, str]:
    found: dict[str, str] = {}
    for name in LISTS:
        resource, cursor = BY_NAME[name], ""
        while True:
            request = page(resource, resource.query, cursor=cursor)
            reply = await world.holded.call(request, Credential(token=TOKEN), timeout_ms=1000)
            found |= {str(item["id"]): repr(item) for item in reply.value.items}
            cursor = reply.value.cursor or ""
            if not cursor:
                break
    return found
