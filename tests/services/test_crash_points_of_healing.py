"""Whoever imports or watches dies before and after each call of a port; run again, it comes to the same end."""

from __future__ import annotations

import asyncio
import functools
from datetime import timedelta

import pytest

from relay.ports.providers import Arrival
from relay.services.arrivals import CountArrivals
from tests.services.shops import imported, lived, open_shop, send_webhooks, watch
from tests.services.test_backfill import KINDS, bring, sell
from tests.services.wire import Killed, Wire
from tests.services.world import World

PAGE = 2


def a_list(kind):
    world = World()
    shop = open_shop(world, kind)
    for number in range(1, 6):
        sell(world, shop, number)
        world.clock.advance(5)
    shop.largest_page = PAGE
    return world


def an_import(world, kind, ports):
    # Two instants a crash apart name the same import only where its end is given.
    imported(world, kind, since=world.clock.now() - timedelta(days=1), until=world.clock.now(), ports=ports)


def a_dropped_subscription(kind):
    """Orders were missed, and hours have passed."""
    world = World()
    shop = open_shop(world, kind)
    watch(world)
    lived(world, kind)
    shop.drop_subscriptions()
    for number in (1, 2):
        sell(world, shop, number)
    world.clock.advance(20 * 3600)
    return world


def a_narrowed_webhook(kind):
    """What it delivers is of no use, and hours have passed."""
    world = World()
    shop = open_shop(world, kind)
    watch(world)
    for one in shop.subscriptions.values():
        one["fields"] = ["id"]
    for number in (1, 2):
        sell(world, shop, number)
    send_webhooks(world)
    world.clock.advance(7 * 3600)
    return world


def a_watch(world, kind, ports):
    watch(world, ports)


def a_mended_shop(world, kind):
    """In the end every webhook stands once and works, and what was missed is written once."""
    for _ in range(3):
        world.clock.advance(7 * 3600)
        watch(world)
    shop = world.shops.shops[kind, "acme"]
    sell(world, shop, 9)
    assert set(send_webhooks(world)) == {200}
    bring(world)
    topics = sorted(str(one.get("enabled_events") or one["topic"]) for one in shop.subscriptions.values())
    return topics, sorted(str(document["total"]) for document in world.documents())


def what_came_in(world, kind):
    return sorted(inbox_id for _, inbox_id in world.inbox.items)


def a_count(world, kind, ports):
    """What dies here is counted too little or twice: a statistic, on which no event hangs."""
    asyncio.run(
        CountArrivals(arrivals=ports.get("arrivals", world.arrivals))(
            [Arrival(account="acme", source=kind, received_ms=1)]
        )
    )


def counted(world, kind):
    return set(world.arrivals.hours["acme", kind])


STORIES = {
    **{f"import, {kind}": (kind, a_list, an_import, what_came_in) for kind in KINDS},
    "count, shopify": ("shopify", lambda _: World(), a_count, counted),
    "replace, shopify": ("shopify", a_narrowed_webhook, a_watch, a_mended_shop),
    **{f"watch, {kind}": (kind, a_dropped_subscription, a_watch, a_mended_shop) for kind in KINDS},
}


def told(name, *, at=None, mode="before"):
    kind, before, doing, after = STORIES[name]
    world = before(kind)
    wire = Wire(world, at=at, mode=mode)
    try:
        doing(world, kind, wire.ports())
    except Killed:
        doing(world, kind, {})
    return after(world, kind), tuple(wire.names)


@functools.cache
def undisturbed(name):
    return told(name)


@pytest.mark.row("D21")
@pytest.mark.parametrize("mode", ["before", "after"])
@pytest.mark.parametrize("name", STORIES)
def test_who_dies_is_met_by_what_stands(name, mode):
    expected, calls = undisturbed(name)
    wrong = []
    for at, call in enumerate(calls):
        got, _ = told(name, at=at, mode=mode)
        if got != expected:
            wrong.append(f"{mode} call {at} ({call}): {got}")

    print(f"{name}: {len(calls)} crash points")
    assert not wrong, f"{len(wrong)} of {len(calls)}, expected {expected}\n" + "\n".join(wrong)


@pytest.mark.parametrize("kind", KINDS)
def test_a_killed_import_goes_on_where_it_was(kind):
    """Of five pages or more, the second process asks for no page again that the first had passed."""
    _, calls = undisturbed(f"import, {kind}")
    whole = calls.count("provider_api.call")
    last_page = max(at for at, call in enumerate(calls) if call == "provider_api.call")
    world = a_list(kind)
    shop = world.shops.shops[kind, "acme"]
    with pytest.raises(Killed):
        an_import(world, kind, Wire(world, at=last_page).ports())
    before = len(shop.calls)

    an_import(world, kind, {})

    assert len(shop.calls) - before < whole / 2
