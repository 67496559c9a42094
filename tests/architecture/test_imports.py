"""Dependence runs one way, and each contract that says so fails when it is broken."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

from infra.paths import ROOT

# One violation for each contract, at the end of a module that is there.
PLANTED = {
    "Dependence runs one way": ("shared/relay/domain/ledger.py", "from relay.services import accept"),
    "The core does no I/O": ("shared/relay/domain/money.py", "import socket"),
    "The runtime never imports infra, and infra never the runtime": ("infra/paths.py", "import holded_sandbox.clock"),
    "relay and functions import neither infra nor the sandbox": (
        "functions/release_due/handler.py",
        "import holded_sandbox.money",
    ),
    "No function imports another": ("functions/publish_event/handler.py", "import functions.sweep_inbox.handler"),
    "infra and the sandbox import nothing of relay": ("shared/holded_sandbox/ids.py", "import relay.errors"),
}


def settings():
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]


def contracts():
    return [each["name"] for each in settings()["contracts"]]


def lint(folder):
    paths = [str(folder / "shared"), str(folder)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths), "COLUMNS": "200"}
    run = subprocess.run(
        [str(Path(sys.executable).parent / "lint-imports"), "--no-cache"],
        cwd=folder, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    return run.returncode, dict(re.findall(r"^(.*?) (KEPT|BROKEN)$", run.stdout, re.MULTILINE))


def test_every_contract_is_kept():
    code, verdicts = lint(ROOT)

    assert verdicts == dict.fromkeys(contracts(), "KEPT")
    assert code == 0


def test_every_contract_catches_what_it_is_there_for(tmp_path):
    for package in settings()["root_packages"]:
        path = package if (ROOT / package).is_dir() else f"shared/{package}"
        shutil.copytree(ROOT / path, tmp_path / path, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    for path, line in PLANTED.values():
        file = tmp_path / path
        file.write_text(f"{file.read_text(encoding='utf-8')}\n{line}\n", encoding="utf-8")

    code, verdicts = lint(tmp_path)

    assert verdicts == dict.fromkeys(contracts(), "BROKEN")
    assert code != 0
