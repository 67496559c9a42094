"""Stripe checkout sessions as orders, named by their payment intent, so that a refund of the same money finds them."""

from __future__ import annotations

import dataclasses
from decimal import Decimal
from typing import TYPE_CHECKING

from relay.domain.models import Contact, Discount, Line, Order, Payment, TaxLine
from relay.domain.sources._facts import Fact, Ignored, milliseconds
from relay.domain.sources._money import ZERO, only_rate, unit_price
from relay.domain.sources._node import Node, first
from relay.domain.sources._stripe_contacts import address, customer, exempt, tax_ids
from relay.domain.sources._stripe_lines import (
    Money,
    TaxedLine,
    in_one_convention,
    known_rates,
    line_taxes,
    shipping_line,
)
from relay.domain.sources._stripe_payments import at_of, method
from relay.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from relay.domain.sources._stripe_shape import Element


def facts(element: Element) -> Sequence[Fact]:
    """https://docs.stripe.com/api/checkout/sessions/object . What Stripe invoices itself arrives as an invoice, not here."""
    node = Node(element.value, "session")
    session_id = node.need_ident("id")
    if node.ident("invoice") or node.text("mode") == "subscription":
        raise Ignored("invoiced_by_stripe", "Stripe issues an invoice for this session; that event is the one written")
    if node.text("mode") == "setup":
        raise Ignored("not_final", "the session only saved a payment method")
    # Before 2020 a session had no payment_status: it completed with its money or not at all.
    if node.text("payment_status") not in (None, "paid", "no_payment_required"):
        raise Ignored("not_paid", "the session ended without its money; the payment's own event tells when it comes")
    money = Money(node.currency("currency"))
    at = at_of(element, node)
    total = money.need(node, "amount_total")
    lines, included = _session_lines(node, money)
    subject = node.ident("payment_intent") or session_id
    paid = Payment(
        id=node.ident("payment_intent"),
        amount=total,
        currency=money.currency,
        at=at,
        document_id=subject,
        method=method(node),
    )
    fields = node.pairs("metadata")
    order = Order(
        id=subject,
        number=node.text("client_reference_id", 60),
        currency=money.currency,
        issued_at=at,
        prices_include_tax=included,
        contact=_session_buyer(node),
        lines=lines,
        subtotal=money.of(node, "amount_subtotal"),
        tax_total=money.of(node.child("total_details"), "amount_tax"),
        total=total,
        payment_status="paid",
        payments=(paid,) if total else (),
        channel="checkout",
        custom_fields={**fields, "checkout_session": session_id},
        test=node.flag("livemode") is False,
    )
    return [Fact(type="order.paid", subject=subject, data=order, at=at, version=milliseconds(at))]


def _session_lines(node: Node, money: Money) -> tuple[tuple[Line, ...], bool]:
    """The expanded items; without them (webhooks never hold them) one line for what was bought."""
    items = node.children("line_items")
    if node.child("line_items").flag("has_more"):
        raise BadInput("lines_incomplete", field=node.at("line_items"), detail="more lines than told, expected all")
    details = node.child("total_details")
    shipping = shipping_line(
        Node({**node.value, "amount_shipping": details.value.get("amount_shipping")}, node.path), money, {}
    )
    if items:
        rates = known_rates(node, items)
        return in_one_convention([*(_item(one, money, rates) for one in items), *shipping])
    whole = money.need(node, "amount_total")
    subtotal = money.of(node, "amount_subtotal")
    subtotal = whole if subtotal is None else subtotal
    off = money.of(details, "amount_discount") or ZERO
    tax = (money.of(details, "amount_tax") or ZERO) - sum((one.inside + one.outside for one in shipping), ZERO)
    shipped = sum((one.line.total or ZERO for one in shipping), ZERO) + sum((one.outside for one in shipping), ZERO)
    included = bool(tax) and whole == subtotal - off + shipped
    line = _whole(node, subtotal, off, tax, included=included)
    return in_one_convention([line, *shipping])


def _whole(node: Node, subtotal: Decimal, off: Decimal, tax: Decimal, *, included: bool) -> TaxedLine:
    base = subtotal - off
    taxes = (TaxLine(rate=only_rate([(base, tax)], included=included), amount=tax),) if tax else ()
    line = Line(
        name=first(node.child("metadata").text("description"), node.text("client_reference_id")) or "Checkout",
        unit_price=subtotal,
        discounts=(Discount(amount=off),) if off else (),
        taxes=taxes,
        total=base,
    )
    return TaxedLine(line, tax if included else ZERO, ZERO if included else tax)


def _item(node: Node, money: Money, rates: Mapping[str, Node]) -> TaxedLine:
    amount = money.of(node, "amount_subtotal")
    if amount is None:
        raise node.wrong("missing_price", "amount_subtotal", "the item's amount in minor units")
    off = money.of(node, "amount_discount") or ZERO
    tax = money.of(node, "amount_tax") or ZERO
    whole = money.need(node, "amount_total")
    included = bool(tax) and whole == amount - off
    expanded = {rate.ident("id") or "": rate for one in node.children("taxes") if (rate := one.child("rate")).value}
    taxes, _, _ = line_taxes(node, money, {**rates, **expanded}, amount - off)
    if not taxes and tax:
        taxes = (TaxLine(rate=only_rate([(amount - off, tax)], included=included), amount=tax),)
    price, quantity = unit_price(amount, node.number("quantity") or Decimal(1))
    line = Line(
        id=node.ident("id"),
        name=node.text("description") or "-",
        product_id=node.child("price").ident("product"),
        variant_id=node.ident("price"),
        quantity=quantity,
        unit_price=price,
        discounts=(Discount(amount=off),) if off else (),
        taxes=taxes,
        total=amount - off,
    )
    return TaxedLine(line, tax if included else ZERO, ZERO if included else tax)


def _session_buyer(node: Node) -> Contact:
    details = node.child("customer_details")
    own = customer(node.child("customer"))
    named = [*node.pairs("metadata").items()]
    for one in node.children("custom_fields"):
        text = one.child("text").text("value") or one.child("numeric").text("value")
        label = first(one.child("label").text("custom"), one.text("key"))
        named += [(label, text)] if label and text else []
    shipped = node.child("shipping_details")
    if not shipped.value:
        shipped = node.child("collected_information").child("shipping_details")
    company = first(details.text("business_name"), own.company)
    return dataclasses.replace(
        own,
        id=node.ident("customer"),
        name=first(details.text("name"), details.text("individual_name"), own.name, company),
        company=company,
        is_person=False if company else None,
        email=first(details.text("email"), node.text("customer_email"), own.email),
        phone=first(details.text("phone", 40), own.phone),
        tax_ids=tax_ids(node.child("customer").children("tax_ids"), named, issued=details.children("tax_ids") or None),
        tax_exempt=exempt(details.text("tax_exempt")),
        billing_address=address(details.child("address"), name=details.text("name")) or own.billing_address,
        shipping_address=address(shipped.child("address"), name=shipped.text("name")) or own.shipping_address,
        custom_fields={},
    )
