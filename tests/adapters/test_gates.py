"""The contract of the gate: a lease and its tokens are one conditional write, and no wake is lost."""

from __future__ import annotations

import asyncio
import dataclasses
from datetime import UTC, datetime
from typing import Any

import pytest

from relay.domain.gate import Gate, new_gate

NOON_MS = round(datetime(2026, 3, 2, 12, 0, tzinfo=UTC).timestamp() * 1000)


def gate(account: str = "acme", *, rev: int = 1, **values: Any) -> Gate:
    return dataclasses.replace(
        new_gate(account, per_minute=60, per_month=500, now_ms=NOON_MS), **({"rev": rev, "owner": "me"} | values)
    )


async def drain(found: Any) -> list[Any]:
    return [each async for each in found]


def test_a_gate_comes_back_as_it_was_stored(world):
    stored = gate(lease_until_ms=NOON_MS + 60_000, next_due_ms=NOON_MS + 60_000)

    async def story() -> None:
        assert await world.gates.load("acme") is None
        assert (await world.gates.store(stored, expected_rev=0)).ok
        assert await world.gates.load("acme") == stored
        later = dataclasses.replace(stored, rev=2, owner="", lease_until_ms=0, next_due_ms=None)
        assert (await world.gates.store(later, expected_rev=1)).ok
        assert await world.gates.load("acme") == later

    asyncio.run(story())


@pytest.mark.parametrize("expected_rev", [0, 2])
def test_a_moved_rev_is_a_conflict_and_changes_nothing(world, expected_rev):
    async def story() -> None:
        await world.gates.store(gate(), expected_rev=0)
        answer = await world.gates.store(gate(owner="thief"), expected_rev=expected_rev)
        assert (answer.ok, answer.conflict, answer.woken) == (False, True, False)
        assert (await world.gates.load("acme")).owner == "me"

    asyncio.run(story())


def test_an_update_of_a_gate_that_never_was_is_a_conflict(world):
    answer = asyncio.run(world.gates.store(gate(rev=2), expected_rev=1))

    assert (answer.ok, answer.conflict) == (False, True)


def test_only_the_holder_is_woken(world):
    async def story() -> None:
        assert not await world.gates.wake("acme", "k", holder="me")
        await world.gates.store(gate(), expected_rev=0)
        assert await world.gates.wake("acme", "k", holder="me")
        assert not await world.gates.wake("acme", "k", holder="you")

    asyncio.run(story())


def test_the_holder_takes_its_wakes_once(world):
    async def story() -> None:
        await world.gates.store(gate(), expected_rev=0)
        await world.gates.wake("acme", "b", holder="me")
        await world.gates.wake("acme", "a#1", holder="me")
        await world.gates.wake("acme", "b", holder="me")
        first = await world.gates.store(gate(rev=2), expected_rev=1)
        assert (first.ok, first.wakes) == (True, ())
        second = await world.gates.store(gate(rev=3), expected_rev=2, take_wakes=True)
        assert (second.ok, set(second.wakes)) == (True, {"a#1", "b"})
        third = await world.gates.store(gate(rev=4), expected_rev=3, take_wakes=True)
        assert (third.ok, third.wakes) == (True, ())

    asyncio.run(story())


def test_letting_go_is_refused_while_somebody_knocks(world):
    free = gate(rev=2, owner="")

    async def story() -> None:
        await world.gates.store(gate(), expected_rev=0)
        await world.gates.wake("acme", "k", holder="me")
        refused = await world.gates.store(free, expected_rev=1, if_no_wakes=True)
        assert (refused.ok, refused.woken, refused.conflict) == (False, True, False)
        taken = await world.gates.store(gate(rev=2), expected_rev=1, take_wakes=True)
        assert taken.wakes == ("k",)
        free_now = dataclasses.replace(free, rev=3)
        assert (await world.gates.store(free_now, expected_rev=2, if_no_wakes=True)).ok
        assert not await world.gates.wake("acme", "k", holder="me")

    asyncio.run(story())


def test_a_conflict_is_told_from_a_knock(world):
    async def story() -> None:
        await world.gates.store(gate(), expected_rev=0)
        await world.gates.wake("acme", "k", holder="me")
        answer = await world.gates.store(gate(rev=9), expected_rev=8, if_no_wakes=True)
        assert (answer.ok, answer.conflict, answer.woken) == (False, True, False)

    asyncio.run(story())


def test_beyond_fifty_wakes_there_are_simply_many(world):
    async def story() -> set[str]:
        await world.gates.store(gate(), expected_rev=0)
        for n in range(60):
            assert await world.gates.wake("acme", f"k{n}", holder="me")
        return set((await world.gates.store(gate(rev=2), expected_rev=1, take_wakes=True)).wakes)

    wakes = asyncio.run(story())
    assert wakes == {*(f"k{n}" for n in range(50)), "*"}


def test_accounts_with_work_due_are_found_over_all_accounts(world):
    async def story() -> None:
        for account, due in (("b#2", 20), ("a", 10), ("c", 30), ("never", None), ("later", 99)):
            await world.gates.store(gate(account, next_due_ms=due and NOON_MS + due), expected_rev=0)
        assert await drain(world.gates.due(now_ms=NOON_MS + 30, limit=9)) == [
            ("a", NOON_MS + 10),
            ("b#2", NOON_MS + 20),
            ("c", NOON_MS + 30),
        ]
        assert await drain(world.gates.due(now_ms=NOON_MS + 30, limit=1)) == [("a", NOON_MS + 10)]
        await world.gates.store(gate("a", rev=2, next_due_ms=None), expected_rev=1)
        assert await drain(world.gates.due(now_ms=NOON_MS + 30, limit=9)) == [
            ("b#2", NOON_MS + 20),
            ("c", NOON_MS + 30),
        ]

    asyncio.run(story())


def test_storing_the_gate_leaves_its_wakes_alone(world):
    async def story() -> None:
        await world.gates.store(gate(), expected_rev=0)
        await world.gates.wake("acme", "k", holder="me")
        await world.gates.store(gate(rev=2), expected_rev=1)
        assert (await world.gates.store(gate(rev=3), expected_rev=2, take_wakes=True)).wakes == ("k",)

    asyncio.run(story())


def test_a_read_says_whether_somebody_knocked(world):
    async def story() -> list[bool]:
        await world.gates.store(gate(), expected_rev=0)
        seen = [(await world.gates.load("acme")).woken]
        await world.gates.wake("acme", "k", holder="me")
        seen.append((await world.gates.load("acme")).woken)
        await world.gates.store(gate(rev=2), expected_rev=1, take_wakes=True)
        return [*seen, (await world.gates.load("acme")).woken]

    assert asyncio.run(story()) == [False, True, False]
