"""Looks through the dead-letter queues without taking anything out of them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from relay.adapters._calls import call
from relay.ports import DeadLetter

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mypy_boto3_sqs import SQSClient

_HIDDEN_SECONDS = 30
"""Long enough that one look sees each message once, short enough that a redrive finds them."""
_MOST = 1_000


class SqsDeadLetters:
    def __init__(self, *, client: SQSClient, urls: Mapping[str, str]) -> None:
        """`urls` by queue name (`fiscal`, `normal`)."""
        self._client = client
        self._urls = urls

    async def peek(self) -> list[DeadLetter]:
        found = await asyncio.gather(*(self._queue(name, url) for name, url in self._urls.items()))
        return [letter for letters in found for letter in letters]

    async def _queue(self, name: str, url: str) -> list[DeadLetter]:
        seen: dict[str, DeadLetter] = {}
        while len(seen) < _MOST:
            answer = await call(
                self._client.receive_message,
                QueueUrl=url,
                MaxNumberOfMessages=10,
                VisibilityTimeout=_HIDDEN_SECONDS,
                AttributeNames=["ApproximateReceiveCount", "ApproximateFirstReceiveTimestamp", "SentTimestamp"],
            )
            messages = answer.get("Messages", [])
            fresh = [letter for letter in map(_letter(name), messages) if letter.message_id not in seen]
            if not fresh:
                break
            seen.update((letter.message_id, letter) for letter in fresh)
        return list(seen.values())


def _letter(queue: str) -> Any:
    def read(message: Mapping[str, Any]) -> DeadLetter:
        attributes = message.get("Attributes", {})
        return DeadLetter(
            message_id=message["MessageId"],
            body=message.get("Body", ""),
            queue=queue,
            receives=int(attributes.get("ApproximateReceiveCount", "0")),
            first_seen_ms=int(attributes.get("ApproximateFirstReceiveTimestamp", attributes.get("SentTimestamp", "0"))),
        )

    return read
