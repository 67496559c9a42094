"""Every command of an operator dies before and after every call of a port; given again, it comes to the same end."""

from __future__ import annotations

import functools

import pytest
import typer

from relay.cli.app import app
from tests.cli import (
    crashes_of_accounts,
    crashes_of_events,
    crashes_of_polling,
    crashes_of_reconciling,
    crashes_of_replays,
    crashes_of_reviews,
    crashes_of_sources,
)
from tests.cli.crashing import end_of, told

FAMILIES = (
    crashes_of_accounts,
    crashes_of_events,
    crashes_of_polling,
    crashes_of_reconciling,
    crashes_of_replays,
    crashes_of_reviews,
    crashes_of_sources,
)
COMMANDS = {name: command for family in FAMILIES for name, command in family.COMMANDS.items()}


@functools.cache
def undisturbed(name, folder):
    road, calls, result = told(COMMANDS[name], folder)
    return end_of(road), tuple(calls), result, tuple(road.world.accounts.log)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("sent")


@pytest.mark.parametrize("name", COMMANDS)
def test_the_command_without_a_crash_does_its_work(name, folder):
    _, calls, result, _ = undisturbed(name, folder)

    print(f"relay {name}: {len(calls)} crash points")
    assert result.exit_code == COMMANDS[name].exits, result.output
    assert calls


def deployed(group, path=()):
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from deployed(command, (*path, name))
        elif any(parameter.name == "stack" for parameter in command.params):
            yield (*path, name)


def test_every_command_that_works_on_a_deployment_dies_somewhere():
    told_of = {command.args for command in COMMANDS.values()}
    missing = [
        path for path in deployed(typer.main.get_command(app)) if not any(args[: len(path)] == path for args in told_of)
    ]

    assert missing == []


NOT_LOGGED = {
    "account list": "shows",
    "account show": "shows",
    "secret show": "shows",
    "source show": "shows",
    "events list": "shows",
    "events show": "shows",
    "changes list": "shows",
    "quota": "shows",
    "status": "shows",
    "verify": "counts and compares",
    "waiting list": "shows",
    "review list": "shows",
    "review show": "shows",
    "dead-letters list": "shows",
    "dead-letters show": "shows",
    "replays list": "shows",
    "replays show": "shows",
    "send": "posts a webhook as a sender would: it stands in the inbox, as any other delivery",
}
"""Commands that change nothing of a deployment that an operator may change, and why; all others are in the change log."""


@pytest.mark.parametrize("path", sorted(" ".join(path) for path in deployed(typer.main.get_command(app))))
def test_a_command_that_changes_anything_says_so_in_the_change_log(path, folder):
    words = tuple(path.split())
    cases = [name for name, command in COMMANDS.items() if command.args[: len(words)] == words]
    ours = [change for name in cases for change in undisturbed(name, folder)[3] if change.who == "cli:tests"]

    if path in NOT_LOGGED:
        assert ours == []
        return
    assert ours, f"{path} changed something that nobody can look up; if it changes nothing, say so in NOT_LOGGED"
    assert [change for change in ours if not (change.account and change.at_ms and change.what and change.after)] == []


@pytest.mark.parametrize("mode", ["before", "after"])
@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_that_dies_and_is_given_again_comes_to_the_same_end(name, mode, folder):
    expected, calls, _, _ = undisturbed(name, folder)
    command = COMMANDS[name]
    wrong = []
    for at, call in enumerate(calls):
        road, _, result = told(command, folder, at=at, mode=mode)
        refused = result.exit_code != command.exits and not any(reason in result.stderr for reason in command.again)
        got = end_of(road)
        if refused or got != expected:
            differs = {part: got[part] for part in got if got[part] != expected[part]}
            wrong.append(f"{mode} call {at} ({call}): exit {result.exit_code} {result.stderr.strip()} {differs}")

    assert not wrong, f"{len(wrong)} of {len(calls)}\n" + "\n".join(wrong)
