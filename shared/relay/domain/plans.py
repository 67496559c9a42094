"""Which plan of Holded a load needs: what a day of it costs in calls, laid over the quotas of the plans.

The costs are those of this relay's own road, told by calls of Holded; a test makes each of these documents and counts.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Finish = Literal["draft", "approve", "approve_and_pay"]

PLANS: dict[str, tuple[int, int]] = {
    "plus": (60, 500),
    "basic": (60, 2_000),
    "standard": (120, 7_500),
    "advanced": (120, 30_000),
    "premium": (600, 100_000),
}
"""Plan -> (calls a minute, calls a month), smallest first (Holded facts 8.1). Premium bills overage, it has no hard stop."""

FINISH: dict[Finish, int] = {"draft": 0, "approve": 2, "approve_and_pay": 3}
"""Calls after the create: read and approve; and pay."""

CREATE = 1
NEW_CONTACT = 2
"""A look for the buyer and a create: the first document of a buyer costs three calls, the next ones one."""

NUMBER_OF_ORIGINAL = 1
"""A correction of an approved invoice names its number, which the relay reads once."""

SETTLEMENT = Decimal("0.01")
"""The sweep that compares what was written with Holded's lists: a list page of a hundred documents."""

DAYS = 31
_EXACT = Decimal("0.000001")
_OF_DOCUMENTS = 4
"""The first parts, which come with the documents and not by the clock."""
BUSY_HOUR = Decimal("0.2")
"""The part of a day's documents that its busiest hour takes, unless told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """A day. `new_contacts` is the part of orders from buyers Holded does not know yet, 0 to 1.

    `re_reads` are calls of `relay` that come of webhooks and of people (re-reads, replays), `others` those of other programs on
    the company. `busy_hour` is the part of the day's documents that its busiest hour takes, 0 to 1.
    """

    orders: int
    refunds: int = 0
    new_contacts: Decimal = Decimal("0.5")
    finish: Finish = "draft"
    re_reads: int = 0
    others: int = 0
    busy_hour: Decimal = BUSY_HOUR


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One line of the sum: `count` a day, `calls` each."""

    what: str
    count: Decimal
    calls: Decimal

    @property
    def a_day(self) -> Decimal:
        return self.count * self.calls


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """A plan under the load. `own` calls a month are the relay's own looks at Holded. `month_percent` of its month is used; the
    busiest hour's calls take `hour_minutes` to send.
    """

    plan: str
    per_minute: int
    per_month: int
    own: int
    month_percent: int
    hour_minutes: int
    fits: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Needed:
    """`plan` is the smallest that fits, None when the load is above the largest plan's allowance. `parts` and what they come to
    are those of that plan, else of the largest. `without_own` is the plan where the relay's own looks give way altogether.
    """

    parts: tuple[Part, ...]
    a_day: int
    a_month: int
    busy_hour: int
    busy_minute: int
    fits: tuple[Fit, ...]
    plan: str | None
    without_own: str | None


def needed(load: Load, own: Callable[[int], Sequence[Part]] = lambda _: ()) -> Needed:
    """The sum, in calls rounded up, and every plan under it. A month has 31 days.

    `own` are the parts that the plan's calls a month decide: polling, nights.
    """
    documents = _parts(load)
    looks = {plan: tuple(own(per_month)) for plan, (_, per_month) in PLANS.items()}
    fits = tuple(_fit(plan, limits, load, documents, looks[plan]) for plan, limits in PLANS.items())
    plan = _smallest(fits)
    parts = (*documents, *looks[plan or fits[-1].plan])
    day, hour = _day(parts), _hour(load, parts)
    return Needed(
        parts=parts,
        a_day=_up(day),
        a_month=_up(day * DAYS),
        busy_hour=_up(hour),
        busy_minute=_up(hour / 60),
        fits=fits,
        plan=plan,
        without_own=_smallest([_fit(plan, limits, load, documents, ()) for plan, limits in PLANS.items()]),
    )


def _smallest(fits: Sequence[Fit]) -> str | None:
    return next((fit.plan for fit in fits if fit.fits), None)


def _day(parts: Sequence[Part]) -> Decimal:
    return sum((part.a_day for part in parts), Decimal(0))


def _hour(load: Load, parts: Sequence[Part]) -> Decimal:
    """Of the documents the share of the busiest hour; everything else is spread over the day."""
    documents = _day(parts[:_OF_DOCUMENTS])
    return documents * load.busy_hour + (_day(parts) - documents) / 24


def _parts(load: Load) -> tuple[Part, ...]:
    orders, refunds = Decimal(load.orders), Decimal(load.refunds)
    original = 0 if load.finish == "draft" else NUMBER_OF_ORIGINAL
    return (
        Part(what="orders: create the document", count=orders, calls=Decimal(CREATE)),
        Part(
            what="orders of new buyers: look, create contact",
            count=orders * load.new_contacts,
            calls=Decimal(NEW_CONTACT),
        ),
        Part(what=f"orders: {load.finish.replace('_', ' ')}", count=orders, calls=Decimal(FINISH[load.finish])),
        Part(what="refunds", count=refunds, calls=Decimal(original + CREATE + FINISH[load.finish])),
        Part(what="settlement sweep", count=orders + refunds, calls=SETTLEMENT),
        Part(what="re-reads, replays", count=Decimal(load.re_reads), calls=Decimal(1)),
        Part(what="other programs", count=Decimal(load.others), calls=Decimal(1)),
    )


def _fit(plan: str, limits: tuple[int, int], load: Load, documents: Sequence[Part], own: Sequence[Part]) -> Fit:
    per_minute, per_month = limits
    parts = (*documents, *own)
    month, minutes = _day(parts) * DAYS, _up(_hour(load, parts) / per_minute)
    return Fit(
        plan=plan,
        per_minute=per_minute,
        per_month=per_month,
        own=_up(_day(own) * DAYS),
        month_percent=_up(100 * month / per_month),
        hour_minutes=minutes,
        fits=_up(month) <= per_month and minutes <= 60,
    )


def _up(value: Decimal) -> int:
    """Thirds of a call a day come to whole ones in a month."""
    return int(value.quantize(_EXACT).to_integral_value(rounding=ROUND_CEILING))
