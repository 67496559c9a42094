"""Shopify's REST Admin API: lists of orders (with their refunds), customers and products, and webhooks.

Lists go by rising id (`since_id`) inside `updated_at_min/max`, so a row that changes while we page never shifts another; it
leaves the window, and the window after it holds it. Pages are followed by the `Link` header, of which only the query is
taken: no reply leads to another host. Where a full page names no next one, or names it unreadably, the last id is gone on from:
a proxy that drops or rewrites a header must not end a list.
https://shopify.dev/docs/api/admin-rest/usage/pagination , https://shopify.dev/docs/api/admin-rest/latest/resources/order
"""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl, urlsplit

from relay.errors import BadInput
from relay.providers.link import address
from relay.providers.protocol import Page, Request, instant, objects, stamp
from relay.providers.subscription import Created, Subscription, Subscriptions

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from relay.providers.protocol import Window

SOURCE: Final = "shopify"
PARTS: Final = ("products", "customers", "orders")
SOLD: Final = ("orders",)
SINGLE: Final = True
KNOWS_UNDELIVERED: Final = False
OWN_SECRET: Final = False
API_VERSION: Final = "2025-07"  # an older one than Shopify still has falls forward: /docs/api/usage/versioning
TOPICS: Final = (
    "orders/create", "orders/updated", "orders/paid", "orders/cancelled", "orders/fulfilled", "refunds/create",
    "customers/create", "customers/update", "products/create", "products/update",
)  # fmt: skip
PAGE: Final = 250
_UNSCOPED_DAYS: Final = 60
_ROOT: Final = f"/admin/api/{API_VERSION}"
_ID_DIGITS: Final = 20
_NARROWED: Final = ("fields", "include_fields", "filter")
_PAID: Final = frozenset({"paid", "partially_refunded", "refunded"})


def headers(token: str) -> dict[str, str]:
    """https://shopify.dev/docs/api/usage/authentication : the access token of the shop's own (custom) app."""
    return {"x-shopify-access-token": token}


def reach(since: datetime, now: datetime) -> tuple[datetime, str]:
    """https://shopify.dev/docs/api/usage/access-scopes : what the scope does not hold is left out, and nothing says so."""
    said = f"Shopify lists orders older than {_UNSCOPED_DAYS} days only to an app with read_all_orders"
    return since, said if since < now - timedelta(days=_UNSCOPED_DAYS) else ""


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
        following, resume = _following(found, named.get("link", ""), above=value if kind == "since" else "0")
        return Page(items=found, mark=following, resume=resume)

    return Request(method="GET", path=f"{_ROOT}/{part}.json", query=query, reads=reads)


def _following(found: Sequence[Mapping[str, Any]], link: str, *, above: str) -> tuple[str, str]:
    """Where the next page begins: for this process, and for another one. Both are empty at the end of the list.

    `above` is the id below which nothing was asked for. Raises `BadInput` where more is to come and its place is not known.
    """
    try:
        url = address(link, "next")
        info, readable = dict(parse_qsl(urlsplit(url).query)).get("page_info", ""), True
    except (BadInput, ValueError):
        url, info, readable = "", "", False
    if not url and (not found or (readable and len(found) < PAGE)):
        return "", ""
    if not found:
        raise BadInput("reply_unexpected", field="link", detail="an empty page that names a next one")
    last = _last_id(found, above)
    if not info and not last:
        raise BadInput("reply_unexpected", field="link", detail="more is to come, and no next page can be read")
    resume = f"since:{last}" if last else ""
    return f"next:{info}" if info else resume, resume


def _last_id(found: Sequence[Mapping[str, Any]], above: str) -> str:
    """The id that the rest of the list is above, empty where the rows do not rise."""
    ids = [above, *(str(one.get("id")) for one in found)]
    numbers = [int(one) for one in ids if one.isascii() and one.isdecimal() and len(one) <= _ID_DIGITS]
    rising = len(numbers) == len(ids) and all(one < other for one, other in pairwise(numbers))
    return ids[-1] if rising else ""


def facts(part: str, value: Mapping[str, Any]) -> Sequence[tuple[str, Mapping[str, Any]]]:
    """(topic, body) of the webhooks that would have told the object's state, in the order in which they happen."""
    if part != "orders":
        new = value.get("created_at") == value.get("updated_at")
        return ((f"{part}/{'create' if new else 'update'}", value),)
    status = value.get("financial_status")
    paid = isinstance(status, str) and status in _PAID
    told = [("orders/paid" if paid else "orders/updated", value)]
    refunds = value.get("refunds")
    told += [("refunds/create", one) for one in refunds if isinstance(one, dict)] if isinstance(refunds, list) else []
    return [*told, ("orders/cancelled", value)] if value.get("cancelled_at") else told


def changed(value: Mapping[str, Any]) -> datetime | None:
    return instant(value.get("updated_at"))


def subscriptions(mark: str = "") -> Request[Subscriptions]:
    """https://shopify.dev/docs/api/admin-rest/latest/resources/webhook : those of this app alone."""
    kind, _, value = mark.partition(":")
    place = (("page_info" if kind == "next" else "since_id", value),) if mark else ()

    def reads(parsed: Any, named: Mapping[str, str]) -> Subscriptions:
        found = objects(parsed, "webhooks")
        following, _ = _following(found, named.get("link", ""), above=value if kind == "since" else "0")
        return Subscriptions(items=tuple(_subscription(one) for one in found), mark=following)

    return Request(method="GET", path=f"{_ROOT}/webhooks.json", query=(("limit", str(PAGE)), *place), reads=reads)


def _subscription(one: Mapping[str, Any]) -> Subscription:
    """One made otherwise may deliver XML, some fields alone, or what a filter lets through: none of that is the fact."""
    json = str(one.get("format") or "json").lower() == "json"
    return Subscription(
        id=str(one.get("id", "")),
        url=str(one.get("address", "")),
        topics=frozenset({str(one.get("topic", ""))}),
        active=True,
        usable=json and not any(one.get(name) for name in _NARROWED),
    )


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


def activate(subscription_id: str, *, secret: str) -> Request[None]:
    """Never asked for: Shopify has no disabled subscriptions, it removes them. It signs with the app's secret."""
    del secret
    return Request(method="GET", path=f"{_ROOT}/webhooks/{subscription_id}.json", reads=lambda *_: None)


def delete(subscription_id: str) -> Request[None]:
    return Request(method="DELETE", path=f"{_ROOT}/webhooks/{subscription_id}.json", reads=lambda *_: None)


def settled(subscription_id: str) -> Request[None] | None:
    """Nothing to say once a registration's secret is stored: there is none."""
    del subscription_id
    return None
