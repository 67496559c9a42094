"""The secret scan of `make lint`: nothing that is tracked holds a credential.

Two sieves of detect-secrets: shapes that only real credentials have, over every file; guesses by keyword and by entropy
over what is shipped (tests are full of invented secrets). It asks nobody whether a finding works.
"""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
import tomllib
from typing import TYPE_CHECKING, Any

from detect_secrets.core.plugins.util import get_mapping_from_secret_type_to_class
from detect_secrets.core.secrets_collection import SecretsCollection
from detect_secrets.settings import transient_settings

from infra.paths import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

ACCEPTED = ROOT / "infra" / "secret_scan.toml"
GUESSES: tuple[dict[str, Any], ...] = (
    {"name": "KeywordDetector"},
    {"name": "Base64HighEntropyString", "limit": 4.5},
    {"name": "HexHighEntropyString", "limit": 3.0},
)
_NOT_SURE = {"KeywordDetector", "Base64HighEntropyString", "HexHighEntropyString", "IPPublicDetector"}
_OWN = {
    "Holded token": re.compile(r"\bpat_[A-Za-z0-9]{24,}"),
    "webhook secret": re.compile(r"\bwhsec_[A-Za-z0-9+/]{32,}={0,2}"),
}
_FEW = 8
"""A credential has more different characters than this: `pat_tttttttt...` is a test's."""


def tracked() -> list[str]:
    """Every tracked file but lists of hashes. Raises `CalledProcessError` outside a git checkout."""
    run = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True)
    names = [name for name in run.stdout.split("\0") if name and (ROOT / name).is_file()]
    return [name for name in names if not (name.startswith("requirements/") and name.endswith(".txt"))]


def shipped(name: str) -> bool:
    return not name.startswith("tests/") and ROOT / name != ACCEPTED


def sure() -> list[dict[str, Any]]:
    kinds: Iterable[type] = get_mapping_from_secret_type_to_class().values()
    return [{"name": kind.__name__} for kind in kinds if kind.__name__ not in _NOT_SURE]


def found_by(plugins: Iterable[dict[str, Any]], files: Iterable[Path]) -> Iterator[tuple[str, int, str, str]]:
    """(file, line, what, sha1 of the value)."""
    found = SecretsCollection()
    with transient_settings({"plugins_used": list(plugins), "filters_used": []}):
        for file in files:
            found.scan_file(str(file))
    for name, secret in found:
        yield name, secret.line_number, secret.type, secret.secret_hash


def found_of_ours(files: Iterable[Path]) -> Iterator[tuple[str, int, str, str]]:
    for file in files:
        for number, line in enumerate(file.read_text(encoding="utf-8", errors="replace").splitlines(), start=1):
            for what, shape in _OWN.items():
                for match in shape.finditer(line):
                    if len(set(match[0].partition("_")[2])) > _FEW:
                        yield (
                            str(file),
                            number,
                            what,
                            hashlib.sha1(match[0].encode(), usedforsecurity=False).hexdigest(),
                        )


def scan(files: list[Path], *, guess: list[Path], accepted: Iterable[str] = ()) -> list[str]:
    """A line for each finding that is not accepted; the value itself is never told."""
    findings = [*found_by(sure(), files), *found_of_ours(files), *found_by(GUESSES, guess)]
    known = set(accepted)
    return sorted(
        {f"{file}:{line}: {what} (sha1 {digest})" for file, line, what, digest in findings if digest not in known}
    )


def main() -> int:
    """Exit 1 when something looks like a credential."""
    try:
        names = tracked()
    except (OSError, subprocess.CalledProcessError):
        print("secret scan: not a git checkout: which files are tracked is not known")
        return 0
    accepted = tomllib.loads(ACCEPTED.read_text(encoding="utf-8"))
    found = scan(
        [ROOT / name for name in names], guess=[ROOT / name for name in names if shipped(name)], accepted=accepted
    )
    for line in found:
        print(line.replace(f"{ROOT}/", ""), file=sys.stderr)
    if found:
        print(f"no secret? say so with its sha1 and a reason in {ACCEPTED.relative_to(ROOT)}", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
