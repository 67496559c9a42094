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


@pytest.mark.parametrize(
    ("args", "reason"),
    [
        (("shopify",), "shop_malformed"),
        (("shopify", "--shop-domain", "evil.example"), "shop_malformed"),
        (("shopify", "--base-url", "http://shop.example"), "base_url_refused"),
        (("woocommerce",), "base_url_missing"),
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
