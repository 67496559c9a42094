"""What no webhook tells is seen by polling, told once, and what stops half-way loses and doubles nothing."""

from __future__ import annotations

import copy
from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace

import pytest

from relay.errors import RetryAt
from relay.holded import polled_requests
from relay.ports.accounts import Credential
from relay.services.poll_row import poll_key
from relay.services.sightings import Sightings
from relay.services.times import at_ms
from tests.polled import BY_NAME
from tests.services.polling import Hands, events, poll_now, polled_world, state, told
from tests.services.test_remedies import said
from tests.services.world import ACCOUNT, TOKEN, World, shopify_order


@pytest.fixture
def world():
    return polled_world()


@pytest.fixture
def hands(world):
    return Hands(world)


def test_the_first_pass_tells_nothing_of_what_was_there_before(world, hands):
    hands.contact()
    hands.approve(hands.invoice())
    hands.pay(hands.invoice(), "121")
    poll_now(world)

    assert told(world) == []
    assert {name: course.full_ms > 0 for name, course in state(world).courses.items()}["invoice"]


def test_a_document_made_approved_and_paid_by_hand_is_told_step_by_step(world, hands):
    poll_now(world)
    invoice = hands.invoice()
    poll_now(world)
    hands.edit(invoice, "200")
    poll_now(world)
    hands.approve(invoice)
    poll_now(world)
    hands.pay(invoice, "50")
    poll_now(world, "invoice")
    hands.pay(invoice, "150")
    poll_now(world, "invoice")
    poll_now(world, "invoice")

    assert told(world) == [
        (f"invoice.{verb}", invoice) for verb in ("created", "updated", "approved", "partially_paid", "paid")
    ]
    assert [event.version for event in events(world)] == [1, 2, 3, 4, 5]
    assert {event.source for event in events(world)} == {"holded"}


EDITS = {
    "description": "for May",
    "discount": "10",
    "payment_method_id": "5f00000000000000000000aa",
}


@pytest.mark.parametrize("kind", ["invoice", "creditnote", "salesreceipt"])
@pytest.mark.parametrize("field", EDITS)
def test_an_edited_field_of_a_document_s_list_is_told_once_however_it_is_looked_at(world, hands, kind, field):
    one = hands.invoice(kind=kind)
    poll_now(world)
    hands.change(one, **{field: EDITS[field]})
    poll_now(world, kind)
    world.run(world.hint(one, "update", kind))
    world.settle(hours=0.05)
    poll_now(world, kind)

    assert told(world) == [(f"{BY_NAME[kind].model}.updated", one)]


@pytest.mark.parametrize(
    "change",
    [
        {"defaults": {"due_days": 30}},
        {"shipping_addresses": [{"city": "Vigo"}]},
        {"extra_emails": ["b@example.test"]},
        {"custom_fields": [{"field": "size", "value": "L"}]},
        {"client_record": {"num": 43_000_777, "name": "Ana"}},
    ],
    ids=lambda change: next(iter(change)),
)
def test_an_edited_contact_is_told_once_however_it_is_looked_at(world, hands, change):
    contact = hands.contact()
    poll_now(world)
    hands.change(contact, **change)
    poll_now(world, "contact")
    world.run(world.hint(contact, "update", "contact"))
    world.settle(hours=0.05)
    poll_now(world, "contact")

    assert told(world) == [("contact.updated", contact)]


def test_a_payment_that_is_reconciled_is_told(world, hands):
    invoice = hands.invoice()
    hands.pay(invoice, "121")
    poll_now(world)
    (payment,) = world.company.tables["payments"]
    hands.reconcile(payment)
    poll_now(world, "payment", "invoice")
    poll_now(world, "payment", "invoice")

    assert told(world) == [("payment.updated", payment)]


