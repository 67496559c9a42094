"""Shopify orders: the sale as it was made, in the shop's currency, before refunds."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from relay.domain.models import Order, Payment
from relay.domain.sources._facts import Fact, milliseconds
from relay.domain.sources._money import taxes_onto_lines
from relay.domain.sources._node import TEXT_CHARS, Node, first
from relay.domain.sources._shopify_contacts import address, contact, tags
from relay.domain.sources._shopify_lines import amount, order_lines, removed_units, rounding_line, tax_lines
from relay.domain.sources._shopify_reading import reading_of
from relay.domain.sources._time import madrid_day
from relay.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime
    from decimal import Decimal

    from relay.domain.models import Contact, PaymentStatus

_STATUS: dict[str, PaymentStatus] = {
    "paid": "paid",
    "partially_paid": "partially_paid",
    "partially_refunded": "partially_refunded",
    "refunded": "refunded",
    "voided": "voided",
}
_WAS_PAID = frozenset({"paid", "partially_refunded", "refunded"})


def facts(topic: str, value: Any) -> Sequence[Fact]:
    """https://shopify.dev/docs/api/admin-rest/latest/resources/order . The subject is the order id under every topic."""
    node = Node(value, "order")
    order = _order(node)
    at = order.updated_at or order.issued_at
    return [Fact(type=_type(topic, order), subject=order.id, data=order, at=at, version=milliseconds(at))]


def _type(topic: str, order: Order) -> str:
    """The event's type: the topic is an unsigned header, so what it claims must show in the signed body."""
    if topic == "orders/create":
        return "order.created"
    if topic == "orders/paid" and order.payment_status in _WAS_PAID:
        return "order.paid"
    if topic == "orders/cancelled" and order.cancelled_at:
        return "order.cancelled"
    if topic == "orders/fulfilled" and order.fulfilled:
        return "order.fulfilled"
    return "order.updated"


def _order(node: Node) -> Order:
    subject = node.need_ident("id")
    currency = node.currency("currency")
    removed = removed_units(node)
    told = amount(node, "total_price")
    if told is None:
        raise node.wrong("missing_field", "total_price", "the order's total")
    lines = order_lines(node, removed)
    if not lines:
        raise node.wrong("no_lines", "line_items", "at least one line")
    taxes = tax_lines(node)
    included, discounts, total, tax = reading_of(node, told, lines, taxes, removed)
    if total < 0:
        raise BadInput(
            "negative_total", field=node.at("total_price"), detail="below zero, expected what the buyer pays"
        )
    lines = taxes_onto_lines(lines, taxes, included=included)
    lines = rounding_line(node, lines, discounts, total=total, included=included)
    issued = node.instant("processed_at") or node.instant("created_at")
    if issued is None:
        raise node.wrong("missing_field", "created_at", "an ISO 8601 instant")
    buyer = _buyer(node)
    terms = node.child("payment_terms")
    days = terms.number("due_in_days")
    return Order(
        id=subject,
        number=first(node.text("name", 60), node.text("order_number", 60)),
        currency=currency,
        issued_at=issued,
        updated_at=node.instant("updated_at"),
        due_on=_due_on(terms),
        prices_include_tax=included,
        contact=buyer,
        billing_address=address(node.child("billing_address")),
        shipping_address=address(node.child("shipping_address")),
        lines=lines,
        discounts=discounts,
        taxes=taxes,
        subtotal=amount(node, "subtotal_price"),
        tax_total=tax,
        total=total,
        amount_due=amount(node, "total_outstanding"),
        payment_status=_STATUS.get(node.text("financial_status") or "", "unpaid"),
        payments=_payments(node, currency, total, issued),
        payment_terms_days=int(days) if days is not None else None,
        channel=node.text("source_name", 60),
        warehouse=node.ident("location_id"),
        note=node.text("note", TEXT_CHARS),
        tags=tags(node),
        custom_fields=_custom_fields(node),
        test=node.flag("test") is True,
        cancelled_at=node.instant("cancelled_at"),
        fulfilled=node.text("fulfillment_status") == "fulfilled",
    )


def _buyer(node: Node) -> Contact:
    billing, shipping = node.child("billing_address"), node.child("shipping_address")
    named = [*node.pairs("note_attributes").items()]
    for key in ("company", "company_location", "purchasing_entity"):
        inside = node.child(key)
        named += [(one, text) for one in inside.value if (text := inside.text(one))]
        location = inside.child("location")
        named += [(one, text) for one in location.value if (text := location.text(one))]
    # Checkout fields a country demands; the key names the credential. https://shopify.dev/docs/api/admin-graphql/latest/enums/LocalizedFieldKey
    for key in ("localized_fields", "localization_extensions"):
        named += [
            ("tax id", text)
            for one in node.children(key)
            if one.text("purpose") == "TAX" and (text := one.text("value"))
        ]
    buyer = contact(
        node.child("customer"),
        billing=billing if billing.value else shipping,
        shipping=shipping,
        extra=named,
        email=first(node.text("contact_email"), node.text("email")),
    )
    return dataclasses.replace(
        buyer,
        language=first(node.text("customer_locale", 10), buyer.language),
        phone=first(buyer.phone, node.text("phone", 40)),
        company=first(node.child("company").text("name"), buyer.company),
        tax_exempt=True if node.flag("tax_exempt") else buyer.tax_exempt,
    )


def _payments(node: Node, currency: str, total: Decimal, issued: datetime) -> tuple[Payment, ...]:
    """The order's transactions where the payload has them, else one payment for a paid order."""
    moved = tuple(
        Payment(
            id=one.ident("id"),
            amount=one.need_number("amount"),
            currency=currency,
            method=one.text("gateway", 60),
            at=one.instant("processed_at") or one.instant("created_at"),
            reference=one.text("authorization", 100),
            document_id=node.ident("id"),
        )
        for one in node.children("transactions")
        if one.text("kind") in ("sale", "capture")
        and one.text("status") == "success"
        and one.text("currency") in (None, currency)
    )
    if moved or node.text("financial_status") not in _WAS_PAID or not total:
        return moved
    names = node.value.get("payment_gateway_names")
    gateways = [one for one in names if isinstance(one, str)] if isinstance(names, list) else []
    gateways.sort(key=lambda one: one != "gift_card")  # told whole, however long the names of the others are
    method = "+".join(gateways)[:60] or node.text("gateway", 60)
    return (Payment(amount=total, currency=currency, method=method, at=issued, document_id=node.ident("id")),)


def _due_on(terms: Node) -> date | None:
    due = [at for one in terms.children("payment_schedules") if (at := one.instant("due_at"))]
    return madrid_day(max(due)) if due else None


def _custom_fields(node: Node) -> dict[str, str]:
    fields = node.pairs("note_attributes")
    number = node.text("po_number", 100)
    return {**fields, "po_number": number} if number else fields
