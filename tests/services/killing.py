"""A process that dies at a chosen call of a port, and what the queues, the schedule and the sweeper do afterwards."""

from __future__ import annotations

import asyncio
import json
from types import SimpleNamespace

from functions.write_holded.handler import handle
from relay.domain.ledger import STANDING
from relay.services.build import build_drainer
from relay.services.sweep import OPEN_TOO_LONG_MS, Sweep
from relay.services.times import at_ms
from tests.services.wire import ports_of

PORTS = ("ledger", "inbox", "gates", "accounts", "snapshots", "polls", "holded", "wakes", "clock", "ids")


def drainer(world, wire=None, *, jitter=lambda: 0.5, **others):
    """The writer over a world's ports, behind a wire if there is one; `others` take the place of some of them."""
    ports = (wire.ports() if wire else ports_of(world)) | others
    given = {name: ports[name] for name in PORTS}
    return build_drainer(**given, jitter=jitter, timing=world.timing)


async def batch(world, messages, *, by, seconds=60):
    """Hand a batch to `write_holded` as SQS does; returns the messages that come again."""
    records = [{"messageId": str(n), "body": json.dumps(message)} for n, message in enumerate(messages)]
    deadline_ms = at_ms(world.clock.now()) + round(seconds * 1000)
    answer, _ = await handle({"Records": records}, drainer=by, deadline_ms=deadline_ms)
    return [messages[int(failure["itemIdentifier"])] for failure in answer["batchItemFailures"]]


def send(world, messages, wire=None):
    """One batch into a process of its own, which may die of `wire`; returns the messages that come again."""
    if not messages:
        return []
    return asyncio.run(deliver(world, messages, wire))


async def deliver(world, messages, wire=None):
    failed = await batch(world, messages, by=drainer(world, wire))
    # Of a process that died, every message comes again.
    return messages if wire is not None and wire.dead else failed


def named(refs, account):
    return [{"account": account, "event": ref} for ref in refs]


class Aftermath:
    """Queues with redelivery, `release_due` every minute and `sweep_inbox` every five, over one world."""

    def __init__(self, world, *, visible_after_s=180, wires=lambda: None):
        """`wires()` gives each further process the wire it may die of, or None."""
        self.world = world
        self.wires = wires
        self.visible_after_s = visible_after_s
        self.hidden = []  # (visible at, messages)
        self.sweep = Sweep(inbox=world.inbox, publish=world.publish)

    def again(self, messages):
        if messages:
            self.hidden.append((at_ms(self.world.clock.now()) + self.visible_after_s * 1000, messages))

    def live(self, *, hours):
        asyncio.run(self.pass_minutes(round(hours * 60)))

    async def pass_minutes(self, minutes):
        for minute in range(minutes):
            self.world.clock.advance(60)
            now_ms = at_ms(self.world.clock.now())
            await self.world.release(now_ms=now_ms)
            if minute % 5 == 4:
                await self.sweep(now_ms=now_ms)
            seen = [messages for at, messages in self.hidden if at <= now_ms]
            self.hidden = [(at, messages) for at, messages in self.hidden if at > now_ms]
            for messages in [*seen, self._queued()]:
                if messages:
                    self.again(await deliver(self.world, messages, self.wires()))

    def _queued(self):
        """What the bus's rule and the wakes put into the queues since the last look."""
        events = [
            {"account": entry["account"], "event": entry["id"]}
            for entry in self.world.bus.published
            if entry["source"] != "relay.holded"
        ]
        wakes = [dict(wake.message) for wake in self.world.wakes.sent]
        self.world.bus.published.clear()
        self.world.wakes.sent.clear()
        return events + wakes


def state_of(world, company=None):
    """What stands in Holded and in the relay's own books, in a form that two runs can be compared by."""
    company = company or world.company
    world.sandbox.advance(world.clock.now().timestamp())  # what Holded commits late stands there without another call
    tables = company.tables
    return SimpleNamespace(
        documents=sorted((d["_kind"], d["total"], d["approved_at"] is not None) for d in tables["documents"].values()),
        contacts=len(tables["contacts"]),
        payments=sorted(str(p["amount"]) for p in tables["payments"].values()),
    )


def troubles(world):
    """Everything that is not at its end: open deliveries, rows in doubt or overdue, rows for a human, dead rows."""
    now_ms = at_ms(world.clock.now())
    found = [
        f"open:{item.delivery.topic}"
        for item in world.inbox.items.values()
        if item.open and at_ms(item.delivery.received_at) < now_ms - OPEN_TOO_LONG_MS
    ]
    for row in world.ledger.rows.values():
        if row.kind in STANDING and row.state == "waiting":
            continue
        if row.state in {"sent", "unknown", "dead", "review"}:
            found.append(f"{row.state}:{row.key.purpose}:{row.reason}")
        elif row.state == "waiting":
            found.append(f"waiting:{row.key.purpose}:{row.reason}")
    return found
