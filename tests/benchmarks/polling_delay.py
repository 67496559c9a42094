"""From a change in Holded to its event, by plan and kind of change: where no webhook comes, and where all do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.benchmarks.polling_company import A_DAY, DAYS
from tests.benchmarks.polling_month import PAYMENT, Month, months, percentile
from tests.benchmarks.polling_naive import EVERY, naive
from tests.benchmarks.report import Figure

if TYPE_CHECKING:
    from collections.abc import Sequence

LIVED = {"plus": (DAYS, 40), "basic": (DAYS, 15), "standard": (8, 4), "advanced": (3, 1), "premium": (3, 1)}
"""Days of changes, and days looked on for after them."""
TOLD = ("plus", "basic", "standard")
"""Plans that are lived through with webhooks as well."""
MOST_TOLD_HOURS = 12.0
MOST_HOURS = {"plus": 48.0, "basic": 12.0, "standard": 6.0, "advanced": 2.0, "premium": 2.0}


def figure() -> Figure:
    found = Figure(
        title="Hours from a change in Holded to its event, p50 / p95, without webhooks and with them (*)",
        columns=("change", *LIVED, *(f"{plan} *" for plan in TOLD), "naive"),
    )
    asked = [{"plan": plan, "days": days, "after_days": after} for plan, (days, after) in reversed(LIVED.items())]
    asked += [each | {"webhooks": True} for each in asked if each["plan"] in TOLD]
    done = {(each.plan, each.webhooks): each for each in months(asked)}
    alone = [done[plan, False] for plan in LIVED]
    told = [*alone, *(done[plan, True] for plan in TOLD)]
    beside = naive()
    found.rows += rows(told)
    found.rows.append(("all", *(pair(every(each)) for each in told), pair(beside.delays_s)))
    found.rows.append(("never seen", *(f"{_never(each)} of {len(every(each))}" for each in told), ""))
    half_s = percentile(every(done["plus", True]), 0.5)
    found.expect(
        met=half_s is not None and half_s <= MOST_TOLD_HOURS * 3600,
        target=f"plus, with webhooks: half of the changes took longer than {MOST_TOLD_HOURS:.0f} h",
    )
    for each in alone:
        half, most = percentile(every(each), 0.5), MOST_HOURS[each.plan]
        target = f"{each.plan}: half of the changes took longer than {most:.0f} h"
        found.expect(met=half is not None and half <= most * 3600, target=target)
    found.notes.append(
        f"naive: four lists every {EVERY.seconds // 60} minutes; only 100,000 calls a month suffice for it"
    )
    found.notes.append("never: made and undone before anybody looked, or not seen by the end; the longest in the p95")
    found.notes.append("days of changes: " + ", ".join(f"{plan} {days}" for plan, (days, _) in LIVED.items()))
    return found


def rows(told: Sequence[Month]) -> list[tuple[object, ...]]:
    return [(kind, *(pair(each.delays_s.get(kind, [])) for each in told), "") for kind in (*A_DAY, PAYMENT)]


def every(month: Month) -> list[float | None]:
    """Of each change one delay: of what was paid, that of its document."""
    return [delay for kind in A_DAY for delay in month.delays_s.get(kind, ())]


def pair(delays: Sequence[float | None]) -> str:
    return " / ".join(_hours(percentile(delays, share)) for share in (0.5, 0.95))


def _never(month: Month) -> int:
    return sum(delay is None for delay in every(month))


def _hours(seconds: float | None) -> str:
    return "never" if seconds is None else f"{seconds / 3600:.1f}"
