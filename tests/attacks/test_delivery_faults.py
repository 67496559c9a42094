"""Delivery faults by name: one fault, one story, and the same books at the end of it."""

from __future__ import annotations

import asyncio
import inspect
import itertools
import json
from dataclasses import replace
from datetime import timedelta
from random import Random

import pytest

from holded_sandbox.faults import Fault
from relay.domain.sources import signing
from relay.domain.transitions import MAX_ATTEMPTS, backoff_ms
from relay.errors import BadInput, Rejected, RetryAt, Unavailable, WaitUntil
from relay.holded import replies
from relay.holded.protocol import Request, decipher
from relay.ports.accounts import AccountSecrets
from relay.ports.queues import DeadLetter
from relay.services.accept import Accept
from relay.services.dead_letters import IndexDeadLetters
from relay.services.nudge import Nudge
from relay.services.publish import Publish
from relay.services.release import Release
from relay.services.sweep import Sweep
from relay.services.times import at_ms
from tests.domain.sources.payloads import WOO_ORDER
from tests.services.killing import Aftermath, batch, drainer, named, send, state_of, troubles
from tests.services.test_road import refund_of
from tests.services.wire import Wire
from tests.services.world import ACCOUNT, World, shopify_order

LATER = "2026-03-02T10:00:00+01:00"
RECEIVES = 5
"""After so many the queue gives a message to its dead-letter queue (`infra/parts.py`)."""


@pytest.fixture
def world():
    return World()


def fault(world, kind, path, method="POST", **values):
    world.sandbox.faults.faults.append(Fault(kind=kind, method=method, path=path, **values))


def orders(world, numbers, **extra):
    return [ref for n in numbers for ref in world.deliver(shopify_order(n, **extra), topic="orders/paid")]


def drain_by(world, refs, *, clock=None, **others):
    clock = clock or world.clock
    return drainer(world, clock=clock, **others).run(ACCOUNT, refs, deadline_ms=at_ms(clock.now()) + 60_000)


class Skewed:
    def __init__(self, clock, seconds):
        self.clock, self.by = clock, timedelta(seconds=seconds)

    def now(self):
        return self.clock.now() + self.by

    async def sleep(self, seconds):
        await self.clock.sleep(seconds)


class Away:
    """A port whose store answers nothing between two instants of the world's clock."""

    def __init__(self, world, inner, *, until_ms, reason="unavailable", only=()):
        self._world, self._inner, self._until_ms, self._reason, self._only = world, inner, until_ms, reason, only
        self.refused = 0

    def _check(self, name):
        if at_ms(self._world.clock.now()) < self._until_ms and (not self._only or name in self._only):
            self.refused += 1
            raise Unavailable(self._reason)

    def __getattr__(self, name):
        inner = getattr(self._inner, name)
        if inspect.isasyncgenfunction(inner):

            async def listing(*args, **how):
                self._check(name)
                async for found in inner(*args, **how):
                    yield found

            return listing
        if not inspect.iscoroutinefunction(inner):
            return inner

        async def call(*args, **how):
            self._check(name)
            return await inner(*args, **how)

        return call


class Queues(Aftermath):
    """As `Aftermath`, with the dead-letter queue behind, and schedules that fail and are called again."""

    def __init__(self, world, **how):
        super().__init__(world, **how)
        self.seen, self.dead = {}, []
        world.publish = Publish(inbox=world.inbox, bus=world.bus, wakes=world.wakes)
        world.release = self._tolerant(Release(gates=world.gates, wakes=world.wakes))
        self.sweep = self._tolerant(Sweep(inbox=world.inbox, publish=world.publish))

    def _tolerant(self, scheduled):
        async def run(**how):
            await asyncio.gather(scheduled(**how), return_exceptions=True)

        return run

    def again(self, messages):
        left = []
        for message in messages:
            name = json.dumps(message, sort_keys=True)
            self.seen[name] = self.seen.get(name, 0) + 1
            (left if self.seen[name] < RECEIVES else self.dead).append(message)
        super().again(left)


