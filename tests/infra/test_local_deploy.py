"""What runs locally is what is deployed: the template but for three properties of a function."""

from __future__ import annotations

import copy
import json
import subprocess

import pytest

from infra.local.deploy import localise
from infra.packaging import function_names
from infra.paths import EMULATOR_PYTHON, ROOT

# Types the emulator lacks, each with its reason. None stands on an event's road: the archive only listens to the bus.
LACKING = {"AWS::Events::Archive": "made by the shim from the emulator's own CreateArchive, which its API has"}
CODES = {name: {"S3Bucket": "bucket", "S3Key": f"{name}.zip"} for name in function_names()}


def differences(one, other, path=()):
    if isinstance(one, dict) and isinstance(other, dict):
        for key in one.keys() | other.keys():
            yield from differences(one.get(key), other.get(key), (*path, key))
    elif one != other:
        yield path


def test_the_local_deploy_changes_code_runtime_and_architectures_and_nothing_else(synthesised):
    before = copy.deepcopy(synthesised)
    local = localise(synthesised, CODES, python_version="3.12", machine="x86_64")

    assert synthesised == before, "the template itself stays as it is"
    functions = {name for name, each in local["Resources"].items() if each["Type"] == "AWS::Lambda::Function"}
    assert len(functions) == len(function_names())
    for path in differences(before, local):
        assert path[:1] == ("Resources",)
        assert path[1] in functions
        assert path[2] == "Properties"
        assert path[3] in {"Code", "Runtime", "Architectures"}


@pytest.mark.parametrize(("machine", "expected"), [("x86_64", "x86_64"), ("AMD64", "x86_64"), ("aarch64", "arm64")])
def test_functions_are_told_the_processor_they_get(synthesised, machine, expected):
    local = localise(synthesised, CODES, python_version="3.13", machine=machine)

    found = {
        each["Properties"]["Architectures"][0]
        for each in local["Resources"].values()
        if each["Type"] == "AWS::Lambda::Function"
    }
    assert found == {expected}


def types_of_the_emulator():
    if not EMULATOR_PYTHON.exists():
        pytest.skip("the emulator is not installed: make setup")
    program = (
        "import json; from ministack.services.cloudformation import provisioners; "
        "print(json.dumps(sorted(provisioners._RESOURCE_HANDLERS)))"
    )
    run = subprocess.run([str(EMULATOR_PYTHON), "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    return set(json.loads(run.stdout.splitlines()[-1]))


def test_the_emulator_knows_every_type_of_the_template_but_the_listed_ones(synthesised):
    used = {each["Type"] for each in synthesised["Resources"].values()}

    assert used - types_of_the_emulator() == set(LACKING)
