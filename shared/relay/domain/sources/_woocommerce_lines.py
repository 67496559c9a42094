"""Lines of a WooCommerce order or refund: totals are told net of tax whatever the shop's setting, and the taxes stand beside."""

from __future__ import annotations

import dataclasses
import re
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

from relay.domain.models import Discount, Line, TaxLine
from relay.domain.sources._money import CENT, ZERO, only_rate, spread, unit_price
from relay.domain.sources._woocommerce_contacts import text
from relay.domain.sources._woocommerce_gross import with_tax

if TYPE_CHECKING:
    from collections.abc import Mapping

    from relay.domain.models import LineKind
    from relay.domain.sources._node import Node

GROUPS = ("line_items", "shipping_lines", "fee_lines")
_COUNTRY = re.compile(r"([A-Z]{2})-")


class Rate(NamedTuple):
    """A tax rate of the shop as the order tells it."""

    name: str | None
    percent: Decimal | None
    country: str | None


def rates_of(node: Node) -> dict[str, Rate]:
    """The order's tax rates by id. Before WooCommerce 3.7 no percent stood there; then only what explains every line counts."""
    found = {}
    for one in node.children("tax_lines"):
        rate_id = one.ident("rate_id") or ""
        percent = one.number("rate_percent")
        if percent is None:
            percent = only_rate(_bases(node, rate_id))
        country = _COUNTRY.match(one.text("rate_code") or "")
        found[rate_id] = Rate(text(one, "label", 60), percent, country.group(1) if country else None)
    return found


def _bases(node: Node, rate_id: str) -> list[tuple[Decimal, Decimal]]:
    return [
        (base, amount)
        for group in GROUPS
        for line in node.children(group)
        if (base := line.number("total"))
        for tax in line.children("taxes")
        if tax.ident("id") == rate_id and (amount := tax.number("total"))
    ]


def order_lines(node: Node, rates: Mapping[str, Rate], *, total: Decimal) -> tuple[tuple[Line, ...], bool]:
    """(lines, prices include tax), in the reading that comes to `total`.

    A line's taxes are told unrounded ("38.115") beside what they come to in cents (`total_tax` "38.12"). Shops round either
    each line or only the sum: the reading whose sum is the order's tax is the shop's own. Where prices are entered with tax,
    the nets are shown in cents but summed unrounded, and only the prices with tax come to the total.
    """
    coupons = [code for one in node.children("coupon_lines") if (code := text(one, "code", 60))]
    code = coupons[0] if len(coupons) == 1 else None
    lines = _all(node, rates, code)
    whole_taxes = _told_taxes(node)
    charged = tuple(_in_cents(line, told) for line, told in zip(lines, whole_taxes, strict=True))
    whole = sum((tax.amount for line in charged for tax in line.taxes), ZERO)
    net = charged if whole == node.number("total_tax") else lines
    sold = sum((line.total or ZERO for line in net), ZERO)
    if abs(total) in {abs(sold + (node.number("total_tax") or ZERO)), abs(sold + _tax_of(net))}:
        return net, False
    nodes = [one for group in GROUPS for one in node.children(group)]
    gross = tuple(with_tax(line, one) for line, one in zip(lines, nodes, strict=True))
    return (gross, True) if abs(sum((line.total or ZERO for line in gross), ZERO)) == abs(total) else (net, False)


def _tax_of(lines: tuple[Line, ...]) -> Decimal:
    return sum((tax.amount for line in lines for tax in line.taxes), ZERO)


def _told_taxes(node: Node) -> list[Decimal | None]:
    return [one.number("total_tax") for group in GROUPS for one in node.children(group)]


def _in_cents(line: Line, whole: Decimal | None) -> Line:
    if whole is None or abs(sum((tax.amount for tax in line.taxes), ZERO) - whole) > CENT * len(line.taxes):
        return line
    shares = spread(whole, [tax.amount for tax in line.taxes])
    taxes = tuple(dataclasses.replace(tax, amount=share) for tax, share in zip(line.taxes, shares, strict=True))
    return dataclasses.replace(line, taxes=taxes)


