"""Looking at the dead-letter queues: every message is told of, and stays where the console's redrive finds it."""

from __future__ import annotations

import asyncio

import pytest

from relay.adapters.sqs_dead_letters import SqsDeadLetters


@pytest.fixture
def queues(aws):
    sqs = aws.make("sqs")
    urls = {name: sqs.create_queue(QueueName=f"{name}-dead-{aws.bucket}")["QueueUrl"] for name in ("fiscal", "normal")}
    return sqs, urls


def held(sqs, url):
    counted = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=counted)["Attributes"]
    return sum(int(attributes[name]) for name in counted)


def test_a_dead_letter_stays_in_its_queue_however_often_it_is_looked_at(queues):
    sqs, urls = queues
    for n in range(12):
        sqs.send_message(QueueUrl=urls["fiscal"], MessageBody=f'{{"account":"acme","event":"e#{n}"}}')
    sqs.send_message(QueueUrl=urls["normal"], MessageBody="not even JSON")
    letters = SqsDeadLetters(client=sqs, urls=urls)
    first = asyncio.run(letters.peek())
    asyncio.run(letters.peek())

    assert sorted(letter.queue for letter in first) == ["fiscal"] * 12 + ["normal"]
    assert {letter.body for letter in first if letter.queue == "normal"} == {"not even JSON"}
    assert (held(sqs, urls["fiscal"]), held(sqs, urls["normal"])) == (12, 1)


def test_empty_queues_hold_no_letters(queues):
    sqs, urls = queues

    assert asyncio.run(SqsDeadLetters(client=sqs, urls=urls).peek()) == []
