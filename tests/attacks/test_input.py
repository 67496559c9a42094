"""Hostile input through the whole way in: HTTP event, signature, inbox, normaliser, bus, ledger."""

from __future__ import annotations

import ast
import asyncio
import base64
import gzip
import json
import logging

import pytest

from functions.receive_webhook.handler import handle
from infra.paths import ROOT
from relay.domain.settings import dump_settings, parse_settings
from relay.domain.sources import signing
from relay.errors import BadInput
from relay.ports.accounts import AccountSecrets
from relay.services.accept import MAX_BODY_BYTES, Accept
from relay.services.unfold import event_ref, unfold
from tests.fakes import FakeInboxWriter
from tests.services.killing import Aftermath, batch, drainer, named, state_of
from tests.services.world import ACCOUNT, World, shopify_order

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
SOURCES = ["holded", "shopify", "standard", "stripe", "woocommerce"]
SHIPPED = [*sorted((ROOT / "shared" / "relay").rglob("*.py")), *sorted((ROOT / "functions").rglob("*.py"))]
QUEUE_LIMIT = 256 * 1024


@pytest.fixture
def world():
    world = World()
    secrets = AccountSecrets(account=ACCOUNT, secrets=dict.fromkeys(SOURCES, (SECRET,)), bindings={})
    asyncio.run(world.accounts.set_webhook_secrets(ACCOUNT, secrets))
    return world


def post(world, source, body, *, account=ACCOUNT, topic="orders/paid", headers=None, extra=None):
    if headers is None:
        now = world.clock.now()
        headers = signing.sign(source, body, SECRET, now=now, topic=topic, delivery_id="d1")
    accept = Accept(secrets=world.accounts, inbox=FakeInboxWriter(world.inbox))
    event = {
        "pathParameters": {"account": account, "source": source},
        "headers": headers | (extra or {}),
        "body": body.decode("utf-8", "surrogateescape") if not isinstance(body, str) else body,
    }
    try:
        event["body"].encode()
    except UnicodeEncodeError:
        event |= {"body": base64.b64encode(body).decode(), "isBase64Encoded": True}
    return handle(event, accept=accept, now=world.clock.now)


def publish_and_write(world):
    """As stream, bus and queues do: what is open goes out, and what comes of it is worked on."""
    for account, inbox_id in list(world.inbox.items):
        asyncio.run(world.publish(account, inbox_id))
    sizes = [len(json.dumps(dict(wake.message))) for wake in world.wakes.sent]
    Aftermath(world).live(hours=0.1)
    return sizes


@pytest.mark.row("B01")
@pytest.mark.parametrize(
    "content_type",
    [
        "application/json",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/xml",
        "text/html; charset=utf-7",
        "application/json; charset=utf-16",
        "",
        "\x00/\x00",
    ],
)
def test_the_content_type_decides_nothing(world, content_type):
    answer = post(world, "shopify", json.dumps(shopify_order()).encode(), extra={"content-type": content_type})
    publish_and_write(world)

    assert answer["statusCode"] == 200
    assert state_of(world).documents == [("invoice", "121.00", False)]


@pytest.mark.row("B01")
@pytest.mark.parametrize(
    "body",
    [
        {"files": {"data": {"filepath": "/etc/passwd", "mimetype": "text/plain"}}},
        {"note": "file:///proc/self/environ", "name": "../../../../etc/shadow"},
    ],
)
def test_a_file_path_in_a_body_stays_text(world, body, monkeypatch):
    read = []
    monkeypatch.setattr("builtins.open", lambda *args, **_: read.append(args) or (_ for _ in ()).throw(OSError(args)))
    monkeypatch.setattr(
        "pathlib.Path.open", lambda *args, **_: read.append(args) or (_ for _ in ()).throw(OSError(args))
    )
    answer = post(world, "shopify", json.dumps(shopify_order() | body).encode())
    publish_and_write(world)
    monkeypatch.undo()

    assert answer["statusCode"] == 200
    assert read == []
    assert len(world.documents()) == 1


