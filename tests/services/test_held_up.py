"""Nothing is held up by what is none of its business: by another class, a failing neighbour, old settings, a lagging index."""

from __future__ import annotations

import asyncio
import dataclasses

import pytest

from holded_sandbox.faults import Fault
from relay.errors import NotFound, Unavailable
from relay.services.purse import Purse
from relay.services.session import LOOK_S
from relay.services.settlement import settle_key
from relay.services.times import at_ms
from tests.fakes import FakeClock, FakeGates
from tests.services.killing import batch, named
from tests.services.replaying import change, order, orders, told
from tests.services.test_dead_letters import House
from tests.services.test_giving_way import SPANS, Knocking, sweep, swept
from tests.services.test_road import refund_of
from tests.services.test_two_drainers import drainer_of
from tests.services.wire import Wire
from tests.services.world import ACCOUNT, TOKEN, World, shopify_order

NOTHING = {"policy": {"paid_order": "nothing"}}
JUDGED = {"policy": {"exchange_rate": "review"}}


def now_ms(world):
    return at_ms(world.clock.now())


def test_an_invoice_in_doubt_is_looked_for_in_time_though_background_work_waits_for_days():
    world = World(settings=NOTHING, month_limit=2_000)
    refs = world.deliver(shopify_order(1), topic="orders/paid")
    world.run(refs)
    change(world, policy={})
    world.sandbox.faults.faults.append(Fault(kind="lose_reply", method="POST", path="/invoices$"))
    world.order(shopify_order(2))
    doubt = world.row()
    gate = world.gates.gates[ACCOUNT]
    world.gates.gates[ACCOUNT] = dataclasses.replace(
        gate, budget=dataclasses.replace(gate.budget, used=(0, 0, 1_000), per_month=2_000)
    )
    order(world, refs)
    world.run()

    assert doubt.state == "unknown"
    assert [row.state for row in world.rows() if row.reason == "quota_pace"] == ["waiting"]
    assert world.gates.gates[ACCOUNT].next_due_ms <= doubt.due_ms
    world.settle(hours=0.5)
    assert world.ledger.rows[doubt.key].state == "confirmed"


def test_a_contact_that_waits_for_a_fiscal_token_wakes_nobody_before_there_is_one():
    """Its own class has tokens, so it is due; its drain, told to come again at once, would run as fast as queues deliver."""
    world = World(month_limit=2_000)
    world.order(shopify_order())
    customer = {"id": 8, "email": "berta@example.com", "first_name": "Berta", "last_name": "Ejemplo"}
    with world.paused():
        world.run(world.deliver(customer, topic="customers/create"))
    (row,) = (each for each in world.rows("contact") if each.key.source == "shopify")
    gate = world.gates.gates[ACCOUNT]
    used = dataclasses.replace(gate.budget, used=(2_000, 0, 0), per_month=2_000)
    world.gates.gates[ACCOUNT] = dataclasses.replace(gate, budget=used)
    world.clock.advance(120)
    world.wakes.sent.clear()
    world.run()

    assert (row.state, row.priority, world.ledger.rows[row.key].rev) == ("waiting", "normal", row.rev)
    assert world.gates.gates[ACCOUNT].next_due_ms > now_ms(world) + 60_000
    assert all(wake.delay_seconds > 60 for wake in world.wakes.sent)


def test_failures_of_a_sweep_count_only_in_a_row():
    world = World()
    world.order(shopify_order())
    key = settle_key(ACCOUNT)
    world.ledger.rows[key] = dataclasses.replace(world.ledger.rows[key], attempts=7)
    world.settle(hours=7, step_s=600)

    assert (world.ledger.rows[key].state, world.ledger.rows[key].attempts) == ("waiting", 0)


def test_a_dead_letter_that_cannot_be_read_stops_neither_the_sweep_nor_the_others():
    house = House()
    refs = [ref for number in (1, 2) for ref in house.deliver(shopify_order(number), topic="orders/paid")]
    house.run(refs)
    for ref in refs:
        house.dies({"account": ACCOUNT, "event": ref}, at=ref)
    inner, swept_to = house.inbox.get, house.ledger.rows[settle_key(ACCOUNT)].version

    async def get(account, inbox_id):
        if refs[0].startswith(inbox_id):
            raise NotFound("object_missing")
        return await inner(account, inbox_id)

    house.inbox.get = get
    house.settle(hours=49, step_s=1800)
    house.inbox.get = inner
    row = house.ledger.rows[settle_key(ACCOUNT)]

    assert (row.state, row.attempts) == ("waiting", 0)
    assert row.version > swept_to
    assert [one.name for one in house.dead()] == [refs[0]]


