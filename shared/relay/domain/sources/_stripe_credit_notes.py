"""Stripe credit notes; the invoice they correct may be expanded, and then tells the buyer."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from relay.domain.models import Contact, CreditNote
from relay.domain.sources._facts import Fact, Ignored, milliseconds
from relay.domain.sources._money import ZERO, sole_tax
from relay.domain.sources._node import TEXT_CHARS, Node
from relay.domain.sources._stripe_contacts import customer
from relay.domain.sources._stripe_invoices import (
    buyer,
    custom_fields,
    document_lines,
    first_instant,
    tax_total,
    taxes_of,
    whole_discounts,
)
from relay.domain.sources._stripe_lines import Money
from relay.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Sequence
    from decimal import Decimal

    from relay.domain.models import Line, TaxLine
    from relay.domain.sources._stripe_shape import Element


def facts(element: Element) -> Sequence[Fact]:
    """https://docs.stripe.com/api/credit_notes/object . The subject is the id of the refund that pays it out, else the note's
    own; amounts are positive.
    """
    node = Node(element.value, "credit_note")
    subject = node.need_ident("id")
    if node.text("status") == "void":
        raise Ignored("not_final", "the credit note is void at Stripe")
    money = Money(node.currency("currency"))
    total = money.of(node, "total")
    total = money.need(node, "amount") if total is None else total
    if total <= 0:
        raise BadInput("negative_total", field=node.at("total"), detail="not above zero, expected what is credited")
    issued = first_instant(node.epoch("effective_at"), node.epoch("created"))
    if issued is None:
        raise node.wrong("missing_field", "created", "unix seconds")
    lines, taxes, included = _credited_lines(node, money, total)
    at = Node({"created": element.created}).epoch("created") or issued
    # An invoice's `total_discount_amounts` is a credit note's `discount_amounts`.
    as_invoice = Node({**node.value, "total_discount_amounts": node.value.get("discount_amounts")}, node.path)
    note = CreditNote(
        id=subject,
        number=node.text("number", 60),
        currency=money.currency,
        issued_at=issued,
        prices_include_tax=included,
        contact=_credited_buyer(node, node.child("invoice")),
        lines=lines,
        discounts=whole_discounts(as_invoice, money, lines, taxes, included=included),
        taxes=taxes,
        subtotal=money.of(node, "subtotal"),
        tax_total=_credited_tax(node, money, lines, taxes),
        total=total,
        payment_status="refunded" if node.ident("refund") or node.children("refunds") else "unpaid",
        refers_to=node.ident("invoice"),
        note=node.text("memo", TEXT_CHARS),
        custom_fields=custom_fields(node),
        test=node.flag("livemode") is False,
        reason=node.text("reason", 60),
    )
    refund = _refund(node)
    # Of the same second as its refund, and tells more of it.
    version = milliseconds(at) + (1 if refund else 0)
    return [Fact(type="credit_note.issued", subject=refund or subject, data=note, at=at, version=version)]


def _refund(node: Node) -> str | None:
    """The refund that pays it out, which comes as an event of the charge too."""
    named = [node.ident("refund"), *(one.ident("refund") for one in node.children("refunds"))]
    found = list(dict.fromkeys(one for one in named if one))
    if len(found) > 1:
        detail = f"paid out by {len(found)} refunds, which come as events of their own: book what they lack by hand"
        raise BadInput("several_refunds", field=node.at("refunds"), detail=detail)
    return found[0] if found else None


def _credited_lines(node: Node, money: Money, total: Decimal) -> tuple[tuple[Line, ...], tuple[TaxLine, ...], bool]:
    """The note's own lines. A note over a bare amount has none: then the invoice, where it is expanded, tells what was sold."""
    invoice = node.child("invoice")
    if node.children("lines") or node.child("lines").flag("has_more"):
        return document_lines(node, money)
    own = taxes_of(node, money)
    if own or not invoice.children("lines"):
        return (), own, False
    lines, taxes, included = document_lines(invoice, money)
    if money.of(invoice, "total") == total and not whole_discounts(invoice, money, lines, taxes, included=included):
        return lines, taxes, included
    return (), sole_tax(lines, total), False


def _credited_tax(node: Node, money: Money, lines: tuple[Line, ...], taxes: tuple[TaxLine, ...]) -> Decimal | None:
    """What the note or, for a note without lines, its untaxed invoice says; None where nothing does."""
    if lines or taxes:
        return tax_total(node, money, taxes, lines)
    invoice = node.child("invoice")
    if not invoice.children("lines"):
        return None
    sold, taxed, _ = document_lines(invoice, money)
    return None if tax_total(invoice, money, taxed, sold) else ZERO


def _credited_buyer(node: Node, invoice: Node) -> Contact:
    invoiced = buyer(invoice)
    own = customer(node.child("customer"))
    return dataclasses.replace(
        invoiced,
        id=node.ident("customer") or invoiced.id,
        name=invoiced.name or own.name,
        email=invoiced.email or own.email,
        tax_ids=invoiced.tax_ids or own.tax_ids,
    )
