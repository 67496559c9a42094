"""The researched facts of Holded, where they lie beside the repository: is what a path or a behaviour cites written there?"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest

FACTS = Path(__file__).resolve().parents[2] / "shared/holded-api/FACTS.md"


@cache
def _sections() -> dict[str, str]:
    found = {}
    for part in re.split(r"^#{2,3} ", FACTS.read_text("utf-8"), flags=re.MULTILINE)[1:]:
        title, _, text = part.partition("\n")
        found[title.split()[0].rstrip(".")] = plain(f"{title} {text}")
    return found


def plain(text: str) -> str:
    """Without the marks of Markdown, so that a cell and its neighbour read on."""
    return " ".join(re.sub(r"\\\|", "/", text).replace("|", " ").replace("`", "").replace("*", "").split())


def stands(citation: str) -> bool:
    """Whether `"<section> <text>"` is found in that section. Skips the test where the facts are not here."""
    if not FACTS.exists():
        pytest.skip("the Holded facts are not here")
    section, _, text = citation.partition(" ")
    return text != "" and plain(text) in _sections().get(section, "")
