"""How the commands speak: one value a command, as JSON or as a table, and every error as one line on stderr.

Exit codes: 0 done; 1 refused by the other side, not valid, or not available; 2 bad input (also Typer's own usage errors).
"""

import json
import signal
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any, NoReturn

import typer
from typer.core import TyperGroup

from relay.errors import BadInput, Rejected, RelayError

PIPE_WIDTH = 400
COPIED = frozenset(
    {"id", "item", "event", "example", "reason", "account", "replay", "where", "URL", "command", "Holded company"}
)
"""Columns that people copy from: never folded, however narrow the terminal is."""
NARROWING = frozenset({"--account", "-a", "--source", "--type", "--reason", "--from", "--to", "--since"})
"""Options that say which ones a command is about: what is about fewer with them is about all without."""
NARROWEST = 10  # a day, or a time of day
Sure = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for programs instead of a table.")]


class RelayGroup(TyperGroup):
    """Turns the errors of `relay.errors` into a line on stderr and an exit code: no traceback ever reaches the user."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Raises `typer.Exit`: a script's empty variable must not widen what a command is about."""
        before = ""
        for one in args if ctx.parent is None else ():
            name, given, value = one.partition("=")
            emptied = name if given and not value else before if not one else ""
            if emptied in NARROWING or (not one and not before.startswith("-")):
                _refuse(BadInput("value_empty", field=emptied or "argument", detail="expected text, or none of it"))
            before = one
        return super().parse_args(ctx, args)

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except RelayError as error:
            _refuse(error)


def _refuse(error: RelayError) -> NoReturn:
    print(f"error: {error}", file=sys.stderr)
    raise typer.Exit(2 if isinstance(error, BadInput) else 1) from None


def note(text: str) -> None:
    """A remark for people; stdout stays clean for programs."""
    print(text, file=sys.stderr)


def sure(question: str, *, yes: bool, typed: str = "yes") -> None:
    """Raises `BadInput` when nobody is there to ask, `Rejected` when the answer is not what was to be typed."""
    if yes:
        return
    if sys.stdin is None or not sys.stdin.isatty():
        raise BadInput("confirmation_missing", field="--yes", detail="not given, and nobody to ask")
    note(question)
    # Inside `asyncio.run` a first Ctrl-C cancels a task, which does not wake whoever waits for a line.
    cancels = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        answer = input(f"Type {typed}: ").strip()
    finally:
        signal.signal(signal.SIGINT, cancels)
    if answer != typed:
        raise Rejected("not_confirmed", detail="nothing was changed")


def _plain(value: Any) -> str:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, Decimal):
        return str(value)
    raise TypeError(f"{type(value).__name__} has no JSON form here")


def emit(value: Any, *, as_json: bool, human: Callable[[], None]) -> None:
    """Print `value` as JSON, or let `human` print it."""
    if as_json:
        print(json.dumps(value, default=_plain, ensure_ascii=False, indent=2))
    else:
        human()


def lines(texts: Iterable[str]) -> None:
    for text in texts:
        print(text)


def fields(values: Mapping[str, object]) -> None:
    """`name: value` lines, for one thing shown to people."""
    width = max(map(len, values), default=0)
    lines(f"{name.replace('_', ' '):<{width}}  {_cell(value)}" for name, value in values.items())


def table(
    title: str,
    columns: Sequence[str],
    rows: Iterable[Sequence[object]],
    *,
    width: int | None = None,
    none: str = "",
) -> None:
    """Cells are data, never markup: a `[red]` in a shop's name stays text. `width` is the terminal's own without it.

    `none` is said instead of a table without rows.
    """
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    cells = [[_cell(cell) for cell in row] for row in rows]
    if not cells:
        print(none or f"{title}: none")
        return
    made = Table(
        title=title, title_justify="left", header_style="bold", box=SIMPLE_HEAD, padding=(0, 1), pad_edge=False
    )
    for column in columns:
        made.add_column(column, overflow="fold", no_wrap=column in COPIED)
    for row in cells:
        made.add_row(*(Text(cell) for cell in row))
    # A file or a pipe has no width: a cell must not be folded there, where `grep` and `awk` read lines.
    there = width or (Console().width if sys.stdout.isatty() else PIPE_WIDTH)
    Console(width=max(there, _needed(columns, cells))).print(made)


def table_of(title: str, columns: Sequence[str], rows: Iterable[Mapping[str, object]]) -> None:
    """A table of what `--json` prints as objects: the columns are some of their names."""
    table(title, columns, ([row[name] for name in columns] for row in rows))


def _needed(columns: Sequence[str], cells: Sequence[Sequence[str]]) -> int:
    """The width below which what people copy would be folded; where a terminal has less, it wraps the line itself."""
    widest = [max(map(len, column)) for column in zip(columns, *cells, strict=True)]
    kept = [wide if name in COPIED else min(wide, NARROWEST) for name, wide in zip(columns, widest, strict=True)]
    return sum(kept) + 3 * len(columns)


def _cell(value: object) -> str:
    if isinstance(value, datetime):
        return f"{value.astimezone(UTC):%Y-%m-%d %H:%M:%S}"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is None else str(value)


def utc(at_ms: int) -> datetime | None:
    """Epoch milliseconds as an instant; 0 is "never"."""
    return datetime.fromtimestamp(at_ms / 1000, tz=UTC) if at_ms else None
