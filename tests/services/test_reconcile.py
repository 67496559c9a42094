"""Each class of difference against the sandbox: a person's own hand made it, and it is told once, with its repair."""

from __future__ import annotations

import asyncio
import copy
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from holded_sandbox.faults import Fault
from relay.domain.reconciling import Window
from relay.errors import RetryAt
from relay.services.reconcile_repairs import to_review
from relay.services.settlement import settle_key
from tests.domain.sources import payloads
from tests.services.books import MARCH, PAID, Books, order_on
from tests.services.test_road import refund_of
from tests.services.world import ACCOUNT, shopify_order

D = Decimal
AT_TEN_PERCENT = {"items": [{"name": "Silla", "price": "110.00", "units": 1, "taxes": ["s_iva_10"]}]}
"""What a person makes of 100.00 and 21.00 of tax: another rate under the same total."""


@pytest.fixture
def books():
    return Books(orders=3)


def only(books, **how):
    (found,) = books.reconciled(**how).differences
    return found


def test_nothing_differs_where_nobody_touched_anything(books):
    done = books.reconciled()

    assert (done.differences, dict(done.incomplete), done.documents) == ([], {}, 3)


def test_drafts_that_nobody_touched_do_not_differ_either():
    assert Books(settings={}, orders=3).found() == []


def test_an_amount_that_a_person_changed(books):
    books.edits(books.documents()[1], items=[{"name": "Silla", "price": "90", "units": 1, "taxes": ["s_iva_21"]}])
    found = only(books)

    assert found.kind == "amount_differs"
    assert (found.source, found.ledger, found.holded) == ("121.00", "121.00", "108.90")
    assert found.repair.words.startswith(f"Issue a credit note for {found.number} by hand")


def test_an_amount_changed_in_a_draft_is_set_back():
    books = Books(settings={}, orders=1)
    books.edits(books.documents()[0], items=[{"name": "Silla", "price": "90", "units": 1, "taxes": ["s_iva_21"]}])

    assert only(books).repair.words.startswith("Set the draft back to 121.00 by hand")


def test_the_same_total_under_another_rate_is_another_amount(books):
    books.edits(books.documents()[0], **AT_TEN_PERCENT)
    found = only(books)

    assert found.kind == "amount_differs"
    assert found.detail == "Holded shows 110.00 + 11.00 of tax, written was 100.00 + 21.00"


def test_other_lines_with_the_same_sums_are_an_edit(books):
    half = {"name": "Half", "price": "50", "units": 1, "taxes": ["s_iva_21"]}
    books.edits(books.documents()[0], items=[half, half])
    found = only(books)

    assert (found.kind, found.detail) == ("edited_by_hand", "Holded shows other lines (2) than were written (1)")


def same(document, **changes):
    """The document's own line as a body, with other words."""
    (line,) = document["lines"]
    return [{name: line[name] for name in ("name", "description", "price", "units", "taxes")} | changes]


def test_a_line_of_another_name_is_an_edit_and_its_words_are_not_repeated(books):
    first, second, _ = books.documents()
    books.edits(first, items=same(first, name="ALGO DISTINTO"))
    books.edits(second, description="Otra cosa")
    found = books.reconciled().differences

    assert [(one.kind, one.detail) for one in found] == [
        ("edited_by_hand", "Holded shows other names or descriptions of lines than were written"),
        ("edited_by_hand", "Holded shows another description than was written"),
    ]


def test_by_night_too_words_are_compared(books):
    first = books.documents()[0]
    books.edits(first, items=same(first, name="ALGO DISTINTO"))

    assert books.found(look_through=False) == ["edited_by_hand"]


def test_blanks_markup_and_what_was_left_open_are_no_edit(books):
    first, second, third = books.documents()
    books.edits(first, items=same(first, name=" <b>Silla</b>&nbsp; "))
    books.edits(second, items=same(second, description="Roble macizo"))
    books.edits(third, due_date="2026-05-01")

    assert books.found() == []


def test_a_later_version_with_other_words_is_no_edit_of_a_person(books):
    renamed = shopify_order(1, updated_at="2026-03-05T09:00:00+01:00")
    renamed["line_items"][0]["title"] = "Silla de roble"
    books.order(renamed, topic="orders/updated")

    assert (books.found(), books.found(look_through=False)) == ([], [])


