"""A replay writes what was never written, tells what was, and takes nothing further; from a single event to a month."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
from decimal import Decimal

import pytest

from relay.domain.ledger import STANDING, Key
from relay.domain.replay import MOST_REFS, part_key, parts_of
from relay.errors import BadInput, NotFound, Unavailable
from relay.services.times import at_ms
from tests.services.replaying import change, order, orders, replayed, told
from tests.services.test_crash_points import hint_of
from tests.services.test_road import refund_of
from tests.services.world import ACCOUNT, World, shopify_order

NOTHING = {"policy": {"paid_order": "nothing"}}
APPROVED = {"policy": {"finish": "approve_and_pay"}}
JUDGED = {"policy": {"exchange_rate": "review"}}
LATER = "2026-03-02T10:00:00+01:00"


def delivered(world, body, *, topic="orders/paid"):
    refs = world.deliver(body, topic=topic)
    world.run(refs)
    return refs


def end_of(world, ref, account=ACCOUNT):
    inbox_id, _, number = ref.partition("#")
    return world.inbox.items[account, inbox_id].ends[number]


def unread(world, ref):
    """The review that a delivery had which an earlier version of the code could not read."""
    inbox_id = ref.partition("#")[0]
    item = world.inbox.items[ACCOUNT, inbox_id]
    world.inbox.items[ACCOUNT, inbox_id] = dataclasses.replace(item, open=False, ends={"0": "review:body_unreadable"})
    key = Key(account=ACCOUNT, source="shopify", object_id=inbox_id, purpose="delivery")
    row = parts_of(ACCOUNT, "x", ["y"], rate=0, now_ms=at_ms(world.clock.now()))[0]
    world.ledger.rows[key] = dataclasses.replace(
        row, key=key, state="review", kind="event", priority="normal", due_ms=0, event=b"", reason="body_unreadable"
    )
    return key


def test_what_was_written_is_told_by_its_id_and_costs_no_call():
    world = World()
    (ref,) = delivered(world, shopify_order())
    before = len(world.holded.calls)

    assert replayed(world, [ref]) == {ref: f"already done: {world.row().holded_id}"}
    assert len(world.holded.calls) == before
    assert end_of(world, ref) == f"document:{world.row().holded_id}"


@pytest.mark.row("D12")
def test_what_was_written_is_told_by_its_number_where_it_has_one():
    world = World()
    (ref,) = delivered(world, shopify_order())
    row = world.row()
    world.ledger.rows[row.key] = dataclasses.replace(row, number="F250012")

    assert replayed(world, [ref]) == {ref: "already done: F250012"}


def test_all_versions_that_settings_ignored_are_written_once_the_settings_are_mended():
    world = World(settings=NOTHING)
    refs = delivered(world, shopify_order()) + delivered(
        world, shopify_order(total="242.00", updated_at=LATER), topic="orders/updated"
    )
    change(world, policy={})

    replayed(world, refs)

    assert world.totals() == [Decimal(242)]
    assert set(replayed(world, refs).values()) == {f"already done: {world.row().holded_id}"}


def test_an_old_draft_is_not_taken_further_whatever_the_settings_say_by_now():
    world = World()
    refs = delivered(world, shopify_order(), topic="orders/updated") + delivered(world, shopify_order())
    change(world, **APPROVED)
    answers = replayed(world, refs)

    assert [answer.partition(":")[0] for answer in answers.values()] == ["already done"] * 2
    assert [document["approved_at"] for document in world.documents()] == [None]


def test_a_fact_that_was_ignored_takes_no_draft_further_either():
    world = World(settings=NOTHING)
    (paid,) = delivered(world, shopify_order())
    change(world, policy={})
    delivered(world, shopify_order(updated_at=LATER), topic="orders/updated")
    change(world, **APPROVED)

    end = end_of(world, paid)

    assert replayed(world, [paid])[paid].startswith("already done: ")
    assert end_of(world, paid) == end
    assert [document["approved_at"] for document in world.documents()] == [None]


def test_an_event_that_was_ignored_is_written_once_the_settings_want_it():
    world = World(settings=NOTHING)
    (ref,) = delivered(world, shopify_order())
    assert end_of(world, ref).startswith("ignored:")
    change(world, policy={})
    answers = replayed(world, [ref])

    assert answers[ref].startswith("document:")
    assert end_of(world, ref) == answers[ref]
    assert world.totals() == [Decimal("121.00")]


def test_a_review_becomes_a_document_once_the_settings_are_mended():
    world = World(settings=JUDGED)
    (ref,) = delivered(world, shopify_order(currency="USD"))
    assert world.row().state == "review"
    change(world, policy={})

    assert replayed(world, [ref])[ref].startswith("document:")
    assert (world.row().state, len(world.documents())) == ("confirmed", 1)


def test_a_review_that_nothing_mended_is_the_same_review():
    world = World(settings=JUDGED)
    (ref,) = delivered(world, shopify_order(currency="USD"))

    assert replayed(world, [ref]) == {ref: f"review:{world.row().reason}"}
    assert world.documents() == []


def test_a_review_whose_event_settings_ignore_by_now_is_ended():
    world = World(settings=JUDGED)
    (ref,) = delivered(world, shopify_order(currency="USD"))
    change(world, **NOTHING)

    assert replayed(world, [ref])[ref].startswith("ignored:")
    assert world.row().state == "ignored"


def test_a_newer_version_reviewed_beside_its_document_is_written_into_the_draft():
    world = World()
    delivered(world, shopify_order(currency="USD"))
    change(world, **JUDGED)
    (newer,) = delivered(world, shopify_order(currency="USD", total="242.00", updated_at=LATER), topic="orders/updated")
    (aside,) = world.rows("invoice.update")
    assert aside.state == "review"
    change(world, policy={})

    assert replayed(world, [newer])[newer].startswith("document:")
    (aside,) = world.rows("invoice.update")
    assert (aside.state, world.totals()) == ("superseded", [Decimal("242.00")])


def test_a_delivery_that_could_not_be_read_is_written_after_the_code_was_mended_and_its_review_ends():
    world = World()
    (ref,) = world.deliver(shopify_order(), topic="orders/paid")
    key = unread(world, ref)

    assert replayed(world, [ref.partition("#")[0]])[ref].startswith("document:")
    assert (world.ledger.rows[key].state, world.ledger.rows[key].reason) == ("superseded", "replayed")


@pytest.mark.row("D12")
def test_a_dead_row_is_worked_again_with_all_its_attempts():
    world = World()
    (ref,) = delivered(world, shopify_order())
    row = world.row()
    dead = dataclasses.replace(
        row, state="dead", holded_id="", attempts=8, reason="trouble_KeyError", indexed=True, step="create"
    )
    world.ledger.rows[row.key] = dead
    world.company.tables["documents"].clear()
    inbox_id = ref.partition("#")[0]
    item = world.inbox.items[ACCOUNT, inbox_id]
    world.inbox.items[ACCOUNT, inbox_id] = dataclasses.replace(item, ends={"0": "waiting:server_error"})

    assert replayed(world, [ref])[ref].startswith("document:")
    assert (world.row().state, world.row().attempts) == ("confirmed", 0)


def test_what_may_stand_in_holded_is_left_to_the_person_who_judges():
    world = World()
    (ref,) = delivered(world, shopify_order())
    row = world.row()
    doubt = dataclasses.replace(row, state="review", holded_id="", reason="outcome_unknown_similar", indexed=True)
    world.ledger.rows[row.key] = doubt
    item = world.inbox.items[ACCOUNT, ref.partition("#")[0]]
    world.inbox.items[ACCOUNT, ref.partition("#")[0]] = dataclasses.replace(item, ends={"0": "waiting:outcome_unknown"})

    assert replayed(world, [ref]) == {ref: "review:outcome_unknown_similar"}
    assert len(world.documents()) == 1


def test_what_a_person_ended_for_good_stays_so():
    world = World()
    (ref,) = delivered(world, shopify_order())
    row = world.row()
    world.ledger.rows[row.key] = dataclasses.replace(row, state="ignored", holded_id="", reason="by_hand_discarded")
    item = world.inbox.items[ACCOUNT, ref.partition("#")[0]]
    world.inbox.items[ACCOUNT, ref.partition("#")[0]] = dataclasses.replace(item, ends={"0": "waiting:server_error"})

    assert replayed(world, [ref]) == {ref: "ignored:by_hand_discarded"}
    assert len(world.documents()) == 1


def test_a_hint_that_was_read_again_is_not_read_once_more_and_one_that_was_not_is():
    world = World()
    delivered(world, shopify_order())
    world.company.put("documents", dict(world.documents()[0], id="a" * 24, tags=[]), world.clock.now().timestamp())
    ((message,),) = [hint_of(world, "a" * 24, "create")]
    world.run([message["event"]])
    world.clock.advance(60)
    world.run()
    calls, end = len(world.holded.calls), end_of(world, message["event"])
    (row,) = world.rows("reread")
    assert row.state == "ignored"
    assert replayed(world, [message["event"]])[message["event"]] == f"already done: {row.reason}"
    assert (len(world.holded.calls), end_of(world, message["event"])) == (calls, end)

    world.ledger.rows[row.key] = dataclasses.replace(row, state="dead", attempts=8, reason="trouble_KeyError")
    assert replayed(world, [message["event"]])[message["event"]] == "waiting:reread"
    (row,) = world.rows("reread")
    assert (row.state, row.reason, row.priority) == ("ignored", "unchanged", "background")


@pytest.mark.parametrize("ref", ["shopify-orders-paid-1-gone#0", "shopify-orders-paid-1-gone", "no#number", "#0"])
def test_an_event_that_left_the_inbox_is_said_to_be_unknown(ref):
    assert replayed(World(), [ref]) == {ref: "unknown_event"}


def test_a_number_that_the_delivery_does_not_have_is_unknown():
    world = World()
    (ref,) = delivered(world, shopify_order())

    assert replayed(world, [ref.replace("#0", "#7")]) == {ref.replace("#0", "#7"): "unknown_event"}


def test_a_refund_replayed_before_its_order_waits_for_it_and_is_written():
    world = World(settings={"policy": {"refunds": "nothing", "paid_order": "nothing"}})
    refs = delivered(world, refund_of(shopify_order()), topic="refunds/create") + delivered(world, shopify_order())
    change(world, policy={})
    answers = replayed(world, refs)

    assert answers[refs[0]] == "waiting:parent"
    assert answers[refs[1]].startswith("document:")
    assert (len(world.documents()), len(world.documents("creditnote"))) == (1, 1)


@pytest.mark.row("D14")
def test_a_replay_runs_on_tokens_of_its_own_class():
    world = World(settings=NOTHING)
    (ref,) = delivered(world, shopify_order())
    change(world, policy={})
    before = world.gates.gates[ACCOUNT].budget.used
    replayed(world, [ref])
    fiscal, normal, background = (
        now - then for now, then in zip(world.gates.gates[ACCOUNT].budget.used, before, strict=True)
    )

    assert (fiscal, normal) == (0, 0)
    assert background >= len(world.holded.calls) > 0


def test_beyond_its_tokens_a_replay_waits_and_its_events_keep_the_class():
    world = World(settings=NOTHING, plan="advanced")
    refs = [ref for number in range(150) for ref in delivered(world, shopify_order(number))]
    change(world, policy={})
    replay_id = order(world, refs)
    world.run()
    waiting = [row for row in world.rows("invoice") if row.state == "waiting"]

    assert 0 < len(told(world, replay_id).answers) < 150
    assert {row.priority for row in waiting} <= {"background"}

    world.settle(hours=2)
    assert told(world, replay_id).state == "done"
    assert len(world.documents()) == 150
    assert [row for row in world.rows() if row.state == "waiting" and row.kind not in STANDING] == []


@pytest.mark.row("D14")
def test_a_rate_holds_the_events_of_a_minute():
    world = World()
    refs = [ref for number in range(12) for ref in delivered(world, shopify_order(number))]
    replay_id = order(world, refs, rate=5)
    seen = []
    for _ in range(3):
        world.run()
        world.run()
        seen.append(len(told(world, replay_id).answers))
        world.clock.advance(61)

    assert seen == [5, 10, 12]


def test_a_cancelled_replay_stops_at_its_next_write_and_keeps_its_answers():
    world = World(settings=NOTHING)
    refs = [ref for number in range(30) for ref in delivered(world, shopify_order(number))]
    change(world, policy={})
    replay_id = order(world, refs, rate=10)
    world.run()
    after = asyncio.run(orders(world).cancel(ACCOUNT, replay_id, now=world.clock.now()))
    world.settle(hours=1)

    assert (after.state, len(after.answers), after.events) == ("cancelled", 10, 30)
    assert len(world.documents()) == 10
    assert asyncio.run(orders(world).cancel(ACCOUNT, replay_id, now=world.clock.now())) == after


def test_a_replay_that_is_cancelled_while_its_handful_is_worked_on_brings_no_more():
    world = World(settings=NOTHING)
    refs = [ref for number in range(30) for ref in delivered(world, shopify_order(number))]
    change(world, policy={})
    replay_id = order(world, refs)
    inner, seen = world.holded.call, []

    async def call(request, credential, *, timeout_ms):
        reply = await inner(request, credential, timeout_ms=timeout_ms)
        seen.append(request.path)
        if len(seen) == 5:
            await orders(world).cancel(ACCOUNT, replay_id, now=world.clock.now())
        return reply

    world.holded.call = call
    world.run()
    world.settle(hours=1)

    assert told(world, replay_id).state == "cancelled"
    assert len(world.documents()) <= 10


def test_parts_are_worked_one_after_the_other():
    world = World()
    (ref,) = delivered(world, shopify_order())
    unknown = [f"gone{number}#0" for number in range(2 * MOST_REFS)]
    replay_id = order(world, [*unknown, ref])
    rows = sorted((row for row in world.rows() if row.kind == "replay"), key=lambda row: row.key.purpose)
    assert [(row.due_ms > 0, row.reason) for row in rows] == [(True, "replay"), *[(False, "replay_queued")] * 2]
    world.run()
    done = told(world, replay_id)

    assert (done.state, done.events, dict(done.answers)[ref]) == (
        "done",
        2 * MOST_REFS + 1,
        f"already done: {world.row().holded_id}",
    )


@pytest.mark.row("E02")
def test_a_month_of_one_account_touches_nothing_of_another():
    world = World(settings=NOTHING)
    world.admit("bolt", settings=NOTHING)
    mine = [ref for number in range(5) for ref in world.deliver(shopify_order(number), topic="orders/paid")]
    theirs = [
        ref for number in range(5) for ref in world.deliver(shopify_order(number), topic="orders/paid", account="bolt")
    ]
    world.run(mine)
    deadline_ms = at_ms(world.clock.now()) + 60_000
    asyncio.run(world.drainer().run("bolt", theirs, deadline_ms=deadline_ms))
    change(world, policy={})
    change(world, account="bolt", policy={})
    before = {key: row for key, row in world.ledger.rows.items() if key.account == "bolt"}
    answers = replayed(world, [*mine, *theirs])

    assert {answers[ref] for ref in theirs} == {"unknown_event"}
    assert len(world.documents()) == 5
    assert {key: row for key, row in world.ledger.rows.items() if key.account == "bolt"} == before
    assert not world.others["bolt"].tables["documents"]


def test_a_delivery_that_breaks_its_reading_is_answered_and_holds_up_nothing():
    world = World(settings=NOTHING)
    bad, good = (world.deliver(shopify_order(number), topic="orders/paid")[0] for number in (1, 2))
    world.run([bad, good])
    change(world, policy={})
    item = world.inbox.items[ACCOUNT, bad.partition("#")[0]]
    broken = dataclasses.replace(item.delivery, source="nobody")
    world.inbox.items[ACCOUNT, bad.partition("#")[0]] = dataclasses.replace(item, delivery=broken)
    answers = replayed(world, [bad, good])

    assert answers[bad].startswith("failed:")
    assert answers[good].startswith("document:")


def test_a_list_that_is_gone_ends_the_replay_and_says_so():
    world = World()
    replay_id = order(world, ["gone#0"])
    (row,) = (row for row in world.rows() if row.kind == "replay")
    world.ledger.rows[row.key] = dataclasses.replace(row, event=b"")
    world.run()

    (row,) = (row for row in world.rows() if row.kind == "replay")
    assert (row.state, row.reason) == ("ignored", "list_lost")
    assert "start the replay again" in row.detail
    assert told(world, replay_id).events == 0


@pytest.mark.parametrize("refs", [[], ["e#0"] * 0])
def test_a_replay_of_nothing_is_refused(refs):
    with pytest.raises(BadInput, match="replay_size"):
        order(World(), refs)


def test_the_order_and_its_end_are_in_the_change_log():
    world = World()
    (ref,) = delivered(world, shopify_order())
    replay_id = order(world, [ref, ref], rate=5)
    asyncio.run(orders(world).cancel(ACCOUNT, replay_id, now=world.clock.now()))

    ordered, ended = world.accounts.log
    assert (ordered.who, ordered.what, ordered.after) == ("tests", f"replay {replay_id}", "1 events, 5 a minute")
    assert (ended.before, ended.after) == ("running", "cancelled")


def test_what_is_due_and_cannot_be_sent_is_not_forgotten_by_who_was_woken_for_it():
    """A nudge during a drain that had no backlog: its replay cannot run for want of time, and must be due afterwards."""
    world = World(settings=NOTHING)
    (ref,) = delivered(world, shopify_order())
    change(world, policy={})
    fresh = world.deliver(shopify_order(2), topic="orders/paid")
    inner, once = world.holded.call, []

    async def call(request, credential, *, timeout_ms):
        reply = await inner(request, credential, timeout_ms=timeout_ms)
        if not once:
            once.append(True)
            await orders(world).start(ACCOUNT, [ref], rate=0, now=world.clock.now())
            world.clock.advance(20)
        return reply

    world.holded.call = call
    world.run(fresh, seconds=50)

    assert world.gates.gates[ACCOUNT].next_due_ms is not None
    world.settle(hours=2)
    assert len(world.documents()) == 2


def test_an_order_that_comes_during_a_replay_is_written_within_two_seconds():
    """The replay spends no call at all, so nothing but its own courtesy lets the order in."""
    world = World()
    refs = [ref for number in range(120) for ref in delivered(world, shopify_order(number))]
    (live,) = world.deliver(shopify_order(1000), topic="orders/paid")
    replay_id = order(world, refs)
    inner, looks, came, written = world.inbox.get, [], [], []

    async def get(account, inbox_id):
        looks.append(inbox_id)
        world.clock.advance(0.1)
        if len(looks) == 40:
            came.append(world.clock.now())
            await world.drainer().run(ACCOUNT, [live], deadline_ms=at_ms(world.clock.now()) + 60_000)
        if came and not written and len(world.documents()) == 121:
            answered = len((await orders(world).get(ACCOUNT, replay_id)).answers)
            written.append((world.clock.now() - came[0], answered))
        return await inner(account, inbox_id)

    world.inbox.get = get
    world.run()

    ((waited, answered),) = written
    assert waited.total_seconds() <= 2
    assert answered < 100
    assert told(world, replay_id).state == "done"


@pytest.mark.parametrize("named", ["the delivery", "the event"])
def test_a_delivery_whose_body_is_gone_is_answered_and_holds_up_nothing(named):
    world = World(settings=NOTHING)
    lost, good = (world.deliver(shopify_order(number), topic="orders/paid")[0] for number in (1, 2))
    world.run([lost, good])
    change(world, policy={})
    world.inbox.get = without(world.inbox.get, lost, NotFound("object_missing"))
    answers = replayed(world, [ref.partition("#")[0] if named == "the delivery" else ref for ref in (lost, good)])

    assert answers[lost.partition("#")[0] if named == "the delivery" else lost] == "failed:object_missing"
    assert answers[good].startswith("document:")


def test_a_store_that_is_away_ends_no_event_of_a_replay():
    world = World(settings=NOTHING)
    (ref,) = delivered(world, shopify_order())
    change(world, policy={})
    inner = world.inbox.get
    replay_id = order(world, [ref.partition("#")[0]])
    world.inbox.get = without(inner, ref, Unavailable("away"))
    with contextlib.suppress(Unavailable):
        world.run()
    assert told(world, replay_id).answers == ()

    world.inbox.get = inner
    world.settle(hours=1)
    assert dict(told(world, replay_id).answers)[ref].startswith("document:")


def without(get, ref, error):
    """The inbox, one delivery of which cannot be read."""

    async def broken(account, inbox_id):
        if inbox_id == ref.partition("#")[0]:
            raise error
        return await get(account, inbox_id)

    return broken


def test_an_order_given_again_after_its_half_written_self_was_cancelled_is_brought_whole():
    world = World()
    (ref,) = delivered(world, shopify_order())
    refs = [*(f"gone{number}#0" for number in range(MOST_REFS)), ref]
    half = order(world, refs)
    first = part_key(ACCOUNT, half, 1)
    world.ledger.rows = {key: row for key, row in world.ledger.rows.items() if key != first}  # who ordered it died here
    assert asyncio.run(orders(world).cancel(ACCOUNT, half, now=world.clock.now())).state == "cancelled"
    whole = order(world, refs)
    world.run()

    assert whole != half
    assert (told(world, whole).state, len(told(world, whole).answers)) == ("done", len(refs))


def test_an_order_given_again_while_it_is_half_written_is_the_same_and_becomes_whole():
    world = World()
    refs = [f"gone{number}#0" for number in range(MOST_REFS + 1)]
    half = order(world, refs)
    first = part_key(ACCOUNT, half, 1)
    world.ledger.rows = {key: row for key, row in world.ledger.rows.items() if key != first}
    assert order(world, refs) == half
    world.run()

    assert (told(world, half).state, len(told(world, half).answers)) == ("done", len(refs))


def test_an_order_given_again_after_the_settings_were_mended_is_another_though_the_first_is_under_way():
    """Part of the first was answered by the old settings, and is not asked again."""
    world = World(settings={"policy": {"paid_order": "nothing"}})
    (ref,) = delivered(world, shopify_order())
    refs = [ref, *(f"gone{number}#0" for number in range(MOST_REFS))]
    first = order(world, refs, rate=1)
    world.run()
    assert (told(world, first).state, dict(told(world, first).answers)[ref]) == ("running", "ignored:policy_paid_order")

    change(world, policy={})
    second = order(world, refs, rate=1)
    world.run()

    assert second != first
    assert dict(told(world, second).answers)[ref].startswith("document:")
