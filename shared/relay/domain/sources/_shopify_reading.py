"""How an order's figures are meant: the one reading under which its lines come to its total.

Shopify's payloads differ by API version and by the fields a sender picks: `taxes_included` may be absent, discounts may stand
on the lines, in `total_discounts` alone or in part, and the total may or may not still hold units that an edit took off.
"""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, NamedTuple

from relay.domain.models import Discount
from relay.domain.sources._money import ZERO, net_total
from relay.domain.sources._shopify_lines import amount

if TYPE_CHECKING:
    from decimal import Decimal

    from relay.domain.models import Line, TaxLine
    from relay.domain.sources._node import Node
    from relay.domain.sources._shopify_lines import Removed


class Reading(NamedTuple):
    """`discounts` are those not on the lines; `total` and `tax` are of what was sold, the second None where it is not told."""

    included: bool
    discounts: tuple[Discount, ...]
    total: Decimal
    tax: Decimal | None


def reading_of(
    node: Node, told: Decimal, lines: tuple[Line, ...], taxes: tuple[TaxLine, ...], removed: Removed
) -> Reading:
    """The reading of the `told` total that adds up; where none does the usual one, and whoever maps it sees the difference."""
    tax = amount(node, "total_tax")
    flag = node.flag("taxes_included")
    offs = _beyond_lines(node, lines)
    sold = sum((net_total(line) for line in lines), ZERO)
    charged = _charged(lines, taxes, tax)
    totals = ((told - removed.money, None if tax is None else tax - removed.tax), (told, tax))
    readings = [
        Reading(included, _as_discount(node, off), total, of_it)
        for (total, of_it), included, off in product(totals, (flag is True, flag is None), offs)
        if sold - off + (ZERO if included else charged) == total
    ]
    return readings[0] if readings else Reading(flag is True, _as_discount(node, offs[0]), *totals[0])


def _charged(lines: tuple[Line, ...], taxes: tuple[TaxLine, ...], told: Decimal | None) -> Decimal:
    on_lines = [tax.amount for line in lines for tax in line.taxes]
    return sum(on_lines or [tax.amount for tax in taxes] or [told or ZERO], ZERO)


def _beyond_lines(node: Node, lines: tuple[Line, ...]) -> tuple[Decimal, ...]:
    """What `total_discounts` may hold beyond the lines' own shares: all of it in orders older than discount allocations."""
    on_lines = sum((one.amount for line in lines for one in line.discounts), ZERO)
    rest = max(ZERO, (amount(node, "total_discounts") or ZERO) - on_lines)
    return (ZERO, rest) if any(line.discounts for line in lines) else (rest, ZERO)


def _as_discount(node: Node, off: Decimal) -> tuple[Discount, ...]:
    codes = [code for one in node.children("discount_codes") if (code := one.text("code", 60))]
    return (Discount(amount=off, code=", ".join(codes) or None),) if off else ()
