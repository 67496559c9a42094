"""Plants a defect in a copy of the shipped code and runs its catchers there. The project's own files are never touched."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.mutants.mutant import Catcher, Mutant

ROOT = Path(__file__).parents[2]
SHIPPED = ("shared", "functions", "infra")
NEEDED = (*SHIPPED, "tests", "requirements", "pyproject.toml")
NEVER = shutil.ignore_patterns(".hypothesis", "node_modules")
LONGEST_S = 240
_SKIPPED = re.compile(r"\b\d+ skipped\b")
_SEED = re.compile(r"^failed +seed (\d+):", re.MULTILINE)
_FAILED = re.compile(r"^FAILED (\S.*?)(?: - .*)?$", re.MULTILINE)


class PatchError(Exception):
    """The planted text does not stand exactly once where it should: the code moved on, and the mutant must follow."""


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """`by` names what noticed, empty when nothing did; `trouble` says why a catcher could not even judge."""

    name: str
    by: str = ""
    trouble: str = ""
    seconds: float = 0.0


def patched(mutant: Mutant, root: Path = ROOT) -> str:
    """The text of the mutated file. Raises `PatchError` unless the old text stands in it exactly once."""
    if mutant.file.partition("/")[0] not in SHIPPED:
        raise PatchError(f"{mutant.name}: {mutant.file} is not shipped code")
    text = (root / mutant.file).read_text()
    found = text.count(mutant.old)
    if found != 1:
        raise PatchError(f"{mutant.name}: {found} times in {mutant.file}: {mutant.old!r}")
    if mutant.new == mutant.old:
        raise PatchError(f"{mutant.name}: changes nothing")
    return text.replace(mutant.old, mutant.new)


def copy_to(folder: Path) -> None:
    for name in NEEDED:
        here = ROOT / name
        if here.is_dir():
            shutil.copytree(here, folder / name, ignore=NEVER)
        elif here.exists():
            shutil.copy2(here, folder / name)


def run(command: Iterable[str], folder: Path) -> subprocess.CompletedProcess[str]:
    """`python -m ...` inside the copy, which stands before everything that is installed."""
    ways = os.pathsep.join((str(folder), str(folder / "shared")))
    return subprocess.run(
        [sys.executable, "-m", *command],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": ways, "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=LONGEST_S,
        check=False,
    )


def commands(catchers: Iterable[Catcher]) -> list[tuple[str, ...]]:
    """One pytest for all tests, then each simulation. Hypothesis draws the same examples every time."""
    nodes = [catcher[1] for catcher in catchers if catcher[0] == "pytest"]
    others = [catcher for catcher in catchers if catcher[0] != "pytest"]
    options = ("-q", "-x", "-rf", "--tb=no", "-p", "no:cacheprovider", "--hypothesis-seed=1", "--no-header")
    return ([("pytest", *options, *dict.fromkeys(nodes))] if nodes else []) + others


def judge(name: str, catchers: Iterable[Catcher], folder: Path) -> Verdict:
    """Run the catchers: of the tests one must notice, and each simulation. A broken run is trouble, never a catch."""
    began = time.perf_counter()
    noticed: list[str] = []
    trouble = ""
    for command in commands(catchers):
        found, trouble = _outcome(command, folder)
        if trouble:
            break
        noticed += [found] if found else []
        if not found and noticed:
            trouble = f"noticed by {noticed[0]}, not by {command[0]}"
    by = "" if trouble else " + ".join(noticed)
    return Verdict(name=name, by=by, trouble=trouble, seconds=time.perf_counter() - began)


def _outcome(command: tuple[str, ...], folder: Path) -> tuple[str, str]:
    """(what noticed, why it could not judge), one of them empty at least."""
    try:
        done = run(command, folder)
    except subprocess.TimeoutExpired:
        return "", f"{command[0]}: no end within {LONGEST_S} s"
    said = (done.stdout + done.stderr).strip()[-400:]
    if command[0] != "pytest":
        # A traceback exits 1 as well: only what the simulation itself tells of a seed is a finding.
        seed = _SEED.search(done.stdout) if done.returncode == 1 else None
        if seed:
            return f"{command[0].removeprefix('tests.')} seed {seed[1]}", ""
        return "", f"{command[0]}: exit {done.returncode}: {said}" if done.returncode else ""
    failed = _FAILED.search(done.stdout)
    if done.returncode == 1 and failed:
        return failed[1].removeprefix("tests/"), ""
    if done.returncode == 0 and _SKIPPED.search(done.stdout):
        return "", f"a catcher was skipped: {said}"
    return "", f"pytest: exit {done.returncode}: {said}" if done.returncode else ""


def tried(mutant: Mutant) -> Verdict:
    """Plant one defect and see who notices."""
    with tempfile.TemporaryDirectory(prefix="mutant-") as where:
        folder = Path(where)
        copy_to(folder)
        (folder / mutant.file).write_text(patched(mutant))
        return judge(mutant.name, mutant.catchers, folder)


def clean(name: str, catchers: Iterable[Catcher]) -> Verdict:
    """The same catchers over the copy as it is: here nothing may be noticed."""
    with tempfile.TemporaryDirectory(prefix="mutant-") as where:
        copy_to(Path(where))
        return judge(name, catchers, Path(where))
