"""The minute's quota at its limit: eight writers with skewed clocks, Holded's windows fixed or sliding, of any phase.

Named baselines: zae-limiter, and a client that knows nothing and backs off. What is counted is what the sandbox counted.
The use of the quota is told over whole windows, by the first call that fits no sliding window of theirs any more: with
600 a minute, call 1,801 comes 180 s after the first at the soonest. A client whose call 1,801 comes later used less.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import random
import statistics
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.benchmarks.machine import Machine, add_company, get
from tests.benchmarks.peers import peers_python
from tests.benchmarks.quota_run import LIMIT, Others, Writers
from tests.benchmarks.report import Figure

if TYPE_CHECKING:
    from relay.domain.documents import Priority

WINDOWS = int(os.environ.get("QUOTA_WINDOWS", "3"))
EVERY_S = 3.0  # a fiscal event beside the background: 20 a minute, the reserve is 30
LONGEST_S = 60.0 * WINDOWS + 45.0
RESERVED = 0.05
KINDS = ("fixed", "sliding")


@dataclass
class Seen:
    """What the sandbox counted of one company: (when, calls) after each look, and refusals."""

    name: str
    window: str
    priority: Priority = "fiscal"
    trickle: bool = False
    looks: list[tuple[float, int]] = field(default_factory=list)
    refused: int = 0
    waits: list[float] = field(default_factory=list)
    company: dict[str, Any] = field(default_factory=dict)

    @property
    def aim(self) -> int:
        """Calls of all windows; without `fiscal` its reserve stays unused."""
        share = 1.0 if self.priority == "fiscal" or self.trickle else 1 - RESERVED
        return round(LIMIT * WINDOWS * share)

    def ended(self) -> bool:
        """The window after the last is open: its first call has been made."""
        return bool(self.looks) and self.looks[-1][1] > self.aim

    def use(self) -> float:
        """Of the quota, from the first call to the one after the last that its windows hold."""
        begin = next((at for at, calls in self.looks if calls), 0.0)
        end, calls = next(((at, self.aim) for at, calls in self.looks if calls > self.aim), self.looks[-1])
        return calls / ((end - begin) / 60 * LIMIT) if end > begin else 0.0


def figure() -> Figure:
    found = Figure(
        title=f"The minute's quota at its limit: 8 writers, {LIMIT} a minute, {WINDOWS} windows each",
        columns=("who, Holded's window", "calls", "429", "quota used", "wait p95 ms", "wait max ms"),
    )
    for stage in (_fiscal, _background, _others):
        for seen in asyncio.run(stage()):
            _tell(found, seen)
    found.notes.append(
        "clocks from -700 to +300 ms; fixed windows begin at a random second; waits: from sending to answer"
    )
    found.notes.append("above 1: a client that happens upon the border of a fixed window spends two windows at once")
    found.notes.append("QUOTA_WINDOWS=1 makes a short run of it")
    return found


def _tell(found: Figure, seen: Seen) -> None:
    waits = sorted(seen.waits)
    p95 = statistics.quantiles(waits, n=20)[-1] if len(waits) > 1 else None
    worst = waits[-1] if waits else None
    shown = ["-" if each is None else round(each) for each in (p95, worst)]
    name = f"{seen.name}, {seen.window}"
    found.rows.append((name, seen.looks[-1][1], seen.refused, seen.use(), *shown))
    if not seen.name.startswith("ours"):
        return
    target = 0.95 if "fiscal backlog" in seen.name else 0.90
    found.expect(met=seen.refused == 0, target=f"{name}: no answer 429 of our own doing")
    found.expect(met=seen.use() >= target, target=f"{name}: at least {target} of the quota used")
    if worst is not None:
        found.expect(met=worst <= 2_000, target=f"{name}: fiscal waits 2 s at most for background")


async def _fiscal() -> list[Seen]:
    return await _ours([Seen("ours, fiscal backlog", kind) for kind in KINDS])


async def _background() -> list[Seen]:
    alone = [Seen("ours, background only", kind, priority="background") for kind in KINDS]
    mixed = Seen("ours, background, fiscal now and then", random.choice(KINDS), priority="background", trickle=True)
    return await _ours([*alone, mixed])


async def _ours(companies: list[Seen]) -> list[Seen]:
    with Machine() as machine:
        for number, seen in enumerate(companies):
            seen.company = _company(machine, seen.window) | {"account": f"company-{number}"}
        names = {seen.company["account"]: seen.company["token"] for seen in companies}
        async with Writers(machine, names) as writers, AsyncExitStack() as ends:
            for seen in companies:
                await writers.fill(seen.company["account"], seen.priority)
            for seen in companies:
                if seen.trickle:
                    task = asyncio.create_task(writers.trickle(seen.company["account"], EVERY_S))
                    ends.callback(task.cancel)
                    seen.waits = writers.waits
            await writers.wakes.send([{"account": account} for account in names], priority="fiscal")
            await _watch(machine, companies)
            if writers.errors:
                print(f"drains raised {', '.join(sorted(set(writers.errors)))}")
    return companies


async def _others() -> list[Seen]:
    companies = [Seen(name, kind) for name, kind in itertools.product(("zae-limiter", "backoff only"), KINDS)]
    with Machine() as machine:
        running = []
        python = peers_python()
        Others(machine, python, "make", token="", entity="").run()
        for seen in companies:
            seen.company = _company(machine, seen.window)
            kind = "zae" if seen.name == "zae-limiter" else "naive"
            clients = Others(machine, python, kind, token=seen.company["token"], entity=f"{kind}-{seen.window}")
            running += clients.start()
        try:
            await _watch(machine, companies)
        finally:
            for process in running:
                process.kill()
                process.wait()
    return companies


async def _watch(machine: Machine, companies: list[Seen]) -> None:
    begin = time.monotonic()
    while time.monotonic() - begin < LONGEST_S and not all(seen.ended() for seen in companies):
        await asyncio.sleep(0.1)
        counted = await asyncio.to_thread(get, f"{machine.sandbox_url}/_sandbox/counters")
        now = time.monotonic()
        for seen in companies:
            told = counted[seen.company["id"]]
            if not seen.ended():
                seen.looks.append((now, told["total"]))
                seen.refused = sum(told["refused"].values())


def _company(machine: Machine, window: str) -> dict[str, Any]:
    return add_company(machine.sandbox_url, minute_window=window, minute_phase=random.uniform(0, 60))
