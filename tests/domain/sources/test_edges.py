"""The rarer shapes: each row is one a real sender can make, with what must come of it."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

from relay.domain.sources import registry
from relay.errors import BadInput
from tests.domain.sources.payloads import (
    POSTED,
    SHOPIFY_ORDER,
    SHOPIFY_REFUND,
    STRIPE_INVOICE,
    WOO_ORDER,
    changed,
    normalise,
    only,
)
from tests.domain.sources.test_stripe import NOTE, SESSION

D = Decimal
ARTICLE = SHOPIFY_ORDER["line_items"][0]
BOUGHT = SHOPIFY_REFUND["refund_line_items"][0]
TRANSACTION = SHOPIFY_REFUND["transactions"][0]
INTENT = {"id": "pi_1", "object": "payment_intent", "status": "succeeded", "currency": "eur", "created": 1, "amount": 0}


@pytest.mark.parametrize(
    ("source", "topic", "body", "reason"),
    [
        ("shopify", "orders/paid", changed(SHOPIFY_ORDER, line_items=[{**ARTICLE, "quantity": None}]), "missing_field"),
        ("shopify", "orders/paid", changed(SHOPIFY_ORDER, shipping_lines=[{"title": "x"}]), "missing_price"),
        ("shopify", "orders/paid", changed(SHOPIFY_ORDER, line_items=[{**ARTICLE, "duties": [{}]}]), "missing_price"),
        ("shopify", "orders/paid", changed(SHOPIFY_ORDER, line_items=[{**ARTICLE, "tax_lines": [{}]}]), "missing_field"),
        ("shopify", "orders/paid", changed(SHOPIFY_ORDER, created_at="yesterday"), "not_a_date"),
        ("shopify", "orders/paid", changed(SHOPIFY_ORDER, created_at=None), "missing_field"),
        ("shopify", "orders/paid", changed(SHOPIFY_ORDER, line_items="x"), "wrong_shape"),
        ("shopify", "refunds/create", changed(SHOPIFY_REFUND, created_at=None), "missing_field"),
        ("shopify", "refunds/create", changed(SHOPIFY_REFUND, transactions=[{**TRANSACTION, "amount": "0"}]), "negative_total"),
        ("shopify", "refunds/create", changed(SHOPIFY_REFUND, transactions=[{**TRANSACTION, "currency": "QQQ"}]), "unknown_currency"),
        ("shopify", "refunds/create", changed(SHOPIFY_REFUND, refund_line_items=[{"quantity": 1}]), "missing_price"),
        ("shopify", "refunds/create", changed(SHOPIFY_REFUND, refund_line_items=[{"subtotal": 1}]), "missing_field"),
        ("shopify", "products/create", {"id": 1, "variants": []}, "missing_field"),
        ("stripe", "", changed(NOTE, total=0, amount=0), "negative_total"),
        ("stripe", "", changed(NOTE, created=None), "missing_field"),
        ("stripe", "", changed(NOTE, created=10**17), "not_a_date"),
        ("stripe", "", changed(NOTE, status="void"), "not_final"),
        ("stripe", "", changed(STRIPE_INVOICE, created=None, effective_at=None), "missing_field"),
        ("stripe", "", changed(STRIPE_INVOICE, total="12.5"), "wrong_shape"),
        ("stripe", "", changed(SESSION, line_items={"data": [], "has_more": True}), "lines_incomplete"),
        ("stripe", "", changed(SESSION, line_items={"data": [{"description": "x"}]}), "missing_price"),
        ("stripe", "", INTENT, "negative_total"),
        ("stripe", "", {**INTENT, "created": None}, "missing_field"),
        ("woocommerce", "order.updated", changed(WOO_ORDER, shipping_lines=[{"id": 1}]), "missing_price"),
        ("woocommerce", "order.updated", changed(WOO_ORDER, date_created_gmt=None), "missing_field"),
        ("woocommerce", "order.updated", changed(WOO_ORDER, refunds=[{"id": 9, "total": "0"}]), "missing_field"),
        ("woocommerce", "product.updated", {"id": 1, "sku": "x", "name": " "}, "missing_field"),
        ("standard", "", changed(POSTED, data={**POSTED["data"], "id": ""}), "wrong_shape"),
        ("standard", "", changed(POSTED, type="contact.created", data={"name": "x"}), "missing_field"),
        ("standard", "", changed(POSTED, data=json.loads('{"custom_fields":' * 30 + "1" + "}" * 30)), "json_too_deep"),
    ],
)  # fmt: skip
def test_what_cannot_be_written_with_certainty_has_its_reason(source: str, topic: str, body: Any, reason: str) -> None:
    found = normalise(source, topic, body)

    assert (found.events, found.review or found.ignored) == ((), reason), found


def test_a_refund_on_its_own_needs_its_date() -> None:
    body = {"id": 1, "amount": "1", "refunded_by": 1, "currency": "EUR", "parent_id": 5}
    assert normalise("woocommerce", "refund.created", body).review == "missing_field"


def test_fees_that_stand_only_in_the_totals_are_lines() -> None:
    fee = {"shop_money": {"amount": "3.00", "currency_code": "EUR"}}
    body = changed(SHOPIFY_ORDER, total_price="124.00", original_total_additional_fees_set=fee)

    assert [(one.kind, one.total) for one in only(normalise("shopify", "orders/paid", body)).data.lines[1:]] == [
        ("fee", D("3.00"))
    ]


def test_a_total_discount_without_allocations_is_the_lines_own() -> None:
    body = changed(SHOPIFY_ORDER, line_items=[{**ARTICLE, "total_discount": "21.00"}], total_discounts="21.00")
    data = only(normalise("shopify", "orders/paid", body)).data

    assert ([one.amount for one in data.lines[0].discounts], data.discounts) == ([D("21.00")], ())


def test_a_discounted_line_of_which_units_were_taken_off_keeps_its_share() -> None:
    removed: dict[str, Any] = {
        "transactions": [],
        "refund_line_items": [{"line_item_id": 1, "quantity": 1, "subtotal": "90.00", "total_tax": "0"}],
    }
    line = {**ARTICLE, "quantity": 2, "price": "100.00", "tax_lines": [], "discount_allocations": [{"amount": "20.00"}]}
    gone = {**line, "id": 2, "quantity": 1, "discount_allocations": []}
    removed["refund_line_items"].append({"line_item_id": 2, "quantity": 1, "subtotal": "100.00", "total_tax": "0"})
    data = only(
        normalise(
            "shopify",
            "orders/paid",
            changed(SHOPIFY_ORDER, total_price="280.00", line_items=[line, gone], refunds=[removed]),
        )
    ).data

    assert [(one.quantity, one.total, one.discounts[0].amount) for one in data.lines] == [
        (D(1), D("90.00"), D("10.00"))
    ]
    assert data.total == D("90.00")


def test_newer_refunds_tell_their_shipping_with_its_tax() -> None:
    money = {"shop_money": {"amount": "10.00", "currency_code": "EUR"}}
    tax = {"shop_money": {"amount": "2.10", "currency_code": "EUR"}}
    sold = {"title": "Envío", "tax_lines": [{"title": "IVA", "rate": 0.21, "price": "2.10"}]}
    shipping = {"subtotal_amount_set": money, "tax_amount_set": tax, "shipping_line": sold}
    body = changed(
        SHOPIFY_REFUND,
        refund_line_items=[],
        refund_shipping_lines=[shipping],
        transactions=[{**TRANSACTION, "amount": "12.10"}],
    )
    line = only(normalise("shopify", "refunds/create", body)).data.lines[0]

    assert (line.name, line.total, line.taxes[0].rate, line.taxes[0].amount) == ("Envío", D("10.00"), D(21), D("2.10"))


def test_an_old_paid_flag_and_a_good_in_the_box() -> None:
    body = changed(STRIPE_INVOICE, status="open", paid=True)
    body["lines"]["data"][0]["price"] = {"product": {"type": "good", "id": "prod_1"}}
    data = only(normalise("stripe", "", body)).data

    assert (data.payment_status, data.lines[0].kind, data.lines[0].product_id) == ("paid", "product", "prod_1")


def test_a_line_by_decimal_quantity_is_told_by_its_amount() -> None:
    body = changed(STRIPE_INVOICE)
    body["lines"]["data"][0].update(quantity=None, quantity_decimal="2.5")
    line = only(normalise("stripe", "", body)).data.lines[0]

    assert (line.quantity, line.unit_price) == (D("2.5"), D("40.00"))


def test_a_tax_id_is_found_in_a_checkouts_own_fields_and_its_shipping_where_newer_sessions_have_it() -> None:
    fields = [
        {"key": "nif", "label": {"custom": "NIF"}, "text": {"value": "12345678Z"}},
        {"key": "n", "numeric": {"value": None}},
    ]
    shipped = {"shipping_details": {"name": "Eva", "address": {"country": "ES"}}}
    details = {"email": "a@example.com", "tax_ids": [{"type": "es_cif", "value": None}]}
    contact = only(
        normalise(
            "stripe",
            "",
            changed(SESSION, custom_fields=fields, customer_details=details, collected_information=shipped),
        )
    ).data.contact

    assert [one.value for one in contact.tax_ids] == ["12345678Z"]
    assert contact.shipping_address.name == "Eva"


def test_a_line_of_no_units_that_costs_something_is_one_unit() -> None:
    body = changed(WOO_ORDER)
    body["line_items"][0]["quantity"] = 0
    line = only(normalise("woocommerce", "order.updated", body)).data.lines[0]

    assert (line.quantity, line.unit_price) == (D(1), D("100.00"))


def test_a_line_that_tells_only_its_tax_in_all_has_the_orders_only_rate() -> None:
    body = changed(WOO_ORDER, gift_cards=[{"code": "x", "amount": 0}])
    del body["line_items"][0]["taxes"]
    taxes = only(normalise("woocommerce", "order.updated", body)).data.lines[0].taxes

    assert [(tax.rate, tax.amount) for tax in taxes] == [(D(21), D("21.00"))]


def test_a_refund_with_its_own_lines_is_told_in_positive_amounts() -> None:
    line = {
        "id": 1,
        "name": "Silla",
        "quantity": -1,
        "total": "-50.00",
        "total_tax": "-10.50",
        "taxes": [{"id": 3, "total": "-10.50"}],
    }
    body = changed(WOO_ORDER, refunds=[{"id": 9, "total": "-60.50", "line_items": [line], "billing": {}}])
    data: Any = normalise("woocommerce", "order.updated", body).events[1].data

    assert [(one.quantity, one.unit_price, one.taxes[0].amount) for one in data.lines] == [
        (D(1), D("50.00"), D("10.50"))
    ]


def test_a_posted_event_may_tell_its_own_version() -> None:
    assert only(normalise("standard", "", changed(POSTED, version=7))).version == 7


@pytest.mark.parametrize("source", ["shopify", "woocommerce", "standard"])
def test_a_date_that_is_none_gives_no_version(source: str) -> None:
    body = {"id": 1, "type": "order.paid", "updated_at": "x", "date_modified_gmt": "x", "time": "x", "subject": "1"}
    assert registry.get(source).identify(json.dumps(body).encode(), {}).version == 0


def test_headers_that_contradict_each_other_name_no_topic() -> None:
    for source, header in (
        ("shopify", "x-shopify-topic"),
        ("woocommerce", "x-wc-webhook-topic"),
        ("holded", "x-holded-webhook-event"),
    ):
        headers = {header: "a/b", header.upper(): "c/d"}
        assert registry.get(source).identify(b"{}", headers).topic == ""


def test_a_source_there_is_not_is_none_or_bad_input() -> None:
    assert registry.find("magento") is None
    with pytest.raises(BadInput, match="unknown_source"):
        registry.get("magento")


def test_an_amount_that_is_reckoned_too_large_is_reviewed_where_it_is_read() -> None:
    line = {**BOUGHT, "quantity": 82_644_628_101}
    found = normalise("shopify", "refunds/create", {**SHOPIFY_REFUND, "refund_line_items": [line]})

    assert (found.events, found.review) == ((), "number_out_of_range")