def test_another_due_day_is_an_edit():
    books = Books()
    terms = {"payment_terms_name": "Net 30", "due_in_days": 30, "payment_schedules": []}
    books.order(shopify_order(1, payment_terms=terms))
    document = books.documents()[0]
    assert (document["due_date"], books.found()) == ("2026-04-01", [])
    books.edits(document, due_date="2027-01-01")

    assert only(books).detail == "Holded shows the due day 2027-01-01, written was 2026-04-01"


def test_a_document_that_lost_our_tag_is_an_edit(books):
    books.edits(books.documents()[0], tags=["otra"])
    found = only(books)
    row = next(row for row in books.rows("invoice") if row.holded_id == found.holded_id)

    assert (found.kind, found.detail) == ("edited_by_hand", f"{found.number} lost its tag {row.marker}")


def test_an_adopted_document_has_words_of_its_own_and_no_tag(books):
    first = books.documents()[0]
    row = next(row for row in books.rows("invoice") if row.holded_id == first["id"])
    books.ledger.rows[row.key] = replace(row, step="done")
    books.edits(first, items=same(first, name="Venta"), tags=[])

    assert books.found() == []


def test_numbers_that_two_documents_exchanged_are_told_once_the_sweep_has_noted_them(books):
    books.settle(hours=26, step_s=1800)
    first, second, third = books.documents()
    books.renumbers(first, second["document_number"])
    books.renumbers(second, first["document_number"])
    books.renumbers(third, "ZZ9")
    found = books.reconciled().differences

    assert [one.kind for one in found] == ["edited_by_hand"] * 3
    assert {reason for one in found for reason, _ in one.findings} == {"number_differs"}


def test_another_contact_is_an_edit(books):
    books.order(shopify_order(4, email="b@example.com", customer={"id": 8, "email": "b@example.com"}))
    other = books.documents()[3]["contact_id"]
    books.edits(books.documents()[0], contact_id=other)

    assert only(books).kind == "edited_by_hand"
    assert "contact_differs" in dict(only(books).findings)


def test_another_day_of_the_same_month_is_an_edit_and_of_another_month_a_wrong_period(books):
    first, second, _ = books.documents()
    books.edits(first, date="2026-03-09")
    books.edits(second, date="2026-04-02")

    assert sorted(books.found()) == ["edited_by_hand", "wrong_period"]
    (found,) = [one for one in books.reconciled().differences if one.kind == "wrong_period"]
    assert (found.source, found.ledger, found.holded) == ("2026-03-02", "2026-03-02", "2026-04-02")
    assert "2026-04, quarter 2" in found.detail


def test_what_came_into_the_window_from_another_period_is_told_there_too(books):
    books.edits(books.documents()[0], date="2026-04-02")
    april = Window(start=date(2026, 4, 1), end=date(2026, 4, 30))

    assert books.found(april) == ["wrong_period"]


def test_a_cancelled_document_is_an_edit_and_no_payment_is_missed():
    books = Books(settings={"policy": {"finish": "approve"}}, orders=1)
    books.cancels(books.documents()[0])

    assert only(books).detail.endswith("was cancelled in Holded")


def test_a_deleted_document_leaves_no_gap_that_is_told_beside_it(books):
    gone = books.documents()[1]
    books.deletes(gone)
    found = only(books)

    assert (found.kind, found.holded_id, found.holded) == ("deleted_by_hand", gone["id"], "not there")
    assert found.repair.item == f"{found.key}.settlement"


def test_a_copy_of_our_document_is_extra(books):
    books.copies(books.documents()[0])
    found = only(books)

    assert found.kind == "extra_in_holded"
    assert found.repair.words.endswith("by hand in Holded, if nobody meant it.")


def test_a_document_with_a_marker_that_no_row_knows_is_extra(books):
    books.books(tags=["hraaaaaaaaaaaaaa"])

    assert only(books).kind == "extra_in_holded"


