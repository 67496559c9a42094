"""Tables of the console: what people copy is whole, however narrow the terminal."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from relay.cli.console import fields, table

if TYPE_CHECKING:
    import pytest

ID = "5b1f0f6c2d8e4a7f9b3c1d2e3f4a5b6c"
KEY = "tienda/shopify/450789469/invoice"


def test_what_people_copy_is_whole_on_a_narrow_terminal_and_the_detail_shrinks(
    capsys: pytest.CaptureFixture[str],
) -> None:
    detail = "The lines come to 121.00 EUR, the source's total is 130.00: a difference of 9.00."
    table("items", ["item", "event", "reason", "detail"], [[KEY, f"{ID}#0", "total_differs", detail]], width=110)
    printed = capsys.readouterr().out

    assert KEY in printed
    assert f"{ID}#0" in printed
    assert detail not in printed
    assert max(map(len, printed.splitlines())) <= 110


def test_ids_are_whole_even_where_the_terminal_is_narrower_than_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    table("items", ["item", "event", "reason"], [[KEY, f"{ID}#0", "total_differs"]], width=40)
    printed = capsys.readouterr().out

    assert f"{ID}#0" in printed
    assert KEY in printed


def test_a_table_without_rows_is_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    table("accounts", ["account"], [])
    table("rows", ["event"], [], none="nothing waits")

    assert capsys.readouterr().out == "accounts: none\nnothing waits\n"


def test_a_single_thing_is_shown_as_a_table_shows_it(capsys: pytest.CaptureFixture[str]) -> None:
    fields({"at": datetime(2026, 3, 2, 9, 14, 34, 142000, tzinfo=UTC), "open": False, "number": None})

    assert capsys.readouterr().out == "at      2026-03-02 09:14:34\nopen    no\nnumber  \n"
