"""Every parser and verifier as a function of bytes, so that Hypothesis and atheris drive the same thing.

A target returns for whatever it is given, or raises an error of `relay.errors`; anything else is a defect. `seeds` are good
inputs to begin from: small ones of our own, and real samples where they lie beside the project.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import tempfile
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger

from functions.index_dead_letters.handler import handle as index_dead_letters
from functions.poll_holded.handler import handle as poll_holded
from functions.publish_event.handler import handle as publish_event
from functions.receive_webhook.handler import handle as receive_webhook
from functions.release_due.handler import handle as release_due
from functions.sweep_inbox.handler import handle as sweep_inbox
from functions.watch_sources.handler import handle as watch_sources
from functions.write_holded.handler import handle as write_holded
from functions.write_holded.settings import Settings as WriterSettings
from infra.paths import ROOT
from relay.adapters import _keys
from relay.cli import account_inputs, inputs
from relay.domain import budget_pack, wire
from relay.domain.gate import new_gate
from relay.domain.ledger import Key, Row
from relay.domain.mapping.catalogue import Catalogue
from relay.domain.mapping.plan import plan
from relay.domain.models import Event, TaxId
from relay.domain.reconciling_split import of_row
from relay.domain.settings import default_settings, dump_settings, parse_settings
from relay.domain.sources import identity, registry, signing
from relay.domain.sources.base import Delivery
from relay.domain.taxids import check
from relay.errors import RelayError
from relay.holded import formats, listings, replies, requests, requests_v1
from relay.holded.encoding import decode
from relay.holded.polled_table import POLLED
from relay.holded.protocol import Request, decipher
from relay.ports.accounts import Account, AccountSecrets
from relay.ports.queues import DeadLetter
from relay.providers.protocol import decipher as decipher_provider
from relay.services.accept import Accept
from relay.services.dead_letters import IndexDeadLetters
from relay.services.enlist import Enlist
from relay.services.publish import Publish
from relay.services.release import Release
from relay.services.sweep import Sweep
from tests.fakes import FakeAccounts, FakeBus, FakeGates, FakeInbox, FakeInboxWriter, FakeLedger, FakeWakes
from tests.holded.polled_samples import SAMPLES as SEEN
from tests.services import shops
from tests.services.world import World

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from relay.holded.polled import Observed, Resource

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
REALDATA = ROOT.parent / "shared" / "realdata" / "webhooks"
LARGEST_SAMPLE = 60_000
SAMPLES = {
    "shopify": ("shopify_python_api/*.json",),
    "woocommerce": ("woocommerce_v3/*.json",),
    "stripe": ("stripe_gobl/*.json",),
}
SIGNATURE_HEADERS = (
    "x-holded-webhook-signature",
    "x-shopify-hmac-sha256",
    "webhook-signature",
    "stripe-signature",
    "x-wc-webhook-signature",
)
SETTINGS = default_settings()
CATALOGUE = Catalogue.from_json({})
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


@dataclass(frozen=True, kw_only=True)
class Target:
    run: Callable[[bytes], object]
    seeds: Callable[[], Iterable[bytes]]

    def __call__(self, data: bytes) -> None:
        with contextlib.suppress(RelayError):
            self.run(data)


def text_of(data: bytes) -> str:
    """Text with half characters where bytes are no UTF-8: what a careless JSON decoder lets in."""
    return data.decode("utf-8", "surrogateescape")


def json_of(data: bytes) -> Any:
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        return text_of(data)


def parts(data: bytes, count: int) -> list[bytes]:
    """The data cut at zero bytes into `count` parts."""
    found = data.split(b"\0", count - 1)
    return [*found, *([b""] * (count - len(found)))]


def own(*values: Any) -> Callable[[], list[bytes]]:
    return lambda: [value if isinstance(value, bytes) else json.dumps(value).encode() for value in values]


# -- sources -----------------------------------------------------------------------------------------------------------


def read(source: str) -> Callable[[bytes], None]:
    def run(data: bytes) -> None:
        topic, body = parts(data, 2)
        name = text_of(topic)
        headers = {"x-shopify-topic": name, "x-wc-webhook-topic": name, "x-holded-webhook-event": name}
        module = registry.get(source)
        meaning = module.identify(body, headers)
        inbox_id = identity.inbox_id("acme", source, meaning, identity.body_digest(body))
        found = module.normalise(Delivery(inbox_id, "acme", source, meaning.topic, headers, body, NOW))
        assert found.events or found.ignored or found.review
        for event in found.events:
            assert wire.loads(wire.dumps(event)) == event
            plan(event, SETTINGS, CATALOGUE, today=NOW.date())

    return run


def deliveries(source: str) -> Callable[[], Iterable[bytes]]:
    def seeds() -> Iterable[bytes]:
        from tests.domain.sources.test_fuzz import BASES

        for name, topic, body in BASES:
            if name == source:
                yield topic.encode() + b"\0" + json.dumps(body).encode()
        for pattern in SAMPLES.get(source, ()):
            for file in sorted(REALDATA.glob(pattern)):
                if file.stat().st_size <= LARGEST_SAMPLE:
                    yield b"\0" + file.read_bytes()

    return seeds


def verify(source: str) -> Callable[[bytes], None]:
    def run(data: bytes) -> None:
        value, stamp, secret, body = parts(data, 4)
        headers = {
            **dict.fromkeys(SIGNATURE_HEADERS, text_of(value)),
            "webhook-id": "d1",
            "webhook-timestamp": text_of(stamp),
        }
        verdict = registry.get(source).verify(
            body, headers, (text_of(secret), SECRET), NOW, {"shop_domain": text_of(stamp)}
        )
        assert verdict.status in {200, 400, 401}
        assert verdict.ok is (verdict.status == 200)

    return run


def signatures(source: str) -> Callable[[], list[bytes]]:
    def seeds() -> list[bytes]:
        headers = signing.sign(source, b'{"id": 1}', SECRET, now=NOW, topic="orders/paid", delivery_id="d1")
        (value,) = [value for name, value in headers.items() if name in SIGNATURE_HEADERS]
        stamp = headers.get("webhook-timestamp", "")
        return [b"\0".join((value.encode(), stamp.encode(), b"whpk_" + b"A" * 43 + b"=", b'{"id": 1}'))]

    return seeds


# -- stored and sent values --------------------------------------------------------------------------------------------


def events() -> list[bytes]:
    found = []
    for source in registry.SOURCES:
        for seed in deliveries(source)():
            topic, body = parts(seed, 2)
            delivery = Delivery("one", "acme", source, topic.decode(), {"x-shopify-topic": topic.decode()}, body, NOW)
            found += [wire.dumps(event) for event in registry.get(source).normalise(delivery).events]
    return [*found[:40], *(wire.dumps(polled_event(row, row.observe(SEEN[row.name].item))) for row in POLLED)]


def polled_event(row: Resource, seen: Observed) -> Event:
    return Event(
        id="x#0",
        account="acme",
        source="holded",
        type=f"{row.model}.updated",
        subject=seen.id,
        time=NOW,
        version=1,
        monotone=False,
        data=seen.data,
        raw_ref="x",
    )


def polled_item(data: bytes) -> None:
    """The first byte says of which resource."""
    row = POLLED[(data[0] if data else 0) % len(POLLED)]
    try:
        item = decode(data[1:])
    except ValueError:
        item = text_of(data)
    seen = row.observe(item)
    event = polled_event(row, seen)
    assert wire.loads(wire.dumps(event)) == event
    assert json.loads(json.dumps(seen.matters)) == seen.matters


def polled_items() -> list[bytes]:
    return [bytes([at]) + json.dumps(SEEN[row.name].item).encode() for at, row in enumerate(POLLED)]


def load_event(data: bytes) -> None:
    event = wire.loads(data)
    assert wire.loads(wire.dumps(event)) == event


def unpack_budget(data: bytes) -> None:
    value = json_of(data)
    if isinstance(value, dict):
        budget = budget_pack.unpack(value)
        assert budget_pack.unpack(budget_pack.pack(budget)) == budget


def parse_key(data: bytes) -> None:
    key = Key.parse(text_of(data))
    assert Key.parse(str(key)) == key


def split_of_a_row(data: bytes) -> None:
    row = Row(key=Key.parse("a/b/c/invoice"), state="confirmed", created_ms=1, updated_ms=1, total=Decimal("121.00"))
    split = of_row(replace(row, split=text_of(data)))
    assert split is None or split.total == row.total


def key_parts(data: bytes) -> None:
    texts = [text_of(part) for part in data.split(b"\0")]
    joined = _keys.join(*texts)
    joined.encode()
    assert joined.count("#") == len(texts) - 1
    for text, part in zip(texts, joined.split("#"), strict=True):
        assert len(part.encode()) <= _keys.PART_BYTES
        assert _keys.is_hashed(part) or _keys.unpart(part) == text


# -- Holded's replies --------------------------------------------------------------------------------------------------

V2: list[Request[Any]] = [
    requests.get_document("invoice", "x"),
    requests.list_documents("invoice"),
    requests.get_contact("x"),
    requests.list_contacts(),
    requests.approve("invoice", "x"),
    listings.list_taxes(),
    listings.list_numbering_series("invoice"),
    listings.list_treasury_accounts(),
    listings.usage(),
    Request(method="POST", path="/api/v2/invoices", reads=replies.created, json={}, writes=True),
    Request(method="GET", path="/api/v2/products/x", reads=replies.product),
    Request(method="GET", path="/api/v2/payments/x", reads=replies.payment),
]
V1: list[Request[Any]] = [
    requests_v1.v1_ping(),
    requests_v1.v1_ping_write(),
    Request(
        method="POST", path="/api/invoicing/v1/contacts", reads=replies.created, json={}, writes=True, version="v1"
    ),
]
STATUSES = (200, 201, 204, 302, 400, 401, 402, 403, 404, 408, 409, 422, 423, 429, 500, 503, 600)


def reply(asked: list[Request[Any]]) -> Callable[[bytes], None]:
    def run(data: bytes) -> None:
        status, headers, body = parts(data, 3)
        named = {"content-type": "application/json"}
        for line in text_of(headers).splitlines():
            name, _, value = line.partition(":")
            named[name.strip().lower()] = value.strip()
        which = status[0] if status else 0
        code = STATUSES[(status[1] if len(status) > 1 else 0) % len(STATUSES)]
        decipher(asked[which % len(asked)], code, named, body, NOW)

    return run


def answers(asked: list[Request[Any]]) -> Callable[[], list[bytes]]:
    document = {
        "id": "5f",
        "date": "2026-03-02",
        "total": "121.00",
        "tags": ["x"],
        "lines": [{"name": "a", "units": "1", "price": "1"}],
    }
    bodies = [
        document,
        {"items": [document], "has_more": True, "cursor": "x"},
        {"status": 0, "info": "Invalid key"},
        [document],
        [],
    ]
    limits = b"retry-after: 30\nx-ratelimit-limit: 60\nx-ratelimit-remaining: 0\nx-ratelimit-reset: 1772442060\nx-ratelimit-window: minute"
    return lambda: [
        bytes([which, code]) + b"\0" + limits + b"\0" + json.dumps(body).encode()
        for which in range(len(asked))
        for code in (0, 13)
        for body in bodies
    ]


# -- what people hand in -----------------------------------------------------------------------------------------------


def settings_file(data: bytes) -> None:
    parsed = parse_settings(json_of(data))
    assert parse_settings(dump_settings(parsed)) == parsed


def catalogue(data: bytes) -> None:
    value = json_of(data)
    if isinstance(value, dict):
        Catalogue.from_json(value)


def environment(data: bytes) -> None:
    lines = [line.partition("=") for line in text_of(data).splitlines()]
    WriterSettings.from_env({name: value for name, _, value in lines})


def options(data: bytes) -> None:
    which, value = data[:1], text_of(data[1:])
    readers: list[Callable[[], object]] = [
        lambda: inputs.account_id(value),
        lambda: inputs.source_name(value),
        lambda: inputs.duration(value, "x"),
        lambda: inputs.instant(value, "x"),
        lambda: inputs.named_values(value.split("\n"), "x"),
        lambda: account_inputs.bindings_of(value.split("\n")),
    ]
    readers[(which[0] if which else 0) % len(readers)]()


def in_a_file(use: Callable[[Path], object]) -> Callable[[bytes], None]:
    folder = Path(tempfile.gettempdir())

    def run(data: bytes) -> None:
        with tempfile.NamedTemporaryFile(dir=folder, suffix=".json") as file:
            file.write(data)
            file.flush()
            use(Path(file.name))

    return run


def preview_command(data: bytes) -> None:
    from typer.testing import CliRunner

    from relay.cli.app import app

    source = sorted(registry.SOURCES)[(data[0] if data else 0) % len(registry.SOURCES)]
    result = CliRunner().invoke(app, ["preview", "--source", source, "-", "--json"], input=data[1:])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code in {0, 1, 2}


def formats_of_holded(data: bytes) -> None:
    value = json_of(data)
    for reader in (formats.decimal_of, formats.day_of, formats.instant_of):
        try:
            reader(value, "x")
        except RelayError:
            continue
    formats.shape(value)


def tax_id(data: bytes) -> None:
    country, value = parts(data, 2)
    check(
        TaxId(value=text_of(value), country=text_of(country)[:2] or None), buyer_country=text_of(country)[2:4] or None
    )


# -- functions ---------------------------------------------------------------------------------------------------------


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
    from relay.domain.gate import due_at, new_gate

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
PREVIEWED = own(*(bytes([number]) + b'{"id": 1, "type": "invoice.paid"}' for number in range(5)))

TARGETS: dict[str, Target] = {
    **{f"read {source}": Target(run=read(source), seeds=deliveries(source)) for source in sorted(registry.SOURCES)},
    **{f"verify {source}": Target(run=verify(source), seeds=signatures(source)) for source in sorted(registry.SOURCES)},
    "event": Target(run=load_event, seeds=events),
    "budget": Target(
        run=unpack_budget,
        seeds=own(budget_pack.pack(new_gate("acme", per_minute=60, per_month=1000, now_ms=1_772_442_000_000).budget)),
    ),
    "polled item": Target(run=polled_item, seeds=polled_items),
    "key": Target(run=parse_key, seeds=own(b"acme/shopify/1001/invoice", b"%2A/%2A/settlement/settle", b"a/b%/c/d")),
    "split of a row": Target(
        run=split_of_a_row, seeds=own(b"100.00;21:100.00:21.00", b"110.00;0:5.00:0.00;10:105.00:11.00")
    ),
    "key parts": Target(run=key_parts, seeds=own(b"acme\0ledger\0shopify", b"a#b%\0%~" + b"x" * 400)),
    "reply v2": Target(run=reply(V2), seeds=answers(V2)),
    "reply v1": Target(run=reply(V1), seeds=answers(V1)),
    "formats of Holded": Target(
        run=formats_of_holded, seeds=own("1.234,56", "2026-03-02T00:00:00Z", 1772442000, "12e3")
    ),
    "tax id": Target(run=tax_id, seeds=own(b"ESES\0B12345674", b"FR\0FR40303265045", b"\0X1234567L")),
    "settings": Target(run=settings_file, seeds=lambda: [json.dumps(dump_settings(SETTINGS)).encode(), b"{}"]),
    "catalogue": Target(
        run=catalogue,
        seeds=own({"taxes": [{"id": "1", "key": "s_iva_21", "name": "IVA 21%", "amount": "21", "scope": "sales"}]}),
    ),
    "environment": Target(run=environment, seeds=own(b"SETTLE_SECONDS=600\nSTATE_TABLE=x\nINBOX_TABLE=y")),
    "options": Target(
        run=options, seeds=own(b"\x0090s", b"\x0224h", b"\x032026-03-02T09:00:00+01:00", b"\x05shopify.shop_domain=a")
    ),
    "headers file": Target(
        run=in_a_file(inputs.headers_file), seeds=own({"a": "b"}, [["a", ["b", "c"]]], {"webhook-signature": ["v1,a"]})
    ),
    "secrets file": Target(run=in_a_file(account_inputs.given_secrets), seeds=own({"shopify": "abc"})),
    "settings file": Target(run=in_a_file(account_inputs.checked_settings), seeds=own({"policy": {"finish": "draft"}})),
    "preview": Target(run=preview_command, seeds=PREVIEWED),
    "receive_webhook": Target(run=http_event, seeds=own(HTTP_SEED)),
    "write_holded": Target(run=sqs_event, seeds=own(MESSAGE, {"account": "acme"})),
    "write_holded, drained": Target(run=sqs_event_drained, seeds=own(b"one#0", b"one#x\0#1\0one")),
    "publish_event": Target(run=stream_event, seeds=own(b"acme#one", b"acme")),
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
