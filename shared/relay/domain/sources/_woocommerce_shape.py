"""What a WooCommerce body is: its resource by topic and by shape, its identity. Light: the hot path imports it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC
from typing import Any, Final

from relay.domain.sources._instants import first_ms
from relay.domain.sources.base import Identity
from relay.errors import BadInput

_RESOURCES: Final = ("order", "customer", "product")
_VERBS: Final = ("created", "updated", "restored")
# WooCommerce has no refund topic; a shop that posts the refund resource itself calls it this.
TOPICS: Final = frozenset({f"{one}.{verb}" for one in _RESOURCES for verb in _VERBS} | {"refund.created"})
DELETED: Final = frozenset(f"{one}.deleted" for one in _RESOURCES)

# The first API (`/wc-api`) puts an object, or a list of them, under its name; WordPress.com's proxy under `data`.
_WRAPPERS: Final = {
    f"{name}{plural}": name.removeprefix("order_")
    for name in ("order", "customer", "product", "order_refund")
    for plural in ("", "s")
}
_URL: Final = re.compile(r"(?:https?:)?//(?:[^/?#@]*@)?([^/?#@]+)([^?#]*)", re.IGNORECASE)
_API: Final = re.compile(r"/[^/]+/wc(?:-[a-z]+)?/v[0-9].*|/index\.php/?$", re.IGNORECASE)
_MOST_SITE_CHARS: Final = 200
_BATCH: Final = {"create": "created", "update": "updated", "delete": "deleted"}


@dataclass(frozen=True, slots=True)
class Element:
    resource: str
    verb: str
    value: Any


def unwrap(body: Any, topic: str) -> list[Element]:
    """A single object, a list, either of them under its name, or a batch `{"create": [...], "update": [...], ...}`.

    Raises:
        BadInput: `topic_mismatch` when the body is under the name of another resource.
    """
    resource, _, verb = topic.partition(".")
    if isinstance(body, dict) and len(body) == 1 and (key := next(iter(body))) in {"data", *_WRAPPERS}:
        if _WRAPPERS.get(key, resource) != resource:
            raise BadInput("topic_mismatch", detail=f"the body is not of the kind the topic announces ({resource})")
        body = body[key]
    if isinstance(body, dict) and body and set(body) <= set(_BATCH):
        return [
            Element(resource, _BATCH[key], one)
            for key, found in body.items()
            for one in (found if isinstance(found, list) else [found])
        ]
    return [Element(resource, verb, one) for one in (body if isinstance(body, list) else [body])]


def resource_of(value: Any) -> str:
    """What an object is by its own fields: the topic is an unsigned header."""
    if not isinstance(value, dict):
        return ""
    if "refunded_by" in value or "refunded_payment" in value:
        return "refund"
    if "line_items" in value and ({"billing", "order_key"} & value.keys() or {"status", "currency"} <= value.keys()):
        return "order"
    if "username" in value or ("email" in value and "billing" in value):
        return "customer"
    if "regular_price" in value or ("sku" in value and "name" in value) or "stock_status" in value:
        return "product"
    return ""


def site(url: str) -> str:
    """The shop of an address: host and path, without scheme, `www.` and what leads to its API; "" for what is no address."""
    text = url.strip()
    found = _URL.match(text if "//" in text else f"//{text}")
    if found is None:
        return ""
    host = re.sub(r":(?:80|443)$", "", found[1].casefold()).removeprefix("www.")
    return f"{host}{_API.sub('', found[2].casefold()).rstrip('/')}"[:_MOST_SITE_CHARS]


def site_of(value: Any, told: str | None) -> str:
    """The shop whose object this is: its own link, which is signed, else what the header `X-WC-Webhook-Source` tells.

    Ids are each shop's own small numbers, so that an order is named by its id only together with this.
    """
    links = value.get("_links") if isinstance(value, dict) else None
    own = links.get("self") if isinstance(links, dict) else None
    first = own[0] if isinstance(own, list) and own else own
    href = first.get("href") if isinstance(first, dict) else None
    return site(href) if isinstance(href, str) and href.strip() else site(told or "")


def all_of(body: Any, told: str | None, bound: str) -> bool:
    """Whether every object of a body is of the shop that an account is bound to."""
    try:
        values = [one.value for one in unwrap(body, "")]
    except BadInput:
        values = [next(iter(body.values()))]
    values = [one for each in values for one in (each if isinstance(each, list) else [each])]
    return {site_of(one, told) for one in values or [None]} == {site(bound)}


def identify(topic: str, body: Any) -> Identity:
    if isinstance(body, dict) and len(body) == 1 and next(iter(body)) in {"data", *_WRAPPERS}:
        body = next(iter(body.values()))
    if not isinstance(body, dict) or isinstance(body.get("id"), bool) or not isinstance(body.get("id"), int | str):
        return Identity(topic, "", 0)
    return Identity(topic, str(body["id"])[:200], version(body))


def version(obj: dict[str, Any]) -> int:
    """When the object last changed, in milliseconds; its `_gmt` dates are UTC without saying so."""
    keys = ("date_modified_gmt", "updated_at", "date_created_gmt", "created_at")
    return first_ms((obj.get(key) or None for key in keys), naive=UTC)
