"""The control API, beside the shops: `POST /control/<what>` with a JSON body that names the shop by `kind` and `name`.

shops      open one: token, secret               change     list, value: put an object and tell its subscribers
event      type, value: something at Stripe      drop       forget the webhooks, as after too many failures
disable    disable the webhooks                  refuse     statuses: what the next calls are answered
samples    folder: play recorded bodies back     calls      how often each call was made
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shop_sandbox.samples import replay
from shop_sandbox.wire import answer

if TYPE_CHECKING:
    from shop_sandbox.core import Shops
    from shop_sandbox.shop import Shop
    from shop_sandbox.wire import Record, Request, Response

PREFIX = "/control"


class Control:
    def __init__(self, shops: Shops) -> None:
        self._shops = shops

    def handle(self, request: Request, now: float) -> Response:
        """Raises nothing: what is asked wrongly is answered 400 with the name of what is wrong."""
        what, given = request.path.removeprefix(f"{PREFIX}/"), request.json()
        if request.method != "POST":
            return answer({"error": "only POST"}, 405)
        try:
            if what == "shops":
                shop = self._shops.open(
                    given["kind"], given["name"], token=given["token"], secret=given.get("secret", "")
                )
                return answer({"kind": shop.kind, "name": shop.name}, 201)
            found = self._shops.shops.get((str(given["kind"]), str(given["name"])))
            return (
                answer({"error": "no such shop"}, 404) if found is None else answer(self._do(what, found, given, now))
            )
        except (KeyError, ValueError, TypeError) as error:
            return answer({"error": f"{type(error).__name__}: {error}"}, 400)

    def _do(self, what: str, shop: Shop, given: Record, now: float) -> Any:
        match what:
            case "change":
                return self._shops.change(shop, given["list"], given["value"], now)
            case "event":
                return {"id": self._shops.event(shop, given["type"], given["value"], now)["id"]}
            case "drop":
                shop.drop_subscriptions()
            case "disable":
                for one in shop.subscriptions.values():
                    one["status"] = "disabled"
            case "refuse":
                shop.refuse += [int(status) for status in given["statuses"]]
            case "samples":
                return {"played": replay(self._shops, shop, Path(given["folder"]), now)}
            case "calls":
                return dict(Counter(shop.calls))
            case _:
                raise ValueError("unknown control call")
        return {}
