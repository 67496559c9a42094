"""Shopify refunds: what went back to the buyer, and for which units."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from relay.domain.models import Discount, Line, Payment, Refund, TaxLine
from relay.domain.sources._currencies import ISO_4217
from relay.domain.sources._facts import Fact, Ignored, milliseconds
from relay.domain.sources._money import ZERO, net_total, round_to, spread
from relay.domain.sources._node import TEXT_CHARS, Node
from relay.domain.sources._shopify_lines import amount, tax_lines
from relay.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Sequence
    from decimal import Decimal


def facts(topic: str, value: Any) -> Sequence[Fact]:
    """https://shopify.dev/docs/api/admin-rest/latest/resources/refund . The subject is the refund id."""
    del topic
    node = Node(value, "refund")
    subject = node.need_ident("id")
    at = node.instant("processed_at") or node.instant("created_at")
    if at is None:
        raise node.wrong("missing_field", "created_at", "an ISO 8601 instant")
    moved = [one for one in node.children("transactions") if _gave_back(one)]
    if not moved:
        raise Ignored("nothing_refunded", "no money went back: units were only taken off the order or back to stock")
    currency = _currency(node)
    lines = _lines(node)
    total = _money(moved, currency)
    if total is None:
        total = sum((net_total(line) + _tax(line) for line in lines), ZERO)
    if total <= 0:
        raise BadInput(
            "negative_total", field=node.at("transactions"), detail="not above zero, expected what went back"
        )
    lines, included = _with_adjustments(node, lines, total)
    refund = Refund(
        id=subject,
        currency=currency,
        issued_at=at,
        updated_at=at,
        prices_include_tax=included,
        lines=lines,
        tax_total=sum((_tax(line) for line in lines), ZERO) if lines else None,
        total=total,
        payment_status="refunded",
        payments=tuple(_payment(one, currency) for one in moved if one.text("currency") in (None, currency)),
        refers_to=node.need_ident("order_id"),
        reason=node.text("note", TEXT_CHARS),
        test=any(one.flag("test") for one in moved),
    )
    return [Fact(type="refund.created", subject=subject, data=refund, at=at, version=milliseconds(at))]


def _currency(node: Node) -> str:
    """The shop's currency: of the lines' sets, else of the transactions (those may be in the buyer's)."""
    lines = node.children("refund_line_items")
    sets = [one.child("subtotal_set").child("shop_money") for one in lines]
    sets += [one.child("line_item").child("price_set").child("shop_money") for one in lines]
    sets += [one.child("amount_set").child("shop_money") for one in node.children("order_adjustments")]
    code = next((text for one in sets if (text := one.text("currency_code"))), None)
    code = code or next((text for one in node.children("transactions") if (text := one.text("currency"))), None)
    if code is None:
        raise node.wrong("missing_currency", "transactions", "a transaction with its currency")
    if code.upper() not in ISO_4217:
        raise node.wrong("unknown_currency", "transactions", "an ISO 4217 code")
    return code.upper()


def _gave_back(transaction: Node) -> bool:
    # A gateway that settles later is told once, as pending; no second refunds/create follows.
    return transaction.text("kind") == "refund" and transaction.text("status") in ("success", "pending")


def _money(moved: list[Node], currency: str) -> Decimal | None:
    if any(one.text("currency") not in (None, currency) for one in moved):
        return None
    return sum((one.need_number("amount") for one in moved), ZERO)


def _payment(node: Node, currency: str) -> Payment:
    return Payment(
        id=node.ident("id"),
        amount=node.need_number("amount"),
        currency=currency,
        method=node.text("gateway", 60),
        at=node.instant("processed_at") or node.instant("created_at"),
        document_id=node.ident("order_id"),
    )


def _tax(line: Line) -> Decimal:
    return sum((tax.amount for tax in line.taxes), ZERO)


def _lines(node: Node) -> tuple[Line, ...]:
    return tuple(_line(one) for one in node.children("refund_line_items"))


