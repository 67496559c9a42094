"""The gate: one lease, with the account's budget in the same item."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from relay.domain.budget import CLASSES, SKEW_MS, USE_WITHIN_MS, forfeit, grant
from relay.domain.budget_pack import pack, unpack
from relay.domain.budget_signals import Signal, observe
from relay.domain.gate import Gate, let_go, limits_changed, more, new_gate, take, with_budget

NOW = 1_763_683_200_000
LEASE = 120_000


def fresh(per_minute: int = 60) -> Gate:
    return new_gate("acme", per_minute=per_minute, per_month=10_000_000, now_ms=NOW)


def held_by(owner: str, gate: Gate | None = None, now_ms: int = NOW, want: int = 10) -> Gate:
    taken = take(
        gate or fresh(), now_ms=now_ms, owner=owner, lease_until_ms=now_ms + LEASE, priority="fiscal", want=want
    )
    assert taken.granted == want
    return taken.gate


def test_a_free_gate_is_taken_with_its_tokens_in_one_step():
    taken = take(fresh(), now_ms=NOW, owner="a", lease_until_ms=NOW + LEASE, priority="fiscal", want=10)

    assert (taken.granted, taken.granted_ms, taken.held_by_other, taken.retry_at_ms) == (10, NOW, False, 0)
    assert (taken.gate.rev, taken.gate.owner, taken.gate.lease_until_ms) == (1, "a", NOW + LEASE)
    assert taken.gate.budget.used == (10, 0, 0)


@pytest.mark.row("D02")
def test_a_holder_that_dies_is_noticed_when_its_lease_ends():
    gate = held_by("a")
    assert gate.next_due_ms == NOW + LEASE

    heir = take(gate, now_ms=NOW + LEASE, owner="b", lease_until_ms=NOW + 2 * LEASE, priority="fiscal", want=1)
    assert (heir.held_by_other, heir.gate.owner, heir.gate.next_due_ms) == (False, "b", NOW + 2 * LEASE)


def test_a_lease_that_runs_is_never_taken_from_its_holder():
    gate = held_by("a")
    refused = take(gate, now_ms=NOW + LEASE - 1, owner="b", lease_until_ms=NOW + LEASE, priority="fiscal", want=1)

    assert (refused.held_by_other, refused.holder, refused.retry_at_ms) == (True, "a", NOW + LEASE)
    assert (refused.granted, refused.gate) == (0, gate)


def test_the_holder_may_take_again():
    again = take(held_by("a"), now_ms=NOW + 1, owner="a", lease_until_ms=NOW + LEASE + 1, priority="normal", want=5)

    assert (again.granted, again.gate.rev, again.gate.lease_until_ms) == (5, 2, NOW + LEASE + 1)


def test_more_is_for_the_holder_and_only_while_its_lease_runs():
    gate = held_by("a")
    ok = more(gate, now_ms=NOW + 1, owner="a", priority="fiscal", want=5)
    other = more(gate, now_ms=NOW + 1, owner="b", priority="fiscal", want=5)
    late = more(gate, now_ms=NOW + LEASE, owner="a", priority="fiscal", want=5)

    assert (ok.granted, ok.gate.rev, ok.gate.lease_until_ms) == (5, 2, NOW + LEASE)
    assert (other.held_by_other, other.gate) == (True, gate)
    assert (late.held_by_other, late.gate) == (True, gate)


def test_a_gate_without_tokens_is_still_taken_and_says_when_to_come_back():
    empty = let_go(held_by("a", want=60), owner="a", next_due_ms=None)
    taken = take(empty, now_ms=NOW + 1_000, owner="b", lease_until_ms=NOW + LEASE, priority="fiscal", want=5)

    assert (taken.granted, taken.held_by_other, taken.gate.owner, taken.reason) == (0, False, "b", "minute")
    assert taken.retry_at_ms == NOW + 63_250  # nobody said when they were used: the latest use counts, in its slot


def test_letting_go_says_nothing_of_a_token_that_a_command_took_meanwhile():
    held = held_by("a", want=0)
    of_a_command = grant(held.budget, now_ms=NOW + 500, priority="background", want=1)
    free = let_go(with_budget(held, of_a_command.budget), owner="a", next_due_ms=None)
    latest_use = of_a_command.granted_ms + USE_WITHIN_MS
    all_others = grant(free.budget, now_ms=latest_use + 60_000, priority="fiscal", want=60)

    assert all_others.count == 59  # the command may have sent it at the last moment: the two would share a window


def test_letting_go_frees_the_gate_and_says_when_the_account_is_due():
    gate = let_go(held_by("a"), owner="a", next_due_ms=NOW + 66_000)

    assert (gate.owner, gate.lease_until_ms, gate.next_due_ms, gate.rev) == ("", 0, NOW + 66_000, 2)
    assert held_by("b", gate, NOW + 5_000).owner == "b"


def test_one_that_lost_its_lease_cannot_let_go_of_anothers():
    gate = held_by("b", held_by("a"), NOW + LEASE)

    assert let_go(gate, owner="a", next_due_ms=None) == gate


def test_a_corrected_budget_and_new_limits_keep_the_lease():
    gate = held_by("a")
    corrected = with_budget(
        gate, observe(gate.budget, now_ms=NOW, signal=Signal(window="minute", remaining=3, reset_ms=NOW + 10_000))
    )
    grown = limits_changed(gate, per_minute=120, per_month=7_500)

    assert (corrected.owner, corrected.rev) == ("a", 2)
    assert more(corrected, now_ms=NOW, owner="a", priority="fiscal", want=60).granted == 3
    assert (grown.owner, grown.rev, grown.budget.per_minute) == ("a", 2, 120)
    assert more(grown, now_ms=NOW, owner="a", priority="fiscal", want=120).granted == 110


class Writers(RuleBasedStateMachine):
    """Writers with clocks of their own share one stored gate by compare and swap; any of them may die at any time."""

    LIMIT = 12

    def __init__(self) -> None:
        super().__init__()
        self.real = NOW
        self.stored = fresh(self.LIMIT)
        self.skew = {"a": 0, "b": SKEW_MS, "c": SKEW_MS // 2}
        self.holder: str | None = None
        self.ends = 0  # real end of the holder's lease, as early as any clock sees it
        self.uses: list[int] = []
        self.unsent: tuple[str, int, int] | None = None

    def now(self, writer: str) -> int:
        return self.real + self.skew[writer]

    def store(self, gate: Gate, read: Gate) -> bool:
        if self.stored.rev != read.rev:
            return False
        assert gate.rev == read.rev + 1
        self.stored = replace(gate, budget=unpack(pack(gate.budget)))
        return True

    @rule(ms=st.integers(0, 90_000))
    def time_passes(self, ms):
        self.real += ms
        self.unsent = None if ms > USE_WITHIN_MS else self.unsent

    @rule(
        writer=st.sampled_from("abc"),
        priority=st.sampled_from(CLASSES),
        want=st.integers(0, 15),
        backlog=st.none() | st.integers(0, 50),
        late=st.integers(0, USE_WITHIN_MS),
    )
    def takes(self, writer, priority, want, backlog, late):
        read = self.stored
        now = self.now(writer)
        taken = take(
            read, now_ms=now, owner=writer, lease_until_ms=now + LEASE, priority=priority, want=want, backlog=backlog
        )
        if taken.held_by_other:
            assert self.holder == taken.holder
            return
        assert self.holder in (None, writer) or self.ends <= self.real
        assert self.store(taken.gate, read)
        self.holder, self.ends = writer, self.real + LEASE - SKEW_MS
        self.uses += [self.real + late] * taken.granted
        assert (taken.granted < want) == bool(taken.reason)

    @precondition(lambda self: self.holder)
    @rule(priority=st.sampled_from(CLASSES), want=st.integers(1, 15), back=st.integers(0, 15))
    def gives_back_unsent_tokens(self, priority, want, back):
        read, now = self.stored, self.now(self.holder)
        taken = more(read, now_ms=now, owner=self.holder, priority=priority, want=want)
        if taken.held_by_other or not self.store(taken.gate, read):
            return
        back = min(back, taken.granted)
        budget = forfeit(self.stored.budget, now_ms=now, granted_ms=taken.granted_ms, count=back, priority=priority)
        self.store(with_budget(self.stored, budget), self.stored)
        self.uses += [self.real] * (taken.granted - back)

    @precondition(lambda self: self.holder)
    @rule(next_due=st.none() | st.integers(0, 100_000))
    def lets_go(self, next_due):
        self.real += USE_WITHIN_MS  # what it had under way has ended
        read, now = self.stored, self.now(self.holder)
        due = None if next_due is None else now + next_due
        assert self.store(let_go(read, owner=self.holder, next_due_ms=due), read)
        assert (self.stored.owner, self.stored.next_due_ms) == ("", due)
        self.holder = None

    @rule(writer=st.sampled_from("abc"))
    def a_stale_writer_stores_nothing(self, writer):
        stale = replace(self.stored, rev=self.stored.rev - 1)
        taken = take(stale, now_ms=self.now(writer), owner=writer, lease_until_ms=self.real, priority="fiscal", want=1)
        assert taken.held_by_other or not self.store(taken.gate, stale)

    @invariant()
    def no_window_is_over_the_limit(self):
        uses = sorted(self.uses)
        for i in range(len(uses) - self.LIMIT):
            assert uses[i + self.LIMIT] - uses[i] > 60_000


Writers.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
TestWriters = Writers.TestCase
