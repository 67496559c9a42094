"""WooCommerce REST v3 orders with their refunds, customers and products."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from relay.domain.models import Order
from tests.domain.sources.payloads import WOO_ORDER, changed, normalise, only, samples

D = Decimal


def order(**fields: Any) -> Order:
    data = normalise("woocommerce", "order.updated", changed(WOO_ORDER, **fields)).events[0].data
    assert isinstance(data, Order)
    return data


def line(**fields: Any) -> dict[str, Any]:
    return changed(WOO_ORDER["line_items"][0], **fields)


def sum_of(found: Any) -> Decimal:
    taxes = sum((tax.amount for one in found.lines for tax in one.taxes), D(0))
    return sum((one.total or D(0) for one in found.lines), D(0)) + taxes


def test_prices_are_net_whatever_the_shops_setting() -> None:
    event = only(normalise("woocommerce", "order.created", WOO_ORDER))

    assert (event.type, event.subject, event.version) == ("order.created", "501", 1772355900000)
    assert not event.data.prices_include_tax
    assert [(one.unit_price, one.taxes[0].rate, one.taxes[0].country) for one in event.data.lines] == [
        (D(100), D(21), "ES")
    ]
    assert sum_of(event.data) == event.data.total == D("121.00")


def test_real_orders_of_the_documentation_add_up() -> None:
    counted = 0
    for path in samples("woocommerce_v3/orders__*.json"):
        for event in normalise("woocommerce", "order.updated", path.read_bytes()).events:
            if event.type.startswith("order."):
                counted += 1
                data: Any = event.data
                assert sum_of(data) == data.total, path.name
    assert counted >= 8


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({}, "paid"),
        ({"date_paid_gmt": None}, "unpaid"),
        ({"status": "completed", "date_paid_gmt": None}, "paid"),
        ({"status": "on-hold", "date_paid_gmt": None}, "unpaid"),
        ({"status": "refunded"}, "refunded"),
        ({"refunds": [{"id": 9, "total": "-1.00"}]}, "partially_refunded"),
        ({"status": "cancelled", "date_paid_gmt": None}, "voided"),
    ],
)
def test_paid_is_what_has_a_payment_date_or_is_completed(fields: dict[str, Any], status: str) -> None:
    assert order(**fields).payment_status == status


def test_a_cancelled_or_failed_order_is_a_fact_of_its_own() -> None:
    for status in ("cancelled", "failed"):
        event = only(normalise("woocommerce", "order.updated", changed(WOO_ORDER, status=status)))
        assert (event.type, event.monotone, event.subject) == ("order.cancelled", True, "501")


def test_an_order_lists_its_refunds_and_each_becomes_an_event() -> None:
    refunds = [{"id": 9, "reason": "broken", "total": "-121.00"}, {"id": 10, "total": "-1.00"}]
    events: Any = normalise("woocommerce", "order.updated", changed(WOO_ORDER, refunds=refunds)).events
    order_event, whole, part = events

    assert [one.type for one in (order_event, whole, part)] == ["order.updated", "refund.created", "refund.created"]
    assert [one.id for one in (order_event, whole, part)] == ["inbox-1#0", "inbox-1#1", "inbox-1#2"]
    assert (whole.subject, whole.data.refers_to, whole.data.full) == ("9", "501", True)
    assert sum_of(whole.data) == whole.data.total == D("121.00")
    assert (part.data.lines, part.data.total) == ((), D("1.00"))


def test_a_coupon_is_the_discount_of_its_lines() -> None:
    found = order(
        total="108.90",
        line_items=[line(total="90.00", taxes=[{"id": 3, "total": "18.90"}])],
        coupon_lines=[{"code": "diez"}],
    )

    assert [(one.amount, one.code) for one in found.lines[0].discounts] == [(D("10.00"), "diez")]
    assert sum_of(found) == found.total


def test_shipping_and_fees_are_lines_and_a_negative_fee_a_discount() -> None:
    found = order(
        total="123.10",
        shipping_lines=[{"id": 1, "method_title": "Env&iacute;o", "total": "5.00", "taxes": []}],
        fee_lines=[{"id": 2, "name": "Descuento", "total": "-2.90", "taxes": []}],
    )

    assert [(one.kind, one.name, one.total) for one in found.lines[1:]] == [
        ("shipping", "Envío", D("5.00")),
        ("discount", "Descuento", D("-2.90")),
    ]
    assert sum_of(found) == found.total


def test_a_gift_card_is_a_payment_and_not_a_discount() -> None:
    found = order(total="71.00", gift_cards=[{"code": "GIFT", "amount": 50}])

    assert found.total == D("121.00")
    assert [(one.method, one.amount) for one in found.payments] == [("redsys", D("71.00")), ("gift_card", D(50))]


def test_a_unit_price_that_does_not_end_still_makes_the_amount() -> None:
    found = order(line_items=[line(quantity=3, subtotal="100.00", total="100.00")]).lines[0]

    assert found.quantity == 3
    assert round(found.unit_price * 3, 2) == D("100.00")


def test_without_a_told_percent_the_rate_is_the_only_one_that_explains_every_line() -> None:
    bare = {"rate_id": 3, "rate_code": "ES-IVA-1", "label": "IVA", "tax_total": "21.00"}
    assert [tax.rate for tax in order(tax_lines=[bare]).lines[0].taxes] == [D(21)]
    cent = line(total="0.05", subtotal="0.05", taxes=[{"id": 3, "total": "0.01"}])
    assert [tax.rate for tax in order(tax_lines=[bare], line_items=[cent]).lines[0].taxes] == [None]


def test_taxes_told_unrounded_are_read_as_the_shop_rounds_them() -> None:
    taxes = [{"id": 3, "total": "38.115"}, {"id": 4, "total": "10.001"}]
    lines = [line(total="181.50", total_tax="48.12", taxes=taxes), line(total="10.00", total_tax="0.00", taxes=[])]
    each = order(line_items=lines, total_tax="48.12")
    sum_only = order(line_items=lines, total_tax="48.116")

    assert [tax.amount for tax in each.lines[0].taxes] == [D("38.12"), D("10.00")]
    assert [tax.amount for tax in sum_only.lines[0].taxes] == [D("38.115"), D("10.001")]


@pytest.mark.parametrize(
    "key",
    [
        "_billing_nif",
        "billing_vat",
        "vat_number",
        "_vat_number",
        "billing_nif",
        "NIF",
        "nif",
        "_billing_cif",
        "billing_dni",
    ],
)
def test_a_tax_id_is_found_in_the_meta_data(key: str) -> None:
    contact = order(meta_data=[{"id": 1, "key": key, "value": "B65410011"}]).contact

    assert contact is not None
    assert [one.value for one in contact.tax_ids] == ["B65410011"]


def test_a_tax_id_is_found_in_the_billing_fields_plugins_add() -> None:
    contact = order(billing={**WOO_ORDER["billing"], "nif": "12345678Z"}).contact

    assert contact is not None
    assert [(one.value, one.country, one.kind) for one in contact.tax_ids] == [("12345678Z", "ES", "nif")]


@pytest.mark.parametrize(
    "key", ["is_vat_exempt", "_vat_country", "vat_rate", "_vat_number_is_validated", "_prices_include_vat_amount"]
)
def test_a_field_about_tax_that_holds_no_id_is_not_taken_for_one(key: str) -> None:
    contact = order(meta_data=[{"key": key, "value": "12345"}]).contact

    assert contact is not None
    assert contact.tax_ids == ()


def test_a_recorded_vies_answer_and_the_exemption_are_kept() -> None:
    meta = [
        {"key": "_vat_number", "value": "DE111111125"},
        {"key": "_vat_number_is_validated", "value": "yes"},
        {"key": "is_vat_exempt", "value": "yes"},
    ]
    contact = order(meta_data=meta).contact

    assert contact is not None
    assert contact.tax_exempt is True
    assert [(one.country, one.vies_confirmed_at is not None) for one in contact.tax_ids] == [("DE", True)]


@pytest.mark.parametrize("topic", ["order.deleted", "customer.deleted", "product.deleted"])
def test_a_deleted_object_is_ignored(topic: str) -> None:
    assert normalise("woocommerce", topic, {"id": 1}).ignored == "deleted"


@pytest.mark.parametrize("status", ["checkout-draft", "trash"])
def test_a_draft_is_ignored(status: str) -> None:
    assert normalise("woocommerce", "order.updated", changed(WOO_ORDER, status=status)).ignored == "not_final"


def test_a_batch_answers_for_each_of_its_elements() -> None:
    failed = {"id": 0, "error": {"code": "x", "message": "y"}}
    batch = {"create": [WOO_ORDER, failed], "update": [changed(WOO_ORDER, id=2)], "delete": [changed(WOO_ORDER, id=3)]}
    found = normalise("woocommerce", "order.updated", batch)

    assert [(one.id, one.type) for one in found.events] == [
        ("inbox-1#0", "order.created"),
        ("inbox-1#1", "order.updated"),
    ]
    assert found.ignored == "shop_error"
    assert "element 1: shop_error" in found.detail
    assert "element 3: deleted" in found.detail


def test_a_refund_posted_alone_needs_its_currency_and_its_order() -> None:
    alone = {
        "id": 726,
        "date_created_gmt": "2026-03-21T20:07:11",
        "amount": "10.00",
        "refunded_by": 1,
        "line_items": [],
    }
    links = {"_links": {"up": [{"href": "https://example.com/wp-json/wc/v3/orders/723"}]}}

    assert normalise("woocommerce", "refund.created", {**alone, **links}).review == "missing_currency"
    assert normalise("woocommerce", "refund.created", {**alone, "currency": "EUR"}).review == "missing_field"
    event = only(normalise("woocommerce", "refund.created", {**alone, **links, "currency": "EUR"}))
    assert (event.type, event.subject, event.data.refers_to, event.data.total) == (
        "refund.created",
        "726",
        "723",
        D(10),
    )


@pytest.mark.parametrize(
    ("topic", "body"),
    [("customer.created", WOO_ORDER), ("order.updated", {"id": 1, "email": "a@example.com", "billing": {}})],
)
def test_a_body_of_another_resource_than_its_topic_goes_to_review(topic: str, body: Any) -> None:
    assert normalise("woocommerce", topic, body).review == "topic_mismatch"


def test_a_customer_becomes_a_contact() -> None:
    body = {
        "id": 25,
        "email": "a@example.com",
        "username": "ana",
        "billing": {"company": "Acme B65410011"},
        "shipping": {},
    }
    event = only(normalise("woocommerce", "customer.created", body))

    assert (event.type, event.subject, event.data.is_person) == ("contact.created", "25", False)
    assert [one.value for one in event.data.tax_ids] == ["B65410011"]


def test_a_product_becomes_a_product_and_a_variation_belongs_to_its_parent() -> None:
    body = {
        "id": 5,
        "name": "Mesa &amp; silla",
        "sku": "M",
        "regular_price": "10.00",
        "type": "variation",
        "parent_id": 4,
    }
    event = only(normalise("woocommerce", "product.updated", body))

    assert (event.type, event.subject, event.data.id, event.data.variant_id) == ("product.updated", "5", "4", "5")
    assert event.data.name == "Mesa & silla"
