"""Replies of v2 as records, whatever they leave out."""

import contextlib
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.errors import BadInput
from relay.holded import catalogue, replies

ID = "5f0000000000000000000001"

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=10)
    | st.decimals(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@pytest.mark.parametrize(("total", "date_"), [("1.234,56", "2026-10-25"), ("1234.56", "2026-10-24T22:00:00+00:00")])
def test_a_document_reads_the_same_in_both_decimal_styles(total, date_):
    document = replies.document(
        {
            "id": ID,
            "document_number": "F260001",
            "contact_id": ID,
            "date": date_,
            "due_date": None,
            "subtotal": "1.020,30" if "," in total else "1020.30",
            "total": total,
            "tax": "214,26" if "," in total else "214.26",
            "currency": "eur",
            "tags": ["web"],
            "approved_at": "2026-10-25T09:00:00",
            "draft": False,
            "lines": [
                {"name": "Shirt", "price": "1.020,30", "units": 1, "discount": 0, "taxes": ["s_iva_21"], "sku": None}
            ],
            "custom_fields": [{"field": "order", "value": "1001"}],
            "payments_total": "0",
            "payments_pending": total,
            "payments_detail": [{"id": "p", "amount": "1", "date": 1792879200, "bank_id": ID}],
        }
    )

    assert (document.total, document.payments_pending, document.tax) == (
        Decimal("1234.56"),
        Decimal("1234.56"),
        Decimal("214.26"),
    )
    assert (document.date, document.due_date, document.currency) == (date(2026, 10, 25), None, "EUR")
    assert document.approved_at == datetime(2026, 10, 25, 8, tzinfo=UTC)
    assert document.lines[0].price == Decimal("1020.30")
    assert document.custom_fields == (("order", "1001"),)


@pytest.mark.parametrize(
    ("raw", "approved"),
    [
        ({}, None),
        ({"draft": None, "approved_at": None}, None),
        ({"draft": True}, False),
        ({"draft": False}, True),
        ({"draft": None, "approved_at": "2026-01-01T00:00:00"}, True),
    ],
)
def test_what_a_list_item_does_not_say_is_not_guessed(raw, approved):
    assert replies.document({"id": ID} | raw).approved is approved


def test_a_bare_list_item_is_enough():
    document = replies.document({"id": ID, "tags": None, "lines": "", "total": ""})

    assert (document.tags, document.lines, document.total, document.draft) == ((), (), None, None)


@pytest.mark.parametrize(
    ("reply", "field"),
    [
        (None, "reply"),
        ([], "reply"),
        ({}, "items"),
        ({"items": None}, "items"),
        ({"status": 1}, "items"),
        ({"items": [], "has_more": True}, "cursor"),
        ({"items": [], "has_more": True, "cursor": None}, "cursor"),
        ({"items": [], "has_more": True, "cursor": "before"}, "cursor"),
        ({"items": [{"name": "no id"}]}, "id"),
    ],
)
def test_a_list_that_could_hide_something_is_an_error_and_never_an_end(reply, field):
    with pytest.raises(BadInput) as refused:
        replies.page(replies.contact, after="before")(reply)

    assert refused.value.field == field


def test_a_list_without_has_more_is_the_last_page_and_an_empty_page_need_not_be():
    read = replies.page(replies.contact, after=None)

    assert read({"items": [{"id": ID}]}).cursor is None
    assert read({"items": [{"id": ID}], "cursor": ID, "has_more": False}).cursor is None
    assert read({"items": [], "cursor": ID, "has_more": True}) == replies.Page(items=(), cursor=ID)


def test_an_item_that_cannot_be_read_costs_no_other_where_the_request_bears_it():
    odd = [{"id": "odd", "tags": [None]}, {"name": "no id"}, 7]
    reply = {"items": [{"id": ID}, *odd], "has_more": True, "cursor": "more"}
    page = replies.bearing(replies.contact, after=None)(reply)

    assert [item.id for item in page.items] == [ID]
    assert page.unread == (
        replies.Unread(id="odd", field="tags"),
        replies.Unread(id="", field="id"),
        replies.Unread(id="", field="reply"),
    )
    assert page.cursor == "more"


def test_a_list_that_bears_items_is_as_strict_about_itself():
    for reply in (None, {}, {"items": [], "has_more": True, "cursor": "before"}):
        with pytest.raises(BadInput):
            replies.bearing(replies.contact, after="before")(reply)


def test_a_contact_is_read_with_its_records_in_either_form():
    contact = replies.contact(
        {
            "id": ID,
            "name": "Acme",
            "client_record": {"num": 43000001, "name": "x"},
            "supplier_record": 0,
            "vat_number": "ESB1",
        }
    )

    assert (contact.client_record, contact.supplier_record, contact.vat_number) == (43000001, None, "ESB1")


def test_taxes_keep_their_own_keys_and_composites():
    tax = catalogue.tax(
        {"id": ID, "name": "IVA 21 + RE", "amount": "26.2", "scope": "sales", "key": "s_iva12", "group": "iva", "type": "percentage",
         "items": ["s_iva_21", "s_rec_52"], "status": True, "visible": False}
    )  # fmt: skip

    assert (tax.key, tax.amount, tax.items, tax.active, tax.visible) == (
        "s_iva12", Decimal("26.2"), ("s_iva_21", "s_rec_52"), True, False,
    )  # fmt: skip


def test_payment_methods_are_read_in_their_camel_case():
    method = catalogue.named({"id": ID, "name": "Transfer", "dueDays": 30, "bankingAccountId": ""})

    assert (method.name, method.due_days, method.archived) == ("Transfer", 30, False)


@pytest.mark.parametrize("secondary", [[], {"api_v1_legacy_1": 1994, "api_contacts_contacts_list_1": 8}])
def test_usage_is_read_in_both_recorded_shapes(secondary):
    usage = catalogue.usage(
        {"type": "automation_token", "period": "2026-10", "usage": 2006, "limit": 5000, "count": 1,
         "secondary_usages": secondary, "user_usages": [], "next_plan": None, "next_limit": None}
    )  # fmt: skip

    assert (usage.used, usage.limit, usage.period) == (2006, 5000, "2026-10")


@given(
    st.sampled_from([replies.document, replies.contact, replies.product, replies.payment, catalogue.tax, catalogue.series,
                     catalogue.named, catalogue.treasury, catalogue.usage, replies.created, replies.page(replies.product, after=None)]),
    st.dictionaries(
        st.sampled_from(["id", "key", "name", "items", "total", "date", "tags", "lines", "custom_fields", "approved_at", "draft", "usage",
                         "client_record", "variants", "taxes", "has_more", "cursor", "amount", "secondary_usages", "archived"]),
        json_values,
    ) | json_values,
)  # fmt: skip
def test_no_reply_makes_a_decoder_fail_in_another_way_than_bad_input(decoder, value):
    with contextlib.suppress(BadInput):
        decoder(value)


def test_a_record_shows_its_id_and_nobody_s_data():
    contact = replies.contact({"id": ID, "name": "Maria", "email": "maria@example.test"})

    assert repr(contact) == f"ContactRecord({ID})"