def test_a_document_whose_writer_died_before_it_could_say_so_is_nobodys_extra(books):
    """A claim straight from a message stands in no index: it is known by the event alone, whose message comes back."""
    row = books.rows("invoice")[0]
    books.ledger.rows[row.key] = replace(row, state="sent", step="create", holded_id="", indexed=False, due_ms=0)
    for received_s in (0, 3600):
        books.clock.advance(received_s)

        assert books.found() == []


def test_a_document_that_is_recorded_while_its_index_lags_is_nobodys_extra(books):
    row = books.rows("invoice")[0]

    async def call(request):
        books.ledger.rows[row.key] = row
        return await calls(request)

    async def unseen(account, holded_id):
        return None

    calls = books.paid_calls()
    books.ledger.rows[row.key] = replace(row, state="sent", step="create", holded_id="", indexed=False, due_ms=0)
    books.ledger.by_holded_id = unseen

    assert books.reconciled(call=call).differences == []


def test_a_persons_own_document_is_counted_apart_and_no_difference(books):
    books.books(day="2026-03-02", price="50")
    done = books.reconciled()
    (line,) = done.lines

    assert done.differences == []
    assert (line.holded.count, line.others.count, line.others.total) == (3, 1, D("60.50"))


def test_in_a_series_that_only_the_relay_writes_a_persons_document_is_extra():
    books = Books(settings={**PAID, "reconcile": {"own_series": ["F26"]}}, orders=2)
    books.books()

    assert only(books).kind == "extra_in_holded"


def test_a_number_that_stands_twice_is_told_once(books):
    _, second, third = books.documents()
    books.renumbers(third, second["document_number"])
    found = only(books)

    assert (found.kind, found.number) == ("duplicate_number", second["document_number"])


def test_a_gap_between_numbers_that_were_seen(books):
    books.books()
    own = books.books()
    books.order(shopify_order(4))
    books.deletes(own)
    found = only(books)

    assert (found.kind, found.number) == ("series_gap", own["document_number"])


def test_a_number_that_stands_on_a_day_outside_the_window_is_no_gap(books):
    books.books(day="2026-02-20")
    books.order(shopify_order(4))

    assert books.found() == []


def test_a_missing_payment(books):
    books.unpays(books.documents()[0])
    found = only(books)

    assert (found.kind, found.holded) == ("payment_missing", "paid 0.00 of 121.00")


def order_with_a_gift_card(books):
    """121.00, of which a gift card paid 50.00: that is no money, so 71.00 are registered."""
    order = copy.deepcopy(payloads.WOO_ORDER) | {
        "total": "71.00", "gift_cards": [{"code": "G1", "amount": "50.00"}],
        "date_created_gmt": "2026-03-02T09:00:00", "date_modified_gmt": "2026-03-02T09:05:00",
        "date_paid_gmt": "2026-03-02T09:01:00",
    }  # fmt: skip
    headers = {"x-wc-webhook-topic": "order.updated"}
    books.run(books.deliver(order, topic="order.updated", source="woocommerce", headers=headers))
    (document,) = books.documents()
    return document


@pytest.mark.parametrize("held", [True, False], ids=["delivery held", "delivery gone"])
def test_of_a_part_payment_that_part_is_expected_and_no_more(held):
    books = Books()
    document = order_with_a_gift_card(books)
    if not held:
        books.inbox.items.clear()  # it forgets after 35 days

    assert (document["total"], document["payments_total"], books.row().paid) == ("121.00", "71.00", D("71.00"))
    assert books.found() == []

    books.unpays(document)
    found = only(books)

    assert (found.kind, found.holded) == ("payment_missing", "paid 0.00 of 121.00")
    assert found.detail.endswith("bears payments of 0.00, registered was 71.00")


def test_of_a_payment_whose_amount_no_row_keeps_only_its_absence_is_told():
    books = Books()
    document = order_with_a_gift_card(books)
    books.ledger.rows[books.row().key] = replace(books.row(), paid=None)
    books.inbox.items.clear()

    assert books.found() == []

    books.unpays(document)

    assert only(books).detail.endswith("bears no payment, one was registered")


