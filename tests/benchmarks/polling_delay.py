"""From a change in Holded of which no webhook comes to its event, by plan and kind of change."""

from __future__ import annotations

from tests.benchmarks.polling_company import A_DAY, DAYS
from tests.benchmarks.polling_month import PLANS, Month, months, percentile
from tests.benchmarks.polling_naive import EVERY, naive
from tests.benchmarks.report import Figure

LIVED = {"plus": (DAYS, 40), "basic": (DAYS, 15), "standard": (10, 4), "advanced": (4, 2), "premium": (4, 2)}
"""Days of changes, and days looked on for after them."""
MOST_HOURS = {"plus": 96.0, "basic": 24.0, "standard": 8.0, "advanced": 2.0, "premium": 2.0}


def figure() -> Figure:
    found = Figure(
        title="Without webhooks: hours from a change in Holded to its event",
        columns=("plan", "changes", *(f"{kind} p50/p95" for kind in A_DAY), "all p50/p95", "never"),
    )
    asked = [{"plan": plan, "days": days, "after_days": after} for plan, (days, after) in reversed(LIVED.items())]
    for month in reversed(months(asked)):
        found.rows.append(row(month))
        half = percentile(of(month), 0.5)
        target = f"{month.plan}: half of the changes took longer than {MOST_HOURS[month.plan]:.0f} h"
        found.expect(met=half is not None and half <= MOST_HOURS[month.plan] * 3600, target=target)
    beside = naive()
    found.rows.append(("naive, 100,000 only", len(beside.delays_s), *[""] * len(A_DAY), _pair(beside.delays_s), ""))
    found.notes.append(
        f"naive: four lists every {EVERY.seconds // 60} minutes; on every smaller plan it is refused before the month ends"
    )
    found.notes.append(
        "never: undone before anybody looked (drafts that were deleted), or not seen by the end; longest in p95"
    )
    found.notes.append("days of changes: " + ", ".join(f"{plan} {days}" for plan, (days, _) in LIVED.items()))
    return found


def of(month: Month) -> list[float | None]:
    return [delay for delays in month.delays_s.values() for delay in delays]


def row(month: Month) -> tuple[object, ...]:
    every = of(month)
    kinds = [_pair(month.delays_s.get(kind, [])) for kind in A_DAY]
    return (month.plan, len(every), *kinds, _pair(every), sum(delay is None for delay in every))


def _pair(delays: list[float | None] | list[float]) -> str:
    return " / ".join(_hours(percentile(delays, share)) for share in (0.5, 0.95))


def _hours(seconds: float | None) -> str:
    return "never" if seconds is None else f"{seconds / 3600:.1f}"
