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
    return end_of(road), tuple(calls), result


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("sent")


@pytest.mark.parametrize("name", COMMANDS)
def test_the_command_without_a_crash_does_its_work(name, folder):
    _, calls, result = undisturbed(name, folder)

    print(f"relay {name}: {len(calls)} crash points")
    assert result.exit_code == COMMANDS[name].exits, result.output
    assert calls


def test_every_command_that_works_on_a_deployment_dies_somewhere():
    def named(group, path=()):
        for name, command in group.commands.items():
            if hasattr(command, "commands"):
                yield from named(command, (*path, name))
            elif any(parameter.name == "stack" for parameter in command.params):
                yield (*path, name)

    told_of = {command.args for command in COMMANDS.values()}
    missing = [
        path for path in named(typer.main.get_command(app)) if not any(args[: len(path)] == path for args in told_of)
    ]

    assert missing == []


@pytest.mark.parametrize("mode", ["before", "after"])
@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_that_dies_and_is_given_again_comes_to_the_same_end(name, mode, folder):
    expected, calls, _ = undisturbed(name, folder)
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
