"""A reconciliation's result in words: the same ones in the table, on the page and in the spreadsheet."""

from collections.abc import Iterable, Mapping
from typing import Any

from relay.domain.text import counted

WORDS = {
    "missing_in_holded": "Missing in Holded",
    "extra_in_holded": "Extra in Holded",
    "amount_differs": "Amount differs",
    "edited_by_hand": "Edited by hand",
    "deleted_by_hand": "Deleted by hand",
    "wrong_period": "Wrong period",
    "duplicate_number": "Duplicate number",
    "series_gap": "Gap in a series",
    "payment_missing": "Payment missing",
    "paid_twice": "Paid twice",
}
TOLD = {"": "new", "in_review": "in review", "settled": "settled"}
SIDES = {"source": "source", "ledger": "ledger", "holded": "Holded", "not_of_the_relay": "not of the relay"}
OURS = tuple(SIDES)[:3]


def said(told: Mapping[str, Any]) -> str:
    """What was compared and found, in counts."""
    settled = len(told["differences"]) - told["open"]
    whole = "" if told["complete"] else "; incomplete"
    counts = ", ".join(
        filter(
            None,
            (
                counted(told["documents"], "document"),
                counted(told["open"], "open difference"),
                f"{settled} settled by a person" if settled > 0 else "",
                f"{told['under_way']} under way",
                f"{counted(told['calls'], 'call')} to Holded",
                *(f"{counted(pages, 'call')} to {source}" for source, pages in told.get("asked", {}).items()),
            ),
        )
    )
    return counts + whole


def unsure(told: Mapping[str, Any]) -> Iterable[tuple[str, str, str]]:
    """(what, why, a command or nothing): what limits the result."""
    for what, why in told["incomplete"].items():
        yield what, f"{why}; nothing is concluded of what was not read", ""
    for one in told.get("silent", ()):
        why = f"silent since {one['since']}: what it sold may be missing"
        yield f"source {one['source']}", why, one["command"]


def document(one: Mapping[str, Any]) -> str:
    """Which document a difference is about: its type and number, and what the source calls it."""
    named = " ".join(filter(None, (one["type"], one["number"] or one["holded_id"])))
    return ", ".join(filter(None, (named, one.get("sold_as", ""))))


def split(sums: Mapping[str, Any]) -> tuple[str, str]:
    """Net and tax of a side; of how many of its documents they are, where not of all."""
    known = sums["count"] - sums["split_unknown"]
    some = f" ({known} of {sums['count']})" if 0 < known < sums["count"] else ""
    net, tax = (f"{sums[name]}{some}" if known or not sums["count"] else "-" for name in ("net", "tax"))
    return net, tax


def by_rate(sums: Mapping[str, Any]) -> str:
    """Base and tax of each rate."""
    return ", ".join(f"{one['rate']} %: {one['base']} / {one['tax']}" for one in sums["by_rate"])


def ours(line: Mapping[str, Any]) -> bool:
    """Whether a line of the sums holds anything of the relay's."""
    return any(line[side]["count"] for side in OURS)
