"""A re-read that finds no call of its own joins a pass: one page answers many, nothing is lost, told twice or taken from polls."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from holded_sandbox.resources import RESOURCES
from relay.errors import RetryAt
from relay.holded.polled_table import POLLED
from relay.services.times import at_ms
from tests.polled import BY_NAME
from tests.services.polling import Hands, events, make_due, poll_now, polled_world, state, told
from tests.services.world import ACCOUNT, START, World, shopify_order

HOUR_S = 3600
INVOICES, PAYMENTS = "GET /api/v2/invoices", "GET /api/v2/payments"


@pytest.fixture
def world():
    """A polled company whose first passes are through; the next ones of polling's own are far away."""
    world = polled_world()
    poll_now(world)
    nothing_is_due(world)
    return world


@pytest.fixture
def hands(world):
    return Hands(world)


def nothing_is_due(world, *, but=()):
    far_ms = at_ms(world.clock.now()) + 20 * 24 * HOUR_S * 1000
    found = state(world)
    courses = {
        name: replace(course, due_ms=far_ms, full_due_ms=far_ms) if name not in but else course
        for name, course in found.courses.items()
    }
    world.polls.states[ACCOUNT] = replace(found, rev=found.rev + 1, courses=courses)
    for row in [row for row in world.rows("poll") if row.kind == "poll"]:
        world.ledger.rows[row.key] = replace(row, rev=row.rev + 1, due_ms=far_ms)
    world.holded.calls.clear()


def asked_for(world, calls):
    """Webhooks have asked for so many calls this month."""
    gate = world.gates.gates[ACCOUNT]
    world.gates.gates[ACCOUNT] = replace(gate, rev=gate.rev + 1, budget=replace(gate.budget, rereads=calls))


def spent_all(world):
    asked_for(world, 1_000_000)


def waits(world):
    return sorted(row.reason for row in world.rows("reread") if row.state == "waiting")


def hurried_now(world, name="invoice"):
    """The webhooks' share has room again, and the pass that it was waited for is due."""
    asked_for(world, 0)
    found = state(world)
    course = replace(found.courses[name], hurry_ms=at_ms(world.clock.now()))
    world.polls.states[ACCOUNT] = replace(found, rev=found.rev + 1, courses={**found.courses, name: course})
    make_due(world)


def join(world, holded_ids, *, action="update", kind="invoice"):
    """Their webhooks come while there is no call for them."""
    spent_all(world)
    for each in holded_ids:
        world.run(world.hint(each, action, kind))
    world.clock.advance(31)
    world.run()


def its_turn(world):
    """The time has come until which the hints wait."""
    for row in [row for row in world.rows("reread") if row.state == "waiting"]:
        world.ledger.rows[row.key] = replace(row, rev=row.rev + 1, due_ms=at_ms(world.clock.now()))
    world.run()


def test_where_the_share_has_a_call_a_hint_is_read_by_itself_and_it_is_counted(world, hands):
    invoice = hands.invoice()
    world.run(world.hint(invoice))
    world.settle(hours=0.05)

    gate = world.gates.gates[ACCOUNT]
    assert world.holded.calls == [f"{INVOICES}/{invoice}"]
    assert told(world) == [("invoice.created", invoice)]
    assert (gate.budget.rereads, gate.budget.used[1:]) == (1, (0, state(world).calls + 1))


def test_hints_without_a_call_join_and_one_page_answers_them_all(world, hands):
    invoices = [hands.invoice(str(100 + n)) for n in range(12)]
    join(world, invoices, action="create")
    assert (world.holded.calls, waits(world), told(world)) == ([], ["joins_poll"] * 12, [])
    assert set(state(world).courses["invoice"].joined) == set(invoices)

    hurried_now(world)
    world.run()

    assert world.holded.calls == [INVOICES]
    assert sorted(told(world)) == sorted(("invoice.created", each) for each in invoices)
    assert waits(world) == []
    assert not state(world).courses["invoice"].joined
    assert world.gates.gates[ACCOUNT].budget.rereads == 1
    world.settle(hours=3)
    assert len(told(world)) == 12


