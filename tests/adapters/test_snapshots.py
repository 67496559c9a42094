"""Snapshots, what they tell, and the state of polling: one contract for the fakes, the simulation, moto and the emulator."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from decimal import Decimal

import pytest

from relay.domain.polling import Course, Pass, Polling
from relay.domain.snapshots import Snapshot
from tests.adapters.test_inbox import delivery
from tests.adapters.test_ledger import NOON_MS

FIRST = Snapshot(
    number=1,
    seen_ms=NOON_MS,
    fingerprint="f1",
    approved=True,
    payment="paid",
    updated_ms=NOON_MS - 7,
    unlisted=2,
    unlisted_ms=NOON_MS - 9,
    data={"total": Decimal("1.10")},
)


def run(story):
    return asyncio.run(story())


@pytest.mark.row("D20")
def test_a_snapshot_is_written_on_the_number_read_and_never_over_a_later_sighting(world):
    second = replace(FIRST, number=2, fingerprint="f2", data={})

    async def story():
        record = world.snapshots.record
        assert await world.snapshots.get("acme", "contact", "c#1") is None
        assert not await record("acme", "contact", "c#1", second, expected=1)
        assert await record("acme", "contact", "c#1", FIRST, expected=None)
        assert not await record("acme", "contact", "c#1", FIRST, expected=None)
        assert await world.snapshots.get("acme", "contact", "c#1") == FIRST
        assert not await record("acme", "contact", "c#1", replace(second, seen_ms=NOON_MS - 1), expected=1)
        assert await record("acme", "contact", "c#1", second, expected=1)
        assert not await record("acme", "contact", "c#1", replace(second, number=3), expected=1)
        assert await world.snapshots.get("acme", "contact", "c#1") == second
        assert await world.snapshots.get("acme", "invoice", "c#1") is None
        assert await world.snapshots.get("acme2", "contact", "c#1") is None

    run(story)


def test_what_a_snapshot_tells_is_stored_with_it_or_not_at_all(world):
    large = delivery("large", body=json.dumps(list(range(40_000))).encode())

    async def story():
        assert await world.snapshots.record("acme", "invoice", "a", FIRST, expected=None, delivery=delivery("seen"))
        assert await world.inbox.get("acme", "seen") is not None
        second = replace(FIRST, number=2)
        assert not await world.snapshots.record("acme", "invoice", "a", second, expected=None, delivery=delivery("no"))
        assert await world.inbox.get("acme", "no") is None
        assert await world.snapshots.record("acme", "invoice", "a", second, expected=1, delivery=large)
        assert (await world.inbox.get("acme", "large")).delivery.body == large.body

    run(story)


def test_an_identity_that_is_taken_by_another_history_gets_a_suffix(world):
    """The snapshot was forgotten (erased, or in time), its deliveries were not yet: the new one is told all the same."""
    other = delivery("seen", body=b'{"another": 1}')

    async def story():
        await world.snapshots.record("acme", "invoice", "a", FIRST, expected=None, delivery=delivery("seen"))
        assert await world.snapshots.record("acme", "invoice", "b", FIRST, expected=None, delivery=other)
        assert await world.snapshots.get("acme", "invoice", "b") == FIRST
        stored = [item.delivery.body async for item in world.inbox.received("acme", from_ms=0, to_ms=2**42, limit=9)]
        assert sorted(stored) == sorted([delivery("seen").body, other.body])

    run(story)


def test_many_are_read_at_once_and_the_known_are_listed_without_those_that_are_gone(world):
    ids = [f"{n:03}" for n in range(230)]

    async def story():
        for each in ids:
            gone = replace(FIRST, gone=each == "007", missed_ms=5 if each == "008" else 0)
            await world.snapshots.record("acme", "invoice", each, gone, expected=None)
        await world.snapshots.record("acme", "contact", "x", FIRST, expected=None)
        found = await world.snapshots.many("acme", "invoice", [*ids, "nobody"])
        assert set(found) == set(ids)
        assert found["001"] == FIRST
        assert await world.snapshots.many("acme", "invoice", []) == {}
        known = {each: snapshot async for each, snapshot in world.snapshots.known("acme", "invoice")}
        assert list(known) == [each for each in ids if each != "007"]
        assert (known["008"].missed_ms, known["009"].seen_ms, known["009"].number) == (5, NOON_MS, 1)
        assert (known["009"].unlisted, known["009"].unlisted_ms) == (2, NOON_MS - 9)

    run(story)


def test_the_state_of_polling_is_compared_and_swapped(world):
    walk = Pass(kind="full", started_ms=NOON_MS, place=1, cursor="abc", page=3, whole=False)
    course = Course(due_ms=1, full_due_ms=2, a_day=1.5, trouble="scope_missing", running=walk)
    state = Polling(
        account="acme", month_ms=5, calls=7, courses={"invoice": course, "contact": replace(course, running=None)}
    )

    async def story():
        assert await world.polls.load("acme") is None
        assert not await world.polls.store(state, expected_rev=1)
        assert await world.polls.store(state, expected_rev=0)
        assert not await world.polls.store(state, expected_rev=0)
        assert await world.polls.load("acme") == replace(state, rev=1)
        assert await world.polls.store(replace(state, calls=8), expected_rev=1)
        assert (await world.polls.load("acme")).calls == 8
        assert await world.polls.load("acme2") is None

    run(story)


def test_what_a_pass_has_seen_is_kept_by_page(world):
    async def story():
        mark, marked = world.polls.mark, world.polls.marked
        assert await marked("acme", "invoice", f"{NOON_MS}") == frozenset()
        await mark("acme", "invoice", f"{NOON_MS}", page=0, ids=["a", "b"])
        await mark("acme", "invoice", f"{NOON_MS}", page=1, ids=["c"])
        await mark("acme", "invoice", f"{NOON_MS}", page=1, ids=["c", "d"])
        await mark("acme", "invoice", f"{NOON_MS + 1}", page=0, ids=["e"])
        await mark("acme", "contact", f"{NOON_MS}", page=0, ids=["f"])
        assert await marked("acme", "invoice", f"{NOON_MS}") == frozenset("abcd")

    run(story)
