"""The contract of the inbox: one conditional write, no fact lost, ends recorded once and for all."""

from __future__ import annotations

import asyncio
import dataclasses
import gzip
import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from relay.adapters import dynamodb_inbox
from relay.adapters.dynamodb_inbox_writer import INLINE_BYTES
from relay.cli import choice, inputs
from relay.domain.sources import registry
from relay.domain.sources.base import Delivery
from relay.errors import BadInput
from tests.adapters.counting import Counted

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
NOON_MS = round(NOON.timestamp() * 1000)


def delivery(inbox_id: str = "order-1", *, account: str = "acme", at: datetime = NOON, body: bytes = b"{}") -> Delivery:
    return Delivery(
        inbox_id=inbox_id,
        account=account,
        source="shopify",
        topic="orders/paid",
        headers={"x-shopify-topic": "orders/paid", "x-empty": ""},
        body=body,
        received_at=at,
    )


def noise(size: int) -> bytes:
    return random.Random(7).randbytes(size)


def short_pages(client: Any, operation: str, size: int) -> None:
    """Answers end after `size` items, as they do in life after 1 MB."""

    def cut(params: dict[str, Any], **_: Any) -> None:
        params["Limit"] = min(size, params.get("Limit", size))

    client.meta.events.register(f"provide-client-params.dynamodb.{operation}", cut)


async def drain(found: Any) -> list[Any]:
    return [each async for each in found]


def test_a_delivery_comes_back_as_it_was_stored(world):
    sent = delivery(body='{"name": "Ñandú 🦤"}'.encode())

    assert world.writer.put(sent, digest="d1") == "stored"
    item = asyncio.run(world.inbox.get("acme", "order-1"))
    assert item.delivery == sent
    assert (item.digest, item.open, dict(item.ends)) == ("d1", True, {})
    assert asyncio.run(world.inbox.get("acme", "order-2")) is None
    assert asyncio.run(world.inbox.get("other", "order-1")) is None


def test_the_same_digest_is_a_duplicate_and_changes_nothing(world):
    world.writer.put(delivery(), digest="d1")

    assert world.writer.put(delivery(at=NOON + timedelta(hours=1)), digest="d1") == "duplicate"
    assert asyncio.run(world.inbox.get("acme", "order-1")).delivery.received_at == NOON


def test_another_digest_under_the_same_identity_is_a_new_item(world):
    """A false merge would lose a fact; a false split is merged by the ledger."""
    world.writer.put(delivery(body=b"first"), digest="a" * 64)
    answer = world.writer.put(delivery(body=b"second"), digest="b" * 64)

    assert answer == f"stored_as:order-1-{'b' * 12}"
    assert asyncio.run(world.inbox.get("acme", "order-1")).delivery.body == b"first"
    other = asyncio.run(world.inbox.get("acme", answer.removeprefix("stored_as:")))
    assert other.delivery.body == b"second"
    assert other.delivery.inbox_id == f"order-1-{'b' * 12}"
    assert world.writer.put(delivery(body=b"second"), digest="b" * 64) == "duplicate"


def test_polls_put_through_the_same_write(world):
    assert asyncio.run(world.inbox.put(delivery(), digest="d1")) == "stored"
    assert world.writer.put(delivery(), digest="d1") == "duplicate"


def test_one_event_ends_its_delivery(world):
    world.writer.put(delivery(), digest="d1")
    asyncio.run(world.inbox.close("acme", "order-1", ends={"0": "document:k"}, of=1))

    item = asyncio.run(world.inbox.get("acme", "order-1"))
    assert (item.open, dict(item.ends)) == (False, {"0": "document:k"})


@pytest.mark.row("D13")
def test_several_events_end_one_by_one_in_any_order(world):
    async def story() -> None:
        await world.inbox.put(delivery(), digest="d1")
        await world.inbox.close("acme", "order-1", ends={"2": "ignored:test"}, of=3)
        await world.inbox.close("acme", "order-1", ends={"0": "document:k"}, of=3)
        await world.inbox.close("acme", "order-1", ends={"0": "document:k"}, of=3)
        item = await world.inbox.get("acme", "order-1")
        assert item.open
        await world.inbox.close("acme", "order-1", ends={"1": "document:l"}, of=3)
        item = await world.inbox.get("acme", "order-1")
        assert not item.open
        assert dict(item.ends) == {"0": "document:k", "1": "document:l", "2": "ignored:test"}

    asyncio.run(story())


