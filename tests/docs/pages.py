"""The pages, and what stands in them: blocks of code, links, tables."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING, NamedTuple

from infra.paths import ROOT

if TYPE_CHECKING:
    from pathlib import Path

DECISIONS = sorted((ROOT / "docs" / "decisions").glob("*.md"))
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md")), *DECISIONS]

_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")


class Block(NamedTuple):
    page: Path
    language: str
    text: str


def text_of(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def blocks(language: str) -> list[Block]:
    return [
        Block(page, found[1], found[2])
        for page in PAGES
        for found in _BLOCK.finditer(text_of(page))
        if found[1] == language
    ]


def commands() -> list[list[str]]:
    """Every line of every block marked `sh`, in words; each once."""
    lines = dict.fromkeys(line for block in blocks("sh") for line in block.text.splitlines() if line.strip())
    return [shlex.split(line) for line in lines]


def links(page: Path) -> list[str]:
    return _LINK.findall(_BLOCK.sub("", text_of(page)))


def table(page: Path, first_heading: str) -> list[list[str]]:
    """The rows of the one table whose first column is headed so."""
    lines = text_of(page).splitlines()
    (start,) = [at for at, line in enumerate(lines) if line.startswith(f"| {first_heading} |")]
    rows = []
    for line in lines[start + 2 :]:
        if not line.startswith("|"):
            break
        rows.append([cell.strip() for cell in line.strip("|").split("|")])
    return rows


def named(text: str) -> list[str]:
    """What stands in backticks."""
    return re.findall(r"`([^`]+)`", text)
