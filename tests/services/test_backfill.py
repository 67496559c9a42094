"""What a provider's lists show comes into the inbox once, as its webhook would have told it, whatever moves while they are read."""

from __future__ import annotations

import copy
import json
from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from relay.domain.sources import identity, registry
from relay.errors import NotAllowed, Rejected
from relay.services.times import at_ms
from relay.services.unfold import unfold
from shop_sandbox.samples import replay
from tests.domain.sources import payloads
from tests.services.shops import backfill, credential_of, imported, open_shop, send_webhooks
from tests.services.world import ACCOUNT, World, shopify_order

KINDS = ("shopify", "woocommerce", "stripe")
DAY = timedelta(days=1)


def woo_order(number, **extra):
    return copy.deepcopy(payloads.WOO_ORDER) | {"id": number, "number": str(number), "refunds": []} | extra


def stripe_invoice(number):
    return copy.deepcopy(payloads.STRIPE_INVOICE) | {"id": f"in_{number}", "number": f"F-{number}"}


def sell(world, shop, number, **extra):
    """A paid sale: in the shop's lists from now on, and told to its subscribers."""
    now = world.clock.now().timestamp()
    if shop.kind == "shopify":
        return world.shops.change(shop, "orders", shopify_order(number, **extra), now)
    if shop.kind == "woocommerce":
        return world.shops.change(shop, "orders", woo_order(number, **extra), now)
    return world.shops.event(shop, "invoice.paid", stripe_invoice(number), now)


def subjects(world):
    """How many deliveries the inbox holds of each object."""
    found = Counter()
    for item in world.inbox.items.values():
        delivery = item.delivery
        found[registry.get(delivery.source).identify(delivery.body, delivery.headers).object_id] += 1
    return found


@pytest.fixture
def world():
    return World()


@pytest.mark.parametrize("kind", KINDS)
def test_what_the_list_holds_comes_in_once_and_a_second_import_brings_nothing(world, kind):
    shop = open_shop(world, kind)
    for number in range(1, 8):
        sell(world, shop, number)
        world.clock.advance(60)
    shop.largest_page = 3
    since = world.clock.now() - DAY

    first = imported(world, kind, since=since)
    again = imported(world, kind, since=since)

    assert (first.stored, first.done) == (7, True)
    assert (again.stored, again.known >= 7, again.done) == (0, True, True)
    assert set(subjects(world).values()) == {1}


@pytest.mark.row("D19")
@pytest.mark.parametrize("apart_s", [0, 60])
@pytest.mark.parametrize("page", [1, 2, 3, 100])
@pytest.mark.parametrize("kind", KINDS)
def test_counts_are_of_distinct_things_however_often_a_list_shows_them(world, kind, page, apart_s):
    shop = open_shop(world, kind)
    for number in range(1, 8):
        sell(world, shop, number)
        world.clock.advance(apart_s)
    shop.largest_page = page
    since = world.clock.now() - DAY

    dry = imported(world, kind, since=since, dry_run=True)
    told = []
    first = imported(world, kind, since=since, tell=told.append)
    again = imported(world, kind, since=since)

    assert [(one.stored, one.known) for one in (dry, first, again)] == [(7, 0), (7, 0), (0, 7)]
    assert len(set(dry.named)) == len(dry.named) == 7
    assert all(one.rows <= (7 if one.total is None else one.total) <= 7 for one in told)
    assert max(one.rows for one in told if not one.again) == 7


@pytest.mark.parametrize("kind", KINDS)
def test_what_the_webhook_brought_is_known_though_its_bytes_differ(world, kind):
    from relay.providers import registry as providers
    from tests.services.shops import watch

    shop = open_shop(world, kind)
    watch(world)  # registers the webhooks
    sell(world, shop, 1)
    world.clock.advance(1)
    assert set(send_webhooks(world)) == {200}
    before = dict(world.inbox.items)

    done = imported(world, kind, since=world.clock.now() - DAY)

    assert providers.get(kind).TOPICS
    assert done.known >= 1
    if kind != "shopify":  # a new Shopify order is told as created, its list tells it as paid: the ledger merges these
        assert (done.stored, world.inbox.items) == (0, before)


