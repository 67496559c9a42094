"""The road from a delivery to a document, step by step, over the sandbox's core and a virtual clock."""

from __future__ import annotations

from decimal import Decimal

import pytest

from holded_sandbox.faults import Fault
from relay.services.session import Timing
from tests.services.world import ACCOUNT, World, shopify_order


@pytest.fixture
def world():
    return World()


def posts(world, path="/api/v2/invoices"):
    return [call for call in world.holded.calls if call == f"POST {path}"]


def test_a_paid_order_becomes_one_draft_invoice(world):
    done = world.order(shopify_order())

    (document,) = world.documents()
    assert (done.failed, done.ends) == ({}, {"document": 1})
    assert world.totals() == [Decimal("121.00")]
    row = world.row()
    assert (row.state, row.holded_id, row.event) == ("confirmed", document["id"], b"")
    assert row.marker in document["tags"]


def test_a_new_contact_costs_three_calls_and_a_known_one_a_single_call(world):
    world.order(shopify_order(1))
    first = list(world.holded.calls)
    world.holded.calls.clear()
    world.order(shopify_order(2))

    assert len(first) == 3
    assert world.holded.calls == ["POST /api/v2/invoices"]


def test_the_inbox_item_is_closed_when_its_event_has_its_end(world):
    refs = world.deliver(shopify_order(), topic="orders/paid")
    world.run(refs)

    (item,) = world.inbox.items.values()
    assert not item.open
    assert item.ends["0"].startswith("document:")


@pytest.mark.row("A11")
@pytest.mark.parametrize("topic", ["orders/paid", "orders/create", "orders/updated"])
def test_the_same_fact_by_another_topic_is_a_duplicate(world, topic):
    world.order(shopify_order())
    world.order(shopify_order(), topic=topic)

    assert len(world.documents()) == 1


@pytest.mark.row("D05")
def test_the_same_message_many_times_writes_once(world):
    refs = world.deliver(shopify_order(), topic="orders/paid")
    for _ in range(5):
        world.run(refs * 3)

    assert len(world.documents()) == 1
    assert len(posts(world)) == 1


@pytest.mark.row("D01")
def test_a_lost_reply_is_adopted_by_its_marker_and_never_written_again(world):
    world.order(shopify_order(1))
    world.sandbox.faults.faults.append(Fault(kind="lose_reply", method="POST", path="/invoices$"))
    world.order(shopify_order(2))
    assert [row.state for row in world.rows("invoice")] == ["confirmed", "unknown"]

    world.settle(hours=1)

    assert len(world.documents()) == 2
    assert {row.state for row in world.rows("invoice")} == {"confirmed"}
    assert len(posts(world)) == 2


def test_a_request_that_never_arrived_is_written_after_it_was_seen_empty_twice(world):
    world.order(shopify_order(1))
    world.sandbox.faults.faults.append(Fault(kind="reset", method="POST", path="/invoices$"))
    world.order(shopify_order(2))

    world.settle(hours=2)

    assert len(world.documents()) == 2
    assert world.holded.calls.count("GET /api/v2/invoices") >= 2


@pytest.mark.row("D03")
def test_a_5xx_after_the_commit_is_not_written_again(world):
    world.order(shopify_order(1))
    world.sandbox.faults.faults.append(Fault(kind="error_after", method="POST", path="/invoices$"))
    world.order(shopify_order(2))
    world.settle(hours=2)

    assert len(world.documents()) == 2


@pytest.mark.row("D03")
def test_a_commit_seconds_after_the_time_out_is_found_because_absence_waits_for_settle(world):
    world.order(shopify_order(1))
    world.sandbox.faults.faults.append(Fault(kind="late_commit", seconds=300, method="POST", path="/invoices$"))
    world.order(shopify_order(2))
    world.settle(hours=2)

    assert len(world.documents()) == 2


def test_a_lost_reply_to_the_contact_makes_no_second_contact(world):
    world.sandbox.faults.faults.append(Fault(kind="lose_reply", method="POST", path="/contacts$"))
    world.order(shopify_order(1))
    world.settle(hours=2)

    assert len(world.company.tables["contacts"]) == 1
    assert len(world.documents()) == 1


def refund_of(order):
    return {
        "id": 77,
        "order_id": order["id"],
        "created_at": "2026-03-02T10:00:00+01:00",
        "refund_line_items": [
            {"id": 1, "quantity": 1, "subtotal": 121.0, "total_tax": 21.0, "line_item": order["line_items"][0]}
        ],
        "transactions": [{"id": 5, "kind": "refund", "status": "success", "amount": "121.00", "currency": "EUR"}],
        "order_adjustments": [],
    }


