"""Whatever is posted, verifying, naming and normalising answer; and what they answer keeps its promises."""

from __future__ import annotations

import copy
import json
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from relay.domain import wire
from relay.domain.sources import identity, registry
from relay.domain.sources.base import Delivery, Identity
from tests.domain.sources.payloads import (
    NOW,
    POSTED,
    SHOPIFY_ORDER,
    SHOPIFY_REFUND,
    STRIPE_INVOICE,
    WOO_ORDER,
    stripe_event,
)

SOURCES = sorted(registry.SOURCES)
JUNK = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
    | st.sampled_from(
        ["0", "-1", "1e5", "EUR", "2026-03-01T09:00:00Z", "9999-12-31T23:59:59-14:00", 253402300800, -(10**15)]
    ),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["id", "data", "type", "object", "amount", "x"]), inner, max_size=4)
    ),
    max_leaves=12,
)
BASES: list[tuple[str, str, Any]] = [
    ("shopify", "orders/paid", SHOPIFY_ORDER),
    ("shopify", "refunds/create", SHOPIFY_REFUND),
    ("shopify", "customers/create", SHOPIFY_ORDER["customer"]),
    ("shopify", "products/create", {"id": 5, "title": "x", "variants": [{"id": 1, "price": "1"}]}),
    ("woocommerce", "order.updated", {**WOO_ORDER, "refunds": [{"id": 9, "total": "-121.00"}]}),
    ("woocommerce", "product.updated", {"id": 5, "name": "x", "sku": "y", "regular_price": "1"}),
    ("stripe", "", STRIPE_INVOICE),
    ("stripe", "", stripe_event("invoice.paid", STRIPE_INVOICE)),
    (
        "stripe",
        "",
        {"id": "ch", "object": "charge", "currency": "eur", "created": 1, "amount": 5, "amount_refunded": 5},
    ),
    ("standard", "", POSTED),
    ("holded", "invoice.update", {"id": "5ab", "type": "invoice", "total": "1"}),
]


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in a JSON value."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(found for key, one in inside for found in places(one, (*path, key)))] if path else [
        found for key, one in inside for found in places(one, (key,))
    ]  # fmt: skip


def put(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    value = copy.deepcopy(value)
    target = value
    for key in path[:-1]:
        target = target[key]
    target[path[-1]] = new
    return value


def judge(source: str, topic: str, body: bytes) -> None:
    module = registry.get(source)
    headers = {"x-shopify-topic": topic, "x-wc-webhook-topic": topic, "x-holded-webhook-event": topic}
    meaning = module.identify(body, headers)
    inbox_id = identity.inbox_id("acme", source, meaning, identity.body_digest(body))
    assert re.fullmatch(r"[a-z0-9-]{1,100}", inbox_id)
    found = module.normalise(Delivery(inbox_id, "acme", source, topic, {}, body, NOW))
    assert found.events or found.ignored or found.review
    assert not (found.ignored and found.review)
    assert bool(found.detail) == bool(found.ignored or found.review)
    assert [event.id for event in found.events] == [f"{inbox_id}#{number}" for number in range(len(found.events))]
    for event in found.events:
        assert event.subject
        assert event.time.tzinfo is not None
        assert wire.loads(wire.dumps(event)) == event


@pytest.mark.row("B03")
@given(
    source=st.sampled_from(SOURCES),
    topic=st.text(max_size=30) | st.sampled_from(["orders/paid", "order.updated"]),
    body=st.binary() | JUNK.map(lambda one: json.dumps(one).encode()),
)
@settings(max_examples=300, deadline=None)
def test_any_body_gets_an_answer(source: str, topic: str, body: bytes) -> None:
    judge(source, topic, body)


@pytest.mark.row("B03")
@pytest.mark.parametrize(
    ("source", "topic", "base"), BASES, ids=[f"{one[0]}-{place}" for place, one in enumerate(BASES)]
)
@given(data=st.data())
@settings(max_examples=150, deadline=None)
def test_a_good_body_with_anything_anywhere_gets_an_answer(
    source: str, topic: str, base: Any, data: st.DataObject
) -> None:
    path = data.draw(st.sampled_from(places(base)))
    judge(source, topic, json.dumps(put(base, path, data.draw(JUNK))).encode())


@given(
    source=st.sampled_from(SOURCES),
    body=st.binary(max_size=50),
    value=st.text() | st.from_regex(r"(t=[0-9]{10},v1=.*|sha256=.*|v1a?,.*)", fullmatch=True),
    stamp=st.text() | st.just("1772442000"),
    secrets=st.lists(st.text() | st.just("whsec_AAAA") | st.just("whpk_" + "A" * 43 + "="), max_size=3),
)
@settings(max_examples=400, deadline=None)
def test_no_header_or_secret_makes_verifying_raise_or_accept(
    source: str, body: bytes, value: str, stamp: str, secrets: list[str]
) -> None:
    names = [
        "x-holded-webhook-signature",
        "x-shopify-hmac-sha256",
        "webhook-signature",
        "stripe-signature",
        "x-wc-webhook-signature",
    ]
    headers = {**dict.fromkeys(names, value), "webhook-id": "m", "webhook-timestamp": stamp}
    verdict = registry.get(source).verify(body, headers, secrets, NOW, {"shop_domain": value, "site": value})
    assert not verdict.ok or verdict.reason == "ping"
    assert verdict.status in {200, 400, 401}


@given(
    one=st.builds(Identity, st.text(), st.text(min_size=1), st.integers(min_value=0)),
    other=st.builds(Identity, st.text(), st.text(min_size=1), st.integers(min_value=0)),
    digests=st.tuples(st.text(), st.text()),
)
@settings(deadline=None)
def test_two_identities_share_an_id_only_when_they_are_equal(
    one: Identity, other: Identity, digests: tuple[str, str]
) -> None:
    ids = [
        identity.inbox_id("acme", "shopify", meaning, digest)
        for meaning, digest in zip((one, other), digests, strict=True)
    ]
    assert (ids[0] == ids[1]) == (one == other)


def test_a_delivery_without_object_id_is_named_by_its_bytes_and_every_one_by_its_account() -> None:
    nameless, named = Identity("orders/paid", "", 0), Identity("orders/paid", "1", 5)
    name = identity.inbox_id

    assert name("acme", "shopify", nameless, "a") != name("acme", "shopify", nameless, "b")
    assert name("acme", "shopify", named, "a") == name("acme", "shopify", named, "b")
    assert name("acme", "shopify", named, "a") != name("zeta", "shopify", named, "a")
    assert name("acme", "shopify", named, "a").startswith("shopify-orders-paid-1-")
