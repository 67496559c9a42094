"""SQS and EventBridge as they are: at least once, in no order, late, in part; and where a message goes after five receives."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from relay.ports.queues import DeadLetter
from tests.fakes import FakeBus, FakeWakes
from tests.simulation.faults import BUS_ENTRY, QUEUE_SEND

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    from tests.simulation.faults import Faults

MAX_RECEIVES = 5
VISIBILITY_S = 540.0
FISCAL = ("order.", "invoice.", "credit_note.", "refund.", "payment.")
NORMAL = ("contact.", "product.")
"""The rules of the stack's bus; a test holds them against `infra.event_bus`, whose import would cost seconds."""
LONGEST_DELAY_S = 900
_PAUSE_S = 2.0


@dataclass(slots=True, kw_only=True)
class Message:
    message_id: str
    body: str
    visible_s: float
    receives: int = 0
    first_s: float = 0.0
    receipt: str = ""


class SimQueue:
    """A standard queue. `now` in seconds; `dead` takes what was received too often."""

    def __init__(
        self,
        name: str,
        *,
        now: Callable[[], float],
        faults: Faults,
        visibility_s: float = VISIBILITY_S,
        dead: SimQueue | None = None,
        max_receives: int = MAX_RECEIVES,
        heard: Callable[[], None] = lambda: None,
    ) -> None:
        """`heard` is called when a dead-letter queue gets a message."""
        self.name, self.dead, self.heard = name, dead, heard
        self._now, self._faults = now, faults
        self._visibility_s, self._max_receives = visibility_s, max_receives
        self.messages: dict[str, Message] = {}
        self._made = 0
        self._news: asyncio.Event | None = None

    def send(self, body: str, *, delay_s: float = 0.0) -> None:
        kind, nth = self._faults.at(f"{self.name}.send", QUEUE_SEND)
        late = self._faults.between(self.name, nth, 1, 60) if kind == "queue_late" else 0.0
        for copy in range(2 if kind == "queue_duplicate" else 1):
            # A second copy is another delivery of the message: nothing tells the receiver.
            gap = copy * self._faults.between(self.name, nth, 0, 30, salt=2)
            self._put(body, self._now() + min(delay_s, LONGEST_DELAY_S) + late + gap)

    def _put(self, body: str, visible_s: float) -> None:
        self._made += 1
        message = Message(message_id=f"{self.name}-{self._made}", body=body, visible_s=visible_s)
        self.messages[message.message_id] = message
        if self._news is not None:
            self._news.set()

    def receive(self, limit: int = 10, *, visibility_s: float | None = None) -> list[Message]:
        """Up to `limit` visible messages, hidden from now on. One received too often before goes to `dead` instead."""
        seen = [message for message in self.messages.values() if message.visible_s <= self._now()]
        kind, nth = self._faults.at(f"{self.name}.receive", ("queue_reorder",)) if len(seen) > 1 else ("", 0)
        if kind:
            seen.sort(key=lambda message: self._faults.between(message.message_id, nth, 0, 1))
        found = []
        for message in seen:
            if len(found) == limit:
                break
            if self.dead is not None and message.receives >= self._max_receives:
                del self.messages[message.message_id]
                message.visible_s = self._now()
                self.dead.messages[message.message_id] = message
                self.dead.heard()
                continue
            message.receives += 1
            message.first_s = message.first_s or self._now()
            hidden_s = self._visibility_s if visibility_s is None else visibility_s
            message.visible_s = self._now() + hidden_s
            message.receipt = f"{message.message_id}:{message.receives}"
            found.append(message)
        return found

    def hides(self) -> bool:
        return any(message.visible_s > self._now() for message in self.messages.values())

    def delete(self, receipt: str) -> None:
        """By its latest receipt; an old one deletes nothing, as in a queue that has handed the message out again."""
        message = self.messages.get(receipt.rpartition(":")[0])
        if message is not None and message.receipt == receipt:
            del self.messages[message.message_id]

    def redrive(self, into: SimQueue) -> int:
        """`StartMessageMoveTask`: everything goes back as a new message of its old queue."""
        moved = list(self.messages.values())
        self.messages.clear()
        for message in moved:
            into._put(message.body, self._now())
        return len(moved)

    async def wait(self) -> None:
        """Until a message can be received."""
        self._news = self._news or asyncio.Event()
        while True:
            self._news.clear()
            first = min((message.visible_s for message in self.messages.values()), default=None)
            if first is not None and first <= self._now():
                return
            timeout = None if first is None else first - self._now()
            try:
                async with asyncio.timeout(timeout):
                    await self._news.wait()
            except TimeoutError:
                continue


