"""Every real payload of the five sources is normalised without an exception; the table shows what each became."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

from relay.domain import wire
from relay.domain.sources import identity, registry
from tests.domain.sources.payloads import normalise, samples, stripe_event

SHOPIFY_TOPICS = {
    "order": "orders/create",
    "refund": "refunds/create",
    "customer": "customers/create",
    "product": "products/create",
}
STRIPE_EVENTS = {
    "invoice": "invoice.finalized",
    "credit_note": "credit_note.created",
    "checkout.session": "checkout.session.completed",
    "payment_intent": "payment_intent.succeeded",
    "charge": "charge.refunded",
    "customer": "customer.created",
}


def deliveries() -> list[tuple[str, str, str, bytes]]:
    """(source, topic, name, body) of every file, and of every Stripe fixture both bare and in its event."""
    found = []
    for path in samples("shopify_python_api/*.json"):
        body = path.read_bytes()
        value = json.loads(body)
        key = next(iter(value)).rstrip("s") if isinstance(value, dict) else ""
        found.append(("shopify", SHOPIFY_TOPICS.get(key, "orders/create"), path.name, body))
    for path in samples("woocommerce_v3/*.json"):
        topic = "customer.updated" if path.name.startswith("customers") else "order.updated"
        topic = "refund.created" if path.name.startswith("order-refunds") else topic
        found.append(("woocommerce", topic, path.name, path.read_bytes()))
    own = [path for path in samples("stripe_gobl/*.json") if not path.name.startswith("out__")]
    found += [("stripe", "", path.name, path.read_bytes()) for path in own]
    resources = json.loads(samples("stripe_openapi/fixtures3.json")[0].read_text())["resources"]
    for name, value in resources.items():
        found.append(("stripe", "", name, json.dumps(value).encode()))
        if name in STRIPE_EVENTS:
            found.append(
                ("stripe", "", f"{name} (event)", json.dumps(stripe_event(STRIPE_EVENTS[name], value)).encode())
            )
    return found


def test_every_sample_ends_in_events_or_a_reason() -> None:
    counted: Counter[tuple[str, str]] = Counter()
    table = []
    for source, topic, name, body in deliveries():
        headers = {"x-shopify-topic": topic, "x-wc-webhook-topic": topic}
        meaning = registry.get(source).identify(body, headers)
        assert identity.inbox_id("acme", source, meaning, identity.body_digest(body))
        result = normalise(source, topic, body)
        kinds = ", ".join(event.type for event in result.events)
        end = kinds or (f"ignored: {result.ignored}" if result.ignored else f"review: {result.review}")
        counted[(source, "events" if kinds else end)] += 1
        if kinds or result.ignored != "unknown_topic":
            table.append(f"{source:12} {name:45} {end} {result.detail if not kinds else ''}")
        for event in result.events:
            assert wire.loads(wire.dumps(event)) == event
    print("\n".join([*table, *(f"{source:12} {count:4} {end}" for (source, end), count in sorted(counted.items()))]))

    assert counted[("shopify", "events")] >= 5
    assert counted[("woocommerce", "events")] >= 11
    assert counted[("stripe", "events")] >= 12


def test_what_a_sample_becomes_can_be_posted_again_in_our_own_schema() -> None:
    posted = 0
    for source, topic, _, body in deliveries():
        for event in normalise(source, topic, body).events:
            again: dict[str, Any] = {"type": event.type, "subject": event.subject, "time": event.time.isoformat()}
            again["data"] = wire.dump_data(event.type, event.data)
            result = normalise("standard", event.type, again)
            posted += 1
            assert [one.data for one in result.events] == [event.data], result
    assert posted >= 30