@pytest.mark.row("D07")
def test_a_refund_waits_for_its_order_and_is_released_by_it(world):
    order = shopify_order()
    world.order(refund_of(order), topic="refunds/create")
    assert world.documents("creditnote") == []
    assert world.row("creditnote").state == "waiting"

    world.order(order)

    assert len(world.documents("invoice")) == 1
    (note,) = world.documents("creditnote")
    assert note["contact_id"] == world.documents()[0]["contact_id"]
    assert world.row("creditnote").state == "confirmed"


def test_a_child_whose_release_died_with_the_parents_writer_looks_by_itself(world):
    order = shopify_order()
    world.order(refund_of(order), topic="refunds/create")
    world.ledger.pointers.clear()
    world.order(order)
    assert world.documents("creditnote") == []

    world.settle(hours=2)

    assert len(world.documents("creditnote")) == 1


@pytest.mark.row("D07")
def test_a_refund_whose_order_never_comes_goes_to_review_after_seven_days(world):
    world.order(refund_of(shopify_order()), topic="refunds/create")
    world.settle(hours=24 * 8, step_s=3600)

    row = world.row("creditnote")
    assert (row.state, row.reason) == ("review", "parent_missing")


def test_a_refund_waits_as_long_as_its_order_itself_waits(world):
    world.order(refund_of(shopify_order()), topic="refunds/create")
    world.sandbox.faults.faults.append(Fault(kind="limit_month", seconds=10 * 86_400.0))
    world.order(shopify_order())
    world.settle(hours=24 * 12, step_s=3600)

    assert world.row("invoice").state == "confirmed"
    assert world.row("creditnote").state == "confirmed"


def test_approve_and_pay_takes_at_most_six_calls_with_a_new_contact():
    world = World(settings={"policy": {"finish": "approve_and_pay"}})
    world.order(shopify_order())

    (document,) = world.documents()
    assert document["approved_at"] is not None
    assert len(world.company.tables["payments"]) == 1
    assert len(world.holded.calls) <= 6


def test_a_lost_reply_to_the_payment_is_not_paid_twice():
    world = World(settings={"policy": {"finish": "approve_and_pay"}})
    world.sandbox.faults.faults.append(Fault(kind="lose_reply", method="POST", path="/payments$"))
    world.order(shopify_order())
    world.settle(hours=2)

    assert len(world.company.tables["payments"]) == 1
    assert world.row().state == "confirmed"


def test_work_beyond_the_minutes_quota_waits_without_attempts_and_without_a_429():
    world = World(plan="plus")
    world.company.configure({"month_limit": 10_000})
    refs = [ref for n in range(150) for ref in world.deliver(shopify_order(n), topic="orders/paid")]
    for at in range(0, len(refs), 10):
        world.run(refs[at : at + 10], seconds=300)
    waiting = [row for row in world.rows("invoice") if row.state == "waiting"]
    assert waiting
    assert {row.attempts for row in waiting} == {0}

    world.settle(hours=1, step_s=5)

    assert len(world.documents()) == 150
    assert world.company.counts.refused == {}


def test_another_program_spending_the_quota_stops_us_until_the_window_ends():
    world = World(plan="plus")
    for _ in range(60):
        world.company.quota.take(world.clock.now().timestamp())
    world.order(shopify_order())
    assert world.documents() == []

    world.settle(hours=0.2, step_s=10)

    assert len(world.documents()) == 1


@pytest.mark.row("D22")
def test_a_revoked_token_blocks_the_account_and_its_work_resumes_by_itself(world):
    world.order(shopify_order(1))
    world.company.tokens.clear()
    world.order(shopify_order(2))
    world.order(shopify_order(3))
    assert world.accounts.accounts[ACCOUNT].status == "blocked"
    refused = len(world.holded.calls)
    world.order(shopify_order(4))
    assert len(world.holded.calls) == refused

    world.company.tokens["pat_test"] = None
    world.settle(hours=3)

    assert len(world.documents()) == 4
    assert world.accounts.accounts[ACCOUNT].status == "active"


@pytest.mark.row("D16")
def test_a_paused_account_holds_its_events_and_drops_none(world):
    with world.paused():
        world.order(shopify_order())
        assert world.holded.calls == []
        assert world.row().reason == "paused"
        world.settle(hours=8, step_s=3600)
        assert world.gates.gates.get(ACCOUNT) is None or world.gates.gates[ACCOUNT].next_due_ms is None
    world.run()

    assert len(world.documents()) == 1


