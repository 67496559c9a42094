"""The lists of a pass and its pages: windows with overlap, v2's cursor, v1's numbers, one reply, one object."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest

from relay.domain import wire
from relay.domain.models import Event
from relay.errors import BadInput
from relay.holded import polled_own, polled_requests
from relay.holded.formats import MADRID
from relay.holded.replies import Page
from tests.polled import BY_NAME

DAY_MS = 24 * 3600_000
NOW_MS = round(datetime(2026, 3, 2, 0, 30, tzinfo=MADRID).timestamp() * 1000)
INVOICE, CONTACT, PAYMENT = (BY_NAME[name] for name in ("invoice", "contact", "payment"))
WINDOW = replace(PAYMENT, listing="window", days=("starttmp", "endtmp"), span_days=100)


def lists(resource, *, full=False, last_ms=0):
    return polled_requests.lists_of(resource, full=full, started_ms=NOW_MS, last_ms=last_ms)


def first_day(query, name="start_date"):
    return dict(query)[name]


def test_a_full_pass_is_one_list_without_days():
    assert lists(INVOICE, full=True) == ((),)
    assert lists(CONTACT, full=True) == ((),)


def test_a_recent_pass_is_a_window_and_what_may_still_change():
    window, *again = lists(INVOICE, last_ms=NOW_MS - DAY_MS)

    assert window == (("start_date", "2026-02-23"), ("end_date", "2027-03-03"))
    assert again == [
        (("approval_status", "draft"),),
        (("status", "pending"),),
        (("status", "partial"),),
        (("status", "overdue"),),
    ]
    assert lists(replace(INVOICE, recent_days=0))[0] == (("approval_status", "draft"),)


def test_where_only_the_list_tells_who_is_approved_drafts_and_approved_ones_are_listed_apart():
    purchase = BY_NAME["purchase"]
    window, *again = lists(purchase, last_ms=NOW_MS - DAY_MS)
    draft, approved = (("approval_status", "draft"),), (("approval_status", "approved"),)

    assert lists(purchase, full=True) == (draft, approved)
    (brief,) = polled_requests.lists_of(purchase, full=False, started_ms=NOW_MS, last_ms=NOW_MS - DAY_MS, brief=True)
    assert brief == window[1:]  # one call for both
    assert window == (*approved, ("start_date", "2026-02-23"), ("end_date", "2027-03-03"))
    assert again == [
        *((("status", status), *approved) for status in ("pending", "partial", "overdue")),
        draft,
    ]


def test_an_item_is_what_its_list_says_it_is_unless_it_says_so_itself():
    def approval(query, **item):
        item = {"id": "a", "document_number": "PROV-77"} | item
        ((shown,), _, _) = polled_requests.observed(BY_NAME["purchase"], [item], query=query)
        return shown.approved

    assert approval((("approval_status", "draft"),)) is False
    assert approval((("approval_status", "approved"), ("start_date", "2026-02-23"))) is True
    assert approval((("status", "pending"),)) is None
    assert approval((("approval_status", "draft"),), draft=False) is True


def test_days_are_holdeds_and_the_window_reaches_back_over_the_last_pass():
    """Half past midnight in Madrid is the day before in UTC; twenty days without a pass are twenty days and the overlap."""
    window, *_ = lists(INVOICE, last_ms=NOW_MS - 20 * DAY_MS)

    assert first_day(window) == "2026-02-08"


def test_a_list_that_wants_days_has_them_in_a_full_pass_too_and_never_more_than_its_span():
    (full,) = lists(WINDOW, full=True)
    (recent,) = lists(WINDOW, last_ms=NOW_MS - 365 * DAY_MS)

    assert first_day(full, "starttmp") == first_day(recent, "starttmp") == "2025-11-22"


def test_a_page_of_v2_goes_by_its_cursor_and_keeps_its_items_as_they_came():
    first = polled_requests.page(INVOICE, (("status", "pending"),), cursor="")
    second = polled_requests.page(INVOICE, (), cursor="6a" * 12)
    page = second.reads({"items": [{"no": "id"}, 7], "cursor": "6b" * 12, "has_more": True})

    assert first.query == (("status", "pending"), ("limit", "200"))
    assert second.query == (("limit", "200"), ("cursor", "6a" * 12))
    assert page == Page(items=({"no": "id"}, 7), cursor="6b" * 12)


def test_a_page_of_v1_goes_by_its_number_and_only_an_empty_one_is_the_end():
    leads = replace(CONTACT, version="v1", path="/api/crm/v1/leads")
    first = polled_requests.page(leads, (), cursor="")
    third = polled_requests.page(leads, (), cursor="3")

    assert (first.query, first.version, third.query) == ((("page", "1"),), "v1", (("page", "3"),))
    assert first.reads([{"id": "a"}]) == Page(items=({"id": "a"},), cursor="2")
    assert third.reads([]) == Page(items=(), cursor=None)
    with pytest.raises(BadInput):
        first.reads({"status": 1})


def test_a_list_in_one_reply_has_no_second_page():
    single = replace(CONTACT, listing="single", query=(("archived", "false"),))
    request = polled_requests.page(single, single.query, cursor="")

    assert request.query == (("archived", "false"),)
    assert request.reads({"items": [{"id": "a"}]}) == Page(items=({"id": "a"},), cursor=None)


def test_a_parents_list_and_one_object_take_ids_only():
    nested = replace(CONTACT, path="/api/v2/treasury/accounts/{parent}/bank-movements")

    assert polled_requests.page(nested, (), cursor="", parent="abc").path.endswith("/accounts/abc/bank-movements")
    assert polled_requests.one(INVOICE, "abc").path == "/api/v2/invoices/abc"
    for call in (
        lambda: polled_requests.one(INVOICE, "../x"),
        lambda: polled_requests.page(nested, (), cursor="", parent="a/b"),
    ):
        with pytest.raises(BadInput):
            call()


def test_items_that_cannot_be_read_are_told_by_their_ids_where_they_have_one():
    contact = {"id": "c1", "name": "Ana", "tags": []}
    shown, unread, nameless = polled_requests.observed(
        CONTACT, [contact, contact, {"id": "c2", "tags": {"not": "a list"}}, {"name": "x"}, "text"]
    )

    assert shown == [polled_own.contact(contact)]
    assert (unread, nameless) == (["c2"], 2)


def test_an_amount_has_one_text_however_it_is_written():
    texts = [
        BY_NAME["invoice"].observe({"id": "a", "total": total, "date": "2026-03-02"}).matters["total"]
        for total in ("1.210,00", "1210.00", "1210", "1.210,0")
    ]

    assert set(texts) == {"1210"}


def test_a_year_that_a_person_mistyped_travels():
    """Madrid's offset of that time had seconds, which no instant in JSON can tell."""
    observed = BY_NAME["invoice"].observe({"id": "a", "total": "1.00", "date": "1013-03-09", "lines": []})
    event = Event(
        id="x#0", account="acme", source="holded", type="invoice.updated", subject="a", time=datetime(2026, 3, 2, tzinfo=MADRID),
        version=1,
        monotone=False, data=observed.data, raw_ref="x",
    )  # fmt: skip

    assert wire.loads(wire.dumps(event)) == event
