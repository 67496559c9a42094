"""WooCommerce: base64 HMAC, an unsigned ping to begin with; the shop's site bound to the account, REST v3 orders with
their refunds, customers and products.
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from relay.domain.sources import _json, _signing, _woocommerce_shape
from relay.domain.sources.base import Identity, Normalised
from relay.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from relay.domain.sources.base import Delivery, Verdict

SOURCE = "woocommerce"
TOPICS = _woocommerce_shape.TOPICS
# It tries once and disables the webhook after five failures; an operator may deliver again from its logs.
REPLAY_WINDOW = timedelta(days=30)
KEPT_HEADERS = frozenset({"x-wc-webhook-topic", "x-wc-webhook-source", "x-wc-webhook-delivery-id"})
SECRET_HINT = "WooCommerce > Settings > Advanced > Webhooks > the webhook > Secret."  # noqa: S105 - where it is found, not a secret

_FROM = "x-wc-webhook-source"

site = _woocommerce_shape.site

# https://github.com/woocommerce/woocommerce/blob/trunk/plugins/woocommerce/includes/class-wc-webhook.php (deliver_ping)
_PING = re.compile(rb"webhook_id=[0-9]{1,20}")


def verify(
    body: bytes, headers: Mapping[str, str], secrets: Sequence[str], now: datetime, binding: Mapping[str, str]
) -> Verdict:
    """The time is not signed, so `now` decides nothing. A ping is not signed either and proves nothing; it is stored as nothing."""
    del now
    try:
        if _PING.fullmatch(body.strip()) and _signing.header(headers, "x-wc-webhook-signature") is None:
            return _signing.PING
        verdict = _signing.base64_hmac(body, headers, "x-wc-webhook-signature", secrets)
        shop = _signing.header(headers, _FROM)
    except _signing.Malformed:
        return _signing.MALFORMED
    bound = binding.get("site", "").strip()
    if verdict.ok and bound and not _woocommerce_shape.all_of(_json.peek(body), shop, bound):
        return _signing.ACCOUNT_MISMATCH
    return verdict


def identify(body: bytes, headers: Mapping[str, str]) -> Identity:
    """The topic stands only in a header; `normalise` holds it against the signed body."""
    return _woocommerce_shape.identify(_signing.topic(headers, "x-wc-webhook-topic"), _json.peek(body))


def normalise(delivery: Delivery) -> Normalised:
    if delivery.topic in _woocommerce_shape.DELETED:
        return Normalised(ignored="deleted", detail="the shop deleted the object; what was written for it stays")
    if delivery.topic not in TOPICS:
        return Normalised(ignored="unknown_topic", detail="the topic is not one this source turns into events")
    try:
        elements = _woocommerce_shape.unwrap(_json.loads(delivery.body), delivery.topic)
    except BadInput as error:
        return Normalised(review=error.reason, detail=error.detail)
    from relay.domain.sources import (
        _facts,
        _woocommerce_contacts,
        _woocommerce_legacy,
        _woocommerce_orders,
        _woocommerce_products,
        _woocommerce_refunds,
    )

    build = {
        "order": _woocommerce_orders.facts,
        "customer": _woocommerce_contacts.facts,
        "product": _woocommerce_products.facts,
        "refund": _woocommerce_refunds.facts,
    }

    def one(element: _woocommerce_shape.Element) -> Sequence[_facts.Fact]:
        if element.verb == "deleted":
            raise _facts.Ignored("deleted", "the shop deleted the object; what was written for it stays")
        if isinstance(element.value, dict) and isinstance(element.value.get("error"), dict):
            raise _facts.Ignored("shop_error", "the shop's batch answer holds an error for this element")
        value = _woocommerce_legacy.modern(element.value)
        if _woocommerce_shape.resource_of(value) != element.resource:
            raise BadInput(
                "topic_mismatch", detail=f"the body is not of the kind the topic announces ({element.resource})"
            )
        shop = _woocommerce_shape.site_of(value, delivery.headers.get(_FROM))
        return [replace(fact, site=shop) for fact in build[element.resource](element.verb, value)]

    return _facts.collect(delivery, elements, one)