def test_a_paid_order_by_webhook_and_import_is_one_document(world):
    shop = open_shop(world, "shopify")
    body = sell(world, shop, 1)
    world.order(body)
    world.clock.advance(3600)
    sell(world, shop, 1, note="seen again")

    done = imported(world, "shopify", since=world.clock.now() - DAY)
    bring(world)

    assert done.stored == 1
    assert len(world.documents()) == 1


def bring(world, account=ACCOUNT):
    """What the stream, the bus and the queue do with what stands open."""
    refs = [
        f"{inbox_id}#{n}"
        for (owner, inbox_id), item in world.inbox.items.items()
        if owner == account and item.open
        for n in range(unfold(item.delivery).of)
    ]
    world.run(refs)
    world.settle(hours=0.5)


def test_an_order_with_refund_and_cancellation_is_told_as_its_webhooks_would(world):
    shop = open_shop(world, "shopify")
    order = shopify_order(1, financial_status="refunded", cancelled_at="2026-03-02T09:00:00+01:00")
    refund = {
        "id": 9,
        "order_id": order["id"],
        "created_at": "2026-03-02T09:00:00+01:00",
        "refund_line_items": [],
        "transactions": [{"id": 1, "kind": "refund", "status": "success", "amount": "121.00", "currency": "EUR"}],
    }
    world.shops.change(shop, "orders", order | {"refunds": [refund]}, world.clock.now().timestamp())

    imported(world, "shopify", since=world.clock.now() - DAY)

    topics = sorted(item.delivery.topic for item in world.inbox.items.values())
    assert topics == ["orders/cancelled", "orders/paid", "refunds/create"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_dry_run_says_the_same_and_changes_nothing(world, kind):
    shop = open_shop(world, kind)
    for number in range(1, 6):
        sell(world, shop, number)
        world.clock.advance(5)
    since = world.clock.now() - DAY

    dry = imported(world, kind, since=since, dry_run=True)
    assert (world.inbox.items, world.notes.held) == ({}, {})
    done = imported(world, kind, since=since)

    assert (dry.stored, dry.named) == (done.stored, done.named)


@pytest.mark.row("D19")
@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=60, deadline=None)
@given(
    sold=st.integers(1, 12),
    page=st.integers(1, 4),
    same_second=st.booleans(),
    changes=st.lists(st.tuples(st.integers(0, 12), st.booleans()), max_size=12),
)
def test_rows_that_change_while_we_page_are_neither_skipped_nor_doubled(kind, sold, page, same_second, changes):
    """After each call an order is changed, or a new one sold. In the end the inbox holds the last version of every order."""
    world = World()
    shop = open_shop(world, kind)
    for number in range(1, sold + 1):
        sell(world, shop, number)
        world.clock.advance(0 if same_second else 7)
    shop.largest_page = page
    world.clock.advance(3600)  # beyond the overlap, which would read them a second time
    since = world.clock.now() - DAY
    before, todo = last_versions(world, shop), list(changes)

    def meddle(_):
        world.clock.advance(2)
        if todo:
            at, new = todo.pop(0)
            number = 100 + len(todo) if new or not at else 1 + at % sold
            sell(world, shop, number, note=f"change {len(todo)}")

    world.provider_api.meddle = meddle
    imported(world, kind, since=since)
    rested = {key: version for key, version in last_versions(world, shop).items() if before.get(key) == version}
    assert {key: versions(world, kind).get(key) for key in rested} == rested, "a row that did not move was skipped"
    # More changes than an import has rounds for are the next run's, as the watchdog's is a quarter of an hour later.
    for _ in range(3):
        imported(world, kind, since=since)
        world.clock.advance(60)
    imported(world, kind, since=since)

    there = {
        identity.inbox_id(item.delivery.account, kind, module.identify(item.delivery.body, item.delivery.headers), "")
        for item in world.inbox.items.values()
        for module in [registry.get(kind)]
    }
    assert len(there) == len(world.inbox.items), "one version stands twice"
    last = last_versions(world, shop)
    held = versions(world, kind)
    assert {key: held.get(key) for key in last} == last


def old_orders(kind, *, page, spread_s):
    """Six orders that are an hour old."""
    world = World()
    shop = open_shop(world, kind)
    for number in range(1, 7):
        sell(world, shop, number)
        world.clock.advance(spread_s)
    world.clock.advance(3600)
    shop.largest_page = page
    return world, shop


