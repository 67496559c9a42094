"""The contract of the ledger: first writer wins, compare-and-swap, a child waits only for what is not confirmed."""

from __future__ import annotations

import asyncio
import dataclasses
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.adapters import _rows
from relay.adapters.dynamodb_ledger import DynamoLedger
from relay.domain.ledger import Key, Row
from relay.errors import BadInput
from tests.adapters.counting import Counted
from tests.adapters.test_inbox import short_pages
from tests.benchmarks.counted import item_bytes

NOON_MS = round(datetime(2026, 3, 2, 12, 0, tzinfo=UTC).timestamp() * 1000)
KEY = Key(account="acme", source="shopify", object_id="1001", purpose="invoice")


def row(object_id: str = "1001", *, account: str = "acme", **values: Any) -> Row:
    key = Key(account=account, source="shopify", object_id=object_id, purpose="invoice")
    return Row(**({"key": key, "state": "sent", "created_ms": NOON_MS, "updated_ms": NOON_MS} | values))


def waiting(object_id: str, due_ms: int, **values: Any) -> Row:
    return row(object_id, state="waiting", indexed=True, due_ms=due_ms, **values)


FULL = row(
    state="waiting",
    kind="hint",
    priority="background",
    rev=7,
    updated_ms=NOON_MS + 5,
    step="approve",
    last_step="pay",
    event_id="shopify-1#0",
    event_type="order.paid",
    version=1_767_225_600_000,
    digest="f" * 64,
    marker="hrabcdefghijklmn",
    owner="owner",
    lease_until_ms=NOON_MS + 60_000,
    due_ms=NOON_MS + 90_000,
    reason="budget",
    detail="the minute is spent",
    attempts=3,
    seen_empty=1,
    parent="acme/shopify/1/invoice",
    doc_type="invoice",
    contact_id="c1",
    holded_id="h1",
    number="F260001",
    total=Decimal("121.10"),
    currency="EUR",
    site="a.example",
    credited="77=12.10",
    split="100.00;21:100.00:21.10",
    paid=Decimal("71.10"),
    lines="0123456789abcdef",
    document_date="2026-03-02",
    written_ms=NOON_MS + 1,
    pending_event_id="shopify-2#0",
    event=b"\x1f\x8b\x00binary",
    indexed=True,
)


async def drain(found: Any) -> list[Any]:
    return [each async for each in found]


@pytest.mark.parametrize("whole", [FULL, row()], ids=["every field", "defaults"])
def test_a_row_comes_back_as_it_was_written(world, whole):
    async def story() -> Row | None:
        assert await world.ledger.insert(whole) is None
        return await world.ledger.get(whole.key)

    assert asyncio.run(story()) == whole


def test_the_sample_row_sets_every_field_to_something_else_than_its_default():
    same = [
        field.name
        for field in dataclasses.fields(Row)
        if field.default is not dataclasses.MISSING and getattr(FULL, field.name) == field.default
    ]

    assert same == []


def test_the_split_of_a_total_costs_a_confirmed_row_few_bytes_and_no_write_unit():
    """A row as an approved invoice leaves it; the largest split has every rate that a Spanish document is likely to bear."""
    done = dataclasses.replace(FULL, state="confirmed", owner="", lease_until_ms=0, due_ms=0, reason="", detail="")
    done = dataclasses.replace(done, parent="", pending_event_id="", event=b"", indexed=False, split="")
    rates = ("21", "10", "5.2", "1.4", "4", "0.5", "0", "-15")
    largest = ";".join(("99999.99", *(f"{rate}:12345.67:2592.59" for rate in rates)))
    without, one, eight = (
        item_bytes(_rows.item_of(dataclasses.replace(done, split=split), write_id="w" * 32))
        for split in ("", FULL.split, largest)
    )

    assert one - without == 24
    assert eight - without < 190
    assert eight < 700  # of the 1,024 of one write unit


