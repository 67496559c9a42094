"""One figure: a title, a table, the targets it missed."""

from __future__ import annotations

from dataclasses import dataclass, field

from rich.console import Console
from rich.table import Table


@dataclass(kw_only=True)
class Figure:
    """`missed` names the targets of this run that were not met; `notes` say what was measured against what."""

    title: str
    columns: tuple[str, ...]
    rows: list[tuple[object, ...]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    missed: list[str] = field(default_factory=list)

    def expect(self, *, met: bool, target: str) -> None:
        if not met:
            self.missed.append(target)


def show(figure: Figure) -> None:
    table = Table(title=figure.title, title_justify="left", title_style="bold")
    for at, column in enumerate(figure.columns):
        table.add_column(column, justify="left" if at == 0 else "right")
    for row in figure.rows:
        table.add_row(*(_text(cell) for cell in row))
    console = Console(width=120)
    console.print(table)
    for note in figure.notes:
        console.print(f"  {note}", style="dim", highlight=False)
    for missed in figure.missed:
        console.print(f"  MISSED: {missed}", style="bold red", highlight=False)
    console.print()


def _text(cell: object) -> str:
    return f"{cell:,.2f}" if isinstance(cell, float) else f"{cell:,}" if isinstance(cell, int) else str(cell)
