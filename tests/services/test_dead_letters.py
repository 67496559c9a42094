"""The dead come back without harm, by whatever hand: replayed, redriven, both; or are ended for good."""

from __future__ import annotations

import asyncio
import dataclasses
import json

import pytest

from relay.domain.dead import FROM_QUEUE, revived
from relay.domain.ledger import Key
from relay.errors import Rejected
from relay.ports.queues import DeadLetter
from relay.services.dead_desk import DeadDesk, Wanted
from relay.services.dead_letters import IndexDeadLetters
from relay.services.nudge import Nudge
from relay.services.times import at_ms
from tests.fakes import FakeDeadLetters
from tests.services.killing import Aftermath, named, send
from tests.services.replaying import change, orders, told
from tests.services.world import ACCOUNT, World, shopify_order

NOTE = "the shop took it back"


class House(World):
    """A world with dead-letter queues and what a person does with them."""

    def __init__(self, **options):
        super().__init__(**options)
        self.queue = FakeDeadLetters()
        self.index = IndexDeadLetters(queue=self.queue, ledger=self.ledger)
        self.desk = DeadDesk(
            ledger=self.ledger,
            inbox=self.inbox,
            queue=self.queue,
            accounts=self.accounts,
            orders=orders(self),
            nudge=Nudge(gates=self.gates, wakes=self.wakes),
            who="tests",
        )

    def now_ms(self):
        return at_ms(self.clock.now())

    def dies(self, message, *, at="m1"):
        """A message used up its receives and is seen by the index."""
        body = message if isinstance(message, str) else json.dumps(message)
        letter = DeadLetter(message_id=at, body=body, queue="normal", receives=5, first_seen_ms=self.now_ms())
        self.queue.letters.append(letter)
        asyncio.run(self.index(now_ms=self.now_ms()))

    def dead(self, account=ACCOUNT, **asked):
        return asyncio.run(self.desk.listed(account, Wanted(**asked)))

    def replay(self, found=None, *, rate=0):
        found = self.dead() if found is None else found
        return asyncio.run(self.desk.replay(ACCOUNT, found, rate=rate, now=self.clock.now()))

    def discard(self, found=None, account=ACCOUNT):
        found = self.dead(account) if found is None else found
        return asyncio.run(self.desk.discard(account, found, note=NOTE, now=self.clock.now()))

    def machine_trouble(self, number=1, **changes):
        """An order whose row used up its attempts; nothing of it stands in Holded."""
        (ref,) = self.deliver(shopify_order(number), topic="orders/paid")
        asyncio.run(self.accounts.put(self._paused("paused"), expected_rev=self._rev()))
        self.run([ref])
        asyncio.run(self.accounts.put(self._paused("active"), expected_rev=self._rev()))
        row = next(row for row in self.rows("invoice") if row.event_id == ref)
        state = {"state": "dead", "attempts": 8, "due_ms": 0, "reason": "trouble_KeyError"} | changes
        self.ledger.rows[row.key] = dataclasses.replace(row, **state)
        return ref, row.key

    def _paused(self, status):
        return dataclasses.replace(self.accounts.accounts[ACCOUNT], status=status)

    def _rev(self):
        return self.accounts.accounts[ACCOUNT].rev


@pytest.fixture
def house():
    return House()


def test_a_row_that_used_up_its_attempts_is_written_when_it_is_replayed(house):
    ref, key = house.machine_trouble()
    replay_id = house.replay()
    house.run()

    row = house.ledger.rows[key]
    assert told(house, replay_id).answers == ((f"row:{key}", "waiting:replayed"),)
    assert (row.state, row.event_id, row.priority, row.attempts) == ("confirmed", ref, "background", 0)
    assert len(house.documents()) == 1
    assert house.dead() == []


def test_a_row_in_doubt_goes_back_to_the_doubt_and_waits_for_the_fence(house):
    house.order(shopify_order(2))
    now_ms, contact_id = house.now_ms(), house.row().contact_id
    _, key = house.machine_trouble(
        reason="outcome_unknown_trouble_KeyError", contact_id=contact_id, lease_until_ms=now_ms + 60_000
    )
    house.replay()
    house.run()
    row = house.ledger.rows[key]
    assert (row.state, row.due_ms) == ("unknown", now_ms + 60_000 + house.timing.settle_ms)
    assert len(house.documents()) == 1

    house.settle(hours=1)
    assert (house.ledger.rows[key].state, len(house.documents())) == ("confirmed", 2)


def test_what_does_stand_in_holded_is_adopted_when_its_dead_row_is_replayed(house):
    house.order(shopify_order())
    row = house.row()
    event = asyncio.run(_copy(house, row))
    dead = dataclasses.replace(
        row, state="dead", holded_id="", reason="outcome_unknown_server_error", event=event, indexed=True, due_ms=0
    )
    house.ledger.rows[row.key] = dead
    house.replay()
    house.run()
    house.settle(hours=1)

    assert (house.row().state, house.row().holded_id, len(house.documents())) == ("confirmed", row.holded_id, 1)


