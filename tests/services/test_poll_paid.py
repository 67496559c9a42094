"""A payment that a poll sees leads to a look at its document: an old one has left all lists of what is open by then."""

from __future__ import annotations

import copy
from dataclasses import replace
from datetime import timedelta

import pytest

from holded_sandbox import documents
from holded_sandbox.faults import Fault
from relay.domain import polling_steps as steps
from relay.services.times import at_ms
from tests.services.polling import Hands, make_due, poll_now, polled_world, state, told
from tests.services.world import ACCOUNT, shopify_order

DAY_S = 86_400
OLD, ANCIENT = "2026-01-20", "2025-06-01"
"""Days before the world's own: outside the window, and further back than any quick pass reaches."""


@pytest.fixture
def world():
    return polled_world()


@pytest.fixture
def hands(world):
    return Hands(world)


def quick_passes(world, *names):
    """Only quick passes over these resources, until none is due."""
    now_ms = at_ms(world.clock.now())
    far_ms = now_ms + 40 * DAY_S * 1000
    found = state(world)
    courses = {
        name: replace(course, due_ms=now_ms if name in names else far_ms, full_due_ms=far_ms)
        for name, course in found.courses.items()
    }
    world.polls.states[ACCOUNT] = replace(found, rev=found.rev + 1, courses=courses)
    for _ in range(20):
        make_due(world)
        world.run(seconds=120)
        left = [state(world).courses[name] for name in names]
        if all(each.running is None and each.due_ms > now_ms for each in left):
            return
        world.clock.advance(61)
    raise AssertionError("the passes do not come to their end")


def passes(world, *names, rounds=2):
    """So many quick passes, a few hours apart; what waits gets its turn between them."""
    for _ in range(rounds):
        quick_passes(world, *names)
        world.settle(hours=0.1)
        world.clock.advance(2 * 3600)


def known(world, hands, *, day=OLD, kind="invoice", price="100"):
    """An approved document of that day that the first passes have seen."""
    document = hands.invoice(price, kind=kind, date=day)
    hands.approve(document)
    poll_now(world)
    world.clock.advance(3600)
    world.holded.calls.clear()
    return document


def due_of(world, document):
    return world.company.tables["documents"][document]["payments_pending"]


def of(world, document):
    return [kind for kind, subject in told(world) if subject == document]


def reads(world, document):
    return [call for call in world.holded.calls if call.endswith(f"/{document}")]


def waiting(world):
    return [row.reason for row in world.rows("reread") if row.state == "waiting"]


def its_turn(world):
    for row in [row for row in world.rows("reread") if row.state == "waiting"]:
        world.ledger.rows[row.key] = replace(row, rev=row.rev + 1, due_ms=at_ms(world.clock.now()))
    world.run()


@pytest.mark.parametrize("kind", ["invoice", "creditnote", "salesreceipt"])
def test_an_old_document_that_is_paid_in_full_is_told_by_the_next_quick_pass_without_a_call_of_its_own(
    world, hands, kind
):
    document = known(world, hands, kind=kind)
    hands.pay(document, due_of(world, document))
    passes(world, "payment")
    assert waiting(world) == ["joins_poll"]
    passes(world, kind, rounds=1)

    assert [verb.partition(".")[2] for verb in of(world, document)] == ["paid"]
    assert reads(world, document) == waiting(world) == []
    poll_now(world)
    assert len(of(world, document)) == 1


def test_the_quick_pass_after_it_looks_no_further_back_than_ever(world, hands):
    document = known(world, hands)
    hands.pay(document, due_of(world, document))
    passes(world, "payment", rounds=1)
    assert state(world).courses["invoice"].reach < OLD
    passes(world, "invoice", rounds=1)

    assert state(world).courses["invoice"].reach == ""


def test_a_document_that_no_quick_pass_reaches_is_read_by_itself_and_counted_as_pollings(world, hands):
    document = known(world, hands, day=ANCIENT)
    before = state(world)
    hands.pay(document, due_of(world, document))
    passes(world, "payment", rounds=1)

    assert of(world, document) == ["invoice.paid"]
    assert len(reads(world, document)) == 1
    assert state(world).looks == before.looks + 1
    assert state(world).calls == before.calls + 2  # the payments' page, and the look
    assert state(world).courses["invoice"].calls == before.courses["invoice"].calls + 1
    assert world.gates.gates[ACCOUNT].budget.rereads == 0


