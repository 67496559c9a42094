"""A shop with an API: orders placed in it, webhooks that it posts itself, and subscriptions that it forgets."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from relay.errors import RetryAt, Unavailable
from relay.ports.providers import ProviderCredential
from relay.providers.protocol import decipher
from relay.services.backfill import Backfill
from relay.services.subscriptions import Subscriptions
from relay.services.watchdog import LOOK_EVERY_MS, WATCH, Watchdog
from tests.services.shops import asked
from tests.simulation.faults import TABLE_READ

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from shop_sandbox.core import Shops
    from tests.simulation.machines import Machine
    from tests.simulation.plan import Delivery
    from tests.simulation.world import Universe

API_URL = "https://relay.example"
SOURCE = "shopify"
PORTS = ("accounts", "providers", "arrivals", "notes", "inbox")


class ShopLine:
    """`ProviderApi` of one machine, or of nobody's (`machine` None), over the core of the shop sandbox."""

    def __init__(self, universe: Universe, machine: Machine | None = None) -> None:
        self._universe, self._machine = universe, machine

    async def call(self, request: Any, credential: ProviderCredential, *, timeout_ms: int) -> Any:
        async def answered() -> Any:
            return self._answered(request, credential)

        if self._machine is None:
            return await answered()
        try:
            return await self._machine.strike(f"shop:{request.method} {request.path}", TABLE_READ, answered)
        except Unavailable:
            raise RetryAt("not_sent", retry_at=self._machine.now()) from None

    def _answered(self, request: Any, credential: ProviderCredential) -> Any:
        universe = self._universe
        response = asked(universe.shops, request, credential, universe.epoch())
        return decipher(request, response.status, response.headers, response.body, universe.now())


def watchdog(universe: Universe, machine: Machine | None = None) -> Watchdog:
    """As the function's `main.py` wires it; without a machine nothing happens to its calls."""
    ports: dict[str, Any] = {name: machine.port(name) if machine else getattr(universe, name) for name in PORTS}
    api, clock = ShopLine(universe, machine), machine or universe
    inbox = ports.pop("inbox")
    return Watchdog(
        **ports,
        subscriptions=Subscriptions(accounts=ports["accounts"], api=api, clock=clock, who="watchdog"),  # type: ignore[arg-type]
        backfill=Backfill(inbox=inbox, notes=ports["notes"], api=api, clock=clock),  # type: ignore[arg-type]
        clock=clock,  # type: ignore[arg-type]  # whatever has `now()`
        api_url=API_URL,
    )


async def open_shop(universe: Universe, account: str) -> None:
    """Its webhooks are registered and the relay has looked at them when the story begins."""
    token = f"shpat_{account}"
    universe.hidden.add(token)
    universe.shops.open(SOURCE, account, token=token, secret=universe.senders[account, SOURCE])
    credential = ProviderCredential(
        source=SOURCE, base_url=f"https://shops.example/{SOURCE}/{account}", token=token, register=True
    )
    await universe.providers.put(account, credential)


async def first_look(universe: Universe) -> None:
    if universe.shops.shops:
        await watchdog(universe)(deadline_ms=2**60)


def hear(universe: Universe, silent: int) -> None:
    """What a run of the watchdog counts, which is what the alarm looks at."""
    if not universe.silences or universe.silences[-1][1] != silent:
        universe.silences.append((universe.seconds(), silent))


def next_look_s(universe: Universe, start_s: float) -> float | None:
    """When a source is to be looked at again; the silence of a short story proves nothing."""
    if universe.plan.habits:
        return universe.seconds()
    notes = [fields for (_, kind, _), (_, fields) in universe.notes.held.items() if kind == WATCH]
    due = [0 if each["from_ms"] else each["looked_ms"] + LOOK_EVERY_MS for each in notes]
    return min(due) / 1000 - start_s - universe.plan.skew_s if due else None


def place(universe: Universe, delivery: Delivery) -> None:
    """Somebody buys: the order stands in the shop's lists, and its subscribers are owed a webhook."""
    shop = universe.shops.shops[SOURCE, delivery.account]
    shop.secret = universe.senders[delivery.account, SOURCE]
    universe.shops.change(shop, "orders", delivery.body, universe.epoch())
    if delivery.account in universe.mute:
        shop.posts.clear()
    universe.lambdas.news["shop"].set()


async def shop_forgets(universe: Universe, account: str, _: int) -> None:
    """Its subscriptions are gone, and nothing says so."""
    shop = universe.shops.shops.get((SOURCE, account))
    if shop is not None:
        shop.drop_subscriptions()


async def shop_goes_mute(universe: Universe, account: str, _: int) -> None:
    """Its subscriptions stand, and nothing of them arrives: only its silence tells."""
    universe.mute.add(account)


async def shop_speaks_again(universe: Universe, account: str, _: int) -> None:
    universe.mute.discard(account)


async def run_shops(universe: Universe) -> None:
    """The shops post what they owe, and try again as Shopify does."""
    news: asyncio.Event = universe.lambdas.news["shop"]

    async def post(one: Any) -> int:
        _, _, account, source = urlsplit(one.url).path.split("/")
        return await universe.post(account, source, one.body, dict(one.headers)) or 503

    while True:
        news.clear()
        first = _first_due(universe.shops)
        try:
            async with asyncio.timeout(None if first is None else max(0.0, first - universe.epoch())):
                await news.wait()
            continue
        except TimeoutError:
            await universe.shops.deliver(universe.epoch(), post)
        await asyncio.sleep(0.1)


def _first_due(shops: Shops) -> float | None:
    return min((post.due for shop in shops.shops.values() for post in shop.posts), default=None)


def owes(shops: Shops) -> bool:
    return any(shop.posts for shop in shops.shops.values())


def silence_was_found(universe: Universe) -> Iterator[str]:
    """12: a mute shop is counted as silent before it speaks again, and until then; no quiet hour is taken for a silence."""
    if universe.plan.habits:
        told = [(at_s, "silent" if count else "heard") for at_s, count in universe.silences]
        done = [(each.at_s, each.name) for each in universe.plan.actions if each.name in MUTED]
        if [what for _, what in sorted([*told, *done])] != _SILENCE:
            yield f"12: {sorted([*told, *done])}"


_SILENCE = ["heard", "shop_goes_mute", "silent", "shop_speaks_again", "heard"]
SHOP: tuple[Callable[..., Any], ...] = (shop_forgets, shop_goes_mute, shop_speaks_again)
MUTED = frozenset({"shop_goes_mute", "shop_speaks_again"})
