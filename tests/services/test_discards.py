"""What is discarded is dead in truth: no row goes on, no document stands, and no end that was told is overwritten."""

from __future__ import annotations

import asyncio
import dataclasses

import pytest

from relay.domain import standing_rows
from relay.domain.ledger import STANDING, Key
from relay.errors import NotFound, Rejected, Unavailable
from relay.services.dead_desk import LASTING
from relay.services.settlement import settle_key
from tests.services.replaying import order, told
from tests.services.test_dead_letters import NOTE, House
from tests.services.test_replay import LATER, end_of
from tests.services.test_verify import verified
from tests.services.world import ACCOUNT, shopify_order


@pytest.fixture
def house():
    return House()


def item_of(house, ref):
    return house.inbox.items[ACCOUNT, ref.partition("#")[0]]


def stands(house, ref, state, *, end="", **changes):
    """The event's row in this state, as a killed drain left it, and the end that the inbox tells of it."""
    house.run([ref])
    row = house.row()
    house.ledger.rows[row.key] = dataclasses.replace(row, state=state, **changes)
    at = ACCOUNT, ref.partition("#")[0]
    item = house.inbox.items[at]
    house.inbox.items[at] = dataclasses.replace(item, open=not end, ends={"0": end} if end else {})
    house.dies({"account": ACCOUNT, "event": ref})


def loses(house, ref):
    """The bucket lost the body of a delivery."""
    inner = house.inbox.get

    async def get(account, inbox_id):
        if inbox_id == ref.partition("#")[0]:
            raise NotFound("object_missing")
        return await inner(account, inbox_id)

    house.inbox.get = get


@pytest.mark.parametrize(
    ("state", "end", "changes", "why"),
    [
        ("sent", "", {"holded_id": "", "indexed": False}, "in_doubt"),
        ("unknown", "", {"holded_id": "", "indexed": True}, "in_doubt"),
        ("confirmed", "", {}, "in_doubt"),
        ("dead", "", {"holded_id": "", "reason": "outcome_unknown_trouble_KeyError"}, "in_doubt"),
        ("review", "", {"holded_id": ""}, "under_way"),
        ("waiting", "waiting:paused", {"holded_id": "", "indexed": True}, "under_way"),
        ("unknown", "waiting:outcome_unknown", {"holded_id": "", "indexed": True}, "in_doubt"),
    ],
)
def test_a_message_whose_event_a_row_still_holds_is_not_discarded(house, state, end, changes, why):
    (ref,) = house.deliver(shopify_order(), topic="orders/paid")
    stands(house, ref, state, end=end, **changes)
    with pytest.raises(Rejected, match=why):
        house.discard([one for one in house.dead() if one.in_queue])

    assert item_of(house, ref).ends == ({"0": end} if end else {})
    assert (len(house.queue.letters), house.accounts.log) == (1, [])


def test_a_newer_version_that_waits_for_the_one_being_written_is_not_discarded(house):
    (first,) = house.deliver(shopify_order(), topic="orders/paid")
    (newer,) = house.deliver(shopify_order(total="242.00", updated_at=LATER), topic="orders/updated")
    house.run([first])
    row = house.row()
    house.ledger.rows[row.key] = dataclasses.replace(row, state="sent", holded_id="", pending_event_id=newer)
    house.dies({"account": ACCOUNT, "event": newer})

    with pytest.raises(Rejected, match="in_doubt"):
        house.discard()


@pytest.mark.parametrize("end", ["document:invoice", "review:tax_unknown", "ignored:order_cancelled"])
def test_a_message_whose_event_has_its_end_is_taken_out_and_the_end_stays(house, end):
    (ref,) = house.deliver(shopify_order(), topic="orders/paid")
    stands(house, ref, "confirmed", end=end)

    assert house.discard() == 1
    assert (item_of(house, ref).ends, house.queue.letters) == ({"0": end}, [])


def test_a_held_event_is_written_once_its_account_is_open_and_its_end_is_told(house):
    (ref,) = house.deliver(shopify_order(), topic="orders/paid")
    asyncio.run(house.accounts.put(house._paused("paused"), expected_rev=house._rev()))
    house.run([ref])
    house.dies({"account": ACCOUNT, "event": ref})
    with pytest.raises(Rejected, match="under_way"):
        house.discard()
    asyncio.run(house.accounts.put(house._paused("active"), expected_rev=house._rev()))
    house.settle(hours=1)
    house.run()

    assert end_of(house, ref) == "waiting:paused"
    assert verified(house)[0].ends["done", "invoice"] == 1


def test_a_dead_row_that_moved_meanwhile_stays_what_it_became_and_so_does_its_event(house):
    ref, key = house.machine_trouble()
    found, end = house.dead(), end_of(house, ref)
    house.replay(found)
    house.run()

    assert house.discard(found) == 0
    assert (house.ledger.rows[key].state, end_of(house, ref)) == ("confirmed", end)
    assert house.accounts.log[-1].after == "not discarded: it had moved"


def test_the_event_of_a_discarded_row_is_counted_as_ignored(house):
    house.machine_trouble()
    house.discard()

    assert verified(house)[0].ends["ignored", "by_hand_discarded"] == 1


