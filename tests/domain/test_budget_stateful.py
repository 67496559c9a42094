"""The budget as a machine of rules: writers with skewed clocks, holders that die, Holded's word, and Holded's own count."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from relay.domain.budget import CLAIM_MS, CLASSES, SKEW_MS, USE_WITHIN_MS, forfeit, grant, roll
from relay.domain.budget_minute import WINDOW_MS, shares
from relay.domain.budget_pack import pack, unpack
from relay.domain.budget_signals import SAME_WINDOW_MS, Signal, answered, observe, observe_refusal, observe_usage
from relay.domain.gate import Gate, let_go, more, new_gate, take

NOW = 1_763_683_200_000
LEASE = 90_000
LIMIT, MONTH = 12, 400


class Server:
    """Holded's count of one minute: two fixed windows of different phase and a sliding one, all at once."""

    def __init__(self, phase_ms: int) -> None:
        self.phase_ms = phase_ms
        self.uses: list[int] = []

    def fixed(self, at: int) -> int:
        begin = at - (at - self.phase_ms) % WINDOW_MS
        return sum(begin <= use < begin + WINDOW_MS for use in self.uses)

    def sliding(self, at: int) -> int:
        return sum(at - WINDOW_MS < use <= at for use in self.uses)


class Quota(RuleBasedStateMachine):
    """A holder takes tokens, sends calls (early, late, or never), hears answers in any order, and dies or lets go."""

    def __init__(self) -> None:
        super().__init__()
        self.real = NOW
        self.stored = new_gate("acme", per_minute=LIMIT, per_month=MONTH, now_ms=NOW)
        self.memory: Gate | None = None
        self.holder, self.lease_ends = "", 0
        self.unsent: list[tuple[str, int, int]] = []  # class, granted_ms (its clock), real instant of the grant
        self.flying: list[tuple[str, int]] = []
        self.told = 0  # the instant to come back at, on the clock of who was told
        self.words: list[tuple[int, int, int]] = []  # what Holded said remains: from, until, how many may be granted
        self.sent = 0
        self.foreign = 0

    @initialize(phase=st.integers(0, WINDOW_MS - 1), skew=st.permutations([0, SKEW_MS // 2, SKEW_MS]))
    def begins(self, phase, skew):
        self.server = Server(NOW + phase)
        self.skew = dict(zip("abc", skew, strict=True))

    def now(self, writer: str | None = None) -> int:
        return self.real + self.skew[writer or self.holder]

    def keep(self, gate: Gate) -> None:
        assert gate.rev == self.stored.rev + 1
        self.stored = self.memory = replace(gate, budget=unpack(pack(gate.budget)))

    def correct(self, budget) -> None:
        self.memory = replace(self.memory, budget=budget)

    @rule(ms=st.integers(0, 3_000) | st.integers(0, 70_000))
    def time_passes(self, ms):
        """Calls under way are answered first: none takes longer than a lease has room for."""
        if self.holder and self.real + ms > self.lease_ends - WINDOW_MS - USE_WITHIN_MS:
            while self.flying:
                self.hears(0)
            self.unsent = []
        self.real += ms
        if self.holder and self.now() >= self.stored.lease_until_ms:
            self.holder, self.memory, self.words = "", None, []

    @rule(
        writer=st.sampled_from("abc"),
        priority=st.sampled_from(CLASSES),
        want=st.integers(0, 15),
        backlog=st.none() | st.integers(0, 50),
    )
    def asks(self, writer, priority, want, backlog):
        now = self.now(writer)
        if self.memory is not None and writer == self.holder:
            taken = more(self.memory, now_ms=now, owner=writer, priority=priority, want=want, backlog=backlog)
        else:
            taken = take(
                self.stored,
                now_ms=now,
                owner=writer,
                lease_until_ms=now + LEASE,
                priority=priority,
                want=want,
                backlog=backlog,
            )
        if taken.held_by_other:
            assert taken.holder
            return
        if not (self.memory is not None and writer == self.holder):
            self.unsent, self.flying, self.lease_ends = [], [], self.real + LEASE - SKEW_MS
        self.holder = writer
        self.keep(taken.gate)
        self.told = taken.retry_at_ms
        self.words = [(a, b, left - taken.granted) for a, b, left in self.words if b > self.now()]
        assert all(left >= 0 for _, _, left in self.words)
        self.unsent += [(priority, taken.granted_ms, self.real)] * taken.granted

    @rule(writer=st.sampled_from("abc"), late=st.sampled_from([0, USE_WITHIN_MS]), answers=st.booleans())
    def spends_all_there_is(self, writer, late, answers):
        """As soon as somebody was told to come back, and as late as allowed: the tightest there is."""
        if self.told:
            self.time_passes(max(0, self.told - self.now(writer)))
        self.asks(writer, "fiscal", LIMIT + 1, None)
        if writer == self.holder and self.memory is not None:
            self.time_passes(late)
            self.sends(0, len(self.unsent))
            while answers and self.flying:
                self.hears(0)

    @precondition(lambda self: self.unsent)
    @rule(at=st.integers(0, 100), count=st.integers(1, 15))
    def sends(self, at, count):
        """Within its time; later a token is not sent any more."""
        for _ in range(min(count, len(self.unsent))):
            priority, granted_ms, granted_at = self.unsent.pop(at % len(self.unsent))
            if self.real - granted_at <= USE_WITHIN_MS:
                self.server.uses.append(self.real)
                self.sent += 1
                self.flying.append((priority, granted_ms))

    @precondition(lambda self: self.flying and self.memory is not None)
    @rule(at=st.integers(0, 100))
    def hears(self, at):
        """An answer: Holded used the token by now, whichever of its grants the purse takes it for."""
        priority, granted_ms = self.flying.pop(at % len(self.flying))
        if self.memory is not None:
            self.correct(answered(self.memory.budget, now_ms=self.now(), granted_ms=granted_ms, priority=priority))

    @precondition(lambda self: self.unsent and self.memory is not None)
    @rule(count=st.integers(1, 15))
    def gives_back(self, count):
        priority, granted_ms, granted_at = self.unsent[-1]
        same = [each for each in self.unsent if each == (priority, granted_ms, granted_at)][:count]
        for each in same:
            self.unsent.remove(each)
        self.correct(
            forfeit(self.memory.budget, now_ms=self.now(), granted_ms=granted_ms, count=len(same), priority=priority)
        )

    @precondition(lambda self: self.memory is not None)
    @rule(
        window=st.sampled_from(["minute", "month"]),
        limit=st.none() | st.integers(1, 30),
        remaining=st.none() | st.integers(0, 500),
        reset=st.none() | st.integers(-5_000, 90_000),
    )
    def holded_tells(self, window, limit, remaining, reset):
        """Its headers never raise what may be granted now beyond what they allow, nor beyond what it was."""
        before, now = self.memory.budget, self.now()
        signal = Signal(
            window=window, limit=limit, remaining=remaining, reset_ms=None if reset is None else now + reset
        )
        self.correct(observe(before, now_ms=now, signal=signal))
        allowed = grant(self.memory.budget, now_ms=now, priority="fiscal", want=10**6).count
        unheard = replace(
            roll(before, now), minute_left=0, minute_until_ms=0, month_until_ms=0, seen_minute=0, seen_month=0
        )
        assert allowed <= grant(unheard, now_ms=now, priority="fiscal", want=10**6).count
        if window == "minute" and remaining is not None:
            until = now + WINDOW_MS if reset is None else min(max(now + reset, now), now + WINDOW_MS)
            later = self.words and until > max(b for _, b, _ in self.words) + SAME_WINDOW_MS
            self.words = [*([] if later else self.words), (now, until, remaining)]
        if window == "minute" and remaining is not None:
            assert allowed <= remaining
        if limit is not None and window == "minute":
            assert allowed <= max(limit, self.memory.budget.seen_minute)

    @precondition(lambda self: self.memory is not None)
    @rule(window=st.sampled_from(["minute", "month"]), again=st.none() | st.integers(1, 120_000))
    def holded_refuses(self, window, again):
        now = self.now()
        retry_at = None if again is None else now + again
        self.correct(observe_refusal(self.memory.budget, now_ms=now, window=window, retry_at_ms=retry_at))
        for priority in CLASSES:
            told = grant(self.memory.budget, now_ms=now, priority=priority, want=1)
            assert (told.count, told.retry_at_ms > now) == (0, True)
        if window == "month":  # for the machine's own sake: a month that is refused for days tries nothing else
            self.correct(replace(self.memory.budget, month_until_ms=0))

    @precondition(lambda self: self.memory is not None)
    @rule(others=st.integers(0, 30))
    def usage_is_read(self, others):
        self.foreign += others
        used = self.sent + self.foreign
        self.correct(observe_usage(self.memory.budget, now_ms=self.now(), used=used, limit=2_000_000))
        assert grant(self.memory.budget, now_ms=self.now(), priority="fiscal", want=10**6).count <= max(0, MONTH - used)

    @precondition(lambda self: self.memory is not None)
    @rule()
    def dies(self):
        """Its calls under way may still have been made; what it heard is lost, and its lease runs out."""
        self.memory, self.unsent, self.flying = None, [], []
        self.holder, self.words = "", []

    @precondition(lambda self: self.memory is not None and not self.flying)
    @rule(due=st.none() | st.integers(0, 100_000))
    def lets_go(self, due):
        due_ms = None if due is None else self.now() + due
        self.keep(let_go(self.memory, owner=self.holder, next_due_ms=due_ms))
        self.memory, self.unsent, self.holder = None, [], ""

    @invariant()
    def no_window_of_any_kind_is_over_the_limit(self):
        assert self.server.fixed(self.real) <= LIMIT
        uses = self.server.uses
        assert self.server.sliding(self.real) <= LIMIT
        assert len(uses) <= LIMIT or uses[-1] - uses[-1 - LIMIT] > WINDOW_MS

    @invariant()
    def the_month_is_not_over_its_limit(self):
        assert self.sent <= MONTH

    @invariant()
    def counts_are_whole(self):
        budget = (self.memory or self.stored).budget
        assert min(budget.used) >= 0
        assert all(count > 0 for _, _, count in budget.recent)


Quota.TestCase.settings = settings(max_examples=150, stateful_step_count=50, deadline=None)
TestQuota = Quota.TestCase


STEP_MS = 2_000
CYCLE_MS = WINDOW_MS + USE_WITHIN_MS + 1_000 + SKEW_MS + 3 * STEP_MS
"""A token is used, stays in its slot, comes back a window and the tolerance later, and waits for who asks in small lots."""


class Shares(RuleBasedStateMachine):
    """Classes that begin and cease to ask: who keeps asking has its share after two windows, the rest is lent."""

    LIMIT = 100

    def __init__(self) -> None:
        super().__init__()
        self.now = NOW
        self.budget = new_gate("acme", per_minute=self.LIMIT, per_month=10**7, now_ms=NOW).budget
        self.asks_since: dict[str, int | None] = dict.fromkeys(CLASSES)
        self.uses: dict[str, list[int]] = {priority: [] for priority in CLASSES}

    @rule(priority=st.sampled_from(CLASSES))
    def begins_to_ask(self, priority):
        if self.asks_since[priority] is None:
            self.asks_since[priority] = self.now

    @rule(priority=st.sampled_from(CLASSES))
    def ceases_to_ask(self, priority):
        self.asks_since[priority] = None

    @rule(steps=st.integers(1, 40), order=st.permutations(CLASSES), want=st.integers(20, 100))
    def time_passes(self, steps, order, want):
        for _ in range(steps):
            self.now += STEP_MS
            for priority in order:
                if self.asks_since[priority] is not None:
                    granted = grant(self.budget, now_ms=self.now, priority=priority, want=want, backlog=1_000)
                    self.budget = granted.budget
                    self.uses[priority] += [self.now] * granted.count

    @invariant()
    def who_keeps_asking_has_its_share(self):
        """In every stretch of a cycle after two of them: `fiscal` whoever else begins to ask, the others once what was lent of
        a beginner's share is back.
        """
        latest = max((since for since in self.asks_since.values() if since is not None), default=0)
        for cls, priority in enumerate(CLASSES):
            since = self.asks_since[priority] if priority == "fiscal" else latest
            if self.asks_since[priority] is None or self.now - since < 2 * CYCLE_MS + CLAIM_MS:
                continue
            held = sum(self.now - CYCLE_MS < use <= self.now for use in self.uses[priority])
            assert held >= shares(self.LIMIT)[cls], (priority, held)

    @invariant()
    def who_asks_alone_is_lent_what_nobody_uses(self):
        asking = [priority for priority in CLASSES if self.asks_since[priority] is not None]
        if len(asking) != 1 or self.now - self.asks_since[asking[0]] < 2 * CYCLE_MS + CLAIM_MS:
            return
        others = [use for priority in CLASSES if priority != asking[0] for use in self.uses[priority]]
        if others and max(others) > self.now - 2 * CYCLE_MS - CLAIM_MS:
            return
        held = sum(self.now - CYCLE_MS < use <= self.now for use in self.uses[asking[0]])
        assert held >= self.LIMIT - (0 if asking[0] == "fiscal" else 5)


Shares.TestCase.settings = settings(max_examples=50, stateful_step_count=20, deadline=None)
TestShares = Shares.TestCase
