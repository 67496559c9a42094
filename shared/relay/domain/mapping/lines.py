"""From a charged line with its settled net to the line Holded gets: units, unit price, percent discount, words."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, Literal

from relay.domain.documents import LineDraft
from relay.domain.money import HUNDRED, ZERO, line_net, line_tax, plain, shown
from relay.domain.text import clip

if TYPE_CHECKING:
    from relay.domain.mapping.evidence import Charged
    from relay.domain.mapping.taxes import TaxDecision
    from relay.domain.models import LineKind

_USUAL_DECIMALS = 6
_MOST_DECIMALS = 12
_LONGEST_NAME = 250
_LONGEST_TEXT = 1000
_TYPES: dict[LineKind, Literal["product", "service", "shipping", "rounding"]] = {
    "product": "product",
    "service": "service",
    "shipping": "shipping",
    "fee": "service",
    "tip": "service",
    "gift_card": "product",
    "discount": "service",
    "rounding": "rounding",
}


@dataclass(frozen=True, slots=True)
class _Price:
    price: Decimal
    percent: Decimal = ZERO
    named: bool = False  # the discount is in the price and must be named in words


def line_draft(
    charged: Charged, *, net: Decimal, taxes: TaxDecision, retention: TaxDecision, account: str | None
) -> LineDraft:
    """A line whose `units`, `price` and `discount_percent` come to exactly `net` as Holded computes it."""
    line = charged.line
    units = line.quantity if line.quantity != 0 else Decimal(1)
    found = _percent_price(charged, units=units, net=net) or _plain_price(charged, units=units, net=net)
    texts = [line.description] if line.description else []
    if found.named:
        codes = f" ({', '.join(charged.codes)})" if charged.codes else ""
        texts.append(f"Descuento incluido en el precio: {shown(charged.discount)}{codes}")
    return LineDraft(
        name=clip(line.name, _LONGEST_NAME) or line.kind,
        description=clip("\n".join(texts), _LONGEST_TEXT) or None,
        units=units,
        price=found.price,
        discount_percent=found.percent,
        net=net,
        tax=line_tax(net, (*taxes.rates, *retention.rates)),
        taxes=(*taxes.keys, *retention.keys),
        type=_TYPES[line.kind],
        sku=line.sku,
        account=account,
    )


def rounding_draft(amount: Decimal) -> LineDraft:
    """The line that carries the cents no net can reach. It bears no tax."""
    return LineDraft(name="Redondeo", units=Decimal(1), price=amount, net=amount, tax=ZERO, type="rounding")


def unit_price(net: Decimal, *, units: Decimal) -> Decimal:
    """A unit price that makes `net` for these units: exact with few decimals where there is one, else as exact as it gets.

    The closer `units * price` is to whole cents, the less it matters whether tax is counted before or after rounding.
    """
    exact = net / units
    for decimals in (2, 3, 4):
        price = _rounded(exact, decimals)
        if price * units == net:
            return price
    for decimals in range(_USUAL_DECIMALS, _MOST_DECIMALS + 1):
        price = _rounded(exact, decimals)
        if line_net(units=units, price=price) == net:
            return price
    return exact


def _rounded(number: Decimal, decimals: int) -> Decimal:
    return number.quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_HALF_UP)


def _plain_price(charged: Charged, *, units: Decimal, net: Decimal) -> _Price:
    stated = charged.line.unit_price
    if not charged.gross and not charged.discount and line_net(units=units, price=stated) == net:
        return _Price(stated)
    return _Price(unit_price(net, units=units), named=bool(charged.discount))


def _percent_price(charged: Charged, *, units: Decimal, net: Decimal) -> _Price | None:
    """The price before discount and Holded's percent discount, where that percent is exact (two decimals) and makes `net`."""
    before = charged.line.unit_price * units
    if not charged.discount or before <= 0 or charged.line.quantity == 0:
        return None
    percent = charged.discount * HUNDRED / before
    if percent > HUNDRED or percent != percent.quantize(Decimal("0.01")):
        return None
    exact = charged.line.unit_price
    if not charged.gross:
        return (
            _Price(exact, _tidy(percent))
            if line_net(units=units, price=exact, discount_percent=percent) == net
            else None
        )
    exact = exact * HUNDRED / (HUNDRED + sum(charged.rates, ZERO))
    for decimals in range(2, 9):
        price = _rounded(exact, decimals)
        if line_net(units=units, price=price, discount_percent=percent) == net:
            return _Price(price, _tidy(percent))
    return None


def _tidy(percent: Decimal) -> Decimal:
    return Decimal(plain(percent))
