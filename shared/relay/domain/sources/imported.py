"""Imported deliveries: an object that a provider's list showed, stored as the delivery its webhook would have been.

Trusted because the relay fetched it itself; normalised by the source's own `normalise`. The mark is a header that no source
keeps, so that no sender can set it. What carries it waits in class `background` and is not counted as a sign of life.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from relay.domain.sources import identity, registry
from relay.domain.sources.base import Delivery

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from relay.domain.sources.base import Normalised

HEADER: Final = "relay-imported"
_TOPIC_HEADERS: Final = {"shopify": "x-shopify-topic", "woocommerce": "x-wc-webhook-topic"}
"""Where a webhook names its topic beside the body; an event of Stripe names it inside."""


def is_imported(delivery: Delivery) -> bool:
    return HEADER in delivery.headers


def delivery_of(*, account: str, source: str, topic: str, value: Mapping[str, Any], received_at: datetime) -> Delivery:
    """`value` as the body of the webhook of that topic: its identity, and so its inbox id, is the webhook's own."""
    module = registry.get(source)
    body = json.dumps(value, separators=(",", ":")).encode()
    beside = {_TOPIC_HEADERS[source]: topic} if source in _TOPIC_HEADERS else {}
    meaning = module.identify(body, beside)
    return Delivery(
        inbox_id=identity.inbox_id(account, source, meaning, identity.body_digest(body)),
        account=account,
        source=source,
        topic=meaning.topic,
        headers={**beside, HEADER: "1"},
        body=body,
        received_at=received_at,
    )


def tells_the_same(one: Delivery, other: Delivery) -> bool:
    """Whether two deliveries of one identity tell the same facts, though their bytes differ (blanks, order of keys)."""
    return one.body == other.body or _parsed(one) == _parsed(other) or _facts(one) == _facts(other)


def _parsed(delivery: Delivery) -> Any:
    try:
        return json.loads(delivery.body)
    except (ValueError, RecursionError):
        return delivery.body


def _facts(delivery: Delivery) -> object:
    """What its normaliser makes of it, without the ids. A delivery without events is like no other."""
    read: Normalised = registry.get(delivery.source).normalise(delivery)
    if not read.events:
        return object()
    return read.ignored, read.review, [(one.type, one.subject, one.version, one.data) for one in read.events]
