"""One account's month in virtual time: the real services over the sandbox's core, woken as the gate says."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

from relay.holded.polled_table import POLLED
from relay.services.times import at_ms
from tests.benchmarks.polling_company import BEGIN, DAYS, MONTH, Change, Office
from tests.fakes import FakeSnapshots
from tests.services.world import ACCOUNT, SandboxHolded, World

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from relay.domain.polling import Polling

PLANS = ("plus", "basic", "standard", "advanced", "premium")


class Counted(SandboxHolded):
    """Keeps when each call went out."""

    def __init__(self, other: SandboxHolded) -> None:
        super().__init__(other.sandbox, other.clock)
        self.at: list[datetime] = []

    async def call(self, request: Any, credential: Any, *, timeout_ms: int) -> Any:
        self.at.append(self.clock.now())
        return await super().call(request, credential, timeout_ms=timeout_ms)


@dataclass(frozen=True, kw_only=True)
class Month:
    """What a month came to. `delays_s` by kind of change, None: never seen. `first_*`: the first full passes of all."""

    per_month: int
    calls: int
    polling: int
    by_resource: Mapping[str, int]
    delays_s: Mapping[str, Sequence[float | None]]
    first_calls: int
    first_hours: Mapping[str, float]
    months: Sequence[int] = field(default_factory=tuple)


class QuickSnapshots(FakeSnapshots):
    """One kind is looked through, not all."""

    async def known(self, account: str, object_type: str) -> Any:
        kind = [(key[2], snapshot) for key, snapshot in self.seen.items() if key[:2] == (account, object_type)]
        for holded_id, snapshot in sorted(kind, key=lambda each: each[0]):
            if not snapshot.gone:
                yield holded_id, snapshot


class Days:
    """Lets time pass, and wakes the account whenever it is due."""

    def __init__(self, plan: str, *, webhooks: bool, settings: Mapping[str, Any], scale: float) -> None:
        self.world = World(settings={"polling": {}, "reconcile": {"nightly": False}, **settings}, plan=plan)
        self.world.polled = POLLED
        self.world.snapshots = QuickSnapshots(self.world.inbox)
        self.world.clock.at = BEGIN
        self.office = Office(self.world, scale=scale)
        self.world.holded = self.holded = Counted(self.world.holded)
        if webhooks:
            self.world.company.tables["webhooks"]["w"] = {
                "id": "w", "url": "https://relay.example", "events": None, "secret": "s", "duplicates": 0,
                "reorder_seconds": 0, "delay_seconds": 1,
            }  # fmt: skip
        self.world.run()

    @property
    def state(self) -> Polling | None:
        return self.world.polls.states.get(ACCOUNT)

    def until(self, end: datetime, plan: Sequence[tuple[datetime, str]] = ()) -> None:
        left = list(reversed(plan))
        while True:
            emitter, clock = self.world.sandbox.emitter, self.world.clock
            gate = self.world.gates.gates[ACCOUNT]
            dues = [
                left[-1][0].timestamp() if left else None,
                gate.next_due_ms / 1000 if gate.next_due_ms else None,
                emitter.next_due(),
            ]
            at = min((due for due in dues if due is not None), default=end.timestamp())
            if at >= end.timestamp():
                clock.at = max(clock.at, end)
                return
            clock.at = max(clock.at, datetime.fromtimestamp(at, clock.at.tzinfo))
            if left and left[-1][0] <= clock.at:
                self.office.act(left.pop()[1])
                continue
            for delivery in emitter.due(clock.at.timestamp()):
                refs = self.world.deliver(
                    delivery.body, topic=delivery.event, source="holded", headers=dict(delivery.headers)
                )
                emitter.settle(self.world.company, delivery, 200, clock.at.timestamp())
                self.world.run(refs)
            gate = self.world.gates.gates[ACCOUNT]
            if gate.next_due_ms is not None and gate.next_due_ms <= at_ms(clock.at):
                before = clock.at
                self.world.run(seconds=120)
                after = self.world.gates.gates[ACCOUNT].next_due_ms
                if clock.at == before and after is not None and after <= at_ms(before):
                    clock.advance(1)

    def delays(self) -> Mapping[str, Sequence[float | None]]:
        """How long each change waited for the first event that shows it."""
        seen: dict[str, list[datetime]] = {}
        for item in self.world.inbox.items.values():
            if item.delivery.topic.startswith("reread."):
                for subject in _subjects(item.delivery):
                    seen.setdefault(subject, []).append(item.delivery.received_at)
        found: dict[str, list[float | None]] = {}
        for change in self.office.done:
            found.setdefault(change.kind, []).append(_delay_s(change, seen))
        return found


def _subjects(delivery: Any) -> set[str]:
    from relay.services.unfold import unfold

    return {event.subject for event in unfold(delivery).events}


def _delay_s(change: Change, seen: Mapping[str, Sequence[datetime]]) -> float | None:
    times = [at for subject in change.subjects for at in seen.get(subject, ()) if at >= change.at]
    return (min(times) - change.at).total_seconds() if times else None


@cache
def month(
    plan: str, *, webhooks: bool = False, scale: float = 1.0, days: int = DAYS, after_days: int = 0, polling: str = ""
) -> Month:
    """`after_days`: looked on for so long after the last change. `polling`: settings, JSON."""
    import json

    settings = {"polling": json.loads(polling)} if polling else {}
    run = Days(plan, webhooks=webhooks, settings=settings, scale=scale)
    first_calls = 0
    first: dict[str, float] = {}
    end = MONTH + timedelta(days=days)
    run.until(MONTH)
    first_calls = run.state.calls if run.state else 0
    begun = len(run.holded.at)
    run.until(end, run.office.plan(days=days))
    state = run.state
    if state is None:
        raise RuntimeError("nothing was polled")
    calls = len(run.holded.at) - begun
    by_resource = Counter({name: course.calls for name, course in state.courses.items()})
    spent = state.calls
    run.until(end + timedelta(days=after_days))
    for name, course in (run.state or state).courses.items():
        del name, course
    return Month(
        per_month=run.world.company.quota.month.limit,
        calls=calls,
        polling=spent,
        by_resource=dict(by_resource),
        delays_s=run.delays(),
        first_calls=first_calls,
        first_hours=first,
    )
