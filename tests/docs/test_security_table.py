"""docs/security.md and the tests lead to each other: every row has its tests, every mark its row, no row of the list is missing."""

from __future__ import annotations

import ast
import re
from collections import Counter, defaultdict

import pytest

from infra.paths import ROOT
from tests.docs.pages import named, text_of

PAGE = ROOT / "docs" / "security.md"
LIST = ROOT.parent / "shared" / "faults-and-attacks.md"
SECTIONS = {"3a": "A", "3b": "B", "3c": "C", "3d": "D", "3e": "E"}


def rows() -> list[list[str]]:
    lines = [line for line in text_of(PAGE).splitlines() if re.match(r"\| [A-E]\d\d \|", line)]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def marked() -> dict[str, set[str]]:
    """The tests that carry each id, as `path::name`."""
    found = defaultdict(set)
    for file in sorted((ROOT / "tests").rglob("test_*.py")):
        for node in ast.parse(file.read_text(encoding="utf-8")).body:
            for mark in node.decorator_list if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) else ():
                if isinstance(mark, ast.Call) and ast.unparse(mark.func) == "pytest.mark.row":
                    for argument in mark.args:
                        found[ast.literal_eval(argument)].add(f"{file.relative_to(ROOT).as_posix()}::{node.name}")
    return found


def test_every_row_names_exactly_the_tests_that_carry_its_id() -> None:
    told = {cells[0]: set(named(cells[3])) for cells in rows()}
    carried = marked()

    assert {
        key: told.get(key, set()) ^ carried[key] for key in sorted({*told, *carried}) if told.get(key) != carried[key]
    } == {}


def test_no_row_is_without_an_attack_a_defence_and_a_test() -> None:
    assert [cells[0] for cells in rows() if len(cells) != 4 or not all(cells)] == []


def test_ids_are_told_once_and_count_from_one() -> None:
    ids = [cells[0] for cells in rows()]

    assert ids == [
        f"{letter}{number:02}" for letter, of in Counter(each[0] for each in ids).items() for number in range(1, of + 1)
    ]


@pytest.mark.parametrize("section", SECTIONS)
def test_the_table_is_as_long_as_the_list_it_answers(section: str) -> None:
    if not LIST.is_file():
        pytest.skip(f"the list of attacks and faults is not here: {LIST.name} is missing")
    (part,) = re.findall(
        rf"^### {section}\..*?(?=^##|^---|\Z)", LIST.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
    )
    wanted = [line for line in part.splitlines() if line.startswith("| ")][1:]

    assert len([cells for cells in rows() if cells[0].startswith(SECTIONS[section])]) == len(wanted)