def test_every_field_of_a_row_has_its_place_in_the_item():
    special = {"key", "indexed", "event"}

    assert {*_rows.STRINGS, *_rows.NUMBERS, *_rows.AMOUNTS, *special} == {
        field.name for field in dataclasses.fields(Row)
    }
    short = [*_rows.STRINGS.values(), *_rows.NUMBERS.values(), *_rows.AMOUNTS.values()]
    assert len(set(short)) == len(short)


def test_insert_hands_over_the_row_that_was_first(world):
    async def story() -> None:
        assert await world.ledger.insert(FULL) is None
        assert await world.ledger.insert(row(owner="late")) == FULL
        assert await world.ledger.get(KEY) == FULL

    asyncio.run(story())


def test_replace_writes_only_over_the_expected_rev(world):
    async def story() -> None:
        assert not await world.ledger.replace(row(), expected_rev=1)
        await world.ledger.insert(row())
        assert await world.ledger.replace(row(owner="a"), expected_rev=1)
        assert not await world.ledger.replace(row(owner="b", rev=2), expected_rev=1)
        found = await world.ledger.get(KEY)
        assert (found.owner, found.rev) == ("a", 2)

    asyncio.run(story())


def test_a_replaced_field_at_its_default_is_gone(world):
    async def story() -> Row | None:
        await world.ledger.insert(FULL)
        assert await world.ledger.replace(row(state="confirmed", rev=8), expected_rev=7)
        return await world.ledger.get(KEY)

    assert asyncio.run(story()) == row(state="confirmed", rev=8)


@pytest.mark.row("E01")
def test_accounts_do_not_share_rows(world):
    async def story() -> None:
        await world.ledger.insert(row())
        assert await world.ledger.get(dataclasses.replace(KEY, account="other")) is None
        assert await world.ledger.insert(row(account="other")) is None

    asyncio.run(story())


PARENT = Key(account="acme", source="shopify", object_id="parent", purpose="invoice")


@pytest.mark.parametrize("state", [None, "sent", "unknown", "waiting", "review"])
def test_a_child_waits_while_its_parent_is_not_confirmed(world, state):
    async def story() -> None:
        if state:
            await world.ledger.insert(row("parent", state=state))
        assert await world.ledger.wait_for_parent(waiting("child", NOON_MS), parent=PARENT, expected_rev=0)
        assert (await world.ledger.get(row("child").key)).state == "waiting"
        assert list(await world.ledger.children(PARENT)) == [row("child").key]

    asyncio.run(story())


def test_a_child_does_not_wait_for_a_confirmed_parent(world):
    async def story() -> None:
        await world.ledger.insert(row("parent", state="confirmed"))
        assert not await world.ledger.wait_for_parent(waiting("child", NOON_MS), parent=PARENT, expected_rev=0)
        assert await world.ledger.get(row("child").key) is None
        assert list(await world.ledger.children(PARENT)) == []

    asyncio.run(story())


def test_a_child_that_was_moved_by_another_does_not_wait(world):
    async def story() -> None:
        await world.ledger.insert(row("child"))
        assert not await world.ledger.wait_for_parent(waiting("child", NOON_MS), parent=PARENT, expected_rev=0)
        assert await world.ledger.wait_for_parent(waiting("child", NOON_MS), parent=PARENT, expected_rev=1)
        assert not await world.ledger.wait_for_parent(waiting("child", NOON_MS), parent=PARENT, expected_rev=1)
        assert (await world.ledger.get(row("child").key)).rev == 2
        assert list(await world.ledger.children(PARENT)) == [row("child").key]

    asyncio.run(story())


