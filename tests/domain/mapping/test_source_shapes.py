"""Shapes that differ by API version, shop setting and what a sender leaves out: each is a document to the cent."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.domain.mapping.default_catalogue import default_catalogue
from relay.domain.mapping.plan import plan
from relay.domain.settings import default_settings
from tests.domain.sources.payloads import SHOPIFY_ORDER, STRIPE_INVOICE, WOO_ORDER, changed, normalise, stripe_event

D = Decimal


def made(source: str, topic: str, body: Any) -> list[tuple[str, str, str | None]]:
    """(event type, outcome or review reason, total) of each event."""
    found = normalise(source, topic, body)
    assert not found.review, found
    rows = []
    for event in found.events:
        one = plan(event, default_settings(), default_catalogue())
        told = one.outcome if one.outcome == "document" else one.reason
        rows.append((event.type, told, str(one.document.total) if one.document else None))
    return rows


def shopify(total: str, *lines: dict[str, Any], topic: str = "orders/paid", **fields: Any) -> str | None:
    untaxed = {"taxes_included": False, "total_tax": "0.00", "total_price": total, "line_items": list(lines)}
    rows = made("shopify", topic, {**changed(SHOPIFY_ORDER, **{**untaxed, **fields})})
    assert [told for _, told, _ in rows] == ["document"], rows
    return rows[0][2]


def article(price: str, place: int = 1, **fields: Any) -> dict[str, Any]:
    return {"id": place, "name": "Silla", "quantity": 1, "price": price, "tax_lines": [], **fields}


def iva(amount: str) -> list[dict[str, Any]]:
    return [{"title": "IVA", "rate": 0.21, "price": amount}]


def taken_off(place: int, subtotal: str) -> list[dict[str, Any]]:
    units = {"line_item_id": place, "quantity": 1, "subtotal": subtotal, "total_tax": "0.00"}
    return [{"id": 3, "transactions": [], "order_adjustments": [], "refund_line_items": [units]}]


def test_shopify_discounts_that_only_partly_stand_on_the_lines() -> None:
    lines = (article("90.00"), article("160.00", 2, total_discount="5.00"))

    assert shopify("230.00", *lines, total_discounts="20.00") == "230.00"


@pytest.mark.parametrize(("price", "total"), [("100.00", "121.00"), ("121.00", "121.00")])
def test_shopify_orders_that_do_not_say_whether_prices_include_tax(price: str, total: str) -> None:
    line = article(price, tax_lines=iva("21.00"))

    assert shopify(total, line, taxes_included=None, total_tax="21.00") == total


@pytest.mark.parametrize("told", ["15.00", "10.00"])
def test_shopify_totals_with_and_without_the_units_an_edit_took_off(told: str) -> None:
    lines = (article("10.00"), article("5.00", 2))

    assert shopify(told, *lines, refunds=taken_off(2, "5.00")) == "10.00"


def test_a_shopify_order_of_which_every_unit_was_taken_off_still_shows_what_was_paid() -> None:
    assert shopify("15.00", article("15.00"), refunds=taken_off(1, "15.00")) == "15.00"


def test_shopify_shipping_that_stands_only_in_the_totals() -> None:
    shipping = {"shop_money": {"amount": "4.95", "currency_code": "EUR"}}

    assert shopify("14.95", article("10.00"), total_shipping_price_set=shipping) == "14.95"


def test_shopify_duties_that_stand_only_in_the_current_totals() -> None:
    duties = {"shop_money": {"amount": "3.00", "currency_code": "EUR"}}

    assert shopify("13.00", article("10.00"), current_total_duties_set=duties) == "13.00"


def test_a_shopify_order_that_was_paid_and_cancelled_later_is_a_document_under_paid_and_ignored_under_cancelled() -> (
    None
):
    cancelled = {**SHOPIFY_ORDER, "cancelled_at": "2026-03-02T10:00:00+01:00"}

    assert made("shopify", "orders/paid", cancelled) == [("order.paid", "document", "121.00")]
    assert made("shopify", "orders/cancelled", cancelled) == [("order.cancelled", "order_cancelled", None)]


def shop_with_tax_inside(prices: list[tuple[Decimal, int, int]]) -> dict[str, Any]:
    """An order as WooCommerce writes it where prices hold tax: six decimals within, two in what it shows."""
    lines, taxes = [], D(0)
    for place, (price, rate, quantity) in enumerate(prices):
        net = (price * quantity * 100 / (100 + rate)).quantize(D("0.000001"), ROUND_HALF_UP)
        tax = price * quantity - net
        taxes += tax
        lines.append(
            {
                "id": place, "name": "Silla", "quantity": quantity, "price": float(net / quantity),
                "subtotal": cents(net), "total": cents(net), "subtotal_tax": cents(tax), "total_tax": cents(tax),
                "taxes": [{"id": rate, "total": str(tax), "subtotal": str(tax)}],
            }
        )  # fmt: skip
    rates = sorted({rate for _, rate, _ in prices})
    return changed(
        WOO_ORDER,
        line_items=lines,
        total=cents(sum((price * quantity for price, _, quantity in prices), D(0))),
        total_tax=cents(taxes),
        tax_lines=[
            {"rate_id": rate, "rate_code": f"ES-{rate}", "label": "IVA", "rate_percent": rate} for rate in rates
        ],
    )


def cents(amount: Decimal) -> str:
    return str(amount.quantize(D("0.01"), ROUND_HALF_UP))


PRICED = st.tuples(
    st.integers(100, 20_000).map(lambda price: D(price) / 100), st.sampled_from([21, 10, 4]), st.integers(1, 5)
)


@given(st.lists(PRICED, min_size=1, max_size=6))
def test_a_woocommerce_order_priced_with_tax_comes_to_what_was_paid(prices: list[tuple[Decimal, int, int]]) -> None:
    body = shop_with_tax_inside(prices)

    assert made("woocommerce", "order.updated", body) == [("order.updated", "document", body["total"])]


def test_woocommerce_nets_in_cents_that_do_not_add_up_are_read_with_their_tax() -> None:
    body = shop_with_tax_inside([(D("10.00"), 21, 1)] * 3)

    found = normalise("woocommerce", "order.updated", body).events[0].data

    assert sum(D(line["total"]) for line in body["line_items"]) + D(body["total_tax"]) == D("29.99")
    assert [(line.unit_price, line.total) for line in found.lines] == [(D("10.00"), D("10.00"))] * 3  # type: ignore[union-attr] # an order
    assert found.prices_include_tax  # type: ignore[union-attr] # an order


def test_a_coupon_on_prices_with_tax_is_told_with_its_tax() -> None:
    body = shop_with_tax_inside([(D("9.00"), 21, 1)] * 3)
    for line in body["line_items"]:
        line |= {"subtotal": "8.26", "subtotal_tax": "1.74"}
        line["taxes"][0]["subtotal"] = "1.735537"

    found: Any = normalise("woocommerce", "order.updated", body).events[0].data

    assert [(line.unit_price, line.discounts[0].amount) for line in found.lines] == [(D("10.00"), D("1.00"))] * 3
    assert made("woocommerce", "order.updated", body)[0][1:] == ("document", "27.00")


LEGACY: dict[str, Any] = {
    "id": 645,
    "order_number": "645",
    "created_at": "2026-03-01T09:00:00Z",
    "updated_at": "2026-03-01T09:05:00Z",
    "completed_at": "2026-03-01T09:05:00Z",
    "status": "processing",
    "currency": "EUR",
    "total": "77.77",
    "total_tax": "11.76",
    "shipping_tax": "2.10",
    "payment_details": {"method_id": "bacs", "paid": True},
    "billing_address": {"first_name": "Ana", "country": "ES", "email": "ana@example.com"},
    "shipping_address": {"country": "ES"},
    "note": "portal 2",
    "line_items": [
        {"id": 1, "name": "Silla", "quantity": 1, "subtotal": "35.01", "total": "35.01", "total_tax": "7.35"},
        {"id": 2, "name": "Pan", "quantity": 2, "subtotal": "21.00", "total": "21.00", "total_tax": "2.10", "meta": []},
    ],
    "shipping_lines": [{"id": 3, "method_title": "Envío", "total": "10.00"}],
    "tax_lines": [
        {"rate_id": "5", "code": "ES-IVA-1", "title": "IVA", "total": "9.45"},
        {"rate_id": "6", "code": "ES-IVA-2", "title": "IVA", "total": "2.10"},
    ],
    "fee_lines": [{"id": 4, "title": "Envuelto", "total": "-0.00", "total_tax": "0.00"}],
    "coupon_lines": [],
}


def test_woocommerces_first_api_is_understood_alone_wrapped_and_in_lists() -> None:
    order = {**LEGACY, "total": "77.56", "total_tax": "11.55"}
    expected = [("order.updated", "document", "77.56")]

    assert made("woocommerce", "order.updated", order) == expected
    assert made("woocommerce", "order.updated", {"order": order}) == expected
    assert made("woocommerce", "order.updated", {"orders": [order, {**order, "id": 646}]}) == expected * 2
    assert made("woocommerce", "order.updated", {"data": [order]}) == expected


def test_an_order_of_woocommerces_first_api_keeps_its_facts() -> None:
    found: Any = normalise("woocommerce", "order.created", {"order": LEGACY}).events[0].data

    assert (found.number, found.payment_status, found.payments[0].method) == ("645", "paid", "bacs")
    assert (found.billing_address.country, found.contact.email, found.note) == ("ES", "ana@example.com", "portal 2")
    assert [(line.kind, line.taxes[0].rate, line.taxes[0].amount) for line in found.lines[:3]] == [
        ("product", D(21), D("7.35")),
        ("product", D(10), D("2.10")),
        ("shipping", D(21), D("2.10")),
    ]


def test_customers_and_products_of_woocommerces_first_api_are_understood() -> None:
    customer = {"id": 4, "created_at": "2026-03-01T09:00:00Z", "email": "ana@example.com", "username": "ana",
                "billing_address": {"first_name": "Ana", "country": "ES"}, "shipping_address": {}}  # fmt: skip
    product = {"id": 5, "created_at": "2026-03-01T09:00:00Z", "updated_at": "2026-03-01T09:00:00Z", "title": "Silla",
               "regular_price": "10.00", "sku": "S-1", "tags": ["madera"]}  # fmt: skip

    assert made("woocommerce", "customer.created", {"customer": customer}) == [("contact.created", "document", None)]
    found: Any = normalise("woocommerce", "product.updated", {"product": product}).events[0].data
    assert (found.name, found.price, found.tags) == ("Silla", D("10.00"), ("madera",))


def test_a_body_under_the_name_of_another_resource_goes_to_review() -> None:
    assert normalise("woocommerce", "order.updated", {"customer": {"id": 1}}).review == "topic_mismatch"


@pytest.mark.parametrize(
    ("order", "tax"),
    [
        ({}, "s_iva_21"),
        ({"total": "100.00", "total_tax": "0.00", "tax_lines": [], "line_items": "untaxed"}, "s_iva_exento"),
    ],
)
def test_a_woocommerce_refund_of_a_part_bears_the_only_tax_that_was_charged(order: dict[str, Any], tax: str) -> None:
    if order.get("line_items"):
        order = {**order, "line_items": [{**WOO_ORDER["line_items"][0], "total_tax": "0.00", "taxes": []}]}
    refunds = [{"id": 9, "reason": "", "total": "-12.10"}]
    found = normalise("woocommerce", "order.updated", changed(WOO_ORDER, refunds=refunds, **order))

    refund = plan(found.events[1], default_settings(), default_catalogue())

    assert refund.document is not None
    assert (refund.document.total, refund.document.lines[0].taxes) == (D("12.10"), (tax,))


def test_a_woocommerce_refund_of_a_part_of_two_rates_goes_to_review() -> None:
    body = shop_with_tax_inside([(D("10.00"), 21, 1), (D("10.00"), 10, 1)])
    body["refunds"] = [{"id": 9, "reason": "", "total": "-5.00"}]

    assert made("woocommerce", "order.updated", body)[1][1] == "refund_tax_unknown"


def billed(prices: list[tuple[Decimal, int, int]], *, inclusive: bool) -> dict[str, Any]:
    """An invoice as Stripe's webhooks write it: tax in whole cents a line, its rates named by their ids alone."""
    lines, subtotal, taxed = [], 0, 0
    for price, rate, quantity in prices:
        amount = int(price * quantity * 100)
        tax = int((D(amount) * rate / (100 + rate if inclusive else 100)).quantize(D(1), ROUND_HALF_UP))
        told = {"amount": tax, "taxable_amount": amount - tax if inclusive else amount,
                "tax_behavior": "inclusive" if inclusive else "exclusive",
                "tax_rate_details": {"tax_rate": f"txr_{rate}"}}  # fmt: skip
        lines.append({"amount": amount, "quantity": quantity, "description": "Plan", "taxes": [told] if tax else []})
        subtotal, taxed = subtotal + amount, taxed + tax
    total = subtotal if inclusive else subtotal + taxed
    address = {"customer_address": {"country": "ES", "postal_code": "28001"}}
    return changed(STRIPE_INVOICE, total=total, subtotal=subtotal, lines={"data": lines}, total_taxes=[], **address)