def test_closing_what_is_not_there_leaves_nothing_behind(world):
    asyncio.run(world.inbox.close("acme", "gone", ends={"0": "x"}, of=1))
    asyncio.run(world.inbox.close("acme", "gone", ends={"0": "x"}, of=2))

    assert asyncio.run(world.inbox.get("acme", "gone")) is None


def test_what_is_open_is_listed_over_all_accounts_oldest_first(world):
    async def story() -> list[tuple[str, str, int]]:
        for minutes, account, inbox_id in ((3, "b#1", "x"), (1, "a%", "y#z"), (2, "c", "q"), (9, "a%", "late")):
            at = NOON + timedelta(minutes=minutes)
            await world.inbox.put(delivery(inbox_id, account=account, at=at), digest="d")
        await world.inbox.close("c", "q", ends={"0": "done"}, of=1)
        assert await drain(world.inbox.open_since(before_ms=NOON_MS + 9 * 60_000, limit=1)) == [
            ("a%", "y#z", NOON_MS + 60_000)
        ]
        return await drain(world.inbox.open_since(before_ms=NOON_MS + 9 * 60_000, limit=10))

    assert asyncio.run(story()) == [("a%", "y#z", NOON_MS + 60_000), ("b#1", "x", NOON_MS + 180_000)]


def test_the_newest_that_was_received_is_listed_for_one_account_and_a_time(world):
    async def story() -> list[str]:
        for minutes in (5, 1, 3, 7, 4):
            await world.inbox.put(delivery(f"m{minutes}", at=NOON + timedelta(minutes=minutes)), digest="d")
        await world.inbox.put(delivery("m2", account="acme2", at=NOON + timedelta(minutes=2)), digest="d")
        found = world.inbox.received("acme", from_ms=NOON_MS + 60_000, to_ms=NOON_MS + 7 * 60_000, limit=2)
        return [item.delivery.inbox_id async for item in found]

    assert asyncio.run(story()) == ["m4", "m5"]


def item_of(aws: Any, pk: str) -> dict[str, Any]:
    return aws.dynamo.get_item(TableName=aws.inbox_table, Key={"pk": {"S": pk}}, ConsistentRead=True)["Item"]


def test_an_open_item_never_expires_and_a_closed_one_35_days_later(aws):
    aws.writer.put(delivery(), digest="d1")
    assert "expires_at" not in item_of(aws, "acme#order-1")
    asyncio.run(aws.inbox.close("acme", "order-1", ends={"0": "done"}, of=2))
    assert "expires_at" not in item_of(aws, "acme#order-1")
    asyncio.run(aws.inbox.close("acme", "order-1", ends={"1": "done"}, of=2))

    item = item_of(aws, "acme#order-1")
    assert not {"open_pk", "open_sk"} & item.keys()
    assert int(item["expires_at"]["N"]) == int((aws.clock.now() + timedelta(days=35)).timestamp())


def test_the_inbox_remembers_a_delivery_for_as_long_as_its_sender_may_bring_it_again():
    assert timedelta(days=dynamodb_inbox.KEPT_DAYS) == choice.KEPT
    assert max(registry.get(source).REPLAY_WINDOW for source in inputs.SOURCES) <= choice.KEPT


