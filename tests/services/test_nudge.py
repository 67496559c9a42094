"""A nudge makes an idle account due, asks a drain under way to look again, and wakes one that was never drained."""

from __future__ import annotations

import asyncio
import dataclasses

import pytest

from relay.domain.gate import new_gate
from relay.errors import Unavailable
from relay.services.nudge import Nudge
from tests.fakes import FakeGates, FakeWakes

NOW_MS = 1_772_442_000_000


def nudged(gates):
    wakes = FakeWakes()
    asyncio.run(Nudge(gates=gates, wakes=wakes)("acme", now_ms=NOW_MS))
    return [dict(wake.message) for wake in wakes.sent]


def gate_with(**values):
    gates = FakeGates()
    gate = new_gate("acme", per_minute=60, per_month=500, now_ms=NOW_MS)
    gates.gates["acme"] = dataclasses.replace(gate, rev=1, **values)
    return gates


def test_an_idle_account_is_due_at_once():
    gates = gate_with(next_due_ms=None)

    assert nudged(gates) == [{"account": "acme"}]
    assert (gates.gates["acme"].next_due_ms, gates.gates["acme"].rev) == (NOW_MS, 2)


def test_a_drain_under_way_looks_at_all_that_is_due_before_it_lets_go():
    gates = gate_with(owner="one", lease_until_ms=NOW_MS + 1)

    assert nudged(gates) == [{"account": "acme"}]
    assert (gates.wakes["acme"], gates.gates["acme"].rev) == ({"*"}, 1)


def test_the_lease_of_a_dead_drain_does_not_count():
    gates = gate_with(owner="one", lease_until_ms=NOW_MS)
    nudged(gates)

    assert gates.gates["acme"].next_due_ms == NOW_MS


def test_an_account_that_was_never_drained_is_woken():
    assert nudged(FakeGates()) == [{"account": "acme"}]


def test_a_refused_wake_is_said_where_no_gate_makes_it_good():
    wakes = FakeWakes()
    wakes.refuse = {0}

    with pytest.raises(Unavailable, match="queue_refused"):
        asyncio.run(Nudge(gates=FakeGates(), wakes=wakes)("acme", now_ms=NOW_MS))


def test_a_refused_wake_is_made_good_by_the_gate():
    wakes, gates = FakeWakes(), gate_with(next_due_ms=None)
    wakes.refuse = {0}
    asyncio.run(Nudge(gates=gates, wakes=wakes)("acme", now_ms=NOW_MS))

    assert gates.gates["acme"].next_due_ms == NOW_MS


def test_a_gate_that_keeps_moving_is_said():
    class Moving(FakeGates):
        async def store(self, gate, **_):
            return FakeGates.Stored(ok=False, conflict=True)

    gates = Moving()
    gates.gates = gate_with().gates
    with pytest.raises(Unavailable, match="gate_contended"):
        nudged(gates)
