"""A reconciliation's result for people and for their spreadsheets: a table, CSV for a Spanish Excel, JSON."""

import csv
import io
import json
import re
import textwrap
from collections.abc import Iterable, Mapping
from typing import Any

from relay.cli.console import lines, note, table
from relay.cli.reconcile_html import page
from relay.cli.reconcile_words import OURS, SIDES, TOLD, by_rate, document, ours, said, split, unsure

INCOMPLETE, DIFFERENT = 3, 1
DIFFERENCES = (
    "day", "class", "type", "number", "sold_as", "source", "ledger", "holded", "detail", "told", "repair", "command",
    "row", "event", "holded_id",
)  # fmt: skip
_AMOUNT = re.compile(r"-?[0-9]+\.[0-9]{2}")
_RATE = re.compile(r"-?[0-9]+(,[0-9]+)?")
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
_BOM = "\ufeff"
_WIDTH = 118


def exit_code(told: Mapping[str, Any]) -> int:
    """3 before 1: what is not known is not a final answer."""
    if not told["complete"]:
        return INCOMPLETE
    return DIFFERENT if told["open"] else 0


def rendered(told: Mapping[str, Any], shape: str) -> str:
    if shape == "csv":
        return csv_of(told)
    if shape == "html":
        return page(told)
    return json.dumps(told, ensure_ascii=False, indent=2) + "\n"


def show(told: Mapping[str, Any], shape: str) -> None:
    if shape != "table":
        print(rendered(told, shape), end="")
    else:
        _table(told)
    warn(told)


def warn(told: Mapping[str, Any]) -> None:
    """On stderr, whatever the shape: a file is often read by somebody else than whoever gave the command."""
    for what, why, command in unsure(told):
        note(f"{'incomplete: ' if what in told['incomplete'] else ''}{what}: {why}")
        if command:
            note(f"  {command}")


def _table(told: Mapping[str, Any]) -> None:
    columns = [
        "day",
        "type",
        "series",
        "currency",
        *(f"{side} {what}" for side in OURS for what in ("n", "total")),
        "agrees",
    ]
    rows = [
        [
            *(line[name] or "-" for name in ("day", "type", "series", "currency")),
            *(line[side][what] for side in OURS for what in ("count", "total")),
            line["agrees"],
        ]
        for line in told.get("totals", ())
        if ours(line)
    ]
    if "totals" in told:
        table("by day and series", columns, rows, none="no document of the relay in these days")
        for line in told["totals"]:
            if ours(line) and not line["agrees"]:
                lines(_why(line))
    for one in told["differences"]:
        lines(_block(one))
    if not told["differences"]:
        lines(["no difference", ""])
    lines([f"{told['from']} to {told['to']}: {said(told)}"])


def _why(line: Mapping[str, Any]) -> Iterable[str]:
    """What the table has no room for, of a line that does not agree: net, tax, and base and tax by rate, side by side."""
    group = " ".join(line[name] or "not numbered" for name in ("day", "type", "series", "currency"))
    yield f"{group} does not agree:"
    for side in OURS:
        net, tax = split(line[side])
        rates = by_rate(line[side])
        told = f"{SIDES[side]:<6}  net {net}, tax {tax}" + (f"; {rates}" if rates else "")
        yield from textwrap.wrap(told, _WIDTH, initial_indent="  ", subsequent_indent=" " * 10, break_long_words=False)
    yield ""


def _block(one: Mapping[str, Any]) -> Iterable[str]:
    """One difference on a few lines: a table of so many columns fits no terminal."""
    known = f" ({TOLD[one['told']]})" if one["told"] else ""
    yield f"{one['class']}: {' '.join(filter(None, (one['day'], document(one))))}{known}"
    sides = ", ".join(f"{side} {one[side]}" for side in ("source", "ledger", "holded") if one[side])
    yield f"  {sides}" if sides else ""
    yield f"  {one['detail']}"
    yield f"  repair: {one['repair']}"
    yield from [f"  {one['command']}"] if one["command"] else ()
    yield ""


def csv_of(told: Mapping[str, Any]) -> str:
    """Blocks, parted by empty lines: the sums, the tax by rate, the differences, and what limits the result, if anything does. `;`
    and decimal commas as Excel reads them in Spain; UTF-8 with a byte order mark; a text that a spreadsheet would run as a
    formula begins with an apostrophe.
    """
    made = io.StringIO(newline="")
    writer = csv.writer(made, delimiter=";", lineterminator="\r\n")
    made.write(_BOM)
    group = ("day", "type", "series", "currency")
    sides = [
        ([line[name] for name in group] + [SIDES[side]], line[side])
        for line in told.get("totals", ())
        for side in SIDES
        if line[side]["count"]
    ]
    columns = ("count", "net", "tax", "total", "split_unknown", "as_the_ledger")
    writer.writerow(_heads((*group, "side", *columns)))
    for where, sums in sides:
        writer.writerow(_cells([*where, *(sums[name] for name in columns)]))
    writer.writerow(())
    writer.writerow((*group, "side", "rate", "base", "tax"))
    for where, sums in sides:
        for one in sums["by_rate"]:
            writer.writerow(_cells([*where, one["rate"].replace(".", ","), one["base"], one["tax"]]))
    writer.writerow(())
    writer.writerow(_heads(DIFFERENCES))
    for one in told["differences"]:
        writer.writerow(_cells([one.get(name, "") for name in DIFFERENCES]))
    for number, each in enumerate(unsure(told)):
        if not number:
            writer.writerow(())
            writer.writerow(("to know", "why", "command"))
        writer.writerow(_cells(each))
    return made.getvalue()


def _heads(names: Iterable[str]) -> list[str]:
    return [name.replace("_", " ") for name in names]


def _cells(values: Iterable[Any]) -> list[str]:
    return [_cell(str(value)) for value in values]


def _cell(value: str) -> str:
    if _AMOUNT.fullmatch(value):
        return value.replace(".", ",")
    return f"'{value}" if value.startswith(_FORMULA) and not _RATE.fullmatch(value) else value
