"""What leaves for EventBridge and SQS: batches, sizes, refusals by index, delays on a scaled clock."""

from __future__ import annotations

import asyncio
import json
import re
from typing import Any

import pytest
from botocore.stub import Stubber

from relay.adapters.clients import aws_client
from relay.adapters.clock import SystemClock
from relay.adapters.eventbridge import ENTRY_BYTES, EventBridgeBus
from relay.adapters.sqs import SqsWakes
from relay.errors import BadInput
from tests.adapters.conftest import LOCAL


def cloud_event(n: int = 0, *, data: Any = None, **values: Any) -> dict[str, Any]:
    default = {
        "specversion": "1.0",
        "id": f"shopify-1#{n}",
        "source": "relay.shopify",
        "type": "order.paid",
        "subject": "1001",
        "time": "2026-03-02T12:00:00Z",
        "account": "acme",
        "data": data if data is not None else {"total": "121.00", "name": "Ñandú 🦤"},
    }
    return default | values


@pytest.fixture
def bus(aws):
    aws.events = aws.make("events")
    aws.sqs = aws.make("sqs")
    name = f"bus-{aws.bucket}"
    aws.events.create_event_bus(Name=name)
    aws.queue = aws.sqs.create_queue(QueueName=f"all-{aws.bucket}")["QueueUrl"]
    arn = aws.sqs.get_queue_attributes(QueueUrl=aws.queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    pattern = json.dumps({"source": [{"prefix": "relay."}]})
    aws.events.put_rule(Name="all", EventBusName=name, EventPattern=pattern)
    aws.events.put_targets(Rule="all", EventBusName=name, Targets=[{"Id": "queue", "Arn": arn}])
    return EventBridgeBus(client=aws.events, bus_name=name, bodies=aws.bodies)


def arrived(aws: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    while True:
        answer = aws.sqs.receive_message(QueueUrl=aws.queue, MaxNumberOfMessages=10, WaitTimeSeconds=1)
        if not answer.get("Messages"):
            return found
        for message in answer["Messages"]:
            found.append(json.loads(message["Body"]))
            aws.sqs.delete_message(QueueUrl=aws.queue, ReceiptHandle=message["ReceiptHandle"])


def test_a_cloud_event_arrives_whole_with_its_routing(aws, bus):
    assert asyncio.run(bus.publish([cloud_event()])) == []

    (event,) = arrived(aws)
    assert (event["source"], event["detail-type"]) == ("relay.shopify", "order.paid")
    assert event["detail"] == cloud_event()
    if aws.name == "moto":  # the emulator stamps a time of its own
        assert event["time"].startswith("2026-03-02T12:00:00")


def test_more_than_ten_events_arrive_each_once(aws, bus):
    assert asyncio.run(bus.publish([cloud_event(n) for n in range(23)])) == []

    assert sorted(event["detail"]["id"] for event in arrived(aws)) == sorted(f"shopify-1#{n}" for n in range(23))


@pytest.mark.row("B02")
def test_data_over_the_limit_travels_by_reference(aws, bus):
    data = {"lines": ["ñ" * 1000] * 600}
    assert asyncio.run(bus.publish([cloud_event(data=data), cloud_event(1)])) == []

    big = next(event["detail"] for event in arrived(aws) if event["detail"]["id"] == "shopify-1#0")
    assert "data" not in big
    bucket, _, key = big["dataref"].removeprefix("s3://").partition("/")
    assert json.loads(aws.s3.get_object(Bucket=bucket, Key=key)["Body"].read()) == data
    assert key.startswith("acme/events/")


def test_an_event_too_large_without_its_data_is_refused_by_name(bus):
    with pytest.raises(BadInput, match="event_too_large"):
        asyncio.run(bus.publish([cloud_event(subject="x" * ENTRY_BYTES)]))


def stubbed(service: str) -> tuple[Any, Stubber]:
    client = aws_client(service, **LOCAL)
    return client, Stubber(client)


@pytest.mark.row("B02")
def test_a_batch_stays_below_one_megabyte_in_all():
    client, stub = stubbed("events")
    batches: list[list[int]] = []
    client.meta.events.register(
        "provide-client-params.events.PutEvents",
        lambda params, **_: batches.append([len(each["Detail"].encode()) for each in params["Entries"]]),
    )
    sizes = [400_000, 400_000, 400_000, 10, 700_000, 10]
    expected = [2, 2, 2]
    for count in expected:
        stub.add_response("put_events", {"FailedEntryCount": 0, "Entries": [{"EventId": "e"}] * count})
    bus = EventBridgeBus(client=client, bus_name="b", bodies=None)
    with stub:
        assert asyncio.run(bus.publish([cloud_event(n, data="x" * size) for n, size in enumerate(sizes)])) == []

    assert [len(batch) for batch in batches] == expected
    assert all(sum(batch) < 1_000_000 for batch in batches)
    client.close()


@pytest.mark.row("D11")
def test_refused_entries_are_told_by_their_index():
    client, stub = stubbed("events")
    good, bad = {"EventId": "e"}, {"ErrorCode": "ThrottlingException", "ErrorMessage": "m"}
    stub.add_response("put_events", {"FailedEntryCount": 2, "Entries": [good, bad, *[good] * 7, bad]})
    stub.add_client_error("put_events", "InternalException", http_status_code=500)
    stub.add_response("put_events", {"FailedEntryCount": 1, "Entries": [bad]})
    bus = EventBridgeBus(client=client, bus_name="b", bodies=None)
    with stub:
        refused = asyncio.run(bus.publish([cloud_event(n) for n in range(21)]))

    assert refused == [1, 9, *range(10, 20), 20]
    client.close()


def test_nothing_to_publish_calls_nobody():
    client, stub = stubbed("events")
    with stub:
        assert asyncio.run(EventBridgeBus(client=client, bus_name="b", bodies=None).publish([])) == []
    client.close()


def test_wakes_go_to_the_queue_of_their_priority(aws):
    sqs = aws.sqs = aws.make("sqs")
    fiscal, normal = (sqs.create_queue(QueueName=f"{name}-{aws.bucket}")["QueueUrl"] for name in ("fiscal", "normal"))
    wakes = SqsWakes(client=sqs, fiscal_url=fiscal, normal_url=normal, clock=SystemClock())
    messages = [{"account": "acme", "event": f"e#{n}"} for n in range(23)]

    async def story() -> None:
        assert await wakes.send(messages, priority="fiscal") == []
        assert await wakes.send([{"account": "acme"}], priority="normal") == []
        assert await wakes.send([{"account": "acme2"}], priority="background") == []

    asyncio.run(story())
    bodies: dict[str, list[str]] = {fiscal: [], normal: []}
    for url, found in bodies.items():
        while messages_now := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
            found += [each["Body"] for each in messages_now]
    assert sorted(bodies[fiscal]) == sorted(json.dumps(each, separators=(",", ":")) for each in messages)
    assert sorted(bodies[normal]) == ['{"account":"acme"}', '{"account":"acme2"}']


@pytest.mark.parametrize(
    ("scale", "asked", "sent"),
    [(1, 0, 0), (1, 60, 60), (1, 100_000, 900), (60, 60, 1), (60, 90, 2), (60, 1, 1), (1, -5, 0)],
)
def test_a_delay_is_real_time_and_at_most_fifteen_minutes(scale, asked, sent):
    client, stub = stubbed("sqs")
    entry = {"Id": "0", "MessageBody": '{"account":"a"}', "DelaySeconds": sent, "MessageGroupId": "a"}
    stub.add_response(
        "send_message_batch",
        {"Successful": [{"Id": "0", "MessageId": "m", "MD5OfMessageBody": "x"}], "Failed": []},
        {"QueueUrl": "f", "Entries": [entry]},
    )
    wakes = SqsWakes(client=client, fiscal_url="f", normal_url="n", clock=SystemClock(scale=scale))
    with stub:
        assert asyncio.run(wakes.send([{"account": "a"}], priority="fiscal", delay_seconds=asked)) == []
    client.close()


def test_a_wake_names_its_account_as_the_tenant_so_that_a_flood_is_passed_by_the_others(aws):
    sqs = aws.sqs = aws.make("sqs")
    url = sqs.create_queue(QueueName=f"fair-{aws.bucket}")["QueueUrl"]
    wakes = SqsWakes(client=sqs, fiscal_url=url, normal_url=url, clock=SystemClock())
    odd = "una tienda con espacios"
    assert asyncio.run(wakes.send([{"account": "acme"}, {"account": odd}, {"account": odd}], priority="fiscal")) == []

    found = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, MessageSystemAttributeNames=["MessageGroupId"])
    groups = {json.loads(each["Body"])["account"]: each["Attributes"]["MessageGroupId"] for each in found["Messages"]}
    assert groups["acme"] == "acme"
    assert re.fullmatch("[0-9a-f]{64}", groups[odd])


def test_refused_wakes_are_told_by_their_index():
    client, stub = stubbed("sqs")
    failed = {"Id": "3", "SenderFault": False, "Code": "InternalError"}
    stub.add_response("send_message_batch", {"Successful": [], "Failed": [failed]})
    stub.add_client_error("send_message_batch", "RequestThrottled", http_status_code=400)
    wakes = SqsWakes(client=client, fiscal_url="f", normal_url="n", clock=SystemClock())
    with stub:
        refused = asyncio.run(wakes.send([{"account": "a"}] * 12, priority="normal"))

    assert refused == [3, 10, 11]
    client.close()
