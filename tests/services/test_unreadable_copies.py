"""A row whose copy of its event is damaged: the inbox's copy is used, and where that is gone too the others go on."""

from __future__ import annotations

import asyncio
import gzip
import json
from dataclasses import replace

import pytest

from relay.domain import replay
from relay.errors import BadInput, Unavailable
from relay.services.copies import event_of
from relay.services.job import unpack_event
from relay.services.would import WouldReplay
from tests.services.killing import Aftermath
from tests.services.polling import Hands, poll_now, polled_world, told
from tests.services.replaying import order, orders
from tests.services.test_dead_letters import House
from tests.services.test_remedies import draft_refund, item, mend, now_of, said, studied
from tests.services.test_turns import hurried_now, join, nothing_is_due
from tests.services.world import ACCOUNT, World, shopify_order

PACKED = gzip.compress(b'{"specversion": "1.0", "id": "one#0", "of": 1, "differences": []}', mtime=0)
DAMAGED = {
    "no gzip": b"not gzip",
    "cut short": PACKED[:-12],
    "one bit": PACKED[:20] + bytes([PACKED[20] ^ 0x10]) + PACKED[21:],
    "another checksum": PACKED[:-8] + b"\0" * 8,
    "something behind it": PACKED + b"x",
    "too deep": gzip.compress(b"[" * 200_000, mtime=0),
    "half a character": gzip.compress(b'"\\ud800"', mtime=0),
    "another release's": gzip.compress(b'{"v": 7}', mtime=0),
}
copies = pytest.mark.parametrize("copy", DAMAGED.values(), ids=DAMAGED)


def damage(world, key, copy=b"not gzip"):
    world.ledger.rows[key] = replace(world.ledger.rows[key], event=copy)


@copies
def test_a_copy_that_cannot_be_read_is_told_in_one_way(copy):
    with pytest.raises(BadInput):
        unpack_event(copy)


def test_more_than_any_copy_unpacks_to_is_not_unpacked(monkeypatch):
    monkeypatch.setattr("relay.domain.packed.MOST_BYTES", 1000)
    with pytest.raises(BadInput, match="event_unreadable"):
        unpack_event(gzip.compress(b"0" * 1001, mtime=0))


@copies
def test_a_waiting_row_goes_on_with_the_event_of_the_inbox(copy):
    world = World()
    with world.paused():
        world.order(shopify_order(1))
    damage(world, world.row().key, copy)
    world.run()

    assert (world.row().state, len(world.documents())) == ("confirmed", 1)


@copies
def test_a_dead_row_is_previewed_and_written_from_the_inbox_and_hides_nobody(copy):
    house = House()
    _, broken = house.machine_trouble(1)
    house.machine_trouble(2)
    damage(house, broken, copy)
    would = [would_of(house, one.row) for one in house.dead()]
    house.replay()
    house.run()

    assert {(one.compared.partition(";")[0], one.replay) for one in would} == {
        ("nothing written", "goes back to the waiting room")
    }
    assert (house.dead(), len(house.documents())) == ([], 2)


def would_of(world, row):
    account = world.accounts.accounts[ACCOUNT]
    would = WouldReplay(inbox=world.inbox, ledger=world.ledger)
    return asyncio.run(would.of_row(account, row, now=world.clock.now()))


@copies
def test_where_neither_can_be_read_the_preview_says_so_and_the_others_go_on(copy):
    house = House()
    ref, broken = house.machine_trouble(1)
    house.machine_trouble(2)
    damage(house, broken, copy)
    house.inbox.items.pop((ACCOUNT, ref.partition("#")[0]))
    would = {one.row.key: would_of(house, one.row).compared for one in house.dead()}
    house.replay()
    house.run()
    house.settle(hours=12)

    assert would.pop(broken) == "cannot be read: event_unreadable"
    assert [told.partition(";")[0] for told in would.values()] == ["nothing written"]
    assert ([one.row.key for one in house.dead()], len(house.documents())) == ([broken], 1)