def test_a_payment_that_came_by_itself_and_is_not_there():
    books = Books(settings={"policy": {"finish": "approve", "payments": "pay"}}, orders=2)
    own = books.rows("invoice")[0]
    paid = replace(
        own, key=replace(own.key, object_id="ch_1", purpose="payment"), total=None, document_date="", marker=""
    )
    books.ledger.rows = {paid.key: paid, **books.ledger.rows}  # found first by the document's id
    found = only(books)

    assert (found.kind, found.holded_id) == ("payment_missing", own.holded_id)

    books.pays(books.company.get("documents", own.holded_id), "121.00")

    assert books.found() == []


def test_a_document_that_only_a_payments_row_is_found_by_is_nobodys_extra():
    books = Books(settings={"policy": {"finish": "approve", "payments": "pay"}}, orders=1)
    own = books.rows("invoice")[0]
    paid = replace(
        own, key=replace(own.key, object_id="ch_1", purpose="payment"), total=None, document_date="", marker=""
    )
    both = {paid.key: paid, **books.ledger.rows}
    books.ledger.rows = {key: row for key, row in both.items() if key != own.key}
    books.pays(books.documents()[0], "121.00")
    books.edits(books.documents()[0], date="2026-04-02")
    april = Window(start=date(2026, 4, 1), end=date(2026, 4, 30))
    assert books.found(april) == []

    books.ledger.rows = both  # its own row goes before the payment's

    assert books.found(april) == ["wrong_period"]
    assert books.found() == ["wrong_period"]


def test_a_payment_too_much(books):
    books.pays(books.documents()[0], "121.00")

    assert only(books).kind == "paid_twice"


def test_a_sale_that_no_row_took_up_is_missing_and_its_event_is_replayed(books):
    (ref,) = books.deliver(shopify_order(9), topic="orders/paid")
    assert books.found() == []  # it came a moment ago
    books.clock.advance(3600)
    found = only(books)

    assert (found.kind, found.source, found.ledger) == ("missing_in_holded", "121.00", "no row")
    assert (found.repair.kind, found.repair.ref) == ("replay", ref)
    assert found.repair.command == f"relay replay {ref} --account {ACCOUNT}"


def test_by_night_the_inbox_is_not_looked_through(books):
    books.deliver(shopify_order(9), topic="orders/paid")
    books.clock.advance(3600)

    assert books.found(look_through=False) == []


def test_a_sale_that_waits_for_a_person_is_missing_and_known(books):
    books.order(shopify_order(5, total_price="100.00"))
    found = only(books)

    assert (found.kind, found.told) == ("missing_in_holded", "in_review")
    assert found.repair.command.startswith("relay review show acme/shopify/450000005/invoice")


def test_a_document_in_doubt_that_stands_is_to_be_adopted(books):
    row = next(row for row in books.rows("invoice") if row.holded_id == books.documents()[0]["id"])
    doubt = replace(row, state="review", holded_id="", reason="outcome_unknown", indexed=True)
    books.ledger.rows[row.key] = doubt
    found = only(books)

    assert found.kind == "missing_in_holded"
    assert found.repair.command == f"relay review adopt {row.key} {row.holded_id} --account {ACCOUNT}"


def test_a_row_that_was_given_up_is_replayed_as_a_row(books):
    books.order(shopify_order(5, total_price="100.00"))
    (row,) = [row for row in books.rows("invoice") if row.state == "review"]
    books.ledger.rows[row.key] = replace(row, state="dead", reason="trouble_KeyError")
    found = only(books)

    assert (found.repair.kind, found.repair.ref) == ("replay", str(row.key))


def test_a_newer_version_that_waits_for_a_person_is_an_amount_that_differs(books):
    newer = order_on(2, 1, total="242.00") | {"updated_at": "2026-03-05T09:00:00+01:00"}
    books.order(newer, topic="orders/updated")
    found = only(books)

    assert (found.kind, found.source, found.holded) == ("amount_differs", "242.00", "121.00")
    assert found.repair.command == f"relay review show {found.key}.update --account {ACCOUNT}"
    assert found.told == "in_review"
    assert to_review(books.reconciled()) == []


