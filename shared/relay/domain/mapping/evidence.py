"""What the source says it charged: each line's amount after discounts, and the taxes on it."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import TYPE_CHECKING

from relay.domain.mapping.undecided import Undecided
from relay.domain.money import CENT, HUNDRED, ZERO, cents, line_tax, shown, split

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from relay.domain.models import CreditNote, Invoice, Line, Order, Refund, TaxLine

    SalesModel = Order | Invoice | CreditNote | Refund

HALF_CENT = Decimal("0.005")


@dataclass(frozen=True, slots=True, kw_only=True)
class Charged:
    """A line as the source charged it. `amount` is after all discounts, with tax where `gross`. `rates` are percentages
    above zero, sorted; `retentions` those below. `discount` is the money taken off, `codes` what the buyer saw of it.
    """

    line: Line
    gross: bool
    amount: Decimal
    rates: tuple[Decimal, ...] = ()
    retentions: tuple[Decimal, ...] = ()
    taxed_by: str = ""
    names: str = ""
    discount: Decimal = ZERO
    codes: tuple[str, ...] = field(default=())

    @property
    def hides_cents(self) -> bool:
        """The source's own figures have more decimals than it shows, so sums may differ from their parts."""
        exact = self.line.unit_price * self.line.quantity
        return _decimals(self.line.unit_price) > 2 or _decimals(exact) > 2 or _decimals(self.amount) > 2


def charged_lines(document: SalesModel) -> list[Charged]:
    """The lines of a document as charged, taxes apart (see `with_taxes`); order-wide discounts are spread over them."""
    lines = [line for line in document.lines if line.quantity != 0 or _amount(line) != 0]
    charged = [
        Charged(
            line=line,
            gross=document.prices_include_tax,
            amount=_amount(line),
            discount=sum((discount.amount for discount in line.discounts), ZERO),
            codes=tuple(text for discount in line.discounts if (text := discount.code or discount.title)),
        )
        for line in lines
    ]
    return _spread_discounts(charged, document)


def with_taxes(charged: list[Charged], document: SalesModel, *, candidates: Iterable[Decimal]) -> list[Charged]:
    """The same lines with the percentages charged on them.

    `candidates` are the percentages that exist for the account: a tax given only as an amount is the one of them that
    makes this amount. Raises `Undecided` where a tax of the whole document cannot be shared out.
    """
    rates = sorted({rate for rate in candidates if rate > 0})
    if not any(_real_taxes(one) for one in charged):
        return _share_document_taxes(charged, document, rates)
    inferred = _infer(charged, rates)
    return [_with_taxes(one, _real_taxes(one), inferred) for one in charged]


def tax_total(document: SalesModel) -> Decimal | None:
    """The tax of the whole document as the source says it, None where it says nothing at all."""
    if document.tax_total is not None:
        return document.tax_total
    if document.taxes:
        return sum((tax.amount for tax in document.taxes), ZERO)
    on_lines = [tax.amount for line in document.lines for tax in line.taxes]
    return sum(on_lines, ZERO) if on_lines else None


def _amount(line: Line) -> Decimal:
    if line.total is not None:
        return line.total
    return line.unit_price * line.quantity - sum((discount.amount for discount in line.discounts), ZERO)


def _spread_discounts(charged: list[Charged], document: SalesModel) -> list[Charged]:
    total = sum((discount.amount for discount in document.discounts), ZERO)
    if not total or not charged:
        return charged
    codes = tuple(text for discount in document.discounts if (text := discount.code or discount.title))
    weights = [one.amount if one.line.kind in {"product", "service"} else ZERO for one in charged]
    if sum(weight for weight in weights if weight > 0) < total:  # a discount that eats into shipping and fees
        weights = [one.amount if one.line.kind != "gift_card" else ZERO for one in charged]
    shares = split(cents(total), weights)
    return [
        replace(one, amount=one.amount - share, discount=one.discount + share, codes=(*one.codes, *codes))
        if share
        else one
        for one, share in zip(charged, shares, strict=True)
    ]


def _real_taxes(one: Charged) -> tuple[TaxLine, ...]:
    """Taxes that were charged: a rate that made no money on a line with a price is one that was not applied."""
    return tuple(tax for tax in one.line.taxes if tax.amount != 0)


