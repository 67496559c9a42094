"""Each fuzzing target for a few hundred inputs; `make fuzz` runs the same for a minute each."""

from __future__ import annotations

import pytest

from infra.paths import ROOT
from relay.domain.sources import registry
from tests.fuzz.engine import fuzz
from tests.fuzz.target import Target
from tests.fuzz.targets import TARGETS

EXAMPLES = {"write_holded, drained": 60, "preview": 60, "check-signature": 40}


@pytest.mark.parametrize("name", TARGETS)
def test_no_input_raises_what_is_no_error_of_ours(name: str) -> None:
    assert fuzz(TARGETS[name], examples=EXAMPLES.get(name, 300)) > 0


@pytest.mark.parametrize("name", TARGETS)
def test_every_target_begins_from_something_good(name: str) -> None:
    seeds = list(TARGETS[name].seeds())
    for seed in seeds:
        TARGETS[name](seed)

    assert seeds


def test_every_source_and_every_function_is_a_target() -> None:
    functions = {folder.name for folder in (ROOT / "functions").iterdir() if (folder / "handler.py").is_file()}
    wanted = {f"{what} {source}" for what in ("read", "verify") for source in registry.SOURCES} | functions

    assert wanted <= set(TARGETS), "a new source or function needs its target in tests/fuzz"


def test_a_planted_defect_is_found() -> None:
    def broken(data: bytes) -> None:
        if data.count(b"[") > 2:
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fuzz(Target(run=broken, seeds=lambda: [b"[[", b"{}"]), examples=2000)
