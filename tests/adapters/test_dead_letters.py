"""The dead-letter queues: a look leaves everything, a person's hand takes out what was named; the fake does the same."""

from __future__ import annotations

import asyncio
import dataclasses
import json

import pytest

from relay.adapters.sqs_dead_letters import SqsDeadLetters
from relay.ports.queues import DeadLetter
from tests.fakes import FakeDeadLetters


@dataclasses.dataclass
class Place:
    dead_letters: object
    fill: object
    holds: object


def fake_place():
    letters = FakeDeadLetters()

    def fill(queue, body):
        at = f"m{len(letters.letters)}"
        letters.letters.append(DeadLetter(message_id=at, body=body, queue=queue, receives=5, first_seen_ms=1))

    return Place(letters, fill, lambda: sorted(letter.body for letter in letters.letters))


def aws_place(aws, **options):
    sqs = aws.make("sqs")
    urls = {name: sqs.create_queue(QueueName=f"{name}-dead-{aws.bucket}")["QueueUrl"] for name in ("fiscal", "normal")}

    def holds():
        found = {}
        for url in urls.values():
            for _ in range(10):
                got = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=30)
                found |= {message["MessageId"]: message["Body"] for message in got.get("Messages", [])}
        return sorted(found.values())

    return Place(
        SqsDeadLetters(client=sqs, urls=urls, wait_s=0, **options),
        lambda queue, body: sqs.send_message(QueueUrl=urls[queue], MessageBody=body),
        holds,
    )


@pytest.fixture(params=["fake", "moto", pytest.param("emulator", marks=pytest.mark.emulator)])
def place(request):
    if request.param == "fake":
        return fake_place()
    return aws_place(request.getfixturevalue(f"{request.param}_world"))


def body(number):
    return json.dumps({"account": "acme", "event": f"e{number}#0"})


def test_named_messages_are_taken_out_of_both_queues_and_the_others_stay(place):
    for number in range(25):
        place.fill("fiscal" if number % 2 else "normal", body(number))
    wanted = {body(number) for number in (0, 1, 7, 24)}
    taken = asyncio.run(place.dead_letters.take_out(lambda letter: letter.body in wanted))

    assert sorted(letter.body for letter in taken) == sorted(wanted)
    assert {letter.queue for letter in taken} == {"fiscal", "normal"}
    assert place.holds() == sorted({body(number) for number in range(25)} - wanted)


def test_what_was_taken_out_is_not_found_again(place):
    place.fill("fiscal", body(1))
    asyncio.run(place.dead_letters.take_out(lambda _: True))

    assert list(asyncio.run(place.dead_letters.take_out(lambda _: True))) == []
    assert place.holds() == []


def test_a_look_takes_nothing_out(place):
    place.fill("normal", "not json")
    (seen,) = asyncio.run(place.dead_letters.peek())

    assert (seen.body, seen.queue) == ("not json", "normal")


def test_a_message_that_a_look_hides_is_waited_for(aws):
    """The index hides what it looks at for a while; here for two seconds."""
    place = aws_place(aws, hidden_s=2)
    place.fill("fiscal", body(1))
    asyncio.run(place.dead_letters.peek())

    assert asyncio.run(place.dead_letters.take_out(lambda _: True)) == []
    (taken,) = asyncio.run(place.dead_letters.take_out(lambda _: True, patience_s=6))
    assert taken.body == body(1)


def test_a_dead_letter_stays_in_its_queue_however_often_it_is_looked_at(aws):
    place = aws_place(aws, hidden_s=0)
    for number in range(12):
        place.fill("fiscal", body(number))
    for _ in range(2):
        asyncio.run(place.dead_letters.peek())

    assert place.holds() == sorted(body(number) for number in range(12))


class Servers:
    """A queue of two servers: a short poll asks the one, a long one both.

    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-short-and-long-polling.html
    """

    def __init__(self, *bodies):
        self.on_the_other = list(bodies)

    def receive_message(self, **given):
        if not given.get("WaitTimeSeconds"):
            return {}
        found, self.on_the_other = self.on_the_other, []
        return {"Messages": [{"MessageId": one, "Body": one, "ReceiptHandle": one} for one in found]}


def test_a_message_on_a_server_that_a_short_poll_leaves_out_is_seen():
    letters = SqsDeadLetters(client=Servers("one"), urls={"fiscal": "x"})

    assert [each.body for each in asyncio.run(letters.peek())] == ["one"]
