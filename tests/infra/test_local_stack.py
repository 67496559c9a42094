"""The stack on the emulator: everything starts, describes itself, runs by a faster clock, and leaves nothing behind."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time

import httpx
import pytest
from boto3.dynamodb.types import TypeSerializer

from holded_sandbox.seeds import DEFAULT_TOKEN
from infra.environments import DEFAULT_REGION
from infra.local.beat import EVERY_SECONDS
from infra.local.emulator import Emulator
from infra.local.processes import HOST, Server, free_port
from infra.local.run import LocalStack
from infra.local.synth import template
from infra.paths import EMULATOR_PYTHON, ROOT
from tests.domain.sources.payloads import WOO_ORDER

pytestmark = [pytest.mark.emulator, pytest.mark.slow]


def skip_without_emulator():
    if not EMULATOR_PYTHON.exists():
        pytest.skip("the emulator is not installed: make setup")


@pytest.fixture(scope="module")
def stack(tmp_path_factory):
    skip_without_emulator()
    description = tmp_path_factory.mktemp("local") / "stack.json"
    with LocalStack(settle_seconds=1, description=description) as running:
        running.file = description
        yield running
    assert not description.exists(), "a stopped stack is not described"
    assert not running.emulator.folder.exists()


def until(found, seconds=30):
    """Poll: the emulator's own threads are at work meanwhile."""
    end = time.monotonic() + seconds
    while not (result := found()) and time.monotonic() < end:
        time.sleep(0.1)
    return result


def lines(stack, output):
    logs = stack.client("logs")
    for group in logs.describe_log_groups()["logGroups"]:
        name = group["logGroupName"]
        if output.removesuffix("Function") not in name:
            continue
        for stream in logs.describe_log_streams(logGroupName=name)["logStreams"]:
            held = logs.get_log_events(logGroupName=name, logStreamName=stream["logStreamName"], startFromHead=True)
            yield from (event["message"] for event in held["events"])


def dead_letters(stack):
    """How many, without taking or hiding one."""
    asked = {"QueueUrl": stack.outputs["FiscalDlqUrl"], "AttributeNames": ["All"]}
    held = stack.client("sqs").get_queue_attributes(**asked)["Attributes"]
    return int(held["ApproximateNumberOfMessages"]) + int(held["ApproximateNumberOfMessagesNotVisible"])


def test_the_description_names_what_is_running(stack):
    held = json.loads(stack.file.read_text())

    assert held["endpoint_url"] == stack.endpoint_url
    assert held["sandbox_url"] == stack.sandbox_url
    assert held["clock"] == {"origin": stack.origin, "scale": 1.0}
    assert held["outputs"]["ApiUrl"].startswith("http://127.0.0.1:")
    for pid in held["pids"].values():
        os.kill(pid, 0)


def test_a_deployed_function_has_the_environment_of_the_template(stack):
    held = stack.client("lambda").get_function_configuration(FunctionName=stack.outputs["WriteHoldedFunction"])
    variables = held["Environment"]["Variables"]

    assert variables["HOLDED_BASE_URL"] == stack.sandbox_url
    assert variables["SETTLE_SECONDS"] == "1"
    assert variables["STATE_TABLE"] == stack.outputs["StateTable"]
    assert "RELAY_CLOCK" not in variables, "the scaled clock is the emulator's, never the template's"


@pytest.mark.parametrize("output", sorted(EVERY_SECONDS))
def test_what_runs_by_the_clock_runs(stack, output):
    assert isinstance(stack.invoke(output), dict)


def test_the_alarms_watch_the_figures_as_the_functions_write_them(stack):
    """AWS finds a figure by its whole set of dimensions: one more or less, and the alarm sleeps for ever."""
    held = template("holded-relay-dev", stage_name="dev", region=DEFAULT_REGION)["Resources"]
    alarms = [each["Properties"] for each in held.values() if each["Type"] == "AWS::CloudWatch::Alarm"]
    watched = {
        each["MetricName"]: {one["Name"]: one["Value"] for one in each["Dimensions"]}
        for each in alarms
        if each.get("Namespace") == "HoldedRelay"
    }

    for output, name in {
        "ReleaseDueFunction": "OldestDueRowSeconds",
        "SweepInboxFunction": "OldestOpenEventSeconds",
    }.items():
        stack.invoke(output)
        written = until(lambda out=output, key=name: [json.loads(x) for x in lines(stack, out) if f'"{key}":' in x])
        (metrics,) = written[-1]["_aws"]["CloudWatchMetrics"]
        assert metrics["Namespace"] == "HoldedRelay"
        assert {key: written[-1][key] for key in metrics["Dimensions"][0]} == watched[name]


