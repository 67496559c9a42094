"""The contract of accounts: compare-and-swap, secrets that open for their own account and purpose only, erasure."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import random
from decimal import Decimal
from typing import Any

import pytest

from relay.adapters.dynamodb_accounts import DynamoAccounts
from relay.domain.polling import Course, Pass, Polling
from relay.domain.snapshots import Snapshot
from relay.errors import BadInput, NotAllowed, Unavailable
from relay.ports.accounts import Account, AccountSecrets, Change, Credential
from tests.adapters.counting import Counted
from tests.adapters.test_inbox import delivery
from tests.adapters.test_ledger import NOON_MS, row, waiting


def account(name: str = "acme", **values: Any) -> Account:
    default = {
        "account": name,
        "name": "Ñam & Cía",
        "mode": "test",
        "status": "active",
        "status_reason": "",
        "company_id": "5f0000000000000000000001",
        "per_minute": 60,
        "per_month": 500,
        "settings": {"finish": "draft", "taxes": [{"rate": Decimal("5.20")}]},
        "catalogue": {"taxes": [{"key": "s_iva_21"}]},
        "salt": "pepper",
        "rev": 1,
    }
    return Account(**(default | values))


def secrets(name: str = "acme", **values: Any) -> AccountSecrets:
    default: dict[str, Any] = {
        "secrets": {"shopify": ("new", "old"), "stripe": ("whsec_1",)},
        "bindings": {"shopify": {"shop_domain": "acme.myshopify.com"}},
    }
    return AccountSecrets(account=name, **(default | values))


def now_ms(world: Any) -> int:
    return round(world.clock.now().timestamp() * 1000)


def test_an_account_comes_back_as_it_was_put(world):
    async def story() -> None:
        assert await world.accounts.get("acme") is None
        assert await world.accounts.put(account(), expected_rev=0)
        assert await world.accounts.get("acme") == account()
        blocked = account(status="blocked", blocked_ms=1_772_442_000_000, refused="v2 write invoices", rev=2)
        assert await world.accounts.put(blocked, expected_rev=1)
        assert await world.accounts.get("acme") == blocked

    asyncio.run(story())


def test_settings_are_compared_and_swapped(world):
    async def story() -> None:
        assert not await world.accounts.put(account(), expected_rev=1)
        assert await world.accounts.put(account(), expected_rev=0)
        assert not await world.accounts.put(account(salt="thief"), expected_rev=0)
        assert await world.accounts.put(account(status="paused"), expected_rev=1)
        assert not await world.accounts.put(account(status="active"), expected_rev=1)
        assert await world.accounts.get("acme") == account(status="paused", rev=2)

    asyncio.run(story())


def test_all_accounts_are_listed_once(world):
    names = [f"shop-{n}" for n in range(40)]

    async def story() -> list[str]:
        for name in names:
            await world.accounts.put(account(name), expected_rev=0)
            await world.accounts.set_credential(name, Credential(token="t"))
        await world.accounts.put(account("shop-3", status="paused"), expected_rev=1)
        return [each.account async for each in world.accounts.all()]

    assert sorted(asyncio.run(story())) == sorted(names)


def test_a_credential_opens_for_its_own_account(world):
    async def story() -> None:
        with pytest.raises(NotAllowed, match="credential_missing"):
            await world.accounts.credential("acme")
        await world.accounts.set_credential("acme", Credential(token="bearer", v1_key="key"))
        assert await world.accounts.credential("acme") == Credential(token="bearer", v1_key="key")
        with pytest.raises(NotAllowed):
            await world.accounts.credential("other")

    asyncio.run(story())


def test_webhook_secrets_come_back_newest_first(world):
    async def story() -> None:
        assert await world.accounts.webhook_secrets("acme") is None
        await world.accounts.set_webhook_secrets("acme", secrets())
        assert await world.accounts.webhook_secrets("acme") == secrets()

    asyncio.run(story())
    assert world.secrets.load("acme") == secrets()
    assert world.secrets.load("other") is None


def test_a_rotated_secret_ends_with_its_overlap(world):
    ends = {"old": now_ms(world) + 10_000}
    asyncio.run(world.accounts.set_webhook_secrets("acme", secrets(expires_ms=ends)))

    assert world.secrets.load("acme").secrets["shopify"] == ("new", "old")
    world.clock.advance(10)
    assert world.secrets.load("acme").secrets["shopify"] == ("new",)
    assert asyncio.run(world.accounts.webhook_secrets("acme")).secrets["shopify"] == ("new",)


def test_erasing_takes_the_secrets_and_keeps_the_ledger(world):
    async def story() -> None:
        await world.accounts.put(account(), expected_rev=0)
        await world.accounts.set_credential("acme", Credential(token="t"))
        await world.accounts.set_webhook_secrets("acme", secrets())
        await world.accounts.set_webhook_secrets("acme2", secrets("acme2"))
        await world.ledger.insert(row(state="confirmed", total=Decimal("12.10"), digest="d"))
        assert await world.accounts.erase("acme") == 3
        assert await world.accounts.webhook_secrets("acme") is None
        assert await world.accounts.webhook_secrets("acme2") is not None
        with pytest.raises(NotAllowed):
            await world.accounts.credential("acme")
        assert (await world.accounts.get("acme")).salt == ""
        assert await world.ledger.get(row().key) == row(state="confirmed", total=Decimal("12.10"), digest="d")
        assert await world.accounts.erase("acme") == 0

    asyncio.run(story())


def test_erasing_takes_every_copy_of_what_a_buyer_sent(aws):
    noise = random.Random(1).randbytes(40_000)

    async def story() -> None:
        await aws.inbox.put(delivery(), digest="d1")
        await aws.inbox.put(delivery("big", body=noise), digest="d2")
        await aws.inbox.put(delivery("big", account="acme2", body=noise), digest="d2")
        await aws.ledger.insert(waiting("1001", NOON_MS, event=b"gz"))
        await aws.ledger.insert(waiting("1002", NOON_MS, event=noise))
        seen = Snapshot(number=1, seen_ms=1, data={"name": "N"})
        await aws.snapshots.record("acme", "contact", "c1", seen, expected=None)
        await aws.snapshots.record("acme2", "contact", "c1", seen, expected=None)
        assert await aws.accounts.erase("acme") == 2 + 2 + 1 + 2
        assert await aws.inbox.get("acme", "order-1") is None
        assert await aws.inbox.get("acme", "big") is None
        assert (await aws.inbox.get("acme2", "big")).delivery.body == noise
        for object_id in ("1001", "1002"):
            kept = await aws.ledger.get(row(object_id).key)
            assert (kept.event, kept.state, kept.rev) == (b"", "waiting", 2)
        assert await aws.snapshots.get("acme", "contact", "c1") is None
        assert await aws.snapshots.get("acme2", "contact", "c1") is not None

    asyncio.run(story())
    left = [each["Key"] for each in aws.s3.list_objects_v2(Bucket=aws.bucket)["Contents"]]
    assert left == ["acme2/big/d2"]


def test_an_erased_account_that_is_added_again_begins_anew(aws):
    """What polling compares with goes, and so does how far it was; what a source usually sent, and when it was heard."""
    walk = Pass(kind="full", started_ms=NOON_MS)

    async def story() -> None:
        for name in ("acme", "acme2"):
            seen = Course(due_ms=1, full_due_ms=1, full_ms=NOON_MS, running=walk)
            await aws.polls.store(Polling(account=name, courses={"invoice": seen}), expected_rev=0)
            await aws.polls.mark(name, "invoice", walk.id, page=0, ids=["a"])
            await aws.notes.put(name, "watch", "shopify", {"looked_ms": NOON_MS}, at_ms=NOON_MS)
            await aws.arrivals.add(name, "shopify", hours={NOON_MS: 3}, last_ms=NOON_MS)
        assert await aws.accounts.erase("acme") == 4
        assert await aws.polls.load("acme") is None
        assert await aws.polls.marked("acme", "invoice", walk.id) == frozenset()
        assert await aws.notes.get("acme", "watch", "shopify") is None
        assert await aws.arrivals.since("acme", from_ms=NOON_MS) == {}
        assert await aws.polls.load("acme2") is not None
        assert await aws.polls.marked("acme2", "invoice", walk.id) == {"a"}
        assert await aws.notes.get("acme2", "watch", "shopify") is not None
        assert "shopify" in await aws.arrivals.since("acme2", from_ms=NOON_MS)

    asyncio.run(story())


def test_half_an_erasure_is_refused(aws):
    reader = DynamoAccounts(client=aws.dynamo, kms=aws.kms, table=aws.state_table)

    with pytest.raises(BadInput, match="stores_missing"):
        asyncio.run(reader.erase("acme"))


def items_of(aws: Any) -> list[dict[str, Any]]:
    return aws.dynamo.scan(TableName=aws.state_table)["Items"]


@pytest.mark.row("E04")
def test_no_secret_stands_in_the_table_in_the_clear(aws):
    asyncio.run(aws.accounts.set_credential("acme", Credential(token="bearer-token", v1_key="v1-key")))
    asyncio.run(aws.accounts.set_webhook_secrets("acme", secrets()))

    for secret in (b"bearer-token", b"v1-key", b"whsec_1", b"myshopify"):
        for item in items_of(aws):
            assert secret not in json.dumps({name: str(value) for name, value in item.items()}).encode()


@pytest.mark.row("E04")
@pytest.mark.parametrize(
    ("to_pk", "to_sk", "from_sk"),
    [
        ("other#account", "holded", "holded"),
        ("acme#account", "webhooks", "holded"),
        ("acme#account", "holded", "webhooks"),
    ],
)
def test_a_sealed_item_moved_to_another_account_or_purpose_does_not_open(aws, to_pk, to_sk, from_sk):
    asyncio.run(aws.accounts.set_credential("acme", Credential(token="t")))
    asyncio.run(aws.accounts.set_webhook_secrets("acme", secrets()))
    taken = next(item for item in items_of(aws) if item["sk"]["S"] == from_sk)
    aws.dynamo.put_item(TableName=aws.state_table, Item=taken | {"pk": {"S": to_pk}, "sk": {"S": to_sk}})
    victim = to_pk.split("#")[0]

    with pytest.raises(NotAllowed, match="secret_unreadable") as refused:
        asyncio.run(aws.accounts.credential(victim) if to_sk == "holded" else aws.accounts.webhook_secrets(victim))
    assert "t" not in refused.value.detail.split()
    if to_sk == "webhooks":
        with pytest.raises(Unavailable, match="secret_unreadable"):
            aws.secrets.load(victim)


def test_more_secrets_than_kms_takes_are_refused_by_name(aws):
    many = secrets(secrets={"shopify": tuple(f"{n:064d}" for n in range(100))})

    with pytest.raises(BadInput, match=r"secrets_too_large: webhooks: .* expected at most 4096"):
        asyncio.run(aws.accounts.set_webhook_secrets("acme", many))


def test_changes_are_logged_by_month_in_order(aws):
    async def story() -> None:
        for at in (5, 1):
            await aws.accounts.record_change("acme", at_ms=NOON_MS + at, who="w", what=f"{at}", before="b", after="a")

    asyncio.run(story())
    found = aws.dynamo.query(
        TableName=aws.state_table,
        KeyConditionExpression="pk = :pk",
        ExpressionAttributeValues={":pk": {"S": "acme#changes#2026-03"}},
    )["Items"]
    assert [item["what"]["S"] for item in found] == ["1", "5"]


def test_a_warm_account_costs_one_call_an_accepted_delivery(aws):
    asyncio.run(aws.accounts.set_webhook_secrets("acme", secrets()))
    counted = Counted(aws.dynamo, aws.kms, aws.s3)

    def accept(n: int) -> None:
        assert aws.secrets.load("acme") is not None
        assert aws.writer.put(delivery(f"order-{n}"), digest="d") == "stored"

    accept(0)
    assert counted.calls == ["GetItem", "Decrypt", "PutItem"]
    counted.calls.clear()
    for n in range(1, 6):
        accept(n)
    assert counted.calls == ["PutItem"] * 5


@pytest.mark.row("D17")
def test_a_rotated_secret_is_seen_after_half_a_minute(aws):
    asyncio.run(aws.accounts.set_webhook_secrets("acme", secrets()))
    assert aws.secrets.load("acme").secrets["stripe"] == ("whsec_1",)
    asyncio.run(aws.accounts.set_webhook_secrets("acme", secrets(secrets={"stripe": ("whsec_2", "whsec_1")})))

    aws.clock.advance(29)
    assert aws.secrets.load("acme").secrets["stripe"] == ("whsec_1",)
    aws.clock.advance(1)
    assert aws.secrets.load("acme").secrets["stripe"] == ("whsec_2", "whsec_1")


@pytest.mark.row("B07")
def test_a_flood_of_invented_accounts_neither_fills_memory_nor_pushes_out_a_known_one(aws):
    asyncio.run(aws.accounts.set_webhook_secrets("acme", secrets()))
    aws.secrets._known._size = aws.secrets._unknown._size = 10
    aws.secrets.load("acme")
    counted = Counted(aws.dynamo)
    for n in range(30):
        assert aws.secrets.load(f"invented-{n}") is None
    assert aws.secrets.load("invented-29") is None
    assert aws.secrets.load("acme") is not None

    assert counted.calls == ["GetItem"] * 30
    assert len(aws.secrets._unknown._held) == 10


def test_of_more_accounts_than_the_memory_holds_the_busy_ones_stay(aws):
    for name in ("busy", "rare", "new"):
        asyncio.run(aws.accounts.set_webhook_secrets(name, secrets(name)))
    aws.secrets._known._size = 2
    for name in ("busy", "rare", "busy", "new"):
        aws.secrets.load(name)
    counted = Counted(aws.dynamo)

    assert aws.secrets.load("busy") == secrets("busy")
    assert counted.calls == []
    assert aws.secrets.load("rare") == secrets("rare")
    assert counted.calls == ["GetItem"]


def test_a_new_account_is_seen_within_seconds(aws):
    assert aws.secrets.load("acme") is None
    asyncio.run(aws.accounts.set_webhook_secrets("acme", secrets()))
    assert aws.secrets.load("acme") is None
    aws.clock.advance(5)

    assert aws.secrets.load("acme") == secrets()


@pytest.mark.parametrize("name", ["", "#", "a/../b", "x" * 5000, "\x00", "\udcff", "ñ" * 1100])
def test_any_text_in_the_path_is_at_most_an_unknown_account(aws, name):
    assert aws.secrets.load(name) is None


@pytest.mark.row("E04")
def test_repr_of_secrets_tells_nothing():
    assert "whsec" not in repr(secrets())
    assert dataclasses.replace(secrets(), account="x").account == "x"


@pytest.mark.row("D17")
def test_an_unchanged_credential_is_opened_once_and_a_new_one_counts_at_once(aws):
    from relay.ports.accounts import Credential

    decrypts = []
    aws.kms.meta.events.register("before-call.kms.Decrypt", lambda **_call: decrypts.append(1))

    async def story():
        await aws.accounts.set_credential("acme", Credential(token="pat_one"))
        first = [await aws.accounts.credential("acme") for _ in range(3)]
        await aws.accounts.set_credential("acme", Credential(token="pat_two"))
        return [*first, await aws.accounts.credential("acme")]

    assert [each.token for each in asyncio.run(story())] == ["pat_one"] * 3 + ["pat_two"]
    assert len(decrypts) == 2


def test_the_change_log_is_read_newest_first_within_its_bounds(world):
    december = 1_767_222_000_000  # 2025-12-31T23:00Z: two months and a year's end lie before NOON
    day = 86_400_000

    async def story() -> None:
        for at_ms, what in (
            (december, "first"),
            (NOON_MS - day, "second"),
            (NOON_MS, "third"),
            (NOON_MS + 1, "fourth"),
        ):
            await world.accounts.record_change("acme", at_ms=at_ms, who="cli:ana", what=what, before="b", after="")
        await world.accounts.record_change("acm", at_ms=NOON_MS, who="w", what="another's", before="", after="")

    async def read(from_ms: int, to_ms: int, limit: int = 100) -> list[str]:
        found = world.accounts.changes("acme", from_ms=from_ms, to_ms=to_ms, limit=limit)
        return [change.what async for change in found]

    async def looks() -> list[list[str]]:
        return [
            await read(0, NOON_MS + 2),
            await read(0, NOON_MS + 2, limit=2),
            await read(0, NOON_MS + 2, limit=3),
            await read(december, NOON_MS),
            await read(december + 1, NOON_MS + 1),
            await read(NOON_MS, NOON_MS),
        ]

    asyncio.run(story())

    assert asyncio.run(looks()) == [
        ["fourth", "third", "second", "first"],
        ["fourth", "third"],
        ["fourth", "third", "second"],
        ["second", "first"],
        ["third", "second"],
        [],
    ]


def test_an_entry_of_the_change_log_comes_back_as_it_was_recorded(world):
    async def story() -> list[Change]:
        await world.accounts.record_change(
            "acme", at_ms=NOON_MS, who="cli:ana", what="review ignore", before="a", after="ñ"
        )
        return [change async for change in world.accounts.changes("acme", from_ms=0, to_ms=NOON_MS + 1, limit=9)]

    assert asyncio.run(story()) == [
        Change(account="acme", at_ms=NOON_MS, who="cli:ana", what="review ignore", before="a", after="ñ")
    ]
