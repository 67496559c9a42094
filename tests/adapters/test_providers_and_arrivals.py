"""Credentials of providers and counts of what came in: the fakes and the tables keep one contract."""

from __future__ import annotations

import asyncio
import dataclasses

import pytest

from relay.errors import NotAllowed
from relay.ports.providers import Arrivals, ProviderCredential

HOUR = 3_600_000
DAY = 24 * HOUR
NOON = 20_500 * DAY + 12 * HOUR
SHOP = ProviderCredential(source="shopify", base_url="https://acme.myshopify.com", token="shpat_secret")
STRIPE = ProviderCredential(source="stripe", base_url="https://api.stripe.com", token="rk_secret", register=False)


@pytest.mark.row("E01")
def test_a_credential_is_found_by_account_and_source_alone(world):
    async def story():
        assert await world.providers.get("acme", "shopify") is None
        for one in (STRIPE, SHOP):
            await world.providers.put("acme", one)
        assert await world.providers.get("acme", "shopify") == SHOP
        assert await world.providers.get("acme", "stripe") == STRIPE
        assert await world.providers.get("acme2", "shopify") is None
        known = await world.providers.known("acme")
        assert list(known) == [dataclasses.replace(one, token="") for one in (SHOP, STRIPE)]
        assert list(await world.providers.known("acm")) == []
        assert await world.providers.forget("acme", "shopify")
        assert not await world.providers.forget("acme", "shopify")
        assert await world.providers.get("acme", "shopify") is None

    asyncio.run(story())


def test_a_new_credential_takes_the_place_of_the_old_one(world):
    newer = dataclasses.replace(SHOP, token="shpat_newer")

    async def story():
        await world.providers.put("acme", SHOP)
        await world.providers.put("acme", newer)
        return await world.providers.get("acme", "shopify"), await world.providers.known("acme")

    found, known = asyncio.run(story())
    assert (found, len(known)) == (newer, 1)


@pytest.mark.row("E04")
def test_a_credential_opens_only_where_it_was_sealed(aws):
    """Moved to another account's item, or asked for under another purpose, it does not open."""

    async def story():
        await aws.providers.put("acme", SHOP)
        item = aws.dynamo.get_item(
            TableName=aws.state_table, Key={"pk": {"S": "acme#account"}, "sk": {"S": "provider:shopify"}}
        )["Item"]
        assert "shpat" not in repr(item)
        for pk, sk in (("bolt#account", "provider:shopify"), ("acme#account", "provider:stripe")):
            aws.dynamo.put_item(TableName=aws.state_table, Item=item | {"pk": {"S": pk}, "sk": {"S": sk}})
        for account, source in (("bolt", "shopify"), ("acme", "stripe")):
            with pytest.raises(NotAllowed):
                await aws.providers.get(account, source)

    asyncio.run(story())


@pytest.mark.row("E03")
def test_erasing_an_account_takes_its_providers_credentials(aws):
    async def story():
        for account in ("acme", "acme2"):
            await aws.providers.put(account, SHOP)
        assert await aws.accounts.erase("acme") >= 1
        return await aws.providers.known("acme"), await aws.providers.known("acme2")

    gone, kept = asyncio.run(story())
    assert (len(gone), len(kept)) == (0, 1)


def test_counts_add_up_by_hour_and_the_latest_is_known(world):
    async def story():
        assert await world.arrivals.since("acme", from_ms=0) == {}
        await world.arrivals.add("acme", "shopify", hours={NOON: 2}, last_ms=NOON + 5)
        await world.arrivals.add("acme", "shopify", hours={NOON: 1, NOON + HOUR: 4}, last_ms=NOON + HOUR + 7)
        await world.arrivals.add("acme", "shopify", hours={NOON + DAY: 1}, last_ms=NOON + DAY)
        await world.arrivals.add("acme", "stripe", hours={NOON - DAY: 9}, last_ms=NOON - DAY)
        await world.arrivals.add("acme2", "shopify", hours={NOON: 100}, last_ms=NOON)
        return await world.arrivals.since("acme", from_ms=0), await world.arrivals.since(
            "acme", from_ms=NOON + 2 * HOUR
        )

    everything, lately = asyncio.run(story())
    shop = Arrivals.Arrived(hours={NOON: 3, NOON + HOUR: 4, NOON + DAY: 1}, last_ms=NOON + DAY)
    assert everything == {"shopify": shop, "stripe": Arrivals.Arrived(hours={NOON - DAY: 9}, last_ms=NOON - DAY)}
    assert lately == {"shopify": shop}


def test_notes_keep_the_newest(world):
    async def story():
        assert await world.notes.get("acme", "watch", "shopify") is None
        assert await world.notes.put("acme", "watch", "shopify", {"rates": [1, 2]}, at_ms=NOON)
        assert not await world.notes.put("acme", "watch", "shopify", {"rates": []}, at_ms=NOON - 1)
        assert await world.notes.put("acme", "watch", "shopify", {"rates": [3]}, at_ms=NOON)
        assert await world.notes.get("acme", "watch", "shopify") == {"rates": [3]}
        assert await world.notes.get("acme", "import", "shopify") is None
        assert await world.notes.get("acme2", "watch", "shopify") is None

    asyncio.run(story())


def test_counts_leave_the_table_by_themselves(aws):
    asyncio.run(aws.arrivals.add("acme", "shopify", hours={NOON: 2}, last_ms=NOON))
    (item,) = aws.dynamo.scan(TableName=aws.state_table)["Items"]

    assert int(item["expires_at"]["N"]) * 1000 == NOON - NOON % DAY + 70 * DAY
