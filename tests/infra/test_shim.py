"""What the shim adds to the emulator, asked over its API. Green results elsewhere that rest on it rest on this."""

from __future__ import annotations

import json

import pytest
from botocore.exceptions import ClientError

from infra.local.emulator import Emulator
from infra.paths import EMULATOR_PYTHON

pytestmark = pytest.mark.emulator

ARCHIVE = {
    "Resources": {
        "Bus": {"Type": "AWS::Events::EventBus", "Properties": {"Name": "shim-bus"}},
        "Archive": {
            "Type": "AWS::Events::Archive",
            "Properties": {
                "SourceArn": {"Fn::GetAtt": ["Bus", "Arn"]},
                "EventPattern": {"source": [{"prefix": "relay."}]},
                "RetentionDays": 35,
            },
        },
    },
    "Outputs": {"ArchiveArn": {"Value": {"Fn::GetAtt": ["Archive", "Arn"]}}, "Name": {"Value": {"Ref": "Archive"}}},
}


@pytest.fixture(scope="module")
def emulator():
    if not EMULATOR_PYTHON.exists():
        pytest.skip("the emulator is not installed: make setup")
    with Emulator() as running:
        yield running


@pytest.fixture
def sqs(emulator):
    return emulator.client("sqs")


@pytest.fixture
def queues(sqs, request):
    """A queue that gives up after one receive, and its dead-letter queue."""
    name = request.node.name[:40]
    dead = sqs.create_queue(QueueName=f"{name}-dead")["QueueUrl"]
    dead_arn = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    policy = json.dumps({"deadLetterTargetArn": dead_arn, "maxReceiveCount": 1})
    live = sqs.create_queue(QueueName=name, Attributes={"RedrivePolicy": policy, "VisibilityTimeout": "0"})["QueueUrl"]
    return live, dead, dead_arn


def bodies(sqs, url):
    found = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=0).get("Messages", [])
    return sorted(message["Body"] for message in found)


def test_an_archive_is_created_from_a_template_and_goes_with_its_stack(emulator):
    cloudformation, events = emulator.client("cloudformation"), emulator.client("events")
    cloudformation.create_stack(StackName="archive", TemplateBody=json.dumps(ARCHIVE))
    cloudformation.get_waiter("stack_create_complete").wait(StackName="archive", WaiterConfig={"Delay": 1})

    outputs = {
        each["OutputKey"]: each["OutputValue"]
        for each in cloudformation.describe_stacks(StackName="archive")["Stacks"][0]["Outputs"]
    }
    held = events.describe_archive(ArchiveName=outputs["Name"])
    assert held["ArchiveArn"] == outputs["ArchiveArn"]
    assert held["RetentionDays"] == 35
    assert json.loads(held["EventPattern"]) == {"source": [{"prefix": "relay."}]}

    cloudformation.delete_stack(StackName="archive")
    cloudformation.get_waiter("stack_delete_complete").wait(StackName="archive", WaiterConfig={"Delay": 1})
    with pytest.raises(ClientError, match="ResourceNotFound"):
        events.describe_archive(ArchiveName=outputs["Name"])


def test_a_redrive_brings_dead_letters_back_to_the_queue_they_came_from(sqs, queues):
    live, dead, dead_arn = queues
    for body in ("one", "two"):
        sqs.send_message(QueueUrl=live, MessageBody=body)
    assert bodies(sqs, live) == ["one", "two"]
    assert bodies(sqs, live) == [], "the second receive finds them given up"
    assert bodies(sqs, dead) == ["one", "two"]

    handle = sqs.start_message_move_task(SourceArn=dead_arn)["TaskHandle"]

    assert handle
    assert bodies(sqs, live) == ["one", "two"]
    assert bodies(sqs, dead) == []
    (told,) = sqs.list_message_move_tasks(SourceArn=dead_arn)["Results"]
    assert told["Status"] == "COMPLETED"
    assert told["ApproximateNumberOfMessagesMoved"] == 2


def test_a_redrive_leaves_what_somebody_is_reading(sqs, queues):
    live, dead, dead_arn = queues
    sqs.send_message(QueueUrl=live, MessageBody="one")
    bodies(sqs, live)
    bodies(sqs, live)
    sqs.receive_message(QueueUrl=dead, VisibilityTimeout=60)

    sqs.start_message_move_task(SourceArn=dead_arn)

    assert bodies(sqs, live) == []


def test_a_redrive_of_an_unknown_queue_is_refused(sqs):
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        sqs.start_message_move_task(SourceArn="arn:aws:sqs:eu-west-1:000000000000:nobody")


def test_a_task_that_has_ended_cannot_be_cancelled(sqs):
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        sqs.cancel_message_move_task(TaskHandle="done")


def test_deleting_a_message_twice_succeeds_as_in_aws(sqs, queues):
    live, _, _ = queues
    sqs.send_message(QueueUrl=live, MessageBody="one")
    (message,) = sqs.receive_message(QueueUrl=live)["Messages"]

    for _ in range(2):
        sqs.delete_message(QueueUrl=live, ReceiptHandle=message["ReceiptHandle"])


def test_a_handle_that_was_never_given_out_is_still_refused(sqs, queues):
    with pytest.raises(ClientError, match="ReceiptHandleIsInvalid"):
        sqs.delete_message(QueueUrl=queues[0], ReceiptHandle="short")


def test_an_index_is_paged_in_its_order_with_nothing_left_out_or_told_twice(emulator):
    """Equal sort keys are ordered by the table's own; what lies outside the range is not told."""
    dynamodb = emulator.client("dynamodb")
    names = ("pk", "sk", "work_pk", "work_sk")
    dynamodb.create_table(
        TableName="paged",
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in names],
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        GlobalSecondaryIndexes=[
            {
                "IndexName": "work",
                "KeySchema": [
                    {"AttributeName": "work_pk", "KeyType": "HASH"},
                    {"AttributeName": "work_sk", "KeyType": "RANGE"},
                ],
                "Projection": {"ProjectionType": "KEYS_ONLY"},
            }
        ],
    )
    wanted = []
    for n in range(60):
        place = (f"{n * 7 % 20:03d}", f"p{n:02d}")
        item = {"pk": place[1], "sk": "row", "work_pk": "due" if n % 3 else "other", "work_sk": place[0]}
        dynamodb.put_item(TableName="paged", Item={name: {"S": text} for name, text in item.items()})
        wanted += [place] if n % 3 and "003" <= place[0] <= "015" else []
    query = {
        "TableName": "paged",
        "IndexName": "work",
        "KeyConditionExpression": "work_pk = :pk AND work_sk BETWEEN :from AND :to",
        "ExpressionAttributeValues": {":pk": {"S": "due"}, ":from": {"S": "003"}, ":to": {"S": "015"}},
    }

    for limit in (1, 4, 7, 100):
        found, start = [], None
        while True:
            answer = dynamodb.query(**query, Limit=limit, **({"ExclusiveStartKey": start} if start else {}))
            assert len(answer["Items"]) <= limit
            found += [(item["work_sk"]["S"], item["pk"]["S"]) for item in answer["Items"]]
            start = answer.get("LastEvaluatedKey")
            if not start:
                break
        assert found == sorted(wanted)
