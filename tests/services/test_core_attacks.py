"""States that few stories reach: doubt without tokens, versions that meet in doubt, wakes that cross, rows nobody can read."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from decimal import Decimal

import pytest

from holded_sandbox.faults import Fault
from relay.domain import gate as gating
from relay.domain import transitions
from relay.domain.ledger import Key, Row
from relay.services.times import at_ms
from tests.services.killing import Aftermath, send, troubles
from tests.services.test_crash_points import hint_of
from tests.services.test_road import refund_of, stripe_invoice
from tests.services.wire import Killed, Wire
from tests.services.world import ACCOUNT, World, shopify_order

LATER = "2026-03-02T10:00:00+01:00"
LATEST = "2026-03-02T11:00:00+01:00"
PAYING = {"policy": {"finish": "approve_and_pay"}}


@pytest.fixture
def world():
    return World()


def fault(world, kind, path, method="POST", **values):
    world.sandbox.faults.faults.append(Fault(kind=kind, method=method, path=path, **values))


def hold_gate(world, owner="other", seconds=120):
    """Another drainer has the lease."""
    now_ms = at_ms(world.clock.now())
    gate = world.gates.gates[ACCOUNT]
    taken = gating.take(
        gate, now_ms=now_ms, owner=owner, lease_until_ms=now_ms + seconds * 1000, priority="fiscal", want=0
    )
    world.gates.gates[ACCOUNT] = taken.gate


def in_doubt(world, number=2, **order):
    """An order whose document stands in Holded while its row does not know."""
    world.order(shopify_order(1))
    fault(world, "lose_reply", "/invoices$")
    world.order(shopify_order(number, **order))
    (row,) = [row for row in world.rows("invoice") if row.state == "unknown"]
    return row


def unmappable(**extra):
    """A tax rate that Spain does not have."""
    order = shopify_order(2, **extra)
    order["line_items"][0]["tax_lines"] = [{"title": "IVA", "rate": 0.17, "price": order["total_tax"]}]
    return order


def test_a_doubt_that_meets_an_empty_quota_stays_a_doubt(world):
    in_doubt(world)
    world.clock.advance(780)
    for _ in range(world.company.quota.minute.limit):
        world.company.quota.take(world.clock.now().timestamp())
    world.run()
    (row,) = [row for row in world.rows("invoice") if row.holded_id == ""]
    assert row.state == "unknown"

    world.settle(hours=2)

    assert len(world.documents()) == 2


def test_a_doubt_that_meets_a_writer_without_the_lease_stays_a_doubt(world):
    in_doubt(world)
    world.clock.advance(780)
    hold_gate(world)
    world.order(shopify_order(2), topic="orders/create")
    world.clock.advance(130)

    world.settle(hours=2)

    assert len(world.documents()) == 2


def test_a_doubt_of_a_dead_writer_that_meets_an_empty_quota_stays_a_doubt(world):
    """As above, the row still in `sent`."""
    row = in_doubt(world)
    world.ledger.rows[row.key] = replace(row, state="sent", rev=row.rev + 1, indexed=True)
    world.clock.advance(780)
    for _ in range(world.company.quota.minute.limit):
        world.company.quota.take(world.clock.now().timestamp())
    world.run()

    world.settle(hours=2)

    assert len(world.documents()) == 2


@pytest.mark.parametrize("status", [403, 400])
def test_a_doubt_whose_look_is_refused_never_becomes_a_second_document(world, status):
    in_doubt(world)
    fault(world, "error_before", "/invoices$", method="GET", status=status, times=1)
    world.settle(hours=3)
    world.order(shopify_order(2, total="121.00", updated_at=LATER, tags="new"), topic="orders/updated")
    world.order(shopify_order(2, total="242.00", updated_at=LATEST), topic="orders/updated")
    world.settle(hours=3)

    assert len(world.documents()) == 2


def test_a_doubt_that_breaks_us_until_it_is_dead_never_becomes_a_second_document(world):
    row = in_doubt(world)
    for _ in range(transitions.MAX_ATTEMPTS):
        row = transitions.troubled(row, now_ms=row.updated_ms, due_ms=row.due_ms, reason="trouble_KeyError")
    assert row.state == "dead"
    world.ledger.rows[row.key] = row

    world.order(shopify_order(2, total="242.00", updated_at=LATER), topic="orders/updated")

    assert len(world.documents()) == 2


def test_a_version_that_cannot_be_mapped_does_not_end_the_doubt_about_the_one_before(world):
    row = in_doubt(world)
    world.ledger.rows[row.key] = replace(row, state="review", reason="outcome_unknown_similar", due_ms=0)
    world.order(unmappable(updated_at=LATER), topic="orders/updated")
    world.order(shopify_order(2, total="242.00", updated_at=LATEST), topic="orders/updated")

    assert len(world.documents()) == 2


def test_a_newer_version_that_meets_a_doubt_is_written_after_it(world):
    in_doubt(world)
    world.clock.advance(780)
    aftermath = Aftermath(world)
    refs = world.deliver(shopify_order(2, total="242.00", updated_at=LATER), topic="orders/updated")
    world.run(refs)
    aftermath.live(hours=2)

    assert sorted(world.totals()) == [Decimal("121.00"), Decimal("242.00")]
    assert troubles(world) == []


@pytest.mark.parametrize("at", ["approve$", "payments$"])
def test_a_newer_version_that_meets_a_doubt_about_a_later_step_is_not_swallowed(at):
    world = World(settings=PAYING)
    fault(world, "lose_reply", at)
    world.order(shopify_order(2))
    assert world.row().state == "unknown"
    world.clock.advance(780)
    world.run(world.deliver(shopify_order(2, total="242.00", updated_at=LATER), topic="orders/updated"))
    Aftermath(world).live(hours=2)

    assert world.totals() == [Decimal("121.00")]
    assert [Decimal(p["amount"]) for p in world.company.tables["payments"].values()] == [Decimal("121.00")]
    assert world.row("invoice.update").reason == "newer_version_of_approved"


def test_a_dead_row_never_takes_an_unmappable_version_for_done(world):
    world.order(shopify_order(1))
    fault(world, "limit_minute", "/invoices$", seconds=20)
    world.order(shopify_order(2))
    (row,) = [row for row in world.rows("invoice") if row.state != "confirmed"]
    world.ledger.rows[row.key] = replace(row, state="dead", reason="server_error", due_ms=0)

    world.order(unmappable(updated_at=LATER), topic="orders/updated")

    row = world.ledger.rows[row.key]
    assert row.state == "review"
    assert len(world.documents()) == 1


def test_a_payment_that_policy_adds_is_not_lost_with_its_reply():
    world = World(settings=PAYING | {"policy": {"finish": "approve_and_pay", "unpaid_order": "nothing"}})
    world.run(world.deliver(stripe_invoice(status="open"), topic="invoice.finalized", source="stripe"))
    fault(world, "lose_reply", "payments$")
    world.run(world.deliver(stripe_invoice(status="paid"), topic="invoice.paid", source="stripe"))
    Aftermath(world).live(hours=2)

    assert len(world.company.tables["payments"]) == 1
    assert troubles(world) == []


def test_a_payment_that_policy_adds_waits_for_tokens_and_is_made():
    world = World(settings={"policy": {"finish": "approve_and_pay", "unpaid_order": "nothing"}})
    world.run(world.deliver(stripe_invoice(status="open"), topic="invoice.finalized", source="stripe"))
    fault(world, "limit_minute", "payments$", seconds=30)
    world.run(world.deliver(stripe_invoice(status="paid"), topic="invoice.paid", source="stripe"))
    Aftermath(world).live(hours=1)

    assert len(world.company.tables["payments"]) == 1


def test_an_invoice_paid_in_the_second_it_was_issued_is_paid_though_both_had_to_wait():
    world = World(settings={"policy": {"finish": "approve_and_pay", "unpaid_order": "nothing"}})
    with world.paused():
        world.run(world.deliver(stripe_invoice(status="open"), topic="invoice.finalized", source="stripe"))
        world.run(world.deliver(stripe_invoice(status="paid"), topic="invoice.paid", source="stripe"))
    world.run()
    Aftermath(world).live(hours=1)

    assert len(world.documents()) == 1
    assert len(world.company.tables["payments"]) == 1


@pytest.mark.row("D20")
def test_the_newest_version_wins_though_they_waited_out_of_order(world):
    world.order(shopify_order(1))
    with world.paused():
        world.order(shopify_order(1, total="363.00", updated_at=LATEST), topic="orders/updated")
        world.order(shopify_order(1, total="242.00", updated_at=LATER), topic="orders/updated")
    world.run()
    Aftermath(world).live(hours=1)

    assert world.totals() == [Decimal("363.00")]


def test_an_older_version_does_not_replace_the_proposal_for_a_newer_one():
    world = World(settings={"policy": {"finish": "approve"}})
    world.order(shopify_order(1))
    world.order(shopify_order(1, total="363.00", updated_at=LATEST), topic="orders/updated")
    world.order(shopify_order(1, total="242.00", updated_at=LATER), topic="orders/updated")

    assert world.row("invoice.update").total == Decimal("363.00")


def test_a_row_parked_while_the_holder_let_go_is_worked_off_at_once(world):
    world.order(shopify_order(1))
    hold_gate(world)
    held = world.gates.gates[ACCOUNT]
    honest = world.gates.wake

    async def let_go_first(account, key, *, holder):
        world.gates.gates[ACCOUNT] = replace(held, owner="", lease_until_ms=0, next_due_ms=None, rev=held.rev + 1)
        return await honest(account, key, holder=holder)

    world.gates.wake = let_go_first
    world.order(shopify_order(2))

    assert len(world.documents()) == 2


def test_a_row_parked_by_a_writer_that_died_before_telling_the_holder_is_not_forgotten(world):
    world.order(shopify_order(1))
    hold_gate(world)
    refs = world.deliver(shopify_order(2), topic="orders/paid")

    async def die(account, key, *, holder):
        raise MemoryError

    honest, world.gates.wake = world.gates.wake, die
    with pytest.raises(MemoryError):
        world.run(refs)
    world.gates.wake = honest
    held = world.gates.gates[ACCOUNT]
    world.gates.gates[ACCOUNT] = replace(held, owner="", lease_until_ms=0, next_due_ms=None, rev=held.rev + 1)
    world.run(refs)

    assert len(world.documents()) == 2


def test_a_holder_is_told_again_of_a_row_its_teller_died_over(world):
    world.order(shopify_order(1))
    hold_gate(world)
    refs = world.deliver(shopify_order(2), topic="orders/paid")
    world.run(refs)
    world.gates.wakes.clear()
    world.run(refs)

    assert world.gates.wakes[ACCOUNT]


def test_the_settlement_sweep_is_there_though_the_first_drain_died(world):
    honest = world.ledger.insert

    async def die(row):
        raise MemoryError

    world.ledger.insert = die
    with pytest.raises(MemoryError):
        world.order(shopify_order(1))
    world.ledger.insert = honest
    world.clock.advance(200)
    world.order(shopify_order(1))

    assert [row.kind for row in world.rows("settle")] == ["settle"]


def test_the_first_drain_leaves_the_settlement_sweep_for_its_time(world):
    before = at_ms(world.clock.now())
    world.order(shopify_order(1))

    (sweep,) = world.rows("settle")
    assert (sweep.rev, sweep.due_ms) == (1, before + world.timing.settlement_ms)


def test_attempts_of_an_earlier_version_are_not_held_against_a_newer_one(world):
    world.order(shopify_order(1))
    fault(world, "limit_minute", "/invoices$", seconds=20)
    world.order(shopify_order(2))
    (row,) = [row for row in world.rows("invoice") if row.state == "waiting"]
    world.clock.advance(120)
    world.ledger.rows[row.key] = replace(row, state="dead", attempts=transitions.MAX_ATTEMPTS, due_ms=0)
    fault(world, "limit_minute", "/invoices$", seconds=20)

    world.order(shopify_order(2, updated_at=LATER, total="242.00"), topic="orders/updated")
    world.settle(hours=0.5)

    assert sorted(world.totals()) == [Decimal("121.00"), Decimal("242.00")]


@pytest.mark.row("D22")
def test_an_account_without_credential_is_blocked_and_its_work_waits(world):
    credential = world.accounts.credentials.pop(ACCOUNT)
    done = world.order(shopify_order(1))
    assert done.failed == {}
    assert world.accounts.accounts[ACCOUNT].status == "blocked"
    assert world.row().state == "waiting"

    world.accounts.credentials[ACCOUNT] = credential
    Aftermath(world).live(hours=3)

    assert len(world.documents()) == 1
    assert world.accounts.accounts[ACCOUNT].status == "active"


def test_a_delivery_that_breaks_the_normaliser_does_not_stop_the_sweeper(world):
    broken = world.deliver(shopify_order(1), topic="orders/paid")[0].partition("#")[0]
    world.clock.advance(1)
    world.deliver(shopify_order(2), topic="orders/paid")
    honest = world.inbox.get

    async def get(account, inbox_id):
        if inbox_id == broken:
            raise KeyError("price")
        return await honest(account, inbox_id)

    world.inbox.get = get
    aftermath = Aftermath(world)
    aftermath.live(hours=0.5)

    assert len(world.documents()) == 1


@pytest.mark.row("D06")
def test_rows_that_cannot_move_do_not_hide_those_behind_them(world):
    world.order(shopify_order(1))
    now_ms = at_ms(world.clock.now())
    for number in range(60):
        key = Key(account=ACCOUNT, source="shopify", object_id=f"x{number}", purpose="invoice")
        world.ledger.rows[key] = Row(
            key=key, state="unknown", created_ms=now_ms, updated_ms=now_ms, due_ms=now_ms - 1000, indexed=True
        )
    with world.paused():
        world.order(shopify_order(2))
    world.run()

    assert len(world.documents()) == 2


def test_a_waiting_row_that_lost_its_event_goes_to_a_human_and_leaves_the_index(world):
    with world.paused():
        world.order(shopify_order(1))
    row = world.row()
    world.ledger.rows[row.key] = replace(row, event=b"")
    world.run()

    assert (world.row().state, world.row().due_ms) == ("review", 0)


@pytest.mark.row("D06")
def test_a_row_whose_event_cannot_be_read_ends_in_dead_with_its_reason(world):
    with world.paused():
        world.order(shopify_order(1))
    row = world.row()
    world.ledger.rows[row.key] = replace(row, event=b"not gzip")
    world.inbox.items.clear()
    world.run()
    world.settle(hours=12)

    assert world.row().state == "dead"
    assert world.row().reason.startswith("trouble_")


def test_a_contact_in_doubt_that_nobody_waits_for_leaves_the_drainer_in_peace(world):
    fault(world, "reset", "/contacts$")
    world.order(shopify_order(1))
    world.settle(hours=0.25)
    (document,) = world.rows("invoice")
    world.ledger.rows[document.key] = replace(document, state="review", reason="by_hand", due_ms=0)
    world.settle(hours=1)

    assert asyncio.run(world.ledger.due(ACCOUNT, priority="fiscal", now_ms=at_ms(world.clock.now()), limit=9)) == []


def test_several_orders_that_wait_for_one_contact_in_doubt_share_it(world):
    fault(world, "lose_reply", "/contacts$")
    for number in range(5):
        world.order(shopify_order(number))
    world.settle(hours=3)

    assert len(world.company.tables["contacts"]) == 1
    assert len(world.documents()) == 5


def test_a_contact_without_any_key_that_is_in_doubt_is_not_created_again(world):
    fault(world, "lose_reply", "/contacts$")
    nameless = shopify_order(1, email=None, customer=None)
    world.order(nameless)
    world.settle(hours=3)

    assert len(world.company.tables["contacts"]) == 1


def test_a_tax_id_that_comes_while_the_contact_by_email_is_in_doubt_makes_no_second_contact(world):
    fault(world, "lose_reply", "/contacts$")
    world.order(shopify_order(1))
    world.order(shopify_order(2, note_attributes=[{"name": "NIF", "value": "12345678Z"}]))
    world.settle(hours=3)

    assert len(world.documents()) == 2
    assert len(world.company.tables["contacts"]) == 1


def test_quota_that_ends_between_approval_and_payment_resumes_there():
    world = World(settings=PAYING)
    fault(world, "limit_minute", "payments$", seconds=30)
    world.order(shopify_order(1))
    world.settle(hours=1)

    assert len(world.documents()) == 1
    assert len(world.company.tables["payments"]) == 1
    assert world.row().state == "confirmed"


def test_a_resumed_payment_whose_writer_dies_is_looked_for_after_settle():
    world = World(settings=PAYING)
    fault(world, "limit_minute", "payments$", seconds=30)
    world.order(shopify_order(1))
    assert world.row().state == "waiting"
    world.clock.advance(120)
    wire = DiesAt(world, "POST", "payments")
    send(world, [{"account": ACCOUNT}], wire)
    assert wire.dead
    Aftermath(world).live(hours=2)

    assert len(world.company.tables["payments"]) == 1


def test_a_month_that_is_used_up_loses_nothing():
    world = World(plan="basic")
    world.company.configure({"month_limit": 20})
    account = world.accounts.accounts[ACCOUNT]
    world.accounts.accounts[ACCOUNT] = replace(account, per_month=20)
    for number in range(40):
        world.order(shopify_order(number))
    world.settle(hours=24 * 62, step_s=1800)

    assert len(world.documents()) == 40
    assert world.company.counts.refused == {}


def test_a_refund_is_written_though_no_tokens_were_left_when_its_order_released_it(world):
    world.order(refund_of(shopify_order()), topic="refunds/create")
    fault(world, "limit_minute", "/credit-notes$", seconds=40)
    world.order(shopify_order())
    assert world.row("creditnote").state == "waiting"
    world.settle(hours=1)

    assert len(world.documents("creditnote")) == 1


def test_a_document_of_another_kind_is_never_written_over_the_first(world):
    """A tax id that came late makes the sale an invoice: the salesreceipt that stands is for a human."""
    world.order(shopify_order(1))
    row = world.row()
    world.ledger.rows[row.key] = replace(row, doc_type="salesreceipt", digest="other")
    world.order(shopify_order(1, total="242.00", updated_at=LATER), topic="orders/updated")

    assert world.row().doc_type == "salesreceipt"
    assert world.row("invoice.update").state == "review"


def test_two_findings_of_one_document_are_both_told(world):
    for number in range(12):
        world.order(shopify_order(number))
    document = world.documents()[0]
    world.company.put("documents", dict(document, id="f" * 24), world.clock.now().timestamp())
    document["total"] = "1.00"
    world.settle(hours=13, step_s=1800)

    (found,) = world.rows("invoice.settlement")
    assert found.reason == "doubled"
    assert "1.00" in found.detail


def test_a_twin_that_appears_after_its_row_was_swept_is_found_by_the_next_sweep(world):
    for number in range(12):
        world.order(shopify_order(number))
    world.settle(hours=13, step_s=1800)
    document = world.documents()[0]
    world.company.put("documents", dict(document, id="f" * 24), world.clock.now().timestamp())
    for number in range(20, 32):
        world.order(shopify_order(number))
    world.settle(hours=13, step_s=1800)

    assert [row.reason for row in world.rows("invoice.settlement")] == ["doubled"]


@pytest.mark.row("D18")
def test_a_deleted_document_is_reported_over_many_pages(world):
    for number in range(230):
        world.order(shopify_order(number))
        world.clock.advance(1)
    world.company.tables["documents"].pop(world.documents()[3]["id"])
    world.settle(hours=13, step_s=1800)

    assert [row.reason for row in world.rows("invoice.settlement")] == ["missing_in_holded"]


@pytest.mark.row("D17")
def test_an_event_that_the_row_already_answers_for_is_done_whatever_policy_says_now(world):
    refs = world.deliver(shopify_order(1), topic="orders/paid")
    world.run(refs)
    item = world.inbox.items[ACCOUNT, refs[0].partition("#")[0]]
    world.inbox.items[ACCOUNT, refs[0].partition("#")[0]] = replace(item, ends={}, open=True)
    account = world.accounts.accounts[ACCOUNT]
    world.accounts.accounts[ACCOUNT] = replace(account, settings=PAYING)
    world.run(refs)

    (document,) = world.documents()
    assert document["approved_at"] is None


@pytest.mark.row("D17")
def test_ignored_by_new_settings_a_doubt_is_still_settled(world):
    in_doubt(world)
    account = world.accounts.accounts[ACCOUNT]
    world.accounts.accounts[ACCOUNT] = replace(account, settings={"policy": {"paid_order": "nothing"}})
    world.settle(hours=3)

    assert {row.state for row in world.rows("invoice")} == {"confirmed"}


def test_an_update_that_holded_refuses_on_its_second_try_is_for_a_human(world):
    world.order(shopify_order(1))
    fault(world, "limit_minute", "/invoices/", method="PUT", seconds=20)
    world.order(shopify_order(1, total="242.00", updated_at=LATER), topic="orders/updated")
    assert world.row().state == "waiting"
    fault(world, "error_before", "/invoices/", method="PUT", status=422)
    Aftermath(world).live(hours=3)

    assert world.row().state == "review"
    assert world.totals() == [Decimal("121.00")]


def test_an_approval_by_hand_that_follows_close_on_our_write_is_still_read(world):
    """Its hint meets the waiting hint of the creation, which turns out to be our own echo."""
    created = hint_of(world, "c" * 24, "create")
    approved = hint_of(world, "c" * 24, "approve")
    world.run([message["event"] for message in [*created, *approved]])
    world.order(shopify_order(1))
    row = world.row()
    world.ledger.rows[row.key] = replace(row, holded_id="c" * 24)
    document = world.documents()[0]
    world.company.put("documents", dict(document, id="c" * 24), world.clock.now().timestamp())
    world.settle(hours=0.5)

    assert [call for call in world.holded.calls if call.startswith("GET") and "c" * 24 in call]


class DiesAt(Wire):
    """Dies in the first call of Holded with this method and path, which Holded commits late."""

    def __init__(self, world, method, path):
        super().__init__(world, mode="late")
        self.method, self.path = method, path

    def ports(self):
        ports = super().ports()
        ports["holded"] = self
        return ports

    async def call(self, request, credential, *, timeout_ms):
        if self.dead:
            raise Killed
        if request.method == self.method and self.path in request.path:
            fault(self.world, "late_commit", self.path, seconds=400)
            self.dead = True
            await asyncio.gather(
                self.world.holded.call(request, credential, timeout_ms=timeout_ms), return_exceptions=True
            )
            raise Killed
        return await self.world.holded.call(request, credential, timeout_ms=timeout_ms)
