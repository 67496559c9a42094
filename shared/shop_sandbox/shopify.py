"""Shopify's REST Admin API as its documentation tells it: lists, `Link` pagination, the call bucket, webhooks.

https://shopify.dev/docs/api/admin-rest/usage/pagination , https://shopify.dev/docs/api/usage/limits ,
https://shopify.dev/docs/apps/build/webhooks/subscribe/https (eight tries in four hours, then the subscription is removed)
"""

from __future__ import annotations

import base64
import hmac
import json
import re
from typing import TYPE_CHECKING

from shop_sandbox.wire import Post, answer, iso, seconds

if TYPE_CHECKING:
    from shop_sandbox.shop import Shop
    from shop_sandbox.wire import Record, Request, Response

TRIES = 8
HOURS = 4
LISTS = ("orders", "customers", "products")
_PATH = re.compile(r"/admin/api/\d{4}-\d{2}/(\w+)(?:/(\d+))?\.json")
_FILTERS = ("updated_at_min", "updated_at_max", "since_id", "status")


def handle(shop: Shop, request: Request, now: float) -> Response:
    if request.headers.get("x-shopify-access-token") != shop.token:
        return answer({"errors": "[API] Invalid API key or access token (unrecognized login or wrong password)"}, 401)
    if not shop.bucket.take(now):
        told = {
            "errors": "Exceeded 2 calls per second for api client. Reduce request rates to resume uninterrupted service."
        }
        return answer(told, 429, {"retry-after": "2.0", **_bucket(shop)})
    found = _PATH.fullmatch(request.path)
    if found is None or found[1] not in {*LISTS, "webhooks"}:
        return answer({"errors": "Not Found"}, 404, _bucket(shop))
    topic = str(request.json().get("webhook", {}).get("topic", ""))
    if {found[1], topic.partition("/")[0]} & shop.closed:
        told = {"errors": "[API] This action requires merchant approval for the scope."}
        return answer(told, 403, _bucket(shop))
    if found[1] == "webhooks":
        return _webhooks(shop, request, found[2], now)
    return _listed(shop, request, found[1])


def _bucket(shop: Shop) -> dict[str, str]:
    return {"x-shopify-shop-api-call-limit": f"{int(shop.bucket.used + 0.999)}/{int(shop.bucket.size)}"}


def _listed(shop: Shop, request: Request, name: str) -> Response:
    limit = min(int(request.first("limit", "50")), 250, shop.largest_page)
    info = request.first("page_info")
    if info:
        if any(request.first(key) for key in _FILTERS):
            return answer({"errors": {"page_info": "no other filter may be sent beside it"}}, 400, _bucket(shop))
        asked: dict[str, str] = json.loads(base64.urlsafe_b64decode(info))
    else:
        asked = {key: request.first(key) for key in _FILTERS}
    since = int(asked["since_id"] or 0)
    wanted = [
        one
        for one in sorted(shop.table(name).values(), key=lambda one: int(one["id"]))
        if int(one["id"]) > since and _within(one, asked) and (name != "orders" or _status(one, asked["status"]))
    ]
    page = wanted[:limit]
    headers = _bucket(shop)
    if len(wanted) > limit:
        following = json.dumps(asked | {"since_id": str(page[-1]["id"])})
        following = base64.urlsafe_b64encode(following.encode()).decode()
        url = f"https://{shop.name}.myshopify.com{request.path}?limit={limit}&page_info={following}"
        headers["link"] = f'<{url}>; rel="next"'
    return answer({name: page}, 200, headers)


def _within(one: Record, asked: dict[str, str]) -> bool:
    at = seconds(one["updated_at"])
    low, high = asked["updated_at_min"], asked["updated_at_max"]
    return (not low or at >= seconds(low)) and (not high or at <= seconds(high))


def _status(one: Record, status: str) -> bool:
    """Without `status=any` only open orders are listed."""
    return status == "any" or not (one.get("cancelled_at") or one.get("closed_at"))


def _webhooks(shop: Shop, request: Request, webhook_id: str | None, now: float) -> Response:
    if request.method == "GET":
        return answer({"webhooks": list(shop.subscriptions.values())}, 200, _bucket(shop))
    if request.method == "DELETE" and webhook_id:
        there = shop.subscriptions.pop(webhook_id, None)
        return answer({}, 200 if there else 404, _bucket(shop))
    given = request.json().get("webhook", {})
    if any(
        one["topic"] == given.get("topic") and one["address"] == given.get("address")
        for one in shop.subscriptions.values()
    ):
        return answer({"errors": {"address": ["for this topic has already been taken"]}}, 422, _bucket(shop))
    made = {"id": shop.new_id(), "format": "json", "created_at": iso(now), "updated_at": iso(now), **given}
    shop.subscriptions[str(made["id"])] = made
    return answer({"webhook": made}, 201, _bucket(shop))


def topics(name: str, old: Record | None, new: Record) -> list[tuple[str, Record]]:
    """What happened to an object, as webhooks tell it."""
    if name != "orders":
        return [(f"{name}/{'update' if old else 'create'}", new)]
    told = [("orders/updated" if old else "orders/create", new)]
    if new.get("financial_status") == "paid" and (old is None or old.get("financial_status") != "paid"):
        told.append(("orders/paid", new))
    known = {one["id"] for one in (old or {}).get("refunds", ())}
    told += [("refunds/create", one) for one in new.get("refunds", ()) if one["id"] not in known]
    if new.get("cancelled_at") and not (old or {}).get("cancelled_at"):
        told.append(("orders/cancelled", new))
    return told


def posts(shop: Shop, topic: str, value: Record, now: float) -> list[Post]:
    owed = []
    for key, one in shop.subscriptions.items():
        if one["topic"] != topic:
            continue
        body = _body(one, value)
        headers = {
            "content-type": f"application/{one['format']}",
            "x-shopify-topic": topic,
            "x-shopify-shop-domain": f"{shop.name}.myshopify.com",
            "x-shopify-hmac-sha256": base64.b64encode(hmac.digest(shop.secret.encode(), body, "sha256")).decode(),
            "x-shopify-event-id": f"{topic}-{value['id']}-{now}",
            "x-shopify-triggered-at": iso(now),
        }
        owed.append(Post(subscription=key, url=one["address"], headers=headers, body=body, due=now))
    return owed


def _body(subscription: Record, value: Record) -> bytes:
    """Of the fields it was narrowed to, in its format: https://shopify.dev/docs/api/admin-rest/latest/resources/webhook ."""
    fields = subscription.get("fields")
    shown = {name: value[name] for name in fields if name in value} if fields else value
    if subscription["format"] == "xml":
        return f'<?xml version="1.0" encoding="UTF-8"?>\n<object><id type="integer">{shown.get("id")}</id></object>'.encode()
    return json.dumps(shown, indent=1).encode()  # other bytes than a list shows


def answered(shop: Shop, post: Post, status: int, now: float) -> None:
    """A refused one is tried again, at growing distances; the eighth refusal is the end of the subscription."""
    if 200 <= status < 300:
        shop.posts.remove(post)
        return
    post.tries += 1
    if post.tries < TRIES:
        post.due = now + HOURS * 3600 / 2 ** (TRIES - post.tries)
        return
    shop.subscriptions.pop(post.subscription, None)
    shop.posts = [one for one in shop.posts if one.subscription != post.subscription]