def test_a_hurried_pass_is_none_of_pollings_own_share_and_puts_off_nothing_of_its_own(world, hands):
    before, due_ms = state(world).calls, state(world).courses["invoice"].due_ms
    join(world, [hands.invoice(), hands.invoice()])
    hurried_now(world)
    world.run()

    after = state(world)
    assert (after.calls, after.hurried, after.courses["invoice"].due_ms) == (before, 1, due_ms)
    assert after.courses["invoice"].unheard_ms == 0


def test_what_joined_is_answered_by_any_pass_that_shows_it(world, hands):
    invoice = hands.invoice()
    join(world, [invoice], action="create")
    poll_now(world, "invoice")

    assert f"{INVOICES}/{invoice}" not in world.holded.calls
    assert told(world) == [("invoice.created", invoice)]
    assert waits(world) == []


def test_a_hint_that_changed_nothing_ends_with_the_page_that_shows_it(world, hands):
    invoice = hands.invoice()
    poll_now(world, "invoice")
    nothing_is_due(world)
    join(world, [invoice, hands.invoice()])
    hurried_now(world)
    world.run()

    assert [row.reason for row in world.rows("reread") if row.key.object_id.endswith(invoice)] == ["unchanged"]


def test_who_was_not_shown_gets_a_call_of_its_own(world, hands):
    old = [hands.invoice(date="2026-01-02"), hands.invoice(date="2026-01-03")]
    poll_now(world, "invoice")
    nothing_is_due(world)
    before = len(told(world))
    for each in old:
        hands.edit(each, "300")
    new = hands.invoice()
    join(world, [*old, new])
    hurried_now(world)
    world.run()
    assert told(world)[before:] == [("invoice.created", new)]
    assert waits(world) == ["joins_poll"] * 2

    its_turn(world)

    assert sorted(told(world)[before + 1 :]) == sorted(("invoice.updated", each) for each in old)
    assert sorted(world.holded.calls) == sorted([INVOICES, *(f"{INVOICES}/{each}" for each in old)])
    assert waits(world) == []


def test_one_alone_waits_for_a_call_and_hurries_no_list(world, hands):
    invoice = hands.invoice()
    join(world, [invoice])
    assert waits(world) == ["joins_poll"]
    assert state(world).courses["invoice"].hurry_ms == 0

    asked_for(world, 0)
    its_turn(world)

    assert told(world) == [("invoice.created", invoice)]
    assert waits(world) == []


class Meanwhile:
    """Holded, where something happens between its answer to the next call and the relay's seeing it."""

    def __init__(self, world, happens):
        self.world, self.real, self.happens = world, world.holded.call, happens
        world.holded.call = self.call

    async def call(self, request, credential, *, timeout_ms):
        reply = await self.real(request, credential, timeout_ms=timeout_ms)
        self.world.holded.call = self.real
        self.world.clock.advance(1)
        await self.happens()
        return reply


def edited_meanwhile(world, hands, invoice):
    """Somebody edits it, and its webhook is there at once."""
    refs = world.hint(invoice, "update")

    async def happens():
        hands.edit(invoice, "999")
        await world.drainer().run(ACCOUNT, refs, deadline_ms=at_ms(world.clock.now()) + 60_000)

    Meanwhile(world, happens)


def test_a_second_webhook_of_who_joined_is_not_answered_by_an_older_page(world, hands):
    invoice = hands.invoice()
    join(world, [invoice, hands.invoice()])
    hurried_now(world)
    edited_meanwhile(world, hands, invoice)
    world.run()
    world.settle(hours=2)

    assert [kind for kind, subject in told(world) if subject == invoice] == ["invoice.created", "invoice.updated"]
    assert world.holded.calls == [INVOICES, f"{INVOICES}/{invoice}"]
    assert waits(world) == []