@pytest.mark.parametrize("day", [OLD, ANCIENT])
def test_parts_are_told_as_such_and_the_last_one_as_the_end(world, hands, day):
    document = known(world, hands, day=day)
    hands.pay(document, "10")
    passes(world, "payment", "invoice")
    assert of(world, document) == ["invoice.partially_paid"]

    hands.pay(document, due_of(world, document))
    passes(world, "payment", "invoice")

    assert of(world, document) == ["invoice.partially_paid", "invoice.paid"]


def test_two_payments_lead_to_one_look(world, hands):
    document = known(world, hands, day=ANCIENT)
    hands.pay(document, "10")
    hands.pay(document, due_of(world, document))
    passes(world, "payment")

    assert of(world, document) == ["invoice.paid"]
    assert len(reads(world, document)) == 1


def test_a_payment_that_is_deleted_or_changed_leads_to_a_look_and_another_text_of_it_to_none(world, hands):
    document = known(world, hands, day=ANCIENT)
    hands.pay(document, due_of(world, document))
    passes(world, "payment", rounds=1)
    (payment,) = world.company.tables["payments"].values()
    payment["description"] = "another"
    passes(world, "payment", rounds=1)
    assert len(reads(world, document)) == 1

    documents.forget_payment(hands.desk, payment)
    poll_now(world, "payment")
    world.settle(hours=1)

    assert ("payment.deleted", payment["id"]) in told(world)
    assert of(world, document) == ["invoice.paid", "invoice.updated"]
    assert len(reads(world, document)) == 2


def test_a_pass_of_the_documents_own_list_that_just_showed_it_spares_the_look(world, hands):
    document = known(world, hands, day="2026-02-27")
    hands.pay(document, due_of(world, document))
    quick_passes(world, "invoice")
    assert of(world, document) == ["invoice.paid"]
    passes(world, "payment")

    assert waiting(world) == reads(world, document) == []
    assert state(world).courses["invoice"].joined == {}


def test_what_another_look_showed_meanwhile_is_not_read_again(world, hands):
    document = known(world, hands, day=OLD)
    hands.pay(document, due_of(world, document))
    passes(world, "payment", rounds=1)
    world.run(world.hint("f" * 24, "delete"))  # of another one
    found = state(world)
    course = replace(found.courses["invoice"], joined={})
    world.polls.states[ACCOUNT] = replace(found, rev=found.rev + 1, courses={**found.courses, "invoice": course})
    poll_now(world, "invoice")  # shows it, and answers nobody
    assert of(world, document) == ["invoice.paid"]
    its_turn(world)

    assert waiting(world) == reads(world, document) == []


def test_our_own_payments_lead_to_nothing():
    world = polled_world({"policy": {"finish": "approve_and_pay"}})
    poll_now(world)
    world.order(shopify_order())
    assert len(world.company.tables["payments"]) == 1
    document = world.documents()[0]["id"]
    world.holded.calls.clear()
    passes(world, "payment")

    assert told(world) == []
    assert waiting(world) == reads(world, document) == []


def test_a_payment_by_hand_moments_after_our_own_write_is_no_echo():
    world = polled_world({"policy": {"finish": "approve"}})
    hands = Hands(world)
    poll_now(world)
    world.order(shopify_order())
    document = world.documents()[0]["id"]
    world.company.tables["documents"][document]["date"] = ANCIENT
    poll_now(world, "invoice")
    row = world.row()
    world.holded.calls.clear()
    hands.pay(document, due_of(world, document))
    world.ledger.rows[row.key] = replace(row, rev=row.rev + 1, written_ms=at_ms(world.clock.now()) - 1_000)
    quick_passes(world, "payment")
    world.settle(hours=0.1)

    assert len(reads(world, document)) == 1
    assert of(world, document) == ["invoice.paid"]


def test_a_payment_of_a_document_that_nobody_has_seen_asks_for_nothing(world, hands):
    poll_now(world)
    document = hands.invoice(date=ANCIENT)
    hands.approve(document)
    hands.pay(document, due_of(world, document))
    passes(world, "payment")
    assert waiting(world) == []

    poll_now(world)

    assert of(world, document) == ["invoice.created", "invoice.approved", "invoice.paid"]


def test_the_first_pass_over_payments_asks_for_nothing(world, hands):
    document = hands.invoice(date=ANCIENT)
    poll_now(world, "invoice")
    hands.approve(document)
    hands.pay(document, due_of(world, document))
    poll_now(world)

    assert waiting(world) == []


