"""Every command in the pages works: it is run, or (where it needs a stack or AWS) read as its program would read it."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import typer

from infra.paths import ROOT
from relay.cli.app import app
from relay.domain.sources import signing
from tests.docs.pages import blocks, commands

NOT_RUN = {
    "relay account": "changes accounts of a stack",
    "relay dead-letters": "changes the ledger and the queues of a stack",
    "relay events": "reads a stack",
    "relay pause": "changes accounts of a stack",
    "relay reconcile": "reads a stack",
    "relay replay": "changes the ledger of a stack",
    "relay replays": "changes the ledger of a stack",
    "relay resume": "changes accounts of a stack",
    "relay changes": "reads a stack",
    "relay review": "changes items of a stack",
    "relay quota": "reads a stack",
    "relay poll": "changes the state of a stack",
    "relay source": "changes credentials of a stack",
    "relay import": "asks a provider, and changes the inbox of a stack",
    "relay secret": "changes secrets of a stack",
    "relay status": "reads a stack",
    "relay verify": "reads a stack",
    "relay waiting": "reads a stack",
    "aws": "needs AWS and its own command line",
}
RUN = {
    ("relay", "--help"): "preview",
    ("relay", "plan"): "nightly reconciliation",
    ("relay", "preview"): "POST /api/v2/invoices",
    ("relay", "check-signature"): "valid: valid",
    ("relay", "schemas"): "event.json",
}


def of(*programs: str) -> list[list[str]]:
    return [words for words in commands() if Path(words[0]).name in programs]


def stack_commands() -> list[list[str]]:
    return [words[1:] for words in of("relay") if f"relay {words[1]}" in NOT_RUN]


def shown(words: list[str]) -> str:
    return " ".join(words)


def settings_example() -> str:
    (example,) = [block.text for block in blocks("json") if block.page.name == "README.md" and '"policy"' in block.text]
    return example


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where a reader stands: the project's folder, with the files that the examples name."""
    (tmp_path / "infra").symlink_to(ROOT / "infra")
    body = b'{"id": 1}'
    headers = signing.sign(
        "shopify", body, "example", now=datetime(2026, 3, 2, tzinfo=UTC), topic="orders/paid", delivery_id="1"
    )
    (tmp_path / "body.json").write_bytes(body)
    (tmp_path / "headers.json").write_text(json.dumps(headers), encoding="utf-8")
    (tmp_path / "settings.json").write_text(settings_example(), encoding="utf-8")
    return tmp_path


def test_every_command_is_run_or_on_the_list() -> None:
    known = [tuple(words[:2]) in RUN or words[0] == "make" for words in commands()]
    listed = [
        any(shown([Path(words[0]).name, *words[1:]]).startswith(name) for name in NOT_RUN) for words in commands()
    ]

    assert [
        shown(words) for words, run, left in zip(commands(), known, listed, strict=True) if not run and not left
    ] == []


@pytest.mark.parametrize("name", NOT_RUN)
def test_nothing_is_on_the_list_in_vain(name: str) -> None:
    assert any(shown([Path(words[0]).name, *words[1:]]).startswith(name) for words in commands())


@pytest.mark.parametrize("words", [words for words in commands() if tuple(words[:2]) in RUN], ids=shown)
def test_a_command_that_needs_no_stack_does_what_the_page_says(folder: Path, words: list[str]) -> None:
    run = subprocess.run(
        [sys.executable, "-m", "relay.cli.app", *words[1:]], cwd=folder, capture_output=True, text=True, check=False
    )

    assert run.returncode == 0, run.stderr
    assert RUN[words[0], words[1]] in run.stdout


@pytest.mark.parametrize("words", stack_commands(), ids=shown)
def test_a_command_that_needs_a_stack_is_read_without_a_complaint(words: list[str]) -> None:
    command = typer.main.get_command(app)
    rest = list(words)
    while hasattr(command, "commands"):
        command = command.commands[rest.pop(0)]

    command.make_context(shown(words), rest)  # a usage error is raised here


@pytest.mark.parametrize("words", of("make"), ids=shown)
def test_every_make_target_is_there(words: list[str]) -> None:
    run = subprocess.run(["make", "-n", *words[1:]], cwd=ROOT, capture_output=True, text=True, check=False)

    assert run.returncode == 0, run.stderr


def test_the_first_commands_of_the_readme_are_the_two() -> None:
    first = next(block for block in blocks("sh") if block.page.name == "README.md")

    assert first.text.splitlines() == ["make demo", "make test"]


def leaves(command: Any, path: str = "relay") -> dict[str, Any]:
    if not hasattr(command, "commands"):
        return {path: command}
    return {
        key: leaf for name, each in command.commands.items() for key, leaf in leaves(each, f"{path} {name}").items()
    }


def test_every_command_but_the_sandbox_speaks_json() -> None:
    found = leaves(typer.main.get_command(app))
    silent = {path for path, leaf in found.items() if not any("--json" in option.opts for option in leaf.params)}

    assert silent == {"relay sandbox"}
