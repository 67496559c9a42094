"""Lines of Stripe invoices, credit notes and checkout sessions: the amount is the truth, in minor units."""

from __future__ import annotations

import dataclasses
from decimal import Decimal
from typing import TYPE_CHECKING

from relay.domain.models import Discount, Line, TaxLine
from relay.domain.sources._currencies import stripe_decimals
from relay.domain.sources._money import ZERO, net_total, only_rate, unit_price
from relay.domain.sources._node import Node

if TYPE_CHECKING:
    from collections.abc import Mapping

    from relay.domain.models import LineKind


@dataclasses.dataclass(frozen=True, slots=True)
class Money:
    """Reads Stripe's integers as money of one currency."""

    currency: str

    def of(self, node: Node, key: str) -> Decimal | None:
        minor = node.number(key)
        if minor is None:
            return None
        if minor != minor.to_integral_value():
            raise node.wrong("wrong_shape", key, "a whole number of minor units")
        return minor.scaleb(-stripe_decimals(self.currency))

    def need(self, node: Node, key: str) -> Decimal:
        found = self.of(node, key)
        if found is None:
            raise node.wrong("missing_field", key, "a whole number of minor units")
        return found


@dataclasses.dataclass(frozen=True, slots=True)
class TaxedLine:
    """A line and how much of its amount is tax already inside."""

    line: Line
    inside: Decimal
    outside: Decimal


def known_rates(document: Node, lines: list[Node]) -> dict[str, Node]:
    """Tax rates that stand expanded somewhere in the document, by id."""
    found: dict[str, Node] = {}
    holders = [*document.children("default_tax_rates")]
    for one in (document, *lines):
        holders += one.children("tax_rates")
        for key in ("tax_amounts", "total_tax_amounts", "taxes", "total_taxes"):
            holders += [tax.child("tax_rate") for tax in one.children(key)]
    for rate in holders:
        rate_id = rate.ident("id")
        if rate_id and rate.text("object") == "tax_rate":
            found[rate_id] = rate
    return {**_explained(lines), **found}


def _explained(lines: list[Node]) -> dict[str, Node]:
    """Rates that a webhook names by their id alone: the one percentage that explains every line that bears the id."""
    pairs: dict[tuple[str, bool], list[tuple[Decimal, Decimal]]] = {}
    for one in (tax for line in lines for tax in line.children("tax_amounts") or line.children("taxes")):
        taxable, amount, included = one.number("taxable_amount"), one.number("amount"), _inside(one)
        rate_id = one.ident("tax_rate") or one.child("tax_rate_details").ident("tax_rate")
        if rate_id and taxable and amount:
            base = taxable + amount if included else taxable
            pairs.setdefault((rate_id, included), []).append((base / 100, amount / 100))
    told = {rate_id: only_rate(found, included=included) for (rate_id, included), found in pairs.items()}
    return {
        rate_id: Node({"object": "tax_rate", "id": rate_id, "percentage": percent})
        for rate_id, percent in told.items()
        if percent is not None
    }


def _inside(tax: Node) -> bool:
    """Whether the amount it is on holds this tax: the old shape's word, or the new one's."""
    return tax.flag("inclusive") is True or tax.text("tax_behavior") == "inclusive"


def read_line(node: Node, money: Money, rates: Mapping[str, Node]) -> TaxedLine:
    amount = money.of(node, "amount")
    if amount is None:
        raise node.wrong("missing_price", "amount", "the line's amount in minor units")
    discounts = tuple(
        Discount(amount=off, title=_coupon(one.child("discount")))
        for one in node.children("discount_amounts")
        if (off := money.of(one, "amount"))
    )
    total = amount - sum((one.amount for one in discounts), ZERO)
    taxes, inside, outside = line_taxes(node, money, rates, total)
    price, quantity = _price(node, money, amount)
    product = (node.child("price").child("product"), node.child("pricing").child("price_details"))
    line = Line(
        id=node.ident("id"),
        kind=_kind(node),
        name=node.text("description") or product[0].text("name") or node.child("price").text("nickname") or "-",
        product_id=node.child("price").ident("product") or product[1].ident("product"),
        variant_id=node.ident("price") or product[1].ident("price"),
        quantity=quantity,
        unit_price=price,
        discounts=discounts,
        taxes=taxes,
        total=total,
        custom_fields=node.pairs("metadata"),
    )
    return TaxedLine(line, inside, outside)


