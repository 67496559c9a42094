"""Holded's faults, an empty quota and dying writers in one story: whatever meets, each fact is written once, to the cent."""

from __future__ import annotations

from random import Random

import pytest

from holded_sandbox.faults import Fault
from tests.services.killing import Aftermath, send, troubles
from tests.services.test_crash_points import STORIES, outcome, undisturbed
from tests.services.wire import MODES, Wire
from tests.services.world import World

FAULTS = (
    "lose_reply",
    "hang",
    "late_commit",
    "error_before",
    "error_after",
    "reset",
    "truncate",
    "html",
    "limit_minute",
    "hide",
)
WRITTEN = [name for name in STORIES if name not in {"a hint read again", "the settlement sweep"}]
SEEDS = 15


def misfortune(story, random):
    """The story with up to three faults, up to three deaths and, sometimes, another program that spends the quota."""
    world = World(settings=story.settings)
    story.before(world)
    batches = story.batches(world)
    for _ in range(random.randrange(4)):
        fault = Fault(
            kind=random.choice(FAULTS),
            method=random.choice(["GET", "POST", None]),
            skip=random.randrange(5),
            seconds=random.choice([5.0, 60.0, 300.0]),
        )
        world.sandbox.faults.faults.append(fault)
    deaths = [random.randrange(40) for _ in range(random.randrange(4))]

    def wires():
        return Wire(world, at=deaths.pop(), mode=random.choice(MODES)) if deaths else None

    aftermath = Aftermath(world, visible_after_s=random.choice([30, 180]), wires=wires)
    for messages in batches:
        world.clock.advance(random.choice([0, 5, 100]))
        aftermath.again(send(world, messages, wires()))
    busy = random.random() < 0.4
    for _ in range(10):
        for _ in range(world.company.quota.minute.limit - random.randrange(4) if busy else 0):
            world.company.quota.take(world.clock.now().timestamp())
        aftermath.live(hours=0.1)
    aftermath.live(hours=6)
    return world


@pytest.mark.row("D03")
@pytest.mark.parametrize("name", WRITTEN)
def test_whatever_meets_each_fact_is_written_once(name):
    expected, left, *_ = undisturbed(name)
    for seed in range(SEEDS):
        world = misfortune(STORIES[name], Random(f"{name} {seed}"))
        struck = [(fault["kind"], fault["method"], fault["path"]) for fault in world.sandbox.faults.struck]
        assert (outcome(world), troubles(world)) == (expected, left), f"seed {seed}, faults {struck}"