def test_a_webhook_that_comes_while_the_object_is_read_leads_to_another_read(world, hands):
    invoice = hands.invoice()
    world.run(world.hint(invoice))
    world.clock.advance(31)
    edited_meanwhile(world, hands, invoice)
    world.run()
    world.settle(hours=0.1)

    assert told(world) == [("invoice.created", invoice), ("invoice.updated", invoice)]
    assert world.holded.calls == [f"{INVOICES}/{invoice}"] * 2


def test_a_pass_that_stops_half_way_keeps_who_joined(world, hands):
    invoices = [hands.invoice(), hands.invoice()]
    join(world, invoices)
    hurried_now(world)

    async def breaks():
        raise RetryAt("reply_lost", retry_at=world.clock.now())

    Meanwhile(world, breaks)
    world.run()
    assert told(world) == []
    assert set(state(world).courses["invoice"].joined) == set(invoices)
    world.settle(hours=1)

    assert sorted(told(world)) == sorted(("invoice.created", each) for each in invoices)
    assert world.holded.calls == [INVOICES] * 2
    assert world.gates.gates[ACCOUNT].budget.rereads == state(world).hurried == 2


def test_an_echo_that_joined_is_dropped_by_the_page(world, hands):
    world.order(shopify_order())
    (document,) = world.documents()
    row = world.row()
    world.ledger.rows[row.key] = replace(row, holded_id="")
    world.holded.calls.clear()
    join(world, [document["id"], hands.invoice()], action="create")
    world.ledger.rows[row.key] = row
    hurried_now(world)
    world.run()

    assert {(row.reason, row.state) for row in world.rows("reread")} >= {("echo", "ignored")}
    assert document["id"] not in {subject for _, subject in told(world)}


def test_what_a_write_without_an_answer_made_waits_on_though_a_page_shows_it(world, hands):
    world.order(shopify_order())
    (document,) = world.documents()
    world.clock.advance(600)
    row = world.row()
    world.ledger.rows[row.key] = replace(
        row, state="unknown", updated_ms=at_ms(world.clock.now()), due_ms=0, indexed=False
    )
    hands.approve(other := hands.invoice())
    hands.approve(document["id"])
    join(world, [document["id"], other], action="approve")
    hurried_now(world)
    world.run()

    assert waits(world) == ["record_awaited"]
    assert document["id"] not in {subject for _, subject in told(world)}


def test_a_list_that_does_not_tell_of_an_approval_does_not_answer_its_webhook():
    world = polled_world({"polling": {"share": 100, "most_calls": 100_000, "add": ["purchaserefund"]}})
    world.polled = [BY_NAME["purchaserefund"]]
    hands = Hands(world)
    refunds = [hands.invoice(kind="purchaserefund", _own_number=f"S-{n}") for n in range(2)]
    poll_now(world)
    for each in refunds:
        world.run(world.hint(each, "update", "purchaserefund"))
        world.settle(hours=0.1)  # read as a draft
    nothing_is_due(world)
    for each in refunds:
        hands.approve(each)
    join(world, refunds, action="approve", kind="purchaserefund")
    hurried_now(world, "purchaserefund")
    world.run()
    assert (told(world), waits(world)) == ([], ["joins_poll"] * 2)

    its_turn(world)

    assert sorted(told(world)) == sorted(("credit_note.approved", each) for each in refunds)


def test_a_page_that_lags_behind_the_webhook_does_not_answer_it(world, hands):
    contacts = [hands.contact(), hands.contact()]
    poll_now(world, "contact")
    nothing_is_due(world)
    before = len(told(world))
    world.clock.advance(3600)
    table = world.company.tables["contacts"]
    older = {each: dict(table[each]) for each in contacts}
    for each in contacts:
        hands.rename(each, "Berta")
    newer = {each: table[each] for each in contacts}
    join(world, contacts, kind="contact")
    hurried_now(world, "contact")
    table.update(older)
    world.run()
    assert (told(world)[before:], waits(world)) == ([], ["joins_poll"] * 2)

    table.update(newer)
    its_turn(world)

    assert sorted(told(world)[before:]) == sorted(("contact.updated", each) for each in contacts)


