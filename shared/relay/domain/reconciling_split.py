"""A document's net and tax, and the tax by rate: from its own lines and the account's own taxes.

Every tax of a line is rounded on its own, half-up to the cent, as Holded does (Holded facts, real data 1); a rate's base is
the net of the lines that bear it. A retention is a tax with a negative rate. Lines without any tax stand under 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from relay.domain.money import HUNDRED, ZERO, cents, line_net, plain, shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from relay.domain.documents import DocumentDraft
    from relay.domain.ledger import Row

    Rates = Callable[[str], tuple[Decimal, ...]]

NO_TAX = (ZERO,)


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """`by_rate`: percentage -> (base, tax). `lines`: (units, net, tax) of each line that counts, sorted; None where only the
    sums were kept.
    """

    net: Decimal
    tax: Decimal
    by_rate: Mapping[Decimal, tuple[Decimal, Decimal]]
    lines: tuple[tuple[Decimal, Decimal, Decimal], ...] | None

    @property
    def total(self) -> Decimal:
        return self.net + self.tax


@dataclass(frozen=True, slots=True)
class Part:
    """One line, before it is split. `rates` are the percentages of its taxes."""

    units: Decimal
    net: Decimal
    rates: tuple[Decimal, ...]


def split_of(parts: Iterable[Part]) -> Split:
    by_rate: dict[Decimal, tuple[Decimal, Decimal]] = {}
    lines: list[tuple[Decimal, Decimal, Decimal]] = []
    net = tax = ZERO
    for part in parts:
        if not part.net:
            continue
        borne = ZERO
        for rate in part.rates or NO_TAX:
            of_rate = cents(part.net * rate / HUNDRED)
            borne += of_rate
            base, sum_ = by_rate.get(rate, (ZERO, ZERO))
            by_rate[rate] = (base + part.net, sum_ + of_rate)
        net, tax = net + part.net, tax + borne
        lines.append((part.units, part.net, borne))
    return Split(net=net, tax=tax, by_rate=dict(sorted(by_rate.items())), lines=tuple(sorted(lines)))


def of_draft(draft: DocumentDraft, rates: Rates) -> Split | None:
    """A planned document's. None where its lines do not come to its own sums: the account's taxes changed since."""
    parts = [Part(line.units, line.net, rates_of(line.taxes, rates) or ()) for line in draft.lines]
    split = split_of(parts)
    return split if (split.net, split.tax) == (draft.subtotal, draft.tax) else None


def kept(split: Split | None) -> str:
    """As a ledger row keeps it, some twenty bytes for one rate: `100.00;21:100.00:21.00`, the net, then rate, base and tax of
    each. Empty for None.
    """
    if split is None:
        return ""
    rates = (f"{plain(rate)}:{shown(base)}:{shown(tax)}" for rate, (base, tax) in split.by_rate.items())
    return ";".join((shown(split.net), *rates))


def of_row(row: Row) -> Split | None:
    """What the ledger kept with the write. None where it kept nothing (rows of earlier releases), or where the row's total
    is another by now: an adopted document, one that was left standing.
    """
    net, *rates = row.split.split(";")
    try:
        by_rate = {
            Decimal(rate): (Decimal(base), Decimal(tax)) for rate, base, tax in (one.split(":") for one in rates)
        }
        split = Split(
            net=Decimal(net), tax=sum((tax for _, tax in by_rate.values()), ZERO), by_rate=by_rate, lines=None
        )
        stands = split.total == row.total
    except (ValueError, ArithmeticError):  # an absurd exponent overflows where it is added up
        return None
    return split if stands else None


def rates_of(keys: Iterable[str], rates: Rates) -> tuple[Decimal, ...] | None:
    """The percentages of a line's tax keys; None where the account's list lacks one."""
    found = [rates(key) for key in keys]
    return None if any(not each for each in found) else tuple(rate for each in found for rate in each)


def net_of(*, units: Decimal, price: Decimal, discount: Decimal, whole_discount: Decimal) -> Decimal:
    """A line's net under its own discount and the document's, both percentages."""
    if not whole_discount:
        return line_net(units=units, price=price, discount_percent=discount)
    kept = (HUNDRED - discount) * (HUNDRED - whole_discount) / HUNDRED
    return cents(units * price * kept / HUNDRED)
