"""The sandbox without sockets: shops by kind and name, calls of their APIs, changes of their objects, and webhooks that go out."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

from shop_sandbox import shopify, stripe, woocommerce
from shop_sandbox.shop import KINDS, Shop
from shop_sandbox.wire import Response, answer, iso

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from shop_sandbox.shop import Kind
    from shop_sandbox.wire import Post, Record, Request

    Poster = Callable[[Post], Awaitable[int]]

_APIS: dict[str, Any] = {"shopify": shopify, "woocommerce": woocommerce, "stripe": stripe}


class Shops:
    """Every shop of one sandbox. Not thread safe: one call at a time."""

    def __init__(self) -> None:
        self.shops: dict[tuple[str, str], Shop] = {}

    def open(self, kind: Kind, name: str, *, token: str, secret: str = "") -> Shop:
        """A new, empty shop. Raises `ValueError` for a kind that is not played, or one that is there."""
        if kind not in KINDS or (kind, name) in self.shops:
            raise ValueError("kind: unknown, or such a shop is there already")
        shop = Shop(kind=kind, name=name, token=token, secret=secret)
        self.shops[kind, name] = shop
        return shop

    def handle(self, kind: str, name: str, request: Request, now: float) -> Response:
        """One call of a client of that shop."""
        shop = self.shops.get((kind, name))
        if shop is None:
            return answer({"errors": "Not Found"}, 404)
        shop.calls.append(f"{request.method} {request.path}")
        if shop.refuse:
            status = shop.refuse.pop(0)
            return Response(status=status, headers={"retry-after": "2"} if status == 429 else {}, body=b"")
        response: Response = _APIS[kind].handle(shop, request, now)
        return response

    def change(self, shop: Shop, name: str, value: Record, now: float, *, keep_time: bool = False) -> Record:
        """Put an object of a list (`orders`, `customers`, `products`) as it is from now on, and tell its subscribers.

        `keep_time`: it brings its own times, as a sample does.
        """
        table, key = shop.table(name), str(value["id"])
        old = table.get(key)
        new = copy.deepcopy(value)
        if not keep_time:
            stamp = iso(now) if shop.kind == "shopify" else iso(now)[:-1]
            created, changed = _TIMES[shop.kind]
            new[created] = old[created] if old else stamp
            new[changed] = stamp
        table[key] = new
        for topic, told in _APIS[shop.kind].topics(name, old, new):
            shop.owe(_APIS[shop.kind].posts(shop, topic, told, now))
        return new

    def event(self, shop: Shop, kind: str, value: Record, now: float) -> Record:
        """Stripe: something happened to `value`; its endpoints are told."""
        made = stripe.event(shop, kind, copy.deepcopy(value), now)
        shop.owe(stripe.posts(shop, kind, made, now))
        return made

    async def deliver(self, now: float, post: Poster) -> int:
        """Send what is due with `post`, which returns the HTTP status; returns how many were sent."""
        sent = 0
        for shop in list(self.shops.values()):
            for one in shop.due(now):
                if one not in shop.posts:
                    continue  # its subscription ended with one before it
                if shop.kind == "stripe":
                    one.headers = stripe.signed(shop, one, now)
                status = await post(one)
                sent += 1
                if one in shop.posts:  # and nobody dropped its subscription while it was on its way
                    _APIS[shop.kind].answered(shop, one, status, now)
        return sent


_TIMES = {"shopify": ("created_at", "updated_at"), "woocommerce": ("date_created_gmt", "date_modified_gmt")}