def _price(node: Node, money: Money, amount: Decimal) -> tuple[Decimal, Decimal]:
    """The told unit price where it makes the amount; tiers and prorations make it otherwise, and the amount is the truth."""
    quantity = node.number("quantity_decimal")
    if quantity is None:
        quantity = node.number("quantity")
    quantity = Decimal(1) if quantity is None else quantity
    for holder in (node, node.child("price"), node.child("pricing"), node.child("plan")):
        for key in ("unit_amount_decimal", "amount_decimal"):
            told = holder.number(key)
            price = told.scaleb(-stripe_decimals(money.currency)) if told is not None else None
            if price is not None and price * quantity == amount:
                return price, quantity
    return unit_price(amount, quantity)


def _kind(node: Node) -> LineKind:
    product = node.child("price").child("product")
    if product.text("type") == "good" or product.flag("shippable"):
        return "product"
    recurring = node.child("price").child("recurring").value or node.child("plan").value
    subscribed = node.text("type") == "subscription" or node.ident("subscription") or node.ident("subscription_item")
    modern = node.child("parent").text("type") == "subscription_item_details"
    return "service" if recurring or subscribed or modern or product.text("type") == "service" else "product"


def _coupon(discount: Node) -> str | None:
    coupon = discount.child("coupon")
    return coupon.text("name", 100) or coupon.text("id", 100)


def line_taxes(
    node: Node, money: Money, rates: Mapping[str, Node], base: Decimal
) -> tuple[tuple[TaxLine, ...], Decimal, Decimal]:
    """(taxes, tax inside the amounts, tax on top), from the old shape (`tax_amounts`) or the new one (`taxes`)."""
    taxes: list[TaxLine] = []
    inside = outside = ZERO
    old = node.children("tax_amounts")
    for one in old or node.children("taxes"):
        amount = money.of(one, "amount")
        if amount is None:
            raise one.wrong("missing_field", "amount", "the tax in minor units")
        details = one.child("tax_rate_details")
        expanded = one.child("tax_rate") if old else one.child("rate")
        rate_id = one.ident("tax_rate") or details.ident("tax_rate") or expanded.ident("id") or ""
        rate = rates.get(rate_id, expanded if expanded.text("object") == "tax_rate" else Node({}))
        included = _inside(one)
        inside += amount if included else ZERO
        outside += ZERO if included else amount
        percent = _percent(rate, amount, base, money.of(one, "taxable_amount"), included=included)
        # Two rates that are told by their ids alone must stay two, so that neither is inferred from the other's money.
        name = rate.text("display_name", 60) or (rate_id or None if percent is None else None)
        taxes.append(TaxLine(name=name, rate=percent, amount=amount, country=rate.country("country")))
    return tuple(taxes), inside, outside


def _percent(rate: Node, amount: Decimal, base: Decimal, taxable: Decimal | None, *, included: bool) -> Decimal | None:
    if not amount and base:
        return ZERO  # reverse charge, exempt, not collecting: the rate's own percent was not applied
    told = rate.number("effective_percentage") or rate.number("percentage")
    if told is not None:
        return told
    if taxable:
        return only_rate([(taxable + amount if included else taxable, amount)], included=included)
    return only_rate([(base, amount)], included=included) if base else None


def in_one_convention(lines: list[TaxedLine]) -> tuple[tuple[Line, ...], bool]:
    """(lines, prices include tax): where some lines hold their tax and others do not, all are told without."""
    if not any(one.inside for one in lines):
        return tuple(one.line for one in lines), False
    if not any(one.outside for one in lines):
        return tuple(one.line for one in lines), True
    return tuple(_without_tax(one) if one.inside else one.line for one in lines), False


def _without_tax(taxed: TaxedLine) -> Line:
    net = net_total(taxed.line) - taxed.inside
    price, quantity = unit_price(net, taxed.line.quantity)
    return dataclasses.replace(taxed.line, unit_price=price, quantity=quantity, discounts=(), total=net)


def shipping_line(document: Node, money: Money, rates: Mapping[str, Node]) -> list[TaxedLine]:
    """Shipping stands beside the lines; `amount_shipping` says whether there is any."""
    cost = document.child("shipping_cost")
    whole = money.of(document, "amount_shipping")
    amount = money.of(cost, "amount_subtotal")
    if whole == 0 or not amount:
        return []
    taxes, inside, outside = line_taxes(cost, money, rates, amount)
    tax = money.of(cost, "amount_tax") or ZERO
    if not taxes and tax:
        included = money.of(cost, "amount_total") == amount
        inside, outside = (tax, ZERO) if included else (ZERO, tax)
        taxes = (TaxLine(rate=only_rate([(amount, tax)], included=included), amount=tax),)
    name = cost.child("shipping_rate").text("display_name") or "Shipping"
    return [TaxedLine(Line(kind="shipping", name=name, unit_price=amount, taxes=taxes, total=amount), inside, outside)]
