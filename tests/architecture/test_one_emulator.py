"""Every file that asks for the bare emulator is in the process that has it: another would start one more."""

from __future__ import annotations

import re

from infra.paths import ROOT
from tests.conftest import process_of

ASKS = re.compile(r"\bemulator_(?:url|world)\b")


def test_all_who_ask_for_the_bare_emulator_share_one_process():
    files = (file for file in (ROOT / "tests").rglob("test_*.py") if ASKS.search(file.read_text(encoding="utf-8")))
    asking = {process_of(f"{file.relative_to(ROOT).as_posix()}::test") for file in files}
    folder = process_of("tests/adapters/test_tables.py::test")  # asks by the fixtures of its conftest

    assert asking - {process_of("tests/architecture/test_one_emulator.py")} == {folder}
