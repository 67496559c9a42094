"""`relay source` and `relay import`: credentials that are never shown, and what a provider has, brought by hand."""

from __future__ import annotations

import asyncio

import pytest

from relay.ports.providers import ProviderCredential
from tests.cli.conftest import over
from tests.services.shops import TOKENS, open_shop
from tests.services.test_backfill import KINDS, sell
from tests.services.world import World


@pytest.fixture
def road():
    return World()


def provider(setting, source="shopify"):
    return setting.world.providers.held["acme", source]


@pytest.mark.row("E04")
def test_a_credential_is_stored_and_never_shown(setting):
    setting.add()
    said = setting.run(
        "source", "set", "acme", "shopify", "--shop-domain", "My-Shop.myshopify.com", "--token-file", "-",
        stdin="shpat_secret\n",
    )  # fmt: skip
    shown = setting.run("source", "show", "acme")
    listed = setting.json("source", "show", "acme")

    assert provider(setting) == ProviderCredential(
        source="shopify", base_url="https://my-shop.myshopify.com", token="shpat_secret"
    )
    assert "https://relay.example/v1/acme/shopify" in said.stdout
    assert listed == [{"source": "shopify", "api": "https://my-shop.myshopify.com", "registers": True}]
    words = said.stdout + said.stderr + shown.stdout + repr(setting.accounts.log)
    assert "shpat" not in words


def test_each_source_has_its_own_place_and_form(setting):
    setting.add()
    env = {"RELAY_PROVIDER_TOKEN": "rk_secret"}
    assert setting.run("source", "set", "acme", "stripe", "--no-register", env=env).exit_code == 0
    env = {"RELAY_PROVIDER_TOKEN": "ck_a:cs_b"}
    woo = ("source", "set", "acme", "woocommerce", "--base-url", "https://shop.example/tienda/")
    assert setting.run(*woo, env=env).exit_code == 0

    assert (provider(setting, "stripe").base_url, provider(setting, "stripe").register) == (
        "https://api.stripe.com",
        False,
    )
    assert provider(setting, "woocommerce").base_url == "https://shop.example/tienda"


def test_a_woocommerce_shop_is_told_how_to_be_bound_until_it_is(setting):
    setting.add()
    woo = ("source", "set", "acme", "woocommerce", "--base-url", "https://www.shop.example/tienda/")
    env = {"RELAY_PROVIDER_TOKEN": "ck_a:cs_b"}
    told = setting.json(*woo, env=env)["bind"]
    assert told == "relay account set acme --bind woocommerce.site=shop.example/tienda"
    assert setting.run(*told.removeprefix("relay ").split()).exit_code == 0

    assert setting.accounts.secrets["acme"].bindings["woocommerce"] == {"site": "shop.example/tienda"}
    assert "bind" not in setting.json(*woo, env=env)


@pytest.mark.row("C01")
@pytest.mark.parametrize(
    ("args", "reason"),
    [
        (("shopify",), "shop_malformed"),
        (("shopify", "--shop-domain", "evil.example"), "shop_malformed"),
        (("shopify", "--base-url", "http://shop.example"), "base_url_refused"),
        (("shopify", "--base-url", "https://169.254.169.254"), "base_url_not_public"),
        (("woocommerce", "--base-url", "https://[::ffff:10.0.0.1]"), "base_url_not_public"),
        (("woocommerce", "--base-url", "https://0x7f000001"), "base_url_not_public"),
        (("woocommerce", "--base-url", "https://localhost"), "base_url_not_public"),
        (("woocommerce",), "base_url_missing"),
        (("woocommerce", "--base-url", "https://shop.example/\udcff"), "base_url_malformed"),
        (("woocommerce", "--base-url", "https://shop.example"), "secret_malformed"),
        (("standard", "--base-url", "https://shop.example"), "source_without_api"),
        (("holded",), "source_without_api"),
    ],
)
def test_what_cannot_be_a_provider_is_refused_by_name(setting, args, reason):
    setting.add()

    result = setting.run("source", "set", "acme", *args, env={"RELAY_PROVIDER_TOKEN": "a-token"})
    assert (result.exit_code, reason in result.stderr) == (2, True), result.stderr
    assert "a-token" not in result.stderr
    assert setting.world.providers.held == {}


