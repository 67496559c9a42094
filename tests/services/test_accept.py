"""Accepting: unverified leaves no trace and has a named reason; verified always gets a 2xx; nothing is said before it is stored."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime

import pytest

from relay.domain.sources import signing
from relay.errors import BadInput, Unavailable
from relay.ports.accounts import AccountSecrets
from relay.services.accept import MAX_BODY_BYTES, Accept
from relay.services.unfold import unfold
from tests.fakes import FakeInbox

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
STANDARD = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
TOPICS = {
    "holded": "invoice.create",
    "shopify": "orders/paid",
    "stripe": "invoice.paid",
    "woocommerce": "order.created",
    "standard": "order.paid",
}
SOURCES = sorted(TOPICS)


def sign(source, body, secret, now, *, topic):
    return signing.sign(source, body, secret, now=now, topic=topic, delivery_id="msg1")


class Secrets:
    def __init__(self, *, away: bool = False) -> None:
        self.away = away

    def load(self, account):
        if self.away:
            raise Unavailable("throttled")
        if account not in {"acme", "other"}:
            return None
        secret = STANDARD if account == "acme" else "whsec_" + "B" * 32
        return AccountSecrets(account=account, secrets=dict.fromkeys(SOURCES, (secret,)), bindings={})


class Intake:
    def __init__(self) -> None:
        self.items = FakeInbox()
        self.put = self.items.put_now


@pytest.fixture
def intake():
    return Intake()


def post(intake, source, body, *, account="acme", secret=STANDARD, headers=None, topic="", away=False):
    signed = sign(source, body, secret, NOW, topic=topic or TOPICS[source]) if headers is None else headers
    return Accept(secrets=Secrets(away=away), inbox=intake)(
        account=account, source=source, body=body, headers=signed, now=NOW
    )


@pytest.mark.row("A11")
@pytest.mark.parametrize("source", SOURCES)
def test_a_signed_delivery_is_stored_and_the_second_one_is_a_duplicate(intake, source):
    body = json.dumps({"id": "a1"}).encode()
    first, second = post(intake, source, body), post(intake, source, body)

    assert (first.status, first.reason) == (200, "accepted")
    assert (second.status, second.reason, second.inbox_id) == (200, "duplicate", first.inbox_id)
    assert len(intake.items.items) == 1


@pytest.mark.row("A09")
@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize(
    "change",
    [
        lambda _headers: {},
        lambda headers: dict.fromkeys(headers, ""),
        lambda headers: {name: value[:-5] for name, value in headers.items()},
        lambda headers: {name: "é" * len(value) for name, value in headers.items()},
        lambda headers: {name: ",".join([value] * 10_000) for name, value in headers.items()},
        lambda headers: dict.fromkeys(headers, ",,,=,="),
    ],
    ids=["missing", "empty", "short", "non-ascii", "ten-thousand", "malformed"],
)
def test_a_refused_signature_is_a_400_or_401_and_leaves_no_trace(intake, source, change):
    body = b'{"id": "a1"}'
    answer = post(intake, source, body, headers=change(sign(source, body, STANDARD, NOW, topic=TOPICS[source])))

    assert answer.status in {400, 401}
    assert answer.reason
    assert intake.items.items == {}


@pytest.mark.row("A13")
@pytest.mark.parametrize("source", SOURCES)
def test_a_signature_of_another_account_is_refused(intake, source):
    body = b'{"id": "a1"}'
    headers = sign(source, body, STANDARD, NOW, topic=TOPICS[source])

    assert post(intake, source, body, account="other", headers=headers).status == 401
    assert intake.items.items == {}


@pytest.mark.parametrize("source", SOURCES)
def test_a_changed_body_is_refused(intake, source):
    headers = sign(source, b'{"id": "a1"}', STANDARD, NOW, topic=TOPICS[source])

    assert post(intake, source, b'{"id": "a2"}', headers=headers).status == 401


@pytest.mark.row("A03")
@pytest.mark.parametrize(
    ("account", "source", "reason"), [("nobody", "shopify", "unknown_account"), ("acme", "magento", "unknown_source")]
)
def test_unknown_places_are_404(intake, account, source, reason):
    answer = post(intake, source, b"{}", account=account, headers={})

    assert (answer.status, answer.reason) == (404, reason)


@pytest.mark.row("B02")
def test_a_body_over_the_limit_is_a_413(intake):
    answer = post(intake, "shopify", b"x" * (MAX_BODY_BYTES + 1), headers={})

    assert (answer.status, answer.reason) == (413, "body_too_large")


@pytest.mark.row("B01")
@pytest.mark.parametrize("source", ["shopify", "woocommerce", "holded", "stripe", "standard"])
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"not json",
        b"\xff\xfe\x00",
        gzip.compress(b'{"id": "' + b"0" * 10_000_000 + b'"}', mtime=0),
        b"[" * 50_000,
        b'{"id": 1, "id": 2}',
        b'{"id": 1, "total_price": NaN}',
        b'{"id": 1, "total_price": 1e999999}',
        b"--boundary\r\nContent-Disposition: form-data; name=file\r\n\r\n/etc/passwd",
        b'{"id": 1, "line_items": []}',
        b'{"id": 1, "currency": "XXX", "total_price": "-5.00", "line_items": [{"title": "=HYPERLINK(1)<script>"}]}',
        "\U0001f600".encode(),
        b"null",
        b"[]",
        b'"text"',
        b"7",
    ],
    ids=lambda body: repr(body[:24]),
)
def test_a_verified_delivery_always_gets_a_2xx_and_ends_with_a_reason_or_an_event(intake, source, body):
    answer = post(intake, source, body)
    assert answer.status == 200
    (item,) = intake.items.items.values()
    parts = unfold(item.delivery)

    assert parts.events or parts.ignored or parts.review
    assert parts.of >= 1


@pytest.mark.parametrize(
    ("source", "body", "topic"),
    [
        ("stripe", rb'{"object": "event", "type": "\ud800x", "data": {"object": {"id": "in_1"}}}', "\x80x"),
        ("standard", rb'{"type": "\udfff", "data": {"id": "a1"}}', "\x80"),
    ],
)
def test_half_a_character_in_a_signed_topic_can_be_stored(intake, source, body, topic):
    answer = post(intake, source, body)
    (item,) = intake.items.items.values()

    assert answer.status == 200
    assert item.delivery.topic == topic
    assert unfold(item.delivery).ignored or unfold(item.delivery).review


def test_an_unknown_topic_is_accepted_and_ignored_by_name(intake):
    answer = post(intake, "shopify", b'{"id": 1}', topic="carts/update")
    (item,) = intake.items.items.values()

    assert answer.status == 200
    assert unfold(item.delivery).ignored == "unknown_topic"


def test_woocommerces_unsigned_ping_is_answered_and_stored_as_nothing(intake):
    answer = post(intake, "woocommerce", b"webhook_id=7", headers={"content-type": "application/x-www-form-urlencoded"})

    assert (answer.status, answer.reason) == (200, "ping")
    assert intake.items.items == {}


@pytest.mark.row("D09")
def test_a_store_that_is_away_is_a_503_and_never_an_acknowledgement(intake):
    def away(*_args, **_kwargs):
        raise Unavailable("throttled")

    intake.put = away

    assert post(intake, "shopify", b'{"id": 1}').status == 503
    assert post(intake, "shopify", b'{"id": 1}', away=True).status == 503


def test_what_the_store_refuses_is_a_503_and_never_a_500(intake):
    def refused(*_args, **_kwargs):
        raise BadInput("store_refused")

    intake.put = refused

    assert post(intake, "shopify", b'{"id": 1}').status == 503


def test_another_body_under_the_same_identity_is_kept_beside_the_first(intake):
    order = {"id": 1, "updated_at": "2026-03-02T09:00:00Z"}
    first = post(intake, "shopify", json.dumps(order | {"note": "a"}).encode())
    second = post(intake, "shopify", json.dumps(order | {"note": "b"}).encode())

    assert first.inbox_id != second.inbox_id
    assert len(intake.items.items) == 2