def test_before_the_first_pass_a_hint_that_joins_is_told_by_its_own_word():
    world = polled_world()
    hands = Hands(world)
    hands.approve(invoice := hands.invoice())
    world.run()
    make_due(world)
    world.run()
    courses = state(world).courses
    world.polls.states[ACCOUNT] = replace(
        state(world),
        courses={**courses, "invoice": type(courses["invoice"])(due_ms=10**14, full_due_ms=10**14)},
    )
    world.snapshots.seen.clear()
    join(world, [invoice], action="approve")
    assert waits(world) == ["joins_poll"]
    poll_now(world, "invoice")

    assert told(world) == [("invoice.approved", invoice)]


def test_no_more_than_a_page_of_them_join_and_the_others_come_after_them(world, hands, monkeypatch):
    monkeypatch.setattr("relay.domain.polling_steps.MOST_JOINED", 3)
    invoices = [hands.invoice() for _ in range(5)]
    join(world, invoices)

    assert waits(world) == ["joins_poll"] * 3 + ["reread"] * 2
    hurried_now(world)
    world.run()
    join(world, [])
    asked_for(world, 0)
    its_turn(world)
    its_turn(world)
    hurried_now(world)
    world.run()

    assert sorted(told(world)) == sorted(("invoice.created", each) for each in invoices)


def test_a_kind_that_is_not_polled_waits_for_a_call_of_its_own(world, hands):
    estimate = hands.invoice(kind="estimate")
    join(world, [estimate], kind="estimate")
    assert waits(world) == ["reread_share"]

    asked_for(world, 0)
    its_turn(world)

    assert told(world) == [("order.updated", estimate)]


def test_a_right_that_a_webhook_needs_and_the_token_lacks_closes_nothing(world, hands):
    invoice = hands.invoice()
    world.company.tokens["pat_test"] = frozenset({"contacts:contacts.read"})
    world.run(world.hint(invoice))
    world.clock.advance(31)
    world.run()

    assert world.accounts.accounts[ACCOUNT].status == "active"
    assert [row.reason for row in world.rows("reread")] == ["scope_missing"]


def test_where_pollings_own_share_is_used_up_webhooks_are_still_answered(world, hands):
    found = state(world)
    nothing_is_due(world, but=("contact",))
    world.polls.states[ACCOUNT] = replace(state(world), calls=found.calls + 1_000_000)
    invoices = [hands.invoice(), hands.invoice()]
    join(world, invoices)
    hurried_now(world)
    world.run()

    assert world.holded.calls == [INVOICES]
    assert len(told(world)) == 2


def test_where_the_class_has_no_call_left_not_each_of_many_hints_is_tried(world, hands):
    invoices = [hands.invoice() for _ in range(30)]
    for each in invoices:
        world.run(world.hint(each))
    gate = world.gates.gates[ACCOUNT]
    spent = replace(gate.budget, used=(0, 0, gate.budget.per_month))
    world.gates.gates[ACCOUNT] = replace(gate, rev=gate.rev + 1, budget=spent)
    world.clock.advance(31)
    world.run()
    world.run()

    rows = world.rows("reread")
    assert {(row.priority, row.state) for row in rows} == {("background", "waiting")}
    assert sum(row.rev > 1 for row in rows) <= 8  # those that were tried at once
    assert world.gates.gates[ACCOUNT].budget.rereads == 0
    assert world.holded.calls == []


