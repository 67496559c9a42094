"""One account's month in virtual time: the real services over the sandbox's core, woken as the gate says."""

from __future__ import annotations

import math
import os
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from multiprocessing import get_context
from typing import TYPE_CHECKING, Any

from relay.domain.settings import Polling
from relay.holded.polled_table import POLLED
from relay.services.poll_plan import plan_of
from relay.services.times import at_ms
from relay.services.unfold import unfold
from tests.benchmarks.polling_company import BEGIN, DAYS, MONTH, Change, Office
from tests.fakes import FakeSnapshots
from tests.services.world import ACCOUNT, SandboxHolded, World

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from relay.domain.polling import Polling as State

PAYMENT = "pay: the payment itself"
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
    """What a month came to. `delays_s` by kind of change, None: not seen by the end. `first_*`: the first passes of all
    resources, until the last one was through. `days` were lived through after that. `polling` are the calls of polling's own
    share, `hurried` those of passes that webhooks asked for, both by resource; the rest of `calls` are re-reads.
    """

    plan: str
    webhooks: bool
    days: int
    per_month: int
    allowance: int
    calls: int
    polling: int
    hurried: int
    by_resource: Mapping[str, int]
    delays_s: Mapping[str, Sequence[float | None]]
    first_calls: int
    first_hours: float


class QuickSnapshots(FakeSnapshots):
    """One kind is looked through, not all."""

    async def known(self, account: str, object_type: str) -> Any:
        kind = [(key[2], snapshot) for key, snapshot in self.seen.items() if key[:2] == (account, object_type)]
        for holded_id, snapshot in sorted(kind, key=lambda each: each[0]):
            if not snapshot.gone:
                yield holded_id, snapshot


class Days:
    """Lets time pass, and wakes the account whenever it is due."""

    def __init__(self, plan: str, *, webhooks: bool, scale: float) -> None:
        self.world = World(settings={"polling": {}, "reconcile": {"nightly": False}}, plan=plan)
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
    def state(self) -> State:
        return self.world.polls.states[ACCOUNT]

    def first_passes(self) -> tuple[float, int]:
        """Hours and calls until everything was seen once."""
        for hour in range(1, 24 * 3):
            self.until(BEGIN + timedelta(hours=hour))
            courses = self.world.polls.states[ACCOUNT].courses if self.world.polls.states else {}
            if courses and all(course.full_ms for course in courses.values()):
                return float(hour), self.state.calls
        raise RuntimeError("the first passes did not come to their end")

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
        seen: dict[str, list[tuple[datetime, str]]] = {}
        for item in self.world.inbox.items.values():
            if item.delivery.topic.startswith("reread."):
                for event in unfold(item.delivery).events:
                    seen.setdefault(event.subject, []).append((item.delivery.received_at, event.type))
        found: dict[str, list[float | None]] = {}
        for change in self.office.done:
            for kind, subject, verbs in _shown_by(change):
                found.setdefault(kind, []).append(_delay_s(change.at, seen.get(subject, ()), verbs))
        return found


def _shown_by(change: Change) -> list[tuple[str, str, tuple[str, ...]]]:
    """Kind of delay, whose event shows it, and its verbs (none: any). Who pays wants to know it of the document: that the
    payment itself was seen is another thing. A second part is told as `updated`.
    """
    if change.kind != "pay":
        return [(change.kind, subject, ()) for subject in change.subjects]
    payment, document = change.subjects
    return [("pay", document, ("paid", "partially_paid", "updated")), (PAYMENT, payment, ())]


def _delay_s(since: datetime, events: Sequence[tuple[datetime, str]], verbs: tuple[str, ...]) -> float | None:
    times = [at for at, told in events if at >= since and (not verbs or told.partition(".")[2] in verbs)]
    return (min(times) - since).total_seconds() if times else None


@cache
def month(plan: str, *, webhooks: bool = False, scale: float = 1.0, days: int = DAYS, after_days: int = 0) -> Month:
    """Days of changes on a plan. `after_days`: looked on for so long after the last one, at no account."""
    run = Days(plan, webhooks=webhooks, scale=scale)
    first_hours, first_calls = run.first_passes()
    run.until(MONTH)
    begun, end = len(run.holded.at), MONTH + timedelta(days=days)
    run.until(end, run.office.plan(days=days))
    state, calls = run.state, len(run.holded.at) - begun
    run.until(end + timedelta(days=after_days))
    account = run.world.accounts.accounts[ACCOUNT]
    return Month(
        plan=plan,
        webhooks=webhooks,
        days=days,
        per_month=account.per_month,
        allowance=plan_of(Polling(), account.per_month).allowance,
        calls=calls,
        polling=state.calls,
        hurried=state.hurried,
        by_resource={name: course.calls for name, course in state.courses.items()},
        delays_s=run.delays(),
        first_calls=first_calls,
        first_hours=first_hours,
    )


def months(asked: Sequence[Mapping[str, Any]]) -> list[Month]:
    """Several of them, on as many processors as there are."""
    with ProcessPoolExecutor(min(4, os.cpu_count() or 1), mp_context=get_context("spawn")) as pool:
        return [each.result() for each in [pool.submit(month, **one) for one in asked]]


def percentile(delays: Sequence[float | None], share: float) -> float | None:
    """Of all of them, those that were never seen being the longest."""
    ordered = sorted(math.inf if delay is None else delay for delay in delays)
    found = ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else math.inf
    return None if math.isinf(found) else found