@pytest.mark.row("B02")
@pytest.mark.parametrize("size", [64 * 1024, 256 * 1024, 1024 * 1024, MAX_BODY_BYTES, 6 * 1024**2, 10 * 1024**2])
def test_a_body_of_any_size_step_ends_and_its_messages_stay_small(world, size):
    order = shopify_order()
    empty = len(json.dumps(order | {"note": ""}).encode())
    body = json.dumps(order | {"note": "x" * (size - empty)}).encode()
    assert len(body) == size

    answer = post(world, "shopify", body)
    sizes = publish_and_write(world)

    if size > MAX_BODY_BYTES:
        assert answer["statusCode"] == 413
        assert world.inbox.items == {}
    else:
        (item,) = world.inbox.items.values()
        assert not item.open
        assert max(sizes, default=0) < QUEUE_LIMIT
        assert len(world.documents()) == 1
        assert [row.state for row in world.rows("invoice")] == ["confirmed"]


HOSTILE = {
    "empty": b"",
    "nested": b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
    "nested lists": b'{"id": 1, "line_items": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "a number of a million digits": b'{"id": 1, "total_price": ' + b"9" * 1_000_000 + b"}",
    "an exponent": b'{"id": 1, "total_price": "1e999999999", "line_items": [{"price": "-1e-999999999"}]}',
    "an id of a million digits": b'{"id": ' + b"9" * 1_000_000 + b"}",
    "nan": b'{"id": 1, "total_price": NaN, "subtotal_price": -Infinity}',
    "nan as text": b'{"id": 1, "total_price": "NaN", "currency": "EUR", "line_items": [{"price": "sNaN", "quantity": 1}]}',
    "duplicate keys": b'{"id": 1, "id": 2, "total_price": "1", "total_price": "2"}',
    "many keys": b"{" + b",".join(b'"%d":1' % n for n in range(200_000)) + b"}",
    "emoji": json.dumps({"id": "\U0001f600" * 1000, "name": "\U0010ffff"}).encode(),
    "half characters": rb'{"id": "\ud800\udfff\ud800", "name": "\udc00"}',
    "nul": rb'{"id": "\u0000", "name": "a\u0000b"}',
    "a byte order mark": b"\xef\xbb\xbf" + b'{"id": 1}',
    "utf-16": '{"id": 1}'.encode("utf-16"),
    "a bomb": gzip.compress(b"0" * 50_000_000, mtime=0),
    "a bomb in a bomb": gzip.compress(gzip.compress(b"0" * 10_000_000, mtime=0), mtime=0),
    "not text": bytes(range(256)),
    "huge times": b'{"id": 1, "updated_at": "99999-12-31T99:99:99+99:99", "created": 1e308}',
}


@pytest.mark.row("B03")
@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_body_is_answered_stored_and_ends(world, source, name):
    body = HOSTILE[name]
    answer = post(world, source, body, extra={"content-encoding": "gzip"} if "bomb" in name else None)
    assert answer["statusCode"] == 200, answer["body"]
    (item,) = world.inbox.items.values()
    assert item.delivery.body == body
    parts = unfold(item.delivery)

    asyncio.run(world.publish(*next(iter(world.inbox.items))))
    done = world.run([event_ref(item.delivery.inbox_id, number) for number in range(parts.of)])

    (item,) = world.inbox.items.values()
    assert done.failed == {}
    assert not item.open
    assert world.documents() == []


EXPRESSIONS = [
    "{{7*7}}",
    "${7*7}",
    "{0.__class__.__mro__}",
    "%(os)s",
    "__import__('os').system('id')",
    "={{$json.secret}}",
    "#{7*7}",
    "<%= 7*7 %>",
    "${jndi:ldap://127.0.0.1/a}",
]


@pytest.mark.row("B04")
@pytest.mark.parametrize("text", EXPRESSIONS)
def test_an_expression_in_settings_is_text_or_refused(text):
    raw = {
        "policy": {"anonymous_name": text, "invalid_tax_id_field": text},
        "custom_fields": {text: text},
        "schemes": {text: text},
    }
    assert dump_settings(parse_settings(raw))["policy"]["anonymous_name"] == text
    world = World(settings={"policy": {"anonymous_name": text}, "custom_fields": {"note": text}})
    world.order(shopify_order(email=None, customer=None, billing_address=None, note="x"))
    (contact,) = world.company.tables["contacts"].values()
    assert contact["name"] == text

    for wrong in (
        {"policy": {"simplified_limit": text}},
        {"tax_rules": [{"name": "x", "take": [{"rate": text}]}]},
        {"tables": {"series": [{"use": "a", text: "b"}]}},
        {text: {}},
    ):
        with pytest.raises(BadInput):
            parse_settings(wrong)


BANNED_CALLS = {"eval", "exec", "compile", "__import__"}
BANNED_MODULES = {"jinja2", "string", "pickle", "marshal", "shelve", "yaml", "ast", "code", "codeop", "runpy"}


def evaluations(text):
    """Lines at which code could take text for code or for a template."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in BANNED_CALLS:
            yield node.lineno
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            # `"...".format(x)` of a literal is fine; anything else could be a sender's text.
            told = node.func.attr == "format" and not isinstance(node.func.value, ast.Constant)
            if told or node.func.attr in {"format_map", "safe_substitute"}:
                yield node.lineno
        modules = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        modules += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        if any(module.partition(".")[0] in BANNED_MODULES for module in modules):
            yield node.lineno


@pytest.mark.row("B04")
def test_no_shipped_code_evaluates_text():
    found = [f"{file.relative_to(ROOT)}:{line}" for file in SHIPPED for line in evaluations(file.read_text("utf-8"))]

    assert SHIPPED
    assert found == []


@pytest.mark.parametrize(
    "planted",
    ["eval(text)", "text.format(order=1)", "import pickle", "from string import Template", "text.format_map({})"],
)
def test_a_planted_evaluation_is_found(planted):
    assert list(evaluations(planted)) == [1]


@pytest.mark.row("B06")
def test_a_flood_that_uses_up_one_quota_leaves_the_other_account_its_own():
    world = World(plan="plus")
    world.admit("bolt", plan="plus")
    flood = [ref for n in range(300) for ref in world.deliver(shopify_order(n), topic="orders/paid")]
    one = world.deliver(shopify_order(1), topic="orders/paid", account="bolt")
    messages = named(flood, ACCOUNT) + named(one, "bolt")

    again = asyncio.run(batch(world, messages, by=drainer(world)))

    theirs = [d for d in world.others["bolt"].tables["documents"].values() if d["_kind"] == "invoice"]
    assert again == []
    assert len(theirs) == 1
    assert len(world.documents()) < len(flood)  # the flood is what waits
    waiting = [row for row in world.rows("invoice") if row.state == "waiting"]
    assert {row.key.account for row in waiting} == {ACCOUNT}


@pytest.mark.row("B07")
def test_an_unsigned_flood_costs_no_write_and_says_nothing(world, caplog):
    caplog.set_level(logging.DEBUG)
    before = dict(world.gates.gates), dict(world.ledger.rows)
    statuses = set()
    for n in range(500):
        headers = {"x-shopify-hmac-sha256": f"c2VjcmV0{n}", "authorization": "Bearer hush", "cookie": "hush"}
        source = SOURCES[n % len(SOURCES)]
        account = ACCOUNT if n % 2 else f"invented-{n}"
        statuses.add(post(world, source, b'{"card": "4242"}', account=account, headers=headers)["statusCode"])

    assert statuses <= {400, 401, 404}
    assert world.inbox.items == {}
    assert (world.gates.gates, world.ledger.rows, world.wakes.sent, world.bus.published) == (*before, [], [])
    assert not [word for word in ("hush", "4242", "c2VjcmV0") if word in caplog.text]


@pytest.mark.row("B08")
@pytest.mark.parametrize("signed", [True, False])
def test_an_answer_holds_nothing_of_what_was_sent(world, signed):
    script = "<script>alert(1)</script>"
    body = json.dumps({"id": script, "name": script, "topic": script}).encode()
    headers = None if signed else {"x-shopify-hmac-sha256": script, "x-shopify-topic": script}
    answers = [
        post(world, "shopify", body, topic=script, headers=headers, extra={"x-request-id": script}),
        post(world, script, body, headers={}),
        post(world, "shopify", body, account=script, headers={}),
    ]

    for answer in answers:
        assert answer["headers"] == {"content-type": "application/json"}
        assert set(json.loads(answer["body"])) <= {"status", "id"}
        assert "<" not in answer["body"]
        assert "alert(1)" not in answer["body"]