def changing(world, shop, *numbers, after, page=1):
    """Change these orders once, when that page of the list was read."""
    todo, read = list(numbers), []

    def meddle(request):
        if request.path.endswith(after):
            world.clock.advance(3)
            read.append(request)
            while todo and len(read) >= page:
                sell(world, shop, todo.pop(), note="changed")

    world.provider_api.meddle = meddle


ORDERS = {"shopify": "/orders.json", "woocommerce": "/orders", "stripe": "/events"}


@pytest.mark.parametrize("kind", KINDS)
def test_what_changes_while_its_list_is_read_is_in_the_same_import(kind):
    world, shop = old_orders(kind, page=2, spread_s=60)
    changing(world, shop, 1, 6, after=ORDERS[kind])

    imported(world, kind, since=world.clock.now() - DAY)

    assert versions(world, kind) == last_versions(world, shop)


@pytest.mark.row("D18")
@pytest.mark.parametrize("page", [1, 2, 3])
@pytest.mark.parametrize("spread_s", [0, 60])
@pytest.mark.parametrize("kind", KINDS)
def test_a_row_that_leaves_the_list_takes_no_other_with_it(kind, spread_s, page):
    """Counted pages would shift: order 3 would stand on the page that was read already."""
    world, shop = old_orders(kind, page=2, spread_s=spread_s)
    since, until, before = world.clock.now() - DAY, world.clock.now(), last_versions(world, shop)
    changing(world, shop, 1, 2, after=ORDERS[kind], page=page)

    imported(world, kind, since=since, until=until)

    rested = {key: version for key, version in before.items() if last_versions(world, shop)[key] == version}
    assert len(rested) == 4
    assert {key: versions(world, kind).get(key) for key in rested} == rested


def versions(world, kind):
    found = {}
    for item in world.inbox.items.values():
        meaning = registry.get(kind).identify(item.delivery.body, item.delivery.headers)
        found[meaning.object_id] = max(found.get(meaning.object_id, 0), meaning.version)
    return found


def last_versions(world, shop):
    if shop.kind == "stripe":
        return {
            one["data"]["object"]["id"]: max(
                each["created"]
                for each in shop.table("events").values()
                if each["data"]["object"]["id"] == one["data"]["object"]["id"]
            )
            * 1000
            for one in shop.table("events").values()
        }
    from shop_sandbox.wire import seconds

    name = "updated_at" if shop.kind == "shopify" else "date_modified_gmt"
    return {str(one["id"]): round(seconds(one[name]) * 1000) for one in shop.table("orders").values()}


@pytest.mark.parametrize("page", [1, 2, 5, 30])
def test_customers_are_all_seen_though_some_are_deleted_while_we_page(world, page):
    """WooCommerce lists them by place alone: whoever goes moves the rest up."""
    shop = open_shop(world, "woocommerce")
    for number in range(1, 41):
        customer = {"id": number, "email": f"c{number}@example.com", "username": f"c{number}", "billing": {}}
        world.shops.change(shop, "customers", customer, world.clock.now().timestamp())
    shop.largest_page = page

    def delete_one(request):
        table = shop.table("customers")
        if request.path.endswith("/customers") and page > 1 and len(table) > 30:
            del table[min(table, key=int)]

    world.provider_api.meddle = delete_one
    done = imported(world, "woocommerce", since=world.clock.now() - DAY, until=world.clock.now())

    assert done.done
    assert set(shop.table("customers")) <= set(subjects(world))


def test_customers_that_did_not_change_are_left_out(world):
    shop = open_shop(world, "woocommerce")
    world.shops.change(shop, "customers", {"id": 1, "email": "a@example.com"}, world.clock.now().timestamp())
    world.clock.advance(3 * 86_400)

    assert imported(world, "woocommerce", since=world.clock.now() - DAY).stored == 0


@pytest.mark.parametrize(
    "rewritten", [lambda link: link.replace('"', ""), lambda _: "garbage", lambda link: link.replace("page_info", "p")]
)
def test_a_link_that_a_proxy_rewrote_ends_no_import_of_shopify(world, rewritten):
    shop = open_shop(world, "shopify")
    for number in range(1, 8):
        sell(world, shop, number)
        world.clock.advance(60)
    shop.largest_page = 3

    def proxy(_, response):
        named = {key: rewritten(value) if key == "link" else value for key, value in response.headers.items()}
        return replace(response, headers=named)

    world.provider_api.through = proxy
    until = world.clock.now()
    done = imported(world, "shopify", since=until - DAY, until=until)

    assert (done.stored, done.done) == (7, True)