@pytest.mark.row("D02")
@pytest.mark.parametrize("seconds", [0, 0.001, 1, 22])
def test_a_drain_with_no_time_left_writes_nothing_and_loses_nothing(world, seconds):
    done = world.run(orders(world, [1]), seconds=seconds)
    assert done.failed == {}
    assert not [call for call in world.holded.calls if call.startswith("POST")]

    world.settle(hours=1)

    assert len(world.documents()) == 1
    assert troubles(world) == []


@pytest.mark.row("D02")
@pytest.mark.parametrize("skew", [2, 30, 59])
@pytest.mark.parametrize("kind", ["lose_reply", "late_commit", "reset", "slow"])
def test_drains_with_clocks_that_differ_write_each_fact_once(world, skew, kind):
    world.order(shopify_order(9))
    fast, slow = Skewed(world.clock, skew), Skewed(world.clock, -skew)
    refs = orders(world, range(1, 4))
    fault(world, kind, "/invoices$")

    async def both():
        await asyncio.gather(
            drain_by(world, refs, clock=slow), drain_by(world, refs, clock=fast), return_exceptions=True
        )

    asyncio.run(both())
    for turn in range(120):
        world.clock.advance(60)
        asyncio.run(drain_by(world, [], clock=(fast, slow)[turn % 2]))

    assert len(world.documents()) == 4
    assert troubles(world) == []


@pytest.mark.row("D03")
@pytest.mark.parametrize("kind", ["status_zero", "html", "truncate"])
def test_a_success_that_is_none_makes_no_second_document(world, kind):
    world.order(shopify_order(1))
    fault(world, kind, "/invoices$")
    world.order(shopify_order(2))
    world.settle(hours=2)

    markers = [tag for document in world.documents() for tag in document["tags"]]
    assert len(markers) == len(set(markers))
    if kind == "status_zero":  # Holded said no: a person looks at it
        assert [row.reason for row in world.rows("invoice") if row.state == "review"] == ["refused"]
    else:
        assert len(world.documents()) == 2
        assert troubles(world) == []


@pytest.mark.row("D03")
def test_an_answer_that_names_another_document_is_told(world):
    for number in range(12):
        world.order(shopify_order(number))
    first = world.documents()[0]["id"]
    call = world.holded.call

    async def mistaken(request, credential, *, timeout_ms):
        reply = await call(request, credential, timeout_ms=timeout_ms)
        if request.method == "POST" and request.path.endswith("/invoices"):
            reply = replace(reply, value=replace(reply.value, id=first))
        return reply

    world.holded.call = mistaken
    world.order(shopify_order(50))
    world.holded.call = call
    world.settle(hours=13, step_s=1800)

    (found,) = world.rows("invoice.settlement")
    assert (found.state, found.reason) == ("review", "another_document")
    assert first in found.detail
    assert len(world.documents()) == 13


