"""What must hold when many act at once. Only the emulator is asked: moto takes no locks, the fakes no threads.

Each claim is a count over rounds, never a time.
"""

from __future__ import annotations

import asyncio
import dataclasses
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from relay.domain.snapshots import Snapshot
from tests.adapters.test_gates import gate
from tests.adapters.test_inbox import delivery
from tests.adapters.test_ledger import NOON_MS, PARENT, row, waiting

pytestmark = pytest.mark.emulator

ROUNDS = 15
MANY = 16


def together(tasks: list[Any]) -> list[Any]:
    async def story() -> list[Any]:
        return await asyncio.gather(*tasks)

    return asyncio.run(story())


@pytest.mark.row("D04")
def test_of_many_deliveries_of_one_fact_exactly_one_is_stored(emulator_world):
    with ThreadPoolExecutor(MANY) as pool:
        for n in range(ROUNDS):
            one = delivery(f"order-{n}")
            answers = list(pool.map(lambda _, one=one: emulator_world.writer.put(one, digest="d"), range(MANY)))
            assert sorted(answers) == ["duplicate"] * (MANY - 1) + ["stored"]


def test_of_many_bodies_under_one_identity_every_one_is_stored(emulator_world):
    with ThreadPoolExecutor(MANY) as pool:
        one = delivery("order")
        answers = list(pool.map(lambda n: emulator_world.writer.put(one, digest=f"{n:064d}"[::-1]), range(MANY)))

    assert sorted(each.split(":")[0] for each in answers) == ["stored"] + ["stored_as"] * (MANY - 1)
    assert len(set(answers)) == MANY


@pytest.mark.row("D04")
def test_the_first_claim_wins_and_the_others_see_it(emulator_world):
    ledger = emulator_world.ledger
    for n in range(ROUNDS):
        claims = [row(f"{n}", owner=f"w{w}") for w in range(MANY)]
        answers = together([ledger.insert(claim) for claim in claims])
        winners = [claim for claim, answer in zip(claims, answers, strict=True) if answer is None]
        assert len(winners) == 1
        assert {answer for answer in answers if answer is not None} == {winners[0]}


def test_of_many_replacements_of_one_rev_one_is_written(emulator_world):
    ledger = emulator_world.ledger
    asyncio.run(ledger.insert(row()))
    for rev in range(1, ROUNDS + 1):
        answers = together([ledger.replace(row(owner=f"w{w}"), expected_rev=rev) for w in range(MANY)])
        assert answers.count(True) == 1
    assert asyncio.run(ledger.get(row().key)).rev == ROUNDS + 1


def test_a_child_waits_or_sees_its_parent_confirmed_but_is_never_left_behind(emulator_world):
    """After both are done: the child waits with its pointer under the parent, or was told that the parent is confirmed."""
    ledger = emulator_world.ledger
    told = []
    for n in range(ROUNDS):
        parent = dataclasses.replace(PARENT, object_id=f"parent{n}")
        sent = dataclasses.replace(row(state="sent"), key=parent)
        asyncio.run(ledger.insert(sent))

        async def confirm(parent: Any = parent, sent: Any = sent, late: float = (n % 2) / 200) -> list[Any]:
            await asyncio.sleep(late)
            assert await ledger.replace(dataclasses.replace(sent, state="confirmed"), expected_rev=1)
            return list(await ledger.children(parent))

        child = waiting(f"child{n}", NOON_MS)

        async def wait(parent: Any = parent, child: Any = child, late: float = (n % 3) / 200) -> bool:
            await asyncio.sleep(late)
            return await ledger.wait_for_parent(child, parent=parent, expected_rev=0)

        seen, waits = together([confirm(), wait()])
        assert waits == (child.key in seen)
        assert (asyncio.run(ledger.get(child.key)) is not None) == waits
        told.append(waits)
    print(f"waited {told.count(True)}, told {told.count(False)}")


def test_no_wake_is_lost_between_the_last_look_and_letting_go(emulator_world):
    """Every knocker is heard by the holder, or learns that the lease is free."""
    gates = emulator_world.gates
    heard_all = []
    for n in range(ROUNDS):
        account = f"acme{n}"
        asyncio.run(gates.store(gate(account), expected_rev=0))

        async def hold(account: str = account) -> set[str]:
            heard: set[str] = set()
            rev = 1
            await asyncio.sleep(0.004)
            while True:
                freed = await gates.store(gate(account, rev=rev + 1, owner=""), expected_rev=rev, if_no_wakes=True)
                if freed.ok:
                    return heard
                assert freed.woken
                taken = await gates.store(gate(account, rev=rev + 1), expected_rev=rev, take_wakes=True)
                heard.update(taken.wakes)
                rev += 1

        async def knock(name: str, late: float, account: str = account) -> str | None:
            await asyncio.sleep(late)
            return name if await gates.wake(account, name, holder="me") else None

        heard, *knocked = together([hold(), *(knock(f"k{w}", w * n / 20_000) for w in range(8))])
        assert heard == {name for name in knocked if name}
        heard_all.append(len(heard))
    print(f"heard {heard_all}")


def test_of_many_takers_of_a_free_lease_one_gets_it(emulator_world):
    gates = emulator_world.gates
    for n in range(ROUNDS):
        taken = [gates.store(gate(f"acme{n}", owner=f"w{w}"), expected_rev=0) for w in range(MANY)]
        assert [answer.ok for answer in together(taken)].count(True) == 1


@pytest.mark.row("D13")
def test_ends_recorded_at_once_close_the_delivery_once_all_are_there(emulator_world):
    inbox = emulator_world.inbox
    for n in range(ROUNDS):
        name = f"order-{n}"
        asyncio.run(inbox.put(delivery(name), digest="d"))
        together([inbox.close("acme", name, ends={str(w): f"end{w}"}, of=8) for w in range(8)])
        item = asyncio.run(inbox.get("acme", name))
        assert not item.open
        assert len(item.ends) == 8


def test_of_many_who_saw_the_same_state_exactly_one_tells_it(emulator_world):
    """A webhook's re-read and polls: one snapshot, one delivery, however many saw it."""
    snapshots = emulator_world.snapshots
    for n in range(ROUNDS):
        seen = [Snapshot(number=1, seen_ms=NOON_MS + w, fingerprint="f") for w in range(MANY)]
        told = [delivery(f"seen-{n}-{w}") for w in range(MANY)]
        answers = together(
            [
                snapshots.record("acme", "invoice", f"{n}", each, expected=None, delivery=event)
                for each, event in zip(seen, told, strict=True)
            ]
        )
        assert answers.count(True) == 1
        stored = together([emulator_world.inbox.get("acme", event.inbox_id) for event in told])
        assert [item is not None for item in stored] == answers