def test_a_redriven_dead_letter_is_worked_on_again(stack):
    sqs = stack.client("sqs")
    sqs.send_message(QueueUrl=stack.outputs["FiscalDlqUrl"], MessageBody=json.dumps({"account": "nobody"}))
    assert dead_letters(stack) == 1
    arns = [
        sqs.get_queue_attributes(QueueUrl=stack.outputs[name], AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        for name in ("FiscalDlqUrl", "FiscalQueueUrl")
    ]

    sqs.start_message_move_task(SourceArn=arns[0], DestinationArn=arns[1])

    assert dead_letters(stack) == 0
    assert until(lambda: [line for line in lines(stack, "WriteHoldedFunction") if '"account":"nobody"' in line])


def test_a_dead_letter_is_indexed_once_and_stays_for_a_redrive(stack):
    body = json.dumps({"account": "nobody", "event": "e#0"})
    stack.client("sqs").send_message(QueueUrl=stack.outputs["FiscalDlqUrl"], MessageBody=body)

    def rows():
        items = stack.client("dynamodb").scan(TableName=stack.outputs["StateTable"])["Items"]
        return [item for item in items if "dead-letters" in item["pk"]["S"]]

    assert stack.invoke("IndexDeadLettersFunction")["indexed"] == 1
    assert len(rows()) == 1
    stack.invoke("IndexDeadLettersFunction")
    assert len(rows()) == 1
    assert dead_letters(stack) == 1


@pytest.fixture
def shop(stack, tmp_path):
    """A shop on this machine, steered by `shop(what, **given)`."""
    url = f"http://{HOST}:{free_port()}"
    command = [sys.executable, "-m", "shop_sandbox", "--port", url.rpartition(":")[2]]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT / "shared"), str(ROOT)])}
    server = Server(command, environment=environment, log=tmp_path / "shops.log", ready_url=url)
    server.start()
    with httpx.Client(trust_env=False) as client:

        def control(what, **given):
            told = client.post(f"{url}/control/{what}", json={"kind": "woocommerce", "name": "demo", **given})
            assert told.status_code < 300, told.text
            return told.json()

        control("shops", token="ck:cs")
        control.base_url = f"{url}/woocommerce/demo"
        yield control
    server.stop()


def test_a_shop_here_is_registered_at_and_what_it_did_not_tell_is_brought(stack, shop, tmp_path):
    """The deployed watchdog registers, the shop's own webhook arrives and is counted, then the shop forgets us."""
    (tmp_path / ".local").mkdir()
    shutil.copy(stack.file, tmp_path / ".local")
    path = os.pathsep.join([str(ROOT / "shared"), str(ROOT)])

    def relay(*args, token=""):
        run = subprocess.run(
            [sys.executable, "-m", "relay.cli.app", *args, "--local", "--json"],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": path, "RELAY_HOLDED_TOKEN": token, "RELAY_PROVIDER_TOKEN": token},
            capture_output=True,
            text=True,
            check=False,
        )
        assert run.returncode == 0, run.stderr
        return json.loads(run.stdout)

    def sell(number):
        shop("change", list="orders", value=WOO_ORDER | {"id": number, "number": str(number), "refunds": []})

    def arrived():
        items = stack.client("dynamodb").scan(TableName=stack.outputs["StateTable"])["Items"]
        return [item for item in items if item["pk"]["S"] == "tienda#arrivals"]

    relay("account", "add", "tienda", "--mode", "test", "--source", "woocommerce", token=DEFAULT_TOKEN)
    relay("source", "set", "tienda", "woocommerce", "--base-url", shop.base_url, token="ck:cs")
    assert stack.invoke("WatchSourcesFunction") == {"watched": 1, "silent": 0, "not_mended": 0, "brought": 0, "late": 0}
    sell(1)
    assert until(arrived)
    shop("drop")
    sell(2)

    done = relay("import", "--account", "tienda", "--source", "woocommerce", "--from", "2026-01-01")

    def ended():
        items = relay("events", "list", "--account", "tienda")
        return sorted(end for item in items for end in item["ends"].values()) if len(items) == 2 else []

    assert (done["stored"], done["done"]) == (1, True)
    assert until(lambda: len(ended()) == 2)
    assert ended()[1] == "waiting:imported"
    (counted,) = arrived()
    assert sum(int(value["N"]) for name, value in counted.items() if name[0] == "h") == 1


def test_a_faster_clock_calls_what_runs_by_the_clock_more_often(tmp_path):
    """An hour in six seconds: what runs every five minutes runs twice in one."""
    skip_without_emulator()
    with LocalStack(scale=600, description=tmp_path / "stack.json") as stack:
        for output in EVERY_SECONDS:
            ended = until(lambda out=output: sum("REPORT" in line for line in lines(stack, out)) >= 2)
            assert ended, output


def test_a_persisting_emulator_has_its_state_back_after_a_restart():
    skip_without_emulator()
    item = {key: TypeSerializer().serialize(value) for key, value in {"pk": "a", "n": 1}.items()}
    with Emulator(persist=True) as emulator:
        client = emulator.client("dynamodb")
        client.create_table(
            TableName="kept", BillingMode="PAY_PER_REQUEST", KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        )  # fmt: skip
        client.put_item(TableName="kept", Item=item)

        emulator.restart()

        assert client.get_item(TableName="kept", Key={"pk": item["pk"]})["Item"] == item
