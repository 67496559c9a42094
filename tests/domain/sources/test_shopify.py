"""Shopify orders, refunds, customers and products in the shapes the shop sends them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from relay.domain.models import Contact, Order, Product, Refund
from tests.domain.sources.payloads import SHOPIFY_ORDER, SHOPIFY_REFUND, changed, normalise, only

D = Decimal


def order(topic: str = "orders/paid", **fields: Any) -> Order:
    data = only(normalise("shopify", topic, changed(SHOPIFY_ORDER, **fields))).data
    assert isinstance(data, Order)
    return data


def refund(**fields: Any) -> Refund:
    data = only(normalise("shopify", "refunds/create", changed(SHOPIFY_REFUND, **fields))).data
    assert isinstance(data, Refund)
    return data


def line(**fields: Any) -> dict[str, Any]:
    return changed(SHOPIFY_ORDER["line_items"][0], **fields)


def sum_of(found: Order | Refund) -> Decimal:
    taxes = sum((tax.amount for one in found.lines for tax in one.taxes), D(0))
    net = sum((one.total or D(0) for one in found.lines), D(0)) - sum((one.amount for one in found.discounts), D(0))
    return net if found.prices_include_tax else net + taxes


def test_a_paid_order_becomes_an_order_paid_event() -> None:
    event = only(normalise("shopify", "orders/paid", SHOPIFY_ORDER))

    assert (event.id, event.type, event.subject, event.monotone) == ("inbox-1#0", "order.paid", "1001", True)
    assert event.version == 1772355900000
    assert event.data.lines[0].taxes[0].rate == D(21)
    assert sum_of(event.data) == event.data.total == D("121.00")
    assert event.data.payments[0].method == "shopify_payments"


def test_one_order_has_one_subject_under_every_topic() -> None:
    topics = ["orders/create", "orders/updated", "orders/paid", "orders/cancelled", "orders/fulfilled"]
    assert {only(normalise("shopify", topic, SHOPIFY_ORDER)).subject for topic in topics} == {"1001"}


@pytest.mark.row("A10")
@pytest.mark.parametrize(
    ("topic", "fields", "kind"),
    [
        ("orders/create", {}, "order.created"),
        ("orders/updated", {}, "order.updated"),
        ("orders/paid", {}, "order.paid"),
        ("orders/paid", {"financial_status": "partially_refunded"}, "order.paid"),
        ("orders/paid", {"financial_status": "authorized"}, "order.updated"),
        ("orders/cancelled", {"cancelled_at": "2026-03-02T10:00:00Z"}, "order.cancelled"),
        ("orders/cancelled", {}, "order.updated"),
        ("orders/fulfilled", {"fulfillment_status": "fulfilled"}, "order.fulfilled"),
        ("orders/fulfilled", {"fulfillment_status": "partial"}, "order.updated"),
    ],
)
def test_what_the_unsigned_topic_claims_must_show_in_the_signed_body(
    topic: str, fields: dict[str, Any], kind: str
) -> None:
    assert only(normalise("shopify", topic, changed(SHOPIFY_ORDER, **fields))).type == kind


@pytest.mark.parametrize("wrapped", [{"order": SHOPIFY_ORDER}, {"orders": [SHOPIFY_ORDER]}, [SHOPIFY_ORDER]])
def test_the_order_may_stand_bare_wrapped_or_in_a_list(wrapped: Any) -> None:
    assert only(normalise("shopify", "orders/paid", wrapped)).subject == "1001"


def test_a_list_gives_its_good_elements_numbered_and_one_reason_for_the_rest() -> None:
    bad = [{"id": 2}, {"id": 4, "currency": "EUR"}]
    found = normalise("shopify", "orders/paid", [SHOPIFY_ORDER, *bad, changed(SHOPIFY_ORDER, id=3)])

    assert [(event.id, event.subject) for event in found.events] == [("inbox-1#0", "1001"), ("inbox-1#1", "3")]
    assert (found.review, found.ignored) == ("missing_currency", "")
    assert "element 1: missing_currency: order.currency" in found.detail
    assert "element 2: missing_field: order.total_price" in found.detail


@pytest.mark.parametrize("body", [{"customer": {"id": 1}}, {"draft_order": {"id": 1}}])
def test_a_body_of_another_resource_than_its_topic_goes_to_review(body: Any) -> None:
    assert normalise("shopify", "orders/paid", body).review == "topic_mismatch"


def test_money_is_the_shops_never_the_buyers() -> None:
    both = {"shop_money": {"amount": "121.00", "currency_code": "EUR"}, "presentment_money": {"amount": "999.00"}}
    found = order(total_price=None, total_price_set=both, line_items=[line(price=None, price_set=both)])

    assert (found.currency, found.total, found.lines[0].unit_price) == ("EUR", D("121.00"), D("121.00"))


def test_discount_allocations_win_over_total_discount_and_name_their_code() -> None:
    found = order(
        total_price="108.90",
        total_discounts="12.10",
        discount_applications=[{"type": "discount_code", "code": "DIEZ"}],
        line_items=[
            line(total_discount="12.10", discount_allocations=[{"amount": "12.10", "discount_application_index": 0}])
        ],
    )

    assert [(one.amount, one.code) for one in found.lines[0].discounts] == [(D("12.10"), "DIEZ")]
    assert found.discounts == ()
    assert sum_of(found) == found.total


def test_an_order_discount_without_allocations_stays_on_the_order() -> None:
    found = order(total_price="111.00", total_discounts="10.00", discount_codes=[{"code": "TEN", "amount": "10.00"}])

    assert [(one.amount, one.code) for one in found.discounts] == [(D("10.00"), "TEN")]
    assert sum_of(found) == found.total


def test_shipping_with_discount_and_tax_is_a_line() -> None:
    shipping = {
        "id": 9,
        "title": "Envío",
        "price": "12.10",
        "discounted_price": "6.05",
        "tax_lines": [{"title": "IVA", "rate": 0.21, "price": "1.05"}],
    }
    found = order(total_price="127.05", shipping_lines=[shipping, {**shipping, "is_removed": True}])

    assert [(one.kind, one.unit_price, one.total) for one in found.lines[1:]] == [("shipping", D("12.10"), D("6.05"))]
    assert sum_of(found) == found.total


def test_a_tip_counts_once_as_a_line_or_as_a_total() -> None:
    told = order(total_price="126.00", total_tip_received="5.00")
    own_line = line(id=2, name="Tip", price="5.00", tip_payment_gateway="shopify_payments", tax_lines=[], taxable=False)
    listed = order(total_price="126.00", total_tip_received="5.00", line_items=[*SHOPIFY_ORDER["line_items"], own_line])

    for found in (told, listed):
        assert [one.total for one in found.lines if one.kind == "tip"] == [D("5.00")]
        assert sum_of(found) == found.total


def test_a_voucher_among_the_gateways_is_told_first_whatever_the_others_are_called() -> None:
    found = order(payment_gateway_names=["x" * 60, "gift_card"])

    assert found.payments[0].method is not None
    assert found.payments[0].method.startswith("gift_card+x")


def test_duties_are_fees_and_a_gift_card_sold_is_its_own_kind() -> None:
    duty = {"id": "d1", "price": "4.00", "tax_lines": []}
    found = order(
        total_price="175.00",
        original_total_duties_set={"shop_money": {"amount": "4.00", "currency_code": "EUR"}},
        line_items=[line(duties=[duty]), line(id=2, gift_card=True, price="50.00", tax_lines=[])],
    )

    assert [one.kind for one in found.lines] == ["product", "gift_card", "fee"]
    assert sum_of(found) == found.total


def test_cash_rounding_is_a_line_only_where_the_total_holds_it() -> None:
    rounding = {"shop_money": {"amount": "-0.01", "currency_code": "EUR"}}
    held = order(total_price="120.99", total_cash_rounding_payment_adjustment_set=rounding)
    paid = order(total_price="121.00", total_cash_rounding_payment_adjustment_set=rounding)

    assert held.lines[-1].kind == "rounding"
    assert sum_of(held) == held.total
    assert [one.kind for one in paid.lines] == ["product"]


def test_units_taken_off_before_payment_are_not_invoiced() -> None:
    removed = {
        "transactions": [],
        "refund_line_items": [{"line_item_id": 1, "quantity": 1, "subtotal": "121.00", "total_tax": "21.00"}],
    }
    found = order(
        total_price="363.00",
        total_tax="63.00",
        line_items=[line(quantity=3, tax_lines=[{"title": "IVA", "rate": 0.21, "price": "63.00"}])],
        refunds=[removed],
    )

    assert (found.lines[0].quantity, found.total, found.tax_total) == (D(2), D("242.00"), D("42.00"))
    assert found.lines[0].taxes[0].amount == D("42.00")
    assert sum_of(found) == found.total


@pytest.mark.parametrize(
    ("entry", "order_fields"),
    [
        ({"order_adjustments": [{"kind": "refund_discrepancy", "amount": "121.00"}]}, {}),
        ({}, {"cancelled_at": "2026-03-02T10:00:00Z"}),
    ],
)
def test_goods_that_came_back_without_money_and_a_cancellation_leave_what_was_sold(
    entry: dict[str, Any], order_fields: dict[str, Any]
) -> None:
    back = {"transactions": [], "refund_line_items": [{"line_item_id": 1, "quantity": 1, "subtotal": 121.0}], **entry}
    found = order(refunds=[back], **order_fields)

    assert (found.total, [one.quantity for one in found.lines]) == (D("121.00"), [D(1)])


def test_a_paid_refund_leaves_the_order_as_it_was_sold() -> None:
    listed = changed(SHOPIFY_REFUND)
    assert order(financial_status="refunded", refunds=[listed]).total == D("121.00")


def test_taxes_told_only_for_the_order_go_to_its_lines_when_one_reading_explains_them() -> None:
    bare = line(price="100.00", tax_lines=[])
    found = order(
        taxes_included=False,
        total_price="131.00",
        line_items=[bare],
        shipping_lines=[{"title": "S", "price": "10.00"}],
        tax_lines=[{"title": "IVA", "rate": 0.21, "price": "21.00"}],
    )
    unexplained = order(line_items=[bare], tax_lines=[{"title": "IVA", "rate": 0.21, "price": "20.00"}])

    assert [len(one.taxes) for one in found.lines] == [1, 0]
    assert sum_of(found) == found.total
    assert unexplained.lines[0].taxes == ()


@pytest.mark.parametrize(
    "name", ["NIF", "cif", "DNI/NIE", "VAT number", "Tax ID", "nif_cif", "Número de identificación fiscal"]
)
def test_a_tax_id_is_found_in_a_note_attribute(name: str) -> None:
    found = order(note_attributes=[{"name": name, "value": " B65410011 "}, {"name": "vat_exempt", "value": "12345"}])

    assert found.contact is not None
    assert [one.value for one in found.contact.tax_ids] == ["B65410011"]


def test_a_valid_tax_id_is_found_in_the_company_field_and_an_invalid_one_is_not() -> None:
    address = SHOPIFY_ORDER["billing_address"]
    for company, expected in [
        ("Acme SL B65410011", ["B65410011"]),
        ("B-65410011", ["B-65410011"]),
        ("Acme SL B65410012", []),
        ("Grupo 2000 SL", []),
    ]:
        found = order(billing_address={**address, "company": company}).contact
        assert found is not None
        assert [one.value for one in found.tax_ids] == expected, company
        assert (found.company, found.is_person) == (company, False)


def test_an_order_without_customer_keeps_what_the_addresses_tell() -> None:
    found = order(customer=None, email="guest@example.com").contact

    assert found is not None
    assert (found.id, found.name, found.email) == (None, "Ana Ruiz", "guest@example.com")


def test_a_whole_refund_gives_back_its_units_with_their_tax() -> None:
    found = refund()

    assert (found.refers_to, found.total, found.prices_include_tax) == ("1001", D("121.00"), True)
    assert found.lines[0].taxes[0].amount == D("21.00")
    assert sum_of(found) == found.total


def test_refunded_shipping_is_a_line_and_a_restocking_fee_lowers_the_sum() -> None:
    shipping = {"kind": "shipping_refund", "amount": "-10.00", "tax_amount": "0.00"}
    fee = {"kind": "refund_discrepancy", "reason": "Restocking", "amount": "5.00", "tax_amount": "0.00"}
    transaction = SHOPIFY_REFUND["transactions"][0]
    whole = refund(order_adjustments=[shipping], transactions=[{**transaction, "amount": "131.00"}])
    less = refund(order_adjustments=[shipping, fee], transactions=[{**transaction, "amount": "126.00"}])

    assert [one.kind for one in whole.lines] == ["product", "shipping"]
    assert [(one.kind, one.total) for one in less.lines] == [
        ("product", D("121.00")),
        ("shipping", D("10.00")),
        ("fee", D("-5.00")),
    ]
    assert sum_of(whole) == whole.total
    assert sum_of(less) == less.total


def test_a_plain_amount_has_no_lines() -> None:
    adjustment = {"kind": "refund_discrepancy", "amount": "-10.00", "tax_amount": "0.00"}
    transaction = {**SHOPIFY_REFUND["transactions"][0], "amount": "10.00"}
    found = refund(refund_line_items=[], order_adjustments=[adjustment], transactions=[transaction])

    assert (found.lines, found.total) == ((), D("10.00"))


def test_a_restock_without_money_is_ignored() -> None:
    assert (
        normalise("shopify", "refunds/create", changed(SHOPIFY_REFUND, transactions=[])).ignored == "nothing_refunded"
    )


def test_a_refund_paid_in_the_buyers_currency_is_told_in_the_shops() -> None:
    bought = changed(SHOPIFY_REFUND["refund_line_items"][0])
    bought["subtotal_set"] = {"shop_money": {"amount": "121.00", "currency_code": "EUR"}}
    bought["subtotal"] = "100.00"
    bought["line_item"]["tax_lines"][0]["price"] = "21.00"
    found = refund(
        refund_line_items=[bought],
        transactions=[{**SHOPIFY_REFUND["transactions"][0], "amount": "130", "currency": "USD"}],
    )

    assert (found.currency, found.total, found.payments) == ("EUR", D("121.00"), ())


def test_a_customer_becomes_a_contact() -> None:
    body = {
        "customer": {"id": 7, "email": "a@example.com", "first_name": "Ana", "tax_exempt": True, "tags": "vip, b2b"}
    }
    event = only(normalise("shopify", "customers/create", body))

    assert (event.type, event.subject) == ("contact.created", "7")
    assert isinstance(event.data, Contact)
    assert (event.data.tax_exempt, event.data.tags) == (True, ("vip", "b2b"))


def test_a_product_with_options_has_variants_and_one_without_has_their_price() -> None:
    variant = {"id": 1, "title": "Default Title", "price": "10.00", "sku": "A", "weight": 1, "weight_unit": "kg"}
    single = only(normalise("shopify", "products/create", {"id": 5, "title": "Mesa", "variants": [variant]})).data
    several = only(
        normalise("shopify", "products/update", {"id": 5, "title": "Mesa", "variants": [variant, {**variant, "id": 2}]})
    ).data

    assert isinstance(single, Product)
    assert (single.kind, single.price, single.weight_grams) == ("simple", D("10.00"), D(1000))
    assert (several.kind, len(several.variants)) == ("variants", 2)


def test_a_tax_rate_that_is_no_fraction_goes_to_review() -> None:
    line = {**SHOPIFY_ORDER["line_items"][0], "tax_lines": [{"rate": 10**11, "price": "21.00"}]}

    assert (
        normalise("shopify", "orders/paid", changed(SHOPIFY_ORDER, line_items=[line])).review == "number_out_of_range"
    )