def test_a_pass_costs_the_share_as_much_as_polling_may_not_lose():
    """On the smallest plan, all of whose background polls have not used yet, webhooks get what is beyond polling's share."""
    world = World(plan="plus", settings={"polling": {}, "reconcile": {"nightly": False}})
    hands = Hands(world)
    poll_now(world)
    calls = state(world).calls
    for n in range(40):
        world.run(world.hint(hands.invoice(str(100 + n)), "create"))
    world.settle(hours=1)

    budget = world.gates.gates[ACCOUNT].budget
    # A month of 500: 200 of them, and of these what falls into its first two days.
    assert 6 <= budget.rereads <= 15
    assert state(world).calls - calls <= 20
    world.settle(hours=48, step_s=600)
    assert len([kind for kind, _ in told(world) if kind == "invoice.created"]) == 40
    assert world.gates.gates[ACCOUNT].budget.rereads <= 30


# Payments


def payment_hint(world, action="create", **body):
    headers = {
        "x-holded-webhook-event": f"payment.{action}",
        "x-holded-webhook-date": world.clock.now().isoformat(),
    }
    return world.deliver(body, topic=f"payment.{action}", source="holded", headers=headers)


def paid(world, hands, amount="100"):
    """An invoice that was seen, and was paid since; and the payment."""
    invoice = hands.invoice()
    hands.approve(invoice)
    poll_now(world)
    hands.pay(invoice, amount)
    nothing_is_due(world)
    world.clock.advance(3600)
    return invoice, next(reversed(world.company.tables["payments"]))


def test_the_webhook_of_a_payment_that_names_its_document_leads_to_a_read_of_that(world, hands):
    invoice, payment = paid(world, hands)
    before = len(told(world))
    body = {"id": payment, "documentType": "invoice", "documentId": invoice}
    for refs in (payment_hint(world, **body), world.hint(invoice, "update")):
        world.run(refs)
    world.settle(hours=0.1)

    assert world.holded.calls == [f"{INVOICES}/{invoice}"]
    assert told(world)[before:] == [("invoice.paid", invoice)]
    poll_now(world, "invoice")
    assert len(told(world)) == before + 1


def test_webhooks_of_payments_that_name_no_document_hurry_one_pass_of_the_payments(world, hands):
    before = [paid(world, hands, "20") for _ in range(5)]
    seen = len(told(world))
    for _, payment in before:
        world.run(payment_hint(world, id=payment, amount="20.00"))
    world.settle(hours=1)

    assert world.holded.calls == [PAYMENTS]
    assert sorted(told(world)[seen:]) == sorted(("payment.created", payment) for _, payment in before[-1:])
    assert before[-1][0] in state(world).courses["invoice"].joined  # the payment tells of its document
    assert all(row.key.object_id.startswith("invoice:") for row in world.rows("reread") if row.state == "waiting")


def test_who_hurries_a_pass_that_may_begin_at_once_waits_for_it_and_does_not_look_all_the_time(world, hands):
    _, payment = paid(world, hands)
    world.clock.advance(9 * HOUR_S)
    world.run(payment_hint(world, id=payment))
    world.clock.advance(31)
    world.holded.call = never  # the pass does not come to its end
    world.run()
    world.settle(hours=0.5)

    (row,) = [row for row in world.rows("reread") if row.key.object_id.endswith(payment)]
    assert (row.state, row.reason, row.rev) == ("waiting", "joins_poll", 2)
    assert 0.4 * HOUR_S < row.due_ms / 1000 - world.clock.now().timestamp() < HOUR_S


async def never(request, credential, *, timeout_ms):
    raise RetryAt("server_error", retry_at=START + timedelta(days=1))


def test_a_payments_webhook_that_names_nothing_hurries_the_payments_too(world, hands):
    _, payment = paid(world, hands)
    before = len(told(world))
    refs = payment_hint(world, amount="121.00")
    world.run(refs)
    world.settle(hours=1)

    assert world.holded.calls == [PAYMENTS]
    assert told(world)[before:] == [("payment.created", payment)]
    (item,) = [item for item in world.inbox.items.values() if item.delivery.topic == "payment.create"]
    assert item.ends == {"0": "ignored:hurries_poll"}