@pytest.mark.row("C01")
def test_this_machine_is_a_provider_of_a_stack_on_this_machine_alone(setting):
    setting.add()
    args = ("source", "set", "acme", "shopify", "--base-url", "http://127.0.0.1:8788/shopify/demo")
    env = {"RELAY_PROVIDER_TOKEN": "a-token"}
    refused = setting.run(*args, env=env)
    assert (refused.exit_code, "base_url_refused" in refused.stderr) == (2, True)
    assert setting.world.providers.held == {}

    setting.world.is_local = True
    assert setting.run(*args, env=env).exit_code == 0
    assert provider(setting).base_url == "http://127.0.0.1:8788/shopify/demo"


def test_an_unknown_account_gets_no_credential(setting):
    result = setting.run("source", "set", "nobody", "stripe", env={"RELAY_PROVIDER_TOKEN": "rk"})

    assert (result.exit_code, "account_unknown" in result.stderr) == (1, True)
    assert setting.world.providers.held == {}


def test_a_removed_credential_is_gone(setting):
    setting.add()
    setting.run("source", "set", "acme", "stripe", env={"RELAY_PROVIDER_TOKEN": "rk"})

    assert setting.run("source", "remove", "acme", "stripe").exit_code == 0
    assert setting.world.providers.held == {}
    assert "provider_unknown" in setting.run("source", "remove", "acme", "stripe").stderr
    assert "none" in setting.run("source", "show", "acme").stdout


@pytest.mark.parametrize("kind", KINDS)
def test_an_import_says_what_came_in_and_a_dry_run_what_would(road, kind):
    shop = open_shop(road, kind)
    for number in range(1, 4):
        sell(road, shop, number)
        road.clock.advance(5)
    told = over(road)
    args = ("import", "--account", "acme", "--source", kind, "--from", "2026-03-01")

    dry = told.json(*args, "--dry-run")
    assert road.inbox.items == {}
    done = told.json(*args)
    again = told.run(*args)

    assert (dry["would_store"], done["stored"], done["done"]) == (3, 3, True)
    assert dry["deliveries"] == done["deliveries"]
    assert "stored" in again.stdout
    assert [change.what for change in road.accounts.log].count(f"import {kind}") == 2
    assert not any(word in again.stdout + again.stderr for word in TOKENS.values())


def test_an_import_says_rows_of_rows(road):
    shop = open_shop(road, "woocommerce")
    for number in range(1, 6):
        sell(road, shop, number)
        road.clock.advance(60)
    shop.largest_page = 2

    result = over(road).run("import", "--account", "acme", "--source", "woocommerce", "--from", "2026-03-01")

    told = [line for line in result.stderr.splitlines() if line.startswith("orders: ")]
    assert told == [f"orders: {rows} of 5 rows read; so far {rows} new, 0 known" for rows in (2, 3, 4, 5)]
    assert "customers: 0 rows read; so far 0 new, 0 known" in result.stderr
    assert "customers again: 0 rows read; so far 5 new, 0 known" in result.stderr
    assert "orders again: 5 of 5 rows read; so far 5 new, 0 known" in result.stderr


def test_an_import_that_stopped_says_how_it_goes_on(road):
    open_shop(road, "shopify")
    road.provider_api.away = True

    result = over(road).run("import", "--account", "acme", "--source", "shopify", "--from", "2026-03-01")

    assert result.exit_code == 1
    assert "not_sent" in result.stdout
    assert "give the same command again" in result.stderr