@pytest.mark.parametrize("kind", ["limit_minute", "error_before", "status_zero"])
def test_a_look_that_is_refused_comes_later(world, hands, kind):
    document = known(world, hands, day=ANCIENT)
    hands.pay(document, due_of(world, document))
    world.sandbox.faults.faults.append(Fault(kind=kind, method="GET", path=document))
    passes(world, "payment", rounds=1)
    assert [each["kind"] for each in world.sandbox.faults.struck] == [kind]
    world.clock.advance(2 * DAY_S)
    world.settle(hours=2)

    assert of(world, document) == ["invoice.paid"]
    assert waiting(world) == []


def test_looks_have_a_fifth_of_pollings_calls_one_after_the_other_and_who_has_none_waits(world, hands):
    documents_ = [hands.invoice(date=ANCIENT) for _ in range(3)]
    for each in documents_:
        hands.approve(each)
    poll_now(world)
    found = state(world)
    world.polls.states[ACCOUNT] = replace(found, rev=found.rev + 1, looks=1_000_000)
    for each in documents_:
        hands.pay(each, due_of(world, each))
    passes(world, "payment")
    assert (waiting(world), [reads(world, each) for each in documents_]) == (["reread_share"] * 3, [[]] * 3)

    world.clock.advance(32 * DAY_S)  # another month
    world.settle(hours=2 * 24)

    assert {tuple(of(world, each)) for each in documents_} == {("invoice.paid",)}


def test_a_webhook_of_the_document_goes_before(world, hands):
    document = known(world, hands)
    hands.pay(document, due_of(world, document))
    passes(world, "payment", rounds=1)
    world.run(world.hint(document, "update"))
    world.settle(hours=0.1)

    assert of(world, document) == ["invoice.paid"]
    assert len(reads(world, document)) == 1
    assert world.gates.gates[ACCOUNT].budget.rereads == 1


def lagging(world, hands):
    """A document that a read showed as paid, and the list's copy of the minute before."""
    document = hands.invoice()
    hands.approve(document)
    poll_now(world)
    older = copy.deepcopy(world.company.tables["documents"][document])
    world.clock.advance(60)
    hands.pay(document, due_of(world, document))
    newer = copy.deepcopy(world.company.tables["documents"][document])
    world.run(world.hint(document, "update"))
    world.settle(hours=0.02)
    assert of(world, document) == ["invoice.paid"]
    world.company.tables["documents"][document] = older
    return document, newer


def test_a_list_that_lags_behind_a_read_does_not_take_a_payment_back(world, hands):
    document, newer = lagging(world, hands)
    poll_now(world, "invoice")
    world.company.tables["documents"][document] = newer
    poll_now(world, "invoice")

    assert of(world, document) == ["invoice.paid"]


def test_a_list_that_lags_answers_no_webhook(world, hands):
    document, newer = lagging(world, hands)
    gate = world.gates.gates[ACCOUNT]
    world.gates.gates[ACCOUNT] = replace(gate, rev=gate.rev + 1, budget=replace(gate.budget, rereads=1_000_000))
    world.run(world.hint(document, "update"))
    world.clock.advance(31)
    world.run()
    quick_passes(world, "invoice")
    assert len(waiting(world)) == 1
    world.company.tables["documents"][document] = newer
    poll_now(world)

    assert of(world, document) == ["invoice.paid"]


def test_what_a_list_takes_back_for_longer_is_told(world, hands):
    document, _ = lagging(world, hands)
    poll_now(world, "invoice")
    world.clock.advance(600)
    poll_now(world, "invoice")

    assert of(world, document) == ["invoice.paid", "invoice.updated"]


def test_passes_that_turn_out_to_be_long_reach_less_far(world, hands):
    """Where a company has many documents a day, a call for each of a few is cheaper than all the pages between."""
    document = known(world, hands)
    course = state(world).courses["invoice"]
    joined = steps.joined(course, document, now_ms=1, reach=OLD)
    begun = steps.begun(joined, now_ms=2, recent=True, briefs=9)
    assert (begun.running.reach, begun.reach) == (OLD, "")
    for number in range(3):
        begun = steps.paged(begun, steps.Page(cursor="more" if number < 2 else None, lists=1), now_ms=3)

    assert begun.reach_days == course.reach_days // 2
    quick = steps.begun(replace(begun, running=None, reach=OLD), now_ms=4, recent=True, briefs=9)
    assert steps.paged(quick, steps.Page(cursor=None, lists=1), now_ms=5).reach_days == course.reach_days
    today = world.clock.now().date()
    assert (today - timedelta(days=course.reach_days)).isoformat() < OLD