async def _copy(house, row):
    from relay.services.job import pack_event
    from relay.services.unfold import unfold

    item = await house.inbox.get(ACCOUNT, row.event_id.partition("#")[0])
    return pack_event(unfold(item.delivery).events[0])


@pytest.mark.parametrize("kind", ["settle", "replay", "hint", "event"])
def test_every_kind_of_row_comes_back_as_what_it_is(kind):
    house = House()
    _, key = house.machine_trouble(kind=kind)
    dead = dataclasses.replace(house.ledger.rows[key], reason="why")
    back = revived(dead, now_ms=house.now_ms(), settle_ms=1, reason="replayed")

    assert (back.state, back.kind, back.due_ms, back.rev) == ("waiting", kind, house.now_ms(), dead.rev + 1)
    assert back.reason == ("replayed" if kind in {"hint", "event"} else "why")


def test_a_message_is_replayed_from_the_inbox_and_taken_out_of_its_queue(house):
    (ref,) = house.deliver(shopify_order(), topic="orders/paid")
    house.dies({"account": ACCOUNT, "event": ref})
    replay_id = house.replay()
    house.run()

    assert dict(told(house, replay_id).answers)[ref].startswith("document:")
    assert (house.queue.letters, house.dead(), len(house.documents())) == ([], [], 1)


def test_a_replay_of_the_dead_a_second_time_finds_nothing_dead(house):
    (ref,) = house.deliver(shopify_order(), topic="orders/paid")
    house.dies({"account": ACCOUNT, "event": ref})
    found = house.dead()
    first = house.replay(found)
    assert house.replay(found) == first  # by a second person who looked at the same moment
    house.run()
    replay_id = house.replay(found)  # and once more, afterwards
    house.run()

    assert replay_id != first
    assert [answer.partition(":")[0] for _, answer in told(house, replay_id).answers] == ["already done"]
    assert len(house.documents()) == 1


def test_a_message_that_is_a_plain_wake_wakes_its_account(house):
    house.dies({"account": ACCOUNT})
    assert house.replay() == ""

    assert [wake.message for wake in house.wakes.sent] == [{"account": ACCOUNT}]
    assert (house.queue.letters, house.dead()) == ([], [])


def test_a_message_that_nobody_can_read_can_only_be_discarded(house):
    house.dies("garbage")
    (found,) = house.dead("unknown")
    with pytest.raises(Rejected, match="discard"):
        asyncio.run(house.desk.replay("unknown", [found], rate=0, now=house.clock.now()))

    assert house.discard(account="unknown") == 1
    assert (house.queue.letters, house.dead("unknown")) == ([], [])


@pytest.mark.row("E02")
def test_the_message_of_another_account_is_never_taken_out(house):
    (ref,) = house.deliver(shopify_order(), topic="orders/paid")
    house.dies({"account": ACCOUNT, "event": ref})
    house.dies({"account": "bolt", "event": ref}, at="m2")
    house.replay()

    assert [json.loads(letter.body)["account"] for letter in house.queue.letters] == ["bolt"]
    assert len(house.dead("bolt")) == 1


def test_what_is_discarded_comes_back_by_no_road(house):
    (ref,) = house.deliver(shopify_order(), topic="orders/paid")
    house.dies({"account": ACCOUNT, "event": ref})
    assert house.discard() == 1
    house.clock.advance(3600)
    Aftermath(house).live(hours=0.5)
    send(house, named([ref], ACCOUNT))  # a redrive of a copy
    replay_id = asyncio.run(orders(house).start(ACCOUNT, [ref], rate=0, now=house.clock.now()))
    house.run()

    assert told(house, replay_id).answers == ((ref, "ignored:by_hand_discarded"),)
    assert (house.documents(), house.dead(), house.queue.letters) == ([], [], [])
    item = house.inbox.items[ACCOUNT, ref.partition("#")[0]]
    assert (item.open, item.ends) == (False, {"0": "ignored:by_hand_discarded"})


def test_a_discarded_row_stays_so_when_its_event_is_replayed(house):
    ref, key = house.machine_trouble()
    house.discard()
    asyncio.run(orders(house).start(ACCOUNT, [ref], rate=0, now=house.clock.now()))
    house.run()

    row = house.ledger.rows[key]
    assert (row.state, row.reason, row.detail) == ("ignored", "by_hand_discarded", NOTE)
    assert house.documents() == []


