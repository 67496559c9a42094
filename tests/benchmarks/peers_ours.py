"""Ledger and budget at the same work as `peers_other`: claim, token, (empty) call, confirm. Prints JSON."""

from __future__ import annotations

import asyncio
import json
import statistics
import sys
import time
from dataclasses import replace

import boto3

from relay.adapters.clients import aws_client
from relay.adapters.dynamodb_gates import DynamoGates
from relay.adapters.dynamodb_ledger import DynamoLedger
from relay.domain import gate as gates
from relay.domain.ledger import Key, Row
from tests.benchmarks.counted import Meter

LEASE_MS = 150_000


def now_ms() -> int:
    return round(time.time() * 1000)


class Writer:
    def __init__(self, at_once: int) -> None:
        self._at_once = at_once
        client = aws_client("dynamodb")
        self._ledger = DynamoLedger(client=client, table="state")
        self._gates = DynamoGates(client=client, table="state")

    async def batch(self, numbers: list[int]) -> None:
        """A drain: the lease with its tokens, the documents, the lease let go."""
        now = now_ms()
        stored = await self._gates.load("bench")
        gate = stored or gates.new_gate("bench", per_minute=100_000, per_month=1_000_000_000, now_ms=now)
        taken = gates.take(
            gate, now_ms=now, owner="bench", lease_until_ms=now + LEASE_MS, priority="fiscal", want=len(numbers)
        )
        assert taken.granted == len(numbers), taken
        assert (await self._gates.store(taken.gate, expected_rev=gate.rev)).ok
        room = asyncio.Semaphore(self._at_once)

        async def one(number: int) -> None:
            async with room:
                await self._document(number)

        await asyncio.gather(*(one(number) for number in numbers))
        free = gates.let_go(taken.gate, owner="bench", next_due_ms=None)
        assert (await self._gates.store(free, expected_rev=taken.gate.rev, if_no_wakes=True)).ok

    async def _document(self, number: int) -> None:
        now = now_ms()
        key = Key(account="bench", source="shopify", object_id=str(number), purpose="invoice")
        row = Row(
            key=key,
            state="sent",
            created_ms=now,
            updated_ms=now,
            owner="bench",
            lease_until_ms=now + LEASE_MS,
            event_id=f"{number:032x}#0",
            digest=f"{number:064x}",
            marker="hr" + "a" * 14,
        )
        assert await self._ledger.insert(row) is None
        done = replace(row, state="confirmed", step="done", owner="", lease_until_ms=0, holded_id=f"{number:024x}")
        assert await self._ledger.replace(done, expected_rev=1)


async def measure(events: int, size: int, at_once: int) -> dict[str, float]:
    meter = Meter(boto3.Session().client("dynamodb"))
    meter.watch_default_session()
    writer, first = Writer(at_once), (size * 10 + at_once) * 1_000_000
    await writer.batch([first])
    meter.clear()
    for begin in range(first + 10, first + 30, size):
        await writer.batch(list(range(begin, begin + size)))
    found = {
        "writes": meter.writes / 20,
        "units": (meter.table_units + meter.index_units) / 20,
        "calls": sum(meter.calls.values()) / 20,
    }
    meter.images = False
    times = []
    for begin in range(first + 100, first + 100 + events, size):
        start = time.perf_counter()
        await writer.batch(list(range(begin, begin + size)))
        times.append((time.perf_counter() - start) * 1000 / size)
    return {**found, "ms": statistics.median(times)}


if __name__ == "__main__":
    print(json.dumps(asyncio.run(measure(*(int(each) for each in sys.argv[1:4])))))
