"""Nets that add up: choose each line's net in cents so that the document comes to the source's total to the cent.

Holded counts tax on each line's rounded net, so not every total with tax can be reached on one line (0.03 at 21 % cannot).
Prices with tax leave the net free by a cent; prices without tax state it. What cannot be reached is carried by a
`rounding` line, by policy and within its limit.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from relay.domain.money import CENT, HUNDRED, ZERO, cents, line_tax

if TYPE_CHECKING:
    from collections.abc import Sequence
    from decimal import Decimal

_WIDEST = 100  # cents a document may drift on its way through the lines
_DEAR = 1000  # what a cent of the less wanted kind costs


@dataclass(frozen=True, slots=True)
class Part:
    """One line: `amount` in the source's convention and the percentages Holded will add (retentions apart)."""

    amount: Decimal
    rates: tuple[Decimal, ...]
    gross: bool


@dataclass(frozen=True, slots=True)
class Solution:
    nets: tuple[Decimal, ...]
    rounding: Decimal


def natural_nets(parts: Sequence[Part]) -> tuple[Decimal, ...]:
    """Each line's net as it comes, rounded to the cent."""
    return tuple(_first_net(part) for part in parts)


def total_of(parts: Sequence[Part], nets: Sequence[Decimal]) -> Decimal:
    """What Holded makes of these nets."""
    return sum((net + line_tax(net, part.rates) for part, net in zip(parts, nets, strict=True)), ZERO)


def solve(parts: Sequence[Part], *, total: Decimal, rounding_limit: Decimal) -> Solution | None:
    """Nets for all lines with `sum(net + tax) + rounding == total`, moving as few cents as possible; None: out of reach.

    Prices with tax: nets move before a rounding line is used. Prices without tax: the other way round.
    """
    limit = int(rounding_limit / CENT)
    # drift in cents -> (cost, its choices as a linked list); the drift is measured from each line's own target
    reach: dict[int, tuple[int, tuple[Decimal, object] | None]] = {0: (0, None)}
    targets = ZERO
    for part in parts:
        target, choices = _choices(part)
        targets += target
        after: dict[int, tuple[int, tuple[Decimal, object] | None]] = {}
        for drift, (cost, chain) in reach.items():
            for net, moved, price in choices:
                to = drift + moved
                if abs(to) <= _WIDEST and (to not in after or after[to][0] > cost + price):
                    after[to] = (cost + price, (net, chain))
        reach = after
    wanted = int((total - targets) / CENT)
    shy = _DEAR if any(part.gross for part in parts) else 1
    best: tuple[int, int, tuple[Decimal, object] | None] | None = None
    for drift, (cost, chain) in reach.items():
        left = wanted - drift
        price = cost + abs(left) * shy
        if abs(left) <= limit and (best is None or price < best[0]):
            best = (price, left, chain)
    if best is None:
        return None
    return Solution(nets=_unwind(best[2]), rounding=best[1] * CENT)


def _first_net(part: Part) -> Decimal:
    return cents(part.amount * HUNDRED / (HUNDRED + sum(part.rates, ZERO)) if part.gross else part.amount)


def _choices(part: Part) -> tuple[Decimal, list[tuple[Decimal, int, int]]]:
    """The line's target (net + tax) and its possible nets with the cents they move it and what that costs."""
    first = _first_net(part)
    if not part.rates:
        return first, [(first, 0, 0)]
    target = cents(part.amount) if part.gross else first + line_tax(first, part.rates)
    choices: list[tuple[Decimal, int, int]] = []
    for step in (0, 1, -1, 2, -2) if part.gross else (0, 1, -1):
        net = first + step * CENT
        moved = int((net + line_tax(net, part.rates) - target) / CENT)
        if not part.gross:
            choices.append((net, moved, abs(step) * _DEAR))
        elif abs(moved) <= 1:
            choices.append((net, moved, abs(moved) + (abs(step) > 1)))
    return target, choices


def _unwind(chain: tuple[Decimal, object] | None) -> tuple[Decimal, ...]:
    nets: list[Decimal] = []
    link: object = chain
    while isinstance(link, tuple):
        nets.append(link[0])
        link = link[1]
    return tuple(reversed(nets))
