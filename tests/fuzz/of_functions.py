"""The functions' own reading of what AWS hands them."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from typing import Any

from aws_lambda_powertools import Logger

from functions.index_dead_letters.handler import handle as index_dead_letters
from functions.poll_holded.handler import handle as poll_holded
from functions.publish_event.handler import handle as publish_event
from functions.receive_webhook.handler import handle as receive_webhook
from functions.release_due.handler import handle as release_due
from functions.sweep_inbox.handler import handle as sweep_inbox
from functions.watch_sources.handler import handle as watch_sources
from functions.write_holded.handler import handle as write_holded
from relay.domain.gate import new_gate
from relay.domain.ledger import Key
from relay.domain.sources import registry
from relay.domain.sources.base import Delivery
from relay.holded.encoding import decode
from relay.ports.accounts import Account, AccountSecrets
from relay.ports.queues import DeadLetter
from relay.providers.protocol import decipher as decipher_provider
from relay.services.accept import Accept
from relay.services.arrivals import CountArrivals
from relay.services.dead_letters import IndexDeadLetters
from relay.services.enlist import Enlist
from relay.services.publish import Publish
from relay.services.release import Release
from relay.services.sweep import Sweep
from tests.fakes import (
    FakeAccounts,
    FakeArrivals,
    FakeBus,
    FakeGates,
    FakeInbox,
    FakeInboxWriter,
    FakeLedger,
    FakeWakes,
)
from tests.fuzz.target import NOW, SECRET, Target, json_of, own, parts, text_of
from tests.services import shops
from tests.services.world import World

ACCOUNT_OF_POLL = Account(
    account="bolt",
    name="Bolt",
    mode="test",
    status="active",
    status_reason="",
    company_id="5" * 24,
    per_minute=60,
    per_month=500,
    settings={},
    catalogue={},
    salt="salt",
    rev=1,
)


class Log:
    def __getattr__(self, _name: str) -> Any:
        return lambda *_args, **_extra: None


class Secrets:
    def load(self, account: str) -> AccountSecrets | None:
        if account != "acme":
            return None
        return AccountSecrets(account=account, secrets=dict.fromkeys(registry.SOURCES, (SECRET,)), bindings={})


def http_event(data: bytes) -> None:
    """Shapes that API Gateway makes: texts and maps of texts, any of them missing, whatever stands in them."""
    account, source, names, values, body = parts(data, 5)
    headers = dict(zip(text_of(names).split("\n"), text_of(values).split("\n"), strict=False))
    event = {
        "pathParameters": {"account": text_of(account), "source": text_of(source)} if account else None,
        "headers": headers or None,
        "body": text_of(body),
        "isBase64Encoded": len(body) % 2 == 1,
    }
    answer = receive_webhook(
        event, accept=Accept(secrets=Secrets(), inbox=FakeInboxWriter(FakeInbox())), now=lambda: NOW
    )
    assert answer["statusCode"] in {200, 400, 401, 404, 413, 503}
    assert set(json.loads(answer["body"])) <= {"status", "id"}


class Drains:
    """Stands for the drain of one account: the handler's own work is to read messages."""

    async def run(self, account: str, refs: Any, *, deadline_ms: int) -> Any:
        from relay.services.drain import Drained

        assert account
        assert all(isinstance(ref, str) and ref for ref in refs)
        return Drained(failed={}, ends={}, calls=0, quota_percent=0)


def sqs_event(data: bytes) -> None:
    records = [{"messageId": str(at), "body": text_of(body)} for at, body in enumerate(data.split(b"\0"))]
    answer, _ = asyncio.run(write_holded({"Records": records}, drainer=Drains(), deadline_ms=0))  # type: ignore[arg-type]  # stands for a drainer
    assert {failure["itemIdentifier"] for failure in answer["batchItemFailures"]} <= {
        str(at) for at in range(len(records))
    }


