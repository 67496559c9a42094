"""`pytest --row D07`: the tests of one row of the table in docs/security.md."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--row", action="append", default=[], metavar="ID", help="only the tests of this row of docs/security.md"
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    wanted = set(config.getoption("--row"))
    if not wanted:
        return
    left_out = [item for item in items if not any(wanted & set(mark.args) for mark in item.iter_markers("row"))]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in left_out]