@given(st.lists(PRICED, min_size=1, max_size=6), st.booleans())
def test_a_stripe_invoice_with_rates_it_does_not_tell_comes_to_its_total(
    prices: list[tuple[Decimal, int, int]], inclusive: bool
) -> None:
    body = billed(prices, inclusive=inclusive)

    assert made("stripe", "", body) == [("invoice.paid", "document", cents(D(body["total"]) / 100))]


def bare(topic: str, **fields: Any) -> list[tuple[str, str, str | None]]:
    return made("stripe", topic, changed(STRIPE_INVOICE, **fields))


def test_a_bare_stripe_invoice_is_what_its_sender_says_happened_to_it() -> None:
    assert bare("invoice.finalized", status="draft") == [("invoice.issued", "document", "121.00")]
    assert bare("invoice.finalized", status="uncollectible") == [("invoice.issued", "document", "121.00")]
    assert bare("invoice.finalized", status="void") == [("invoice.issued", "invoice_voided", None)]
    assert normalise("stripe", "credit_note.created", changed(STRIPE_INVOICE, status="draft")).ignored == "not_final"


def test_a_signed_event_wins_over_what_is_told_beside_it() -> None:
    assert made("stripe", "invoice.voided", stripe_event("invoice.paid", STRIPE_INVOICE)) == [
        ("invoice.paid", "document", "121.00")
    ]


