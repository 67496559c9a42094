"""Functions, their folders, their settings, the template and their packages agree; each loads only what it needs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import MISSING, fields
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import pytest

from infra.environments import DEFAULT_REGION
from infra.local.synth import template
from infra.packaging import Target, function_names, stage
from infra.pythons import version_of
from relay.errors import BadInput

# Read by the toolkit itself.
TOOLKIT = {"POWERTOOLS_SERVICE_NAME", "POWERTOOLS_LOG_LEVEL"}
VALUES = {"SETTLE_SECONDS": "600", "HOLDED_BASE_URL": "https://api.holded.com", "RELAY_STAGE": "dev"}
NEVER = {
    "infra",
    "holded_sandbox",
    "shop_sandbox",
    "relay.cli",
    "typer",
    "rich",
    "starlette",
    "uvicorn",
    "aws_xray_sdk",
    "pytest",
}
HEAVY = {"pydantic", "httpx", "aws_lambda_powertools", "cryptography", "stdnum", "asyncio"}
# What each function has no use for, over `NEVER`. The receiving function starts while a sender waits.
WITHOUT = {
    "receive_webhook": HEAVY,
    "publish_event": {"httpx", "cryptography"},
    "sweep_inbox": {"httpx", "cryptography"},
    "write_holded": set(),
    "release_due": {"pydantic", "httpx", "cryptography", "stdnum"},
    "index_dead_letters": {"httpx", "cryptography", "stdnum"},
    "poll_holded": {"pydantic", "httpx", "cryptography", "stdnum"},
    "watch_sources": set(),
}


@pytest.fixture(scope="module")
def environments():
    """What the template puts into each function's environment, by the function's folder."""
    held = template("holded-relay-dev", stage_name="dev", region=DEFAULT_REGION)
    return {
        each["Properties"]["Handler"].split(".")[1]: each["Properties"]["Environment"]["Variables"]
        for each in held["Resources"].values()
        if each["Type"] == "AWS::Lambda::Function"
    }


@pytest.fixture(scope="module")
def runtime(tmp_path_factory):
    """What Lambda's Python brings: boto3 and what that needs, and nothing else of this environment."""
    folder = tmp_path_factory.mktemp("runtime")
    for name in ("boto3", "botocore", "s3transfer", "jmespath", "dateutil", "six", "urllib3"):
        origin = Path(find_spec(name).origin)
        found = origin.parent if origin.name == "__init__.py" else origin
        (folder / found.name).symlink_to(found)
    return folder


def settings_of(name):
    return import_module(f"functions.{name}.settings").Settings


def environ(name):
    return {field.name.upper(): VALUES.get(field.name.upper(), "set") for field in fields(settings_of(name))
            if field.default is MISSING}  # fmt: skip


def test_each_folder_is_a_function_of_the_template(environments):
    assert set(environments) == set(function_names())


@pytest.mark.parametrize("name", function_names())
def test_settings_are_what_the_template_sets(environments, name):
    needed = {field.name.upper() for field in fields(settings_of(name)) if field.default is MISSING}

    assert needed == set(environments[name]) - TOOLKIT


@pytest.mark.parametrize("name", function_names())
def test_a_missing_setting_is_named(name):
    whole = environ(name)
    for key in whole:
        with pytest.raises(BadInput, match=rf"setting_missing: {key}\b"):
            settings_of(name).from_env({other: value for other, value in whole.items() if other != key})


def test_a_number_that_is_none_is_named_without_its_value():
    whole = environ("write_holded") | {"SETTLE_SECONDS": "soon-enough"}

    with pytest.raises(BadInput, match="setting_malformed: SETTLE_SECONDS") as caught:
        settings_of("write_holded").from_env(whole)
    assert "soon" not in str(caught.value)


@pytest.mark.parametrize("name", function_names())
def test_a_function_keeps_to_its_three_files(name):
    folder = Path(settings_of(name).__module__.replace(".", "/")).parent

    assert sorted(path.name for path in (Path(__file__).parents[2] / folder).glob("*.py")) == [
        "__init__.py", "handler.py", "main.py", "settings.py",
    ]  # fmt: skip


@pytest.mark.parametrize("name", function_names())
def test_a_function_loads_only_what_it_needs(name, runtime):
    """From its package alone, in a fresh interpreter: a dependency that is not packed shows here too."""
    target = Target(
        name="tests", python_version=version_of(Path(sys.executable)), platforms=(), python=Path(sys.executable)
    )
    folder = stage(name, target).folder
    program = f"import sys, json; import functions.{name}.main; print(json.dumps(sorted(sys.modules)))"
    path = os.pathsep.join([str(folder), str(runtime)])
    env = {"PATH": os.environ["PATH"], "AWS_DEFAULT_REGION": "eu-west-1", "PYTHONPATH": path, **environ(name)}
    run = subprocess.run(
        [sys.executable, "-S", "-c", program], cwd=folder, env=env, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr[-2000:]
    loaded = json.loads(run.stdout.splitlines()[-1])

    unwanted = NEVER | WITHOUT[name]
    assert (
        sorted({module for module in loaded for each in unwanted if module == each or module.startswith(f"{each}.")})
        == []
    )