def test_a_document_that_was_changed_too_is_asked_about_beside_its_newer_version(books):
    newer = order_on(2, 1, total="242.00") | {"updated_at": "2026-03-05T09:00:00+01:00"}
    books.order(newer, topic="orders/updated")
    row = next(row for row in books.rows("invoice") if row.key.object_id == "450000001")
    document = books.company.get("documents", row.holded_id)
    books.edits(document, items=[{"name": "Silla", "price": "90", "units": 1, "taxes": ["s_iva_21"]}])

    assert [one.told for one in to_review(books.reconciled())] == [""]


def test_a_newer_version_that_was_given_up_is_brought_again(books):
    newer = order_on(2, 1, total="242.00") | {"updated_at": "2026-03-05T09:00:00+01:00"}
    books.order(newer, topic="orders/updated")
    (aside,) = books.rows("invoice.update")
    books.ledger.rows[aside.key] = replace(aside, state="dead", reason="trouble_KeyError")
    found = only(books)

    assert (found.kind, found.repair.kind, found.repair.ref) == ("amount_differs", "replay", str(aside.key))


def test_where_policy_dates_documents_by_the_day_of_writing_the_sources_day_is_not_looked_at():
    books = Books(settings={"policy": {"finish": "approve", "document_date": "today"}}, orders=2)
    books.clock.advance(18 * 24 * 3600)
    today = Window(start=date(2026, 3, 20), end=date(2026, 3, 20))

    assert books.found() == []
    assert books.found(today) == []


def test_a_delivery_that_cannot_be_read_makes_the_sources_side_incomplete(books):
    item = next(iter(books.inbox.items.values()))
    books.inbox.items[ACCOUNT, "broken"] = replace(
        item, delivery=replace(item.delivery, inbox_id="broken", source="nobody", body=b"{")
    )
    done = books.reconciled()

    assert done.differences == []
    assert list(done.incomplete) == ["source"]


def test_a_refund_is_a_credit_note_of_its_own_line(books):
    books.order(refund_of(shopify_order(1)), topic="refunds/create")
    done = books.reconciled()

    assert done.differences == []
    assert {line.group.doc_type: line.holded.count for line in done.lines} == {"invoice": 3, "creditnote": 1}
    assert [row.split for row in books.rows("creditnote")] == ["100.00;21:100.00:21.00"]


def test_what_is_under_way_is_no_difference(books):
    books.ledger.rows = dict(books.ledger.rows)
    row = books.rows("invoice")[0]
    books.ledger.rows[row.key] = replace(row, state="unknown", holded_id="", indexed=True, due_ms=1)
    done = books.reconciled()

    assert (done.differences, done.under_way) == ([], 1)


# -- sums --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("held", [True, False], ids=["deliveries held", "deliveries gone"])
def test_sums_by_day_series_and_rate_are_those_reckoned_by_hand(held):
    books = Books()
    books.order(order_on(2, 1))  # 100.00 + 21.00
    books.order(order_on(2, 2, total="60.50"))  # 50.00 + 10.50
    line = order_on(3, 3)["line_items"][0]
    mixed = order_on(3, 3, total="71.50") | {
        "total_tax": "11.50",
        "line_items": [
            {**line, "id": 1, "price": "60.50", "tax_lines": [{"title": "IVA", "rate": 0.21, "price": "10.50"}]},
            {**line, "id": 2, "price": "11.00", "tax_lines": [{"title": "IVA", "rate": 0.10, "price": "1.00"}]},
        ],
    }
    books.order(mixed)  # 50.00 + 10.50 and 10.00 + 1.00
    books.order(order_on(3, 4, total="10.00"))  # 8.26 + 1.73, and a line of a cent without tax
    if not held:
        books.inbox.items.clear()
    done = books.reconciled()

    assert done.differences == []
    assert [(line.group.day, line.group.series, line.agrees) for line in done.lines] == [
        ("2026-03-02", "F26", True),
        ("2026-03-03", "F26", True),
    ]
    for side in ("source", "ledger", "holded"):
        second, third = (getattr(line, side) for line in done.lines)
        assert (second.count, second.net, second.tax, second.total) == (2, D("150.00"), D("31.50"), D("181.50"))
        assert second.by_rate == {D(21): (D("150.00"), D("31.50"))}
        assert (third.count, third.net, third.tax, third.total) == (2, D("68.27"), D("13.23"), D("81.50"))
        assert third.by_rate == {
            D(0): (D("0.01"), D("0.00")),
            D(10): (D("10.00"), D("1.00")),
            D(21): (D("58.26"), D("12.23")),
        }


