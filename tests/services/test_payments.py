"""Money that came in is registered once: never beyond what is due, in another currency, or on a draft that it would approve."""

from __future__ import annotations

from decimal import Decimal

import pytest

from holded_sandbox import documents
from holded_sandbox.faults import Fault
from tests.services.killing import Aftermath
from tests.services.standard import payment, sale, tell
from tests.services.test_remedies import said
from tests.services.test_road import stripe_invoice
from tests.services.world import World

DRAFTS = {"policy": {"payments": "pay"}}
APPROVED = {"policy": {"payments": "pay", "finish": "approve"}}
PAID = {"policy": {"payments": "pay", "finish": "approve_and_pay", "unpaid_order": "nothing"}}


def desk(world):
    return world.sandbox.desk(world.company, world.clock.now().timestamp())


def by_hand(world, amount="121.00"):
    (document,) = world.documents()
    documents.pay(desk(world), document, amount=Decimal(amount), day="2026-03-02", bank_id=None, note="by hand")


def amounts(world):
    return [Decimal(each["amount"]) for each in world.company.tables["payments"].values()]


def stood(world, purpose="payment"):
    row = world.row(purpose)
    return row.state, row.reason


def stripe(world, topic, **invoice):
    world.run(world.deliver(stripe_invoice(**invoice), topic=topic, source="stripe"))


def test_a_payment_of_our_draft_waits_for_a_person_to_approve_it():
    world = World(settings=DRAFTS)
    tell(world, "order.paid", sale())
    tell(world, "payment.received", payment())
    calls = len(world.holded.calls)
    world.settle(hours=11, step_s=600)
    (document,) = world.documents()
    assert (document["approved_at"], amounts(world), stood(world)) == (None, [], ("waiting", "draft_awaited"))
    assert len(world.holded.calls) - calls <= 1  # the sweep's page: nobody looks at a draft every ten minutes

    documents.approve(desk(world), document)
    world.settle(hours=24, step_s=600)

    assert amounts(world) == [Decimal("121.00")]
    assert world.row("payment").state == "confirmed"


def test_a_draft_that_nobody_approves_within_seven_days_is_put_before_a_person():
    world = World(settings=DRAFTS)
    tell(world, "order.paid", sale())
    tell(world, "payment.received", payment())
    world.settle(hours=24 * 8, step_s=3600)

    assert world.documents()[0]["approved_at"] is None
    assert stood(world) == ("review", "payment_of_a_draft")


def test_a_draft_whose_total_a_person_changed_is_not_approved_by_its_payment():
    world = World(settings=DRAFTS)
    tell(world, "order.paid", sale())
    world.documents()[0]["total"] = "99.00"
    tell(world, "payment.received", payment())
    world.settle(hours=48, step_s=1800)

    assert world.documents()[0]["approved_at"] is None


def test_a_payment_that_a_person_registered_before_the_source_told_is_not_registered_again():
    world = World(settings=PAID)
    stripe(world, "invoice.finalized", status="open")
    by_hand(world, world.documents()[0]["total"])
    stripe(world, "invoice.paid", status="paid")
    world.settle(hours=1)

    assert amounts(world) == world.totals()
    assert world.row().state == "confirmed"


def test_an_invoice_that_was_paid_with_its_fact_is_not_paid_again_by_the_payment_itself():
    world = World(settings=PAID)
    tell(world, "invoice.paid", sale())
    tell(world, "payment.received", payment())
    world.settle(hours=1)

    assert amounts(world) == [Decimal("121.00")]
    assert stood(world) == ("ignored", "already_paid")


def test_both_at_once_pay_once():
    world = World(settings=PAID)
    tell(world, "invoice.issued", sale(payment_status="unpaid"))
    told = [("invoice.paid", sale()), ("payment.received", payment())]
    refs = [
        ref for kind, data in told for ref in world.deliver({"type": kind, "data": data}, topic=kind, source="standard")
    ]
    world.run(refs)
    world.settle(hours=1)

    assert amounts(world) == [Decimal("121.00")]


def test_two_payments_of_one_invoice_pay_no_more_than_it_is_worth():
    world = World(settings=APPROVED)
    tell(world, "order.paid", sale())
    tell(world, "payment.received", payment("p1"))
    tell(world, "payment.received", payment("p2"))
    world.settle(hours=1)

    assert amounts(world) == [Decimal("121.00")]
    assert sorted((row.state, row.reason) for row in world.rows("payment")) == [
        ("confirmed", ""),
        ("ignored", "already_paid"),
    ]


def test_a_payment_of_more_than_is_due_is_put_before_a_person():
    world = World(settings=APPROVED)
    tell(world, "order.paid", sale())
    by_hand(world, "50.00")
    tell(world, "payment.received", payment())
    world.settle(hours=1)

    assert amounts(world) == [Decimal("50.00")]
    assert stood(world) == ("review", "payment_exceeds_due")
    assert "71" in world.row("payment").detail


