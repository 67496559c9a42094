"""The dependency audit of `make lint`: what is pinned is complete, hashed, not denied, and not known to be weak.

The first part needs no network and always decides. The second, `make audit`, asks the OSV database (which pip-audit reads
too) once for all pins; where it cannot be reached it says so and decides nothing. It is a command of its own, so that no
check and no test of this project reaches beyond the machine. https://google.github.io/osv.dev/post-v1-querybatch/
"""

from __future__ import annotations

import json
import re
import sys
import tomllib
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as Late
from dataclasses import dataclass
from http.client import HTTPException
from typing import TYPE_CHECKING, Any
from urllib.request import Request, urlopen

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from infra.paths import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

OSV = "https://api.osv.dev/v1/querybatch"
SECONDS = 8.0
_PIN = re.compile(r"(?P<name>[A-Za-z0-9][\w.-]*)==(?P<version>[\w.+!-]+)(?P<marker> ; [^\\]+)?")
_HASH = re.compile(r"--hash=sha256:[0-9a-f]{64}")
_APART = {"infra": "dev"}
"""Groups of pyproject.toml that are compiled into another file than their own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pin:
    file: str
    name: str
    version: str


def read_pins(file: Path) -> tuple[list[Pin], list[str]]:
    """The pins of a compiled requirement file, and what is wrong with its lines."""
    pins, wrong = [], []
    entries = file.read_text(encoding="utf-8").replace("\\\n", " ").splitlines()
    for entry in (line.strip() for line in entries):
        if not entry or entry.startswith("#"):
            continue
        head, *rest = re.split(r"\s+(?=--)", entry)
        found = _PIN.fullmatch(head.strip())
        if found is None:
            wrong.append(f"{file.name}: not pinned by ==: {head[:60]}")
            continue
        if not rest or not all(_HASH.fullmatch(each) for each in rest):
            wrong.append(f"{file.name}: {found['name']}: without a sha256 hash, or with another option")
        pins.append(Pin(file=file.name, name=canonicalize_name(found["name"]), version=found["version"]))
    return pins, wrong


def incomplete(project: Mapping[str, Any], pins: Iterable[Pin]) -> list[str]:
    """What pyproject.toml asks for and its compiled file does not hold, or holds in another version."""
    held: dict[str, dict[str, str]] = {}
    for pin in pins:
        held.setdefault(pin.file.removesuffix(".txt"), {})[pin.name] = pin.version
    asked = {_APART.get(group, group): [] for group in project["dependency-groups"]} | {
        "dev": project["project"]["dependencies"]
    }
    for group, wanted in project["dependency-groups"].items():
        name = _APART.get(group, group)
        asked[name] = [*asked[name], *wanted]
    wrong = []
    for group, wanted in asked.items():
        for requirement in map(Requirement, wanted):
            version = held.get(group, {}).get(canonicalize_name(requirement.name))
            if version is None or not requirement.specifier.contains(version, prereleases=True):
                wrong.append(f"{group}.txt: {requirement}: {version or 'missing'}; run requirements/compile.sh")
    return wrong


def denied(pins: Iterable[Pin], rules: Iterable[Mapping[str, str]]) -> list[str]:
    by_name: dict[str, Mapping[str, str]] = {canonicalize_name(rule["package"]): rule for rule in rules}
    return [
        f"{pin.file}: {pin.name} {pin.version}: {by_name[pin.name]['why']}"
        for pin in pins
        if pin.name in by_name and SpecifierSet(by_name[pin.name]["versions"]).contains(pin.version, prereleases=True)
    ]


def advisories(pins: Iterable[Pin], *, url: str) -> list[tuple[str, str, str]]:
    """(package, version, advisory id) of every known weakness. Raises where the database does not answer as it should."""
    asked = sorted({(pin.name, pin.version) for pin in pins})
    queries = [{"package": {"name": name, "ecosystem": "PyPI"}, "version": version} for name, version in asked]
    body = json.dumps({"queries": queries}).encode()
    question = Request(url, data=body, headers={"content-type": "application/json"})  # noqa: S310 - a constant, or a test's own server
    with urlopen(question, timeout=SECONDS) as answer:  # noqa: S310 - as above
        results = json.load(answer)["results"]
    if len(results) != len(asked):
        raise ValueError("an answer for each question was expected")
    return [
        (name, version, found["id"])
        for (name, version), result in zip(asked, results, strict=True)
        for found in result.get("vulns", ())
    ]


def known_weak(pins: list[Pin], accepted: Mapping[str, str], *, url: str) -> tuple[list[str], str]:
    """What the database knows, and why nothing is known where it could not be asked."""
    pool = ThreadPoolExecutor(1)
    try:
        # The look-up of a name has no time-out of its own.
        found = pool.submit(advisories, pins, url=url).result(SECONDS)
    except (OSError, HTTPException, ValueError, LookupError, TypeError, AttributeError, Late) as error:
        return (
            [],
            f"the database of known weaknesses cannot be reached ({type(error).__name__}): pins not compared with it",
        )
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
    return [f"{name} {version}: {weakness}" for name, version, weakness in found if weakness not in accepted], ""


def main(url: str = "") -> int:
    """Exit 1 when a file or a pin is refused. `url` is the database to ask as well."""
    rules = tomllib.loads((ROOT / "requirements" / "audit.toml").read_text(encoding="utf-8"))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    pins: list[Pin] = []
    wrong: list[str] = []
    for file in sorted((ROOT / "requirements").glob("*.txt")):
        found, bad = read_pins(file)
        pins += found
        wrong += bad
    wrong += incomplete(project, pins) + denied(pins, rules.get("denied", ()))
    weak, unasked = known_weak(pins, rules.get("accepted", {}), url=url) if url else ([], "")
    for line in [*wrong, *weak]:
        print(line, file=sys.stderr)
    if unasked:
        print(f"audit: {unasked}")
    return 1 if wrong or weak else 0


if __name__ == "__main__":
    sys.exit(main(OSV if sys.argv[1:] == ["--online"] else ""))
