"""The command as its users run it: a process, its exit code, its two streams."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from importlib.metadata import version
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from relay.cli import stack
from relay.cli.app import app
from relay.cli.context import announce
from relay.errors import BadInput, NotFound

if TYPE_CHECKING:
    from pathlib import Path

HEAVY = ("boto3", "botocore", "httpx", "pydantic", "starlette", "rich", "cryptography", "stdnum")


def relay(*args: str, cwd: Path, stdin: bytes = b"", **env: str) -> subprocess.CompletedProcess[bytes]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "RELAY_"))}
    return subprocess.run(
        [sys.executable, "-m", "relay.cli.app", *args],
        cwd=cwd, input=stdin, capture_output=True, check=False, timeout=60, env=clean | env,
    )  # fmt: skip


def test_help_is_quick_because_it_loads_nothing_a_command_needs() -> None:
    code = "import sys, relay.cli.app; print([name for name in sys.argv[1:] if name in sys.modules])"

    done = subprocess.run([sys.executable, "-c", code, *HEAVY], capture_output=True, check=True, text=True)

    assert done.stdout.strip() == "[]"


def test_help_lists_every_command(tmp_path: Path) -> None:
    done = relay("--help", cwd=tmp_path, COLUMNS="200")

    assert done.returncode == 0
    for name in ("account", "secret", "send", "check-signature", "events", "status", "sandbox", "preview", "schemas"):
        assert f" {name} ".encode() in done.stdout, name


@pytest.mark.parametrize(
    ("args", "code", "told"),
    [
        (("account", "list", "--local"), 1, "local_stack_missing"),
        (("account", "list", "--local", "--stack", "other"), 2, "stack_ambiguous"),
        (("account", "list"), 2, "region_missing"),
        (("nonsense",), 2, "No such command"),
        (("send",), 2, "Missing"),
        (("check-signature", "--source", "x", "--headers", "h", "--body", "b"), 2, "source_unknown"),
    ],
)
def test_every_failure_is_a_line_on_stderr_and_an_exit_code(
    tmp_path: Path, args: tuple[str, ...], code: int, told: str
) -> None:
    done = relay(*args, cwd=tmp_path, HOME=str(tmp_path), AWS_EC2_METADATA_DISABLED="true")

    assert done.returncode == code
    assert told.encode() in done.stderr
    assert done.stdout == b""
    assert b"Traceback" not in done.stderr


@pytest.mark.parametrize(
    "text",
    ["{}", "[" * 200_000, '{"region": "", "outputs": {}, "endpoint_url": "", "clock": {"origin": 1' + "0" * 400 + "}}"],
)
def test_a_broken_local_description_is_bad_input(tmp_path: Path, text: str) -> None:
    (tmp_path / ".local").mkdir()
    (tmp_path / ".local" / "stack.json").write_text(text)

    done = relay("status", cwd=tmp_path)

    assert done.returncode == 2
    assert b"local_stack_malformed" in done.stderr


def test_a_reader_that_leaves_early_hears_no_complaint(tmp_path: Path) -> None:
    command = f"{sys.executable} -m relay.cli.app schemas write {tmp_path}/out | true"

    done = subprocess.run(["bash", "-c", command], capture_output=True, check=False, cwd=tmp_path)

    assert done.stderr == b""


def test_a_fault_of_ours_shows_its_kind_and_nothing_more(tmp_path: Path) -> None:
    code = (
        "import sys; from relay.cli import app as command; from relay.cli.app import app\n"
        "@app.command('boom')\ndef boom() -> None:\n    raise ValueError('a secret word')\n"
        "sys.argv = ['relay', 'boom']; command.main()"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False, cwd=tmp_path)

    assert done.returncode == 1
    assert b"unexpected ValueError" in done.stderr
    assert b"secret word" not in done.stderr
    assert b"Traceback" not in done.stderr


def test_the_sandbox_is_started_as_a_program_with_its_own_arguments(tmp_path: Path) -> None:
    done = relay("sandbox", "--help", cwd=tmp_path)

    assert done.returncode == 0
    assert b"--port" in done.stdout


DESCRIBED = {
    "endpoint_url": "http://127.0.0.1:4566",
    "region": "eu-west-1",
    "account_id": "000000000000",
    "outputs": {"ApiUrl": "http://127.0.0.1:4566/api"},
    "sandbox_url": "http://127.0.0.1:9001",
    "clock": {"origin": 1000.0, "scale": 60},
    "pids": {},
}


def described(folder: Path) -> None:
    (folder / ".local").mkdir()
    (folder / ".local" / "stack.json").write_text(json.dumps(DESCRIBED))


def test_a_local_stack_is_found_from_any_folder_below_it(tmp_path: Path) -> None:
    described(tmp_path)
    below = tmp_path / "a" / "b"
    below.mkdir(parents=True)

    found = stack.find(local=False, name=None, environ={}, folder=below)

    assert (found.is_local, found.holded_url, found.clock) == (True, "http://127.0.0.1:9001", (1000.0, 60.0))
    assert found.output("ApiUrl") == "http://127.0.0.1:4566/api"


def test_a_region_is_asked_for_by_the_stack_that_was_named(tmp_path: Path) -> None:
    described(tmp_path)

    with pytest.raises(BadInput, match="expected the region of stack foo"):
        stack.find(local=False, name="foo", environ={}, folder=tmp_path)


def test_the_stack_that_is_changed_is_said_unless_it_is_the_local_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    described(tmp_path)
    announce(stack.find(local=True, name=None, environ={}, folder=tmp_path))
    announce(stack.Stack(name="holded-relay-dev", region="eu-west-1", outputs={}))

    assert capsys.readouterr().err == "stack holded-relay-dev in eu-west-1\n"


def test_the_version_is_told() -> None:
    done = CliRunner().invoke(app, ["--version"])

    assert (done.exit_code, done.stdout) == (0, f"relay {version('holded-relay')}\n")


def test_a_missing_output_says_to_deploy_again(tmp_path: Path) -> None:
    described(tmp_path)
    found = stack.find(local=True, name=None, environ={}, folder=tmp_path)

    with pytest.raises(NotFound, match="deploy it again"):
        found.output("StateTable")


def test_naming_a_stack_wins_over_the_local_one(tmp_path: Path) -> None:
    described(tmp_path)

    with pytest.raises(BadInput, match="region_missing"):
        stack.find(local=False, name="holded-relay-prod", environ={}, folder=tmp_path)


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        (("dead-letters", "discard", "--reason", "", "--yes", "--note", "x", "-a", "shop"), "--reason"),
        (("replay", "--from", "2026-11-25", "--to=", "-a", "shop"), "--to"),
        (("replay", "", "-a", "shop"), "replay"),
        (("replay", "--account=", "--since", "1h"), "--account"),
    ],
)
def test_an_empty_variable_of_a_script_does_not_widen_a_command(arguments: tuple[str, ...], field: str) -> None:
    done = CliRunner().invoke(app, arguments)

    assert done.exit_code == 2
    assert done.stderr.startswith(f"error: value_empty: {field}")


def test_an_interrupt_ends_a_question_at_once_though_a_loop_runs() -> None:
    code = (
        "import asyncio, sys; from relay.cli.console import sure; sys.stdin.isatty = lambda: True\n"
        "async def ask(): sure('for good?', yes=False)\n"
        "asyncio.run(ask())"
    )
    asked = subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert asked.stdout is not None
    assert asked.stdout.read(5) == b"Type "
    asked.send_signal(signal.SIGINT)
    _, said = asked.communicate(timeout=30)

    assert b"KeyboardInterrupt" in said