def test_what_is_due_comes_oldest_first_and_by_priority(world):
    async def story() -> None:
        for object_id, due_ms in (("c", 300), ("a", 100), ("b", 200), ("later", 900)):
            await world.ledger.insert(waiting(object_id, NOON_MS + due_ms))
        await world.ledger.insert(waiting("n", NOON_MS + 50, priority="normal"))
        await world.ledger.insert(waiting("other", NOON_MS, account="other"))
        await world.ledger.insert(row("claimed", due_ms=NOON_MS))
        found = await world.ledger.due("acme", priority="fiscal", now_ms=NOON_MS + 300, limit=10)
        assert [each.key.object_id for each in found] == ["a", "b", "c"]
        assert all(each.state == "waiting" for each in found)
        found = await world.ledger.due("acme", priority="fiscal", now_ms=NOON_MS + 300, limit=2)
        assert [each.key.object_id for each in found] == ["a", "b"]
        found = await world.ledger.due("acme", priority="normal", now_ms=NOON_MS + 300, limit=2)
        assert [each.key.object_id for each in found] == ["n"]
        assert await world.ledger.next_due("acme") == {"fiscal": NOON_MS + 100, "normal": NOON_MS + 50}
        assert await world.ledger.next_due("nobody") == {}

    asyncio.run(story())


def test_a_row_leaves_the_work_index_when_it_ends_and_stays_when_it_is_claimed_from_it(world):
    async def story() -> None:
        await world.ledger.insert(waiting("a", NOON_MS))
        await world.ledger.insert(waiting("b", NOON_MS))
        ended = dataclasses.replace(waiting("a", NOON_MS), state="confirmed", indexed=False, due_ms=0)
        assert await world.ledger.replace(ended, expected_rev=1)
        claimed = dataclasses.replace(waiting("b", NOON_MS + 70_000), state="sent")
        assert await world.ledger.replace(claimed, expected_rev=1)
        assert list(await world.ledger.due("acme", priority="fiscal", now_ms=NOON_MS, limit=9)) == []
        found = await world.ledger.due("acme", priority="fiscal", now_ms=NOON_MS + 70_000, limit=9)
        assert [each.key.object_id for each in found] == ["b"]

    asyncio.run(story())


def test_a_waiting_row_without_a_time_is_listed_but_never_due(world):
    async def story() -> None:
        await world.ledger.insert(row("held", state="waiting", indexed=True, due_ms=0))
        assert await world.ledger.next_due("acme") == {}
        assert list(await world.ledger.due("acme", priority="fiscal", now_ms=NOON_MS * 2, limit=9)) == []
        assert [each.key.object_id async for each in world.ledger.in_state("acme", "waiting")] == ["held"]

    asyncio.run(story())


@pytest.mark.parametrize("state", ["waiting", "unknown", "review", "dead", "ignored", "superseded", "confirmed"])
def test_rows_are_listed_by_state_oldest_change_first(world, state):
    async def story() -> None:
        for object_id, at, due in (("c", 30, 1), ("a", 10, 9), ("b", 20, 5), ("early", 1, 1)):
            priority = "normal" if object_id == "a" else "fiscal"
            values = {"updated_ms": NOON_MS + at, "due_ms": NOON_MS + due, "indexed": True, "priority": priority}
            await world.ledger.insert(row(object_id, state=state, **values))
        await world.ledger.insert(row("else", state="review" if state != "review" else "dead"))
        await world.ledger.insert(row("x", account="other", state=state, indexed=True))
        world.clock.at = datetime.fromtimestamp(NOON_MS / 1000 + 60, UTC)
        listed = await drain(world.ledger.in_state("acme", state, from_ms=NOON_MS + 10))
        assert [each.key.object_id for each in listed] == ["a", "b", "c"]
        listed = await drain(world.ledger.in_state("acme", state, limit=2))
        assert [each.key.object_id for each in listed] == ["early", "a"]

    asyncio.run(story())


def test_confirmed_rows_are_listed_across_days(world):
    day = 86_400_000

    async def story() -> None:
        for object_id, at in (("c", 2 * day), ("a", 0), ("b", day), ("end", 2 * day + 1)):
            await world.ledger.insert(row(object_id, state="confirmed", updated_ms=NOON_MS + at))
        found = world.ledger.confirmed_between("acme", from_ms=NOON_MS, to_ms=NOON_MS + 2 * day + 1)
        assert [each.key.object_id for each in await drain(found)] == ["a", "b", "c"]
        found = world.ledger.confirmed_between("acme", from_ms=NOON_MS + day, to_ms=NOON_MS + 2 * day)
        assert [each.key.object_id for each in await drain(found)] == ["b"]

    asyncio.run(story())