def _line(node: Node) -> Line:
    sold = node.child("line_item")
    quantity = node.number("quantity")
    price = amount(sold, "price")
    subtotal = amount(node, "subtotal")
    if quantity is None:
        raise node.wrong("missing_field", "quantity", "the number of units")
    if price is None and subtotal is None:
        raise node.wrong("missing_price", "subtotal", "what the units came to")
    if price is None or (subtotal is not None and (not quantity or price * quantity < subtotal)):
        price = (subtotal or ZERO) / quantity if quantity else (subtotal or ZERO)
    total = subtotal if subtotal is not None else price * quantity
    off = price * quantity - total
    return Line(
        id=node.ident("line_item_id"),
        kind="gift_card"
        if sold.flag("gift_card")
        else "service"
        if sold.flag("requires_shipping") is False
        else "product",
        name=sold.text("name") or sold.text("title") or "-",
        sku=sold.text("sku", 100),
        product_id=sold.ident("product_id"),
        variant_id=sold.ident("variant_id"),
        quantity=quantity,
        unit_price=price,
        discounts=(Discount(amount=off),) if off > 0 else (),
        taxes=_taxes(node, sold, quantity),
        taxable=sold.flag("taxable"),
        total=total,
    )


def _taxes(node: Node, sold: Node, quantity: Decimal) -> tuple[TaxLine, ...]:
    """The sold line's taxes, in proportion to the units that came back."""
    taxes = tax_lines(sold)
    if not taxes:
        return ()
    whole = amount(node, "total_tax")
    if whole is None:
        units = sold.number("quantity") or quantity
        share = quantity / units if units else ZERO
        return tuple(dataclasses.replace(tax, amount=round_to(tax.amount * share)) for tax in taxes)
    shares = spread(whole, [tax.amount for tax in taxes])
    return tuple(dataclasses.replace(tax, amount=share) for tax, share in zip(taxes, shares, strict=True))


def _with_adjustments(node: Node, lines: tuple[Line, ...], total: Decimal) -> tuple[tuple[Line, ...], bool]:
    """Add shipping, duties and restocking as lines; whether the prices hold tax is what the money shows.

    A refund does not say whether the shop's prices include tax. Of the two readings, the one that adds up to the money
    that moved is taken; if neither does, tax on top, and the difference is seen by whoever maps it.
    """
    own = (*lines, *_shipping(node), *_duties(node))
    corrected = (*own, *_discrepancies(node)) if own else own
    for candidate in (own, corrected):
        net = sum((net_total(line) for line in candidate), ZERO)
        tax = sum((_tax(line) for line in candidate), ZERO)
        for included in (False, True):
            if candidate and net + (ZERO if included else tax) == total:
                return candidate, included
    return corrected, False


def _shipping(node: Node) -> list[Line]:
    newer = node.children("refund_shipping_lines")
    if newer:
        moneys = [
            (amount(one, "subtotal_amount"), amount(one, "tax_amount"), one.child("shipping_line")) for one in newer
        ]
    else:
        moneys = [
            (-(amount(one, "amount") or ZERO), -(amount(one, "tax_amount") or ZERO), Node({}, one.path))
            for one in node.children("order_adjustments")
            if one.text("kind") == "shipping_refund"
        ]
    return [
        Line(
            kind="shipping",
            name=sold.text("title") or "Shipping",
            unit_price=money,
            taxes=_one_tax(tax or ZERO, sold),
            total=money,
        )
        for money, tax, sold in moneys
        if money
    ]


def _one_tax(tax: Decimal, sold: Node) -> tuple[TaxLine, ...]:
    known = tax_lines(sold)
    if not tax:
        return ()
    return (TaxLine(name=known[0].name, rate=known[0].rate, amount=tax) if len(known) == 1 else TaxLine(amount=tax),)


def _duties(node: Node) -> list[Line]:
    found = [amount(one, "amount_set") for one in node.children("duties")]
    return [Line(kind="fee", name="Import duties", unit_price=money, total=money) for money in found if money]


def _discrepancies(node: Node) -> list[Line]:
    """Restocking fees and goodwill: what was given back beyond, or short of, the units (`amount` is negative for beyond)."""
    return [
        Line(
            kind="fee",
            name=one.text("reason") or "Adjustment",
            unit_price=-money,
            taxes=_one_tax(-(amount(one, "tax_amount") or ZERO), Node({})),
            total=-money,
        )
        for one in node.children("order_adjustments")
        if one.text("kind") != "shipping_refund" and (money := amount(one, "amount"))
    ]