def test_a_discarded_row_whose_event_was_never_told_an_end_closes_its_delivery(house):
    ref, _ = house.machine_trouble()
    at = ACCOUNT, ref.partition("#")[0]
    house.inbox.items[at] = dataclasses.replace(house.inbox.items[at], open=True, ends={})
    house.discard()

    assert (item_of(house, ref).open, item_of(house, ref).ends) == (False, {"0": "ignored:by_hand_discarded"})


def test_the_settlement_sweep_is_never_discarded_and_comes_back_by_a_replay(house):
    house.order(shopify_order())
    key = settle_key(ACCOUNT)
    house.ledger.rows[key] = dataclasses.replace(
        house.ledger.rows[key], state="dead", reason="trouble_KeyError", attempts=8
    )
    house.machine_trouble(2)
    with pytest.raises(Rejected, match="settlement_sweep"):
        house.discard()
    assert len(house.dead()) == 2

    house.replay([one for one in house.dead() if one.row.kind == "settle"])
    house.run()
    row = house.ledger.rows[key]
    assert (row.state, row.reason, row.attempts) == ("waiting", "next_sweep", 0)


@pytest.mark.parametrize("kind", STANDING)
def test_what_lives_as_long_as_its_account_is_refused_by_its_own_name(house, kind):
    key = Key(account=ACCOUNT, source="*", object_id=kind, purpose="settle")
    row = standing_rows.stands(key, kind, now_ms=0, due_ms=0)
    house.ledger.rows[key] = dataclasses.replace(row, state="dead", attempts=8)
    house.machine_trouble(2)
    what, reason = LASTING[kind]

    with pytest.raises(Rejected, match=f"{reason}: {what} lives as long"):
        house.discard()


def test_a_part_of_a_replay_is_cancelled_with_the_others_and_not_discarded_alone(house):
    replay_id = order(house, [f"gone{number}#0" for number in range(600)])
    (first, *_) = (row for row in house.rows("replay.0001"))
    house.ledger.rows[first.key] = dataclasses.replace(first, state="dead", attempts=8, due_ms=0)
    with pytest.raises(Rejected, match=f"relay replays cancel {replay_id} --account {ACCOUNT}"):
        house.discard()

    assert told(house, replay_id).state == "dead"


def test_a_message_whose_delivery_cannot_be_read_is_listed_and_discarded(house):
    lost, other = (house.deliver(shopify_order(number), topic="orders/paid")[0] for number in (1, 2))
    house.dies({"account": ACCOUNT, "event": lost})
    house.dies({"account": ACCOUNT, "event": other}, at="m2")
    loses(house, lost)

    assert {(one.name, one.source) for one in house.dead()} == {(lost, ""), (other, "shopify")}
    assert house.discard(house.dead(names=frozenset({lost}))) == 1
    assert (item_of(house, lost).open, item_of(house, lost).ends) == (False, {"0": "ignored:by_hand_discarded"})
    assert [one.name for one in house.dead()] == [other]


@pytest.mark.parametrize("end", ["document:invoice", ""])
def test_what_became_of_a_delivery_that_cannot_be_read_is_not_overwritten(house, end):
    (ref,) = house.deliver(shopify_order(), topic="orders/paid")
    stands(house, ref, "unknown" if not end else "confirmed", end=end, indexed=True, due_ms=house.now_ms())
    loses(house, ref)
    if end:
        assert house.discard() == 1
    else:
        with pytest.raises(Rejected, match="in_doubt"):
            house.discard()

    assert item_of(house, ref).ends == ({"0": end} if end else {})


def test_a_store_that_is_away_is_not_taken_for_a_delivery_that_cannot_be_read(house):
    (ref,) = house.deliver(shopify_order(), topic="orders/paid")
    house.dies({"account": ACCOUNT, "event": ref})

    async def get(_account, _inbox_id):
        raise Unavailable("away")

    house.inbox.get = get
    with pytest.raises(Unavailable):
        house.dead()


@pytest.mark.parametrize("named", [True, False])
def test_a_message_is_told_to_the_change_log_before_it_is_taken_out(house, named):
    (ref,) = house.deliver(shopify_order(), topic="orders/paid")
    house.dies({"account": ACCOUNT, **({"event": ref} if named else {})})
    (found,) = house.dead()
    taken, inner = [], house.queue.take_out

    async def take_out(wanted, *, patience_s=0):
        taken.extend(house.accounts.log)
        return await inner(wanted, patience_s=patience_s)

    house.queue.take_out = take_out
    replay_id = house.replay()

    after = f"replayed by {replay_id}" if named else "taken out, its account is woken"
    assert [(each.what, each.after) for each in taken][-1] == (f"dead letter {found.name}", after)


def test_nothing_at_all_is_discarded_where_one_of_many_is_refused(house):
    ref, key = house.machine_trouble()
    (other,) = house.deliver(shopify_order(2), topic="orders/paid")
    house.dies({"account": ACCOUNT, "event": other})
    house.run([other])
    at = ACCOUNT, other.partition("#")[0]
    house.inbox.items[at] = dataclasses.replace(house.inbox.items[at], open=True, ends={})
    with pytest.raises(Rejected, match="in_doubt"):
        house.discard()

    assert house.ledger.rows[key].state == "dead"
    assert end_of(house, ref) == "waiting:paused"
    assert NOTE not in str(house.accounts.log)