def test_of_what_the_inbox_forgot_the_ledgers_amounts_are_the_sources(books):
    books.inbox.items.clear()
    books.edits(books.documents()[0], items=[{"name": "Silla", "price": "90", "units": 1, "taxes": ["s_iva_21"]}])
    done = books.reconciled()
    (line,) = done.lines

    assert [one.kind for one in done.differences] == ["amount_differs"]
    assert (line.source.count, line.source.as_ledger, line.ledger.as_ledger) == (3, 3, 0)
    for side in (line.source, line.ledger):
        assert (side.total, side.net, side.tax, side.unsplit) == (D("363.00"), D("300.00"), D("63.00"), 0)
        assert side.by_rate == {D(21): (D("300.00"), D("63.00"))}
    assert (line.holded.total, line.agrees) == (D("350.90"), False)


def test_another_rate_under_the_same_total_is_seen_when_the_delivery_is_gone(books):
    books.inbox.items.clear()
    books.edits(books.documents()[0], **AT_TEN_PERCENT)
    done = books.reconciled()
    (found,) = done.differences
    (line,) = done.lines

    assert found.kind == "amount_differs"
    assert found.detail == "Holded shows 110.00 + 11.00 of tax, written was 100.00 + 21.00"
    assert (line.ledger.total == line.holded.total, line.agrees) == (True, False)


def test_the_same_net_and_tax_under_other_rates_are_seen_when_the_delivery_is_gone():
    books = Books()
    line = order_on(2, 1)["line_items"][0]
    sold = {"tax_lines": [{"title": "IVA", "rate": 0.10, "price": "2.10"}]}
    lines = [{**line, "id": n, "price": "23.10", **sold} for n in (1, 2)]
    books.order(order_on(2, 1, total="46.20") | {"total_tax": "4.20", "line_items": lines})  # 42.00 at 10 %
    books.inbox.items.clear()
    at_21 = {"name": "Silla", "price": "20", "units": 1, "taxes": ["s_iva_21"]}
    without = {"name": "Silla", "price": "22", "units": 1, "taxes": []}
    books.edits(books.documents()[0], items=[at_21, without])

    assert only(books).detail == "Holded shows 22.00 at 0 %, 20.00 at 21 %, written was 42.00 at 10 %"


def test_of_lines_that_come_to_the_same_sums_nothing_is_known_when_the_delivery_is_gone(books):
    half = {"name": "Half", "price": "50", "units": 1, "taxes": ["s_iva_21"]}
    books.edits(books.documents()[0], items=[half, half])
    books.inbox.items.clear()

    assert books.found() == []


def test_of_rows_that_keep_no_split_only_what_is_known_is_compared(books):
    """Rows of an earlier release."""
    books.inbox.items.clear()
    for row in books.rows("invoice"):
        books.ledger.rows[row.key] = replace(row, split="")
    books.edits(books.documents()[0], **AT_TEN_PERCENT)
    done = books.reconciled()
    (line,) = done.lines

    assert done.differences == []
    assert (line.source.total, line.source.unsplit, line.ledger.unsplit, line.agrees) == (D("363.00"), 3, 3, True)


def test_the_words_are_the_same_before_and_after_the_delivery_is_gone(books):
    books.edits(books.documents()[0], **AT_TEN_PERCENT)
    before = only(books)
    books.inbox.items.clear()

    assert only(books).findings == before.findings


# -- what could not be read whole --------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["error_before", "reset", "truncate"])
def test_a_list_that_was_not_read_whole_makes_no_difference(books, kind):
    books.deletes(books.documents()[0])
    books.sandbox.faults.faults.append(Fault(kind=kind, method="GET", path="/invoices$"))
    done = books.reconciled()

    assert done.differences == []
    assert list(done.incomplete) == ["invoice"]
    assert done.lines == []