def _all(node: Node, rates: Mapping[str, Rate], code: str | None) -> tuple[Line, ...]:
    return (
        *(_article(one, rates, code) for one in node.children("line_items")),
        *(_plain(one, rates, "shipping", "method_title") for one in node.children("shipping_lines")),
        *(_plain(one, rates, "fee", "name") for one in node.children("fee_lines")),
    )


def _article(node: Node, rates: Mapping[str, Rate], code: str | None) -> Line:
    total = node.number("total")
    if total is None:
        raise node.wrong("missing_price", "total", "the line's net total")
    quantity = node.number("quantity")
    before = node.number("subtotal")
    # A subtotal below the total is a price somebody raised by hand: the total is what is owed.
    before = total if before is None or before < total else before
    price, units = unit_price(before, Decimal(1) if quantity is None else quantity)
    off = before - total
    return Line(
        id=node.ident("id"),
        name=text(node, "name") or "-",
        sku=node.text("sku", 100),
        product_id=node.ident("product_id"),
        variant_id=node.ident("variation_id"),
        quantity=units,
        unit_price=price,
        discounts=(Discount(amount=off, code=code),) if off else (),
        taxes=_taxes(node, rates),
        total=total,
        custom_fields=_visible(node),
    )


def _visible(node: Node) -> dict[str, str]:
    """Options the buyer chose; keys that begin with `_` are the plugins' own."""
    return {key: value for key, value in node.pairs("meta_data", "key").items() if not key.startswith("_")}


def _plain(node: Node, rates: Mapping[str, Rate], kind: LineKind, title: str) -> Line:
    """Shipping and fees. A negative fee is how plugins take money off: a discount line with a negative price."""
    total = node.number("total")
    if total is None:
        raise node.wrong("missing_price", "total", "the line's net total")
    return Line(
        id=node.ident("id"),
        kind="discount" if total < 0 else kind,
        name=text(node, title) or text(node, "name") or kind.capitalize(),
        unit_price=total,
        taxes=_taxes(node, rates),
        total=total,
    )


def _taxes(node: Node, rates: Mapping[str, Rate]) -> tuple[TaxLine, ...]:
    told = [(one, amount) for one in node.children("taxes") if (amount := one.number("total")) is not None]
    whole = node.number("total_tax")
    if not told and whole:
        base = node.number("total")
        only = next(iter(rates.values())) if len(rates) == 1 else Rate(None, None, None)
        if only.percent is None and base:
            only = only._replace(percent=only_rate([(abs(base), abs(whole))]))
        return (TaxLine(name=only.name, rate=only.percent, amount=whole, country=only.country),)
    found = []
    for one, amount in told:
        rate = rates.get(one.ident("id") or "", Rate(None, None, None))
        found.append(TaxLine(name=rate.name, rate=rate.percent, amount=amount, country=rate.country))
    return tuple(found)


def returned_lines(node: Node, rates: Mapping[str, Rate], *, total: Decimal) -> tuple[tuple[Line, ...], bool]:
    """A refund's lines; WooCommerce writes them negative, a refund is told in positive amounts."""
    lines, included = order_lines(node, rates, total=total)
    return tuple(_positive(line) for line in lines if line.total), included


def _positive(line: Line) -> Line:
    total = abs(line.total or ZERO)
    quantity = abs(line.quantity) or Decimal(1)
    price, units = unit_price(total, quantity)
    return Line(
        id=line.id,
        kind="fee" if line.kind == "discount" else line.kind,
        name=line.name,
        sku=line.sku,
        product_id=line.product_id,
        variant_id=line.variant_id,
        quantity=units,
        unit_price=price,
        taxes=tuple(
            TaxLine(name=tax.name, rate=tax.rate, amount=abs(tax.amount), country=tax.country) for tax in line.taxes
        ),
        total=total,
    )
