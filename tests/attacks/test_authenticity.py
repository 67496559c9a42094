"""Authenticity, where a row of docs/security.md needs more than the verifier alone: the intake, the inbox, the ledger, time."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from datetime import timedelta

import pytest

from functions.receive_webhook.handler import handle
from relay.domain import wire
from relay.domain.sources import signing
from relay.ports.accounts import AccountSecrets
from relay.services.accept import Accept
from relay.services.unfold import event_ref, split_ref, unfold
from tests.fakes import FakeInboxWriter
from tests.services.world import ACCOUNT, World, shopify_order

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
SOURCES = ["holded", "shopify", "standard", "stripe", "woocommerce"]
INBOX_KEEPS = timedelta(days=35)
SEPARATORS = {"standard": " ", "stripe": ","}


class Gateway:
    """The whole way in over one world: Lambda event -> handler -> accept -> inbox."""

    def __init__(self, world, secrets):
        self.world = world
        asyncio.run(
            world.accounts.set_webhook_secrets(ACCOUNT, AccountSecrets(account=ACCOUNT, secrets=secrets, bindings={}))
        )
        self.accept = Accept(secrets=world.accounts, inbox=FakeInboxWriter(world.inbox))

    def post(self, source, body, headers, *, account=ACCOUNT):
        event = {"pathParameters": {"account": account, "source": source}, "headers": headers, "body": body.decode()}
        answer = handle(event, accept=self.accept, now=self.world.clock.now)
        return answer["statusCode"], json.loads(answer["body"])

    def signed(self, source, body, *, topic="orders/paid", delivery_id="d1"):
        return signing.sign(source, body, SECRET, now=self.world.clock.now(), topic=topic, delivery_id=delivery_id)

    def send(self, source, body, **how):
        return self.post(source, body, self.signed(source, body, **how))

    def forget(self):
        """What DynamoDB's time to live does to closed deliveries."""
        now = self.world.clock.now()
        items = self.world.inbox.items
        for at in [at for at, item in items.items() if not item.open and item.delivery.received_at + INBOX_KEEPS < now]:
            del items[at]

    def work(self):
        """Every open delivery to its end."""
        for (_, inbox_id), item in list(self.world.inbox.items.items()):
            if item.open:
                self.world.run([event_ref(inbox_id, number) for number in range(unfold(item.delivery).of)])


@pytest.fixture
def world():
    return World()


@pytest.mark.row("A03")
@pytest.mark.parametrize("source", SOURCES)
def test_a_source_without_a_secret_is_closed_and_stores_nothing(world, source):
    others = {other: (SECRET,) for other in SOURCES if other != source}
    gateway = Gateway(world, others | {source: ()} if source == "stripe" else others)

    assert gateway.send(source, b'{"id": 1}') == (401, {"status": "secret_missing"})
    assert world.inbox.items == {}


@pytest.mark.row("A08")
@pytest.mark.parametrize("source", SOURCES)
def test_white_space_and_repeats_around_signatures_change_no_verdict(world, source):
    gateway = Gateway(world, {source: (SECRET,)})
    headers = gateway.signed(source, b'{"id": 1}')
    (name,) = [name for name in headers if "signature" in name or "hmac" in name]
    between = SEPARATORS.get(source, ",")
    for shape in ("  {0}  ", "\t{0}", "{0}{1}{0}", "{0}{1} {0}  "):
        if source == "stripe" and "{1}" in shape:
            stamp, _, signature = headers[name].partition(",")
            value = f"{stamp},{shape.format(signature, between)}"
        else:
            value = shape.format(headers[name], between)
        right, _ = gateway.post(source, b'{"id": 1}', headers | {name: value})
        wrong, _ = gateway.post(source, b'{"id": 2}', headers | {name: value})

        assert (right, wrong) == (200, 401), shape
    assert len(world.inbox.items) == 1


@pytest.mark.row("A11")
@pytest.mark.parametrize(
    "later",
    [timedelta(minutes=1), timedelta(minutes=10), timedelta(hours=2), timedelta(days=4), timedelta(days=40)],
    ids=str,
)
@pytest.mark.parametrize("again", ["redelivered", "recorded"])
def test_the_same_delivery_after_any_time_is_one_document(world, later, again):
    gateway = Gateway(world, {"shopify": (SECRET,)})
    body = json.dumps(shopify_order()).encode()
    recorded = gateway.signed("shopify", body)
    assert gateway.post("shopify", body, recorded)[0] == 200
    gateway.work()
    world.clock.advance(later.total_seconds())
    gateway.forget()
    kept = bool(world.inbox.items)
    world.holded.calls.clear()

    status, answer = gateway.post("shopify", body, recorded) if again == "recorded" else gateway.send("shopify", body)
    gateway.work()

    assert kept is (later < INBOX_KEEPS)
    assert (status, answer["status"]) == (200, "duplicate" if kept else "accepted")
    assert len(world.documents()) == 1
    assert [call for call in world.holded.calls if not call.startswith("GET")] == []  # the settlement sweep may look


@pytest.mark.row("A11")
@pytest.mark.parametrize("source", ["standard", "stripe"])
@pytest.mark.parametrize("minutes", [1, 10, 120, 4 * 1440, 40 * 1440])
def test_a_recording_of_a_timed_signature_is_refused_once_it_is_old(world, source, minutes):
    gateway = Gateway(world, {source: (SECRET,)})
    body = b'{"id": "evt_1", "type": "order.paid", "data": {"id": "1"}}'
    recorded = gateway.signed(source, body)
    world.clock.advance(minutes * 60)
    first, answer = gateway.post(source, body, recorded)

    assert (first, answer["status"]) == ((200, "accepted") if minutes == 1 else (401, "timestamp_stale"))
    # The sender's own retry is signed anew, so it is heard at any time.
    assert gateway.send(source, body)[0] == 200
    assert len(world.inbox.items) == 1


@pytest.mark.row("A10")
@pytest.mark.parametrize("event", ["reread.invoice", "Reread.Invoice", " reread.invoice "])
def test_no_webhook_passes_as_what_the_relay_saw_itself(world, event):
    """The event's name is not signed. Whoever holds the webhook's secret could put any event on the bus in our own name."""
    order = unfold(delivery_of_shop(world)).events[0]
    body = json.dumps(wire.to_cloudevent(replace(order, source="holded"))).encode()
    gateway = Gateway(world, {"holded": (SECRET,)})
    headers = {**gateway.signed("holded", body), "x-holded-webhook-event": event}

    assert gateway.post("holded", body, headers)[0] == 200
    ((account, inbox_id),) = [at for at, item in world.inbox.items.items() if item.delivery.source == "holded"]
    assert asyncio.run(world.publish(account, inbox_id)) == "ignored"
    assert world.bus.published == []
    assert world.inbox.items[account, inbox_id].ends == {"0": "ignored:unknown_topic"}


def delivery_of_shop(world):
    (ref,) = world.deliver(shopify_order(), topic="orders/paid")
    return world.inbox.items[ACCOUNT, split_ref(ref)[0]].delivery