def test_what_happened_between_two_looks_is_all_told_in_one_version(world, hands):
    poll_now(world)
    invoice = hands.invoice()
    hands.pay(invoice, "100")
    poll_now(world, "invoice")

    assert told(world) == [("invoice.created", invoice), ("invoice.approved", invoice), ("invoice.paid", invoice)]
    assert {event.version for event in events(world)} == {1}


def test_a_document_that_was_paid_too_much_is_paid(world, hands):
    poll_now(world)
    invoice = hands.invoice()
    hands.approve(invoice)
    poll_now(world, "invoice")
    hands.pay(invoice, "200")
    poll_now(world, "invoice")

    assert told(world, first=2) == [("invoice.paid", invoice)]
    assert str(events(world)[-1].data.amount_due) == "-100.00"


def test_our_own_document_over_nothing_is_not_told_to_be_paid():
    """Approval is all it takes, and that was ours."""
    world = polled_world({"policy": {"finish": "approve"}})
    hands = Hands(world)
    poll_now(world)
    theirs = hands.invoice("0")
    hands.approve(theirs)
    world.order(shopify_order(total="0.00"))
    poll_now(world)

    assert [document["total"] for document in world.documents()] == ["0.00"] * 2
    assert told(world) == [(f"invoice.{verb}", theirs) for verb in ("created", "approved", "paid")]


def test_a_deletion_is_told_with_what_was_known(world, hands):
    poll_now(world)
    invoice = hands.invoice("300")
    contact = hands.contact("Berta")
    poll_now(world)
    hands.delete(invoice)
    hands.forget(contact)
    poll_now(world)
    poll_now(world)

    gone = [event for event in events(world) if event.type.endswith("deleted")]
    assert {(event.type, event.subject) for event in gone} == {
        ("invoice.deleted", invoice),
        ("contact.deleted", contact),
    }
    assert {str(getattr(event.data, "total", "")) or event.data.name for event in gone} == {"300.00", "Berta"}


def in_pages_of(world, size, between=lambda _: None):
    """The lists come in pages of this size, whatever is asked; `between(n)` happens before the n-th."""
    call, pages = world.holded.call, []

    async def paged(request, credential, *, timeout_ms):
        if any(name == "limit" for name, _ in request.query):
            between(len(pages))
            pages.append(request.path)
            query = [(name, str(size) if name == "limit" else value) for name, value in request.query]
            request = replace(request, query=tuple(query))
        return await call(request, credential, timeout_ms=timeout_ms)

    world.holded.call = paged
    return pages


@pytest.mark.row("D18", "D19")
def test_a_row_that_moves_to_a_page_behind_us_is_no_deletion(world, hands):
    ids = [hands.invoice(date=f"2026-02-{day:02}") for day in range(1, 8)]
    poll_now(world, "invoice")

    def between(page):
        if page == 3:
            hands.redate(ids[0], "2026-02-20")

    in_pages_of(world, 2, between)
    world.holded.calls.clear()
    poll_now(world, "invoice")

    assert f"GET /api/v2/invoices/{ids[0]}" in world.holded.calls
    assert told(world) == [("invoice.updated", ids[0])]


def test_a_pass_costs_its_pages_and_no_call_more(world, hands):
    for _ in range(7):
        hands.invoice()
    poll_now(world, "invoice")
    pages = in_pages_of(world, 3)
    world.holded.calls.clear()
    poll_now(world, "invoice")

    assert len(pages) == 3
    assert world.holded.calls == ["GET /api/v2/invoices"] * 3
    assert told(world) == []


@pytest.mark.row("D18")
def test_an_empty_list_where_many_were_known_is_asked_about_before_it_is_believed(world, hands):
    ids = [hands.invoice() for _ in range(40)]
    poll_now(world, "invoice")
    hidden = dict(world.company.tables["documents"])
    call = world.holded.call

    async def hiding(request, credential, *, timeout_ms):
        listed = request.path.endswith("/invoices")
        world.company.tables["documents"] = {} if listed else hidden
        return await call(request, credential, timeout_ms=timeout_ms)

    world.holded.call = hiding
    world.holded.calls.clear()
    poll_now(world, "invoice")

    assert len(world.holded.calls) == 2
    assert told(world) == []
    world.holded.call = call
    world.company.tables["documents"] = hidden
    for one in ids[:30]:
        hands.delete(one)
    for _ in range(2):
        poll_now(world, "invoice")
    assert len(told(world)) == 30


