"""Numbering series: which one counts a document, and how its format is filled in (Holded facts 2.1, 2.2)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from holded_sandbox.company import Company
    from holded_sandbox.kinds import Kind
    from holded_sandbox.wire import Record


def find_series(company: Company, kind: Kind, wanted: str | None) -> Record | None:
    """The series the document names, if it is of its type; else the first of the type."""
    if wanted and (named := company.get("series", wanted)) is not None and named["type"] == kind.series:
        return named
    return next((series for series in company.tables["series"].values() if series["type"] == kind.series), None)


def render_number(pattern: str, counter: int, day: str) -> str:
    """`F[YY]%%%%` and 7 in 2026 give `F260007` (Holded facts 2.1)."""
    text = pattern.replace("[YYYY]", day[:4]).replace("[YY]", day[2:4])
    width = text.count("%")
    if not width:
        return f"{text}{counter}"
    head, _, tail = text.partition("%")
    return f"{head}{counter:0{width}d}{tail.replace('%', '')}"
