"""From an event and settings to what is to be written, reviewed or ignored."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from relay.domain.mapping.catalogue import Catalogue
from relay.domain.mapping.corrections import name_original
from relay.domain.mapping.default_catalogue import default_catalogue
from relay.domain.mapping.plan import plan
from relay.domain.models import Contact, CreditNote, Hint, Payment, Product, TaxId
from relay.domain.settings import default_settings
from tests.domain.mapping.factories import AT, D, event, invoice, keys, line, order, planned, refund, tax

PAID = order(line("100", tax("21", "21")), total="121")
UNPAID = replace(PAID, payment_status="unpaid")


def test_a_paid_order_is_an_invoice_in_draft_dated_in_madrid():
    late = replace(PAID, issued_at=datetime(2026, 3, 1, 23, 30, tzinfo=UTC))

    made = planned(late)

    assert (made.outcome, made.purpose, made.finish, made.payment) == ("document", "invoice", "draft", None)
    assert made.document.doc_type == "invoice"
    assert made.document.date == date(2026, 3, 2)
    assert made.document.description == "Shopify #1001"


def test_documents_are_dated_today_by_policy_and_keep_the_sales_rates():
    old = replace(PAID, issued_at=datetime(2026, 1, 5, tzinfo=UTC))

    assert planned(old, settings={"policy": {"document_date": "today"}}).document.date == AT.date()


def test_an_unpaid_order_is_a_sales_order_or_nothing():
    nothing = {"policy": {"unpaid_order": "nothing"}}

    assert (planned(UNPAID).purpose, planned(UNPAID).document.doc_type) == ("salesorder", "salesorder")
    assert (planned(UNPAID, settings=nothing).outcome, planned(UNPAID, settings=nothing).reason) == (
        "ignored",
        "policy_unpaid_order",
    )


def test_an_order_keeps_its_key_under_every_topic_once_it_is_paid():
    types = ["order.created", "order.updated", "order.paid", "order.fulfilled"]
    statuses = ["paid", "partially_refunded", "refunded"]

    plans = [planned(replace(PAID, payment_status=status), type_) for type_ in types for status in statuses]

    assert {(made.purpose, made.subject, made.digest) for made in plans} == {("invoice", "1001", plans[0].digest)}


def test_a_buyer_without_tax_id_gets_a_simplified_invoice_by_policy_and_within_the_limit():
    simplified = {"policy": {"simplified": True}}
    dear = order(line("400", tax("21", "84")), total="484")
    known = replace(PAID, contact=Contact(name="Ana", tax_ids=(TaxId(value="12345678Z"),)))

    made = planned(PAID, settings=simplified)

    assert (made.purpose, made.document.doc_type) == ("invoice", "salesreceipt")
    assert planned(dear, settings=simplified).document.doc_type == "invoice"
    assert (
        planned(dear, settings={"policy": {"simplified": True, "simplified_limit": "3000"}}).document.doc_type
        == "salesreceipt"
    )
    assert planned(known, settings=simplified).document.doc_type == "invoice"
    assert planned(PAID).document.doc_type == "invoice"


@pytest.mark.parametrize(
    ("data", "type_", "reason"),
    [
        (replace(PAID, cancelled_at=AT), "order.cancelled", "order_cancelled"),
        (replace(UNPAID, cancelled_at=AT), "order.updated", "order_cancelled"),
        (UNPAID, "order.deleted", "order_deleted"),
        (replace(PAID, payment_status="voided"), "order.updated", "payment_voided"),
        (replace(PAID, refers_to="in_1"), "order.paid", "invoiced_by_source"),
        (invoice(line("1"), total="1", voided_at=AT), "invoice.voided", "invoice_voided"),
        (refund(total="0"), "refund.created", "nothing_refunded"),
        (Payment(amount=D(1), currency="EUR"), "payment.received", "policy_payments"),
        (Hint(object="invoice", action="create", holded_id="a" * 24), "holded.invoice.create", "holded_has_it"),
    ],
)  # fmt: skip
def test_what_asks_for_nothing_is_ignored_with_its_reason(data, type_, reason):
    made = planned(data, type_)

    assert (made.outcome, made.reason) == ("ignored", reason)


def test_test_data_is_ignored_in_a_live_company():
    live = default_settings(mode="live")

    assert planned(replace(PAID, test=True)).outcome == "document"
    for data in (PAID, invoice(line("1"), total="1"), refund(line("1"), total="1")):
        assert planned(replace(data, test=True), settings=live).outcome == "ignored"
        assert planned(data, settings=live).outcome == "document"


def test_finish_follows_the_policy_and_pays_only_what_was_paid():
    pay = {"policy": {"finish": "approve_and_pay"}}
    partly = replace(
        PAID,
        payments=(
            Payment(amount=D(100), currency="EUR", method="card", at=datetime(2026, 3, 1, 23, 30, tzinfo=UTC)),
            Payment(amount=D(21), currency="EUR", method="gift_card"),
        ),
    )

    assert (planned(PAID, settings=pay).finish, planned(PAID, settings=pay).payment.amount) == (
        "approve_and_pay",
        D(121),
    )
    assert (planned(partly, settings=pay).payment.amount, planned(partly, settings=pay).payment.date) == (
        D(100),
        date(2026, 3, 2),
    )
    mixed = replace(PAID, payments=(Payment(amount=D(121), currency="EUR", method="gift_card+card"),))
    assert (planned(mixed, settings=pay).finish, planned(mixed, settings=pay).payment) == ("approve", None)
    assert (planned(UNPAID, settings=pay).finish, planned(UNPAID, settings=pay).payment) == ("approve", None)
    assert planned(PAID, settings={"policy": {"finish": "approve"}}).finish == "approve"


def test_an_issued_invoice_is_written_as_it_stands_and_paid_is_the_same_document():
    issued = invoice(line("100", tax("21", "21")), total="121", due_on=date(2026, 4, 1))
    paid = replace(issued, payment_status="paid", paid_at=AT)

    made = planned(issued)

    assert (made.purpose, made.document.doc_type, made.document.due_date) == ("invoice", "invoice", date(2026, 4, 1))
    assert planned(paid, "invoice.paid").digest == made.digest


def test_a_refund_waits_for_its_sale_and_names_what_it_corrects():
    made = planned(refund(line("100", tax("21", "21")), total="121", number="#1001", reason="Roto"))

    assert (made.purpose, made.document.doc_type, made.parent) == ("creditnote", "creditnote", ("1001", "invoice"))
    assert made.contact is None
    assert made.document.total == D(121)
    assert (made.document.description, made.document.notes) == ("Abono de #1001 (Shopify)", "Roto")

    named = name_original(made.document, number="F260012")

    assert named.description == "Abono de #1001 (Shopify) - Rectifica F260012"
    assert named.notes == "Roto\nRectifica F260012"


def test_a_partial_refund_with_a_restocking_fee_and_shipping_comes_to_what_was_paid_back():
    made = planned(
        refund(
            line("50", tax("21", "10.50")),
            line("5", tax("21", "1.05"), kind="shipping"),
            line("-10", tax("21", "-2.10"), kind="fee", name="Gastos de devolución"),
            total="54.45",
        )
    )

    assert made.document.total == D("54.45")


def test_a_bare_amount_is_reviewed_unless_source_or_policy_says_what_tax_is_in_it():
    bare = refund(total="12.10")

    assert planned(bare).reason == "refund_tax_unknown"
    assert keys(planned(bare, settings={"policy": {"plain_refund_rate": "21"}})) == [("s_iva_21",)]
    assert keys(planned(replace(bare, tax_total=D("2.10")))) == [("s_iva_21",)]
    assert keys(planned(replace(bare, tax_total=D(0)))) == [("s_iva_exento",)]
    assert planned(replace(bare, tax_total=D("2.10"))).document.total == D("12.10")


def test_a_credit_note_of_another_system_corrects_its_invoice():
    note = CreditNote(
        id="cn_1", number="CN-1", currency="EUR", issued_at=AT, lines=(line("10", tax("21", "2.10")),), total=D("12.10"),
        refers_to="in_1", contact=Contact(name="Ana"),
    )  # fmt: skip

    made = planned(note)

    assert (made.parent, made.contact.name, made.document.total) == (("in_1", "invoice"), "Ana", D("12.10"))


def test_payments_are_registered_on_their_document_by_policy():
    pay = {"policy": {"payments": "pay"}}
    payment = Payment(id="p1", amount=D(10), currency="EUR", document_id="1001", at=AT)

    made = planned(payment, settings=pay)

    assert (made.outcome, made.parent, made.payment.amount) == ("document", ("1001", "invoice"), D(10))
    assert planned(replace(payment, document_id=None), settings=pay).reason == "payment_without_document"
    assert planned(replace(payment, amount=D(0)), settings=pay).reason == "payment_not_positive"


def test_foreign_currency_is_kept_with_its_rate_where_one_is_known():
    dollars = replace(order(line("100"), total="100"), currency="USD")
    table = {
        "exchange_rates": [
            {"currency": "USD", "rate": "0.90"},
            {"currency": "USD", "rate": "0.92", "since": "2026-03-01"},
        ]
    }

    assert (planned(dollars).document.currency, planned(dollars).document.currency_change) == ("USD", None)
    assert planned(dollars, settings=table).document.currency_change == D("0.92")
    assert planned(replace(dollars, exchange_rate=D("0.95")), settings=table).document.currency_change == D("0.95")
    assert planned(dollars, settings={"policy": {"exchange_rate": "review"}}).reason == "exchange_rate_unknown"
    assert planned(PAID).document.currency_change is None


def test_series_channels_methods_and_warehouses_are_chosen_by_their_tables():
    lists = {
        "taxes": [{"name": "IVA 21%", "amount": "21", "scope": "sales", "key": "s_iva_21", "group": "iva"}],
        "numbering_series": {"invoice": [{"id": "s1", "name": "Facturas"}, {"id": "s2", "name": "Web"}]},
        "sales_channels": [{"id": "c1", "name": "Tienda online"}],
        "payment_methods": [{"id": "m1", "name": "Tarjeta"}],
        "warehouses": [{"id": "w1", "name": "Principal"}],
        "treasury_accounts": [{"id": "t1", "name": "Stripe"}],
    }
    tables = {
        "series": [{"use": "Web", "sources": ["Shopify"], "doc_types": ["invoice"]}],
        "sales_channels": [{"use": "tienda online", "channels": ["web"]}],
        "payment_methods": [{"use": "m1", "payment_methods": ["shopify_payments"]}],
        "warehouses": [{"use": "w1"}],
        "treasury_accounts": [{"use": "Stripe"}],
        "accounts": [{"use": "acc_shipping", "line_kinds": ["shipping"]}],
    }
    sale = replace(
        PAID,
        channel="web",
        payments=(Payment(amount=D("133.10"), currency="EUR", method="shopify_payments"),),
        lines=(*PAID.lines, line("10", tax("21", "2.10"), kind="shipping")),
        total=D("133.10"),
    )

    made = planned(
        sale, settings={"tables": tables, "policy": {"finish": "approve_and_pay"}}, catalogue=Catalogue.from_json(lists)
    )

    document = made.document
    assert (document.number_line_id, document.sales_channel_id) == ("s2", "c1")
    assert (document.payment_method_id, document.warehouse_id, made.payment.treasury_id) == ("m1", "w1", "t1")
    assert [one.account for one in document.lines] == [None, "acc_shipping"]

    wrong = {"tables": {"series": [{"use": "Otra"}]}}
    assert planned(sale, settings=wrong, catalogue=Catalogue.from_json(lists)).reason == "choice_not_in_account"


def test_notes_and_attributes_of_an_order_are_custom_fields_not_notes():
    made = planned(replace(PAID, note="Sin timbre", custom_fields={"regalo": "sí"}))

    assert made.document.custom_fields == (("Note", "Sin timbre"), ("regalo", "sí"))
    assert made.document.notes is None


def test_a_review_keeps_the_key_its_document_would_have():
    assert planned(replace(PAID, total=D(1))).purpose == "invoice"
    assert planned(replace(UNPAID, total=D(1))).purpose == "salesorder"
    assert planned(refund(line("1"), total="2")).purpose == "creditnote"


def test_the_digest_sees_what_is_fiscal_and_nothing_else():
    base = planned(PAID).digest

    same = [
        replace(PAID, note="x", updated_at=AT, tags=("a",)),
        replace(PAID, lines=(replace(PAID.lines[0], name="Otro nombre"),)),
        replace(PAID, lines=(replace(PAID.lines[0], unit_price=D("100.00"), quantity=D("1.0")),)),
        replace(PAID, issued_at=datetime(2026, 5, 1, tzinfo=UTC)),
    ]
    other = [
        order(line("50", tax("21", "10.50"), quantity="2"), total="121"),
        replace(PAID, currency="USD"),
        order(line("100", tax("10", "10")), total="110"),
        replace(PAID, contact=Contact(name="Ana", tax_ids=(TaxId(value="12345678Z"),))),
    ]

    assert {planned(one).digest for one in same} == {base}
    assert base not in {planned(one).digest for one in other}


def test_the_order_of_lines_is_not_fiscal():
    one, two = line("10", tax("21", "2.10")), line("20", tax("10", "2"))

    assert planned(order(one, two, total="34.10")).digest == planned(order(two, one, total="34.10")).digest


def test_a_product_with_one_variant_is_a_product_and_with_many_a_review():
    variant = Product(id="1", variant_id="11", name="Default", sku="SKU", price=D("121"), stock=D(3))
    product = Product(id="1", name="Taza", variants=(variant,), weight_grams=D(250))

    made = planned(product)

    assert (made.product.name, made.product.sku, made.product.price) == ("Taza", "SKU", D("100.0000"))
    assert (made.product.taxes, made.product.weight, made.product.has_stock) == (("s_iva_21",), D("0.25"), True)
    assert planned(replace(product, price_includes_tax=False)).product.price == D(121)
    assert planned(replace(product, variants=(variant, variant))).reason == "product_variants"
    assert planned(product, "product.deleted").reason == "product_deleted"
    assert planned(product, settings={"policy": {"products": False}}).outcome == "ignored"


_MONEY = st.decimals("-1000", "1000", places=2, allow_nan=False)


@settings(deadline=None)  # the machine may be busy
@given(
    st.lists(
        st.tuples(
            _MONEY,
            st.sampled_from(["0", "1", "2", "0.333", "-1"]),
            st.sampled_from([None, "21", "10", "19", "0"]),
            _MONEY,
        ),
        max_size=6,
    ),
    _MONEY,
    st.booleans(),
    st.sampled_from(["ES", "DE", "US", "IC", None, "??"]),
    st.sampled_from(["invoice", "refund", "order"]),
)
def test_no_combination_raises_and_no_document_has_another_total(rows, total, included, country, kind):
    lines = [line(str(price), tax(rate, str(amount)), quantity=quantity) for price, quantity, rate, amount in rows]
    make = {"invoice": invoice, "refund": refund, "order": order}[kind]
    data = make(*lines, total=str(total), prices_include_tax=included)
    data = replace(
        data, billing_address=replace(data.billing_address, country=country) if data.billing_address else None
    )

    made = plan(event(data), default_settings(), default_catalogue())

    assert made.outcome in {"document", "review", "ignored"}
    if made.outcome == "document":
        assert made.document.total == total
    else:
        assert made.reason
