"""A source that fell silent is seen, its webhook is mended once, and what was missed becomes exactly one document each."""

from __future__ import annotations

import asyncio
import dataclasses
import json
from collections import Counter
from datetime import timedelta

import pytest

from relay.domain import silence
from relay.errors import OutcomeUnknown, Rejected, Unavailable
from relay.ports.accounts import AccountSecrets
from relay.providers import registry
from relay.services.times import at_ms
from relay.services.watchdog import LOOK_EVERY_MS
from tests.cli.conftest import over
from tests.services.shops import API_URL, SECRET, TOKENS, lived, open_shop, send_webhooks, watch
from tests.services.test_backfill import KINDS, bring, sell, subjects, undated
from tests.services.world import ACCOUNT, World


@pytest.fixture
def world():
    return World()


def subscribed(shop):
    """How often each topic is told to us, by those that are active."""
    found = Counter()
    for one in shop.subscriptions.values():
        if one.get("status", "active") in {"active", "enabled"}:
            found.update(one.get("enabled_events") or [one["topic"]])
    return found


def mended(shop):
    return Counter(registry.get(shop.kind).TOPICS)


def shop_that_refuses(method, status):
    def through(request, response):
        return dataclasses.replace(response, status=status, body=b"{}") if request.method == method else response

    return through


def one_of(done, source):
    (found,) = [one for one in done.watched if one.source == source]
    return found


def settled(world, kind, **options):
    """A shop whose webhooks are registered, with some weeks of habit."""
    shop = open_shop(world, kind, **options)
    watch(world)
    lived(world, kind)
    return shop


@pytest.mark.row("D21")
@pytest.mark.parametrize("kind", KINDS)
def test_the_first_look_registers_every_topic_once_and_the_next_ones_nothing(world, kind):
    shop = open_shop(world, kind)

    first = watch(world)
    calls = len(shop.calls)
    world.clock.advance(7 * 3600)
    again = watch(world)

    assert one_of(first, kind).mended
    assert subscribed(shop) == mended(shop)
    assert one_of(again, kind).mended == ()
    assert Counter(shop.calls[calls:])["POST"] == 0
    assert {one.split()[0] for one in shop.calls[calls:]} == {"GET"}


@pytest.mark.row("D21")
@pytest.mark.parametrize("kind", KINDS)
def test_orders_placed_while_the_subscription_was_gone_become_one_document_each(world, kind):
    """End to end: a live order, then the shop forgets us, three orders are missed, silence is found, all is healed."""
    shop = settled(world, kind)
    sell(world, shop, 1)
    assert set(send_webhooks(world)) == {200}
    bring(world)
    assert len(world.documents()) == 1
    shop.drop_subscriptions()
    for number in (2, 3, 4):
        world.clock.advance(1800)
        sell(world, shop, number)
        assert send_webhooks(world) == []

    became = []
    for _ in range(4 * 24):
        world.clock.advance(15 * 60)
        became.append(one_of(watch(world), kind))
    bring(world)

    assert subscribed(shop) == mended(shop)
    assert len(world.documents()) == 4
    assert sum(one.became == "silent" for one in became) <= 1
    sell(world, shop, 5)
    assert set(send_webhooks(world)) == {200}
    bring(world)
    world.settle(hours=2)
    assert len(world.documents()) == 5


@pytest.mark.parametrize("kind", ["woocommerce", "stripe"])
def test_a_disabled_webhook_is_activated_and_not_made_again(world, kind):
    shop = settled(world, kind)
    for one in shop.subscriptions.values():
        one["status"] = "disabled"
    ids = set(shop.subscriptions)
    world.clock.advance(7 * 3600)

    done = one_of(watch(world), kind)

    assert all(said.startswith("activated") for said in done.mended)
    assert set(shop.subscriptions) == ids
    assert subscribed(shop) == mended(shop)


