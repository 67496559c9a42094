"""WooCommerce refunds: listed in their order, or posted alone by a shop that announces them itself."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from relay.domain.models import Refund
from relay.domain.sources._facts import Fact, milliseconds
from relay.domain.sources._money import sole_tax
from relay.domain.sources._node import TEXT_CHARS, Node
from relay.domain.sources._time import MADRID
from relay.domain.sources._woocommerce_contacts import text
from relay.domain.sources._woocommerce_lines import rates_of, returned_lines

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from decimal import Decimal

    from relay.domain.models import Order

_ORDER_LINK = re.compile(r"/orders/([0-9]+)/?$")


def when(node: Node, key: str) -> datetime | None:
    """`_gmt` is UTC without saying so; the plain date is the shop's local time."""
    return node.instant(f"{key}_gmt") or node.instant(key, MADRID)


def facts(verb: str, value: Any) -> Sequence[Fact]:
    """https://woocommerce.github.io/woocommerce-rest-api-docs/#order-refund-properties .

    A refund on its own does not always tell its currency or its order; without them nothing certain can be written.
    """
    del verb
    node = Node(value, "refund")
    amount = _amount(node)
    currency = node.currency("currency")
    order_id = node.ident("parent_id") or node.ident("order_id") or _linked_order(node)
    if order_id is None:
        raise node.wrong("missing_field", "parent_id", "the order's id")
    at = when(node, "date_created")
    if at is None:
        raise node.wrong("missing_field", "date_created_gmt", "an ISO 8601 instant")
    lines, included = returned_lines(node, rates_of(node), total=amount)
    data = Refund(
        id=node.need_ident("id"),
        currency=currency,
        issued_at=at,
        prices_include_tax=included,
        lines=lines,
        total=amount,
        payment_status="refunded",
        refers_to=order_id,
        reason=text(node, "reason", TEXT_CHARS),
    )
    return [Fact(type="refund.created", subject=data.id, data=data, at=at, version=milliseconds(at))]


def _linked_order(node: Node) -> str | None:
    links = (_ORDER_LINK.search(one.text("href") or "") for one in node.child("_links").children("up"))
    return next((link.group(1) for link in links if link), None)


def _amount(node: Node) -> Decimal:
    """`total` is negative in an order's list, `amount` positive in the refund itself."""
    told = node.number("total")
    amount = abs(told if told is not None else node.need_number("amount"))
    if not amount:
        raise node.wrong("missing_field", "amount", "what was refunded")
    return amount


def listed(node: Node, order_node: Node, order: Order) -> Fact:
    """A refund as its order lists it: id, reason and a negative total; lines only where a plugin adds them."""
    subject = node.need_ident("id")
    amount = _amount(node)
    at = when(node, "date_created") or order.updated_at or order.issued_at
    full = amount == order.total
    lines, included = returned_lines(node, rates_of(order_node), total=amount)
    if (
        not lines and full
    ):  # a whole refund gives back the order's own lines; of a part, WooCommerce does not tell which
        lines, included = order.lines, order.prices_include_tax
    data = Refund(
        id=subject,
        currency=order.currency,
        issued_at=at,
        contact=order.contact,
        billing_address=order.billing_address,
        shipping_address=order.shipping_address,
        prices_include_tax=included,
        lines=lines,
        taxes=() if lines else sole_tax(order.lines, amount),
        tax_total=None if lines or order.tax_total else order.tax_total,
        total=amount,
        payment_status="refunded",
        refers_to=order.id,
        reason=text(node, "reason", TEXT_CHARS),
        full=full or None,
    )
    return Fact(type="refund.created", subject=subject, data=data, at=at, version=milliseconds(at))
