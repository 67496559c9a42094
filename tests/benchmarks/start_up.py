"""Cold start of `receive_webhook`: from nothing imported to the end of its first accepted delivery.

Named baseline: `import boto3`, a DynamoDB client and one put. Fresh interpreters, the Python and the staged package the
deployed function runs with, taken in turns so that the machine's mood meets both; medians.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess

from infra.packaging import local_target, stage
from infra.paths import EMULATOR_PYTHON
from tests.benchmarks.machine import ACCOUNT, Machine, add_account, add_company
from tests.benchmarks.orders import api_event, order
from tests.benchmarks.report import Figure

RUNS = 15
LIMIT = 1.3
ABSENT = ("pydantic", "httpx", "aws_xray_sdk", "aws_lambda_powertools")

BASELINE = """
import time; start = time.perf_counter()
import boto3
boto3.client("dynamodb").put_item(TableName="inbox", Item={"pk": {"S": "baseline"}, "b": {"B": b"x" * 700}})
print((time.perf_counter() - start) * 1000)
"""
OURS = """
import json, sys
with open(sys.argv[1], encoding="utf-8") as file: event = json.load(file)
del json
import time; start = time.perf_counter()
from functions.receive_webhook.main import handler
answer = handler(event, None)
print((time.perf_counter() - start) * 1000)
assert answer["statusCode"] == 200, answer
print(" ".join(name for name in {absent!r} if name in sys.modules))
"""
WARM = """
import json, sys, collections
import boto3
calls = collections.Counter()
boto3.setup_default_session()
boto3.DEFAULT_SESSION.events.register("before-call", lambda model, **_: calls.update([model.name]))
from functions.receive_webhook.main import handler
for name in sys.argv[1:]:
    calls.clear()
    with open(name, encoding="utf-8") as file: answer = handler(json.load(file), None)
    assert answer["statusCode"] == 200, answer
print(json.dumps(calls))
"""


def figure() -> Figure:
    found = Figure(
        title="Cold start of receive_webhook: import to the end of the first accepted delivery",
        columns=("fresh interpreter", "median ms", "quartiles ms", "ratio"),
    )
    package = stage("receive_webhook", local_target(EMULATOR_PYTHON)).folder
    with Machine() as machine:
        add_account(machine.folder, add_company(machine.sandbox_url)["token"])
        environment = {"PATH": os.environ["PATH"], **machine.environment, "PYTHONPATH": str(package)}

        def run(script: str, *numbers: int) -> list[str]:
            names = []
            for number in numbers:
                event = machine.folder / f"event-{number}.json"
                event.write_text(json.dumps(api_event(order(number), account=ACCOUNT, number=number)), encoding="utf-8")
                names.append(str(event))
            command = [str(EMULATOR_PYTHON), "-c", script, *names]
            done = subprocess.run(
                command, env=environment, cwd=machine.folder, capture_output=True, text=True, check=False
            )
            if done.returncode:
                raise RuntimeError(done.stderr[-2000:])
            return done.stdout.splitlines()

        ours_script = OURS.replace("{absent!r}", repr(ABSENT))
        base, ours, loaded = [], [], ""
        for number in range(RUNS + 1):
            b, (o, loaded, *_) = run(BASELINE)[0], [*run(ours_script, number), ""][:2]
            if number:  # the first pair warms the disk
                base.append(float(b))
                ours.append(float(o))
        warm = json.loads(run(WARM, RUNS + 1, RUNS + 2)[0])
    ratio = statistics.median(ours) / statistics.median(base)
    for name, times, shown in (("boto3 + client + one put (baseline)", base, 1.0), ("receive_webhook", ours, ratio)):
        low, middle, high = statistics.quantiles(times, n=4)
        found.rows.append((name, round(middle, 1), f"{low:.0f} - {high:.0f}", shown))
    found.expect(met=ratio <= LIMIT, target=f"ratio {ratio:.2f}, wanted <= {LIMIT}")
    found.expect(met=not loaded.strip(), target=f"loaded: {loaded}")
    found.expect(met=warm == {"PutItem": 1}, target=f"a warm accepted delivery made {warm}, wanted one PutItem")
    found.notes.append(
        f"{RUNS} pairs; the first delivery also reads and opens the account's secrets (GetItem, Decrypt)"
    )
    found.notes.append(f"not loaded: {', '.join(ABSENT)}; a warm account's next delivery: {json.dumps(warm)}")
    return found