def test_a_link_that_a_proxy_dropped_ends_no_import_of_shopify(world):
    shop = open_shop(world, "shopify")
    for number in range(1, 253):
        sell(world, shop, number)
    world.provider_api.through = lambda _, response: replace(response, headers={})
    until = world.clock.now()

    done = imported(world, "shopify", since=until - DAY, until=until)

    assert (done.stored, done.done) == (252, True)


def test_a_next_page_that_cannot_be_read_is_told_and_not_done(world):
    shop = open_shop(world, "shopify")
    sell(world, shop, 1)

    def unreadable(request, response):
        body = response.body.replace(b'"id": 450000001', b'"id": "gid"')
        return replace(response, headers={"link": "garbage"}, body=body) if "orders" in request.path else response

    world.provider_api.through = unreadable
    done = imported(world, "shopify", since=world.clock.now() - DAY)

    assert (done.stored, done.done, done.reason) == (0, False, "reply_unexpected")
    assert "no next page can be read" in done.detail


def undated(*places, told=None):
    """Orders at these places of each page of WooCommerce's list tell no time of their last change."""

    def shown(request, response):
        rows = json.loads(response.body)
        if request.path.endswith("/orders"):
            for row in [rows[place] for place in places if -len(rows) <= place < len(rows)]:
                row["date_modified_gmt"] = told
        return replace(response, body=json.dumps(rows).encode())

    return shown


@pytest.mark.parametrize("told", [None, "", "soon", "0000-00-00T00:00:00", 0])
@pytest.mark.parametrize("places", [(-1,), (0,), (0, 1, 2)])
def test_an_order_without_a_time_of_change_holds_up_no_import(world, places, told):
    shop = open_shop(world, "woocommerce")
    for number in range(1, 8):
        sell(world, shop, number)
        world.clock.advance(60)
    shop.largest_page = 3
    world.provider_api.through = undated(*places, told=told)
    since, until = world.clock.now() - DAY, world.clock.now()

    first = imported(world, "woocommerce", since=since, until=until)
    bring(world)
    again = imported(world, "woocommerce", since=since, until=until)

    assert (first.done, set(subjects(world))) == (True, {str(number) for number in range(1, 8)})
    assert (again.done, again.stored) == (True, 0)
    parted = [unfold(item.delivery) for item in world.inbox.items.values()]
    assert all(one.events or one.review for one in parted), "a date that is none is for a person to judge"
    assert len(world.documents()) == len({event.subject for one in parted for event in one.events})


def test_a_list_that_is_refused_does_not_keep_the_others_from_being_read(world):
    shop = open_shop(world, "shopify")
    sell(world, shop, 1)
    shop.refuse = [403, 403]

    done = imported(world, "shopify", since=world.clock.now() - DAY)

    assert (done.stored, done.refused, done.done) == (1, ("products", "customers"), True)


def test_a_credential_that_may_read_nothing_is_said(world):
    shop = open_shop(world, "shopify")
    shop.refuse = [401] * 3

    with pytest.raises(NotAllowed, match="credential_refused"):
        imported(world, "shopify", since=world.clock.now() - DAY)


def test_the_bucket_is_respected_and_a_refused_call_is_waited_for(world):
    shop = open_shop(world, "shopify")
    for number in range(1, 101):
        sell(world, shop, number)
        world.clock.advance(1)
    shop.largest_page, shop.refuse = 1, [429]

    done = imported(world, "shopify", since=world.clock.now() - DAY)

    assert (done.stored, done.done) == (100, True)
    assert 429 not in shop.refuse
    assert sum(world.clock.slept) > (100 - 20) / 2 - 5, "100 calls are more than half a bucket"


