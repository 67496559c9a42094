"""Which deployment a command talks to: the stack on this machine, or a CloudFormation stack and its outputs."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from relay.errors import BadInput, NotAllowed, NotFound, Unavailable

if TYPE_CHECKING:
    from collections.abc import Mapping

DEFAULT_STACK = "holded-relay-dev"
LOCAL_FILE = Path(".local") / "stack.json"
HOLDED_URL = "https://api.holded.com"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stack:
    """`clock` is the origin and the scale of a stack whose time runs faster, None for real time."""

    name: str
    region: str | None
    outputs: Mapping[str, str]
    holded_url: str = HOLDED_URL
    endpoint_url: str | None = None
    clock: tuple[float, float] | None = None

    @property
    def is_local(self) -> bool:
        return self.endpoint_url is not None

    def output(self, name: str) -> str:
        if name not in self.outputs:
            raise NotFound("stack_output_missing", detail=f"stack {self.name} has no output {name}: deploy it again")
        return self.outputs[name]


def _described(folder: Path) -> Path | None:
    """The description in `folder` or the nearest folder above it."""
    return next((at / LOCAL_FILE for at in (folder, *folder.parents) if (at / LOCAL_FILE).is_file()), None)


def find(*, local: bool, name: str | None, environ: Mapping[str, str], folder: Path) -> Stack:
    """`--local` wins, then `--stack`, then a local stack that is there, then the default name in AWS.

    Raises `BadInput` when both are asked for, `NotFound` when the one asked for is not there.
    """
    if local and name:
        raise BadInput("stack_ambiguous", field="--local", detail="given together with a stack's name; expected one")
    found = None if name else _described(folder)
    if found is not None:
        return _local(found)
    if local:
        raise NotFound("local_stack_missing", detail=f"no {LOCAL_FILE} here or above: start it with `make local`")
    return _deployed(name or DEFAULT_STACK, environ, chosen=name is not None)


def _local(file: Path) -> Stack:
    try:
        held = json.loads(file.read_text(encoding="utf-8"))
        clock = held.get("clock")
        return Stack(
            name="local",
            region=str(held["region"]),
            outputs={str(key): str(value) for key, value in held["outputs"].items()},
            holded_url=str(held.get("sandbox_url") or HOLDED_URL),
            endpoint_url=str(held["endpoint_url"]),
            clock=(float(clock["origin"]), float(clock["scale"])) if clock else None,
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        raise BadInput(
            "local_stack_malformed",
            field=str(LOCAL_FILE),
            detail=f"cannot be read ({type(error).__name__}); start it anew",
        ) from None


def _deployed(name: str, environ: Mapping[str, str], *, chosen: bool) -> Stack:
    import boto3
    from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, NoRegionError

    region = environ.get("AWS_REGION") or environ.get("AWS_DEFAULT_REGION")
    try:
        client = boto3.client("cloudformation", region_name=region)
        described: Any = client.describe_stacks(StackName=name)["Stacks"][0]
    except NoRegionError:
        detail = f"not set; expected the region of stack {name}" if chosen else "not set, and no local stack runs here"
        raise BadInput("region_missing", field="AWS_REGION", detail=detail) from None
    except NoCredentialsError:
        raise NotAllowed("aws_credentials_missing", detail="no AWS credentials found; or use --local") from None
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "")
        if code == "ValidationError":
            raise NotFound("stack_unknown", detail=f"no stack {name} in {client.meta.region_name}") from None
        raise NotAllowed("aws_refused", detail=f"CloudFormation answered {code}") from None
    except BotoCoreError as error:
        raise Unavailable("aws_unreachable", detail=type(error).__name__) from None
    return Stack(
        name=name,
        region=region,
        outputs={out["OutputKey"]: out["OutputValue"] for out in described.get("Outputs", ())},
        holded_url=environ.get("HOLDED_BASE_URL") or HOLDED_URL,
    )
