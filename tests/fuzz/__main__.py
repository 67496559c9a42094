"""`make fuzz`: every target for some time by Hypothesis, then by atheris where it installs. Exit 1 when an input breaks one.

`python -m tests.fuzz [--seconds N] [TARGET ...]`
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from infra.paths import ROOT
from tests.fuzz import guided
from tests.fuzz.targets import TARGETS


@dataclass(frozen=True, kw_only=True)
class Ran:
    target: str
    engine: str
    tried: int
    seconds: float
    failure: str = ""


def main() -> int:
    options = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    options.add_argument("--seconds", type=float, default=60, help="for each target and engine")
    options.add_argument("--one", help="run this target by Hypothesis in this process")
    options.add_argument("targets", nargs="*", metavar="TARGET", help="all if none is named")
    chosen = options.parse_args()
    if chosen.one:
        return _one(chosen.one, seconds=chosen.seconds)
    unknown = set(chosen.targets) - set(TARGETS)
    if unknown:
        options.error(f"unknown: {', '.join(sorted(unknown))}; there are: {', '.join(TARGETS)}")
    names = chosen.targets or list(TARGETS)
    python, reason = guided.python()
    jobs = [("hypothesis", name) for name in names] + ([("atheris", name) for name in names] if python else [])
    if python is None:
        print(f"atheris: skipped: {reason}", flush=True)
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        results = list(pool.map(lambda job: _run(*job, seconds=chosen.seconds, python=python), jobs))
    broken = [ran for ran in results if ran.failure]
    for ran in broken:
        print(f"\n{ran.engine}, {ran.target}:\n{ran.failure}")
    tried = sum(ran.tried for ran in results)
    print(f"{len(results)} runs, {tried:,} inputs, {len(broken)} with an exception that nobody handles")
    return 1 if broken else 0


def _one(name: str, *, seconds: float) -> int:
    from tests.fuzz.engine import fuzz

    print(fuzz(TARGETS[name], seconds=seconds, start=time.time_ns() % 2**32))
    return 0


def _run(engine: str, name: str, *, seconds: float, python: guided.Python | None) -> Ran:
    begun = time.monotonic()
    if engine == "atheris":
        assert python is not None
        tried, failure = guided.run(python, name, seconds=seconds)
    else:
        command = [sys.executable, "-m", "tests.fuzz", "--one", name, "--seconds", str(seconds)]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        failure = done.stderr[-4000:] if done.returncode else ""
        tried = 0 if failure else int(done.stdout.split()[-1])
    ran = Ran(target=name, engine=engine, tried=tried, seconds=time.monotonic() - begun, failure=failure)
    verdict = "FAILED" if failure else "ok"
    print(f"{ran.target:24} {ran.engine:11} {ran.tried:>9,} inputs {ran.seconds:6.0f} s  {verdict}", flush=True)
    return ran


if __name__ == "__main__":
    sys.exit(main())