def test_an_edited_order_updates_our_own_untouched_draft(world):
    world.order(shopify_order(total="121.00"))
    world.order(shopify_order(total="242.00", updated_at="2026-03-02T10:00:00+01:00"), topic="orders/updated")

    assert world.totals() == [Decimal("242.00")]
    assert world.row().total == Decimal("242.00")


@pytest.mark.row("D07")
def test_an_older_version_never_overwrites_a_newer_document(world):
    world.order(shopify_order(total="242.00", updated_at="2026-03-02T10:00:00+01:00"))
    world.order(shopify_order(total="121.00"), topic="orders/updated")

    assert world.totals() == [Decimal("242.00")]


def test_a_newer_version_of_an_approved_invoice_goes_to_review_with_the_proposal():
    world = World(settings={"policy": {"finish": "approve"}})
    world.order(shopify_order(total="121.00"))
    world.order(shopify_order(total="242.00", updated_at="2026-03-02T10:00:00+01:00"), topic="orders/updated")

    assert world.totals() == [Decimal("121.00")]
    assert world.row().state == "confirmed"
    review = world.row("invoice.update")
    assert review.state == "review"
    assert "credit note" in review.detail


def test_a_sale_called_off_after_it_was_written_is_for_a_human(world):
    world.order(shopify_order())
    world.order(
        shopify_order(cancelled_at="2026-03-02T11:00:00+01:00", updated_at="2026-03-02T11:00:00+01:00"),
        topic="orders/cancelled",
    )

    assert world.row().state == "confirmed"
    assert world.row("invoice.cancellation").state == "review"


def test_two_customers_orders_from_two_shops_share_one_contact(world):
    world.order(shopify_order(1))
    world.order(shopify_order(2, customer={"id": 8, "email": "ANA@example.com", "first_name": "Ana", "last_name": "E"}))

    assert len(world.company.tables["contacts"]) == 1


def test_a_second_writer_leaves_its_event_to_the_holder_of_the_lease(world):
    from datetime import timedelta

    from relay.domain import gate as gating
    from relay.services.times import at_ms

    world.order(shopify_order(1))
    now_ms = at_ms(world.clock.now())
    gate = world.gates.gates[ACCOUNT]
    held = gating.take(
        gate, now_ms=now_ms, owner="other", lease_until_ms=now_ms + 120_000, priority="fiscal", want=0
    ).gate
    world.gates.gates[ACCOUNT] = held
    world.holded.calls.clear()

    world.order(shopify_order(2))

    assert world.holded.calls == []
    assert len(world.gates.wakes[ACCOUNT]) == 1
    world.clock.at += timedelta(seconds=130)
    world.run()
    assert len(world.documents()) == 2


def test_the_sweep_finds_a_doubled_document_and_reports_it(world):
    for n in range(12):
        world.order(shopify_order(n))
    original = world.documents()[0]
    twin = dict(original, id="f" * 24)
    world.company.put("documents", twin, world.clock.now().timestamp())
    world.settle(hours=13, step_s=1800)

    (found,) = world.rows("invoice.settlement")
    assert (found.state, found.reason) == ("review", "doubled")


def test_the_sweep_finds_a_document_that_was_paid_twice_and_reports_it():
    world = World(settings={"policy": {"finish": "approve_and_pay"}})
    for n in range(12):
        world.order(shopify_order(n))
    world.documents()[0]["payments_total"] = "242.00"
    world.settle(hours=13, step_s=1800)

    (found,) = world.rows("invoice.settlement")
    assert (found.state, found.reason) == ("review", "paid_twice")
    assert "242.00" in found.detail


def test_the_sweep_costs_at_most_a_tenth_of_a_call_a_document():
    world = World(settings={"reconcile": {"nightly": False}})
    for n in range(20):
        world.order(shopify_order(n))
    world.holded.calls.clear()
    world.settle(hours=30, step_s=1800)

    assert 1 <= len(world.holded.calls) <= 2


def test_a_document_whose_total_was_changed_in_holded_is_reported(world):
    for n in range(12):
        world.order(shopify_order(n))
    world.documents()[0]["total"] = "1.00"
    world.settle(hours=13, step_s=1800)

    (found,) = world.rows("invoice.settlement")
    assert found.reason == "total_differs"
    assert "121.00" in found.detail


def test_settle_shorter_than_the_lease_is_never_believed():
    world = World(timing=Timing(settle_ms=0))
    world.order(shopify_order(1))
    world.sandbox.faults.faults.append(Fault(kind="lose_reply", method="POST", path="/invoices$"))
    world.order(shopify_order(2))
    world.run()

    assert len(posts(world)) == 2