def test_an_import_needs_a_credential_and_a_time(road):
    told = over(road)
    assert "span_missing" in told.run("import", "--account", "acme", "--source", "stripe").stderr
    assert (
        "provider_unknown"
        in told.run("import", "--account", "acme", "--source", "stripe", "--from", "2026-03-01").stderr
    )
    assert (
        "source_without_api"
        in told.run("import", "--account", "acme", "--source", "standard", "--from", "2026-03-01").stderr
    )


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (("2026-01-15", "2026-02-01"), ("2026-01-14T23:00:00Z", "2026-01-31T23:00:00Z")),
        (("2025-08-01", "2025-08-02T12:00"), ("2025-07-31T22:00:00Z", "2025-08-02T10:00:00Z")),
        (("2026-01-15T00:00:00Z", "2026-02-01T00:00:00-05:00"), ("2026-01-15T00:00:00Z", "2026-02-01T05:00:00Z")),
        (("2026-01-15", None), ("2026-01-14T23:00:00Z", "2026-03-02T09:")),
        (("2026-01-15", "2026-06-01"), ("2026-01-14T23:00:00Z", "2026-03-02T09:")),
        (("2026-01-15", "2099-06-01"), ("2026-01-14T23:00:00Z", "2026-03-02T09:")),
    ],
)
def test_the_days_of_an_import_are_madrids_and_an_instant_with_an_offset_is_what_it_says(road, given, expected):
    open_shop(road, "shopify")
    asked = []
    road.provider_api.meddle = lambda request: asked.append(dict(request.query))
    args = [word for name, value in zip(("--from", "--to"), given, strict=True) if value for word in (name, value)]

    assert over(road).run("import", "--account", "acme", "--source", "shopify", *args).exit_code == 0
    assert asked[0]["updated_at_min"] == expected[0]
    assert asked[0]["updated_at_max"].startswith(expected[1])


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        (("--from", "2099-01-01"), "span_empty"),
        (("--from", "2099-01-01", "--to", "2099-02-01"), "span_empty"),
        (("--from", "2026-03-01", "--to", "2026-02-01"), "span_empty"),
        (("--from", "0001-01-01"), "instant_malformed"),
        (("--from", "0001-01-01T00:00:00+14:00"), "instant_malformed"),
        (("--from", "2026-03-01", "--to", "9999-12-31T23:59:59"), "instant_malformed"),
        (("--from", "01/03/2026"), "instant_malformed"),
        (("--to", "2026-03-01"), "span_open"),
    ],
)
def test_a_time_that_cannot_be_imported_is_refused_by_name(road, given, reason):
    open_shop(road, "shopify")

    result = over(road).run("import", "--account", "acme", "--source", "shopify", *given)

    assert (result.exit_code, reason in result.stderr, result.stdout) == (2, True, ""), result.stderr


def sold_and_rested(road, kind, *, days):
    shop = open_shop(road, kind)
    for number in range(1, 4):
        sell(road, shop, number)
    road.clock.advance(days * 86_400)
    return ("import", "--account", "acme", "--source", kind)


@pytest.mark.parametrize("dry", [(), ("--dry-run",), ("--undelivered",)])
def test_a_time_of_which_stripe_has_no_events_any_more_is_refused_by_name(road, dry):
    told = over(road)
    args = sold_and_rested(road, "stripe", days=60)

    result = told.run(*args, "--from", "2026-03-01", "--to", "2026-03-05", *dry)

    assert (result.exit_code, result.stdout) == (2, "")
    assert (
        "span_too_old: --from: Stripe keeps its events 30 days: nothing before 2026-04-01T11:02+02:00" in result.stderr
    )
    assert road.shops.shops["stripe", "acme"].calls == []
    assert road.notes.held == {}


def test_a_time_of_which_stripe_has_a_part_is_read_from_there_on_and_that_is_said(road):
    told = over(road)
    args = (*sold_and_rested(road, "stripe", days=60), "--from", "2026-03-01")
    sell(road, road.shops.shops["stripe", "acme"], 9)

    result = told.run(*args)
    shown = told.json(*args)

    assert result.exit_code == 0
    assert "Stripe keeps its events 30 days: read from 2026-04-01T11:02+02:00 on" in result.stderr
    assert "2026-04-01" in result.stdout
    assert (shown["known"], shown["read_from"]) == (1, "2026-04-01T09:02:00Z")


def test_a_time_that_stripe_still_has_is_read_without_a_word(road):
    told = over(road)
    args = (*sold_and_rested(road, "stripe", days=20), "--from", "2026-03-01")

    assert "keeps" not in told.run(*args).stderr
    assert told.json(*args)["read_from"] is None


def test_what_shopify_shows_of_older_orders_is_said_and_woocommerce_has_them_all(road):
    told = over(road)
    shopify, woocommerce = (sold_and_rested(road, kind, days=61) for kind in ("shopify", "woocommerce"))

    said = told.run(*shopify, "--from", "2026-03-01").stderr
    assert "Shopify lists orders older than 60 days only to an app with read_all_orders" in said
    assert "read_all_orders" not in told.run(*shopify, "--from", "2026-06-01").stderr
    assert "only" not in told.run(*woocommerce, "--from", "2026-03-01").stderr


def test_only_stripe_knows_what_it_did_not_deliver(road):
    open_shop(road, "shopify")

    result = over(road).run(
        "import", "--account", "acme", "--source", "shopify", "--from", "2026-03-01", "--undelivered"
    )
    assert (result.exit_code, "undelivered_unknown" in result.stderr) == (2, True)


def test_erasing_an_account_takes_its_providers_with_it(road):
    open_shop(road, "shopify")

    assert over(road).run("account", "erase", "acme", "--yes").exit_code == 0
    assert asyncio.run(road.providers.known("acme")) == []