@pytest.mark.row("D21")
def test_woocommerce_disables_after_failures_and_the_watchdog_heals_it(world):
    shop = settled(world, "woocommerce")
    held = world.accounts.secrets.pop(ACCOUNT)
    for number in range(1, 9):
        world.clock.advance(60)
        sell(world, shop, number)
        assert set(send_webhooks(world)) <= {404}
    assert "order.created" not in subscribed(shop)
    world.accounts.secrets[ACCOUNT] = held
    world.clock.advance(7 * 3600)

    done = one_of(watch(world), "woocommerce")
    bring(world)

    assert done.brought == 8
    assert len(world.documents()) == 8


def test_a_webhook_that_signed_with_another_secret_is_activated_with_ours(world):
    """Else it is refused and switched off again, for ever."""
    shop = settled(world, "woocommerce")
    for one in shop.subscriptions.values():
        one["secret"] = "another"
    for number in range(1, 9):
        world.clock.advance(60)
        sell(world, shop, number)
        assert set(send_webhooks(world)) <= {401}
    assert "order.created" not in subscribed(shop)
    world.clock.advance(7 * 3600)
    assert one_of(watch(world), "woocommerce").mended
    sell(world, shop, 9)

    assert set(send_webhooks(world)) == {200}


def test_a_silent_source_whose_webhooks_look_healthy_is_given_our_secret_once_a_day(world):
    shop = settled(world, "woocommerce")
    for one in shop.subscriptions.values():
        one["secret"] = "another"
    while one_of(watch(world), "woocommerce").state != "silent":
        world.clock.advance(15 * 60)
    assert {one["secret"] for one in shop.subscriptions.values()} == {SECRET}
    assert world.accounts.log[-1].after.startswith("gave its secret to")
    puts = Counter(one.split()[0] for one in shop.calls)["PUT"]
    days = []
    for _ in range(3):
        for _ in range(24 * 4):
            world.clock.advance(15 * 60)
            watch(world)
        days.append(Counter(one.split()[0] for one in shop.calls)["PUT"] - puts)
    sell(world, shop, 1)

    assert puts == len(shop.subscriptions)
    assert days == [puts, 2 * puts, 3 * puts]
    assert set(send_webhooks(world)) == {200}


@pytest.mark.parametrize("trouble", ["refused", "no secret"])
def test_where_the_secret_cannot_be_given_again_the_lists_are_read_all_the_same(world, trouble):
    shop = settled(world, "woocommerce")
    if trouble == "no secret":
        world.accounts.secrets.pop(ACCOUNT)
    world.provider_api.through = shop_that_refuses("PUT", 403)
    while one_of(watch(world), "woocommerce").state != "silent":
        world.clock.advance(15 * 60)
    sell(world, shop, 1)
    world.clock.advance(15 * 60)
    done = one_of(watch(world), "woocommerce")

    assert done.brought == 1


def test_an_order_without_a_time_of_change_holds_up_no_backfill(world):
    shop = settled(world, "woocommerce")
    shop.drop_subscriptions()
    for number in range(1, 8):
        world.clock.advance(60)
        sell(world, shop, number)
    shop.largest_page = 3
    world.provider_api.through = undated(-1)
    world.clock.advance(7 * 3600)

    done = one_of(watch(world), "woocommerce")
    bring(world)

    assert (done.refused, len(world.documents())) == ("", 7)


@pytest.mark.row("D21")
def test_shopify_removes_the_subscription_after_four_hours_of_failures(world):
    shop = settled(world, "shopify")
    held = world.accounts.secrets.pop(ACCOUNT)
    sell(world, shop, 1)
    for _ in range(5 * 12):
        send_webhooks(world)
        world.clock.advance(300)
    assert "orders/create" not in subscribed(shop)
    world.accounts.secrets[ACCOUNT] = held
    world.clock.advance(3 * 3600)

    watch(world)
    bring(world)

    assert subscribed(shop) == mended(shop)
    assert len(world.documents()) == 1


