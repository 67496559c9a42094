"""Ledger + budget against aws-lambda-powertools idempotency + zae-limiter at the same work on the same emulator.

Named baseline: the two peers. They have an environment of their own (`.venv-bench`, from requirements/bench.txt), because
zae-limiter pins another botocore.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

from infra.paths import ROOT
from tests.benchmarks.machine import Machine
from tests.benchmarks.report import Figure

VENV = ROOT / ".venv-bench"
REQUIREMENTS = ROOT / "requirements" / "bench.txt"
EVENTS = 200
ROUNDS = 3
OURS = (  # events a drain, and how many of them at once
    ("ledger + budget, drains of 10, 8 at once (as deployed)", 10, 8),
    ("ledger + budget, drains of 10, one by one", 10, 1),
    ("ledger + budget, one event a drain", 1, 1),
)


def figure() -> Figure:
    found = Figure(
        title="Once per fact and inside the quota: ledger + budget against idempotency + limiter",
        columns=("what", "table writes", "write units", "AWS calls", "ms an event", "ms ratio"),
    )
    python = peers_python()
    results: dict[str, list[dict[str, float]]] = {}
    with Machine() as machine:
        for turn in range(ROUNDS):
            other = [str(python), str(Path(__file__).with_name("peers_other.py"))]
            with Machine() as fresh:
                endpoint = [fresh.emulator.endpoint_url, fresh.emulator.region, str(EVENTS)]
                results.setdefault("powertools idempotency + zae-limiter (baseline)", []).append(
                    _run([*other, *endpoint], fresh)
                )
            for name, size, at_once in OURS:
                ours = [sys.executable, "-m", "tests.benchmarks.peers_ours", *map(str, (EVENTS, size, at_once))]
                results.setdefault(name, []).append(_run(ours, machine if turn == 0 else _again(machine)))
    base = 0.0
    for name, runs in results.items():
        ms = statistics.median(run["ms"] for run in runs)
        base = base or ms
        first = runs[0]
        found.rows.append((name, first["writes"], first["units"], first["calls"], ms, ms / base))
    found.notes.append("the peers work one event after the other; the call to Holded itself is empty")
    found.notes.append(
        "the peers' lock ends with its function's time and their record expires; a ledger row stays, and says what is in doubt"
    )
    return found


def _again(machine: Machine) -> Machine:
    """The same tables, emptied of the rows of the run before."""
    dynamodb = machine.client("dynamodb")
    for page in dynamodb.get_paginator("scan").paginate(TableName="state", ProjectionExpression="pk, sk"):
        for item in page["Items"]:
            dynamodb.delete_item(TableName="state", Key=item)
    return machine


def _run(command: list[str], machine: Machine) -> dict[str, float]:
    environment = {"PATH": os.environ["PATH"], **machine.environment}
    done = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr[-3000:])
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def peers_python() -> Path:
    """The peers' Python; installs them when the pinned file changed."""
    python, stamp = VENV / "bin" / "python", VENV / "installed.txt"
    if not stamp.is_file() or stamp.read_bytes() != REQUIREMENTS.read_bytes():
        print("installing the peers into .venv-bench ...", file=sys.stderr)
        subprocess.run([sys.executable, "-m", "venv", str(VENV)], check=True)
        install = ["-m", "pip", "install", "-qq", "--disable-pip-version-check", "--require-hashes", "--no-deps"]
        subprocess.run([str(python), *install, "-r", str(REQUIREMENTS)], check=True)
        stamp.write_bytes(REQUIREMENTS.read_bytes())
    return python