def _with_taxes(one: Charged, taxes: Sequence[TaxLine], inferred: dict[tuple[str, str], Decimal]) -> Charged:
    rates = sorted(tax.rate if tax.rate is not None else inferred[_label(tax)] for tax in taxes)
    countries = {tax.country for tax in taxes if tax.country}
    return replace(
        one,
        rates=tuple(rate.normalize() for rate in rates if rate > 0),
        retentions=tuple(rate.normalize() for rate in rates if rate < 0),
        taxed_by=countries.pop() if len(countries) == 1 else "+".join(sorted(countries)),
        names=" ".join(tax.name.lower() for tax in taxes if tax.name),
    )


def _label(tax: TaxLine) -> tuple[str, str]:
    return tax.name or "", tax.country or ""


def _infer(charged: list[Charged], candidates: Sequence[Decimal]) -> dict[tuple[str, str], Decimal]:
    """The percentage of each tax that came as a bare amount, from all lines it is on: more money, less doubt."""
    bases: dict[tuple[str, str], list[tuple[Decimal, Decimal]]] = defaultdict(list)
    for one in charged:
        taxes = _real_taxes(one)
        net = one.amount - sum((tax.amount for tax in taxes), ZERO) if one.gross else one.amount
        for tax in taxes:
            if tax.rate is None:
                bases[_label(tax)].append((net, tax.amount))
    return {label: _rate_of(amounts, candidates) for label, amounts in bases.items()}


def _rate_of(amounts: list[tuple[Decimal, Decimal]], candidates: Sequence[Decimal]) -> Decimal:
    base, tax = sum((net for net, _ in amounts), ZERO), sum((amount for _, amount in amounts), ZERO)
    slack = CENT * len(amounts)
    fitting = [rate for rate in candidates if abs(base * rate / HUNDRED - tax) <= slack]
    if len(fitting) > 1:  # small amounts: the closest, if the others are clearly worse
        fitting.sort(key=lambda rate: abs(base * rate / HUNDRED - tax))
        if abs(base * fitting[1] / HUNDRED - tax) - abs(base * fitting[0] / HUNDRED - tax) < HALF_CENT:
            raise Undecided(
                "tax_rate_unclear",
                f"A tax of {shown(tax)} on {shown(base)} fits {len(fitting)} rates and the source does not say which.",
            )
    if fitting:
        return fitting[0]
    return (tax * HUNDRED / base).quantize(CENT) if base else HUNDRED


def _share_document_taxes(charged: list[Charged], document: SalesModel, candidates: Sequence[Decimal]) -> list[Charged]:
    """Taxes given only for the whole document: on all lines, on those marked taxable, or on all but shipping."""
    total = tax_total(document)
    if not total:
        return charged
    taxes = [tax for tax in document.taxes if tax.amount != 0]
    for chosen in _who_may_be_taxed(charged):
        base = sum((one.amount for one in chosen), ZERO)
        net = base - total if document.prices_include_tax else base
        inferred = {_label(tax): _rate_of([(net, tax.amount)], candidates) for tax in taxes if tax.rate is None} or {
            ("", ""): _rate_of([(net, total)], candidates)
        }
        shared = [
            _with_taxes(one, taxes, inferred) if taxes else replace(one, rates=(inferred["", ""].normalize(),))
            for one in chosen
        ]
        expected = sum((line_tax(_net(one), (*one.rates, *one.retentions)) for one in shared), ZERO)
        if abs(expected - total) <= CENT * max(1, len(shared) // 2):
            by_place = {id(one): taxed for one, taxed in zip(chosen, shared, strict=True)}
            return [by_place.get(id(one), one) for one in charged]
    raise Undecided(
        "tax_not_attributed",
        f"The source gives a tax of {shown(total)} for the whole document; no share over its lines makes this amount.",
    )


def _who_may_be_taxed(charged: list[Charged]) -> Iterable[list[Charged]]:
    some = [one for one in charged if one.line.taxable is not False and one.line.kind not in {"gift_card", "tip"}]
    yield some
    yield [one for one in some if one.line.kind != "shipping"]
    yield charged


def _net(one: Charged) -> Decimal:
    return one.amount * HUNDRED / (HUNDRED + sum(one.rates, ZERO)) if one.gross else one.amount


def _decimals(number: Decimal) -> int:
    exponent = number.normalize().as_tuple().exponent
    return -exponent if isinstance(exponent, int) and exponent < 0 else 0
