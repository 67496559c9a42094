"""What a document costs: Holded calls, table writes and write units, over the whole road with Holded's own webhooks on."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from functools import cache
from typing import Any

from tests.benchmarks.machine import Machine, add_account, add_company
from tests.benchmarks.report import Figure

DOCUMENTS = 40
HOURS_LATER = 7  # the sweep is due every six

WANTED = {
    "known contact, draft": 1.0,
    "new contact, draft": 3.0,
    "new contact, approve and pay": 6.0,
    "settlement": 0.1,
}


@cache
def measured() -> dict[str, dict[str, Any]]:
    """Stage -> what was spent. One run serves two figures."""
    found: dict[str, dict[str, Any]] = {}
    with Machine() as machine:
        company = add_company(machine.sandbox_url)
        add_account(machine.folder, company["token"])
        for stage in _run(machine, company["id"]):
            found[stage["stage"].replace("new contact", "new contact, draft")] = stage
        now = time.time()
        clock = f"{now - 3600:.0f}:{HOURS_LATER + 1}"
        (found["settlement"],) = _run(machine, company["id"], "--settle", RELAY_CLOCK=clock)
        found["settlement"]["documents"] = 3 * DOCUMENTS + 1
    with Machine() as machine:
        company = add_company(machine.sandbox_url)
        add_account(machine.folder, company["token"], settings={"policy": {"finish": "approve_and_pay"}})
        (found["new contact, approve and pay"],) = _run(machine, company["id"], "--only-new")
    return found


def figure() -> Figure:
    found = Figure(
        title="What a document costs, all in (Holded's webhooks subscribed, queue batches of 10)",
        columns=("stage", "documents", "Holded calls", "wanted", "table writes", "write units", "read units"),
    )
    stages = measured()
    for name, wanted in WANTED.items():
        stage = stages[name]
        documents = stage["documents"]
        calls = sum(stage["holded"].values()) / documents
        spent = stage["functions"].values()
        writes, units, reads = (
            sum(part) / documents
            for part in (
                [each["writes"] for each in spent],
                [each["table_units"] + each["index_units"] for each in spent],
                [each["read_units"] for each in spent],
            )
        )
        found.rows.append((name, documents, calls, f"<= {wanted}", writes, units, reads))
        found.expect(met=calls <= wanted, target=f"{name}: {calls:.2f} Holded calls, wanted <= {wanted}")
    for name in WANTED:
        found.notes.append(f"{name}: {json.dumps(stages[name]['holded'])}")
    return found


def time_figure() -> Figure:
    """Function by function, in process: without the queues between them and without the counting's own reads."""
    found = Figure(
        title="Where the time goes: known contact, draft (in process, on the emulator)",
        columns=("function", "invocations", "ms a document", "share", "table writes", "write units", "AWS calls"),
    )
    stage, timed = measured()["known contact, draft"], measured()["timed"]
    documents = stage["documents"]
    total = sum(each["ms"] for each in timed["functions"].values())
    for name, each in stage["functions"].items():
        ms = timed["functions"][name]["ms"]
        calls = {call.split(".")[1]: round(count / documents, 2) for call, count in sorted(each["calls"].items())}
        found.rows.append(
            (
                name,
                each["invocations"],
                ms / documents,
                f"{ms / total:.0%}",
                each["writes"] / documents,
                (each["table_units"] + each["index_units"]) / documents,
                sum(calls.values()),
            )
        )
        found.notes.append(f"{name}, a document: {json.dumps(calls)}")
    found.notes.append(
        "two deliveries a document: the shop's and Holded's own about it; write_holded's time holds the sandbox's"
    )
    return found


def _run(machine: Machine, company: str, *more: str, **environment: str) -> list[dict[str, Any]]:
    command = [sys.executable, "-m", "tests.benchmarks.road", "--endpoint-url", machine.emulator.endpoint_url]
    command += ["--sandbox-url", machine.sandbox_url, "--company", company, "--documents", str(DOCUMENTS), *more]
    done = subprocess.run(
        command, env={**os.environ, **machine.environment, **environment}, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(done.stderr[-3000:])
    stages = [json.loads(line) for line in done.stdout.splitlines() if line.startswith('{"stage"')]
    return [stage for stage in stages if stage["stage"] != "warm-up"]