def test_a_fact_that_policy_takes_further_pays_the_document_that_stands():
    world = World(settings={"policy": {"finish": "approve_and_pay", "unpaid_order": "nothing"}})
    invoice = stripe_invoice(status="open")
    world.run(world.deliver(invoice, topic="invoice.finalized", source="stripe"))
    assert len(world.company.tables["payments"]) == 0
    paid = stripe_invoice(status="paid")
    world.run(world.deliver(paid, topic="invoice.paid", source="stripe"))
    world.run(world.deliver(paid, topic="invoice.paid", source="stripe"))

    assert len(world.documents()) == 1
    assert len(world.company.tables["payments"]) == 1
    assert world.row().step == "pay"


def stripe_invoice(*, status):
    from demo.payloads import Buyer, Item, stripe_invoice

    buyer = Buyer(name="Taller Sol", email="taller@example.com", nif="B12345674")
    body = stripe_invoice(
        1, buyer, [Item("Licence", Decimal("121.00"))], kind=f"invoice.{'paid' if status == 'paid' else 'finalized'}"
    )
    found = body["data"]["object"]
    found |= {"status": status, "paid": status == "paid"}
    if status != "paid":
        found |= {
            "amount_paid": 0,
            "amount_remaining": found["amount_due"],
            "status_transitions": {"finalized_at": found["created"], "paid_at": None},
        }
    return body


def test_a_credit_note_names_the_number_that_holded_gave_the_original():
    world = World(settings={"policy": {"finish": "approve"}})
    world.order(shopify_order())
    world.order(refund_of(shopify_order()), topic="refunds/create")

    (note,) = world.documents("creditnote")
    assert f"Rectifica {world.documents()[0]['document_number']}" in note["description"]


def test_a_refund_of_our_own_draft_is_for_a_human_where_policy_says_so():
    world = World(settings={"policy": {"refund_of_draft": "review"}})
    world.order(shopify_order())
    world.order(refund_of(shopify_order()), topic="refunds/create")

    assert world.documents("creditnote") == []
    assert world.row("creditnote").reason == "original_is_a_draft"


def held_by(world, owner, *, seconds=120):
    from relay.domain import gate as gating
    from relay.services.times import at_ms

    now_ms = at_ms(world.clock.now())
    gate = gating.take(
        world.gates.gates[ACCOUNT],
        now_ms=now_ms,
        owner=owner,
        lease_until_ms=now_ms + seconds * 1000,
        priority="fiscal",
        want=0,
    ).gate
    world.gates.gates[ACCOUNT] = gate
    return gate


def test_an_event_parked_for_a_holder_that_has_just_let_go_is_written_by_who_parked_it(world):
    from dataclasses import replace

    world.order(shopify_order(1))
    gate = held_by(world, "other")
    tell = world.gates.wake

    async def too_late(account, key, *, holder):
        world.gates.gates[ACCOUNT] = replace(gate, rev=gate.rev + 1, owner="", lease_until_ms=0, next_due_ms=None)
        world.gates.wake = tell
        return False

    world.gates.wake = too_late
    world.order(shopify_order(2))

    assert len(world.documents()) == 2


def test_rows_that_keep_coming_while_the_lease_is_let_go_are_all_seen_to(world):
    import asyncio

    world.order(shopify_order(1))
    refs = [world.deliver(shopify_order(n), topic="orders/paid") for n in range(2, 12)]
    store, waiting = world.gates.store, list(refs)

    async def store_and_be_woken(gate, **how):
        if how.get("if_no_wakes") and waiting:
            await world.drainer().run(ACCOUNT, waiting.pop(), deadline_ms=2**50)
        return await store(gate, **how)

    world.gates.store = store_and_be_woken
    asyncio.run(world.drainer().run(ACCOUNT, world.deliver(shopify_order(1), topic="orders/paid"), deadline_ms=2**50))

    assert len(world.documents()) == 11
    assert world.gates.gates[ACCOUNT].owner == ""


def test_an_event_behind_a_backlog_is_written_though_the_work_index_lags(world):
    world.order(shopify_order(1))
    held_by(world, "other")
    world.order(shopify_order(2))
    world.clock.advance(200)
    due = world.ledger.due

    async def lagging(account, *, priority, now_ms, limit):
        return [
            row
            for row in await due(account, priority=priority, now_ms=now_ms, limit=limit)
            if "1003" not in row.key.object_id
        ]

    world.ledger.due = lagging
    world.run(world.deliver(shopify_order(1003), topic="orders/paid"))

    assert len(world.documents()) == 3
