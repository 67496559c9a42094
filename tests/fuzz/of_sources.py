"""Deliveries of every source: their signatures, and what they say."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from infra.paths import ROOT
from relay.domain import wire
from relay.domain.mapping.catalogue import Catalogue
from relay.domain.mapping.plan import plan
from relay.domain.settings import default_settings
from relay.domain.sources import identity, registry, signing
from relay.domain.sources.base import Delivery

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


from tests.fuzz.target import NOW, SECRET, Target, parts, text_of

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
            body, headers, (text_of(secret), SECRET), NOW, {"shop_domain": text_of(stamp), "site": text_of(stamp)}
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


TARGETS: dict[str, Target] = {
    **{f"read {source}": Target(run=read(source), seeds=deliveries(source)) for source in sorted(registry.SOURCES)},
    **{f"verify {source}": Target(run=verify(source), seeds=signatures(source)) for source in sorted(registry.SOURCES)},
}