@pytest.mark.row("D18")
def test_a_pass_that_stopped_half_way_goes_on_at_its_cursor_and_deletes_nobody(world, hands):
    for _ in range(6):
        hands.invoice()
    poll_now(world, "invoice")

    refusals = [RetryAt("server_error", retry_at=world.clock.now()) for _ in range(2)]

    def between(page):
        if page == 1 and refusals:
            raise refusals.pop()

    pages = in_pages_of(world, 2, between)
    poll_now(world, "invoice")

    assert pages.count("/api/v2/invoices") == 3
    assert refusals == []
    assert told(world) == []


@pytest.mark.row("D18")
def test_an_item_that_cannot_be_read_is_there_and_one_without_an_id_ends_all_conclusions(world, hands):
    one, two = hands.invoice(), hands.invoice()
    poll_now(world, "invoice")
    table = world.company.tables["documents"]
    table[one]["tags"] = {"not": "a list"}
    hands.delete(two)
    poll_now(world, "invoice")

    assert state(world).courses["invoice"].unreadable == 1
    assert told(world) == [("invoice.deleted", two)]
    three = hands.invoice()
    poll_now(world, "invoice")
    hands.delete(three)
    call = world.holded.call

    async def nameless(request, credential, *, timeout_ms):
        reply = await call(request, credential, timeout_ms=timeout_ms)
        return replace(reply, value=replace(reply.value, items=({"no": "id"}, *reply.value.items)))

    world.holded.call = nameless
    poll_now(world, "invoice")
    assert told(world, first=1) == [("invoice.created", three)]
    world.holded.call = call
    poll_now(world, "invoice")
    assert told(world, first=2) == [("invoice.deleted", three)]


def test_our_own_documents_contacts_and_payments_are_not_echoed():
    world = polled_world({"policy": {"finish": "approve_and_pay"}})
    poll_now(world)
    world.order(shopify_order())
    poll_now(world)
    world.order(shopify_order(2))
    poll_now(world)

    assert told(world) == []


def test_a_change_by_hand_of_our_own_document_is_told(world, hands):
    poll_now(world)
    world.order(shopify_order())
    poll_now(world)
    invoice = world.documents()[0]["id"]
    world.clock.advance(600)
    hands.edit(invoice, "90")
    poll_now(world)
    hands.approve(invoice)
    poll_now(world)

    assert told(world) == [("invoice.updated", invoice), ("invoice.approved", invoice)]


def test_our_draft_that_a_person_approved_before_it_was_ever_seen_is_told(world, hands):
    poll_now(world)
    world.order(shopify_order())
    invoice = world.documents()[0]["id"]
    hands.approve(invoice)
    poll_now(world)

    assert told(world) == [("invoice.approved", invoice)]


def test_our_own_approval_stays_ours_when_a_person_adopts_the_document_for_a_newer_version():
    world = polled_world({"policy": {"finish": "approve"}})
    poll_now(world)
    world.order(shopify_order())
    invoice = world.documents()[0]["id"]
    world.order(shopify_order(total="242.00", updated_at="2026-03-02T10:30:00+01:00"), topic="orders/updated")
    said(world, "adopt", f"{world.row().key}.update", invoice)
    poll_now(world)

    assert (world.row().holded_id, world.row().step) == (invoice, "done")
    assert told(world) == []


