"""A third company of the demo, of which nobody tells: Holded's webhooks are off, and its shop will forget ours.

What people do there is done over the sandboxes' control APIs, without a call of the company's quota. The relay is told
with its own command line.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import httpx

from demo import payloads
from demo.companies import Company
from demo.payloads import Buyer, Item
from relay.domain.sources import signing
from relay.services.watchdog import LOOK_EVERY_MS, WATCH

if TYPE_CHECKING:
    from collections.abc import Callable

    from infra.local.run import LocalStack
    from relay.cli.context import World

QUIET = "obrador"
PLAN = "plus"  # 500 calls a month, Holded's smallest
SHOP_TOKEN = "shpat_demo"  # noqa: S105 - of a shop that is played
PATIENCE_SECONDS = 90.0
BUYER = Buyer(name="Eva Sanz", email="eva.sanz@example.com", nif="12345678Z")
RELAY = str(Path(sys.executable).with_name("relay"))
T = TypeVar("T")


def until(look: Callable[[], T], what: str) -> T:
    """What `look` finds as soon as it is true. Raises `RuntimeError` with `what` when it takes too long."""
    end = time.monotonic() + PATIENCE_SECONDS
    while not (found := look()):
        if time.monotonic() > end:
            raise RuntimeError(f"still waiting after {PATIENCE_SECONDS:.0f} s: {what}")
        time.sleep(0.2)
    return found


@dataclass(frozen=True, kw_only=True)
class Quiet:
    """The company, its account and its shop. `secret` signs the shop's webhooks."""

    stack: LocalStack
    world: World
    company: Company
    account: str
    secret: str

    def relay(self, *arguments: str, code: int = 0) -> str:
        """What the command prints; it must end with `code`."""
        return _relay(self.stack, *arguments, code=code)

    def by_hand(self, verb: str, path: str, **body: Any) -> dict[str, Any]:
        """Something a person does in Holded's own screens."""
        url = f"{self.company.base_url}/companies/{self.company.id}{path}"
        answer = httpx.request(verb, url, json=body or None, timeout=30).raise_for_status()
        found: dict[str, Any] = answer.json()
        return found

    def sell(self, number: int, gross: Decimal) -> dict[str, Any]:
        """An order of the shop, which tells whoever is subscribed. Returns it as the shop holds it."""
        at = self.world.now().isoformat(timespec="seconds")
        order = payloads.shopify_order(number, BUYER, [Item("Bread basket", gross)], processed_at=at)
        return self.shop("change", list="orders", value=order)

    def shop(self, what: str, **given: Any) -> dict[str, Any]:
        """The shop sandbox's control API."""
        return _shop(self.stack, self.account, what, **given)

    def subscriptions(self) -> int:
        """How many webhooks the shop has, as its own API lists them."""
        url = f"{self.stack.shops_url}/shopify/{self.account}/admin/api/2025-07/webhooks.json"
        answer = httpx.get(url, headers={"x-shopify-access-token": SHOP_TOKEN}, timeout=30).raise_for_status()
        return len(answer.json()["webhooks"])

    def tell(self, order: dict[str, Any]) -> str:
        """Post an order as the shop's own webhook would; the relay's answer in a word."""
        body = json.dumps(order).encode()
        headers = signing.sign(
            "shopify", body, self.secret, now=self.world.now(), topic="orders/paid", delivery_id="late"
        )
        answer = self.world.post.post(self.world.url(self.account, "shopify"), content=body, headers=headers)
        return str(answer.json()["status"])

    def watch(self) -> dict[str, int]:
        """`watch_sources`, as its schedule calls it every 15 minutes."""
        told: dict[str, int] = self.stack.invoke("WatchSourcesFunction")
        return told

    def hurry_the_look(self) -> None:
        """The watchdog looks at a shop's webhooks every six hours: let those be over."""

        async def aged() -> None:
            notes, now_ms = self.world.notes, self.world.now_ms()
            held = await notes.get(self.account, WATCH, "shopify") or {}
            looked_ms = int(held["looked_ms"]) - LOOK_EVERY_MS
            await notes.put(self.account, WATCH, "shopify", {**held, "looked_ms": looked_ms}, at_ms=now_ms)

        asyncio.run(aged())

    def invoices(self) -> Counter[Decimal]:
        """The totals of the invoices that Holded's sandbox holds."""
        held = self.company.documents().values()
        return Counter(Decimal(one["total"]) for one in held if one["_kind"] == "invoice")

    def open_deliveries(self) -> int:
        """How many deliveries of the account have not come to an end."""

        async def look() -> int:
            items = self.world.inbox.received(self.account, from_ms=0, to_ms=self.world.now_ms() + 1, limit=1000)
            return sum([item.open async for item in items])

        return asyncio.run(look())


def open_quiet(stack: LocalStack, world: World, account: str = QUIET) -> Quiet:
    """The company without a webhook, its account, its shop, and the shop's API made known to the relay."""
    control = f"{stack.sandbox_url}/_sandbox"
    asked = {"name": account, "plan": PLAN}
    made = httpx.post(f"{control}/companies", json=asked, timeout=30).raise_for_status().json()
    added = json.loads(_relay(stack, "account", "add", account, "--mode", "test", "--json", token=made["token"]))
    secret = added["sources"]["shopify"]["secret"]
    _shop(stack, account, "shops", token=SHOP_TOKEN, secret=secret)
    api = f"{stack.shops_url}/shopify/{account}"
    _relay(stack, "source", "set", account, "shopify", "--base-url", api, token=SHOP_TOKEN)
    company = Company(account=account, id=made["id"], base_url=control)
    return Quiet(stack=stack, world=world, company=company, account=account, secret=secret)


def _shop(stack: LocalStack, account: str, what: str, **given: Any) -> dict[str, Any]:
    asked = {"kind": "shopify", "name": account, **given}
    answer = httpx.post(f"{stack.shops_url}/control/{what}", json=asked, timeout=30).raise_for_status()
    found: dict[str, Any] = answer.json()
    return found


def _relay(stack: LocalStack, *arguments: str, token: str = "", code: int = 0) -> str:
    given = (
        {"RELAY_HOLDED_TOKEN": token, "RELAY_PROVIDER_TOKEN": token, "COLUMNS": "118"} if token else {"COLUMNS": "118"}
    )
    done = subprocess.run(
        [RELAY, *arguments], cwd=stack.folder, env=os.environ | given, capture_output=True, text=True, check=False
    )
    if done.returncode != code:
        raise RuntimeError(f"relay {' '.join(arguments[:2])} ended with {done.returncode}: {done.stderr}{done.stdout}")
    return done.stdout