def test_a_deleted_draft_was_never_issued() -> None:
    assert (
        normalise("stripe", "invoice.paid", {"id": "in_1", "object": "invoice", "deleted": True}).ignored == "deleted"
    )


def test_money_moved_only_if_the_object_says_so() -> None:
    intent = {"id": "pi_1", "object": "payment_intent", "amount": 100, "currency": "eur", "created": 1772355600}

    found = normalise("stripe", "payment_intent.succeeded", {**intent, "status": "requires_payment_method"})

    assert found.ignored == "not_final"


def test_an_invoice_older_than_its_status_and_its_created_field() -> None:
    old = {key: value for key, value in STRIPE_INVOICE.items() if key not in {"status", "created", "effective_at"}}

    assert made("stripe", "", {**old, "paid": True, "date": 1400000000, "total": 12100})[0][0] == "invoice.paid"


def test_the_older_twin_of_invoice_paid_and_a_session_paid_later() -> None:
    session = {"id": "cs_1", "object": "checkout.session", "mode": "payment", "payment_status": "paid",
               "currency": "eur", "amount_total": 1000, "payment_intent": "pi_1"}  # fmt: skip
    late = "checkout.session.async_payment_succeeded"

    assert made("stripe", "", stripe_event("invoice.payment_succeeded", STRIPE_INVOICE)) == [
        ("invoice.paid", "document", "121.00")
    ]
    assert made("stripe", "", stripe_event(late, session)) == [("order.paid", "document", "10.00")]