@pytest.mark.parametrize("state", ["dead", "ignored"])
def test_a_sweep_that_ended_stands_up_with_the_next_order(state):
    world = World()
    for number in range(12):
        world.order(shopify_order(number))
    world.documents()[0]["total"] = "1.00"
    key = settle_key(ACCOUNT)
    world.ledger.rows[key] = dataclasses.replace(world.ledger.rows[key], state=state, due_ms=0, attempts=8)
    gate = world.gates.gates[ACCOUNT]
    world.gates.gates[ACCOUNT] = dataclasses.replace(gate, next_due_ms=None)
    world.clock.advance(3_600)
    world.order(shopify_order(20))
    world.settle(hours=1)

    assert world.ledger.rows[key].state == "waiting"
    assert [row.reason for row in world.rows("invoice.settlement")] == ["total_differs"]


def test_a_store_that_is_away_for_what_knocks_costs_neither_the_lease_nor_the_messages():
    world = swept()
    holded = Knocking(world, nth=2)
    inner, failed = world.ledger, []

    class Away:
        def __getattr__(self, name):
            return getattr(inner, name)

        async def get(self, key):
            if key.purpose == "invoice" and holded.delivered is not None and not failed:
                failed.append(key)
                raise Unavailable("throttled")
            return await inner.get(key)

    by = drainer_of(world, Wire(world), "sweeper", holded=holded, ledger=Away())

    assert asyncio.run(batch(world, [{"account": ACCOUNT}], by=by)) == []
    assert len(failed) == 1
    assert world.gates.gates[ACCOUNT].owner == ""
    assert len(world.documents()) == SPANS + 1


def test_what_a_person_asks_for_after_mending_the_settings_is_judged_by_the_new_ones():
    world = World(settings=JUDGED)
    (ref,) = world.deliver(shopify_order(50, currency="USD"), topic="orders/paid")
    world.run([ref])
    swept(world)
    asked = []

    class Mending(Knocking):
        async def knock(self):
            one = world.accounts.accounts[ACCOUNT]
            await world.accounts.put(dataclasses.replace(one, settings={"policy": {}}), expected_rev=one.rev)
            asked.append(await orders(world).start(ACCOUNT, [ref], rate=0, now=world.clock.now()))

    holded = Mending(world, nth=2)
    asyncio.run(sweep(world, Wire(world), holded))
    assert world.gates.gates[ACCOUNT].owner == ""
    assert len(holded.lists) < SPANS  # the sweep goes on with the next drain, which is woken at once
    assert [wake.delay_seconds for wake in world.wakes.sent][-1] == 0
    world.run()
    world.settle(hours=1)

    assert dict(told(world, asked[0]).answers)[ref].startswith("document:")


def test_a_hint_told_to_the_holder_waits_for_its_echo_all_the_same():
    world = swept()
    by_hand = dict(world.documents()[0], id="a" * 24)
    world.company.put("documents", by_hand, now_ms(world) / 1000)
    world.refs = world.hint("a" * 24, "update")
    holded = Knocking(world, nth=2)
    reread = f"GET /api/v2/invoices/{'a' * 24}"
    asyncio.run(sweep(world, Wire(world), holded))

    assert holded.delivered is not None
    assert reread not in world.holded.calls
    world.settle(hours=0.1)
    assert world.holded.calls.count(reread) == 1


def test_a_replay_does_not_crawl_while_the_index_lags():
    world = World()
    refs = [ref for number in range(60) for ref in world.deliver(shopify_order(number), topic="orders/paid")]
    for number in range(0, 60, 8):
        world.run(refs[number : number + 8])
        world.clock.advance(60)
    replay_id = order(world, refs)
    inner, seen = world.ledger.due, {}

    async def lagging(account, *, priority, now_ms, limit):
        if priority not in seen:
            seen[priority] = await inner(account, priority=priority, now_ms=now_ms, limit=limit)
        return seen[priority]

    world.ledger.due = lagging
    world.run()

    assert told(world, replay_id).state == "done"


