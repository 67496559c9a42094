"""What all tests share: which of them keep to one process, and `pytest --row D07`, the tests of one row of docs/security.md."""

from __future__ import annotations

from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling


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


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadScopeScheduling:
    """With `-n`: a file is one process's, and so are all tests that share a running stack."""
    return _OneStack(config, log)


class _OneStack(LoadScopeScheduling):
    def _split_scope(self, nodeid: str) -> str:
        folder, _, file = nodeid.split("::", maxsplit=1)[0].rpartition("/")
        if folder in {"tests/e2e", "tests/infra"}:
            return "running stacks"
        return folder if folder == "tests/adapters" else f"{folder}/{file}"
