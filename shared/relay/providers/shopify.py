"""Shopify's REST Admin API: lists of orders (with their refunds), customers and products, and webhooks.

Lists go by rising id (`since_id`) inside `updated_at_min/max`, so a row that changes while we page never shifts another; it
leaves the window, and the window after it holds it. Pages are followed by the `Link` header, of which only the query is
taken: no reply leads to another host.
https://shopify.dev/docs/api/admin-rest/usage/pagination , https://shopify.dev/docs/api/admin-rest/latest/resources/order
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl, urlsplit

from relay.errors import BadInput
from relay.providers.protocol import Page, Request, instant, objects, stamp
from relay.providers.subscription import Created, Subscription, Subscriptions

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from relay.providers.protocol import Window

SOURCE: Final = "shopify"
PARTS: Final = ("products", "customers", "orders")
SOLD: Final = ("orders",)
DAYS: Final = 0
SINGLE: Final = True
KNOWS_UNDELIVERED: Final = False
OWN_SECRET: Final = False
API_VERSION: Final = "2025-07"  # an older one than Shopify still has falls forward: /docs/api/usage/versioning
TOPICS: Final = (
    "orders/create", "orders/updated", "orders/paid", "orders/cancelled", "orders/fulfilled", "refunds/create",
    "customers/create", "customers/update", "products/create", "products/update",
)  # fmt: skip
PAGE: Final = 250
_ROOT: Final = f"/admin/api/{API_VERSION}"
_LINK: Final = re.compile(r'<([^<>]{1,2000})>\s*;\s*rel="next"')
_PAID: Final = frozenset({"paid", "partially_refunded", "refunded"})


def headers(token: str) -> dict[str, str]:
    """https://shopify.dev/docs/api/usage/authentication : the access token of the shop's own (custom) app."""
    return {"x-shopify-access-token": token}


def page(part: str, window: Window, mark: str, *, undelivered: bool = False) -> Request[Page]:
    """`mark`: empty, `since:<id>` or `next:<page_info>`; beside `page_info` no other filter may be sent."""
    del undelivered
    kind, _, value = mark.partition(":")
    if kind == "next":
        query: tuple[tuple[str, str], ...] = (("limit", str(PAGE)), ("page_info", value))
    else:
        query = (
            ("updated_at_min", stamp(window.since)),
            ("updated_at_max", stamp(window.until)),
            ("limit", str(PAGE)),
            ("since_id", value or "0"),
            *((("status", "any"),) if part == "orders" else ()),
        )

    def reads(parsed: Any, named: Mapping[str, str]) -> Page:
        found = objects(parsed, part)
        info = _next_page(named.get("link", ""))
        if info and not found:
            raise BadInput("reply_unexpected", detail="an empty page that names a next one")
        last = found[-1].get("id") if found else None
        resume = f"since:{last}" if isinstance(last, int) and info else ""
        return Page(items=found, mark=f"next:{info}" if info else "", resume=resume)

    return Request(method="GET", path=f"{_ROOT}/{part}.json", query=query, reads=reads)


def _next_page(link: str) -> str:
    """The `page_info` of `rel="next"`; its host and path are not looked at, so they lead nowhere."""
    found = _LINK.search(link)
    if found is None:
        return ""
    return dict(parse_qsl(urlsplit(found[1]).query)).get("page_info", "")


def facts(part: str, value: Mapping[str, Any]) -> Sequence[tuple[str, Mapping[str, Any]]]:
    """(topic, body) of the webhooks that would have told the object's state, in the order in which they happen."""
    if part != "orders":
        new = value.get("created_at") == value.get("updated_at")
        return ((f"{part}/{'create' if new else 'update'}", value),)
    paid = value.get("financial_status") in _PAID
    told = [("orders/paid" if paid else "orders/updated", value)]
    refunds = value.get("refunds")
    told += [("refunds/create", one) for one in refunds if isinstance(one, dict)] if isinstance(refunds, list) else []
    return [*told, ("orders/cancelled", value)] if value.get("cancelled_at") else told


def changed(value: Mapping[str, Any]) -> datetime | None:
    return instant(value.get("updated_at"))


def subscriptions(mark: str = "") -> Request[Subscriptions]:
    """https://shopify.dev/docs/api/admin-rest/latest/resources/webhook : those of this app alone."""
    query = (("limit", str(PAGE)), ("page_info", mark)) if mark else (("limit", str(PAGE)),)

    def reads(parsed: Any, named: Mapping[str, str]) -> Subscriptions:
        items = tuple(_subscription(one) for one in objects(parsed, "webhooks"))
        return Subscriptions(items=items, mark=_next_page(named.get("link", "")) if items else "")

    return Request(method="GET", path=f"{_ROOT}/webhooks.json", query=query, reads=reads)


def _subscription(one: Mapping[str, Any]) -> Subscription:
    topics = frozenset({str(one.get("topic", ""))})
    return Subscription(id=str(one.get("id", "")), url=str(one.get("address", "")), topics=topics, active=True)


def create(topics: Sequence[str], *, url: str, secret: str) -> Request[Created]:
    """One topic. Signed with the app's client secret, whatever we know: `secret` is not sent."""
    del secret
    body = {"webhook": {"topic": topics[0], "address": url, "format": "json"}}

    def reads(parsed: Any, _: Mapping[str, str]) -> Created:
        made = parsed.get("webhook") if isinstance(parsed, dict) else None
        if not isinstance(made, dict) or "id" not in made:
            raise BadInput("reply_unexpected", detail="expected the webhook that was made")
        return Created(id=str(made["id"]))

    return Request(method="POST", path=f"{_ROOT}/webhooks.json", json=body, reads=reads)


def activate(subscription_id: str) -> Request[None]:
    """Never asked for: Shopify has no disabled subscriptions, it removes them."""
    return Request(method="GET", path=f"{_ROOT}/webhooks/{subscription_id}.json", reads=lambda *_: None)


def delete(subscription_id: str) -> Request[None]:
    return Request(method="DELETE", path=f"{_ROOT}/webhooks/{subscription_id}.json", reads=lambda *_: None)


def settled(subscription_id: str) -> Request[None] | None:
    """Nothing to say once a registration's secret is stored: there is none."""
    del subscription_id
    return None
