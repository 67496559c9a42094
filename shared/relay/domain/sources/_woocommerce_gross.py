"""A WooCommerce line as it was priced with tax, put together again from the parts the order tells it in."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from relay.domain.models import Discount
from relay.domain.sources._money import CENT, ZERO, round_to, unit_price

if TYPE_CHECKING:
    from decimal import Decimal

    from relay.domain.models import Line
    from relay.domain.sources._node import Node


def with_tax(line: Line, node: Node) -> Line:
    """The line with its tax inside: what is shown as 8.26 and 1.74 was 8.264463 and 1.735537, hence 10.00.

    The decimals that are hidden in `total` show in `price`, which is the net of one unit, and in the taxes.
    """
    net = line.total or ZERO
    exact = (node.number("price") or ZERO) * (node.number("quantity") or ZERO)
    if abs(exact - net) < CENT:
        net = exact
    told = node.children("taxes")
    paid = round_to(net + _sum(told, "total", node.number("total_tax")))
    before = paid
    if line.discounts:
        full = node.number("subtotal") or ZERO
        before = max(paid, round_to(full + _sum(told, "subtotal", node.number("subtotal_tax"))))
    price, units = unit_price(before, line.quantity)
    off = before - paid
    return dataclasses.replace(
        line,
        quantity=units,
        unit_price=price,
        discounts=(Discount(amount=off, code=line.discounts[0].code),) if off and line.discounts else (),
        taxes=tuple(dataclasses.replace(tax, amount=round_to(tax.amount)) for tax in line.taxes),
        total=paid,
    )


def _sum(taxes: list[Node], key: str, otherwise: Decimal | None) -> Decimal:
    found = [amount for one in taxes if (amount := one.number(key)) is not None]
    return sum(found, ZERO) if found else otherwise or ZERO
