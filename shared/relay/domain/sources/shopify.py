"""Shopify: base64 HMAC, the shop's domain bound to the account, REST-shaped orders, refunds, customers and products."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from relay.domain.sources import _json, _shopify_shape, _signing
from relay.domain.sources.base import Identity, Normalised
from relay.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from relay.domain.sources.base import Delivery, Verdict

SOURCE = "shopify"
TOPICS = frozenset(_shopify_shape.RESOURCE_OF)
# Eight retries in four hours, and up to a day late. https://shopify.dev/docs/apps/build/webhooks/best-practices
REPLAY_WINDOW = timedelta(days=2)
KEPT_HEADERS = frozenset({"x-shopify-topic", "x-shopify-shop-domain", "x-shopify-event-id", "x-shopify-triggered-at"})
SECRET_HINT = "Settings > Notifications > Webhooks, 'Your webhooks will be signed with'; for an app its client secret."  # noqa: S105 - where it is found, not a secret


def verify(
    body: bytes, headers: Mapping[str, str], secrets: Sequence[str], now: datetime, binding: Mapping[str, str]
) -> Verdict:
    """https://shopify.dev/docs/apps/build/webhooks/subscribe/https : the time is not signed, so `now` decides nothing."""
    del now
    try:
        verdict = _signing.base64_hmac(body, headers, "x-shopify-hmac-sha256", secrets)
        shop = _signing.header(headers, "x-shopify-shop-domain")
    except _signing.Malformed:
        return _signing.MALFORMED
    bound = binding.get("shop_domain", "")
    if verdict.ok and bound and (shop or "").casefold() != bound.strip().casefold():
        return _signing.ACCOUNT_MISMATCH
    return verdict


def identify(body: bytes, headers: Mapping[str, str]) -> Identity:
    """The topic stands only in a header; `normalise` holds it against the signed body."""
    return _shopify_shape.identify(_signing.topic(headers, "x-shopify-topic"), _json.peek(body))


def normalise(delivery: Delivery) -> Normalised:
    resource = _shopify_shape.RESOURCE_OF.get(delivery.topic)
    if resource is None:
        return Normalised(ignored="unknown_topic", detail="the topic is not one this source turns into events")
    try:
        objects = _shopify_shape.unwrap(_json.loads(delivery.body), resource)
    except BadInput as error:
        return Normalised(review=error.reason, detail=error.detail)
    return _collect(delivery, resource, objects)


def _collect(delivery: Delivery, resource: str, objects: Sequence[Any]) -> Normalised:
    from relay.domain.sources import _facts, _shopify_contacts, _shopify_orders, _shopify_products, _shopify_refunds

    build = {
        "order": _shopify_orders.facts,
        "refund": _shopify_refunds.facts,
        "customer": _shopify_contacts.facts,
        "product": _shopify_products.facts,
    }[resource]
    return _facts.collect(delivery, objects, lambda one: build(delivery.topic, one))