def test_a_token_that_was_never_sent_is_not_taken_for_another():
    clock, gates = FakeClock(), FakeGates()
    world = World()
    world.order(shopify_order())
    gate = dataclasses.replace(
        world.gates.gates[ACCOUNT], owner="me", lease_until_ms=at_ms(clock.now()) + 10**12, rev=1
    )
    gates.gates[ACCOUNT] = gate
    purse = Purse(store=gates, gate=gate, owner="me", clock=clock, now_ms=at_ms(clock.now()))
    clock.advance(10**7)

    async def story():
        await purse.spend("fiscal")  # its claim was lost to another drain
        lost_ms = at_ms(clock.now())
        clock.advance(10)
        sent = await purse.spend("fiscal")
        clock.advance(1)
        purse.answered(sent)
        return [slot * 250 - lost_ms for slot, _, _ in purse.gate.budget.recent]

    latest_of_lost, use_of_sent = asyncio.run(story())

    assert 1_750 <= latest_of_lost <= 2_000
    assert 10_750 <= use_of_sent <= 11_000


def test_a_refused_account_is_tried_with_one_row_whoever_knocks_meanwhile():
    world = World()
    world.order(shopify_order(1))
    world.company.tokens.pop(TOKEN)
    world.order(shopify_order(2))
    assert world.accounts.accounts[ACCOUNT].status == "blocked"
    world.clock.advance(48 * 3600)
    refs = world.deliver(shopify_order(3), topic="orders/paid")
    calls = []

    class Slow:
        async def call(self, request, credential, *, timeout_ms):
            calls.append(request.path)
            if len(calls) == 1:
                by = drainer_of(world, Wire(world), "other")
                assert await batch(world, named(refs, ACCOUNT), by=by) == []
                world.clock.advance(1)
                await asyncio.sleep(1.5 * LOOK_S)
            return await world.holded.call(request, credential, timeout_ms=timeout_ms)

    by = drainer_of(world, Wire(world), "prober", holded=Slow())
    asyncio.run(batch(world, [{"account": ACCOUNT}], by=by))

    assert len(calls) == 1


def test_an_order_that_comes_while_dead_letters_are_cleared_is_written_within_two_seconds():
    house = House()
    house.order(shopify_order(1))
    for number in range(80):
        house.dies({"account": ACCOUNT, "event": f"gone{number}#0"}, at=f"m{number}")
    (live,) = house.deliver(shopify_order(2), topic="orders/paid")
    house.clock.advance(7 * 3600)
    inner, looks, came, written = house.inbox.get, [], [], []

    async def get(account, inbox_id):
        if inbox_id.startswith("gone"):
            looks.append(inbox_id)
            house.clock.advance(0.1)
            await asyncio.sleep(0)
            if len(looks) == 20:
                came.append(house.clock.now())
                await house.drainer().run(ACCOUNT, [live], deadline_ms=now_ms(house) + 60_000)
            if came and not written and len(house.documents()) == 2:
                written.append((house.clock.now() - came[0]).total_seconds())
        return await inner(account, inbox_id)

    house.inbox.get = get
    house.run()

    assert written[0] <= 2
    assert len(looks) == 80


def test_a_noted_version_that_cannot_be_read_uses_no_attempt_of_another_row():
    """The order's reply was lost: its newer version is noted, its refund waits. Who settles it takes up both."""
    world = World()
    world.sandbox.faults.faults += [
        Fault(kind="lose_reply", method="POST", path="/invoices$"),
        Fault(kind="error_before", method="POST", path="/(creditnotes|credit-notes)$"),
    ]
    sold = shopify_order()
    refs = world.deliver(sold, topic="orders/paid")
    world.run(refs)
    newer = world.deliver(sold | {"updated_at": "2026-03-02T10:00:00+01:00"}, topic="orders/updated")
    world.run(newer)
    world.run(world.deliver(refund_of(sold), topic="refunds/create"))
    assert world.row().pending_event_id
    assert world.row("creditnote").reason == "parent"
    inner, broken = world.inbox.get, []

    async def get(account, inbox_id):
        if newer[0].startswith(inbox_id):
            broken.append(inbox_id)
            raise NotFound("object_missing")
        return await inner(account, inbox_id)

    world.inbox.get = get
    world.clock.advance(1_300)
    world.run()

    assert world.row().state == "confirmed"
    assert broken
    assert (world.row("creditnote").state, world.row("creditnote").attempts) == ("unknown", 0)