def test_a_silence_without_a_credential_is_told_once_and_keeps_its_state(world):
    lived(world, "standard")
    told = []
    for _ in range(4 * 48):
        world.clock.advance(15 * 60)
        told.append(one_of(watch(world), "standard"))

    assert [one.became for one in told if one.became] == ["silent"]
    assert told[-1].state == "silent"


def test_a_source_that_was_given_up_is_forgotten_after_four_weeks(world):
    lived(world, "standard")
    became = []
    for _ in range(40):
        world.clock.advance(24 * 3600)
        became.append(one_of(watch(world), "standard").became)

    assert [one for one in became if one] == ["silent", "forgotten"]
    assert watch(world).silent == 0


@pytest.mark.row("E03")
def test_an_account_that_nobody_serves_any_more_is_not_watched(world):
    shop = settled(world, "shopify")
    shop.drop_subscriptions()
    assert over(world).run("account", "remove", ACCOUNT, "--yes", "--force").exit_code == 0
    world.clock.advance(3 * 24 * 3600)

    assert (watch(world).watched, subscribed(shop)) == ([], Counter())
    assert world.providers.held == {}


def run(world, *args):
    result = over(world).run(*args, env={"RELAY_PROVIDER_TOKEN": TOKENS["woocommerce"]})
    assert result.exit_code == 0, result.stderr


@pytest.mark.parametrize("end", [("source", "remove", ACCOUNT, "woocommerce"), ("account", "remove", ACCOUNT, "--yes")])
def test_a_source_that_was_removed_and_is_set_again_begins_then(world, end):
    shop = settled(world, "woocommerce")
    world.clock.advance(7 * 3600)
    watch(world)
    run(world, *end)
    shop.drop_subscriptions()
    world.clock.advance(20 * 86_400)
    sell(world, shop, 9)
    account = world.accounts.accounts[ACCOUNT]
    world.accounts.accounts[ACCOUNT] = dataclasses.replace(account, status="active", status_reason="")
    secrets = AccountSecrets(account=ACCOUNT, secrets={"woocommerce": (SECRET,)}, bindings={})
    world.accounts.secrets[ACCOUNT] = secrets
    run(world, "source", "set", ACCOUNT, "woocommerce", "--base-url", "https://shops.example/woocommerce/acme")
    done = one_of(watch(world), "woocommerce")
    bring(world)

    assert (done.brought, world.documents()) == (0, [])
    assert done.mended


def test_what_a_run_wrote_while_its_source_was_removed_is_nothing_that_the_next_one_missed(world):
    shop = settled(world, "woocommerce")
    world.clock.advance(7 * 3600)
    watch(world)
    note = world.notes.held[ACCOUNT, "watch", "woocommerce"]
    run(world, "source", "remove", ACCOUNT, "woocommerce")
    world.notes.held[ACCOUNT, "watch", "woocommerce"] = note
    shop.drop_subscriptions()
    world.clock.advance(20 * 86_400)
    sell(world, shop, 9)
    run(world, "source", "set", ACCOUNT, "woocommerce", "--base-url", "https://shops.example/woocommerce/acme")

    assert one_of(watch(world), "woocommerce").brought == 0


def test_a_credential_that_is_given_to_a_silent_source_brings_what_was_missed(world):
    shop = open_shop(world, "woocommerce")
    world.providers.held.clear()
    lived(world, "woocommerce")
    world.clock.advance(60)
    sell(world, shop, 1)
    while one_of(watch(world), "woocommerce").state != "silent":
        world.clock.advance(3600)
    run(world, "source", "set", ACCOUNT, "woocommerce", "--base-url", "https://shops.example/woocommerce/acme")

    assert one_of(watch(world), "woocommerce").brought >= 1


def test_another_shop_in_place_of_the_first_begins_when_it_is_set(world):
    settled(world, "woocommerce")
    world.clock.advance(7 * 3600)
    watch(world)
    other = world.shops.open("woocommerce", "other", token=TOKENS["woocommerce"], secret=SECRET)
    run(world, "source", "set", ACCOUNT, "woocommerce", "--base-url", "https://shops.example/woocommerce/other")
    world.clock.advance(5 * 86_400)
    sell(world, other, 1)
    done = one_of(watch(world), "woocommerce")
    bring(world)

    assert (done.state, done.brought, world.documents()) == ("learning", 0, [])
    assert subscribed(other) == mended(other)


