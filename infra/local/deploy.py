"""Deploys the synthesised template to the emulator: uploads the packages, creates the stack, reads its outputs.

The template is the one AWS gets. Only three properties of a function may change, because the emulator runs functions
with its own Python on this machine: `Code` (a package staged for that Python), `Runtime` and `Architectures`.
"""

from __future__ import annotations

import copy
import io
import json
import platform
import zipfile
from typing import TYPE_CHECKING, Any

from botocore.exceptions import WaiterError

from infra.local.emulator import ACCOUNT_ID
from infra.packaging import function_names, local_target, stage
from infra.paths import EMULATOR_PYTHON

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from infra.local.emulator import Emulator

_ARCHITECTURES = {"x86_64": "x86_64", "amd64": "x86_64", "aarch64": "arm64", "arm64": "arm64"}
_BOOTSTRAP_PARAMETER = "/cdk-bootstrap/hnb659fds/version"
_ZIP_TIME = (1980, 1, 1, 0, 0, 0)  # as the CDK command line does: the same content makes the same zip


def localise(
    template: Mapping[str, Any], codes: Mapping[str, Mapping[str, str]], *, python_version: str, machine: str
) -> dict[str, Any]:
    """The template with its functions meant for this machine. `codes` holds the new `Code` by the function's folder."""
    changed = copy.deepcopy(dict(template))
    for resource in changed["Resources"].values():
        if resource["Type"] == "AWS::Lambda::Function":
            properties = resource["Properties"]
            properties["Code"] = dict(codes[properties["Handler"].split(".")[1]])
            properties["Runtime"] = f"python{python_version}"
            properties["Architectures"] = [_ARCHITECTURES.get(machine.lower(), "x86_64")]
    return changed


def deploy(
    emulator: Emulator, template: Mapping[str, Any], *, stack_name: str, parameters: Mapping[str, str]
) -> dict[str, str]:
    """Create the stack from the synthesised template. Returns its outputs.

    Raises `RuntimeError` with the failed resources' reasons.
    """
    bucket = _bootstrap(emulator)
    target = local_target(EMULATOR_PYTHON)
    s3 = emulator.client("s3")
    codes = {}
    for name in function_names():
        package = stage(name, target)
        s3.put_object(Bucket=bucket, Key=f"{package.digest}.zip", Body=_zip(package.folder))
        codes[name] = {"S3Bucket": bucket, "S3Key": f"{package.digest}.zip"}
    local = localise(template, codes, python_version=target.python_version, machine=platform.machine())
    s3.put_object(Bucket=bucket, Key="template.json", Body=json.dumps(local).encode())
    return _create(emulator, stack_name, f"{emulator.endpoint_url}/{bucket}/template.json", parameters)


def _bootstrap(emulator: Emulator) -> str:
    """What `cdk bootstrap` leaves in an account, as far as this template asks for it. Returns the assets' bucket."""
    emulator.client("ssm").put_parameter(Name=_BOOTSTRAP_PARAMETER, Value="30", Type="String", Overwrite=True)
    bucket = f"cdk-hnb659fds-assets-{ACCOUNT_ID}-{emulator.region}"
    where = {"LocationConstraint": emulator.region}
    emulator.client("s3").create_bucket(Bucket=bucket, CreateBucketConfiguration=where)
    return bucket


def _zip(folder: Path) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_STORED) as archive:  # it does not travel: no time spent on packing
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            archive.writestr(zipfile.ZipInfo(path.relative_to(folder).as_posix(), _ZIP_TIME), path.read_bytes())
    return held.getvalue()


def _create(emulator: Emulator, stack_name: str, template_url: str, parameters: Mapping[str, str]) -> dict[str, str]:
    cloudformation = emulator.client("cloudformation")
    cloudformation.create_stack(
        StackName=stack_name,
        TemplateURL=template_url,
        Capabilities=["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM"],
        Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
    )
    waiter = cloudformation.get_waiter("stack_create_complete")
    waiter.config.delay = 0.2
    waiter.config.max_attempts = 600
    try:
        waiter.wait(StackName=stack_name)
    except WaiterError as error:
        raise RuntimeError(_why(cloudformation, stack_name)) from error
    (stack,) = cloudformation.describe_stacks(StackName=stack_name)["Stacks"]
    return {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}


def _why(cloudformation: Any, stack_name: str) -> str:
    events = cloudformation.describe_stack_events(StackName=stack_name)["StackEvents"]
    reasons = {
        f"{event['LogicalResourceId']}: {event['ResourceStatusReason']}"
        for event in events
        if event.get("ResourceStatusReason")
    }
    return "the stack was not created (the emulator's log says more):\n" + "\n".join(sorted(reasons))
