"""WooCommerce's REST API v3: lists of orders (with their refunds), customers and products, and webhooks.

A page number shifts when a row leaves the list while we page. So no second page is asked for: the next list begins a second
before the last row's change, and what both show is known already. Where a whole page changed within one second (somebody
edited many at once) the rows seen are excluded by id; only beyond some hundreds of them are pages counted. Customers have
no filter by change: they are listed by id and filtered here.
https://woocommerce.github.io/woocommerce-rest-api-docs/#list-all-orders (`modified_after`, `X-WP-Total`, `X-WP-TotalPages`)
"""

from __future__ import annotations

import base64
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from relay.errors import BadInput
from relay.providers.protocol import Page, Request, instant, number, objects, stamp
from relay.providers.subscription import Created, Subscription, Subscriptions

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from relay.providers.protocol import Window

SOURCE: Final = "woocommerce"
PARTS: Final = ("products", "customers", "orders")
SOLD: Final = ("orders",)
DAYS: Final = 0
SINGLE: Final = True
KNOWS_UNDELIVERED: Final = False
OWN_SECRET: Final = True
TOPICS: Final = tuple(f"{one}.{verb}" for one in ("order", "customer", "product") for verb in ("created", "updated"))
PAGE: Final = 100
_ROOT: Final = "/wp-json/wc/v3"
_SECOND: Final = timedelta(seconds=1)
_MOST_EXCLUDED: Final = 500
"""Ids in a query: 5 KB, where servers take 8."""
_BACK: Final = 10
"""Customers deleted while we page move the rest up; so many rows are looked at twice."""


def headers(token: str) -> dict[str, str]:
    """`token` is `<consumer key>:<consumer secret>`, sent as basic authentication over TLS."""
    return {"authorization": "Basic " + base64.b64encode(token.encode()).decode("ascii")}


def page(part: str, window: Window, mark: str, *, undelivered: bool = False) -> Request[Page]:
    """`mark`: empty, `since:<instant>|<ids>|<page>` (orders, products) or `offset:<n>` (customers)."""
    del undelivered
    return _customers(window, mark) if part == "customers" else _changed(part, window, mark)


def _changed(part: str, window: Window, mark: str) -> Request[Page]:
    since, asked = window.since - _SECOND, 1
    seen: tuple[str, ...] = ()
    if mark:
        at, ids, count = mark.removeprefix("since:").split("|")
        since, seen, asked = _instant(at), tuple(filter(None, ids.split(","))), int(count)
    query = (
        ("modified_after", _plain(since)),
        ("modified_before", _plain(window.until + _SECOND)),  # both ends are left out by WooCommerce
        ("dates_are_gmt", "true"),
        ("orderby", "modified"),
        ("order", "asc"),
        ("per_page", str(PAGE)),
        ("page", str(asked)),
        *((("exclude", ",".join(seen)),) if seen else ()),
    )

    def reads(parsed: Any, named: Mapping[str, str]) -> Page:
        found = objects(parsed)
        pages = number(named.get("x-wp-totalpages"))
        more = bool(found) and (len(found) >= PAGE if pages is None else asked < pages)
        following = _following(found, since, seen, asked) if more else ""
        return Page(items=found, mark=following, resume=following, total=number(named.get("x-wp-total")))

    return Request(method="GET", path=f"{_ROOT}/{part}", query=query, reads=reads)


def _following(found: Sequence[Mapping[str, Any]], since: datetime, seen: tuple[str, ...], asked: int) -> str:
    told = found[-1].get("date_modified_gmt")
    if not isinstance(told, str):
        raise BadInput("reply_unexpected", field="date_modified_gmt", detail="expected an instant")
    begins = _instant(told) - _SECOND
    if begins > since:
        return f"since:{_plain(begins)}||1"
    ids = (*seen, *(str(one.get("id", "")) for one in found))
    if len(ids) <= _MOST_EXCLUDED:
        return f"since:{_plain(since)}|{','.join(ids)}|1"
    return f"since:{_plain(since)}|{','.join(seen)}|{asked + 1}"


def _customers(window: Window, mark: str) -> Request[Page]:
    """https://woocommerce.github.io/woocommerce-rest-api-docs/#list-all-customers : `offset`, no filter by change."""
    offset = int(mark.partition(":")[2]) if mark else 0
    query = (
        ("orderby", "id"),
        ("order", "asc"),
        ("per_page", str(PAGE)),
        ("offset", str(offset)),
        ("role", "all"),
    )

    def reads(parsed: Any, named: Mapping[str, str]) -> Page:
        found = objects(parsed)
        total = number(named.get("x-wp-total"))
        end = offset + len(found)
        more = bool(found) and (len(found) >= PAGE if total is None else end < total)
        following = f"offset:{end - min(_BACK, len(found) // 2)}" if more else ""
        within = tuple(one for one in found if _changed_within(one, window))
        return Page(items=within, mark=following, resume=following)

    return Request(method="GET", path=f"{_ROOT}/customers", query=query, reads=reads)


def _changed_within(one: Mapping[str, Any], window: Window) -> bool:
    told = one.get("date_modified_gmt") or one.get("date_created_gmt")
    try:
        at = _instant(told) if isinstance(told, str) else window.since
    except BadInput:
        return True  # its normaliser says what is wrong with it
    return window.since - _SECOND <= at <= window.until + _SECOND


def _plain(at: datetime) -> str:
    return stamp(at).removesuffix("Z")


def _instant(text: str) -> datetime:
    """A `_gmt` date: UTC without saying so."""
    at = instant(text)
    if at is None:
        raise BadInput("reply_unexpected", field="date_modified_gmt", detail="expected an instant")
    return at


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
        more = items and asked < (number(named.get("x-wp-totalpages")) or 1)
        return Subscriptions(items=items, mark=str(asked + 1) if more else "")

    return Request(method="GET", path=f"{_ROOT}/webhooks", query=query, reads=reads)


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
    return Request(method="POST", path=f"{_ROOT}/webhooks", json=body | {"status": "active"}, reads=_made)


def activate(subscription_id: str) -> Request[Created]:
    """Back to work, with the secret that it had. https://woocommerce.github.io/woocommerce-rest-api-docs/#update-a-webhook ."""
    return Request(method="PUT", path=f"{_ROOT}/webhooks/{subscription_id}", json={"status": "active"}, reads=_made)


def delete(subscription_id: str) -> Request[None]:
    return Request(
        method="DELETE", path=f"{_ROOT}/webhooks/{subscription_id}", query=(("force", "true"),), reads=lambda *_: None
    )


def settled(subscription_id: str) -> Request[None] | None:
    del subscription_id
    return None


def _made(parsed: Any, _: Mapping[str, str]) -> Created:
    if not isinstance(parsed, dict) or "id" not in parsed:
        raise BadInput("reply_unexpected", detail="expected the webhook")
    return Created(id=str(parsed["id"]))