def test_what_may_stand_in_holded_is_not_discarded(house):
    _, key = house.machine_trouble(reason="outcome_unknown_trouble_KeyError")
    house.machine_trouble(2)
    with pytest.raises(Rejected, match="in_doubt"):
        house.discard()

    assert house.ledger.rows[key].state == "dead"
    assert len(house.dead()) == 2


def test_every_action_is_in_the_change_log(house):
    house.machine_trouble()
    (one,) = house.dead()
    house.discard()
    discarded = house.accounts.log[-1]

    assert (discarded.who, discarded.what) == ("tests", f"dead letter {one.name}")
    assert (discarded.before, discarded.after) == ("dead: trouble_KeyError", "discarded")

    house.machine_trouble(2)
    replay_id = house.replay()
    assert house.accounts.log[-1].what == f"replay {replay_id}"
    assert house.accounts.log[-1].after == "1 events: 1 dead letters"


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({}, 3),
        ({"source": "shopify"}, 3),
        ({"source": "stripe"}, 0),
        ({"type": "order.paid"}, 2),
        ({"type": "orders/paid"}, 1),
        ({"reason": "trouble_KeyError"}, 2),
        ({"reason": "attempts_used_up"}, 1),
        ({"to_ms": 1}, 0),
        ({"from_ms": 1 << 50}, 0),
        ({"names": frozenset({"nobody"})}, 0),
    ],
)
def test_the_dead_are_chosen_by_source_type_reason_and_time(house, asked, found):
    house.machine_trouble(1)
    house.machine_trouble(2)
    (ref,) = house.deliver(shopify_order(3), topic="orders/paid")
    house.dies({"account": ACCOUNT, "event": ref})

    assert len(house.dead(**asked)) == found


@pytest.mark.row("D23")
def test_a_plain_redrive_of_everything_that_died_does_no_harm_however_often(house):
    refs = [ref for number in range(3) for ref in house.deliver(shopify_order(number), topic="orders/paid")]
    for ref in refs:
        house.dies({"account": ACCOUNT, "event": ref}, at=ref)
    house.replay(house.dead()[:1])
    house.run()
    for _ in range(2):
        # `StartMessageMoveTask` sends every message as a new one to its queue.
        send(house, [*named(refs, ACCOUNT), {"account": ACCOUNT}])
        send(house, named(refs, ACCOUNT))
    house.settle(hours=1)

    assert len(house.documents()) == 3


def test_the_row_of_a_redriven_message_shows_the_end_and_is_cleared_by_the_next_sweep(house):
    (ref,) = house.deliver(shopify_order(), topic="orders/paid")
    house.dies({"account": ACCOUNT, "event": ref})
    house.queue.letters.clear()
    send(house, named([ref], ACCOUNT))
    (shown,) = house.dead()
    assert shown.since.startswith("document:")

    house.settle(hours=7, step_s=600)
    row = house.ledger.rows[Key(account=ACCOUNT, source=FROM_QUEUE, object_id=ref, purpose="dead")]
    assert (row.state, row.reason) == ("superseded", shown.since)
    assert house.dead() == []


def test_the_row_of_a_message_whose_event_has_no_end_stays(house):
    house.order(shopify_order(2))
    house.dies({"account": ACCOUNT, "event": "gone#0"})
    house.settle(hours=7, step_s=600)

    assert [one.name for one in house.dead()] == ["gone#0"]


def test_an_event_that_dies_again_after_its_row_was_ended_is_dead_again(house):
    (ref,) = house.deliver(shopify_order(), topic="orders/paid")
    house.dies({"account": ACCOUNT, "event": ref})
    house.replay()
    house.clock.advance(60)
    house.dies({"account": ACCOUNT, "event": ref}, at="m2")

    assert [one.name for one in house.dead()] == [ref]
    seen, new = asyncio.run(house.index(now_ms=house.now_ms()))
    assert (seen, new) == (1, 0)


def test_the_index_never_takes_a_message_out(house):
    (ref,) = house.deliver(shopify_order(), topic="orders/paid")
    house.dies({"account": ACCOUNT, "event": ref})
    house.dies("garbage", at="m2")
    asyncio.run(house.index(now_ms=house.now_ms()))

    assert len(house.queue.letters) == 2


@pytest.mark.row("D23")
def test_an_event_older_than_the_queue_keeps_messages_is_replayed_from_the_inbox_after_the_fix():
    house = House(settings={"policy": {"exchange_rate": "review"}})
    (ref,) = house.deliver(shopify_order(currency="USD"), topic="orders/paid")
    house.run([ref])
    house.settle(hours=24 * 20, step_s=6 * 3600)
    change(house, policy={})
    replay_id = asyncio.run(orders(house).start(ACCOUNT, [ref], rate=0, now=house.clock.now()))
    house.run()

    assert dict(told(house, replay_id).answers)[ref].startswith("document:")
    assert len(house.documents()) == 1
