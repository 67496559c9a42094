"""Holded's arithmetic and its spellings of amounts."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import TYPE_CHECKING

from holded_sandbox.facts import fact
from holded_sandbox.wire import Record, bad_request

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

CENT = Decimal("0.01")


def cents(value: Decimal) -> Decimal:
    return value.quantize(CENT, rounding=ROUND_HALF_UP)


def plain(value: Decimal) -> str:
    """Dotted, without exponent and without trailing zeros beyond the cents."""
    text = f"{value.normalize():f}" if value else "0"
    whole, _, fraction = text.partition(".")
    return f"{whole}.{fraction.ljust(2, '0')}"


@fact("12.1 decimal style switch per account")
def styled(value: str | Decimal, style: str) -> str:
    """An amount as the account's documents show it (Holded facts 3.6): `dot`, `es` (grouped) or `es_plain`."""
    text = plain(Decimal(value))
    if style == "dot":
        return text
    whole, _, fraction = text.partition(".")
    if style == "es":
        whole = f"{int(whole):,}".replace(",", ".") if whole not in {"-0", "0"} else whole
    return f"{whole},{fraction}"


def readable(text: object) -> Decimal | None:
    """The decimal of a JSON number or of dotted text, if it is one of a size and precision that business has."""
    if isinstance(text, bool) or not isinstance(text, int | float | str | Decimal):
        return None
    try:
        result = Decimal(str(text).strip())
    except (InvalidOperation, ValueError):
        return None
    exponent = result.as_tuple().exponent
    return result if isinstance(exponent, int) and exponent >= -20 and abs(result) < Decimal("1e12") else None


def number(value: object, field: str, *, most: int | None = None) -> Decimal:
    """`readable`, at most `most` either way; a 400 naming the field otherwise."""
    result = readable(value)
    if result is None:
        bad_request(f"{field} must be a number")
    if most is not None and abs(result) > most:
        bad_request(f"{field} must lie between -{most} and {most}")
    return result


@dataclass(frozen=True, slots=True)
class Totals:
    subtotal: Decimal
    tax: Decimal
    total: Decimal


def line_amounts(line: Record, rates: Mapping[str, Decimal], document_discount: Decimal) -> tuple[Decimal, Decimal]:
    """Net and tax of one line, each rounded half-up to cents: the rounding seen in all recorded documents."""
    kept = (1 - Decimal(line["discount"]) / 100) * (1 - document_discount / 100)
    net = cents(Decimal(line["units"]) * Decimal(line["price"]) * kept)
    percents = [rates[key] for key in line["taxes"] if key in rates]
    if line.get("tax_percent") is not None:
        percents.append(Decimal(line["tax_percent"]))
    return net, sum((cents(net * percent / 100) for percent in percents), Decimal(0))


def totals(lines: Iterable[Record], rates: Mapping[str, Decimal], document_discount: Decimal) -> Totals:
    subtotal = tax = Decimal(0)
    for line in lines:
        net, line_tax = line_amounts(line, rates, document_discount)
        subtotal += net
        tax += line_tax
    return Totals(cents(subtotal), cents(tax), cents(subtotal + tax))