def test_a_payment_that_was_deleted_is_told_at_once_and_its_document_read(world, hands):
    invoice, payment = paid(world, hands)
    poll_now(world)
    nothing_is_due(world)
    before = len(told(world))
    world.company.settings = world.company.settings.changed({"payment_names_document": True})
    world.company.tables["documents"][invoice]["payments_detail"].clear()
    hands.edit(invoice, "50")
    world.company.drop("payments", payment)
    world.run(payment_hint(world, "delete", id=payment, documentType="invoice", documentId=invoice))
    world.settle(hours=0.1)

    assert world.holded.calls == [f"{INVOICES}/{invoice}"]
    assert sorted(told(world)[before:]) == [("invoice.updated", invoice), ("payment.deleted", payment)]


def test_our_own_payment_tells_nothing_whatever_its_webhook_names():
    world = polled_world({"policy": {"finish": "approve_and_pay"}})
    poll_now(world)
    nothing_is_due(world)
    world.order(shopify_order())
    (document,) = world.documents()
    (payment,) = world.company.tables["payments"]
    world.holded.calls.clear()
    world.run(payment_hint(world, id=payment, documentType="invoice", documentId=document["id"]))
    assert (world.holded.calls, world.rows("reread")) == ([], [])

    world.run(payment_hint(world, id=payment))
    world.settle(hours=2)

    assert world.holded.calls == [PAYMENTS]
    assert told(world) == []


def test_a_first_pass_leaves_alone_what_was_seen_before_and_a_write_without_an_answer_may_have_changed():
    world = polled_world({"policy": {"finish": "approve_and_pay"}})
    world.order(shopify_order())
    poll_now(world)
    row = world.row()
    seen = world.snapshots.seen[ACCOUNT, "invoice", row.holded_id]
    assert told(world) == []
    course = type(state(world).courses["invoice"])(due_ms=0, full_due_ms=0)
    world.polls.states[ACCOUNT] = replace(state(world), courses={**state(world).courses, "invoice": course})
    before = replace(seen, payment="unpaid", fingerprint="as it was before it was paid")
    world.snapshots.seen[ACCOUNT, "invoice", row.holded_id] = before
    world.ledger.rows[row.key] = replace(
        row, state="unknown", written_ms=0, updated_ms=at_ms(world.clock.now()), due_ms=0, indexed=False
    )
    poll_now(world, "invoice")

    assert state(world).courses["invoice"].full_ms > 0
    assert told(world) == []


def test_that_our_own_payment_was_made_tells_nothing_by_whatever_clock():
    world = polled_world({"policy": {"finish": "approve_and_pay"}})
    poll_now(world)
    nothing_is_due(world)
    world.order(shopify_order())
    (payment,) = world.company.tables["payments"]
    world.clock.advance(0.4)  # Holded's clock is ahead of that of our record
    world.run(payment_hint(world, id=payment))
    world.settle(hours=1)

    assert (told(world), waits(world)) == ([], [])


def test_a_payment_of_ours_without_an_answer_is_nobody_elses():
    world = polled_world({"policy": {"finish": "approve_and_pay"}})
    poll_now(world)
    nothing_is_due(world)
    world.order(shopify_order())
    (payment,) = world.company.tables["payments"]
    row = world.row()
    now_ms = at_ms(world.clock.now())
    world.ledger.rows[row.key] = replace(
        row, state="unknown", updated_ms=now_ms, written_ms=now_ms - 1000, due_ms=0, indexed=False
    )
    world.run(payment_hint(world, id=payment))
    world.settle(hours=0.3)
    assert waits(world) == ["record_awaited"]

    world.ledger.rows[row.key] = replace(row, written_ms=at_ms(world.clock.now()))
    world.settle(hours=2)

    assert (told(world), waits(world)) == ([], [])