def test_a_new_token_of_the_same_shop_loses_nothing_of_what_was_missed(world):
    shop = settled(world, "woocommerce")
    world.clock.advance(7 * 3600)
    watch(world)
    shop.drop_subscriptions()
    sell(world, shop, 1)
    run(world, "source", "set", ACCOUNT, "woocommerce", "--base-url", "https://shops.example/woocommerce/acme")
    world.clock.advance(7 * 3600)
    watch(world)
    bring(world)

    assert len(world.documents()) == 1


def test_what_the_watchdog_wrote_later_than_this_machines_time_is_not_forgotten_silently(world):
    settled(world, "woocommerce")
    world.clock.advance(-60)
    result = over(world).run("source", "remove", ACCOUNT, "woocommerce")

    assert (result.exit_code, "note_is_newer" in result.stderr) == (1, True)
    assert world.providers.held


def test_no_sender_can_mark_a_delivery_as_imported(world):
    from relay.domain.sources import imported, registry

    shop = settled(world, "shopify")
    sell(world, shop, 1)
    for post in shop.posts:
        post.headers[imported.HEADER] = "1"
    assert set(send_webhooks(world)) == {200}

    assert not any(imported.is_imported(item.delivery) for item in world.inbox.items.values())
    assert all(imported.HEADER not in source.KEPT_HEADERS for source in registry.SOURCES.values())


def test_the_window_is_exactly_the_silent_one(world):
    """What was changed long before the last delivery is not asked for."""
    shop = settled(world, "shopify")
    sell(world, shop, 1)
    world.clock.advance(3600)
    lived(world, "shopify")
    last = world.clock.now()
    shop.drop_subscriptions()
    asked = []
    world.provider_api.meddle = lambda request: asked.append(dict(request.query).get("updated_at_min"))
    while True:
        world.clock.advance(15 * 60)
        if one_of(watch(world), "shopify").mended:
            break

    since = (last - timedelta(minutes=5)).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert {one for one in asked if one} <= {since}
    assert world.inbox.items == {}