@pytest.mark.parametrize("first", ["webhook", "poll"])
def test_a_fact_seen_by_webhook_and_by_poll_is_one_event(world, hands, first):
    poll_now(world)
    invoice = hands.invoice()
    for by in (first, "poll", "webhook"):
        if by == "poll":
            poll_now(world, "invoice")
        else:
            world.run(world.hint(invoice))
            world.settle(hours=0.05)

    assert told(world) == [("invoice.created", invoice)]


@pytest.mark.row("D20")
def test_a_read_by_a_webhook_that_a_slower_page_contradicts_stays(world, hands):
    """The page was asked for before the edit, its answer is stored after the webhook's re-read."""
    poll_now(world)
    invoice = hands.invoice()
    poll_now(world)
    world.clock.advance(60)
    call = world.holded.call

    async def slow(request, credential, *, timeout_ms):
        reply = await call(request, credential, timeout_ms=timeout_ms)
        if request.path.endswith("/invoices") and not slow.done:
            slow.done = True
            world.clock.advance(5)
            hands.edit(invoice, "500")
            await drain_hint()
        return reply

    async def drain_hint():
        reply = await call(polled_requests.one(BY_NAME["invoice"], invoice), Credential(token=TOKEN), timeout_ms=1)
        session = SimpleNamespace(account=SimpleNamespace(account=ACCOUNT), clock=world.clock)
        await Sightings(ledger=world.ledger, snapshots=world.snapshots, paid=None).see(
            session, BY_NAME["invoice"], reply.value, sent_ms=at_ms(world.clock.now()), asked=True
        )

    slow.done = False
    hands.edit(invoice, "400")
    world.holded.call = slow
    poll_now(world, "invoice")
    world.holded.call = call
    poll_now(world, "invoice")

    assert [str(event.data.total) for event in events(world)] == ["100.00", "500.00"]


@pytest.mark.row("D19", "D20")
def test_a_list_that_lags_behind_a_read_does_not_undo_it(world, hands):
    """Holded says when it changed a contact: for some minutes an older state is a copy that lags, whoever asked later."""
    poll_now(world)
    contact = hands.contact("Ana")
    poll_now(world, "contact")
    old = dict(world.company.tables["contacts"][contact])
    world.clock.advance(60)
    hands.rename(contact, "Berta")
    new = dict(world.company.tables["contacts"][contact])
    world.run(world.hint(contact, "update", "contact"))
    world.settle(hours=0.02)
    world.company.tables["contacts"][contact] = old
    poll_now(world, "contact")
    world.company.tables["contacts"][contact] = new
    poll_now(world, "contact")
    assert told(world) == [("contact.created", contact), ("contact.updated", contact)]
    world.company.tables["contacts"][contact] = old  # for good, it seems
    world.clock.advance(3600)
    poll_now(world, "contact")

    assert told(world, first=2) == [("contact.updated", contact)]
    assert events(world)[-1].data.name == "Ana"


def test_a_list_that_lags_behind_a_deletion_does_not_bring_the_document_back(world, hands):
    invoice = hands.invoice()
    hands.approve(invoice)
    poll_now(world)
    table = world.company.tables["documents"]
    old = table.pop(invoice)
    world.run(world.hint(invoice, "delete"))
    world.settle(hours=0.02)
    table[invoice] = old
    poll_now(world, "invoice")
    del table[invoice]
    poll_now(world, "invoice")
    assert told(world) == [("invoice.deleted", invoice)]
    table[invoice] = old  # for good, it seems
    world.clock.advance(3600)
    poll_now(world, "invoice")

    assert told(world, first=1)[0] == ("invoice.created", invoice)


def test_a_list_that_lags_behind_an_approval_does_not_take_it_back(world, hands):
    invoice = hands.invoice()
    poll_now(world)
    table = world.company.tables["documents"]
    draft = copy.deepcopy(table[invoice])
    hands.approve(invoice)
    approved = table[invoice]
    world.run(world.hint(invoice, "approve"))
    world.settle(hours=0.02)
    table[invoice] = draft
    poll_now(world, "invoice")
    table[invoice] = approved
    poll_now(world, "invoice")

    assert told(world) == [("invoice.approved", invoice)]


