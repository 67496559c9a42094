"""The functions and what calls them: queue mappings, the stream's shards, the schedules. Each call runs on a machine."""

from __future__ import annotations

import asyncio
import zlib
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from relay.services.times import at_ms
from tests.simulation.faults import SCHEDULE, STREAM
from tests.simulation.machines import KilledError, Machine

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tests.simulation.queues import SimQueue
    from tests.simulation.world import Universe

SECONDS = {
    "receive_webhook": 10,
    "publish_event": 60,
    "write_holded": 90,
    "release_due": 60,
    "sweep_inbox": 60,
    "index_dead_letters": 60,
    "poll_holded": 60,
    "watch_sources": 300,
    "operator": 600,  # no function: a command, which somebody breaks off
}
CONCURRENCY = 4
BATCH = 10
STREAM_BATCH = 25
STREAM_RETRIES = 10
SHARDS = 2


class DiedError(Exception):
    """The function gave no answer: killed, timed out or raised."""


@dataclass(slots=True)
class Shard:
    """Records in their order, and the mapping's checkpoint."""

    records: list[dict[str, Any]] = field(default_factory=list)
    position: int = 0
    news: asyncio.Event = field(default_factory=asyncio.Event)


class Lambdas:
    def __init__(self, universe: Universe) -> None:
        self._universe = universe
        self._idle: dict[str, list[Machine]] = defaultdict(list)
        self.active = 0
        self.tasks: set[asyncio.Task[Any]] = set()
        self.shards = [Shard() for _ in range(SHARDS)]
        self.unpublished = 0  # records that the stream gave up: the sweeper's business
        self._sequence = 0
        self.news: dict[str, asyncio.Event] = defaultdict(asyncio.Event)
        self.runs: Counter[tuple[str, int]] = Counter()
        """How often a function ran, by the hour."""

    def spawn(self, story: Awaitable[Any]) -> asyncio.Task[Any]:
        task = asyncio.ensure_future(story)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)
        return task

    async def run(self, function: str, body: Callable[[Machine], Awaitable[Any]]) -> Any:
        """One invocation. Raises `DiedError` when it gave no answer; a machine that died is never used again."""
        machine = self._machine(function)
        self.active += 1
        self.runs[function, int(self._universe.seconds() // 3600)] += 1
        task = asyncio.ensure_future(body(machine))
        try:
            done, _ = await asyncio.wait({task}, timeout=SECONDS[function])
            if not done:
                machine.dead = True
                task.add_done_callback(lambda late: late.cancelled() or late.exception())
                raise DiedError("timed_out")
            error = task.exception()
            if machine.dead or isinstance(error, KilledError):
                raise DiedError("killed")
            self._idle[function].append(machine)
            if error is not None:
                self._universe.errors.append(f"{function}: {error}")
                raise DiedError(type(error).__name__) from error
            return task.result()
        finally:
            self.active -= 1

    def _machine(self, function: str) -> Machine:
        """A warm one, or a new one with a clock of its own."""
        idle = self._idle[function]
        faults = self._universe.faults
        if idle and faults.between(f"{function}.warm", len(faults.struck), 0, 1) < 0.8:
            return idle.pop()
        kind, nth = faults.at(f"{function}.init", ("skew",))
        most = self._universe.plan.skew_s
        return Machine(self._universe, function, faults.between("skew", nth, -most, most) if kind else 0.0)

    # --- queues -----------------------------------------------------------------------------------------------------

    async def consume(self, queue: SimQueue) -> None:
        """The event source mapping of a queue: batches, as many at a time as it may, partial answers."""
        slots = asyncio.Semaphore(CONCURRENCY)
        while True:
            await queue.wait()
            await slots.acquire()
            await asyncio.sleep(0.05)
            batch = queue.receive(BATCH)
            if not batch:
                slots.release()
                continue
            self.spawn(self._batch(queue, batch, slots))

    async def _batch(self, queue: SimQueue, batch: list[Any], slots: asyncio.Semaphore) -> None:
        event = {"Records": [{"messageId": each.message_id, "body": each.body} for each in batch]}
        receipts = [(each.message_id, each.receipt) for each in batch]
        try:
            answer = await self.run("write_holded", lambda machine: self._universe.write_holded(machine, event))
        except DiedError:
            return
        finally:
            slots.release()
        failed = {each["itemIdentifier"] for each in answer["batchItemFailures"]}
        for message_id, receipt in receipts:
            if message_id not in failed:
                queue.delete(receipt)

    # --- the stream -------------------------------------------------------------------------------------------------

    def inserted(self, account: str, inbox_id: str) -> None:
        self._sequence += 1
        delivery = self._universe.inbox.items[account, inbox_id].delivery
        image = {
            "s": {"S": delivery.source},
            "r": {"N": str(at_ms(delivery.received_at))},
            "h": {"M": {name: {"S": value} for name, value in delivery.headers.items()}},
        }
        keys = {"pk": {"S": f"{account}#{inbox_id}"}}
        record = {
            "eventName": "INSERT",
            "dynamodb": {"SequenceNumber": str(self._sequence), "Keys": keys, "NewImage": image},
        }
        shard = self.shards[zlib.crc32(f"{account}#{inbox_id}".encode()) % SHARDS]
        shard.records.append(record)
        shard.news.set()

    async def read_shard(self, number: int) -> None:
        """One mapping's way through a shard: in order, from its checkpoint, ten tries a batch, halved when one breaks it."""
        shard, faults = self.shards[number], self._universe.faults
        size, tries = STREAM_BATCH, 0
        while True:
            while shard.position >= len(shard.records):
                shard.news.clear()
                await shard.news.wait()
            await asyncio.sleep(0.2)
            kind, nth = faults.at(f"shard{number}", STREAM)
            if kind == "stream_skip":  # the mapping began again behind what was there
                shard.position = len(shard.records)
                continue
            if kind == "stream_replay":
                shard.position = max(0, shard.position - int(faults.between(f"shard{number}", nth, 1, 20)))
            batch = shard.records[shard.position : shard.position + size]
            done, whole = await self._publish(batch)
            shard.position += done
            if done == len(batch):
                size, tries = STREAM_BATCH, 0
                continue
            tries += 1
            size = max(1, len(batch) // 2) if not whole else size
            if tries > STREAM_RETRIES:
                shard.position += len(batch) - done
                self.unpublished += len(batch) - done
                size, tries = STREAM_BATCH, 0
            await asyncio.sleep(min(60, 2**tries))

    async def _publish(self, batch: list[dict[str, Any]]) -> tuple[int, bool]:
        """(records done from the front, whether the function answered)."""
        event = {"Records": batch}
        try:
            answer = await self.run("publish_event", lambda machine: self._universe.publish_event(machine, event))
        except DiedError:
            return 0, False
        failed = {each["itemIdentifier"] for each in answer["batchItemFailures"]}
        numbers = [record["dynamodb"]["SequenceNumber"] for record in batch]
        return next((at for at, number in enumerate(numbers) if number in failed), len(batch)), True

    # --- schedules --------------------------------------------------------------------------------------------------

    async def tick(
        self, function: str, minutes: int, body: Callable[[Machine], Awaitable[Any]], next_s: Callable[[], float | None]
    ) -> None:
        """Every so many minutes; ticks that would find nothing (before `next_s`) are left out, for speed alone.

        `next_s`: the first instant at which there may be something to find, None: not as things stand. Whoever changes
        that sets `news`.
        """
        every, news, now = minutes * 60.0, self.news[function], self._universe.seconds
        while True:
            news.clear()
            first = next_s()
            at = max(now(), 0.0 if first is None else first)
            at = (at // every + 1) * every
            try:
                async with asyncio.timeout(None if first is None else at - now()):
                    await news.wait()
                continue
            except TimeoutError:
                pass
            kind, _ = self._universe.faults.at(f"{function}.tick", SCHEDULE)
            for _ in range({"tick_missed": 0, "invoke_twice": 2}.get(kind, 1)):
                self.spawn(self._call(function, body))
            await asyncio.sleep(1)

    async def _call(self, function: str, body: Callable[[Machine], Awaitable[Any]]) -> None:
        try:
            await self.run(function, body)
        except DiedError:
            return
