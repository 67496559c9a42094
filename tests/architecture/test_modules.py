"""Modules stay small and say why they exist; packages stay light to import."""

from __future__ import annotations

import ast
import statistics

from infra.paths import ROOT

SOURCES = sorted(
    path
    for folder in ("shared", "functions", "infra")
    for path in (ROOT / folder).rglob("*.py")
    if path.name != "__init__.py"
)
HANDLERS = sorted((ROOT / "functions").glob("*/handler.py"))
CONSTRUCTS = [path for path in (ROOT / "infra").glob("*.py") if "(Construct)" in path.read_text(encoding="utf-8")]


def name(path):
    return str(path.relative_to(ROOT))


def lines(path):
    return len(path.read_text(encoding="utf-8").splitlines())


def test_nine_modules_in_ten_are_at_most_200_lines():
    assert statistics.quantiles((lines(path) for path in SOURCES), n=10)[8] <= 200


def test_no_handler_is_longer_than_60_lines():
    assert HANDLERS
    assert {name(path): lines(path) for path in HANDLERS if lines(path) > 60} == {}


def test_no_construct_module_is_longer_than_120_lines():
    assert CONSTRUCTS
    assert {name(path): lines(path) for path in CONSTRUCTS if lines(path) > 120} == {}


def test_every_module_begins_with_why_it_exists():
    assert [name(path) for path in SOURCES if not ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))] == []


def test_every_init_is_empty():
    found = [path for folder in ("shared", "functions", "infra") for path in (ROOT / folder).rglob("__init__.py")]

    assert [name(path) for path in found if path.read_text(encoding="utf-8").strip()] == []
