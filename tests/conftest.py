"""What all tests share: which of them keep to one process, and `pytest --row D07`, the tests of one row of docs/security.md."""

from __future__ import annotations

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--row", action="append", default=[], metavar="ID", help="only the tests of this row of docs/security.md"
    )


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    wanted = set(config.getoption("--row"))
    if wanted:
        left_out = [item for item in items if not any(wanted & set(mark.args) for mark in item.iter_markers("row"))]
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]
    for item in items:
        item.add_marker(pytest.mark.xdist_group(_group(item)))


def _group(item: pytest.Item) -> str:
    """One process runs all that needs the emulator, one after the other; any other file is one process's."""
    return "emulator" if item.get_closest_marker("emulator") else str(item.path.relative_to(item.config.rootpath))