def test_the_end_of_a_delivery_costs_one_call_and_of_several_events_at_most_two(aws):
    async def story() -> None:
        for name in ("one", "all", "several"):
            await aws.inbox.put(delivery(name), digest="d")
        counted.calls.clear()
        await aws.inbox.close("acme", "one", ends={"0": "done"}, of=1)
        await aws.inbox.close("acme", "all", ends={"0": "done", "1": "done"}, of=2)
        assert counted.calls == ["UpdateItem"] * 2
        await aws.inbox.close("acme", "several", ends={"0": "done"}, of=2)
        assert counted.calls == ["UpdateItem"] * 3
        await aws.inbox.close("acme", "several", ends={"1": "done"}, of=2)
        assert counted.calls == ["UpdateItem"] * 5

    counted = Counted(aws.dynamo)
    asyncio.run(story())
    for name in ("one", "all", "several"):
        assert not {"open_pk", "open_sk"} & item_of(aws, f"acme#{name}").keys()


@pytest.mark.row("B02")
@pytest.mark.parametrize(("size", "objects"), [(INLINE_BYTES - 100, 0), (INLINE_BYTES + 100, 1), (4_500_000, 1)])
def test_a_body_over_24_kb_compressed_goes_to_the_bucket(aws, size, objects):
    sent = delivery(body=noise(size))
    aws.writer.put(sent, digest="d1")

    assert aws.s3.list_objects_v2(Bucket=aws.bucket)["KeyCount"] == objects
    assert asyncio.run(aws.inbox.get("acme", "order-1")).delivery == sent


def test_a_large_body_under_a_taken_identity_does_not_overwrite_the_first(aws):
    first, second = noise(40_000), noise(40_001)
    aws.writer.put(delivery(body=first), digest="d1")
    answer = aws.writer.put(delivery(body=second), digest="d2")

    assert asyncio.run(aws.inbox.get("acme", "order-1")).delivery.body == first
    other = asyncio.run(aws.inbox.get("acme", answer.removeprefix("stored_as:")))
    assert other.delivery.body == second


def test_an_id_longer_than_a_key_allows_is_kept_whole(aws):
    long = "ñ#" * 2000
    aws.writer.put(dataclasses.replace(delivery(), inbox_id=long), digest="d1")

    assert asyncio.run(aws.inbox.get("acme", long)).delivery.inbox_id == long
    assert asyncio.run(drain(aws.inbox.open_since(before_ms=NOON_MS + 1, limit=5))) == [("acme", long, NOON_MS)]


def test_what_was_received_is_listed_over_many_pages(aws):
    for n in range(9):
        aws.writer.put(delivery(f"m{n}", at=NOON + timedelta(minutes=n)), digest="d")
    short_pages(aws.dynamo, "Scan", 2)

    found = asyncio.run(drain(aws.inbox.received("acme", from_ms=0, to_ms=NOON_MS * 2, limit=99)))
    assert [item.delivery.inbox_id for item in found] == [f"m{n}" for n in range(9)]


def test_hundreds_of_events_end_in_pieces(aws):
    async def story() -> Any:
        await aws.inbox.put(delivery(), digest="d1")
        await aws.inbox.close("acme", "order-1", ends={str(n): f"end {n}" for n in range(250)}, of=251)
        assert (await aws.inbox.get("acme", "order-1")).open
        await aws.inbox.close("acme", "order-1", ends={"250": "last"}, of=251)
        return await aws.inbox.get("acme", "order-1")

    item = asyncio.run(story())
    assert not item.open
    assert len(item.ends) == 251


def test_the_ends_of_a_time_are_listed_without_bodies(world):
    async def story() -> Any:
        big = noise(INLINE_BYTES * 2)
        for minutes, account, inbox_id, body in (
            (-1, "acme", "before", b"{}"),
            (0, "acme", "done", b"{}"),
            (5, "acme", "in s3", big),
            (6, "acm", "o#1", b"{}"),
            (7, "acme", "x" * 400, b"{}"),
            (10, "acme", "after", b"{}"),
        ):
            at = NOON + timedelta(minutes=minutes)
            await world.inbox.put(delivery(inbox_id, account=account, at=at, body=body), digest="d1")
        await world.inbox.close("acme", "done", ends={"0": "document:k", "1": "ignored:test"}, of=2)
        await world.inbox.close("acme", "in s3", ends={"1": "waiting:parent"}, of=2)
        span = {"from_ms": NOON_MS, "to_ms": NOON_MS + 600_000}
        return [await drain(world.inbox.ends_between(**span, account=name)) for name in ("acme", "")]

    mine, everybodys = asyncio.run(story())

    assert sorted((each.inbox_id, each.open, dict(each.ends)) for each in mine) == [
        ("done", False, {"0": "document:k", "1": "ignored:test"}),
        ("in s3", True, {"1": "waiting:parent"}),
        ("x" * 400, True, {}),
    ]
    assert {(each.account, each.inbox_id) for each in everybodys} == {(e.account, e.inbox_id) for e in mine} | {
        ("acm", "o#1")
    }
    first = min(mine, key=lambda each: each.received_ms)
    assert (first.source, first.topic, first.received_ms) == ("shopify", "orders/paid", NOON_MS)


