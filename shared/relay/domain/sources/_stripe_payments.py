"""Stripe payment intents as payments, refunded charges as refunds."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from relay.domain.models import Contact, Payment, Refund
from relay.domain.sources._facts import Fact, milliseconds
from relay.domain.sources._money import ZERO
from relay.domain.sources._node import TEXT_CHARS, Node, first
from relay.domain.sources._stripe_contacts import address, customer
from relay.domain.sources._stripe_lines import (
    Money,
)
from relay.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from decimal import Decimal

    from relay.domain.sources._stripe_shape import Element


def at_of(element: Element, node: Node) -> datetime:
    at = Node({"created": element.created}).epoch("created") or node.epoch("created")
    if at is None:
        raise node.wrong("missing_field", "created", "unix seconds")
    return at


def method(node: Node) -> str | None:
    types = node.value.get("payment_method_types")
    names = [one for one in types if isinstance(one, str)] if isinstance(types, list) else []
    return names[0][:60] if len(names) == 1 else None


def payment_facts(element: Element) -> Sequence[Fact]:
    """https://docs.stripe.com/api/payment_intents/object ."""
    node = Node(element.value, "payment_intent")
    subject = node.need_ident("id")
    money = Money(node.currency("currency"))
    at = at_of(element, node)
    amount = money.of(node, "amount_received") or money.need(node, "amount")
    if amount <= 0:
        raise BadInput(
            "negative_total", field=node.at("amount_received"), detail="not above zero, expected what was paid"
        )
    payment = Payment(
        id=subject,
        amount=amount,
        currency=money.currency,
        method=method(node),
        at=at,
        reference=first(node.ident("latest_charge"), node.text("description", TEXT_CHARS)),
        document_id=node.ident("invoice") or subject,
        contact=dataclasses.replace(customer(node.child("customer")), id=node.ident("customer"))
        if node.ident("customer")
        else None,
    )
    return [Fact(type="payment.received", subject=subject, data=payment, at=at, version=milliseconds(at))]


def refund_facts(element: Element) -> Sequence[Fact]:
    """https://docs.stripe.com/api/charges/object . One event a refund; where the API version lists none, one for the rise
    of `amount_refunded`, named by the charge and the sum reached, which no other refund of it can have.
    """
    node = Node(element.value, "charge")
    charge = node.need_ident("id")
    money = Money(node.currency("currency"))
    listed = [one for one in node.children("refunds") if one.text("status") in (None, "succeeded", "pending")]
    if listed:
        return [
            _refund(element, node, one, subject=one.need_ident("id"), amount=money.need(one, "amount"), money=money)
            for one in listed
        ]
    reached = money.need(node, "amount_refunded")
    before = (
        money.of(Node({"amount_refunded": 0, **element.previous}, "previous_attributes"), "amount_refunded") or ZERO
    )
    amount = reached - before
    if amount <= 0:
        raise BadInput("negative_total", field=node.at("amount_refunded"), detail="no rise, expected what went back")
    subject = f"{charge}-{node.number('amount_refunded')}"
    return [_refund(element, node, Node({}, node.path), subject=subject, amount=amount, money=money)]


def _refund(element: Element, charge: Node, own: Node, *, subject: str, amount: Decimal, money: Money) -> Fact:
    at = own.epoch("created") or at_of(element, charge)
    billing = charge.child("billing_details")
    data = Refund(
        id=subject,
        currency=money.currency,
        issued_at=at,
        contact=Contact(
            id=charge.ident("customer"),
            name=billing.text("name"),
            email=first(billing.text("email"), charge.text("receipt_email")),
            billing_address=address(billing.child("address"), name=billing.text("name")),
        ),
        total=amount,
        payment_status="refunded",
        payments=(
            Payment(id=own.ident("id"), amount=amount, currency=money.currency, at=at, document_id=charge.ident("id")),
        ),
        refers_to=charge.ident("invoice") or charge.ident("payment_intent") or charge.ident("id"),
        reason=own.text("reason", 60),
        full=True if charge.flag("refunded") and money.of(charge, "amount") == amount else None,
        custom_fields=charge.pairs("metadata"),
        test=charge.flag("livemode") is False,
    )
    return Fact(type="refund.created", subject=subject, data=data, at=at, version=milliseconds(at))
