"""Does one account's backlog delay the others? Quiet accounts with one event a minute each, before and beside 10,000 waiting rows.

Through the deployed stack on the emulator, whose clock runs faster, so that a minute of quota is a few seconds. The
loaded account is on 60 calls a minute: its quota holds it back, as Holded's would, and not this machine's processors.
"""

from __future__ import annotations

import asyncio
import dataclasses
import statistics
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx

from infra.local.run import LocalStack
from relay.adapters import _rows
from relay.adapters.clock import SystemClock
from relay.adapters.dynamodb_accounts import DynamoAccounts
from relay.adapters.dynamodb_gates import DynamoGates
from relay.adapters.sqs import SqsWakes
from relay.domain import transitions
from relay.domain.gate import due_at
from relay.domain.mapping.catalogue import Catalogue
from relay.domain.mapping.plan import plan
from relay.domain.settings import parse_settings
from relay.domain.sources import registry
from relay.domain.sources.base import Delivery
from relay.services.job import Job, fact_of, pack_event
from relay.services.times import at_ms
from tests.benchmarks.machine import add_account, add_company, get, relay
from tests.benchmarks.orders import TOPIC, order, signed_headers
from tests.benchmarks.report import Figure

if TYPE_CHECKING:
    from collections.abc import Iterator

    from relay.domain.ledger import Row
    from relay.ports.accounts import Account

SCALE = 2.0
QUIET = tuple(f"quiet{n}" for n in range(10))
LOADED = "loaded"
MINUTE_S = 60 / SCALE
IDLE_EVENTS, LOADED_EVENTS = 30, 45
WAITING = 10_000
PER_MINUTE = 60
MOST = 2.0
PATIENCE_S = 120
WORKERS = 3
_BATCH = 25


class Town:
    def __init__(self, stack: LocalStack, folder: Path) -> None:
        self._stack, self._folder = stack, folder
        self._companies = {name: self._admit(name) for name in (*QUIET, LOADED)}
        relay(folder, "account", "set", LOADED, "--per-minute", str(PER_MINUTE))
        self._next = 0
        self._numbering = threading.Lock()

    def _admit(self, name: str) -> str:
        limit = PER_MINUTE if name == LOADED else 100_000
        company = add_company(self._stack.sandbox_url, minute_limit=limit, month_limit=10_000_000)
        add_account(self._folder, company["token"], account=name)
        return str(company["id"])

    def documents(self, name: str) -> list[str]:
        state = get(f"{self._stack.sandbox_url}/_sandbox/companies/{self._companies[name]}/state")
        return [document["description"] for document in state["tables"].get("documents", [])]

    def refused(self, name: str) -> int:
        counters = get(f"{self._stack.sandbox_url}/_sandbox/counters")[self._companies[name]]
        return sum(counters["refused"].values())

    def sell(self, name: str) -> float:
        """Post one order and wait for its document: seconds from the answer to the document."""
        with self._numbering:
            self._next += 1
            number = self._next
        body = order(number)
        url = f"{self._stack.outputs['ApiUrl']}/v1/{name}/shopify"
        httpx.post(url, content=body, headers=signed_headers(body, number=number), timeout=60).raise_for_status()
        answered = time.monotonic()
        while f"Shopify #{number}" not in self.documents(name):
            if time.monotonic() - answered > PATIENCE_S:
                raise RuntimeError(f"the document of #{number} of {name} did not come within {PATIENCE_S} s")
            time.sleep(0.02)
        return time.monotonic() - answered

    def warm_up(self) -> None:
        """The contacts, and the workers that are used at once: a cold start is no account's doing."""
        for each in (*QUIET, LOADED):
            self.sell(each)
        with ThreadPoolExecutor(WORKERS) as pool:
            list(pool.map(self.sell, QUIET))

    def live(self, events: int) -> list[float]:
        """One event a minute of each quiet account, evenly spread, whatever became of those before."""
        gap_s = MINUTE_S / len(QUIET)
        begin = time.monotonic()
        with ThreadPoolExecutor(len(QUIET) * 2) as pool:
            waits = []
            for at in range(events):
                time.sleep(max(0.0, begin + at * gap_s - time.monotonic()))
                waits.append(pool.submit(self.sell, QUIET[at % len(QUIET)]))
            return [wait.result() for wait in waits]

    def load(self, clock: SystemClock) -> None:
        """Ten thousand orders of the loaded account wait already; its gate is due, and it is woken."""
        table = self._stack.outputs["StateTable"]
        dynamodb = self._stack.client("dynamodb")
        now_ms = at_ms(clock.now())
        accounts = DynamoAccounts(client=dynamodb, kms=self._stack.client("kms"), table=table, key_id="", clock=clock)
        record = asyncio.run(accounts.get(LOADED))
        if record is None:
            raise RuntimeError("the loaded account is not there")
        items = [_rows.item_of(row, write_id="bench") for row in _waiting(record, now_ms)]
        for at in range(0, len(items), _BATCH):
            left: Any = {table: [{"PutRequest": {"Item": item}} for item in items[at : at + _BATCH]]}
            while left:
                left = dynamodb.batch_write_item(RequestItems=left).get("UnprocessedItems")
        asyncio.run(self._wake(DynamoGates(client=dynamodb, table=table), clock, now_ms))

    async def _wake(self, gates: DynamoGates, clock: SystemClock, now_ms: int) -> None:
        gate = await gates.load(LOADED)
        if gate is None or not (await gates.store(due_at(gate, due_ms=now_ms), expected_rev=gate.rev)).ok:
            raise RuntimeError("the loaded account was being drained before it was loaded")
        url = self._stack.outputs["FiscalQueueUrl"]
        wakes = SqsWakes(client=self._stack.client("sqs"), fiscal_url=url, normal_url=url, clock=clock)
        await wakes.send([{"account": LOADED}], priority="fiscal")

    def waiting(self) -> int:
        told = relay(self._folder, "status", "--account", LOADED)
        return int(next(one for one in told["accounts"] if one["account"] == LOADED)["waiting"])


