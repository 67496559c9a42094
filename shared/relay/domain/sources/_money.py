"""Arithmetic the normalisers share: shares that add up, unit prices from amounts, rates that only one reading explains."""

from __future__ import annotations

import dataclasses
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from relay.domain.models import Line, TaxLine

ZERO = Decimal(0)
CENT = Decimal("0.01")
_UNIT_PRICE_STEP = Decimal("0.0000000001")


def round_to(value: Decimal, step: Decimal = CENT) -> Decimal:
    return value.quantize(step, ROUND_HALF_UP)


def unit_price(amount: Decimal, quantity: Decimal) -> tuple[Decimal, Decimal]:
    """(unit price, quantity) whose product is `amount` once rounded; nothing can be divided by no units."""
    if not quantity:
        return amount, Decimal(1) if amount else ZERO
    price = amount / quantity
    exact = price.quantize(CENT)
    return (exact if exact * quantity == amount else round_to(price, _UNIT_PRICE_STEP)), quantity


def spread(total: Decimal, weights: Sequence[Decimal]) -> list[Decimal]:
    """`total` in cents over `weights`; the shares add up to it exactly, the last one takes what rounding leaves."""
    whole = sum(weights, ZERO)
    if not whole:
        return [*([ZERO] * (len(weights) - 1)), total] if weights else []
    shares = [round_to(total * weight / whole) for weight in weights]
    shares[-1] += total - sum(shares, ZERO)
    return shares


def only_rate(bases_and_taxes: Iterable[tuple[Decimal, Decimal]], *, included: bool = False) -> Decimal | None:
    """The one rate in tenths of a percent that explains every (amount, tax) to the cent; None if none or several do."""
    candidates = {Decimal(tenth) / 10 for tenth in range(401)}
    for base, tax in bases_and_taxes:
        candidates = {rate for rate in candidates if _tax(base, rate, included=included) == round_to(tax)}
    return candidates.pop().normalize() + ZERO if len(candidates) == 1 else None


def _tax(amount: Decimal, rate: Decimal, *, included: bool) -> Decimal:
    return round_to(amount - amount * 100 / (100 + rate) if included else amount * rate / 100)


def net_total(line: Line) -> Decimal:
    """What a line comes to after its discounts, in the document's tax convention."""
    if line.total is not None:
        return line.total
    return line.unit_price * line.quantity - sum((one.amount for one in line.discounts), ZERO)


def sole_tax(lines: Iterable[Line], amount: Decimal) -> tuple[TaxLine, ...]:
    """The tax inside a bare amount given back, where every line sold bears one and the same: whatever it is for, it is this.

    Empty where nothing was taxed, where taxes differ, or where a rate is not known.
    """
    charged = [[tax for tax in line.taxes if tax.amount] for line in lines if net_total(line)]
    kinds = {(tax.name, tax.rate, tax.country): tax for taxes in charged for tax in taxes}
    if len(kinds) != 1 or any(len(taxes) != 1 for taxes in charged):
        return ()
    tax = next(iter(kinds.values()))
    if not tax.rate:
        return ()
    return (dataclasses.replace(tax, amount=round_to(amount * tax.rate / (100 + tax.rate))),)


def taxes_onto_lines(lines: tuple[Line, ...], taxes: Sequence[TaxLine], *, included: bool) -> tuple[Line, ...]:
    """Put a document's taxes on its lines where the source tells them only for the whole.

    Done only if one reading explains them to the cent: every taxable line (shipping with them, or without) at the given
    rates. Otherwise the lines stay without, and whoever maps them sees that the total is not explained.
    """
    known = [tax for tax in taxes if tax.rate is not None]
    if not known or len(known) != len(taxes) or any(line.taxes for line in lines):
        return lines
    for kinds in ({"shipping", "fee", "tip"}, {"fee", "tip"}, {"tip"}, set[str]()):
        reached = [line.taxable is not False and line.kind not in kinds | {"gift_card"} for line in lines]
        onto = [
            _with_taxes(line, known, included=included) if yes else line
            for line, yes in zip(lines, reached, strict=True)
        ]
        sums = [sum((one.taxes[place].amount for one in onto if one.taxes), ZERO) for place in range(len(known))]
        if all(total == tax.amount for total, tax in zip(sums, known, strict=True)):
            return tuple(onto)
    return lines


def _with_taxes(line: Line, taxes: Sequence[TaxLine], *, included: bool) -> Line:
    base = net_total(line)
    rates = sum((tax.rate for tax in taxes if tax.rate), ZERO)
    net = base * 100 / (100 + rates) if included else base
    own = tuple(dataclasses.replace(tax, amount=round_to(net * (tax.rate or ZERO) / 100)) for tax in taxes)
    return dataclasses.replace(line, taxes=own)