def sqs_event_drained(data: bytes) -> None:
    """Through a real drain: an account that is there, events that may be any text."""
    from tests.services.killing import batch, drainer
    from tests.services.world import World

    world = World()
    messages = [{"account": "acme", "event": text_of(ref)} for ref in data.split(b"\0")[:5]]
    asyncio.run(batch(world, messages, by=drainer(world)))
    assert world.documents() == []


def stream_event(data: bytes) -> None:
    inbox = FakeInbox()
    records = [
        {"eventName": "INSERT", "dynamodb": {"Keys": {"pk": {"S": text_of(pk)}}, "SequenceNumber": str(at)}}
        for at, pk in enumerate(data.split(b"\0"))
    ]
    publish = Publish(inbox=inbox, bus=FakeBus(), wakes=FakeWakes())
    answer = asyncio.run(publish_event({"Records": records}, publish=publish, log=Log()))  # type: ignore[arg-type]  # stands for a logger
    assert answer == {"batchItemFailures": []}


def stream_records(data: bytes) -> None:
    """Images of any shape: one that cannot be counted must not hold up the shard."""
    image, pk = json_of(data), "acme#one"
    records = [
        {"eventName": name, "dynamodb": {"Keys": {"pk": {"S": pk}}, "SequenceNumber": "1", "NewImage": image}}
        for name in ("INSERT", "MODIFY")
    ]
    publish = Publish(inbox=FakeInbox(), bus=FakeBus(), wakes=FakeWakes())
    count = CountArrivals(arrivals=FakeArrivals())
    answer = asyncio.run(publish_event({"Records": records}, publish=publish, log=Log(), count=count))  # type: ignore[arg-type]  # stands for a logger
    assert answer == {"batchItemFailures": []}


def sqs_records(data: bytes) -> None:
    """Records with anything beside the id that SQS gives every message."""
    value = json_of(data)
    record = {**(value if isinstance(value, dict) else {"body": value}), "messageId": "1"}
    answer, _ = asyncio.run(write_holded({"Records": [record]}, drainer=Drains(), deadline_ms=0))  # type: ignore[arg-type]  # stands for a drainer
    assert {failure["itemIdentifier"] for failure in answer["batchItemFailures"]} <= {"1"}


def stored_delivery(source: str, topic: bytes, body: bytes) -> FakeInbox:
    inbox = FakeInbox()
    headers = {"x-shopify-topic": text_of(topic)}
    inbox.put_now(Delivery("one", "acme", source, text_of(topic), headers, body, NOW), digest="x")
    return inbox


def sweep(data: bytes) -> None:
    source, topic, body = parts(data, 3)
    name = sorted(registry.SOURCES)[(source[0] if source else 0) % len(registry.SOURCES)]
    inbox = stored_delivery(name, topic, body)
    publish = Publish(inbox=inbox, bus=FakeBus(), wakes=FakeWakes())
    told = asyncio.run(sweep_inbox(sweep=Sweep(inbox=inbox, publish=publish), now_ms=2**42))
    assert told["refused"] == 0


def letters(data: bytes) -> None:
    ledger = FakeLedger()

    class Queue:
        async def peek(self) -> list[DeadLetter]:
            return [
                DeadLetter(message_id=str(at), body=text_of(body), queue="fiscal", receives=5, first_seen_ms=1)
                for at, body in enumerate(data.split(b"\0"))
            ]

    asyncio.run(index_dead_letters(index=IndexDeadLetters(queue=Queue(), ledger=ledger), now_ms=1))
    assert ledger.rows
    for key in ledger.rows:
        assert Key.parse(str(key)) == key


def accounts_due(data: bytes) -> None:
    from relay.domain.gate import due_at

    gates = FakeGates()
    for name in {text_of(part) for part in data.split(b"\0")}:
        gates.gates[name] = due_at(new_gate(name, per_minute=60, per_month=1000, now_ms=0), due_ms=1)
    told = asyncio.run(release_due(release=Release(gates=gates, wakes=FakeWakes()), now_ms=2))
    assert told["woken"] == len(gates.gates)