@pytest.mark.parametrize(
    "coupon", [{"discount": {"coupon": {"id": "ten", "percent_off": 10}}}, {"discounts": [{"coupon": {"id": "ten"}}]}]
)
def test_a_stripe_coupon_of_which_only_its_name_is_told_took_off_the_difference(coupon: dict[str, Any]) -> None:
    lines = {"data": [{"id": "il_1", "amount": 10000, "quantity": 1, "description": "Plan"}]}
    told = {"total": 10890, "tax": 1890, "tax_percent": 21, "lines": lines, "total_taxes": None}

    assert bare("", **told, **coupon) == [("invoice.paid", "document", "108.90")]


def credit_note(total: int, **fields: Any) -> list[tuple[str, str, str | None]]:
    note = {"id": "cn_1", "object": "credit_note", "currency": "eur", "created": 1772355600, "status": "issued",
            "total": total, "amount": total, "lines": {"data": [], "has_more": False}, "tax_amounts": []}  # fmt: skip
    return made("stripe", "", {**note, "invoice": STRIPE_INVOICE, **fields})


def test_a_stripe_credit_note_without_lines_credits_what_its_invoice_sold() -> None:
    whole = [("credit_note.issued", "document", "121.00")]

    assert credit_note(12100) == whole
    assert credit_note(1210) == [("credit_note.issued", "document", "12.10")]  # all of it was sold at one rate
    assert credit_note(1210, tax_amounts=[{"amount": 210, "inclusive": False, "tax_rate": "txr_1"}])[0][1] == "document"
    assert credit_note(1210, invoice="in_1")[0][1] == "refund_tax_unknown"
