"""Stripe invoices of any API version, and what they share with credit notes."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Final

from relay.domain.models import Contact, Discount, Invoice, Payment, TaxLine
from relay.domain.sources._facts import Fact, Ignored, milliseconds
from relay.domain.sources._money import ZERO, net_total, taxes_onto_lines
from relay.domain.sources._node import TEXT_CHARS, Node, first
from relay.domain.sources._stripe_contacts import address, customer, exempt, tax_ids
from relay.domain.sources._stripe_lines import (
    Money,
    TaxedLine,
    in_one_convention,
    known_rates,
    line_taxes,
    read_line,
    shipping_line,
)
from relay.domain.sources._time import madrid_day
from relay.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from decimal import Decimal

    from relay.domain.models import Address, Line, PaymentStatus
    from relay.domain.sources._stripe_shape import Element

_TYPES: Final = {
    "invoice.finalized": "invoice.issued",
    "invoice.paid": "invoice.paid",
    "invoice.payment_succeeded": "invoice.paid",  # the older twin of invoice.paid
    "invoice.voided": "invoice.voided",
}
_STATUS: Final[dict[str, PaymentStatus]] = {"paid": "paid", "void": "voided"}


def facts(element: Element) -> Sequence[Fact]:
    """https://docs.stripe.com/api/invoices/object . The subject is the invoice id under every topic."""
    node = Node(element.value, "invoice")
    if node.flag("deleted"):
        raise Ignored("deleted", "a draft that was deleted was never issued")
    invoice = _invoice(node)
    at = Node({"created": element.created}).epoch("created") or invoice.paid_at or invoice.issued_at
    kind = _TYPES[element.topic]
    return [Fact(type=kind, subject=invoice.id, data=invoice, at=at, version=milliseconds(at))]


def _invoice(node: Node) -> Invoice:
    subject = node.need_ident("id")
    money = Money(node.currency("currency"))
    total = money.need(node, "total")
    if total < 0:
        raise BadInput(
            "negative_total", field=node.at("total"), detail="below zero: Stripe keeps it as the buyer's credit"
        )
    moments = node.child("status_transitions")
    issued = first_instant(
        node.epoch("effective_at"), moments.epoch("finalized_at"), node.epoch("created"), node.epoch("date")
    )
    if issued is None:
        raise node.wrong("missing_field", "created", "unix seconds")
    lines, taxes, included = document_lines(node, money)
    due = node.epoch("due_date")
    return Invoice(
        id=subject,
        number=node.text("number", 60),
        currency=money.currency,
        issued_at=issued,
        due_on=madrid_day(due) if due else None,
        prices_include_tax=included,
        contact=buyer(node),
        billing_address=address(node.child("customer_address"), name=node.text("customer_name")),
        shipping_address=_shipping_address(node),
        lines=lines,
        discounts=whole_discounts(node, money, lines, taxes, included=included),
        taxes=taxes,
        subtotal=money.of(node, "subtotal"),
        tax_total=tax_total(node, money, taxes, lines),
        total=total,
        amount_due=money.of(node, "amount_remaining"),
        payment_status=_payment_status(node, money),
        payments=_payments(node, money, moments.epoch("paid_at")),
        note=first(node.text("description", TEXT_CHARS), node.text("footer", TEXT_CHARS)),
        custom_fields=custom_fields(node),
        test=node.flag("livemode") is False,
        voided_at=moments.epoch("voided_at"),
        paid_at=moments.epoch("paid_at"),
    )


def first_instant(*instants: datetime | None) -> datetime | None:
    return next((at for at in instants if at), None)


def document_lines(node: Node, money: Money) -> tuple[tuple[Line, ...], tuple[TaxLine, ...], bool]:
    raw = node.children("lines")
    if node.child("lines").flag("has_more"):
        raise BadInput(
            "lines_incomplete", field=node.at("lines"), detail=f"{len(raw)} lines and more, expected all of them"
        )
    if not raw:
        raise node.wrong("no_lines", "lines", "at least one line")
    rates = known_rates(node, raw)
    read: list[TaxedLine] = [*(read_line(one, money, rates) for one in raw), *shipping_line(node, money, rates)]
    lines, included = in_one_convention(read)
    taxes = taxes_of(node, money, rates)
    inside_whole = any(one.flag("inclusive") or one.text("tax_behavior") == "inclusive" for one in _tax_nodes(node))
    if not any(line.taxes for line in lines):
        included = bool(taxes) and inside_whole
        lines = taxes_onto_lines(lines, [tax for tax in taxes if tax.amount], included=included)
    return lines, taxes, included


def _tax_nodes(node: Node) -> list[Node]:
    for key in ("total_tax_amounts", "total_taxes", "tax_amounts"):
        if found := node.children(key):
            return found
    return []