def _waiting(record: Account, now_ms: int) -> Iterator[Row]:
    """The rows that a drain without tokens would have left, one an order."""
    delivery = Delivery(
        inbox_id="preloaded",
        account=LOADED,
        source="shopify",
        topic=TOPIC,
        headers={"x-shopify-topic": TOPIC},
        body=order(1_000_000),
        received_at=datetime.fromtimestamp(now_ms / 1000, UTC),
    )
    (event,) = registry.get("shopify").normalise(delivery).events
    catalogue, settings = Catalogue.from_json(record.catalogue), parse_settings(record.settings)
    planned = plan(event, settings, catalogue, today=event.time.date())
    fact = Job(event=event, plan=planned, fact=fact_of(event, planned)).fact
    for number in range(1_000_000, 1_000_000 + WAITING):
        data = dataclasses.replace(event.data, number=f"#{number}")
        own = dataclasses.replace(event, id=f"preloaded-{number}#0", subject=str(number), data=data)
        key = dataclasses.replace(fact.key, object_id=str(number))
        mine = dataclasses.replace(fact, key=key, event_id=own.id, event=pack_event(own))
        yield transitions.parked(None, mine, now_ms=now_ms, due_ms=now_ms, reason="queued")


def figure() -> Figure:
    found = Figure(
        title=f"Fairness: quiet accounts beside one with {WAITING:,} waiting rows, HTTP answer to document",
        columns=("the other account", "events", "p50 ms", "p95 ms", "ratio of p95", "its documents a minute"),
    )
    with tempfile.TemporaryDirectory(prefix="relay-bench-") as name:
        folder = Path(name)
        (folder / ".local").mkdir()
        with LocalStack(description=folder / ".local" / "stack.json", scale=SCALE) as stack:
            town = Town(stack, folder)
            town.warm_up()
            idle = town.live(IDLE_EVENTS)
            town.load(SystemClock.parse(stack.clock))
            before, begin = len(town.documents(LOADED)), time.monotonic()
            time.sleep(MINUTE_S)  # its first burst is behind it
            loaded = town.live(LOADED_EVENTS)
            minutes = (time.monotonic() - begin) / MINUTE_S
            rate = (len(town.documents(LOADED)) - before) / minutes
            waiting, refused = town.waiting(), town.refused(LOADED)
    ratio = _p95(loaded) / _p95(idle)
    found.rows = [_row("idle", idle, 1.0, 0.0), _row(f"{waiting:,} rows wait at the end", loaded, ratio, rate)]
    found.expect(met=ratio <= MOST, target=f"p95 is {ratio:.2f} times its idle value, at most {MOST:.0f} are allowed")
    found.expect(met=waiting >= WAITING // 2, target=f"only {waiting} rows still waited: the account was not loaded")
    found.expect(met=rate >= PER_MINUTE / 2, target=f"the loaded account wrote {rate:.0f} documents a minute")
    found.expect(met=refused == 0, target=f"{refused} answers 429")
    found.notes.append(
        f"{len(QUIET)} quiet accounts, one event a minute each; {SCALE:.0f} seconds of the relay in a real one"
    )
    found.notes.append("two processor cores for senders, emulator, functions and sandbox")
    return found


def _p95(waits: list[float]) -> float:
    return statistics.quantiles(waits, n=20)[-1]


def _row(name: str, waits: list[float], ratio: float, rate: float) -> tuple[object, ...]:
    return name, len(waits), statistics.median(waits) * 1000, _p95(waits) * 1000, ratio, rate
