"""WooCommerce orders, and the refunds they list: WooCommerce has no webhook of its own for a refund."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from relay.domain.models import Order, Payment, TaxLine
from relay.domain.sources._facts import Fact, Ignored, milliseconds
from relay.domain.sources._money import ZERO
from relay.domain.sources._node import TEXT_CHARS, Node
from relay.domain.sources._woocommerce_contacts import address, contact, text
from relay.domain.sources._woocommerce_lines import Rate, order_lines, rates_of
from relay.domain.sources._woocommerce_refunds import listed, when
from relay.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from relay.domain.models import PaymentStatus

_DRAFTS: Final = frozenset({"checkout-draft", "auto-draft", "draft", "trash"})
_CALLED_OFF: Final = frozenset({"cancelled", "failed"})
_OWN_META: Final = frozenset({"is_vat_exempt"})


def facts(verb: str, value: Any) -> Sequence[Fact]:
    """https://woocommerce.github.io/woocommerce-rest-api-docs/#order-properties . One event for the order, one a refund."""
    node = Node(value, "order")
    if node.text("status") in _DRAFTS:
        raise Ignored("not_final", "the order is a draft or in the bin")
    order = _order(node)
    at = order.updated_at or order.issued_at
    kind = "order.created" if verb == "created" else "order.updated"
    if order.cancelled_at:
        kind = "order.cancelled"
    own = Fact(type=kind, subject=order.id, data=order, at=at, version=milliseconds(at))
    return [own, *(listed(one, node, order) for one in node.children("refunds"))]


def _order(node: Node) -> Order:
    subject = node.need_ident("id")
    currency = node.currency("currency")
    vouchers = _vouchers(node, currency)
    total = node.need_number("total") + sum((one.amount for one in vouchers), ZERO)
    if total < 0:
        raise BadInput("negative_total", field=node.at("total"), detail="below zero, expected what the buyer pays")
    rates = rates_of(node)
    lines, included = order_lines(node, rates, total=total)
    if not node.children("line_items") and not node.children("fee_lines"):
        raise node.wrong("no_lines", "line_items", "at least one line")
    issued = when(node, "date_created")
    if issued is None:
        raise node.wrong("missing_field", "date_created_gmt", "an ISO 8601 instant")
    status = node.text("status") or ""
    updated = when(node, "date_modified")
    return Order(
        id=subject,
        number=node.text("number", 60),
        currency=currency,
        issued_at=issued,
        updated_at=updated,
        prices_include_tax=included,
        contact=contact(node, node.ident("customer_id"), email=None, at=issued),
        billing_address=address(node.child("billing")),
        shipping_address=address(node.child("shipping")),
        lines=lines,
        taxes=_taxes(node, rates),
        tax_total=node.number("total_tax"),
        total=total,
        payment_status=_payment_status(node, status),
        payments=(*_paid(node, currency, subject), *vouchers),
        channel=node.text("created_via", 60),
        note=text(node, "customer_note", TEXT_CHARS),
        custom_fields=_custom_fields(node),
        cancelled_at=(updated or issued) if status in _CALLED_OFF else None,
        fulfilled=status == "completed",
    )


def _taxes(node: Node, rates: Mapping[str, Rate]) -> tuple[TaxLine, ...]:
    found = []
    for one in node.children("tax_lines"):
        rate = rates.get(one.ident("rate_id") or "", Rate(None, None, None))
        amount = (one.number("tax_total") or ZERO) + (one.number("shipping_tax_total") or ZERO)
        found.append(TaxLine(name=rate.name, rate=rate.percent, amount=amount, country=rate.country))
    return tuple(found)


def _payment_status(node: Node, status: str) -> PaymentStatus:
    # `processing` without a payment date is cash on delivery: not paid yet.
    if status == "refunded":
        return "refunded"
    if when(node, "date_paid") or status == "completed":
        return "partially_refunded" if node.children("refunds") else "paid"
    return "voided" if status in _CALLED_OFF else "unpaid"


def _paid(node: Node, currency: str, subject: str) -> tuple[Payment, ...]:
    at = when(node, "date_paid")
    total = node.need_number("total")
    if at is None or total <= 0:
        return ()
    return (
        Payment(
            amount=total,
            currency=currency,
            method=node.text("payment_method", 60),
            at=at,
            reference=node.text("transaction_id", 100),
            document_id=subject,
        ),
    )


def _vouchers(node: Node, currency: str) -> tuple[Payment, ...]:
    """Gift cards lower the order's total; they are money, not a discount. https://woocommerce.com/document/gift-cards/ ."""
    found = []
    for one in node.children("gift_cards"):
        amount = one.number("amount")
        if amount:
            found.append(Payment(amount=amount, currency=currency, method="gift_card", reference=one.text("code", 60)))
    return tuple(found)


def _custom_fields(node: Node) -> dict[str, str]:
    meta = node.pairs("meta_data", "key")
    return {key: value for key, value in meta.items() if not key.startswith("_") and key not in _OWN_META}