def test_a_payments_row_names_the_document_it_pays_and_is_found_only_where_there_is_no_other(world):
    paying = dataclasses.replace(KEY, object_id="p1", purpose="payment")

    async def story() -> None:
        await world.ledger.insert(row(key=paying, state="confirmed", holded_id="5f", updated_ms=2_000))
        assert (await world.ledger.by_holded_id("acme", "5f")).key == paying
        await world.ledger.insert(row(state="confirmed", holded_id="5f"))
        assert (await world.ledger.by_holded_id("acme", "5f")).key == KEY

    asyncio.run(story())


def test_a_row_is_found_by_its_holded_id_in_its_account_only(world):
    async def story() -> None:
        await world.ledger.insert(row(state="confirmed", holded_id="5f#1"))
        assert (await world.ledger.by_holded_id("acme", "5f#1")).key == KEY
        assert await world.ledger.by_holded_id("other", "5f#1") is None
        assert await world.ledger.by_holded_id("acme", "5f") is None

    asyncio.run(story())


def test_states_are_counted(world):
    async def story() -> Any:
        for state, count in (("waiting", 3), ("sent", 1), ("unknown", 2), ("review", 2), ("dead", 1), ("confirmed", 2)):
            for at in range(count):
                priority = ("fiscal", "normal", "background")[at]
                one = row(f"{state}{at}", state=state, priority=priority, indexed=True, due_ms=NOON_MS)
                await world.ledger.insert(one)
        return await world.ledger.count("acme")

    assert dict(asyncio.run(story())) == {"waiting": 3, "sent": 1, "unknown": 2, "review": 2, "dead": 1}


def test_a_claim_straight_from_a_message_pays_for_no_index(aws):
    """Two writes a document: the claim stands in no index, its inbox item is still open and is the net."""
    asyncio.run(aws.ledger.insert(row()))
    item = aws.dynamo.get_item(TableName=aws.state_table, Key=_rows.row_key(KEY))["Item"]

    assert not {"work_pk", "work_sk", "holded_pk", "wake_pk"} & item.keys()


def test_listings_go_on_over_many_pages(aws):
    async def story() -> None:
        for n in range(7):
            await aws.ledger.insert(row(f"r{n}", state="review", updated_ms=NOON_MS + n))
            await aws.ledger.insert(waiting(f"w{n}", NOON_MS + n))
            child = waiting(f"c{n}", NOON_MS, priority="normal")
            await aws.ledger.wait_for_parent(child, parent=PARENT, expected_rev=0)
        short_pages(aws.dynamo, "Query", 2)
        assert [each.key.object_id async for each in aws.ledger.in_state("acme", "review")] == [
            f"r{n}" for n in range(7)
        ]
        found = await aws.ledger.due("acme", priority="fiscal", now_ms=NOON_MS + 9, limit=5)
        assert [each.key.object_id for each in found] == [f"w{n}" for n in range(5)]
        assert sorted(each.object_id for each in await aws.ledger.children(PARENT)) == [f"c{n}" for n in range(7)]
        assert await aws.ledger.count("acme") == {"waiting": 14, "review": 7, "dead": 0, "sent": 0, "unknown": 0}

    asyncio.run(story())