def test_an_import_without_time_stops_and_goes_on_where_it_was(world):
    shop = open_shop(world, "woocommerce")
    for number in range(1, 31):
        sell(world, shop, number)
        world.clock.advance(5)
    shop.largest_page = 4
    since, until = world.clock.now() - DAY, world.clock.now()
    world.provider_api.meddle = lambda _: world.clock.advance(20)
    runs = []
    while not runs or not runs[-1].done:
        deadline_ms = at_ms(world.clock.now()) + 60_000
        runs.append(imported(world, "woocommerce", since=since, until=until, deadline_ms=deadline_ms))

    assert len(runs) > 2
    assert {run.reason for run in runs[:-1]} == {"out_of_time"}
    assert (runs[-1].stored, runs[-1].known) == (30, 0)
    assert len(shop.calls) < 2 * (30 / 3 + 3)


def test_an_import_that_its_pause_stops_tells_what_it_stored(world):
    """The bucket is full after a slow call, and the pause it needs is longer than the time left."""
    shop = open_shop(world, "shopify")
    for number in range(1, 8):
        world.shops.change(shop, "products", {"id": number, "title": "a cup"}, world.clock.now().timestamp())
    shop.largest_page = 2
    since, until = world.clock.now() - DAY, world.clock.now()
    full = {"x-shopify-shop-api-call-limit": "40/40"}
    world.provider_api.through = lambda _, response: replace(response, headers={**response.headers, **full})
    world.provider_api.meddle = lambda _: world.clock.advance(20)
    deadline_ms = at_ms(world.clock.now()) + 29_000

    stopped = imported(world, "shopify", since=since, until=until, deadline_ms=deadline_ms)

    assert (stopped.reason, stopped.stored, len(world.inbox.items)) == ("out_of_time", 2, 2)


@pytest.mark.parametrize("kind", ["shopify", "stripe"])
def test_a_list_that_goes_round_in_circles_is_told_and_not_done(world, kind):
    shop = open_shop(world, kind)
    for number in range(1, 10):
        sell(world, shop, number)
    shop.largest_page, shown = 2, []

    def in_circles(request, response):
        if request.path.endswith(ORDERS[kind]):
            shown.append(response)
            return shown[(len(shown) - 1) % 3]
        return response

    world.provider_api.through = in_circles

    with pytest.raises(Rejected, match="list_stands_still"):
        imported(world, kind, since=world.clock.now() - DAY)
    assert len(shown) < 100


@pytest.mark.parametrize("kind", KINDS)
def test_a_place_that_the_provider_forgot_is_begun_before(world, kind):
    """A page's mark expires, or the event it names is too old: the list is read again, not given up."""
    shop = open_shop(world, kind)
    for number in range(1, 8):
        sell(world, shop, number)
        world.clock.advance(5)
    shop.largest_page = 2
    parts = 1 if kind == "stripe" else 3
    world.provider_api.meddle = lambda _: shop.refuse.append(400) if len(shop.calls) == parts + 1 else None

    done = imported(world, kind, since=world.clock.now() - DAY, until=world.clock.now())

    assert (done.stored, done.done) == (7, True)
    assert 400 not in shop.refuse


def test_a_list_that_is_refused_from_its_beginning_is_an_error(world):
    shop = open_shop(world, "stripe")
    shop.refuse = [400] * 9

    with pytest.raises(Rejected, match="refused"):
        imported(world, "stripe", since=world.clock.now() - DAY)


def test_an_api_that_is_away_is_told_with_the_time_to_come_again(world):
    open_shop(world, "shopify")
    world.provider_api.away = True

    done = imported(world, "shopify", since=world.clock.now() - DAY)

    assert (done.done, done.reason, done.retry_at is not None) == (False, "not_sent", True)


@pytest.mark.parametrize("kind", KINDS)
def test_an_import_over_http_brings_the_same(world, kind):
    """The real adapter and the sandbox's application, in one process."""
    import asyncio

    import httpx

    from relay.adapters.provider_http import ProviderHttp
    from shop_sandbox.app import create_app

    shop = open_shop(world, kind)
    for number in range(1, 6):
        sell(world, shop, number)
        world.clock.advance(5)
    shop.largest_page = 2
    app = create_app(world.shops, now=lambda: world.clock.now().timestamp(), deliver=False)
    api = ProviderHttp(clock=world.clock, transport=httpx.ASGITransport(app))
    service = backfill(world, {"provider_api": api})

    async def run():
        since, until = world.clock.now() - DAY, world.clock.now()
        return await service(ACCOUNT, credential_of(world, kind), since=since, until=until)

    done = asyncio.run(run())
    assert (done.stored, done.done) == (5, True)
    assert set(subjects(world).values()) == {1}


