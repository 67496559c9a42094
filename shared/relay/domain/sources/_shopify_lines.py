"""Lines of a Shopify order: articles, shipping, tips, duties, and the cash rounding where arithmetic shows it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from relay.domain.models import Discount, Line, TaxLine
from relay.domain.sources._money import ZERO, net_total, spread

if TYPE_CHECKING:
    from collections.abc import Mapping
    from decimal import Decimal

    from relay.domain.models import LineKind
    from relay.domain.sources._node import Node


_HIGHEST_RATE = 100


class _Units(NamedTuple):
    quantity: Decimal
    subtotal: Decimal
    tax: Decimal


@dataclass(frozen=True, slots=True)
class Removed:
    """Units taken off the order before they were paid: an edit, not a refund, though Shopify lists it with the refunds."""

    units: Mapping[str, _Units] = field(default_factory=dict)
    money: Decimal = ZERO
    tax: Decimal = ZERO


def amount(node: Node, key: str) -> Decimal | None:
    """A money field in the shop's currency: the plain field, else the `_set`'s shop money (never the buyer's currency)."""
    plain = None if key.endswith("_set") else node.number(key)
    if plain is not None:
        return plain
    return node.child(key.removesuffix("_set") + "_set").child("shop_money").number("amount")


def removed_units(node: Node) -> Removed:
    """What order edits took off: entries of `refunds` through which no money moved.

    Not those with a discrepancy (goods came back, the money stayed), and nothing of an order that is cancelled or left
    without units: they are all taken off as well, and what was sold must still be seen.
    """
    if node.value.get("cancelled_at"):
        return Removed()
    included = node.flag("taxes_included") is True
    units: dict[str, _Units] = {}
    money = tax = ZERO
    for refund in node.children("refunds"):
        if refund.value.get("transactions") != [] or refund.children("order_adjustments"):
            continue  # money went back (a credit note's matter), stayed, or the payload does not say
        for one in refund.children("refund_line_items"):
            subtotal, own_tax = amount(one, "subtotal") or ZERO, amount(one, "total_tax") or ZERO
            line_id = one.ident("line_item_id") or ""
            before = units.get(line_id, _Units(ZERO, ZERO, ZERO))
            quantity = one.number("quantity") or ZERO
            units[line_id] = _Units(before.quantity + quantity, before.subtotal + subtotal, before.tax + own_tax)
            money += subtotal if included else subtotal + own_tax
            tax += own_tax
    sold = sum((one.number("quantity") or ZERO for one in node.children("line_items")), ZERO)
    taken = sum((one.quantity for one in units.values()), ZERO)
    return Removed(units, money, tax) if taken < sold else Removed()


def order_lines(node: Node, removed: Removed) -> tuple[Line, ...]:
    titles = [(one.text("code", 60), one.text("title", 100)) for one in node.children("discount_applications")]
    lines = [_article(one, titles, removed) for one in node.children("line_items")]
    if not lines:
        return ()
    duties = [_duty(duty) for one in node.children("line_items") for duty in one.children("duties")]
    shipping = [_shipping(one, titles) for one in node.children("shipping_lines") if one.flag("is_removed") is not True]
    shipping = shipping if node.value.get("shipping_lines") else _shipping_in_totals(node)
    extra = _extra(node, lines, duties)
    return tuple(line for line in [*lines, *shipping, *duties, *extra] if line is not None)


def _article(node: Node, titles: list[tuple[str | None, str | None]], removed: Removed) -> Line | None:
    price = amount(node, "price")
    if price is None:
        raise node.wrong("missing_price", "price", "the unit price")
    quantity = node.number("quantity")
    if quantity is None:
        raise node.wrong("missing_field", "quantity", "the number of units")
    taken = removed.units.get(node.ident("id") or "", _Units(ZERO, ZERO, ZERO))
    left = quantity - taken.quantity
    if taken.quantity and left <= 0:
        return None
    discounts = _discounts(node, titles)
    total = price * quantity - sum((one.amount for one in discounts), ZERO) - taken.subtotal
    if taken.quantity and discounts:
        discounts = (Discount(amount=price * left - total),) if price * left > total else ()
    taxes = tax_lines(node)
    if taken.tax:
        shares = spread(taken.tax, [tax.amount for tax in taxes])
        taxes = tuple(_lighter(tax, share) for tax, share in zip(taxes, shares, strict=True))
    return Line(
        id=node.ident("id"),
        kind=_kind(node),
        name=node.text("name") or node.text("title") or node.text("sku") or "-",
        sku=node.text("sku", 100),
        product_id=node.ident("product_id"),
        variant_id=node.ident("variant_id"),
        quantity=left,
        unit_price=price,
        discounts=discounts,
        taxes=taxes,
        taxable=node.flag("taxable"),
        total=total,
        custom_fields=node.pairs("properties"),
    )


def _lighter(tax: TaxLine, share: Decimal) -> TaxLine:
    return TaxLine(name=tax.name, rate=tax.rate, amount=tax.amount - share, country=tax.country)


def _kind(node: Node) -> LineKind:
    if node.flag("gift_card"):
        return "gift_card"
    if node.text("tip_payment_gateway") or node.text("tip_payment_method") or node.child("tip").value:
        return "tip"
    # What is not shipped is a service or electronically supplied, which the VAT treats as a service.
    return "service" if node.flag("requires_shipping") is False else "product"


def _discounts(node: Node, titles: list[tuple[str | None, str | None]]) -> tuple[Discount, ...]:
    """A line's discounts; `total_discount` counts only where there are no allocations, which hold it too."""
    found = []
    for one in node.children("discount_allocations"):
        money = amount(one, "amount") or ZERO
        place = one.value.get("discount_application_index")
        code, title = titles[place] if isinstance(place, int) and 0 <= place < len(titles) else (None, None)
        if money:
            found.append(Discount(amount=money, code=code, title=title))
    whole = amount(node, "total_discount") or ZERO
    if not found and whole > 0:
        found.append(Discount(amount=whole))
    return tuple(found)


def tax_lines(node: Node) -> tuple[TaxLine, ...]:
    """`rate` is a fraction of one at Shopify, a percent with us."""
    found = []
    for one in node.children("tax_lines"):
        rate = one.number("rate")
        if rate is not None and abs(rate) > _HIGHEST_RATE:
            raise one.wrong("number_out_of_range", "rate", "a fraction of one")
        percent = rate * 100 if rate is not None else one.number("rate_percentage")
        money = amount(one, "price")
        if money is None:
            raise one.wrong("missing_field", "price", "the tax's amount")
        found.append(
            TaxLine(
                name=one.text("title", 60),
                rate=percent.normalize() + ZERO if percent is not None else None,
                amount=money,
            )
        )
    return tuple(found)


def _shipping(node: Node, titles: list[tuple[str | None, str | None]]) -> Line:
    price = amount(node, "price")
    if price is None:
        raise node.wrong("missing_price", "price", "the price of shipping")
    discounts = _discounts(node, titles)
    discounted = amount(node, "discounted_price")
    if not discounts and discounted is not None and discounted < price:
        discounts = (Discount(amount=price - discounted),)
    return Line(
        id=node.ident("id"),
        kind="shipping",
        name=node.text("title") or node.text("code") or "Shipping",
        unit_price=price,
        discounts=discounts,
        taxes=tax_lines(node),
        total=price - sum((one.amount for one in discounts), ZERO),
    )


def _shipping_in_totals(node: Node) -> list[Line]:
    """Senders that pick fields may leave the shipping lines out and tell only what they come to."""
    price = amount(node, "total_shipping_price_set")
    return [Line(kind="shipping", name="Shipping", unit_price=price, total=price)] if price else []


def _duty(node: Node) -> Line:
    money = amount(node, "price")
    if money is None:
        raise node.wrong("missing_price", "price", "the duty's amount")
    return Line(
        id=node.ident("id"), kind="fee", name="Import duties", unit_price=money, taxes=tax_lines(node), total=money
    )


def _extra(node: Node, lines: list[Line | None], duties: list[Line]) -> list[Line]:
    """Tips, duties and fees that stand only in the order's totals."""
    tips = sum((net_total(line) for line in lines if line is not None and line.kind == "tip"), ZERO)
    tip = (amount(node, "total_tip_received") or ZERO) - tips
    found = []
    if tip > 0:
        found.append(Line(kind="tip", name="Tip", unit_price=tip, taxable=False, total=tip))
    for key, name, told in (("duties", "Import duties", bool(duties)), ("additional_fees", "Additional fees", False)):
        first_told = amount(node, f"original_total_{key}_set")
        money = amount(node, f"current_total_{key}_set") if first_told is None else first_told
        if money and not told:
            found.append(Line(kind="fee", name=name, unit_price=money, total=money))
    return found


def rounding_line(
    node: Node, lines: tuple[Line, ...], discounts: tuple[Discount, ...], *, total: Decimal, included: bool
) -> tuple[Line, ...]:
    """Cash rounding belongs to the payment; it becomes a line only where the order's total holds it."""
    rounding = amount(node, "total_cash_rounding_payment_adjustment_set")
    if not rounding:
        return lines
    tax = ZERO if included else sum((tax.amount for line in lines for tax in line.taxes), ZERO)
    computed = sum((net_total(line) for line in lines), ZERO) - sum((one.amount for one in discounts), ZERO) + tax
    if total - computed != rounding:
        return lines
    return (*lines, Line(kind="rounding", name="Cash rounding", unit_price=rounding, taxable=False, total=rounding))
