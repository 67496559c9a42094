"""The commands on the real adapters (moto in process), found through CloudFormation's outputs (a stand-in server)."""

from __future__ import annotations

import gc
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest
from moto import mock_aws
from typer.testing import CliRunner

from holded_sandbox.app import create_app
from holded_sandbox.seeds import DEFAULT_TOKEN
from relay.adapters.clients import aws_client
from relay.cli import stack
from relay.cli.app import app
from relay.cli.stack import Stack
from relay.cli.wiring import wire
from relay.errors import NotAllowed, NotFound, Unavailable
from tests.adapters import tables
from tests.cli.test_against_sandbox import Sandbox
from tests.listening import listening

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from relay.cli.context import World

REGION = "eu-west-1"


@pytest.fixture(autouse=True)
def _credentials(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in [name for name in os.environ if name.startswith(("AWS_", "RELAY_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))


@pytest.fixture
def deployed() -> Iterator[World]:
    """A stack's resources in moto, wired from its outputs; Holded is the sandbox."""
    with mock_aws():
        dynamodb, s3 = aws_client("dynamodb", region_name=REGION), aws_client("s3", region_name=REGION)
        kms, sqs = aws_client("kms", region_name=REGION), aws_client("sqs", region_name=REGION)
        dynamodb.create_table(**tables.inbox("inbox"))
        dynamodb.create_table(**tables.state("state"))
        s3.create_bucket(Bucket="bodies", CreateBucketConfiguration={"LocationConstraint": REGION})
        urls = {
            name: sqs.create_queue(QueueName=name)["QueueUrl"]
            for name in ("Fiscal", "Normal", "FiscalDlq", "NormalDlq", "Undelivered", "Unpublished", "Unscheduled")
        }
        for name in ("FiscalDlq", "Undelivered", "Undelivered"):
            sqs.send_message(QueueUrl=urls[name], MessageBody="{}")
        outputs = {
            "ApiUrl": "https://api.example",
            "InboxTable": "inbox",
            "StateTable": "state",
            "BodiesBucket": "bodies",
            "SecretsKeyId": kms.create_key()["KeyMetadata"]["KeyId"],
            **{f"{name}QueueUrl": urls[name] for name in ("Fiscal", "Normal")},
            **{f"{name}Url": url for name, url in urls.items()},
        }
        world = wire(Stack(name="dev", region=REGION, outputs=outputs), who="cli:tests")
        world.holded = Sandbox(httpx.ASGITransport(create_app(deliver=False)))
        yield world
        world.post.close()
        for client in (dynamodb, s3, kms, sqs):
            client.close()
        del world
        gc.collect()


def test_an_account_lives_its_life_on_the_real_adapters(deployed: World) -> None:
    def run(*args: str, code: int = 0) -> str:
        result = CliRunner().invoke(app, list(args), obj=deployed, env={"RELAY_HOLDED_TOKEN": DEFAULT_TOKEN})
        assert result.exit_code == code, result.output
        return result.stdout

    added = json.loads(run("account", "add", "acme", "--mode", "test", "--json"))
    run("account", "add", "again", "--mode", "test", code=1)
    run("secret", "rotate", "--account", "acme", "--source", "shopify", "--overlap", "1h")
    shown = json.loads(run("account", "show", "acme", "--json"))
    status = json.loads(run("status", "--json"))
    run("account", "set", "acme", "--per-minute", "90", "--status", "paused")
    listed = json.loads(run("account", "list", "--json"))
    run("account", "remove", "acme", "--yes")
    run("account", "erase", "acme", "--yes")

    assert shown["sources"]["shopify"]["secrets"] == 2
    queues = {"fiscal": 0, "normal": 0, "fiscal DLQ": 1, "normal DLQ": 0}
    assert status["queues"] == queues | {"undelivered": 2, "unpublished": 0, "unscheduled": 0}
    assert status["accounts"][0]["quota"]["used"] >= added["used_this_month"] > 0
    assert status["accounts"][0]["waiting"] == 0
    assert (listed[0]["status"], listed[0]["per_minute"]) == ("paused", 90)
    assert json.loads(run("account", "list", "--json"))[0]["status_reason"] == "erased"


@pytest.fixture
def answering(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[int, str], Stack]]:
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")

    answers: list[tuple[int, bytes]] = []

    def find(status: int, text: str) -> Stack:
        answers[:] = [(status, text.encode())]
        return stack.find(local=False, name="holded-relay-dev", environ={"AWS_REGION": REGION}, folder=Path("/"))

    with listening(lambda _: answers[-1]) as port:
        monkeypatch.setenv("AWS_ENDPOINT_URL_CLOUDFORMATION", f"http://127.0.0.1:{port}")
        yield find
    gc.collect()


def refusal(code: str) -> str:
    return f"<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>said in private</Message></Error></ErrorResponse>"


def test_a_stacks_outputs_are_read_from_cloudformation(answering: Callable[[int, str], Stack]) -> None:
    found = answering(
        200,
        "<DescribeStacksResponse><DescribeStacksResult><Stacks><member><StackName>s</StackName>"
        "<CreationTime>2026-01-01T00:00:00Z</CreationTime><StackStatus>CREATE_COMPLETE</StackStatus><Outputs><member>"
        "<OutputKey>ApiUrl</OutputKey><OutputValue>https://api.example</OutputValue></member></Outputs></member></Stacks>"
        "</DescribeStacksResult></DescribeStacksResponse>",
    )

    assert found.output("ApiUrl") == "https://api.example"
    assert (found.is_local, found.holded_url) == (False, "https://api.holded.com")


@pytest.mark.parametrize(
    ("code", "kind", "told"),
    [
        ("ValidationError", NotFound, "stack_unknown"),
        ("AccessDenied", NotAllowed, "AccessDenied"),
        ("ExpiredToken", NotAllowed, "ExpiredToken"),
    ],
)
def test_what_cloudformation_refuses_is_told_without_its_words(
    answering: Callable[[int, str], Stack], code: str, kind: type[Exception], told: str
) -> None:
    with pytest.raises(kind, match=told) as caught:
        answering(400, refusal(code))

    assert "private" not in str(caught.value)


def test_a_cloudformation_that_is_away_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_CLOUDFORMATION", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")

    with pytest.raises(Unavailable, match="aws_unreachable"):
        stack.find(local=False, name="s", environ={"AWS_REGION": REGION}, folder=Path("/"))


def test_wiring_names_an_output_the_stack_lacks() -> None:
    with pytest.raises(NotFound, match="stack_output_missing"):
        wire(Stack(name="dev", region=REGION, outputs={}), who="cli")
