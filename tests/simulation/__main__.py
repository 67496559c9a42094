"""`python -m tests.simulation`: run seeds, tell what happened, and on failure the smallest trace and how to have it again."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from tests.simulation.faults import KINDS
from tests.simulation.run import run_plan
from tests.simulation.scenarios import SCENARIOS
from tests.simulation.shrink import shrunk

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.simulation.run import Result

_CHUNK = 20
_MOST_TOLD = 5


@dataclass(slots=True)
class Tally:
    """What some seeds came to. `failed`: seed -> its first troubles."""

    seeds: int = 0
    events: int = 0
    documents: int = 0
    calls: int = 0
    looks: int = 0
    told: int = 0
    days: float = 0.0
    faults: Counter[str] = field(default_factory=Counter)
    failed: dict[int, list[str]] = field(default_factory=dict)

    def take(self, seed: int, result: Result) -> None:
        self.seeds += 1
        self.events += result.events
        self.documents += result.documents
        self.calls += result.calls
        self.looks += result.looks
        self.told += result.told
        self.days += result.seconds / 86_400
        self.faults += result.faults
        if result.troubles:
            self.failed[seed] = result.troubles[:3]

    def add(self, other: Tally) -> None:
        for name in ("seeds", "events", "documents", "calls", "looks", "told", "days"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.faults += other.faults
        self.failed |= other.failed


def tally(seeds: Iterable[int], *, scenario: str, without: frozenset[str]) -> Tally:
    found = Tally()
    for seed in seeds:
        found.take(seed, run_plan(SCENARIOS[scenario](seed, without=without)))
    return found


def explain(seed: int, scenario: str, without: frozenset[str]) -> str:
    """The smallest failing trace of a seed: what was delivered, done and broken, and what came of it."""
    result = run_plan(SCENARIOS[scenario](seed, without=without))
    if not result.troubles:
        return f"seed {seed}: all is well"
    least = shrunk(result, run_plan)
    plan = least.plan
    lines = [f"seed {seed}, scenario {scenario}: the smallest trace that fails"]
    lines += [f"  company   {each}" for each in plan.companies]
    lines += [f"  delivery  {each}" for each in plan.deliveries]
    lines += [f"  action    {each}" for each in plan.actions]
    lines += [f"  fault     {each}" for each in least.struck]
    lines += [f"  broken    {each}" for each in least.troubles]
    chosen = "".join(f" --without {kind}" for kind in sorted(without))
    lines.append(f"  again     python -m tests.simulation --scenario {scenario} --seed {seed}{chosen}")
    return "\n".join(lines)


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seeds", type=int, default=200, help="how many seeds to run")
    parser.add_argument("--first", type=int, default=0, help="the first of them")
    parser.add_argument("--seed", type=int, help="this one alone, with its smallest failing trace")
    parser.add_argument("--scenario", choices=SCENARIOS, default="random")
    parser.add_argument("--without", action="append", default=[], choices=KINDS, help="leave a kind of fault out")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes")
    asked = parser.parse_args(argv)
    without = frozenset(asked.without)
    if asked.seed is not None:
        told = explain(asked.seed, asked.scenario, without)
        print(told)
        return 0 if told.endswith("all is well") else 1
    began = time.monotonic()
    found = _all(range(asked.first, asked.first + asked.seeds), asked.jobs, asked.scenario, without)
    seconds = time.monotonic() - began
    print(f"{found.seeds} seeds in {seconds:.1f} s, {found.seeds / seconds:.1f} seeds a second")
    print(f"{found.events} events, {found.documents} documents, {found.calls} calls to Holded, {found.days:.0f} days")
    print(f"{found.looks} states seen in Holded, {found.told} events of them")
    print("faults    " + (", ".join(f"{kind} {count}" for kind, count in sorted(found.faults.items())) or "none"))
    for seed, troubles in sorted(found.failed.items())[:_MOST_TOLD]:
        print(f"failed    seed {seed}: {troubles[0]}")
    if found.failed:
        print(f"{len(found.failed)} seeds failed: {', '.join(map(str, sorted(found.failed)))}")
        print(explain(min(found.failed), asked.scenario, without))
    return 1 if found.failed else 0


def _all(seeds: range, jobs: int, scenario: str, without: frozenset[str]) -> Tally:
    run = partial(tally, scenario=scenario, without=without)
    parts = [seeds[at : at + _CHUNK] for at in range(0, len(seeds), _CHUNK)]
    found = Tally()
    if jobs < 2:
        for part in parts:
            found.add(run(part))
        return found
    with ProcessPoolExecutor(jobs) as pool:
        for one in pool.map(run, parts):
            found.add(one)
    return found


if __name__ == "__main__":
    sys.exit(main())