class SimWakes(FakeWakes):
    """The port over two queues. A refused message is told by its index, as a partial batch is."""

    def __init__(self, *, fiscal: SimQueue, normal: SimQueue, faults: Faults) -> None:
        super().__init__()
        self._fiscal, self._normal, self._faults = fiscal, normal, faults

    async def send(
        self, messages: Sequence[Mapping[str, str]], *, priority: str, delay_seconds: int = 0
    ) -> Sequence[int]:
        self.refuse = {at for at in range(len(messages)) if self._faults.at("wakes.entry", ("wake_refused",))[0]}
        kept = len(self.sent)
        refused = await super().send(messages, priority=priority, delay_seconds=delay_seconds)
        queue = self._fiscal if priority == "fiscal" else self._normal
        for wake in self.sent[kept:]:
            queue.send(json.dumps(dict(wake.message), separators=(",", ":")), delay_s=wake.delay_seconds)
        return refused


class SimBus(FakeBus):
    """The port, and the two rules that lead to the queues: only ids go on, and nothing that was read in Holded."""

    def __init__(self, *, fiscal: SimQueue, normal: SimQueue, faults: Faults) -> None:
        super().__init__()
        self._rules, self._faults = ((FISCAL, fiscal), (NORMAL, normal)), faults
        self.under_way = 0

    async def publish(self, entries: Sequence[Mapping[str, Any]]) -> Sequence[int]:
        drawn = [self._faults.at("bus.entry", BUS_ENTRY) for _ in entries]
        self.refuse = {at for at, (kind, _) in enumerate(drawn) if kind == "bus_refused"}
        refused = await super().publish(entries)
        for entry, (kind, nth) in zip(entries, drawn, strict=True):
            if kind == "bus_refused":
                continue
            late = self._faults.between("bus", nth, 30, 600) if kind == "bus_late" else 0.0
            self._route(entry, late)
            if kind == "bus_duplicate":
                self._route(entry, self._faults.between("bus", nth, 0, 120))
        return refused

    def _route(self, entry: Mapping[str, Any], late_s: float) -> None:
        if entry["source"] == "relay.holded":
            return
        body = json.dumps({"account": entry["account"], "event": entry["id"]})
        for types, queue in self._rules:
            if entry["type"].startswith(types):
                self.under_way += 1
                asyncio.get_running_loop().call_later(late_s, self._arrive, queue, body)

    def _arrive(self, queue: SimQueue, body: str) -> None:
        self.under_way -= 1
        queue.send(body)


class SimDeadLetters:
    """`DeadLetters` over the dead-letter queues: a look hides what it sees for half a minute."""

    def __init__(self, queues: Sequence[SimQueue], epoch_ms: float) -> None:
        self._queues, self._epoch_ms = queues, epoch_ms

    async def peek(self) -> Sequence[DeadLetter]:
        return [
            self._letter(queue, message) for queue in self._queues for message in queue.receive(1000, visibility_s=30)
        ]

    def _letter(self, queue: SimQueue, message: Message) -> DeadLetter:
        return DeadLetter(
            message_id=message.message_id,
            body=message.body,
            queue=queue.name.removesuffix("-dead"),
            receives=message.receives,
            first_seen_ms=round(self._epoch_ms + message.first_s * 1000),
        )

    async def take_out(self, wanted: Callable[[DeadLetter], bool], *, patience_s: float = 0) -> Sequence[DeadLetter]:
        """As the adapter: what a look hides is waited for, what is not wanted is visible again at once."""
        taken: list[DeadLetter] = []
        waited = 0.0
        while True:
            taken += [letter for queue in self._queues for letter in self._taken(queue, wanted)]
            if waited >= patience_s or not any(queue.hides() for queue in self._queues):
                return taken
            await asyncio.sleep(_PAUSE_S)
            waited += _PAUSE_S

    def _taken(self, queue: SimQueue, wanted: Callable[[DeadLetter], bool]) -> list[DeadLetter]:
        taken = []
        for message in queue.receive(1000, visibility_s=30):
            letter = self._letter(queue, message)
            if wanted(letter):
                queue.delete(message.receipt)
                taken.append(letter)
            else:
                message.visible_s = 0.0
        return taken
