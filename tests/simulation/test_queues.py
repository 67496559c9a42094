"""SQS, its dead-letter queue and the bus: the same cases against the simulation's fakes, moto and the local emulator."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
import uuid
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import pytest
from moto import mock_aws

from relay.adapters.clients import aws_client
from relay.adapters.eventbridge import EventBridgeBus
from relay.adapters.sqs import SqsWakes
from relay.adapters.sqs_dead_letters import SqsDeadLetters
from tests.fakes import FakeClock
from tests.simulation import loop
from tests.simulation.faults import Faults
from tests.simulation.queues import SimBus, SimDeadLetters, SimQueue, SimWakes

LOCAL = {"region_name": "eu-west-1", "aws_access_key_id": "test", "aws_secret_access_key": "test"}
HIDDEN_S = 2


@dataclass
class Got:
    body: str
    receives: int
    receipt: str


class Simulated:
    """The fake in the words of the contract; `pass_time` costs nothing."""

    def __init__(self) -> None:
        self.at = 1000.0
        faults = Faults(0, {})
        self.dead = SimQueue("fiscal-dead", now=lambda: self.at, faults=faults)
        self.fiscal = self._queue("fiscal", faults, dead=self.dead)
        self.normal = self._queue("normal", faults)
        self.wakes = SimWakes(fiscal=self.fiscal, normal=self.normal, faults=faults)
        self.letters = SimDeadLetters((self.dead,), 0.0)
        self.bus = SimBus(fiscal=self.fiscal, normal=self.normal, faults=faults)

    def _queue(self, name: str, faults: Faults, dead: Any = None) -> SimQueue:
        return SimQueue(name, now=lambda: self.at, faults=faults, visibility_s=HIDDEN_S, dead=dead, max_receives=2)

    def run(self, story: Any) -> Any:
        async def with_what_follows() -> Any:
            answer = await story
            await asyncio.sleep(0.01)  # what the bus puts into the queues comes a moment later
            return answer

        return loop.run(with_what_follows())

    def receive(self, name: str, limit: int = 10) -> list[Got]:
        return [Got(each.body, each.receives, each.receipt) for each in getattr(self, name).receive(limit)]

    def delete(self, name: str, receipt: str) -> None:
        getattr(self, name).delete(receipt)

    def redrive(self) -> None:
        self.dead.redrive(self.fiscal)

    def pass_time(self, seconds: float) -> None:
        self.at += seconds


class Aws:
    """Real adapters and boto3 over an imitation of AWS, with queues and a bus of its own; `pass_time` is real time."""

    def __init__(self, **options: Any) -> None:
        self.sqs = aws_client("sqs", **LOCAL, **options)
        self.events = aws_client("events", **LOCAL, **options)
        tail = uuid.uuid4().hex[:12]
        self.urls = {"dead": self.sqs.create_queue(QueueName=f"fiscal-dead-{tail}")["QueueUrl"]}
        redrive = json.dumps({"deadLetterTargetArn": self._arn("dead"), "maxReceiveCount": 2})
        hidden = {"VisibilityTimeout": str(HIDDEN_S)}
        for name in ("fiscal", "normal"):
            more = {"RedrivePolicy": redrive} if name == "fiscal" else {}
            self.urls[name] = self.sqs.create_queue(QueueName=f"{name}-{tail}", Attributes=hidden | more)["QueueUrl"]
        clock: Any = SimpleNamespace(real_seconds=lambda seconds: seconds, now=FakeClock().now)
        self.wakes = SqsWakes(
            client=self.sqs, fiscal_url=self.urls["fiscal"], normal_url=self.urls["normal"], clock=clock
        )
        self.letters = SqsDeadLetters(client=self.sqs, urls={"fiscal": self.urls["dead"]}, wait_s=0)
        bus = f"bus-{tail}"
        self.events.create_event_bus(Name=bus)
        for name, prefixes in (("fiscal", ["order."]), ("normal", ["contact."])):
            pattern = {"source": [{"anything-but": "relay.holded"}], "detail-type": [{"prefix": p} for p in prefixes]}
            self.events.put_rule(Name=name, EventBusName=bus, EventPattern=json.dumps(pattern))
            target = {"Id": name, "Arn": self._arn(name)}
            self.events.put_targets(Rule=name, EventBusName=bus, Targets=[target])
        self.bus = EventBridgeBus(client=self.events, bus_name=bus, bodies=None)  # type: ignore[arg-type]

    def _arn(self, name: str) -> str:
        asked = self.sqs.get_queue_attributes(QueueUrl=self.urls[name], AttributeNames=["QueueArn"])
        return str(asked["Attributes"]["QueueArn"])

    def run(self, story: Any) -> Any:
        return asyncio.run(story)

    def receive(self, name: str, limit: int = 10) -> list[Got]:
        found = self.sqs.receive_message(
            QueueUrl=self.urls[name], MaxNumberOfMessages=limit, AttributeNames=["ApproximateReceiveCount"]
        ).get("Messages", [])
        return [
            Got(each["Body"], int(each["Attributes"]["ApproximateReceiveCount"]), each["ReceiptHandle"])
            for each in found
        ]

    def delete(self, name: str, receipt: str) -> None:
        self.sqs.delete_message(QueueUrl=self.urls[name], ReceiptHandle=receipt)

    def redrive(self) -> None:
        self.sqs.start_message_move_task(SourceArn=self._arn("dead"))

    def pass_time(self, seconds: float) -> None:
        time.sleep(seconds + 0.1)

    def close(self) -> None:
        self.sqs.close()
        self.events.close()


class Moto(Aws):
    def redrive(self) -> None:
        with pytest.raises(NotImplementedError, match="start_message_move_task"):
            super().redrive()
        pytest.skip("moto has no StartMessageMoveTask")


@pytest.fixture
def moto_world():
    with mock_aws(), contextlib.closing(Moto()) as world:
        yield world


@pytest.fixture
def emulator_world(emulator_url):
    with contextlib.closing(Aws(endpoint_url=emulator_url)) as world:
        yield world


@pytest.fixture(params=["simulated", "moto", pytest.param("emulator", marks=pytest.mark.emulator)])
def aws(request):
    return Simulated() if request.param == "simulated" else request.getfixturevalue(f"{request.param}_world")


def wake(aws, *events, priority="fiscal", delay_seconds=0):
    messages = [{"account": "acme", "event": event} for event in events]
    return aws.run(aws.wakes.send(messages, priority=priority, delay_seconds=delay_seconds))


def events_of(found):
    return sorted(json.loads(each.body)["event"] for each in found)


def test_a_received_message_is_hidden_and_comes_again_with_its_count(aws):
    wake(aws, "a#0")
    (first,) = aws.receive("fiscal")
    assert aws.receive("fiscal") == []

    aws.pass_time(HIDDEN_S)
    (again,) = aws.receive("fiscal")

    assert (first.receives, again.receives, again.body) == (1, 2, first.body)


def test_a_deleted_message_never_comes_again(aws):
    wake(aws, "a#0", "b#0")
    for found in aws.receive("fiscal"):
        if "a#0" in found.body:
            aws.delete("fiscal", found.receipt)

    aws.pass_time(HIDDEN_S)

    assert events_of(aws.receive("fiscal")) == ["b#0"]


def test_a_batch_holds_at_most_what_was_asked_for(aws):
    wake(aws, *(f"e#{n}" for n in range(12)))

    assert len(aws.receive("fiscal", 10)) == 10


def test_a_delayed_message_waits_for_its_time(aws):
    wake(aws, "a#0", delay_seconds=1)
    assert aws.receive("fiscal") == []

    aws.pass_time(1)

    assert events_of(aws.receive("fiscal")) == ["a#0"]


def test_priorities_go_to_their_own_queues(aws):
    wake(aws, "a#0")
    wake(aws, "b#0", priority="normal")
    wake(aws, "c#0", priority="background")

    assert events_of(aws.receive("fiscal")) == ["a#0"]
    assert events_of(aws.receive("normal")) == ["b#0", "c#0"]


def bury(aws, *events):
    """Receive messages until their queue gives them up, which it does at the receive after the last one it allows."""
    wake(aws, *events)
    for _ in range(2):
        assert events_of(aws.receive("fiscal")) == list(events)
        aws.pass_time(HIDDEN_S)
    assert aws.receive("fiscal") == []


def test_what_is_received_too_often_lies_in_the_dead_letter_queue_and_is_seen_there(aws):
    bury(aws, "a#0")

    (letter,) = aws.run(aws.letters.peek())

    assert (letter.queue, json.loads(letter.body)["event"]) == ("fiscal", "a#0")
    assert letter.receives >= 2


def test_a_redriven_message_comes_again_as_a_new_one_and_is_gone_from_the_dead_letters(aws):
    """The emulator's move tasks are our own (`infra/local/shim.py`): with moto's missing, nobody else's stand beside ours."""
    bury(aws, "a#0")
    aws.redrive()

    assert [(each.receives, events_of([each])) for each in aws.receive("fiscal")] == [(1, ["a#0"])]
    assert list(aws.run(aws.letters.peek())) == []


def cloud_event(kind, source="relay.shopify"):
    return {
        "specversion": "1.0",
        "id": f"{kind}#0",
        "source": source,
        "type": kind,
        "subject": "1",
        "time": "2026-03-02T12:00:00Z",
        "account": "acme",
        "data": {},
    }


def test_the_bus_leads_each_kind_to_its_queue_and_keeps_rereads_from_the_writers(aws):
    kinds = [cloud_event("order.paid"), cloud_event("contact.updated"), cloud_event("order.paid", "relay.holded")]
    assert list(aws.run(aws.bus.publish(kinds))) == []

    assert len(aws.receive("fiscal")) == 1
    assert len(aws.receive("normal")) == 1


def test_only_the_wanted_dead_letters_are_taken_out_and_the_others_stay_visible(aws):
    bury(aws, "a", "b")
    taken = aws.run(aws.letters.take_out(lambda letter: '"a"' in letter.body))
    left = aws.run(aws.letters.peek())

    assert [json.loads(letter.body)["event"] for letter in taken] == ["a"]
    assert [json.loads(letter.body)["event"] for letter in left] == ["b"]