def test_a_payment_in_another_currency_is_put_before_a_person():
    world = World(settings=APPROVED)
    tell(world, "order.paid", sale())
    tell(world, "payment.received", payment(amount="13000", currency="JPY"))
    world.settle(hours=1)

    assert amounts(world) == []
    assert stood(world) == ("review", "payment_currency_differs")


@pytest.mark.parametrize("kind", ["lose_reply", "error_after", "reset", "late_commit"])
def test_a_part_whose_reply_was_lost_is_known_by_our_reference_and_registered_once(kind):
    world = World(settings=APPROVED)
    tell(world, "order.paid", sale())
    world.sandbox.faults.faults.append(Fault(kind=kind, seconds=300, method="POST", path="/payments$"))
    tell(world, "payment.received", payment(amount="60.00"))
    Aftermath(world).live(hours=2)

    assert amounts(world) == [Decimal("60.00")]
    assert world.row("payment").state == "confirmed"


def test_a_document_that_was_deleted_before_it_was_paid_is_put_before_a_person():
    world = World(settings=APPROVED)
    tell(world, "order.paid", sale())
    (document,) = world.documents()
    documents.delete(desk(world), document, by_person=True)
    tell(world, "payment.received", payment())

    assert stood(world) == ("review", "deleted_in_holded")


def test_a_payment_that_had_no_token_is_registered_later():
    world = World(settings=APPROVED)
    tell(world, "order.paid", sale())
    world.sandbox.faults.faults.append(Fault(kind="limit_minute", method="POST", path="/payments$", seconds=30))
    tell(world, "payment.received", payment())
    Aftermath(world).live(hours=1)

    assert amounts(world) == [Decimal("121.00")]
    assert world.row("payment").state == "confirmed"


def part(*parts, **extra):
    came = [
        {"id": f"p{n}", "amount": amount, "currency": "EUR", "at": "2026-03-02T09:00:00Z"}
        for n, amount in enumerate(parts)
    ]
    return sale(payments=came, **extra)


def part_paid(world):
    tell(world, "invoice.issued", part("50.00", payment_status="partially_paid"), time="2026-03-02T09:00:00Z")


def paid_in_full(world):
    tell(world, "invoice.paid", part("50.00", "71.00"), time="2026-03-03T09:00:00Z")


PARTS = [Decimal("50.00"), Decimal("71.00")]


def test_what_is_left_of_a_part_paid_invoice_is_registered_when_it_comes():
    world = World(settings=PAID)
    part_paid(world)
    assert amounts(world) == PARTS[:1]
    paid_in_full(world)
    paid_in_full(world)
    world.settle(hours=1)

    assert amounts(world) == PARTS
    assert (world.row().state, world.row().paid) == ("confirmed", Decimal("121.00"))


def test_the_part_that_is_told_late_is_not_registered_on_top():
    world = World(settings=PAID)
    paid_in_full(world)
    part_paid(world)
    world.settle(hours=1)

    assert amounts(world) == [Decimal("121.00")]


def test_both_parts_while_the_invoice_waits_are_registered_as_one():
    world = World(settings=PAID)
    with world.paused():
        for kind, data in (
            ("invoice.issued", part("50.00", payment_status="partially_paid")),
            ("invoice.paid", part("50.00", "71.00")),
        ):
            tell(world, kind, data)
    world.run()
    world.settle(hours=1)

    assert amounts(world) == [Decimal("121.00")]


@pytest.mark.parametrize("path", [r"invoices/[0-9a-f]{24}$", "/payments$"])
@pytest.mark.parametrize("kind", ["lose_reply", "error_after", "reset", "late_commit", "limit_minute"])
def test_the_rest_is_registered_once_whatever_becomes_of_a_reply(kind, path):
    world = World(settings=PAID)
    part_paid(world)
    world.sandbox.faults.faults.append(Fault(kind=kind, seconds=300, path=path))
    paid_in_full(world)
    Aftermath(world).live(hours=2)

    assert amounts(world) == PARTS
    assert world.row().state == "confirmed"


def test_a_rest_of_which_a_person_registered_a_part_is_put_before_a_person():
    world = World(settings=PAID)
    part_paid(world)
    by_hand(world, "50.00")
    paid_in_full(world)

    assert amounts(world) == [Decimal("50.00"), Decimal("50.00")]
    assert stood(world, "invoice") == ("review", "payment_exceeds_due")


def test_an_invoice_whose_money_a_person_settled_is_adopted_though_a_payment_names_it_too():
    world = World(settings=PAID)
    part_paid(world)
    tell(world, "payment.received", payment(amount="20.00"))
    paid_in_full(world)
    assert stood(world, "invoice") == ("review", "payment_exceeds_due")
    (document,) = world.documents()
    said(world, "adopt", str(world.row("invoice").key), document["id"])

    assert (world.row("invoice").state, world.row("invoice").number) == ("confirmed", document["document_number"])