def taxes_of(node: Node, money: Money, rates: Mapping[str, Node] | None = None) -> tuple[TaxLine, ...]:
    """The document's taxes; before 2018 an invoice told one `tax` and its `tax_percent`."""
    base = money.of(node, "subtotal_excluding_tax") or money.of(node, "total_excluding_tax") or ZERO
    listed = Node({"taxes": [_as_new(one) for one in _tax_nodes(node)]}, node.path)
    taxes, _, _ = line_taxes(listed, money, rates or {}, base)
    whole, percent = money.of(node, "tax"), node.number("tax_percent")
    if not taxes and whole and percent is not None:
        return (TaxLine(rate=percent, amount=whole),)
    return taxes


def _as_new(one: Node) -> dict[str, object]:
    """An entry of `total_tax_amounts` in the shape of `total_taxes`."""
    value = dict(one.value)
    if "tax_rate_details" not in value:
        value["tax_rate_details"] = {"tax_rate": value.get("tax_rate")}
    return value


def tax_total(node: Node, money: Money, taxes: tuple[TaxLine, ...], lines: tuple[Line, ...]) -> Decimal:
    """The whole tax: as told, else the sum of the document's taxes, else of its lines'."""
    told = money.of(node, "tax")
    return told if told is not None else sum((tax.amount for tax in taxes or _of(lines)), ZERO)


def _of(lines: tuple[Line, ...]) -> list[TaxLine]:
    return [tax for line in lines for tax in line.taxes]


def whole_discounts(
    node: Node, money: Money, lines: tuple[Line, ...], taxes: tuple[TaxLine, ...], *, included: bool
) -> tuple[Discount, ...]:
    """Invoice-wide discounts that the lines do not tell."""
    if any(line.discounts for line in lines):
        return ()
    amounts = node.children("total_discount_amounts")
    coupon = node.child("discount").child("coupon")
    off = sum((money.need(one, "amount") for one in amounts), ZERO)
    reached = sum((net_total(line) for line in lines), ZERO)
    if not amounts and (coupon.value or node.value.get("discounts")):
        # Before 2020 only the coupon stands there; what it took off is the difference.
        tax = sum((tax.amount for tax in _of(lines) or taxes), ZERO)
        off = reached + (ZERO if included else tax) - money.need(node, "total")
    return (Discount(amount=off, title=coupon.text("name", 100)),) if 0 < off <= reached else ()


def buyer(node: Node) -> Contact:
    own = customer(node.child("customer"))
    word = node.text("customer_tax_exempt")
    named = [*node.pairs("custom_fields").items(), *node.pairs("metadata").items(), *own.custom_fields.items()]
    shipped = _shipping_address(node)
    return dataclasses.replace(
        own,
        id=node.ident("customer"),
        name=first(node.text("customer_name"), own.name),
        email=first(node.text("customer_email"), own.email),
        phone=first(node.text("customer_phone", 40), own.phone),
        tax_ids=tax_ids(
            node.child("customer").children("tax_ids"), named, issued=node.children("customer_tax_ids") or None
        ),
        tax_exempt=exempt(word) if word else own.tax_exempt,
        billing_address=address(node.child("customer_address"), name=node.text("customer_name")) or own.billing_address,
        shipping_address=shipped or own.shipping_address,
    )


def _shipping_address(node: Node) -> Address | None:
    for key in ("shipping_details", "customer_shipping"):
        shipped = node.child(key)
        if found := address(shipped.child("address"), name=shipped.text("name")):
            return found
    return None


def _payment_status(node: Node, money: Money) -> PaymentStatus:
    known = _STATUS.get(node.text("status") or "")
    if known:
        return known
    if node.flag("paid"):
        return "paid"
    return "partially_paid" if money.of(node, "amount_paid") else "unpaid"


def _payments(node: Node, money: Money, at: datetime | None) -> tuple[Payment, ...]:
    paid = money.of(node, "amount_paid")
    if not paid or paid < 0:
        return ()
    method = "out_of_band" if node.flag("paid_out_of_band") else None
    return (
        Payment(
            id=node.ident("payment_intent") or node.ident("charge"),
            amount=paid,
            currency=money.currency,
            method=method,
            at=at,
            document_id=node.ident("id"),
        ),
    )


def custom_fields(node: Node) -> dict[str, str]:
    fields = {**node.pairs("custom_fields"), **node.pairs("metadata")}
    if node.text("customer_tax_exempt") == "reverse":
        fields["tax_exempt"] = "reverse"
    reasons = {one.text("taxability_reason", 40) for one in _tax_nodes(node)} - {None, "standard_rated"}
    if reasons:
        fields["taxability_reason"] = ", ".join(sorted(one for one in reasons if one))
    return fields
