"""Ten thousand accounts over a day: the worst minute against the mean, and what the dispatcher itself costs an hour."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from relay.domain.polling_cadence import DAY_MS, Cadence, Subject, first_due_ms, next_due_ms
from relay.domain.settings import Polling
from relay.holded.polled_table import POLLED
from relay.services.enlist import MOST_ACCOUNTS, Enlist
from relay.services.poll_plan import plan_of
from relay.services.release import MOST_ACCOUNTS as MOST_WAKES
from relay.services.times import at_ms
from tests.benchmarks.polling_month import PLANS, Days
from tests.benchmarks.report import Figure
from tests.services.polling import polled_world
from tests.services.world import ACCOUNT

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

ACCOUNTS = 10_000
SAMPLE = 100
MOST_RATIO = 2.0
_MINUTE_MS = 60_000
Planned = tuple[Subject, Cadence]


def figure() -> Figure:
    found = Figure(
        title=f"Herd: {ACCOUNTS:,} accounts, a fifth of them on each plan",
        columns=("", "in all", "mean a minute", "worst minute", "worst / mean"),
    )
    plans = [planned(plan) for plan in PLANS]
    for name, minutes in day(plans, accounts=ACCOUNTS).items():
        counts = [minutes[minute] for minute in range(max(minutes) + 1)]
        mean, worst = sum(counts) / len(counts), max(counts)
        found.rows.append((name, sum(counts), mean, worst, worst / mean))
        if name.startswith(("calls", "wakes")):
            found.expect(
                met=worst <= MOST_RATIO * mean, target=f"{name}: the worst minute is {worst / mean:.2f} times the mean"
            )
            found.expect(met=worst <= MOST_WAKES, target=f"{name}: {worst} in a minute")
    for hour, counts in dispatched(SAMPLE).items():
        found.notes.append(f"poll_holded, {hour}: {_said(counts)} for {SAMPLE} accounts")
    found.notes.append(
        f"  it looks at no more than {MOST_ACCOUNTS:,} in a call, so {ACCOUNTS:,} take turns: the same times {MOST_ACCOUNTS // SAMPLE}"
        f" each hour, and the list of all accounts (a batch of 100 keys a read)"
    )
    found.notes.append(f"release_due wakes up to {MOST_WAKES:,} accounts a minute, 100 a message batch")
    return found


def planned(plan: str, *, scale: float = 1.0) -> Sequence[Planned]:
    """What an account of the plan polls, once it knows how much there is."""
    run = Days(plan, webhooks=False, scale=scale)
    run.first_passes()
    account = run.world.accounts.accounts[ACCOUNT]
    own = plan_of(Polling(), account.per_month, POLLED)
    now_ms = at_ms(run.world.clock.now())
    state = replace(run.state, calls=0)
    cadences = own.cadences(state, now_ms=now_ms)
    return [(each, cadences[each.name]) for each in own.subjects(state, now_ms=now_ms)]


def day(plans: Sequence[Sequence[Planned]], *, accounts: int) -> Mapping[str, Counter[int]]:
    """Minute -> calls and wakes of the first day of accounts that were all added in one instant, and of a later one."""
    found: dict[str, Counter[int]] = {
        "calls, the day after": Counter(), "wakes, the day after": Counter(), "first looks of a new herd": Counter(),
    }  # fmt: skip
    dice = random.Random(5)
    for number in range(accounts):
        name = f"account-{number}"
        woken = set()
        for subject, cadence in plans[number % len(plans)]:
            first_ms = first_due_ms(name, subject.name, now_ms=0)
            found["first looks of a new herd"][first_ms // _MINUTE_MS] += 1
            for at_minute, calls in _looks(name, subject, cadence, first_ms, dice):
                found["calls, the day after"][at_minute] += calls
                woken.add(at_minute)
        found["wakes, the day after"].update(woken)
    return found


def _looks(
    name: str, subject: Subject, cadence: Cadence, first_ms: int, dice: random.Random
) -> Iterator[tuple[int, int]]:
    """The second day's looks, by minute of it."""
    kinds = [("full", cadence.full_ms, subject.full_calls)]
    kinds += [("recent", cadence.recent_ms, subject.recent_calls)] if cadence.recent_ms else []
    for kind, interval_ms, calls in kinds:
        at = first_ms
        while at < 2 * DAY_MS:
            if at >= DAY_MS:
                yield (at - DAY_MS) // _MINUTE_MS, calls
            at = next_due_ms(name, f"{subject.name} {kind}", now_ms=at, interval_ms=interval_ms, jitter=dice.random())


def dispatched(accounts: int) -> Mapping[str, Counter[str]]:
    """Reads and writes of the dispatcher's first hour over new accounts, and of one when all of them stand."""
    world = polled_world()
    one = world.accounts.accounts.pop(ACCOUNT)
    for number in range(accounts):
        name = f"account-{number}"
        world.accounts.accounts[name] = replace(one, account=name)
    found = {}
    for hour in ("first hour", "later hours"):
        counts: Counter[str] = Counter()
        ports = [_Counting(port, counts) for port in (world.ledger, world.gates)]
        service = Enlist(accounts=world.accounts, ledger=ports[0], gates=ports[1])  # type: ignore[arg-type]
        asyncio.run(service(now_ms=at_ms(world.clock.now())))
        found[hour] = counts
        world.clock.advance(60)
    return found


class _Counting:
    """Any port, its calls counted."""

    def __init__(self, port: Any, counts: Counter[str]) -> None:
        self._port, self._counts = port, counts

    def __getattr__(self, name: str) -> Any:
        return partial(self._call, name)

    async def _call(self, name: str, *args: Any, **named: Any) -> Any:
        self._counts["reads" if name in {"get", "load"} else "writes"] += 1
        return await getattr(self._port, name)(*args, **named)


def _said(counts: Counter[str]) -> str:
    return ", ".join(f"{counts[what]} {what}" for what in ("reads", "writes"))
