"""What the demo prints: one row a story, what each company's day cost, and what no webhook told."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from rich.table import Table

from demo.companies import LIMITS, PLANS
from demo.day import RUSH_STORY

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from demo.companies import Company
    from demo.evening import Became
    from demo.untold import Story

Documents = Mapping[str, Mapping[str, Mapping[str, Any]]]
_COLOURS = {"document": "green", "review": "yellow", "refused": "magenta", "ignored": "dim"}


def fates(console: Console, results: Sequence[Became], documents: Documents) -> None:
    table = Table(title="What each webhook became", title_justify="left", pad_edge=False)
    table.add_column("what", max_width=34)
    table.add_column("from", no_wrap=True)
    table.add_column("became", no_wrap=True)
    table.add_column("total", justify="right", no_wrap=True)
    table.add_column("in Holded, or why", overflow="fold")
    written: set[str] = set()
    rush: list[Became] = []
    for found in results:
        act = found.posted.act
        if act.story == RUSH_STORY:
            rush.append(found)
            continue
        document = documents[act.account].get(found.holded_id, {})
        where = _where(found, document)
        if found.waited == "parent":
            where = f"{where}, waited for its order"
        if found.holded_id and found.holded_id in written:
            where = f"duplicate of {where}"
        elif act.copies > 1:
            where = f"{where}, once for {act.copies} deliveries"
        written.add(found.holded_id)
        colour = _COLOURS.get(found.word, "red")
        table.add_row(
            act.story, f"{act.source} {act.topic}", f"[{colour}]{found.word}[/]", str(document.get("total", "")), where
        )
    if rush:
        table.add_section()
        table.add_row(*_rush(rush, documents))
    console.print(table)


def _where(found: Became, document: Mapping[str, Any]) -> str:
    if not document:
        return found.detail
    return f"{document['_kind']} {document.get('document_number') or 'draft ' + found.holded_id[-6:]}"


def _rush(rush: Sequence[Became], documents: Documents) -> list[str]:
    act = rush[0].posted.act
    held = documents[act.account]
    total = sum((Decimal(held[one.holded_id]["total"]) for one in rush if one.holded_id in held), Decimal(0))
    became = Counter(one.word for one in rush)
    words = ", ".join(f"[{_COLOURS.get(word, 'red')}]{word} x{count}[/]" for word, count in became.items())
    story = f"{len(rush)} orders at once, {act.account}"
    return [
        story,
        f"{act.source} {act.topic}",
        words,
        str(total),
        f"over its minute's quota: {sum(1 for one in rush if one.waited)} waited",
    ]


def companies(console: Console, opened: Mapping[str, Company], documents: Documents) -> None:
    table = Table(title="What it cost Holded's quota", title_justify="left")
    for name in ("account", "plan", "documents", "calls", "answered 429", "webhooks of our own writes"):
        table.add_column(name, justify="left" if name in {"account", "plan"} else "right")
    for account, company in opened.items():
        counted = company.counters()
        refused = sum(counted["refused"].values())
        back = sum(counted["webhooks"]["delivered"].values())
        plan = f"{PLANS[account]}, {LIMITS[PLANS[account]]} calls a minute"
        table.add_row(
            account, plan, str(len(documents[account])), str(counted["total"]), str(refused), f"{back}, no call spent"
        )
    console.print(table)


def story(console: Console, told: Story) -> None:
    console.print()
    console.print(told.title, style="bold", markup=False, highlight=False)
    for line in told.lines:
        console.print(line, markup=False, highlight=False, soft_wrap=True)
