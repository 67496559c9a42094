"""A reconciliation's result as one page to read and to print: no script, no other file, every text escaped."""

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

from relay.cli.reconcile_words import SIDES, TOLD, WORDS, by_rate, document, said, split, unsure

_STYLE = """
body{font:14px/1.45 system-ui,sans-serif;margin:2rem;color:#1a1a1a}
h1{font-size:1.4rem;margin:0 0 .2rem}h2{font-size:1.1rem;margin:1.6rem 0 .4rem}
table{border-collapse:collapse;width:100%}th,td{border-bottom:1px solid #ccc;padding:.3rem .5rem;text-align:left;vertical-align:top}
th{background:#f3f3f3}td.n{text-align:right;white-space:nowrap;font-variant-numeric:tabular-nums}
tr.off td{background:#fff4e5}code{font-size:.85em;overflow-wrap:anywhere}.warn{border:1px solid #b00;padding:.5rem .8rem}
.small{color:#555;font-size:.9em}@media print{body{margin:0;font-size:11px}tr{break-inside:avoid}thead{display:table-header-group}}
"""
_FOOT = (
    '<p class="small">Days are those of Madrid. Amounts are in the currency of their documents. Rates: base and tax of each. '
    "Nothing was changed in Holded.</p>"
)
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"


def page(told: Mapping[str, Any]) -> str:
    title = f"Reconciliation of {told['account']}, {told['from']} to {told['to']}"
    return "\n".join(
        (
            "<!doctype html>",
            '<html lang="en"><head><meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">',
            f"<title>{escape(title)}</title><style>{_STYLE}</style></head><body>",
            f"<h1>{escape(title)}</h1>",
            f'<p class="small">{escape(said(told))}</p>',
            *_unsure(told),
            *_totals(told.get("totals")),
            *_differences(told["differences"]),
            _FOOT,
            "</body></html>",
            "",
        )
    )


def _unsure(told: Mapping[str, Any]) -> Iterable[str]:
    found = list(unsure(told))
    if found:
        yield f'<div class="warn"><strong>{"To know" if told["complete"] else "Incomplete"}.</strong><ul>'
        yield from (f"<li>{escape(what)}: {escape(why)}{_command(command)}</li>" for what, why, command in found)
        yield "</ul></div>"


def _totals(lines: Sequence[Mapping[str, Any]] | None) -> Iterable[str]:
    if lines is None:
        return
    yield "<h2>By day and series</h2>"
    if not lines:
        yield "<p>No document of the relay in these days.</p>"
        return
    yield _head("Day", "Type", "Series", "Side", "Documents", "Net", "Tax", "Total", "By rate")
    for line in lines:
        mark = "" if line["agrees"] else ' class="off"'
        for side in SIDES:
            sums = line[side]
            if not sums["count"] and (side == "not_of_the_relay" or line["agrees"]):
                continue
            series = line["series"] or "not numbered"
            whose = f"{SIDES[side]}, {sums['as_the_ledger']} as the ledger" if sums["as_the_ledger"] else SIDES[side]
            yield (
                f"<tr{mark}>{_cells(line['day'], line['type'], series, whose)}"
                f"{_numbers(sums['count'], *split(sums))}"
                f"{_numbers(sums['total'] + ' ' + line['currency'])}{_cells(by_rate(sums))}</tr>"
            )
    yield "</tbody></table>"


def _differences(found: Sequence[Mapping[str, Any]]) -> Iterable[str]:
    yield "<h2>Differences</h2>"
    if not found:
        yield "<p>None.</p>"
        return
    yield _head("Day", "What", "Document", "Source", "Ledger", "Holded", "In detail", "Known", "Proposed repair")
    for one in found:
        yield (
            f"<tr>{_cells(one['day'], WORDS.get(one['class'], one['class']), document(one))}"
            f"{_numbers(one['source'], one['ledger'], one['holded'])}"
            f"{_cells(one['detail'], TOLD.get(one['told'], one['told']))}<td>{escape(one['repair'])}{_command(one['command'])}</td></tr>"
        )
    yield "</tbody></table>"


def _command(text: str) -> str:
    return f"<br><code>{escape(text)}</code>" if text else ""


def _head(*names: str) -> str:
    return f"<table><thead><tr>{''.join(f'<th>{escape(name)}</th>' for name in names)}</tr></thead><tbody>"


def _cells(*texts: object) -> str:
    return "".join(f"<td>{escape(str(text))}</td>" for text in texts)


def _numbers(*texts: object) -> str:
    return "".join(f'<td class="n">{escape(str(text))}</td>' for text in texts)
