"""Stripe's events and webhook endpoints as its documentation tells them.

https://docs.stripe.com/api/events/list (30 days, newest first), https://docs.stripe.com/api/webhook_endpoints ,
https://docs.stripe.com/webhooks#retries (three days), https://docs.stripe.com/rate-limits
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from shop_sandbox.wire import Post, answer

if TYPE_CHECKING:
    from shop_sandbox.shop import Shop
    from shop_sandbox.wire import Record, Request, Response

LISTS = ("events",)
KEPT_DAYS = 30
_RETRY_SECONDS = 3 * 3600
_TRIED_SECONDS = 3 * 86_400
_MOST_TYPES = 20
_PATH = re.compile(r"/v1/(events|webhook_endpoints)(?:/(\w+))?")


def handle(shop: Shop, request: Request, now: float) -> Response:
    if request.headers.get("authorization") != f"Bearer {shop.token}":
        return _error("Invalid API Key provided: sk_****", 401)
    found = _PATH.fullmatch(request.path)
    if found is None:
        return _error(f"Unrecognized request URL ({request.method}: {request.path}).", 404)
    if found[1] == "events":
        return _events(shop, request, now)
    return _endpoints(shop, request, found[2], now)


def _error(message: str, status: int) -> Response:
    return answer({"error": {"type": "invalid_request_error", "message": message}}, status)


def _events(shop: Shop, request: Request, now: float) -> Response:
    types = [value for key, value in request.query if key == "types[]"]
    if len(types) > _MOST_TYPES:
        return _error("Invalid array: types may hold up to 20 values", 400)
    low, high = float(request.first("created[gte]") or 0), float(request.first("created[lte]") or now)
    rows = [
        one
        for one in shop.table("events").values()
        if max(low, now - KEPT_DAYS * 86_400) <= one["created"] <= high and (not types or one["type"] in types)
    ]
    if request.first("delivery_success"):
        told = request.first("delivery_success") == "true"
        rows = [one for one in rows if one["sent"] and (not one["pending"] and not one["failed"]) == told]
    rows.sort(key=lambda one: (-one["created"], -one["place"]))
    return _page([_event(one) for one in rows], request, shop)


def _page(rows: list[Record], request: Request, shop: Shop) -> Response:
    limit = min(int(request.first("limit", "10")), 100, shop.largest_page)
    after = request.first("starting_after")
    start = next((at + 1 for at, one in enumerate(rows) if one["id"] == after), None) if after else 0
    if start is None:
        return _error("No such object: starting_after", 400)
    page = rows[start : start + limit]
    return answer({"object": "list", "data": page, "has_more": start + limit < len(rows), "url": request.path})


def _event(one: Record) -> Record:
    shown = {key: one[key] for key in ("id", "type", "created", "data")}
    return {
        "object": "event",
        "api_version": "2024-06-20",
        "livemode": False,
        **shown,
        "pending_webhooks": len(one["pending"]),
    }


def _endpoints(shop: Shop, request: Request, endpoint_id: str | None, now: float) -> Response:
    if request.method == "GET":
        return _page([_shown(one) for one in shop.subscriptions.values()], request, shop)
    if endpoint_id is not None and endpoint_id not in shop.subscriptions:
        return _error("No such webhook endpoint", 404)
    if request.method == "DELETE" and endpoint_id:
        shop.subscriptions.pop(endpoint_id)
        return answer({"id": endpoint_id, "object": "webhook_endpoint", "deleted": True})
    form = parse_qsl(request.body.decode())
    if endpoint_id is not None:
        there = shop.subscriptions[endpoint_id]
        _apply(there, form)
        return answer(_shown(there))
    made: dict[str, Any] = {
        "id": f"we_{shop.new_id()}",
        "object": "webhook_endpoint",
        "status": "enabled",
        "metadata": {},
        "created": int(now),
        "enabled_events": [value for key, value in form if key == "enabled_events[]"],
        "secret": f"whsec_{shop.name}{shop.new_id()}",
    }
    _apply(made, form)
    shop.subscriptions[made["id"]] = made
    return answer(_shown(made) | {"secret": made["secret"]})  # this once


def _apply(endpoint: Record, form: list[tuple[str, str]]) -> None:
    for key, value in form:
        if key.startswith("metadata["):
            endpoint["metadata"][key[9:-1]] = value
        elif key == "disabled":
            endpoint["status"] = "disabled" if value == "true" else "enabled"
        elif not key.endswith("[]"):
            endpoint[key] = value


def _shown(endpoint: Record) -> Record:
    return {key: value for key, value in endpoint.items() if key != "secret"}


def event(shop: Shop, kind: str, value: Record, now: float) -> Record:
    """A new event. `sent`: some endpoint was told of it; `pending` and `failed` name endpoints."""
    place = shop.new_id()
    made = {
        "id": f"evt_{shop.name}{place}",
        "type": kind,
        "created": int(now),
        "place": place,
        "data": {"object": value},
    }
    made |= {"sent": False, "pending": [], "failed": []}
    shop.table("events")[str(made["id"])] = made
    return made


def posts(shop: Shop, topic: str, value: Record, now: float) -> list[Post]:
    owed = []
    for key, one in shop.subscriptions.items():
        if one["status"] != "enabled" or not {topic, "*"} & set(one["enabled_events"]):
            continue
        value["sent"] = True
        value["pending"].append(key)
        owed.append(Post(subscription=key, url=one["url"], headers={}, body=b"", due=now, event=str(value["id"])))
    for post in owed:
        post.body = json.dumps(_event(value), indent=2).encode()
    return owed


def signed(shop: Shop, post: Post, now: float) -> dict[str, str]:
    """Each try has a signature of its own instant."""
    secret = str(shop.subscriptions.get(post.subscription, {}).get("secret", ""))
    mac = hmac.new(secret.encode(), f"{int(now)}.".encode() + post.body, hashlib.sha256).hexdigest()
    return {"content-type": "application/json", "stripe-signature": f"t={int(now)},v1={mac}"}


def answered(shop: Shop, post: Post, status: int, now: float) -> None:
    told = shop.table("events")[post.event]
    good = 200 <= status < 300
    if not good and now + _RETRY_SECONDS < told["created"] + _TRIED_SECONDS:
        post.tries += 1
        post.due = now + _RETRY_SECONDS
        return
    shop.posts.remove(post)
    told["pending"].remove(post.subscription)
    told["failed"] += [] if good else [post.subscription]
