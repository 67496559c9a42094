"""The shop sandbox keeps what the public documentation says: pages, limits, webhooks signed, retried, removed, disabled."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
from datetime import UTC, datetime

import httpx
import pytest

from infra.paths import ROOT
from relay.domain.sources import registry
from shop_sandbox.app import create_app
from shop_sandbox.core import Shops
from shop_sandbox.server import scaled
from shop_sandbox.wire import Request

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC).timestamp()
AT = datetime(2026, 3, 2, 9, tzinfo=UTC)
URL = "https://relay.example/v1/acme/"


@pytest.fixture
def shops():
    return Shops()


def ask(shops, kind, method, path, *, query=(), headers=None, body=b"", now=NOW):
    headers = headers or {"x-shopify-access-token": "t", "authorization": "Bearer t"}
    if kind == "woocommerce":
        headers = {"authorization": "Basic dDp0"}
    return shops.handle(kind, "acme", Request(method=method, path=path, query=query, headers=headers, body=body), now)


def shop(shops, kind):
    return shops.open(kind, "acme", token="t:t" if kind == "woocommerce" else "t", secret="s" * 20)


def test_shopifys_bucket_fills_and_leaks(shops):
    shop(shops, "shopify")
    path = "/admin/api/2025-07/orders.json"
    answers = [ask(shops, "shopify", "GET", path) for _ in range(41)]

    assert [one.status for one in answers] == [200] * 40 + [429]
    assert answers[39].headers["x-shopify-shop-api-call-limit"] == "40/40"
    assert answers[40].headers["retry-after"] == "2.0"
    assert ask(shops, "shopify", "GET", path, now=NOW + 1).status == 200


def test_shopify_takes_no_filter_beside_page_info_and_lists_open_orders_without_status(shops):
    one = shop(shops, "shopify")
    for number in (1, 2, 3):
        shops.change(one, "orders", {"id": number, "cancelled_at": "x" if number == 1 else None}, NOW)
    path = "/admin/api/2025-07/orders.json"
    first = ask(shops, "shopify", "GET", path, query=(("limit", "1"), ("status", "any")))
    info = re.search(r"page_info=([^>&]+)", first.headers["link"])[1]
    both = ask(shops, "shopify", "GET", path, query=(("page_info", info), ("status", "any")))

    assert both.status == 400
    assert b'"id": 1' not in ask(shops, "shopify", "GET", path).body
    assert b'"id": 2' in ask(shops, "shopify", "GET", path, query=(("page_info", info), ("limit", "1"))).body


def test_woocommerce_shifts_its_pages_when_a_row_leaves_the_window(shops):
    """What makes page numbers unsafe: the sandbox has it, or the property of the import would prove nothing."""
    one = shop(shops, "woocommerce")
    for number in (1, 2, 3):
        shops.change(one, "orders", {"id": number}, NOW + number)
    query = (("orderby", "modified"), ("order", "asc"), ("per_page", "1"), ("modified_before", "2026-03-02T09:00:05"))
    path = "/wp-json/wc/v3/orders"
    assert b'"id": 1' in ask(shops, "woocommerce", "GET", path, query=(*query, ("page", "1"))).body
    shops.change(one, "orders", {"id": 1}, NOW + 60)

    second = ask(shops, "woocommerce", "GET", path, query=(*query, ("page", "2")))
    assert b'"id": 3' in second.body, "order 2 has moved to page 1"
    assert (second.headers["x-wp-total"], second.headers["x-wp-totalpages"]) == ("2", "2")


def test_stripe_lists_newest_first_and_only_thirty_days(shops):
    one = shop(shops, "stripe")
    for number in range(3):
        shops.event(
            one, "invoice.paid", {"id": f"in_{number}", "object": "invoice"}, NOW - (0, 86_400, 31 * 86_400)[number]
        )
    body = ask(shops, "stripe", "GET", "/v1/events", query=(("limit", "1"),)).body

    assert b'"in_0"' in body
    assert b'"has_more": true' in body
    assert b'"in_2"' not in ask(shops, "stripe", "GET", "/v1/events", query=(("limit", "100"),)).body


TOPIC = {"shopify": "orders/create", "woocommerce": "order.created", "stripe": "invoice.paid"}


def subscribe(shops, kind):
    if kind == "shopify":
        body = b'{"webhook": {"topic": "orders/create", "address": "%s", "format": "json"}}' % URL.encode()
        return ask(shops, kind, "POST", "/admin/api/2025-07/webhooks.json", body=body).status
    if kind == "woocommerce":
        body = b'{"topic": "order.created", "delivery_url": "%s", "secret": "%s"}' % (URL.encode(), b"s" * 20)
        return ask(shops, kind, "POST", "/wp-json/wc/v3/webhooks", body=body).status
    body = f"url={URL}&enabled_events[]=invoice.paid".encode()
    return ask(shops, kind, "POST", "/v1/webhook_endpoints", body=body).status


def sell(shops, one, number, now=NOW):
    if one.kind == "stripe":
        shops.event(one, "invoice.paid", {"id": f"in_{number}", "object": "invoice"}, now)
    else:
        shops.change(one, "orders", {"id": number, "date_created_gmt": "x"}, now)


def deliver(shops, status, now=NOW):
    sent = []

    async def post(one):
        sent.append(one)
        return status

    asyncio.run(shops.deliver(now, post))
    return sent


@pytest.mark.parametrize("kind", TOPIC)
def test_a_webhook_is_signed_as_the_relay_verifies_it(shops, kind):
    one = shop(shops, kind)
    assert subscribe(shops, kind) in {200, 201}
    sell(shops, one, 1)
    (sent,) = deliver(shops, 200)
    secret = next(iter(one.subscriptions.values())).get("secret", one.secret)

    verdict = registry.get(kind).verify(sent.body, sent.headers, [secret], AT, {})
    assert verdict.ok, verdict
    assert registry.get(kind).identify(sent.body, sent.headers).topic == TOPIC[kind]
    assert deliver(shops, 200) == []


@pytest.mark.parametrize("kind", TOPIC)
def test_a_subscription_that_is_dropped_while_its_webhook_is_on_its_way_keeps_no_other_shop_waiting(shops, kind):
    one, other = shop(shops, kind), shops.open(kind, "other", token="t", secret="s" * 20)
    subscribe(shops, kind)
    sell(shops, one, 1)
    sent = []

    async def post(told):
        sent.append(told)
        one.drop_subscriptions()
        shops.open(kind, f"opened meanwhile {len(sent)}", token="t", secret="s" * 20)
        return 200

    asyncio.run(shops.deliver(NOW, post))

    assert len(sent) == 1
    assert one.posts == other.posts == []


def test_shopify_removes_a_subscription_after_eight_failures_in_four_hours(shops):
    one = shop(shops, "shopify")
    subscribe(shops, "shopify")
    sell(shops, one, 1)
    tries, now = 0, NOW
    while one.subscriptions:
        tries += len(deliver(shops, 500, now))
        now += 60

    assert tries == 8
    assert 3.5 * 3600 <= now - NOW <= 4.5 * 3600
    assert one.posts == []


def test_shopify_takes_an_address_for_a_topic_once(shops):
    shop(shops, "shopify")

    assert [subscribe(shops, "shopify") for _ in range(2)] == [201, 422]


def test_woocommerce_tries_once_and_disables_after_more_than_five_failures(shops):
    one = shop(shops, "woocommerce")
    subscribe(shops, "woocommerce")
    states = []
    for number in range(1, 8):
        sell(shops, one, number)
        deliver(shops, 500)
        states.append(next(iter(one.subscriptions.values()))["status"])

    assert states == ["active"] * 5 + ["disabled"] * 2
    assert deliver(shops, 200) == []


def test_woocommerce_forgets_its_failures_when_one_arrives(shops):
    one = shop(shops, "woocommerce")
    subscribe(shops, "woocommerce")
    for number in range(1, 12):
        sell(shops, one, number)
        deliver(shops, 200 if number == 5 else 500)

    assert next(iter(one.subscriptions.values()))["status"] == "disabled"
    assert next(iter(one.subscriptions.values()))["failures"] == 6


def test_stripe_says_what_it_did_not_deliver_and_not_what_had_no_endpoint(shops):
    one = shop(shops, "stripe")
    sell(shops, one, 1)
    subscribe(shops, "stripe")
    sell(shops, one, 2)
    sell(shops, one, 3)
    sent = deliver(shops, 500)
    assert len(sent) == 2
    deliver(shops, 200, NOW + 4 * 3600)
    sell(shops, one, 4, NOW + 5 * 3600)
    deliver(shops, 500, NOW + 5 * 3600)
    query = (("delivery_success", "false"), ("limit", "100"))
    body = ask(shops, "stripe", "GET", "/v1/events", query=query, now=NOW + 6 * 3600).body.decode()

    assert re.findall(r"in_\d", body) == ["in_4"]


def test_stripe_shows_a_secret_once(shops):
    shop(shops, "stripe")
    made = ask(shops, "stripe", "POST", "/v1/webhook_endpoints", body=b"url=https://x&enabled_events[]=*").body

    assert b"whsec_" in made
    assert b"whsec_" not in ask(shops, "stripe", "GET", "/v1/webhook_endpoints").body


def test_the_control_api_opens_a_shop_and_steers_it():
    async def story():
        transport = httpx.ASGITransport(create_app(now=lambda: NOW, deliver=False))
        async with httpx.AsyncClient(transport=transport, base_url="http://shops.test") as client:

            async def control(what, **given):
                return await client.post(f"/control/{what}", json={"kind": "shopify", "name": "demo", **given})

            assert (await control("shops", token="t")).status_code == 201
            assert (await control("shops", token="t")).status_code == 400
            assert (await control("change", list="orders", value={"id": 7})).json()["id"] == 7
            listed = await client.get(
                "/shopify/demo/admin/api/2025-07/orders.json", headers={"x-shopify-access-token": "t"}
            )
            assert [one["id"] for one in listed.json()["orders"]] == [7]
            await control("refuse", statuses=[503])
            headers = {"x-shopify-access-token": "t"}
            path = "/shopify/demo/admin/api/2025-07/orders.json"
            statuses = [(await client.get(path, headers=headers)).status_code for _ in range(2)]
            assert statuses == [503, 200]
            assert (await control("calls")).json() == {f"GET {path.removeprefix('/shopify/demo')}": 3}
            assert (await control("drop")).status_code == 200
            assert (await control("nonsense")).status_code == 400
            assert (await client.post("/control/drop", json={"kind": "shopify", "name": "x"})).status_code == 404
            assert (await client.get("/elsewhere")).status_code == 404

    asyncio.run(story())


def test_it_starts_on_this_machine_alone_and_says_where():
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT / "shared"), str(ROOT)])}
    command = [sys.executable, "-m", "shop_sandbox", "--port", "0"]
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True) as process:
        try:
            line = process.stdout.readline()
            url = line.split()[-1]
            assert re.fullmatch(r"http://127\.0\.0\.1:\d+", url), line
            answer = httpx.post(
                f"{url}/control/shops", json={"kind": "stripe", "name": "a", "token": "t"}, trust_env=False
            )
            assert answer.status_code == 201
        finally:
            process.terminate()


def test_its_clock_may_run_faster_and_a_malformed_one_is_refused():
    slow, quick = scaled("1000:1"), scaled("1000:50")

    assert quick() - 1000 == pytest.approx((slow() - 1000) * 50, rel=1e-6)
    for text in ("5", "0:0", "x:1", "1:2:3"):
        with pytest.raises(ValueError, match=r"."):
            scaled(text)