# Stock


PRODUCT = "a" * 24
IN_ONE = f"{'1' * 24}-{PRODUCT}"


def stocked(**settings):
    world = polled_world({"polling": {"share": 100, "most_calls": 100_000, **settings}})
    world.polled = [each for each in POLLED if each.name in {"warehouse", "stock"}]
    blank = {each.table: each.blank for each in RESOURCES}
    now = world.clock.now().timestamp()
    world.company.tables["warehouses"].clear()
    for number in (1, 2):
        house = blank["warehouses"]("") | {"id": f"{number}" * 24, "name": f"W{number}", "default": number == 1}
        world.company.put("warehouses", house, now)
    world.company.put("products", blank["products"]("") | {"id": PRODUCT, "name": "Silla", "stock": 5}, now)
    poll_now(world)
    poll_now(world)  # what lies in a warehouse is seen once it is known
    nothing_is_due(world)
    world.clock.advance(6 * HOUR_S)
    return world


def stock_hint(world, product, **body):
    headers = {"x-holded-webhook-event": "stock.update", "x-holded-webhook-date": world.clock.now().isoformat()}
    body = {"productId": product, "stockVariation": -1} | body
    return world.deliver(body, topic="stock.update", source="holded", headers=headers)


def test_ten_webhooks_of_stock_are_one_pass_and_no_second_one_soon():
    world = stocked()
    before = len(told(world))
    for left in range(10):
        world.company.tables["products"][PRODUCT]["stock"] = left
        world.run(stock_hint(world, PRODUCT, sequence=left))
        world.clock.advance(1)
    world.settle(hours=1)

    assert world.holded.calls == [f"GET /api/v2/warehouses/{number * 24}/stock" for number in "12"]
    assert told(world)[before:] == [("stock.updated", IN_ONE)]
    assert events(world)[-1].data.quantity == 9
    assert {next(iter(item.ends.values())) for item in world.inbox.items.values() if item.delivery.topic == "stock.update"} == {
        "ignored:hurries_poll"
    }  # fmt: skip

    world.company.tables["products"][PRODUCT]["stock"] = 99
    world.run(stock_hint(world, PRODUCT))
    world.settle(hours=0.4)
    assert len(world.holded.calls) == 2
    world.settle(hours=1.2)

    assert len(world.holded.calls) == 4
    assert events(world)[-1].data.quantity == 99


def test_a_webhook_of_stock_during_the_pass_leads_to_another_one():
    world = stocked()
    before = len(told(world))
    refs = stock_hint(world, PRODUCT, sequence=2)

    async def sold():
        world.company.tables["products"][PRODUCT]["stock"] = 3
        await world.drainer().run(ACCOUNT, refs, deadline_ms=at_ms(world.clock.now()) + 60_000)

    world.run(stock_hint(world, PRODUCT))
    Meanwhile(world, sold)
    world.settle(hours=3)

    assert told(world)[before:] == [("stock.updated", IN_ONE)]
    assert state(world).courses["stock"].joined == {}


def test_stock_that_is_not_polled_is_told_so_and_costs_nothing():
    world = stocked(leave_out=["stock"])
    world.run(stock_hint(world, PRODUCT))
    world.settle(hours=1)

    assert world.holded.calls == []
    (item,) = [item for item in world.inbox.items.values() if item.delivery.topic == "stock.update"]
    assert item.ends == {"0": "ignored:not_polled"}


def test_stock_waits_for_the_share_as_all_hints_do():
    world = stocked()
    spent_all(world)
    world.run(stock_hint(world, PRODUCT))
    world.settle(hours=24, step_s=600)
    assert world.holded.calls == []

    hurried_now(world, "stock")
    world.run()

    assert len(world.holded.calls) == 2