def test_the_ends_of_a_time_are_read_over_all_pages_in_one_scan(aws):
    for n in range(7):
        aws.writer.put(delivery(f"o{n}"), digest="d1")
    short_pages(aws.dynamo, "Scan", 2)
    counted = Counted(aws.dynamo, aws.s3)
    found = asyncio.run(drain(aws.inbox.ends_between(from_ms=0, to_ms=NOON_MS + 1, account="acme")))

    assert len(found) == 7
    assert set(counted.calls) == {"Scan"}


def test_a_delivery_is_reopened_and_loses_only_the_ends_that_are_named(world):
    later_ms = NOON_MS + 3_600_000

    async def story() -> Any:
        await world.inbox.put(delivery(), digest="d1")
        await world.inbox.close("acme", "order-1", ends={"0": "document:k", "1": "review:no_lines"}, of=2)
        closed = [each.open_ms for each in await drain(world.inbox.ends_between(from_ms=0, to_ms=NOON_MS + 1))]
        done = await world.inbox.reopen("acme", "order-1", numbers=["1"], now_ms=later_ms)
        item = await world.inbox.get("acme", "order-1")
        young = await drain(world.inbox.open_since(before_ms=later_ms, limit=9))
        old = await drain(world.inbox.open_since(before_ms=later_ms + 1, limit=9))
        [listed] = await drain(world.inbox.ends_between(from_ms=0, to_ms=NOON_MS + 1))
        await world.inbox.close("acme", "order-1", ends={"1": "document:l"}, of=2)
        return closed, done, item, young, old, listed.open_ms, await world.inbox.get("acme", "order-1")

    closed, done, item, young, old, open_ms, after = asyncio.run(story())

    assert (closed, done, young, open_ms) == ([0], True, [], later_ms)
    assert (item.open, dict(item.ends)) == (True, {"0": "document:k"})
    assert old == [("acme", "order-1", later_ms)]
    assert (after.open, dict(after.ends)) == (False, {"0": "document:k", "1": "document:l"})


def test_what_is_not_there_cannot_be_reopened(world):
    assert asyncio.run(world.inbox.reopen("acme", "gone", numbers=["0"], now_ms=NOON_MS)) is False
    assert asyncio.run(world.inbox.get("acme", "gone")) is None


def test_a_reopened_delivery_has_no_end_of_life_until_it_is_closed_again(aws):
    aws.writer.put(delivery(), digest="d1")
    asyncio.run(aws.inbox.close("acme", "order-1", ends={"0": "review:x"}, of=1))
    asyncio.run(aws.inbox.reopen("acme", "order-1", numbers=["0"], now_ms=NOON_MS))
    [item] = aws.dynamo.scan(TableName=aws.inbox_table)["Items"]

    assert "expires_at" not in item


@pytest.mark.parametrize("kept", [b"no gzip", gzip.compress(b"{}", mtime=0)[:-9]])
def test_a_body_that_was_damaged_is_an_error_of_ours(aws, kept):
    aws.writer.put(delivery(), digest="d1")
    [item] = aws.dynamo.scan(TableName=aws.inbox_table)["Items"]
    aws.dynamo.put_item(TableName=aws.inbox_table, Item={**item, "b": {"B": kept}})

    with pytest.raises(BadInput, match="delivery_unreadable"):
        asyncio.run(aws.inbox.get("acme", "order-1"))