@pytest.mark.row("D18")
def test_a_resource_whose_right_the_token_lacks_closes_nothing(world, hands):
    world.company.tokens["pat_test"] = frozenset(
        {"sales:invoices.read", "sales:invoices.write", "contacts:contacts.read", "contacts:contacts.write"}
    )
    poll_now(world)
    world.order(shopify_order())
    invoice = hands.invoice()
    poll_now(world, "invoice")

    assert state(world).courses["payment"].trouble == "scope_missing"
    assert world.accounts.accounts[ACCOUNT].status == "active"
    assert told(world) == [("invoice.created", invoice)]


def test_the_share_of_the_month_is_kept():
    world = World(settings={"polling": {}, "reconcile": {"nightly": False}}, plan="plus")
    world.run()
    world.settle(hours=24 * 28, step_s=1800)
    used = len(world.holded.calls)

    assert 60 <= used <= 100
    assert state(world).calls == used


def test_a_share_that_is_used_up_is_used_up():
    """Also where every pass is hurried, and in the middle of one."""
    world = World(settings={"polling": {"share": 1}, "reconcile": {"nightly": False}}, plan="plus")
    hands = Hands(world)
    for _ in range(9):
        hands.invoice()
    in_pages_of(world, 1)
    with pytest.raises(AssertionError, match="does not come to its end"):
        poll_now(world, tries=9)

    assert len(world.holded.calls) == state(world).calls == 5
    world.settle(hours=24 * 31, step_s=3600)
    assert len(world.holded.calls) == 5 + state(world).calls == 10


def test_a_call_that_was_not_answered_is_counted_against_the_share_too(world, hands):
    hands.invoice()
    poll_now(world, "invoice")
    before, refusals = state(world).calls, [RetryAt("server_error", retry_at=world.clock.now()) for _ in range(3)]

    def away(_):
        if refusals:
            raise refusals.pop()

    pages = in_pages_of(world, 200, away)
    poll_now(world, "invoice")

    assert state(world).calls - before == len(pages) + 3


def test_a_new_object_waits_for_our_own_record_of_it(world, hands):
    """The page shows a contact that a write of ours made a moment ago; its row is there only now."""
    poll_now(world)
    world.order(shopify_order())
    row = next(row for row in world.rows("contact") if row.holded_id)
    there_at = world.clock.now() + timedelta(seconds=20)
    by_holded_id = world.ledger.by_holded_id

    async def late(account, holded_id):
        if holded_id == row.holded_id and world.clock.now() < there_at:
            return None
        return await by_holded_id(account, holded_id)

    world.ledger.by_holded_id = late
    poll_now(world, "contact")

    assert world.snapshots.seen[ACCOUNT, "contact", row.holded_id].number == 1
    assert told(world) == []


def test_our_reference_on_a_document_that_no_row_names_is_left_alone_for_an_hour(world, hands):
    """A writer may have died over it; a copy that a person made with all its tags is told later."""
    poll_now(world)
    copied = hands.invoice(tags=["hr" + "a" * 14])
    poll_now(world, "invoice")
    assert told(world) == []
    world.clock.advance(3700)
    poll_now(world, "invoice")

    assert told(world) == [("invoice.created", copied)]


def test_polling_can_be_switched_off():
    world = World(settings={"polling": {"enabled": False}, "reconcile": {"nightly": False}})
    world.run()
    world.settle(hours=48, step_s=600)

    assert world.holded.calls == []
    assert world.rows("poll") == []


def test_an_account_whose_poll_died_stands_it_up_again(world):
    poll_now(world)
    row = world.ledger.rows[poll_key(ACCOUNT)]
    world.ledger.rows[row.key] = replace(row, rev=row.rev + 1, state="dead", due_ms=0)
    world.settle(hours=13, step_s=600)

    assert world.ledger.rows[row.key].state == "waiting"