@pytest.mark.row("D05")
@pytest.mark.parametrize("mode", ["before", "after"])
def test_a_half_worked_batch_that_comes_again_writes_the_other_half(mode):
    plan = World()
    wire = Wire(plan)
    send(plan, named(orders(plan, range(6)), ACCOUNT), wire)
    writes = [at for at, name in enumerate(wire.names) if name == "holded.call"]
    world = World()
    refs = orders(world, range(6))
    messages = named(refs + refs[:2], ACCOUNT)  # two of them twice in one batch
    killed = Wire(world, at=writes[len(writes) // 2], mode=mode)
    after = Aftermath(world)
    after.again(send(world, messages, killed))
    assert killed.dead
    assert len(world.documents()) < 6

    after.live(hours=2)

    assert len(world.documents()) == 6
    assert troubles(world) == []


@pytest.mark.row("D06")
def test_a_poisoned_head_of_an_accounts_work_stops_nobody(world):
    with world.paused():
        for number in range(30):
            world.order(shopify_order(number))
            world.clock.advance(1)
    heads = sorted(world.rows("invoice"), key=lambda row: row.due_ms)[:3]
    for row in heads:
        world.ledger.rows[row.key] = replace(row, event=b"no event", due_ms=row.due_ms - 60_000)
        world.inbox.items.pop((ACCOUNT, row.event_id.partition("#")[0]))
    world.run()

    assert len(world.documents()) == 27
    assert {world.ledger.rows[row.key].attempts for row in heads} == {1}

    world.settle(hours=24, step_s=300)

    assert {(world.ledger.rows[row.key].state, world.ledger.rows[row.key].attempts) for row in heads} == {
        ("dead", MAX_ATTEMPTS)
    }
    assert len(world.documents()) == 27


@pytest.mark.row("D07")
@pytest.mark.parametrize("order", list(itertools.permutations(range(4))), ids=str)
def test_every_order_of_arrival_ends_in_the_same_books(order):
    paid = shopify_order(1)
    steps = [
        (shopify_order(1, paid=False, updated_at="2026-03-02T08:30:00+01:00"), "orders/create"),
        (paid, "orders/paid"),
        (paid | {"updated_at": LATER, "tags": "vip"}, "orders/updated"),
        (refund_of(paid), "refunds/create"),
    ]
    world = World(settings={"policy": {"unpaid_order": "nothing"}})
    for number in order:
        body, topic = steps[number]
        world.order(body, topic=topic)
        world.clock.advance(1)
    world.settle(hours=2)

    assert state_of(world).documents == [("creditnote", "121.00", False), ("invoice", "121.00", False)]
    assert state_of(world).contacts == 1
    assert troubles(world) == []


@pytest.mark.row("D07")
@pytest.mark.parametrize("order", [(0, 1), (1, 0)], ids=["create first", "cancel first"])
@pytest.mark.parametrize("paid", [True, False], ids=["paid", "unpaid"])
def test_a_sale_called_off_ends_in_the_same_books_whichever_came_first(world, paid, order):
    """What was sold stands with an item for a person beside it; what never was a sale is not written after its end."""
    sold = shopify_order(1, paid=paid)
    off = sold | {"cancelled_at": LATER, "updated_at": LATER, "financial_status": "refunded" if paid else "voided"}
    steps = [(sold, "orders/paid" if paid else "orders/create"), (off, "orders/cancelled")]
    for number in order:
        body, topic = steps[number]
        world.order(body, topic=topic)
        world.clock.advance(1)
    world.settle(hours=2)

    purpose = "invoice" if paid else "salesorder"
    told = [(row.key.purpose, row.reason) for row in world.rows() if row.state == "review"]
    if paid or order == (0, 1):
        assert len(world.documents(purpose)) == 1
        assert told == [(f"{purpose}.cancellation", "called_off_after_writing")]
    else:
        assert world.documents(purpose) == []
        assert told == []


@pytest.mark.row("D08")
def test_a_message_seen_again_while_it_is_worked_on_writes_nothing_twice(world):
    messages = named(orders(world, range(5)), ACCOUNT)

    async def twice():
        return await asyncio.gather(*(batch(world, messages, by=drainer(world)) for _ in range(3)))

    again = asyncio.run(twice())
    after = Aftermath(world)
    for failed in again:
        after.again(failed)
    after.live(hours=1)

    assert len(world.documents()) == 5
    assert world.company.counts.refused == {}
    assert troubles(world) == []


STORES = ["ledger", "inbox", "gates", "accounts", "snapshots", "polls", "wakes"]


@pytest.mark.row("D09")
@pytest.mark.parametrize("seconds", [5, 300, 3600], ids=["5 s", "5 min", "1 h"])
@pytest.mark.parametrize(
    "away", [*([name] for name in STORES), STORES], ids=lambda names: "+".join(names) if len(names) == 1 else "all"
)
def test_a_store_that_is_away_costs_time_and_nothing_else(world, seconds, away):
    world.order(shopify_order(9))
    messages = named(orders(world, range(1, 4)), ACCOUNT)
    until_ms = at_ms(world.clock.now()) + seconds * 1000
    for name in away:
        setattr(world, name, Away(world, getattr(world, name), until_ms=until_ms))
    after = Queues(world)
    after.again(send(world, messages))
    during = len(world.documents())

    after.live(hours=seconds / 3600 + 2)

    assert during in ({1} if {"ledger", "gates", "accounts", "inbox"} & set(away) else {1, 4})
    assert len(world.documents()) == 4
    assert troubles(world) == []


@pytest.mark.row("D10")
@pytest.mark.parametrize("only", [("store",), ("load",), ()], ids=["writes throttled", "reads throttled", "away"])
def test_without_the_limiters_table_no_call_goes_out_and_work_resumes_alone(world, only):
    world.order(shopify_order(9))
    messages = named(orders(world, range(10, 30)), ACCOUNT)
    world.holded.calls.clear()
    minutes = 10
    world.gates = Away(
        world, world.gates, until_ms=at_ms(world.clock.now()) + minutes * 60_000, reason="throttled", only=only
    )
    after = Queues(world)
    after.again(send(world, messages))
    after.live(hours=(minutes - 1) / 60)
    tried = world.gates.refused

    assert world.holded.calls == []
    assert tried <= 12 * minutes  # a stampede would try once a message

    after.live(hours=2)

    assert len(world.documents()) == 21
    assert world.company.counts.refused == {}
    assert troubles(world) == []


def order_and_refund(world):
    """One delivery that is two facts."""
    body = {**WOO_ORDER, "refunds": [{"id": 9, "total": "-" + WOO_ORDER["total"]}]}
    refs = world.deliver(body, topic="order.updated", source="woocommerce")
    assert len(refs) == 2
    return refs


@pytest.mark.row("D11")
@pytest.mark.parametrize("refused", [{0}, {1}, {0, 1}], ids=str)
def test_a_part_that_the_bus_refuses_is_published_again_and_written_once(refused):
    world = World(settings={"policy": {"plain_refund_rate": "21"}})
    order_and_refund(world)
    ((account, inbox_id),) = world.inbox.items
    world.bus.refuse = set(refused)
    with pytest.raises(Unavailable, match="bus_refused"):
        asyncio.run(world.publish(account, inbox_id))
    assert len(world.bus.published) == 2 - len(refused)
    assert world.inbox.items[account, inbox_id].open

    asyncio.run(world.publish(account, inbox_id))  # the stream comes again
    Aftermath(world).live(hours=1)

    assert [kind for kind, _, _ in state_of(world).documents] == ["creditnote", "invoice"]
    assert troubles(world) == []


def test_what_no_rule_passed_on_is_republished_by_the_sweeper(world):
    orders(world, range(3))
    ((account, first), *rest) = world.inbox.items
    for _, inbox_id in [(account, first), *rest]:
        asyncio.run(world.publish(account, inbox_id))
    world.bus.published.clear()  # the rule was off: nothing reached a queue

    Aftermath(world).live(hours=0.5)

    assert len(world.documents()) == 3


@pytest.mark.row("D12")
def test_a_wake_by_hand_neither_resets_attempts_nor_is_swallowed(world):
    world.order(shopify_order(1))
    fault(world, "error_before", "/contacts", method="GET", times=3)
    refs = orders(
        world,
        [2],
        email="eva@example.com",
        customer={"id": 8, "email": "eva@example.com", "first_name": "Eva", "last_name": "E"},
    )
    world.run(refs)
    (row,) = [row for row in world.rows("invoice") if row.state == "waiting"]
    assert (row.attempts, row.reason) == (1, "server_error")

    for _ in range(3):
        asyncio.run(Nudge(gates=world.gates, wakes=world.wakes)(ACCOUNT, now_ms=at_ms(world.clock.now())))
        world.run(refs)

    there = world.ledger.rows[row.key]
    assert (there.attempts, there.due_ms, there.rev) == (row.attempts, row.due_ms, row.rev)

    world.settle(hours=3)
    again = world.run(refs)

    assert again.failed == {}
    assert len(world.documents()) == 2
    (item,) = [item for (_, name), item in world.inbox.items.items() if refs[0].startswith(name)]
    assert item.ends["0"].startswith("document:") or item.ends["0"].startswith("waiting:")


@pytest.mark.row("D13")
@pytest.mark.parametrize("failing", ["/invoices$", "/credit-notes$"])
def test_one_event_of_a_delivery_that_fails_leaves_the_others_alone(failing):
    world = World(settings={"policy": {"plain_refund_rate": "21"}})
    fault(world, "reset", failing)
    refs = order_and_refund(world)
    world.run(refs)
    bystander = orders(world, [5])
    world.run(bystander)
    states = {row.key.purpose: row.state for row in world.rows() if row.key.source == "woocommerce"}

    assert states["invoice"] == ("unknown" if "invoices" in failing else "confirmed")
    assert states["creditnote"] == ("waiting" if "invoices" in failing else "unknown")
    assert [row.state for row in world.rows("invoice") if row.key.source == "shopify"] == ["confirmed"]

    Aftermath(world).live(hours=2)

    assert [kind for kind, _, _ in state_of(world).documents] == ["creditnote", "invoice", "invoice"]
    assert troubles(world) == []


@pytest.mark.row("D14")
def test_a_day_of_events_again_makes_no_call_and_delays_no_live_order():
    world = World(plan="plus")
    world.company.configure({"month_limit": 10_000})
    refs = orders(world, range(200))
    after = Aftermath(world)
    after.again(send(world, named(refs, ACCOUNT)))
    after.live(hours=2)
    assert len(world.documents()) == 200
    world.holded.calls.clear()
    live = orders(world, [900])
    again = named(refs[:100], ACCOUNT) + named(live, ACCOUNT) + named(refs[100:], ACCOUNT)

    assert send(world, again) == []

    assert world.holded.calls == ["POST /api/v2/invoices"]  # the live order's alone, in the same drain
    assert len(world.documents()) == 201
    assert troubles(world) == []


@pytest.mark.row("D15")
def test_rows_that_failed_together_do_not_come_back_together(world):
    fault(world, "error_before", "/contacts", method="GET", times=None)
    refs = [
        ref
        for n in range(8)
        for ref in orders(
            world, [n], email=f"b{n}@example.com", customer={"id": n, "email": f"b{n}@example.com", "last_name": "B"}
        )
    ]
    asyncio.run(drain_by(world, refs, jitter=Random(1).random))
    due = sorted(row.due_ms for row in world.rows("invoice"))

    assert len(due) == 8
    assert len(set(due)) == 8
    assert due[-1] - due[0] > 3_000

    spread = [backoff_ms(attempts, jitter=jitter) for attempts in range(100) for jitter in (0, 0.5, 0.999)]
    assert max(spread) <= 3600_000
    assert min(spread) >= 15_000


WILD = [
    "0",
    "-5",
    "abc",
    "1e9",
    "999999999999",
    "9" * 400,
    "Fri, 31 Dec 9999 23:59:59 GMT",
    "Mon, 01 Jan 99999999999999 00:00:00 GMT",
    "Mon, 99999999999999999999 Jan 2026 00:00:00 GMT",
    "Thu, 01 Jan 1970 00:00:00 GMT",
    "Mon, 02 Mar 2026 09:00:30 -0000",
    "٣",
    " ",
]


@pytest.mark.row("D15")
@pytest.mark.parametrize("text", WILD)
@pytest.mark.parametrize("window", ["minute", "month", "", "year"])
@pytest.mark.parametrize("header", ["retry-after", "x-ratelimit-reset"])
def test_a_wild_retry_after_neither_stops_an_account_nor_hurries_it(world, text, window, header):
    now = world.clock.now()
    headers = {header: text, "x-ratelimit-window": window, "content-type": "application/json"}
    request = Request(method="POST", path="/api/v2/invoices", reads=replies.created, json={}, writes=True)
    with pytest.raises(RetryAt) as refused:
        decipher(request, 429, headers, b"{}", now)

    wait = refused.value.retry_at - now
    longest = timedelta(days=32) if isinstance(refused.value, WaitUntil) else timedelta(minutes=2)
    assert timedelta(seconds=1) <= wait <= longest


@pytest.mark.row("D17")
def test_settings_edited_in_a_drain_count_from_the_next_one(world):
    call = world.holded.call

    async def edited(request, credential, *, timeout_ms):
        account = world.accounts.accounts[ACCOUNT]
        world.accounts.accounts[ACCOUNT] = replace(
            account, settings={"policy": {"finish": "approve"}}, rev=account.rev + 1
        )
        return await call(request, credential, timeout_ms=timeout_ms)

    world.holded.call = edited
    world.order(shopify_order(1))
    world.holded.call = call
    world.order(shopify_order(2))
    world.settle(hours=2)

    assert [document["approved_at"] is not None for document in world.documents()] == [False, True]
    assert troubles(world) == []


@pytest.mark.row("D18")
@pytest.mark.parametrize("kind", ["error_before", "reset", "html", "truncate", "limit_minute"])
def test_a_sweep_that_ends_half_way_begins_again_and_reports_nothing_missing(world, kind):
    for number in range(230):
        world.order(shopify_order(number))
        world.clock.advance(1)
    fault(world, kind, "/invoices$", method="GET", skip=1)  # the first page is read, the second is not
    world.holded.calls.clear()
    world.settle(hours=6.7, step_s=60)
    struck = [each["kind"] for each in world.sandbox.faults.struck]
    assert struck == [kind]

    world.settle(hours=7, step_s=600)

    assert world.rows("invoice.settlement") == []
    assert world.holded.calls.count("GET /api/v2/invoices") >= 4  # both pages once more


@pytest.mark.row("D19")
def test_documents_confirmed_in_one_millisecond_are_all_swept(world):
    world.run(orders(world, range(40)))
    assert len({row.updated_ms for row in world.rows("invoice")}) == 1
    for document in world.documents():
        document["total"] = "1.00"
    world.settle(hours=13, step_s=1800)

    assert len(world.rows("invoice.settlement")) == 40


@pytest.mark.row("D21")
@pytest.mark.parametrize("source", ["holded", "shopify", "standard", "stripe", "woocommerce"])
@pytest.mark.parametrize("store", ["well", "away", "refusing"])
def test_no_answer_to_a_verified_delivery_makes_a_sender_give_up(world, source, store):
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    asyncio.run(
        world.accounts.set_webhook_secrets(
            ACCOUNT, AccountSecrets(account=ACCOUNT, secrets={source: (secret,)}, bindings={})
        )
    )

    class Inbox:
        def put(self, delivery, *, digest):
            if store != "well":
                raise Unavailable("throttled") if store == "away" else BadInput("store_refused")
            return world.inbox.put_now(delivery, digest=digest)

    statuses = set()
    for body in (
        b"{}",
        b"",
        b"not json",
        b'{"id": 1, "type": "unknown.topic"}',
        json.dumps(shopify_order()).encode(),
        b"\xff",
    ):
        for topic in ("orders/paid", "app/uninstalled", ""):
            headers = signing.sign(source, body, secret, now=world.clock.now(), topic=topic, delivery_id="d1")
            answer = Accept(secrets=world.accounts, inbox=Inbox())(
                account=ACCOUNT, source=source, body=body, headers=headers, now=world.clock.now()
            )
            statuses.add(answer.status)

    # 4xx makes Shopify drop and WooCommerce disable the subscription; 503 is tried again.
    assert statuses == ({200} if store == "well" else {503})


@pytest.mark.row("D22")
@pytest.mark.parametrize("how", ["removed", "gone"])
def test_an_account_removed_with_work_under_way_is_left_alone(world, how):
    world.order(shopify_order(1))
    fault(world, "lose_reply", "/invoices$")
    world.order(shopify_order(2))
    messages = named(orders(world, range(3, 6)), ACCOUNT)
    account = world.accounts.accounts[ACCOUNT]
    if how == "removed":
        world.accounts.accounts[ACCOUNT] = replace(account, status="paused", status_reason="removed")
    else:
        del world.accounts.accounts[ACCOUNT]
    calls = len(world.holded.calls)
    after = Queues(world)
    after.again(send(world, messages))
    after.live(hours=24)

    assert len(world.holded.calls) == calls
    assert len(after.hidden) <= 1
    assert [row.state for row in world.rows("invoice") if row.state in {"dead", "review"}] == []

    world.accounts.accounts[ACCOUNT] = account  # added again
    asyncio.run(Nudge(gates=world.gates, wakes=world.wakes)(ACCOUNT, now_ms=at_ms(world.clock.now())))
    after.live(hours=2)

    assert len(world.documents()) == 5
    assert troubles(world) == []


def dead_after(world, messages):
    """Attempts used up: the messages lie in the dead-letter queue, and are indexed."""
    letters = [
        DeadLetter(message_id=str(n), body=json.dumps(message), queue="fiscal", receives=RECEIVES, first_seen_ms=0)
        for n, message in enumerate(messages)
    ]
    index = IndexDeadLetters(queue=None, ledger=world.ledger)
    return asyncio.run(index.index(letters, now_ms=at_ms(world.clock.now())))


@pytest.mark.row("D23")
def test_a_redrive_twice_after_a_code_fix_writes_once(world):
    messages = named(orders(world, range(3)), ACCOUNT)
    broken = World.drainer(world)

    async def defect(session, event):
        raise ValueError("a defect of ours")

    broken._work._event = defect
    for _ in range(RECEIVES):
        failed = asyncio.run(batch(world, messages, by=broken))
        assert failed == messages
    assert dead_after(world, failed) == 3
    assert world.documents() == []

    for _ in range(2):  # the code is mended, the queue is redriven, and redriven again
        assert send(world, messages) == []
    assert dead_after(world, messages) == 0

    assert len(world.documents()) == 3


@pytest.mark.row("D23")
@pytest.mark.parametrize("days", [31, 100])
def test_a_redrive_months_later_keeps_the_day_of_the_sale(world, days):
    messages = named(orders(world, [1]), ACCOUNT)
    world.clock.advance(days * 86_400)
    assert send(world, messages) == []
    assert send(world, messages) == []

    (document,) = world.documents()
    assert world.row().document_date == "2026-03-02"
    assert str(document["date"]).startswith("2026-03-02")


@pytest.mark.row("D23")
def test_a_redrive_into_a_closed_period_is_for_a_person(world):
    world.order(shopify_order(1))
    call = world.holded.call

    async def locked(request, credential, *, timeout_ms):
        if request.method == "POST" and request.path.endswith("/invoices"):
            raise Rejected("period_locked", detail="the date is in a locked period")
        return await call(request, credential, timeout_ms=timeout_ms)

    world.holded.call = locked
    messages = named(orders(world, [2]), ACCOUNT)
    world.clock.advance(100 * 86_400)
    for _ in range(3):
        assert send(world, messages) == []

    (row,) = [row for row in world.rows("invoice") if row.state == "review"]
    assert row.reason == "period_locked"
    assert len(world.documents()) == 1