def test_a_document_that_cannot_be_read_costs_no_other(books):
    odd = books.books()
    books.garbles(odd)
    books.edits(books.documents()[0], items=[{"name": "Silla", "price": "90", "units": 1, "taxes": ["s_iva_21"]}])
    done = books.reconciled()

    assert [one.kind for one in done.differences] == ["amount_differs"]
    assert dict(done.incomplete) == {
        "unreadable": f"1 document could not be read and not be compared: invoice {odd['id']} (tags)"
    }
    assert done.unread == {}


def test_a_document_of_ours_that_cannot_be_read_is_neither_deleted_nor_a_gap(books):
    books.order(shopify_order(4))
    _, second, third, _ = books.documents()
    books.garbles(second)
    books.garbles(third, date="2026-02-27", tags=[7])  # no list shows it: read by its id
    done = books.reconciled()

    assert (done.differences, list(done.incomplete), done.documents) == ([], ["unreadable"], 2)
    assert f"invoice {third['id']} (tags)" in done.incomplete["unreadable"]
    assert all(line.agrees for line in done.lines)


def test_an_invoice_that_a_person_made_of_our_sales_order_is_their_own():
    books = Books()
    books.order(shopify_order(1, paid=False), topic="orders/create")
    (order,) = books.documents("salesorder")
    books.approves(books.copies(order))

    assert books.found() == []

    books.approves(books.copies(order, date="2026-03-20"))  # in a window that the order is not of

    assert books.found(Window(start=date(2026, 3, 15), end=date(2026, 3, 31))) == []


def test_the_second_page_counts_as_much_as_the_first(books):
    calls = books.paid_calls()
    for number in range(10, 215):
        books.books(price=str(number), approved=False)
    pages = []

    async def second_fails(request):
        pages.append(request)
        if any(name == "cursor" for name, _ in request.query):
            raise RetryAt("server_error", retry_at=books.clock.now())
        return await calls(request)

    books.deletes(books.documents()[0])
    done = books.reconciled(call=second_fails)

    assert (done.differences, list(done.incomplete)) == ([], ["invoice"])


def test_a_read_by_id_that_fails_is_no_deletion(books):
    gone = books.documents()[0]
    books.edits(gone, date="2026-05-01")
    fault = Fault(kind="error_before", method="GET", path=f"/invoices/{gone['id']}$")
    books.sandbox.faults.faults.append(fault)
    done = books.reconciled()

    assert (done.differences, list(done.incomplete)) == ([], ["by id"])


def test_where_a_gap_cannot_be_looked_into_none_is_told(books):
    own = books.books()
    books.order(shopify_order(4))
    books.deletes(own)
    inner = books.paid_calls()

    async def around_fails(request):
        if ("end_date", "2026-02-28") in request.query:
            raise RetryAt("server_error", retry_at=books.clock.now())
        return await inner(request)

    done = books.reconciled(call=around_fails)

    assert (done.differences, list(done.incomplete)) == ([], ["numbers of invoice"])


def test_the_cost_is_known_before_a_call_is_made(books):
    from relay.services.reconcile import Reconcile

    books.holded.calls.clear()
    account = asyncio.run(books.accounts.get(ACCOUNT))
    read = asyncio.run(Reconcile(inbox=books.inbox, ledger=books.ledger).read(account, MARCH, now=books.clock.now()))

    assert (read.calls, books.holded.calls) == (2, [])
    assert books.reconciled().calls == 2


# -- told once ---------------------------------------------------------------------------------------------------------


def test_what_the_settlement_sweep_has_told_is_known(books):
    books.deletes(books.documents()[0])
    sweep = books.ledger.rows[settle_key(ACCOUNT)]
    books.ledger.rows[sweep.key] = replace(sweep, rev=sweep.rev + 1, due_ms=1)
    books.clock.advance(25 * 3600)
    books.run()
    (item,) = books.rows("invoice.settlement")
    found = only(books)

    assert item.reason == "missing_in_holded"
    assert found.told == "in_review"

    books.ledger.rows[item.key] = replace(item, state="ignored", reason="by_hand", indexed=False)
    done = books.reconciled()

    assert [one.told for one in done.differences] == ["settled"]
    assert (list(done.open), done.drift) == ([], 0)
