"""Processes of `quota`: eight writers behind queues whose pollers are played here, eight clients of another kind."""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import random
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from infra.paths import ROOT
from relay.adapters.clients import aws_client
from relay.adapters.clock import SystemClock
from relay.adapters.dynamodb_gates import DynamoGates
from relay.adapters.dynamodb_ledger import DynamoLedger
from relay.adapters.sqs import SqsWakes
from relay.domain.ledger import Key, Row
from relay.services.release import Release

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from relay.domain.documents import Priority
    from tests.benchmarks.machine import Machine

SKEWS_MS = (-700, -500, -200, 0, 0, 100, 200, 300)
"""Any two differ by a second at most: the tolerance (`relay.domain.budget.SKEW_MS`)."""
LIMIT = 600
BACKLOG_ROWS = 120
POLL_S = 0.05


class Writers:
    """`waits` by account: what fiscal events waited, ms. `errors`: what drains raised."""

    def __init__(self, machine: Machine, tokens: Mapping[str, str]) -> None:
        self._machine, self._tokens = machine, tokens
        options = {"endpoint_url": machine.emulator.endpoint_url, "region_name": machine.emulator.region}
        options |= {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
        dynamodb, self._sqs = aws_client("dynamodb", **options), aws_client("sqs", **options)
        self._urls = [machine.environment[f"{name}_QUEUE_URL"] for name in ("FISCAL", "NORMAL")]
        self.wakes = SqsWakes(client=self._sqs, fiscal_url=self._urls[0], normal_url=self._urls[1], clock=SystemClock())
        self._release = Release(gates=DynamoGates(client=dynamodb, table="state"), wakes=self.wakes)
        self._ledger = DynamoLedger(client=dynamodb, table="state")
        self._numbers = itertools.count()
        self._under_way: dict[int, tuple[str, str]] = {}
        self.waits: list[float] = []
        self.errors: list[str] = []

    async def __aenter__(self) -> Self:
        environment = {"PATH": os.environ["PATH"], **self._machine.environment}
        self._processes = [
            await asyncio.create_subprocess_exec(
                *(
                    sys.executable,
                    "-m",
                    "tests.benchmarks.quota_writer",
                    str(skew),
                    json.dumps(self._tokens),
                    str(LIMIT),
                ),
                cwd=ROOT,
                env=environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
            )
            for skew in SKEWS_MS
        ]
        for process in self._processes:
            if not await process.stdout.readline():  # it is ready: imports are not what is measured
                raise RuntimeError("a writer ended before it began; its own words are above")
        self._turns = itertools.cycle(self._processes)
        self._tasks = [asyncio.create_task(self._hear(process)) for process in self._processes]
        self._tasks += [asyncio.create_task(self._poll(url)) for url in self._urls]
        self._tasks.append(asyncio.create_task(self._every_minute()))
        return self

    async def __aexit__(self, *_exc: object) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for process in self._processes:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()

    async def fill(self, account: str, priority: Priority) -> None:
        """A backlog that never ends: what is done is due again."""
        now_ms = round(time.time() * 1000)
        for number in range(BACKLOG_ROWS):
            key = Key(account=account, source="bench", object_id=str(number), purpose="backlog")
            row = Row(
                key=key,
                state="waiting",
                priority=priority,
                created_ms=now_ms,
                updated_ms=now_ms,
                due_ms=now_ms - 2_000,
                indexed=True,
            )
            await self._ledger.insert(row)

    async def trickle(self, account: str, every_s: float) -> None:
        """A fiscal event now and then, for as long as the caller lets it."""
        while True:
            await asyncio.sleep(random.uniform(0.5, 1.5) * every_s)
            ref = f"{time.time() * 1000:.0f}-{next(self._numbers)}"
            await self.wakes.send([{"account": account, "event": ref}], priority="fiscal")

    async def _poll(self, url: str) -> None:
        while True:
            got = await asyncio.to_thread(self._sqs.receive_message, QueueUrl=url, MaxNumberOfMessages=10)
            for message in got.get("Messages", ()):
                number = next(self._numbers)
                self._under_way[number] = (url, message["ReceiptHandle"])
                line = json.dumps({"id": number, "body": message["Body"]}) + "\n"
                process = next(self._turns)
                process.stdin.write(line.encode())
                await process.stdin.drain()
            if not got.get("Messages"):
                await asyncio.sleep(POLL_S)

    async def _hear(self, process: Any) -> None:
        while line := await process.stdout.readline():
            told = json.loads(line)
            url, handle = self._under_way.pop(told["id"])
            self.waits += told["waits"]
            self.errors += told["errors"]
            if not told["again"]:
                await asyncio.to_thread(self._sqs.delete_message, QueueUrl=url, ReceiptHandle=handle)

    async def _every_minute(self) -> None:
        await asyncio.sleep(random.uniform(0, 60))
        while True:
            await self._release(now_ms=round(time.time() * 1000))
            await asyncio.sleep(60)


class Others:
    """Eight clients of another kind for one company."""

    def __init__(self, machine: Machine, python: Path, kind: str, *, token: str, entity: str) -> None:
        where = (machine.emulator.endpoint_url, machine.emulator.region)
        script = str(Path(__file__).with_name("quota_other.py"))
        self.command = [str(python), script, kind, machine.sandbox_url, token, entity, *where]
        self._environment = {"PATH": os.environ["PATH"], **machine.environment}

    def run(self) -> None:
        """Once, to its end."""
        subprocess.run(self.command, env=self._environment, check=True, stdin=subprocess.DEVNULL)

    def start(self) -> Sequence[subprocess.Popen[bytes]]:
        return [
            subprocess.Popen(
                self.command, env=self._environment, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=ROOT
            )
            for _ in SKEWS_MS
        ]
