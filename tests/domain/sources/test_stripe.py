"""Stripe events and objects of old and new API versions; `gobl.stripe` conversions as an independent opinion."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

from relay.domain.models import CreditNote, Invoice
from relay.domain.sources.registry import get
from relay.domain.sources.signing import sign
from tests.domain.sources.payloads import NOW, STRIPE_INVOICE, changed, normalise, only, samples, stripe_event

D = Decimal


def invoice(topic: str = "invoice.finalized", **fields: Any) -> Invoice:
    data = only(normalise("stripe", "", stripe_event(topic, changed(STRIPE_INVOICE, **fields)))).data
    assert isinstance(data, Invoice)
    return data


def lines(*rows: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {"has_more": False, "data": [{"quantity": 1, "description": "x", **row} for row in rows], **fields}


def sum_of(found: Invoice | CreditNote) -> Decimal:
    taxes = sum((tax.amount for one in found.lines for tax in one.taxes), D(0))
    net = sum((one.total or D(0) for one in found.lines), D(0)) - sum((one.amount for one in found.discounts), D(0))
    return net if found.prices_include_tax else net + taxes


@pytest.mark.parametrize(
    ("topic", "kind"),
    [("invoice.finalized", "invoice.issued"), ("invoice.paid", "invoice.paid"), ("invoice.voided", "invoice.voided")],
)
def test_an_invoice_has_one_subject_under_every_type(topic: str, kind: str) -> None:
    event = only(normalise("stripe", "", stripe_event(topic, STRIPE_INVOICE)))

    assert (event.type, event.subject, event.monotone) == (kind, "in_1", True)
    assert sum_of(event.data) == event.data.total == D("121.00")


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        ("open", "invoice.issued"),
        ("paid", "invoice.paid"),
        ("void", "invoice.voided"),
        ("draft", ""),
        ("uncollectible", ""),
    ],
)
def test_a_bare_invoice_is_told_by_its_own_status(status: str, kind: str) -> None:
    found = normalise("stripe", "", changed(STRIPE_INVOICE, status=status))

    assert [event.type for event in found.events] == ([kind] if kind else [])
    assert found.ignored == ("" if kind else "not_final")


def test_a_bare_object_and_its_event_have_the_same_topic() -> None:
    identify = get("stripe").identify
    event = json.dumps(stripe_event("invoice.paid", STRIPE_INVOICE)).encode()
    bare = json.dumps(STRIPE_INVOICE).encode()

    assert identify(event, {}).topic == identify(bare, {}).topic == "invoice.paid"
    assert identify(event, {}).object_id == identify(bare, {}).object_id == "in_1"


@pytest.mark.parametrize("path", [pytest.param(name, id=name) for name in (
    "basic_invoice", "basic_credit_note", "coupon", "customer_no_taxid", "free_tier", "invoice_paid", "percentage",
    "tax_manual", "unexpanded_invoice",
)])  # fmt: skip
def test_totals_taxes_and_tax_ids_agree_with_gobl(path: str) -> None:
    folder = samples("stripe_gobl/*.json")[0].parent
    own = next(one for one in (folder / f"stripe_{path}.json", folder / f"{path}.json") if one.exists())
    expected = next(one for one in (folder / f"out__gobl_{path}.json", folder / f"out__{path}.json") if one.exists())
    value, told = json.loads(own.read_text()), json.loads(expected.read_text())
    told = told.get("doc", told)
    body = stripe_event("invoice.finalized", value) if value["status"] == "draft" else value

    data = only(normalise("stripe", "", body)).data

    assert data.total == D(told["totals"]["total_with_tax"]) == sum_of(data)
    assert sum((tax.amount for one in data.lines for tax in one.taxes), D(0)) == D(told["totals"]["tax"])
    tax_id = told.get("customer", {}).get("tax_id", {})
    values = [one.value.removeprefix(one.country or "") for one in data.contact.tax_ids]
    assert values == ([tax_id["code"]] if tax_id else [])
    percents = {one["percent"] for line in told["lines"] for one in line.get("taxes", []) if "percent" in one}
    assert {f"{tax.rate:.1f}%" for one in data.lines for tax in one.taxes if tax.amount} <= percents


@pytest.mark.parametrize(
    ("currency", "total"), [("eur", "121.00"), ("jpy", "12100"), ("kwd", "12.100"), ("isk", "121.00")]
)
def test_amounts_have_as_many_decimals_as_the_currency(currency: str, total: str) -> None:
    assert str(invoice(currency=currency).total) == total


def test_the_rate_is_read_from_an_expanded_object_or_from_the_only_one_that_explains_the_tax() -> None:
    rate = {"id": "txr_1", "object": "tax_rate", "percentage": 21, "display_name": "IVA", "country": "ES"}
    expanded = invoice(default_tax_rates=[rate]).lines[0].taxes[0]
    derived = invoice().lines[0].taxes[0]
    tiny = {"amount": 3, "taxable_amount": 14, "tax_behavior": "exclusive", "tax_rate_details": {"tax_rate": "txr_1"}}
    unclear = invoice(lines=lines({"amount": 14, "taxes": [tiny]}), total=17).lines[0].taxes[0]

    assert (expanded.rate, expanded.name, expanded.country) == (D(21), "IVA", "ES")
    assert derived.rate == D(21)
    assert unclear.rate is None


def test_inclusive_tax_makes_gross_prices() -> None:
    tax = {"amount": 2100, "taxable_amount": 10000, "inclusive": True, "tax_rate": "txr_1"}
    found = invoice(lines=lines({"amount": 12100, "tax_amounts": [tax]}))

    assert found.prices_include_tax
    assert sum_of(found) == found.total == D("121.00")


def test_inclusive_and_exclusive_lines_together_are_all_told_without_tax() -> None:
    inside = {"amount": 2100, "taxable_amount": 10000, "inclusive": True, "tax_rate": "txr_1"}
    outside = {**inside, "inclusive": False}
    found = invoice(
        lines=lines({"amount": 12100, "tax_amounts": [inside]}, {"amount": 10000, "tax_amounts": [outside]}),
        total=24200,
    )

    assert not found.prices_include_tax
    assert [one.total for one in found.lines] == [D(100), D(100)]
    assert sum_of(found) == found.total


def test_tiers_and_prorations_are_told_by_their_amount() -> None:
    tiered = {"amount": 1000, "quantity": 3, "price": {"unit_amount_decimal": None}}
    proration = {"amount": -250, "quantity": 1, "proration": True, "price": {"unit_amount_decimal": "1000"}}
    fine = {"amount": 50, "quantity": 1000, "price": {"unit_amount_decimal": "0.05"}}
    found = invoice(lines=lines(tiered, proration, fine), total=800, total_taxes=[])

    assert [round(one.unit_price * one.quantity, 2) for one in found.lines] == [D("10.00"), D("-2.50"), D("0.50")]
    assert found.lines[2].unit_price == D("0.0005")
    assert sum_of(found) == found.total


def test_an_old_invoice_wide_coupon_is_the_difference_it_made() -> None:
    found = invoice(
        lines=lines({"amount": 10000}), total=9000, total_taxes=[], discount={"coupon": {"id": "C", "percent_off": 10}}
    )

    assert [one.amount for one in found.discounts] == [D("10.00")]
    assert sum_of(found) == found.total


def test_an_old_tax_percent_goes_to_the_lines() -> None:
    found = invoice(lines=lines({"amount": 10000}), total_taxes=None, tax=2100, tax_percent=21)

    assert [(tax.rate, tax.amount) for tax in found.lines[0].taxes] == [(D(21), D("21.00"))]
    assert sum_of(found) == found.total


def test_shipping_beside_the_lines_is_a_line() -> None:
    cost = {"amount_subtotal": 1000, "amount_tax": 210, "amount_total": 1210}
    found = invoice(shipping_cost=cost, amount_shipping=1000, total=13310)

    assert [(one.kind, one.total) for one in found.lines[1:]] == [("shipping", D("10.00"))]
    assert sum_of(found) == found.total


def test_an_invoice_of_which_only_the_first_lines_came_goes_to_review() -> None:
    cut = changed(STRIPE_INVOICE)
    cut["lines"]["has_more"] = True
    assert normalise("stripe", "", cut).review == "lines_incomplete"


def test_reverse_charge_is_told_beside_a_rate_of_zero() -> None:
    tax = {"amount": 0, "taxable_amount": 0, "taxability_reason": "reverse_charge", "inclusive": False, "tax_rate": "t"}
    found = invoice(
        lines=lines({"amount": 10000, "tax_amounts": [tax]}),
        total=10000,
        total_taxes=None,
        total_tax_amounts=[tax],
        customer_tax_exempt="reverse",
        customer_tax_ids=[{"type": "eu_vat", "value": "DE111111125"}],
    )

    assert found.custom_fields == {"tax_exempt": "reverse", "taxability_reason": "reverse_charge"}
    assert [tax.rate for tax in found.lines[0].taxes] == [D(0)]
    assert found.contact is not None
    assert [(one.country, one.vies_confirmed_at) for one in found.contact.tax_ids] == [("DE", None)]


def test_a_verified_eu_vat_id_is_a_recorded_confirmation() -> None:
    listed = {"type": "eu_vat", "value": "DE111111125", "created": 1700000000, "verification": {"status": "verified"}}
    found = invoice(
        customer={"id": "cus_1", "object": "customer", "tax_ids": {"data": [listed]}},
        customer_tax_ids=[{"type": "eu_vat", "value": "DE111111125"}],
    )

    assert found.contact is not None
    assert found.contact.tax_ids[0].vies_confirmed_at is not None


NOTE: dict[str, Any] = {
    "id": "cn_1",
    "object": "credit_note",
    "status": "issued",
    "currency": "eur",
    "created": 1772355600,
    "total": 12100,
    "lines": STRIPE_INVOICE["lines"],
    "total_taxes": STRIPE_INVOICE["total_taxes"],
}


def test_a_credit_note_names_its_invoice_and_is_positive() -> None:
    note = changed(NOTE, invoice="in_1", customer="cus_1", number="A-1-CN-01")
    event = only(normalise("stripe", "", note))

    assert (event.type, event.subject, event.data.refers_to) == ("credit_note.issued", "cn_1", "in_1")
    assert sum_of(event.data) == event.data.total == D("121.00")


SESSION: dict[str, Any] = {
    "id": "cs_1",
    "object": "checkout.session",
    "status": "complete",
    "payment_status": "paid",
    "mode": "payment",
    "currency": "eur",
    "created": 1772355600,
    "amount_subtotal": 10000,
    "amount_total": 12100,
    "total_details": {"amount_discount": 0, "amount_shipping": 0, "amount_tax": 2100},
    "payment_intent": "pi_1",
    "customer_details": {
        "email": "a@example.com",
        "name": "Ana",
        "tax_ids": [{"type": "es_cif", "value": "B65410011"}],
    },
}


def test_a_paid_checkout_is_an_order_named_by_its_payment() -> None:
    event = only(normalise("stripe", "", stripe_event("checkout.session.completed", SESSION)))

    assert (event.type, event.subject, event.data.total) == ("order.paid", "pi_1", D("121.00"))
    assert [(one.total, one.taxes[0].rate) for one in event.data.lines] == [(D("100.00"), D(21))]
    assert [(one.value, one.country) for one in event.data.contact.tax_ids] == [("B65410011", "ES")]


def test_the_items_of_an_expanded_checkout_are_its_lines() -> None:
    items = {
        "data": [
            {"description": "A", "quantity": 2, "amount_subtotal": 12100, "amount_tax": 2100, "amount_total": 12100}
        ]
    }
    data = only(normalise("stripe", "", changed(SESSION, line_items=items, amount_subtotal=12100))).data

    assert data.prices_include_tax
    assert [(one.quantity, one.unit_price, one.taxes[0].rate) for one in data.lines] == [(D(2), D("60.50"), D(21))]


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"invoice": "in_1"}, "invoiced_by_stripe"),
        ({"mode": "subscription"}, "invoiced_by_stripe"),
        ({"payment_status": "unpaid"}, "not_paid"),
        ({"mode": "setup", "amount_total": None}, "not_final"),
    ],
)
def test_a_checkout_that_is_no_sale_of_its_own_is_ignored(fields: dict[str, Any], reason: str) -> None:
    assert normalise("stripe", "", changed(SESSION, **fields)).ignored == reason


def test_a_payment_and_its_refund_name_the_same_money() -> None:
    intent = {"id": "pi_1", "object": "payment_intent", "status": "succeeded", "currency": "eur", "created": 1772355600}
    intent |= {"payment_method_types": ["card"]}
    payment = only(normalise("stripe", "", {**intent, "amount": 12100, "amount_received": 12100}))
    charge = {"id": "ch_1", "object": "charge", "currency": "eur", "created": 1772355600, "payment_intent": "pi_1"}
    refunds = {"data": [{"id": "re_1", "amount": 2000, "created": 1772355700, "status": "succeeded"}]}
    refund = only(normalise("stripe", "", {**charge, "amount": 12100, "amount_refunded": 2000, "refunds": refunds}))

    assert (payment.type, payment.subject, payment.data.amount) == ("payment.received", "pi_1", D("121.00"))
    assert payment.data.method == "card"
    assert (refund.type, refund.subject, refund.data.refers_to) == ("refund.created", "re_1", "pi_1")
    assert (refund.data.total, refund.data.full) == (D("20.00"), None)


BARE_NOTE = {
    "id": "cn_1",
    "object": "credit_note",
    "currency": "eur",
    "created": 1772355600,
    "total": 2000,
    "invoice": "in_1",
}


@pytest.mark.parametrize(
    ("told", "subject", "later"),
    [
        ({}, "cn_1", 0),
        ({"refund": "re_1"}, "re_1", 1),
        ({"refund": {"id": "re_1", "object": "refund"}}, "re_1", 1),
        ({"refunds": [{"refund": "re_1", "amount_refunded": 2000}]}, "re_1", 1),
    ],
)
def test_a_credit_note_and_the_refund_that_pays_it_out_are_one_fact(
    told: dict[str, Any], subject: str, later: int
) -> None:
    event = only(normalise("stripe", "", {**BARE_NOTE, **told}))

    assert (event.subject, event.data.id, event.version) == (subject, "cn_1", 1772355600_000 + later)


def test_a_credit_note_of_several_refunds_goes_to_review() -> None:
    refunds = [{"refund": "re_1"}, {"refund": "re_2"}]

    assert normalise("stripe", "", {**BARE_NOTE, "refunds": refunds}).review == "several_refunds"


def test_without_listed_refunds_each_rise_of_the_refunded_amount_is_one_refund() -> None:
    charge = {"id": "ch_1", "object": "charge", "currency": "eur", "created": 1772355600, "amount": 12100}
    found = []
    for before, after in [(0, 2000), (2000, 5000)]:
        event = stripe_event("charge.refunded", {**charge, "amount_refunded": after})
        event["data"]["previous_attributes"] = {"amount_refunded": before}
        found.append(only(normalise("stripe", "", event)))

    assert [(one.subject, one.data.total) for one in found] == [("ch_1-2000", D("20.00")), ("ch_1-5000", D("30.00"))]


def test_a_customer_event_becomes_a_contact_and_a_deleted_one_is_ignored() -> None:
    value = {"id": "cus_1", "object": "customer", "name": "Ana", "created": 1700000000, "preferred_locales": ["es"]}
    event = only(normalise("stripe", "", stripe_event("customer.created", value)))

    assert (event.type, event.subject, event.data.language) == ("contact.created", "cus_1", "es")
    assert normalise("stripe", "", {"id": "cus_1", "object": "customer", "deleted": True}).ignored == "deleted"


@pytest.mark.parametrize(
    "body",
    [
        stripe_event("invoice.created", STRIPE_INVOICE),
        {"object": "v2.core.event", "id": "evt_1", "type": "v1.billing.meter.error", "related_object": {"id": "mtr_1"}},
        {"object": "balance"},
        {"anything": 1},
    ],
)
def test_any_other_event_or_object_is_ignored(body: dict[str, Any]) -> None:
    assert normalise("stripe", "", body).ignored == "unknown_topic"


def test_an_event_whose_object_is_of_another_kind_goes_to_review() -> None:
    assert normalise("stripe", "", stripe_event("invoice.paid", SESSION)).review == "topic_mismatch"


def test_a_listing_gives_an_event_for_each_object() -> None:
    body = {"object": "list", "data": [STRIPE_INVOICE, changed(STRIPE_INVOICE, id="in_2")]}
    assert [event.subject for event in normalise("stripe", "", body).events] == ["in_1", "in_2"]


def test_the_topic_beside_a_body_counts_only_where_no_event_is_around_the_object() -> None:
    draft = changed(STRIPE_INVOICE, status="draft")
    told = {"Relay-Topic": "invoice.finalized"}
    source = get("stripe")

    assert source.identify(json.dumps(draft).encode(), told).topic == "invoice.finalized"
    assert source.identify(json.dumps(draft).encode(), {}).topic == ""
    assert source.identify(json.dumps([draft]).encode(), told).topic == "invoice.finalized"
    event = stripe_event("invoice.paid", STRIPE_INVOICE)
    assert source.identify(json.dumps(event).encode(), told).topic == "invoice.paid"
    assert source.identify(b"no json", told).topic == ""


def test_what_is_sent_carries_its_topic_beside_the_signature() -> None:
    body = json.dumps(changed(STRIPE_INVOICE, status="draft")).encode()

    headers = sign("stripe", body, "whsec_x", now=NOW, topic="invoice.finalized", delivery_id="msg_1")

    assert get("stripe").verify(body, headers, ["whsec_x"], NOW, {}).ok
    assert get("stripe").identify(body, headers).topic == "invoice.finalized"
    assert "relay-topic" not in sign("stripe", body, "whsec_x", now=NOW, topic="", delivery_id="msg_1")


def test_a_rate_named_by_its_id_alone_is_the_one_that_explains_all_its_lines() -> None:
    def taxed(amount: int, taxable: int) -> dict[str, Any]:
        return {"taxes": [{"amount": amount, "taxable_amount": taxable, "tax_behavior": "exclusive",
                           "tax_rate_details": {"tax_rate": "txr_1"}}]}  # fmt: skip

    found = invoice(
        total=12104, total_taxes=[], lines=lines({"amount": 3, **taxed(1, 3)}, {"amount": 10000, **taxed(2100, 10000)})
    )

    assert [line.taxes[0].rate for line in found.lines] == [D(21), D(21)]