def young_hidden(world, key, seconds):
    """The shop's list of orders shows each so many seconds late."""

    def through(request, response):
        if request.method != "GET" or "/orders" not in request.path or response.status != 200:
            return response
        body = json.loads(response.body)
        rows = body if isinstance(body, list) else body["orders"]
        latest = (world.clock.now() - timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%S")
        kept = [one for one in rows if one[key][:19] <= latest]
        return dataclasses.replace(
            response, body=json.dumps(kept if isinstance(body, list) else {"orders": kept}).encode()
        )

    world.provider_api.through = through


@pytest.mark.parametrize(("kind", "key"), [("shopify", "updated_at"), ("woocommerce", "date_modified_gmt")])
def test_an_order_of_a_moment_before_the_mending_is_brought_though_the_list_lags(world, kind, key):
    shop = settled(world, kind)
    world.clock.advance(7 * 3600)
    watch(world)
    shop.drop_subscriptions()
    world.clock.advance(6 * 3600 + 60)
    lived(world, kind)
    sell(world, shop, 1)
    world.clock.advance(30)
    young_hidden(world, key, 60)
    assert one_of(watch(world), kind).mended
    reads = []
    for _ in range(3):
        world.clock.advance(15 * 60)
        before = len(shop.calls)
        watch(world)
        reads.append(sum("orders" in one for one in shop.calls[before:]) > 0)
    bring(world)

    assert len(world.documents()) == 1
    assert reads == [True, False, False]


def test_while_it_stays_silent_its_lists_are_read_so_a_webhook_that_cannot_be_mended_is_a_poll(world):
    shop = settled(world, "shopify", register=False)
    while one_of(watch(world), "shopify").state != "silent":
        world.clock.advance(15 * 60)
    brought = []
    for number in range(1, 5):
        sell(world, shop, number)
        world.clock.advance(15 * 60)
        brought.append(one_of(watch(world), "shopify").brought)

    assert brought == [1, 1, 1, 1]
    assert subscribed(shop) == Counter()
    assert one_of(watch(world), "shopify").refused == "registering_not_allowed"


def test_what_an_import_brought_is_no_sign_of_life(world):
    from functions.publish_event.handler import handle as publish_event
    from relay.services.arrivals import CountArrivals
    from tests.services.road import Silent

    def record(number, headers):
        image = {"s": {"S": "shopify"}, "r": {"N": "7200001"}, "h": {"M": headers}}
        keys = {"pk": {"S": f"acme#d{number}"}}
        return {"eventName": "INSERT", "dynamodb": {"Keys": keys, "NewImage": image, "SequenceNumber": str(number)}}

    records = [record(1, {}), record(2, {"relay-imported": {"S": "1"}}), record(3, {})]
    count = CountArrivals(arrivals=world.arrivals)
    asyncio.run(publish_event({"Records": records}, publish=world.publish, log=Silent(), count=count))

    assert world.arrivals.hours == {("acme", "shopify"): {7_200_000: 2}}


def test_a_count_that_cannot_be_written_holds_up_no_event():
    from relay.ports.providers import Arrival
    from relay.services.arrivals import CountArrivals

    class Away:
        async def add(self, *_, **__):
            raise Unavailable("throttled")

    asyncio.run(CountArrivals(arrivals=Away())([Arrival(account="acme", source="shopify", received_ms=1)]))


def test_a_stripe_endpoint_whose_secret_was_lost_is_replaced(world):
    """The one who made it died before the secret was stored: nobody can verify what it sends."""
    shop = open_shop(world, "stripe")
    keep = world.accounts.set_webhook_secrets

    async def away(*_):
        raise Unavailable("throttled")

    world.accounts.set_webhook_secrets = away
    assert one_of(watch(world), "stripe").refused == "throttled"
    world.accounts.set_webhook_secrets = keep
    (lost,) = shop.subscriptions

    watch(world)

    (kept,) = shop.subscriptions
    assert kept != lost
    assert world.accounts.secrets[ACCOUNT].secrets["stripe"] == (shop.subscriptions[kept]["secret"],)
    sell(world, shop, 1)
    assert set(send_webhooks(world)) == {200}


def test_a_new_secret_of_stripe_stands_before_the_old_one(world):
    shop = settled(world, "stripe")
    old = world.accounts.secrets[ACCOUNT].secrets["stripe"]
    shop.drop_subscriptions()
    world.clock.advance(7 * 3600)

    watch(world)

    assert world.accounts.secrets[ACCOUNT].secrets["stripe"][1:] == old


def test_a_lost_reply_of_a_registration_is_found_at_the_next_look(world):
    shop = open_shop(world, "woocommerce")
    call = world.provider_api.call

    async def loses(request, credential, *, timeout_ms):
        await call(request, credential, timeout_ms=timeout_ms)
        if request.writes:
            raise OutcomeUnknown("reply_lost")
        return await call(request, credential, timeout_ms=timeout_ms)

    world.provider_api.call = loses
    for _ in range(10):
        watch(world)
        world.clock.advance(7 * 3600)

    assert subscribed(shop) == mended(shop)


@pytest.mark.parametrize("looked_before", [True, False])
def test_a_registration_that_is_refused_is_tried_again_by_the_next_run_and_what_was_sold_meanwhile_is_brought(
    world, looked_before
):
    shop = settled(world, "shopify") if looked_before else open_shop(world, "shopify")
    shop.drop_subscriptions()
    world.clock.advance(7 * 3600)
    call = world.provider_api.call

    async def refuses(request, credential, *, timeout_ms):
        if request.writes:
            raise Rejected("refused")
        return await call(request, credential, timeout_ms=timeout_ms)

    world.provider_api.call = refuses
    first = one_of(watch(world), "shopify")
    world.provider_api.call = call
    world.clock.advance(300)
    sell(world, shop, 1)
    send_webhooks(world)
    world.clock.advance(15 * 60)
    again = one_of(watch(world), "shopify")
    bring(world)

    assert first.refused
    assert (again.refused, subscribed(shop)) == ("", mended(shop))
    assert len(world.documents()) == 1
    sell(world, shop, 2)
    assert set(send_webhooks(world)) == {200}
    world.clock.advance(15 * 60)
    watch(world)
    calls = len(shop.calls)
    world.clock.advance(15 * 60)
    watch(world)
    assert shop.calls[calls:] == [], "once it stands and speaks, the next look is due in hours"


@pytest.mark.parametrize("kind", KINDS)
def test_webhooks_that_are_listed_without_end_are_not_registered_a_second_time(world, kind):
    shop = settled(world, kind)
    there = dict(shop.subscriptions)
    shop.largest_page, pages = 1, []

    def endless(request, response):
        if request.method == "GET" and "webhook" in request.path:
            pages.append(request)
            number = len(pages)
            rows = [{"id": number, "url": "https://other.example", "topic": "x", "status": "enabled"}]
            body = {
                "shopify": {"webhooks": rows},
                "stripe": {"data": [{**rows[0], "id": f"we_{number}"}], "has_more": True},
            }
            link = f"<https://x.test/?page_info={number}>; rel=next"
            named = {"link": link, "x-wp-totalpages": "99999"}
            return dataclasses.replace(
                response, status=200, headers=named, body=json.dumps(body.get(kind, rows)).encode()
            )
        return response

    world.provider_api.through = endless
    world.clock.advance(7 * 3600)

    done = one_of(watch(world), kind)

    assert (done.refused, done.mended) == ("list_stands_still", ())
    assert (shop.subscriptions, len(pages)) == (there, 20)


NARROWED = [
    {"format": "xml"},
    {"fields": ["id", "updated_at"]},
    {"include_fields": ["id"]},
    {"filter": "total_price:>=100.00"},
]


@pytest.mark.parametrize("narrowed", NARROWED)
def test_a_webhook_of_ours_that_nobody_can_use_is_replaced_and_what_it_spoiled_is_brought(world, narrowed):
    shop = settled(world, "shopify")
    spoiled = {key for key, one in shop.subscriptions.items() if one["topic"].startswith("orders/")}
    for key in spoiled:
        shop.subscriptions[key] |= narrowed
    sell(world, shop, 1)
    send_webhooks(world)
    world.clock.advance(7 * 3600)

    done = one_of(watch(world), "shopify")
    bring(world)

    assert not spoiled & shop.subscriptions.keys()
    assert (subscribed(shop), len(world.documents())) == (mended(shop), 1)
    assert all(one["format"] == "json" and not one.get("fields") for one in shop.subscriptions.values())
    assert sorted({said.split()[0] for said in done.mended}) == ["registered", "replaced"]
    sell(world, shop, 2)
    assert set(send_webhooks(world)) == {200}
    bring(world)
    assert len(world.documents()) == 2
    world.clock.advance(7 * 3600)
    assert one_of(watch(world), "shopify").mended == ()


@pytest.mark.parametrize(
    "told", [{}, {"format": None}, {"format": "JSON"}, {"fields": []}, {"fields": None}, {"filter": ""}]
)
def test_a_webhook_that_is_as_ours_are_is_left_as_it_is(world, told):
    shop = settled(world, "shopify")
    for one in shop.subscriptions.values():
        del one["format"]
        one.update(told)
    ids = set(shop.subscriptions)
    world.clock.advance(7 * 3600)

    assert (one_of(watch(world), "shopify").mended, set(shop.subscriptions)) == ((), ids)


def test_a_webhook_that_nobody_can_use_elsewhere_is_left_alone(world):
    shop = settled(world, "shopify")
    theirs = {
        "id": 7,
        "topic": "orders/paid",
        "address": "https://other.example/hook",
        "format": "xml",
        "fields": ["id"],
    }
    shop.subscriptions["7"] = dict(theirs)
    world.clock.advance(7 * 3600)

    assert (one_of(watch(world), "shopify").mended, shop.subscriptions["7"]) == ((), theirs)


def test_a_webhook_that_nobody_can_use_makes_the_watchdog_a_poll_where_it_may_not_replace_it(world):
    shop = settled(world, "shopify")
    for one in shop.subscriptions.values():
        one["fields"] = ["id"]
    asyncio.run(
        world.providers.put(ACCOUNT, dataclasses.replace(world.providers.held[ACCOUNT, "shopify"], register=False))
    )
    sell(world, shop, 1)
    world.clock.advance(7 * 3600)

    done = one_of(watch(world), "shopify")
    bring(world)

    assert (done.refused, len(world.documents())) == ("registering_not_allowed", 1)


@pytest.mark.parametrize("kind", ["woocommerce", "stripe"])
def test_a_webhook_of_another_version_delivers_what_is_read_and_is_left_as_it_is(world, kind):
    shop = settled(world, kind)
    for one in shop.subscriptions.values():
        one["api_version"] = {"woocommerce": "legacy_v3", "stripe": "2015-01-11"}[kind]
    ids = set(shop.subscriptions)
    world.clock.advance(7 * 3600)

    assert (one_of(watch(world), kind).mended, set(shop.subscriptions)) == ((), ids)


@pytest.mark.parametrize("kind", ["woocommerce", "stripe"])
def test_topics_that_a_webhook_of_ours_lost_are_told_again(world, kind):
    """Somebody switched some of its events off, or pointed it to another topic."""
    shop = settled(world, kind)
    one = next(iter(shop.subscriptions.values()))
    one |= {"enabled_events": ["customer.created"]} if kind == "stripe" else {"topic": "coupon.created"}
    sell(world, shop, 1)
    world.clock.advance(7 * 3600)

    watch(world)
    bring(world)

    assert subscribed(shop).keys() >= mended(shop).keys()
    assert len(world.documents()) == 1


def test_a_webhook_of_somebody_else_is_left_alone(world):
    shop = open_shop(world, "woocommerce")
    shop.subscriptions["7"] = {
        "id": 7, "topic": "order.created", "delivery_url": "https://other.example/hook", "status": "disabled", "failures": 9,
    }  # fmt: skip
    watch(world)

    assert shop.subscriptions["7"]["status"] == "disabled"
    assert all(one["delivery_url"].startswith(API_URL) for key, one in shop.subscriptions.items() if key != "7")


def test_a_webhook_needs_a_secret_to_be_registered_with(world):
    shop = open_shop(world, "woocommerce")
    world.accounts.secrets.clear()

    assert one_of(watch(world), "woocommerce").refused == "secret_missing"
    assert not shop.subscriptions


def test_a_provider_that_refuses_holds_up_no_other(world):
    refusing = open_shop(world, "shopify")
    other = open_shop(world, "woocommerce")
    refusing.refuse = [401] * 9

    done = watch(world)

    assert one_of(done, "shopify").refused == "credential_refused"
    assert subscribed(other) == mended(other)
    assert done.unmended == 1


def test_a_topic_without_a_scope_keeps_no_other_from_being_registered_and_is_no_illness(world):
    shop = open_shop(world, "shopify")
    shop.closed = {"customers"}
    sell(world, shop, 1)

    first = one_of(watch(world), "shopify")
    calls = len(shop.calls)
    world.clock.advance(7 * 3600)
    again = one_of(watch(world), "shopify")
    asked = Counter(call.split()[0] for call in shop.calls[calls:])
    world.clock.advance(8 * 24 * 3600)
    shop.closed = set()
    later = one_of(watch(world), "shopify")

    assert (first.refused, again.refused, again.mended) == ("", "", ())
    assert asked["POST"] == 0, "what was denied is not asked for at every look"
    assert [said.split()[1] for said in later.mended] == ["customers/create", "customers/update"]
    assert subscribed(shop) == mended(shop)


def test_a_provider_that_is_away_for_a_moment_is_no_alarm_and_for_an_hour_is_one(world):
    open_shop(world, "shopify")
    world.provider_api.away = True
    told = []
    for _ in range(6):
        told.append(watch(world).unmended)
        world.clock.advance(15 * 60)
    world.provider_api.away = False

    assert told == [0, 0, 0, 0, 1, 1]
    assert watch(world).unmended == 0


def test_what_a_run_has_no_time_for_is_the_next_ones(world):
    shop = open_shop(world, "shopify")

    assert watch(world, seconds=0).late == 1
    watch(world)
    assert subscribed(shop) == mended(shop)


def test_a_large_backfill_is_done_in_pieces(world):
    shop = settled(world, "shopify")
    shop.drop_subscriptions()
    for number in range(1, 61):
        sell(world, shop, number)
        world.clock.advance(20)
    shop.largest_page = 5
    world.clock.advance(7 * 3600)
    world.provider_api.meddle = lambda _: world.clock.advance(10)
    runs = 0
    while not runs or len(world.inbox.items) < 60:
        watch(world, seconds=100)
        world.clock.advance(15 * 60 - 100)
        runs += 1
        assert runs < 12

    assert runs > 1


@pytest.mark.row("E04")
def test_every_mending_is_in_the_change_log_without_a_secret(world):
    for kind in KINDS:
        open_shop(world, kind)
    watch(world)

    log = [change for change in world.accounts.log if change.who == "watchdog"]
    assert {change.what for change in log} == {f"webhook.{kind}" for kind in KINDS}
    words = repr(log)
    assert not any(secret in words for secret in (*TOKENS.values(), SECRET, "whsec_"))


def test_quiet_accounts_cost_no_call_of_a_provider_and_open_no_credential(world):
    """Judging is reads of ours alone, of many accounts at a time; a run that is too short leaves out others the next time."""
    shop = settled(world, "shopify")
    for number in range(50):
        name = f"a{number}"
        world.accounts.accounts[name] = dataclasses.replace(world.accounts.accounts[ACCOUNT], account=name)
        lived(world, "shopify", account=name)
    calls = len(shop.calls)
    world.clock.advance(60)
    world.providers.get = None

    done = watch(world)

    assert (len(shop.calls), len(done.watched), done.late) == (calls, 51, 0)


def test_habits_are_kept_small(world):
    lived(world, "shopify", weeks=6)
    world.clock.advance(3 * 24 * 3600)
    watch(world)
    from relay.adapters import _json

    (fields,) = [held for (_, kind, _), (_, held) in world.notes.held.items() if kind == "watch"]

    assert silence.from_fields(fields).hours > 5 * silence.HOURS
    assert len(_json.pack(fields, field="x")) < 1000
    assert at_ms(world.clock.now()) > fields["until_ms"]


def test_what_a_stopped_reading_has_not_come_to_is_the_next_runs(world, monkeypatch):
    """However few rounds a reading has: where its lists were read up to, the next one begins."""
    monkeypatch.setattr("relay.services.backfill.MOST_ROUNDS", 1)
    shop = settled(world, "shopify")
    shop.subscriptions.clear()
    world.clock.advance(60)
    sell(world, shop, 1)
    world.clock.advance(LOOK_EVERY_MS / 1000)
    world.provider_api.meddle = lambda request: world.clock.advance(40 if request.method == "GET" else 0)
    assert one_of(watch(world, seconds=90), "shopify").refused == "out_of_time"
    world.provider_api.meddle = lambda _: None
    for one in shop.subscriptions.values():
        one["topic"] = "shop/update"  # lost once more
    world.clock.advance(1800)
    sell(world, shop, 2)
    world.clock.advance(900)

    for _ in range(3):
        watch(world)
        world.clock.advance(900)

    assert set(subjects(world).values()) == {1}
    assert len(subjects(world)) == 2
