"""What all tests share: which of them keep to one process, and `pytest --row D07`, the tests of one row of docs/security.md."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import settings
from xdist.scheduler import LoadScopeScheduling

if TYPE_CHECKING:
    from collections.abc import Iterator

# How long an example takes says how busy the machine is.
settings.register_profile("gate", deadline=None)
settings.load_profile("gate")

ON_THE_EMULATOR = ("tests/adapters/", "tests/simulation/test_queues.py")
"""Where `emulator_url` is asked for."""


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


@pytest.fixture(scope="session")
def emulator_url() -> Iterator[str]:
    """A bare emulator for contracts of ports, with nothing of the stack in it."""
    from infra.local.emulator import Emulator
    from infra.paths import EMULATOR_PYTHON

    if not EMULATOR_PYTHON.exists():
        pytest.skip("no .venv-emulator: `make setup` builds it")
    with Emulator(region="eu-west-1") as emulator:
        yield emulator.endpoint_url


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadScopeScheduling:
    """With `-n`: a file is one process's, and so are all tests that share a running stack."""
    return _OneStack(config, log)


class _OneStack(LoadScopeScheduling):
    def _split_scope(self, nodeid: str) -> str:
        return process_of(nodeid)


def process_of(nodeid: str) -> str:
    """Tests of the same name here run in the same process."""
    file = nodeid.split("::", maxsplit=1)[0]
    if file.startswith(("tests/e2e/", "tests/infra/")):
        return "running stacks"
    return "one emulator" if file.startswith(ON_THE_EMULATOR) else file