def test_stripe_tells_what_a_standing_endpoint_refused(world):
    from tests.services.shops import watch

    shop = open_shop(world, "stripe")
    watch(world)
    sell(world, shop, 1)
    assert set(send_webhooks(world)) == {200}
    world.accounts.secrets.clear()
    sell(world, shop, 2)
    assert set(send_webhooks(world)) == {404}

    done = imported(world, "stripe", since=world.clock.now() - DAY, undelivered=True)

    assert done.stored == 1


def test_an_import_of_what_was_not_delivered_leaves_no_place_to_the_whole_one(world):
    """Both are of the same time, and their lists are not the same: the place in one means nothing in the other."""
    from tests.services.shops import watch

    shop = open_shop(world, "stripe")
    watch(world)
    for number in range(1, 7):
        if number == 3:
            world.accounts.secrets.clear()
        sell(world, shop, number)
        send_webhooks(world)
        world.clock.advance(60)
    shop.largest_page = 2
    since, until = world.clock.now() - DAY, world.clock.now()
    world.provider_api.meddle = lambda _: world.clock.advance(20)
    deadline_ms = at_ms(world.clock.now()) + 30_000

    some = imported(world, "stripe", since=since, until=until, undelivered=True, deadline_ms=deadline_ms)
    whole = imported(world, "stripe", since=since, until=until)

    assert (some.done, some.stored) == (False, 2)
    assert (whole.stored, whole.known) == (2, 4)


def test_an_imported_flood_never_delays_a_live_order(world):
    """200 orders come in by import; a live one that comes behind them is written by the drain that takes it in."""
    shop = open_shop(world, "shopify")
    for number in range(1, 201):
        sell(world, shop, number, total="10.00")
        world.clock.advance(1)
    imported(world, "shopify", since=world.clock.now() - DAY)
    refs = [f"{inbox_id}#0" for _, inbox_id in world.inbox.items]

    world.run(refs[:100], seconds=20)
    waiting = [row for row in world.rows("invoice") if row.state == "waiting"]
    world.order(shopify_order(9000, total="99.00"))

    assert {row.priority for row in waiting} == {"background"}
    assert any(str(document["total"]) == "99.00" for document in world.documents())
    world.run(refs)
    world.settle(hours=24)
    assert len(world.documents()) == 201
    assert {row.state for row in world.rows("invoice")} == {"confirmed"}


@pytest.mark.skipif(not payloads.REALDATA.is_dir(), reason="the recorded bodies are not beside this checkout")
@pytest.mark.parametrize("kind", KINDS)
def test_recorded_bodies_come_through_the_lists(world, kind):
    shop = open_shop(world, kind)
    played = replay(world.shops, shop, payloads.REALDATA, world.clock.now().timestamp())

    done = imported(world, kind, since=world.clock.now() - DAY)

    assert played
    assert done.stored >= played
    assert all(unfold(item.delivery).of for item in world.inbox.items.values())


def test_no_secret_in_what_an_import_says(world):
    open_shop(world, "woocommerce")

    assert "secret" not in repr(credential_of(world, "woocommerce"))


@pytest.mark.row("D19")
@pytest.mark.parametrize("kind", KINDS)
def test_an_import_that_goes_on_later_reads_up_to_then(world, kind):
    """What is sold between the process that stopped and the one that goes on is in neither's window, else."""
    shop = open_shop(world, kind)
    for number in range(1, 8):
        sell(world, shop, number)
    shop.largest_page, since = 2, world.clock.now() - DAY
    world.clock.advance(60)
    imported(world, kind, since=since)  # all of it is known: no round brings anything that would lead to another one
    world.provider_api.meddle = lambda _: world.clock.advance(20)
    stopped = imported(world, kind, since=since, deadline_ms=at_ms(world.clock.now()) + 29_000)
    assert (stopped.done, stopped.stored) == (False, 0)

    world.provider_api.meddle = lambda _: None
    world.clock.advance(1800)
    sell(world, shop, 8)
    world.clock.advance(900)
    went_on_ms = at_ms(world.clock.now())
    done = imported(world, kind, since=since)

    assert (done.done, done.stored) == (True, 1)
    assert done.read_to_ms >= went_on_ms
