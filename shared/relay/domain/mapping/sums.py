"""Do the source's figures add up, and does the document keep its tax: the checks around the totals."""

from __future__ import annotations

from decimal import ROUND_DOWN, Decimal
from typing import TYPE_CHECKING

from relay.domain.mapping.evidence import HALF_CENT, tax_total
from relay.domain.mapping.undecided import Undecided
from relay.domain.money import CENT, ZERO, cents, line_tax, shown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from relay.domain.mapping.evidence import Charged, SalesModel
    from relay.domain.mapping.taxes import TaxDecision


def check_source(document: SalesModel, charged: Sequence[Charged]) -> None:
    """Lines, discounts and taxes come to the total. Only figures the source shows with fewer decimals than they have may
    differ, by half a cent each. Raises `Undecided` with the difference.
    """
    lines = sum((one.amount for one in charged), ZERO)
    if not document.prices_include_tax:
        on_top = tax_total(document)
        if on_top is None:
            return  # taxes known as rates only: what Holded makes of them decides
        lines += on_top
    hidden = sum(1 for one in charged if one.hides_cents)
    slack = (HALF_CENT * (hidden + 1)).quantize(CENT, rounding=ROUND_DOWN) if hidden else ZERO
    withheld = sum((tax.amount for one in charged for tax in one.line.taxes if tax.amount < 0), ZERO)
    difference = document.total - cents(lines)
    # A source may or may not count what is withheld (IRPF) as a tax of the document.
    if abs(difference) > slack and abs(difference - withheld) > slack:
        raise Undecided(
            "total_differs",
            f"The lines come to {shown(cents(lines))} {document.currency}, the source's total is "
            f"{shown(document.total)}: a difference of {shown(difference)}. Correct it in the source, or book it by hand.",
            differs=("total", shown(document.total), shown(cents(lines))),
        )


def check_tax(
    document: SalesModel, charged: Sequence[Charged], decisions: Sequence[TaxDecision], nets: Sequence[Decimal]
) -> None:
    """The same total with another tax would be another document. Raises `Undecided`."""
    stated = tax_total(document)
    if stated is None:
        return
    ours = sum((line_tax(net, decision.rates) for net, decision in zip(nets, decisions, strict=True)), ZERO)
    slack = CENT * (1 + sum(1 for decision in decisions if decision.rates))
    if abs(ours - stated) > slack and abs(ours + withheld(charged, nets) - stated) > slack:
        raise Undecided(
            "tax_differs",
            f"The taxes of the lines come to {shown(ours)} {document.currency}, the source's tax is {shown(stated)}.",
            differs=("tax", shown(stated), shown(ours)),
        )


def withheld(charged: Sequence[Charged], nets: Sequence[Decimal]) -> Decimal:
    """What the source itself withheld, negative."""
    return sum((line_tax(net, one.retentions) for net, one in zip(nets, charged, strict=True)), ZERO)