def settings_polled(data: bytes) -> None:
    """An account whose stored settings are anything: its neighbour's poll stands all the same."""
    try:
        settings = decode(data)
    except ValueError:
        settings = {text_of(data): text_of(data)}
    accounts, ledger = FakeAccounts(), FakeLedger()
    accounts.accounts = {
        "acme": replace(ACCOUNT_OF_POLL, account="acme", settings=settings if isinstance(settings, dict) else {}),
        "bolt": ACCOUNT_OF_POLL,
    }
    enlist = Enlist(accounts=accounts, ledger=ledger, gates=FakeGates())
    try:
        asyncio.run(poll_holded(enlist=enlist, now_ms=1_772_442_000_000))
    finally:
        assert "bolt" in {key.account for key in ledger.rows}


def provider_replies(data: bytes) -> None:
    """A silent source whose provider answers anything, under any `Link` and totals."""
    status, (body, _, named) = (data[0] * 4 if data else 0), data[1:].partition(b"\0")
    link, _, total = named.decode("latin-1").partition("\0")
    headers = {"content-type": "application/json", "link": link, "x-wp-total": total, "x-wp-totalpages": total}
    world = World()
    shops.open_shop(world, ("shopify", "woocommerce", "stripe")[status % 3], register=bool(status % 2))

    class Anything:
        async def call(self, request: Any, credential: Any, *, timeout_ms: int) -> Any:
            answered = status if status in {200, 201, 401, 404, 429, 500} else 200
            return decipher_provider(request, answered, headers, body, world.clock.now())

    for source in ("shopify", "woocommerce", "stripe"):
        shops.lived(world, source)
    world.clock.advance(3 * 86_400)
    watchdog = shops.watchdog(world, {"provider_api": Anything()})
    deadline_ms = round(world.clock.now().timestamp() * 1000) + 30_000
    told = asyncio.run(
        watch_sources(watchdog=watchdog, deadline_ms=deadline_ms, log=Logger(service="fuzz", level="CRITICAL"))
    )
    assert told["watched"]


HTTP_SEED = b"acme\0shopify\0x-shopify-topic\nx-shopify-hmac-sha256\0orders/paid\nx\0{}"
MESSAGE = {"account": "acme", "event": "one#0"}


TARGETS: dict[str, Target] = {
    "receive_webhook": Target(run=http_event, seeds=own(HTTP_SEED)),
    "write_holded": Target(run=sqs_event, seeds=own(MESSAGE, {"account": "acme"})),
    "write_holded, drained": Target(run=sqs_event_drained, seeds=own(b"one#0", b"one#x\0#1\0one")),
    "publish_event": Target(run=stream_event, seeds=own(b"acme#one", b"acme")),
    "publish_event, any image": Target(
        run=stream_records,
        seeds=own(
            {"s": {"S": "shopify"}, "r": {"N": "1772442000000"}, "h": {"M": {"x": {"S": "y"}}}},
            {"h": {"M": {"relay-imported": {"S": "1"}}}},
        ),
    ),
    "write_holded, any record": Target(run=sqs_records, seeds=own({"body": json.dumps(MESSAGE), "attributes": {}})),
    "sweep_inbox": Target(run=sweep, seeds=own(b"\x01\0orders/paid\0{}")),
    "index_dead_letters": Target(run=letters, seeds=own(MESSAGE)),
    "poll_holded": Target(run=settings_polled, seeds=own(b"{}", {"polling": {"share": 5}})),
    "watch_sources": Target(
        run=provider_replies,
        seeds=own(
            b"2" + b'{"orders": []}',
            b"3" + b"[]",
            b"\x00{}",
            b'2{"webhooks": [{"id": 1}]}\0<https://x.test/?page_info=N>; title="x"; rel="prev next"\x007',
        ),
    ),
    "release_due": Target(run=accounts_due, seeds=own(b"acme\0bolt")),
}
