"""What webhooks of Holded may ask for: a part of the month's `background`, counted beside what that class grants.

A re-read is paid with a token of `background` like a poll, a sweep or a replay. What is counted here says whether it may
ask for one: the part is paced over the month, and leaves the polls what is theirs (`budget_month.part_of_background`).
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from relay.domain import budget_month as months
from relay.domain.budget import ends_ms, month_of, roll

if TYPE_CHECKING:
    from relay.domain.budget import Budget


def counted(budget: Budget, calls: int) -> Budget:
    """So many calls more (or fewer: one that was not made after all)."""
    return replace(budget, rereads=max(0, budget.rereads + calls))


def from_ms(budget: Budget, *, now_ms: int, calls: int, kept: int, most: int) -> int:
    """The earliest instant from now on at which so many calls more may be made, if nobody else makes any before.

    What no month would have room for may be made at the end of the next one.
    """
    rolled = roll(budget, now_ms)
    for _ in range(2):
        fits = partial(_fits, month_of(rolled), used=rolled.rereads + calls, kept=kept, most=most)
        found = months.first_instant(rolled.last_ms, ends_ms(rolled), fits)
        if found is not None:
            return found
        rolled = roll(rolled, ends_ms(rolled))
    return rolled.last_ms


def _fits(month: months.Month, at_ms: int, *, used: int, kept: int, most: int) -> bool:
    return used <= months.part_of_background(month, at_ms, kept=kept, most=most)