@copies
def test_an_item_in_review_is_understood_and_put_back_with_the_event_of_the_inbox(copy):
    world = draft_refund()
    name = item(world, "creditnote")
    damage(world, now_of(world, name).key, copy)
    assert studied(world, name).open_remedies[0] == "retry"

    mend(world)
    said(world, "retry", name)
    assert unpack_event(now_of(world, name).event).id == now_of(world, name).event_id
    Aftermath(world).live(hours=1)

    assert now_of(world, name).state == "confirmed"


@copies
def test_an_item_of_which_neither_can_be_read_is_left_without_retry(copy):
    world = draft_refund()
    row = now_of(world, item(world, "creditnote"))
    damage(world, row.key, copy)
    world.inbox.items.clear()

    assert studied(world, str(row.key)).open_remedies == ("adopt", "ignore")


def test_a_delivery_that_cannot_be_read_is_as_one_that_is_not_held():
    world = draft_refund()
    row = now_of(world, item(world, "creditnote"))
    damage(world, row.key)

    async def get(account, inbox_id):
        raise BadInput("delivery_unreadable")

    world.inbox.get = get

    assert studied(world, str(row.key)).open_remedies == ("adopt", "ignore")


def test_a_store_that_is_away_says_nothing_about_the_event():
    world = draft_refund()
    row = now_of(world, item(world, "creditnote"))

    async def get(account, inbox_id):
        raise Unavailable("away")

    world.inbox.get = get

    with pytest.raises(Unavailable):
        asyncio.run(event_of(world.inbox, replace(row, event=b"not gzip")))


@copies
def test_a_hint_is_read_again_from_the_inbox(copy):
    world = World()
    world.order(shopify_order())
    by_hand = dict(world.documents()[0], id="a" * 24, tags=[])
    world.company.put("documents", by_hand, world.clock.now().timestamp())
    world.holded.calls.clear()
    world.run(world.hint("a" * 24, total="121.00"))
    (row,) = world.rows("reread")
    damage(world, row.key, copy)
    world.settle(hours=0.5)

    assert world.holded.calls == [f"GET /api/v2/invoices/{'a' * 24}"]


def test_a_hint_that_cannot_be_read_costs_no_page_the_others():
    world = polled_world()
    poll_now(world)
    nothing_is_due(world)
    hands = Hands(world)
    join(world, [hands.invoice("100"), hands.invoice("101"), hands.invoice("102")])
    held, lost, _ = world.rows("reread")
    damage(world, held.key)
    damage(world, lost.key)
    world.inbox.items.pop((ACCOUNT, lost.event_id.partition("#")[0]))
    hurried_now(world)
    world.run()

    assert [row.key for row in world.rows("reread") if row.state == "waiting"] == [lost.key]
    assert len(told(world)) == 3


@copies
def test_a_replay_whose_list_cannot_be_read_is_cancelled_all_the_same(copy):
    world = World()
    replay_id = order(world, ["gone#0"])
    (row,) = (row for row in world.rows() if row.kind == "replay")
    damage(world, row.key, copy)
    asyncio.run(orders(world).cancel(ACCOUNT, replay_id, now=world.clock.now()))

    (row,) = (row for row in world.rows() if row.kind == "replay")
    assert (row.state, row.reason) == ("ignored", replay.CANCELLED)
    assert "start the replay again" in row.detail


@pytest.mark.parametrize(
    "changed",
    [
        b'{"todo": 5}',
        b'{"todo": [5]}',
        b'{"todo": [], "done": [["a"]]}',
        b'{"of": Infinity}',
        b'{"rate": 1e400}',
        b'{"todo": ["\\ud800"]}',
    ],
)
def test_a_list_that_no_replay_packed_is_refused(changed):
    good = {"of": 1, "todo": [], "done": [], "rate": 0, "window_ms": 0, "used": 0}

    with pytest.raises(BadInput, match="replay_unreadable"):
        replay.unpack(gzip.compress(json.dumps({**good, **json.loads(changed)}).encode(), mtime=0))
