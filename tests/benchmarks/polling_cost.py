"""What polling everything of an account costs a month, on each of Holded's plans, with webhooks and without."""

from __future__ import annotations

from tests.benchmarks.polling_company import CONTACTS, DAYS, DOCUMENTS
from tests.benchmarks.polling_month import PLANS, Month, months
from tests.benchmarks.polling_naive import EVERY, LISTS, naive
from tests.benchmarks.report import Figure

SHORTER = {"standard": 6, "advanced": 2, "premium": 2}
"""Plans whose month is made of fewer days, for the sake of the machine's time."""
MOST_PERCENT = 20.0
MOST_ASKED_PERCENT = 40.0
LEAST_SHARE = 0.8
"""Of its allowance polling has at least this, whatever webhooks ask for; it leaves what it does not need."""
_GROUPS = {
    "invoices": ("invoice",), "payments": ("payment",), "contacts": ("contact",),
    "others": ("creditnote", "salesreceipt", "purchase", "salesorder"),
}  # fmt: skip


def figure() -> Figure:
    found = Figure(
        title=f"Polling of {sum(DOCUMENTS.values()):,} documents, {CONTACTS} contacts, 30 changes a day: calls in {DAYS} days",
        columns=("plan, webhooks", "polling", "%", "hurried", "re-reads", *_GROUPS, "rest", "first"),
    )
    asked = [
        {"plan": plan, "webhooks": webhooks, "days": SHORTER.get(plan, DAYS)}
        for plan in reversed(PLANS)
        for webhooks in (False, True)
    ]
    for month in reversed(months(asked)):
        found.rows.append(row(month))
        percent = 100 * month.polling * DAYS / month.days / month.per_month
        if month.plan == PLANS[0]:
            found.expect(met=percent <= MOST_PERCENT, target=f"polling took {percent:.1f} % of the smallest plan")
            asked = 100 * (month.calls - month.polling) * DAYS / month.days / month.per_month
            found.expect(met=asked <= MOST_ASKED_PERCENT, target=f"webhooks took {asked:.1f} % of the smallest plan")
            found.expect(
                met=month.polling >= LEAST_SHARE * month.allowance,
                target=f"polling had {month.polling} calls of {month.allowance}",
            )
            found.expect(
                met=month.first_calls <= month.allowance,
                target=f"the first passes took {month.first_calls} calls of {month.allowance}",
            )
    without = naive(rounds=8)
    calls = without.calls * 96 * DAYS // without.rounds
    rounds = DAYS * 96 * len(LISTS)
    found.notes.append(
        f"the naive poll of {', '.join(LISTS)} every {EVERY.seconds // 60} minutes: {calls:,} calls ({rounds:,} without pages),"
    )
    found.notes.append(
        "  " + ", ".join(f"{100 * calls / month:,.0f} % of {month:,}" for month in (500, 2_000, 7_500, 30_000, 100_000))
    )
    found.notes.append(
        "hurried: calls of passes that webhooks asked for, one for many of them; re-reads: one call for one; both, and"
    )
    found.notes.append("  polling, are of class background; by resource are polling and hurried")
    short = ", ".join(f"{plan}: {days} days" for plan, days in SHORTER.items())
    found.notes.append(f"real services over the sandbox in virtual time; projected from fewer days: {short}")
    return found


def row(month: Month) -> tuple[object, ...]:
    """Its numbers as those of a whole month."""

    def whole(calls: int) -> int:
        return round(calls * DAYS / month.days)

    groups = [sum(month.by_resource.get(name, 0) for name in names) for names in _GROUPS.values()]
    percent = 100 * whole(month.polling) / month.per_month
    return (
        f"{month.plan}, {'on' if month.webhooks else 'off'}",
        whole(month.polling),
        percent,
        whole(month.hurried),
        whole(month.calls - month.polling - month.hurried),
        *(whole(calls) for calls in groups),
        whole(month.polling + month.hurried - sum(groups)),
        month.first_calls,
    )
