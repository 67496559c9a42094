"""WooCommerce's REST API v3 as its documentation and its code tell it: lists by page number, totals in headers, webhooks.

https://woocommerce.github.io/woocommerce-rest-api-docs/ ; a webhook is tried once and disabled after more than five failures in a
row: https://github.com/woocommerce/woocommerce/blob/trunk/plugins/woocommerce/includes/class-wc-webhook.php
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
from typing import TYPE_CHECKING, Any

from shop_sandbox.wire import Post, answer, iso, seconds

if TYPE_CHECKING:
    from shop_sandbox.shop import Shop
    from shop_sandbox.wire import Record, Request, Response

MOST_FAILURES = 5
LISTS = ("orders", "customers", "products")
_PATH = re.compile(r"/wp-json/wc/v3/(\w+)(?:/(\d+))?")


def handle(shop: Shop, request: Request, now: float) -> Response:
    basic = "Basic " + base64.b64encode(shop.token.encode()).decode()
    if request.headers.get("authorization") != basic:
        return _error("woocommerce_rest_cannot_view", "Sorry, you cannot list resources.", 401)
    found = _PATH.fullmatch(request.path)
    if found is None or found[1] not in {*LISTS, "webhooks"}:
        return _error("rest_no_route", "No route was found matching the URL and request method.", 404)
    if found[1] == "webhooks":
        return _webhooks(shop, request, found[2], now)
    return _listed(shop, request, found[1])


def _error(code: str, message: str, status: int) -> Response:
    return answer({"code": code, "message": message, "data": {"status": status}}, status)


def _listed(shop: Shop, request: Request, name: str) -> Response:
    asked = int(request.first("per_page", "10"))
    if not 1 <= asked <= 100:
        return _error("rest_invalid_param", "Invalid parameter(s): per_page", 400)
    rows = list(shop.table(name).values())
    if name != "customers":  # which has no filter by change: an unknown parameter is ignored
        after, before = request.first("modified_after"), request.first("modified_before")
        rows = [one for one in rows if not after or seconds(one["date_modified_gmt"]) > seconds(after)]
        rows = [one for one in rows if not before or seconds(one["date_modified_gmt"]) < seconds(before)]
    excluded = set(request.first("exclude").split(","))
    rows = [one for one in rows if str(one["id"]) not in excluded]
    key = {"modified": "date_modified_gmt", "id": "id"}.get(request.first("orderby"), "date_created_gmt")
    rows.sort(key=lambda one: (one[key], one["id"]), reverse=request.first("order", "desc") == "desc")
    return _paged(rows, request, min(asked, shop.largest_page))


def _paged(rows: list[Record], request: Request, size: int) -> Response:
    start = int(request.first("offset") or (int(request.first("page", "1")) - 1) * size)
    headers = {"x-wp-total": str(len(rows)), "x-wp-totalpages": str(-(-len(rows) // size))}
    return answer(rows[start : start + size], 200, headers)


def _webhooks(shop: Shop, request: Request, webhook_id: str | None, now: float) -> Response:
    if request.method == "GET":
        shown = [_shown(one) for one in shop.subscriptions.values()]
        return _paged(shown, request, min(int(request.first("per_page", "10")), shop.largest_page))
    if webhook_id is not None and webhook_id not in shop.subscriptions:
        return _error("woocommerce_rest_shop_webhook_invalid_id", "Invalid ID.", 404)
    if request.method == "DELETE" and webhook_id:
        return answer(_shown(shop.subscriptions.pop(webhook_id)))
    if webhook_id is not None:
        there = shop.subscriptions[webhook_id]
        there.update(request.json())
        there["failures"] = 0
        return answer(_shown(there))
    made: dict[str, Any] = {"id": shop.new_id(), "status": "active", "failures": 0, "date_created_gmt": iso(now)[:-1]}
    made |= request.json()
    shop.subscriptions[str(made["id"])] = made
    return answer(_shown(made), 201)


def _shown(webhook: Record) -> Record:
    """Its secret is never shown again."""
    return {key: value for key, value in webhook.items() if key not in {"secret", "failures"}}


def topics(name: str, old: Record | None, new: Record) -> list[tuple[str, Record]]:
    return [(f"{name.removesuffix('s')}.{'updated' if old else 'created'}", new)]


def posts(shop: Shop, topic: str, value: Record, now: float) -> list[Post]:
    body = json.dumps(value, indent=1).encode()
    owed = []
    for key, one in shop.subscriptions.items():
        if one["topic"] != topic or one["status"] != "active":
            continue
        mac = base64.b64encode(hmac.new(str(one["secret"]).encode(), body, hashlib.sha256).digest()).decode()
        headers = {
            "content-type": "application/json",
            "x-wc-webhook-topic": topic,
            "x-wc-webhook-source": f"https://{shop.name}.example/",
            "x-wc-webhook-signature": mac,
            "x-wc-webhook-delivery-id": str(shop.new_id()),
        }
        owed.append(Post(subscription=key, url=one["delivery_url"], headers=headers, body=body, due=now))
    return owed


def answered(shop: Shop, post: Post, status: int, now: float) -> None:
    """Tried once, whatever comes of it."""
    del now
    shop.posts.remove(post)
    one = shop.subscriptions.get(post.subscription)
    if one is None:
        return
    one["failures"] = 0 if 200 <= status < 300 else one["failures"] + 1
    if one["failures"] > MOST_FAILURES:
        one["status"] = "disabled"
