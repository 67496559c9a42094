"""Every behaviour of the sandbox cites a row of the Holded facts that exists."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import holded_sandbox.app  # noqa: F401 - importing every module registers every behaviour
from holded_sandbox.facts import BEHAVIOURS
from tests.holded_facts import stands

FACTS = Path(__file__).resolve().parents[3] / "shared/holded-api/FACTS.md"


def _rows() -> list[str]:
    """`12.1 bearer check ...`: the clauses of section 12, split where no bracket is open."""
    if not FACTS.exists():
        pytest.skip("the Holded facts are not here")
    section = re.split(r"^## ", FACTS.read_text(), flags=re.MULTILINE)
    text = next(part for part in section if part.startswith("12. "))
    rows = []
    for number, item in re.findall(r"^(\d+)\. (.+)$", text.split("\n", 1)[1], flags=re.MULTILINE):
        plain = re.sub(r"^(v1|v2|Webhook emitter|Faults): ", "", item.replace("**", "").replace("`", "")).rstrip(".")
        rows += [f"12.{number} {clause.strip()}" for clause in re.split(r"[;,](?![^(]*\))", plain)]
    return rows


def test_every_row_of_section_12_is_named_by_a_behaviour():
    rows = _rows()
    assert len(rows) > 25

    assert [row for row in rows if not any(row.startswith(name) for name in BEHAVIOURS)] == []


def test_every_behaviour_names_a_row_or_a_passage_that_exists():
    rows = _rows()

    assert [
        name
        for name in BEHAVIOURS
        if not (any(row.startswith(name) for row in rows) if name.startswith("12.") else stands(name))
    ] == []