@pytest.mark.row("D19")
def test_rows_that_moved_on_do_not_hide_what_is_due_behind_them(aws):
    """The index lags: here three rows were already put off, and the index still names them first."""

    async def story() -> list[str]:
        for n in range(6):
            await aws.ledger.insert(waiting(f"r{n}", NOON_MS + n))
        for n in range(3):
            aws.dynamo.update_item(
                TableName=aws.state_table,
                Key=_rows.row_key(row(f"r{n}").key),
                UpdateExpression="SET du = :later",
                ExpressionAttributeValues={":later": {"N": str(NOON_MS + 9_999)}},
            )
        found = await aws.ledger.due("acme", priority="fiscal", now_ms=NOON_MS + 100, limit=2)
        return [each.key.object_id for each in found]

    assert asyncio.run(story()) == ["r3", "r4"]


@pytest.mark.row("B02")
def test_an_event_too_large_for_an_item_is_kept_in_the_bucket(aws):
    heavy = waiting("1001", NOON_MS, event=bytes(range(256)) * 2000)

    async def story() -> None:
        await aws.ledger.insert(heavy)
        assert await aws.ledger.get(KEY) == heavy
        assert await aws.ledger.insert(row()) == heavy
        assert list(await aws.ledger.due("acme", priority="fiscal", now_ms=NOON_MS, limit=1)) == [heavy]

    asyncio.run(story())


def test_an_event_too_large_is_refused_by_name_where_no_bucket_is_configured(aws):
    ledger = DynamoLedger(client=aws.dynamo, table=aws.state_table)

    with pytest.raises(BadInput, match="event_too_large: event: 30000 bytes"):
        asyncio.run(ledger.insert(row(event=bytes(30_000))))


def test_more_rows_than_one_batch_are_due_at_once(aws):
    async def story() -> None:
        await asyncio.gather(*(aws.ledger.insert(waiting(f"{n:04d}", NOON_MS + n)) for n in range(230)))
        found = await aws.ledger.due("acme", priority="fiscal", now_ms=NOON_MS + 999, limit=220)
        assert [each.key.object_id for each in found] == [f"{n:04d}" for n in range(220)]

    asyncio.run(story())


texts = st.text(min_size=1, max_size=400)


@given(account=texts, source=texts, object_id=texts, purpose=texts)
def test_any_key_survives_the_item_and_fits_dynamodb(account, source, object_id, purpose):
    key = Key(account=account, source=source, object_id=object_id, purpose=purpose)
    item = _rows.item_of(Row(key=key, state="review", created_ms=1, updated_ms=1), write_id="w")
    pointer = _rows.pointer(key, PARENT, expires_at=1)

    assert _rows.row_of(item).key == key
    assert len(item["pk"]["S"].encode()) <= 2048
    assert len(item["work_sk"]["S"].encode()) <= 1024
    assert len(pointer["sk"]["S"].encode()) <= 1024
    assert _rows.partition(key).count("#") == 4


@pytest.mark.parametrize("waiting_rows", [40, 600])
def test_a_page_of_what_is_due_is_one_query_and_one_read_whatever_waits_behind_it(aws, waiting_rows):
    rows = [waiting(f"{n:05d}", NOON_MS + n) for n in range(waiting_rows)]
    items = [_rows.item_of(each, write_id="w") for each in rows]
    for at in range(0, len(items), 25):
        puts = [{"PutRequest": {"Item": item}} for item in items[at : at + 25]]
        aws.dynamo.batch_write_item(RequestItems={aws.state_table: puts})
    counted = Counted(aws.dynamo)

    async def story() -> None:
        found = await aws.ledger.due("acme", priority="fiscal", now_ms=NOON_MS + 10**6, limit=25)
        assert [each.key for each in found] == [each.key for each in rows[:25]]
        assert counted.calls == ["Query", "BatchGetItem"]
        counted.calls.clear()
        assert min((await aws.ledger.next_due("acme")).values()) == NOON_MS
        assert counted.calls == ["Query"] * 3  # one a priority, each for one row
        counted.calls.clear()
        assert await aws.ledger.next_due("other") == {}
        assert await aws.ledger.due("other", priority="fiscal", now_ms=NOON_MS + 10**6, limit=25) == []
        assert counted.calls == ["Query"] * 4

    asyncio.run(story())
