"""What accepting costs in DynamoDB write units, by the body's size. Named baseline: the same item with the raw body."""

from __future__ import annotations

import os
import subprocess
import sys

from tests.benchmarks.machine import ACCOUNT, Machine, add_account, add_company
from tests.benchmarks.report import Figure

PADDINGS = (0, 20, 60, 150, 300, 480, 1_500, 10_000)


def figure() -> Figure:
    found = Figure(
        title="Accepting a delivery: DynamoDB write units by size of body (table + index)",
        columns=("body bytes", "gzipped", "item bytes", "units", "calls", "units if kept raw", "ratio"),
        notes=["a raw body above 400 KB would not fit in an item at all; above 24 KB gzipped the body goes to S3"],
    )
    with Machine() as machine:
        add_account(machine.folder, add_company(machine.sandbox_url)["token"])
        command = [sys.executable, "-m", "tests.benchmarks.inbox_put", machine.emulator.endpoint_url]
        done = subprocess.run(
            command, env={**os.environ, **machine.environment}, capture_output=True, text=True, check=False
        )
    if done.returncode:
        raise RuntimeError(done.stderr[-2000:])
    for line in done.stdout.splitlines():
        size, packed, item, table, index, calls = line.split("\t")
        raw = -(-(int(item) - (int(packed) if int(packed) <= 24 * 1024 else 0) + int(size)) // 1024) + 1
        units = int(table) + int(index)
        fits = int(size) < 400 * 1024
        found.rows.append(
            (int(size), int(packed), int(item), units, calls, raw if fits else "no", units / raw if fits else "-")
        )
        found.expect(met=calls.count("PutItem") == 1, target=f"{size} bytes: {calls}, wanted one PutItem")
    return found


def _measure(endpoint_url: str) -> None:
    """In a process of its own: the function reads its settings and makes its clients when it is imported."""
    import gzip

    import boto3

    from tests.benchmarks.counted import Meter
    from tests.benchmarks.orders import api_event, order

    meter = Meter(boto3.Session().client("dynamodb", endpoint_url=endpoint_url))
    meter.watch_default_session()
    from functions.receive_webhook.main import handler

    handler(api_event(order(1), account=ACCOUNT), None)
    for number, padding in enumerate(PADDINGS, 2):
        body = order(number, padding=padding)
        meter.clear()
        answer = handler(api_event(body, account=ACCOUNT, number=number), None)
        assert answer["statusCode"] == 200, answer
        calls = " + ".join(f"{name.split('.')[1]}" for name in sorted(meter.calls))
        packed = len(gzip.compress(body, 6))
        print(
            *(len(body), packed, meter.written_bytes[0], meter.table_units, meter.index_units, calls),
            sep="\t",
        )


if __name__ == "__main__":
    _measure(sys.argv[1])
