"""Events a second and the time from the HTTP answer to the document, through the deployed stack on the emulator.

Senders post the next delivery as soon as the last was answered, all to one account: what waits longer waited its turn.
"""

from __future__ import annotations

import statistics
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import httpx

from infra.local.run import LocalStack
from tests.benchmarks.machine import ACCOUNT, add_account, add_company, get
from tests.benchmarks.orders import order, signed_headers
from tests.benchmarks.report import Figure

EVENTS = 160
ALONE = 15
PATIENCE_S = 180


class Watch(threading.Thread):
    """Notes when each document is first seen in the sandbox."""

    def __init__(self, state_url: str) -> None:
        super().__init__(daemon=True)
        self._url = state_url
        self._end = threading.Event()
        self.seen: dict[str, float] = {}
        self.twice: set[str] = set()

    def run(self) -> None:
        while not self._end.wait(0.03):
            now, found = time.monotonic(), [doc["description"] for doc in _documents(self._url)]
            self.twice |= {name for name in found if found.count(name) > 1}
            for name in found:
                self.seen.setdefault(name, now)

    def until(self, names: set[str]) -> None:
        end = time.monotonic() + PATIENCE_S
        while not names <= self.seen.keys():
            if time.monotonic() > end:
                raise RuntimeError(f"{len(names - self.seen.keys())} of {len(names)} documents are missing")
            time.sleep(0.02)

    def stop(self) -> None:
        self._end.set()
        self.join()


def figure() -> Figure:
    found = Figure(
        title="Through the deployed stack on the emulator: HTTP answer to document",
        columns=("senders", "events", "answers/s", "answer p50 ms", "documents/s", "p50 ms", "p95 ms"),
    )
    with tempfile.TemporaryDirectory(prefix="relay-bench-") as name:
        folder = Path(name)
        (folder / ".local").mkdir()
        with LocalStack(description=folder / ".local" / "stack.json") as stack, ExitStack() as ends:
            company = add_company(stack.sandbox_url, minute_limit=100_000, month_limit=10_000_000)
            add_account(folder, company["token"])
            watch = Watch(f"{stack.sandbox_url}/_sandbox/companies/{company['id']}/state")
            watch.start()
            ends.callback(watch.stop)
            url = f"{stack.outputs['ApiUrl']}/v1/{ACCOUNT}/shopify"
            _burst(url, watch, range(1, 4), senders=1)  # cold starts, and the contact
            idle = [_burst(url, watch, [number], senders=1) for number in range(10, 10 + ALONE)]
            found.rows.append(_row("1, waiting for each document", [each for run in idle for each in run]))
            for first, senders in ((1_000, 1), (2_000, 8)):
                found.rows.append(_row(str(senders), _burst(url, watch, range(first, first + EVENTS), senders=senders)))
    found.expect(met=not watch.twice, target=f"{len(watch.twice)} documents were doubled")
    found.notes.append("two processor cores for senders, emulator, functions and sandbox; the quota is out of the way")
    return found


Times = tuple[float, float, float]  # posted, answered, document seen


def _burst(url: str, watch: Watch, numbers: range | list[int], *, senders: int) -> list[Times]:
    with httpx.Client(timeout=60) as client, ThreadPoolExecutor(senders) as pool:

        def send(number: int) -> tuple[int, float, float]:
            body = order(number)
            headers = signed_headers(body, number=number)
            begin = time.monotonic()
            client.post(url, content=body, headers=headers).raise_for_status()
            return number, begin, time.monotonic()

        answered = list(pool.map(send, numbers))
    watch.until({_name(number) for number in numbers})
    return [(begin, end, watch.seen[_name(number)]) for number, begin, end in answered]


def _row(name: str, times: list[Times]) -> tuple[object, ...]:
    waits = [max(0.0, seen - answered) * 1000 for _, answered, seen in times]
    answers = [(answered - begin) * 1000 for begin, answered, _ in times]
    start = min(begin for begin, _, _ in times)
    return (
        name,
        len(times),
        len(times) / (max(answered for _, answered, _ in times) - start),
        statistics.median(answers),
        len(times) / (max(seen for _, _, seen in times) - start),
        statistics.median(waits),
        statistics.quantiles(waits, n=20)[-1],
    )


def _name(number: int) -> str:
    return f"Shopify #{number}"


def _documents(url: str) -> list[dict[str, str]]:
    tables = get(url)["tables"]
    return [each for name, held in tables.items() if name in {"documents", "invoices"} for each in held]
