"""WooCommerce's REST API v3: lists of orders (with their refunds), customers and products, and webhooks.

How the lists are walked: `relay.providers.woocommerce_lists`.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any, Final

from relay.errors import BadInput
from relay.providers import woocommerce_lists
from relay.providers.protocol import Page, Request, instant, objects
from relay.providers.subscription import Created, Subscription, Subscriptions
from relay.providers.woocommerce_lists import PAGE, ROOT

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from relay.providers.protocol import Window

SOURCE: Final = "woocommerce"
PARTS: Final = ("products", "customers", "orders")
SOLD: Final = ("orders",)
SINGLE: Final = True
KNOWS_UNDELIVERED: Final = False
OWN_SECRET: Final = True
TOPICS: Final = tuple(f"{one}.{verb}" for one in ("order", "customer", "product") for verb in ("created", "updated"))


def headers(token: str) -> dict[str, str]:
    """`token` is `<consumer key>:<consumer secret>`, sent as basic authentication over TLS."""
    return {"authorization": "Basic " + base64.b64encode(token.encode()).decode("ascii")}


def reach(since: datetime, now: datetime) -> tuple[datetime, str]:
    """A shop keeps everything."""
    del now
    return since, ""


def page(part: str, window: Window, mark: str, *, undelivered: bool = False) -> Request[Page]:
    """`mark` is empty or a place that the page before named."""
    del undelivered
    if part == "customers":
        return woocommerce_lists.customers(window, mark)
    return woocommerce_lists.changed(part, window, mark)


def facts(part: str, value: Mapping[str, Any]) -> Sequence[tuple[str, Mapping[str, Any]]]:
    """(topic, body). An order's webhook holds its refunds too: they need no list of their own."""
    new = value.get("date_created_gmt") == value.get("date_modified_gmt")
    return ((f"{part.removesuffix('s')}.{'created' if new else 'updated'}", value),)


def changed(value: Mapping[str, Any]) -> datetime | None:
    return instant(value.get("date_modified_gmt"))


def subscriptions(mark: str = "") -> Request[Subscriptions]:
    """https://woocommerce.github.io/woocommerce-rest-api-docs/#list-all-webhooks ; disabled after five failures in a row."""
    asked = int(mark or "1")
    query = (("status", "all"), ("per_page", str(PAGE)), ("page", str(asked)))

    def reads(parsed: Any, named: Mapping[str, str]) -> Subscriptions:
        items = tuple(_subscription(one) for one in objects(parsed))
        more = woocommerce_lists.more(items, named, asked=asked)
        return Subscriptions(items=items, mark=str(asked + 1) if more else "")

    return Request(method="GET", path=f"{ROOT}/webhooks", query=query, reads=reads)


def _subscription(one: Mapping[str, Any]) -> Subscription:
    return Subscription(
        id=str(one.get("id", "")),
        url=str(one.get("delivery_url", "")),
        topics=frozenset({str(one.get("topic", ""))}),
        active=one.get("status") == "active",
    )


def create(topics: Sequence[str], *, url: str, secret: str) -> Request[Created]:
    """One topic, signed with the secret that we give."""
    body = {"name": f"Holded Relay {topics[0]}", "topic": topics[0], "delivery_url": url, "secret": secret}
    return Request(method="POST", path=f"{ROOT}/webhooks", json=body | {"status": "active"}, reads=_made)


def activate(subscription_id: str, *, secret: str) -> Request[Created]:
    """Back to work, signing with our secret: another one may be why it was refused until it was switched off.

    https://woocommerce.github.io/woocommerce-rest-api-docs/#update-a-webhook
    """
    body = {"status": "active", "secret": secret}
    return Request(method="PUT", path=f"{ROOT}/webhooks/{subscription_id}", json=body, reads=_made)


def delete(subscription_id: str) -> Request[None]:
    return Request(
        method="DELETE", path=f"{ROOT}/webhooks/{subscription_id}", query=(("force", "true"),), reads=lambda *_: None
    )


def settled(subscription_id: str) -> Request[None] | None:
    del subscription_id
    return None


def _made(parsed: Any, _: Mapping[str, str]) -> Created:
    if not isinstance(parsed, dict) or "id" not in parsed:
        raise BadInput("reply_unexpected", detail="expected the webhook")
    return Created(id=str(parsed["id"]))
