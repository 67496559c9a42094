"""The dead-letter queues: looked through without taking anything out, and emptied of named messages for a person."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

from relay.adapters._calls import call, chunks
from relay.errors import Unavailable
from relay.ports.queues import DeadLetter

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from mypy_boto3_sqs import SQSClient

HIDDEN_SECONDS = 30
"""Long enough that one look sees each message once, short enough that a redrive finds them."""
WAIT_SECONDS = 2
"""A short poll asks some of a queue's servers, and may find a queue with one message empty: a long one asks them all.
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-short-and-long-polling.html
"""
_MOST = 1_000
_BATCH = 10
_PAUSE_S = 2.0


class SqsDeadLetters:
    """`relay.ports.queues.DeadLetters`."""

    def __init__(
        self,
        *,
        client: SQSClient,
        urls: Mapping[str, str],
        hidden_s: int = HIDDEN_SECONDS,
        wait_s: int = WAIT_SECONDS,
    ) -> None:
        """`urls` by queue name (`fiscal`, `normal`); `hidden_s`: for how long a look hides what it saw; `wait_s`: for how long it
        waits for more before a queue counts as empty.
        """
        self._client = client
        self._hidden_s = hidden_s
        self._wait_s = wait_s
        self._urls = urls

    async def peek(self) -> list[DeadLetter]:
        found = await asyncio.gather(*(self._seen(name, url) for name, url in self._urls.items()))
        return [letter for seen in found for letter, _ in seen]

    async def take_out(self, wanted: Callable[[DeadLetter], bool], *, patience_s: float = 0) -> list[DeadLetter]:
        """See the port. Messages that are not wanted are visible again at once."""
        found = await asyncio.gather(*(self._taken(name, url, wanted, patience_s) for name, url in self._urls.items()))
        return [letter for taken in found for letter in taken]

    async def _taken(
        self, name: str, url: str, wanted: Callable[[DeadLetter], bool], patience_s: float
    ) -> list[DeadLetter]:
        taken: list[DeadLetter] = []
        until = time.monotonic() + patience_s
        while True:
            seen = await self._seen(name, url)
            mine = [(letter, receipt) for letter, receipt in seen if wanted(letter)]
            await self._delete(url, [receipt for _, receipt in mine])
            taken += [letter for letter, _ in mine]
            await self._show(url, [receipt for letter, receipt in seen if not wanted(letter)])
            if time.monotonic() >= until or not await self._hides_any(url):
                return taken
            await asyncio.sleep(min(_PAUSE_S, max(0.0, until - time.monotonic())))

    async def _seen(self, name: str, url: str) -> list[tuple[DeadLetter, str]]:
        """Each message once, with the receipt of this look."""
        seen: dict[str, tuple[DeadLetter, str]] = {}
        while len(seen) < _MOST:
            answer = await call(
                self._client.receive_message,
                QueueUrl=url,
                MaxNumberOfMessages=_BATCH,
                VisibilityTimeout=self._hidden_s,
                WaitTimeSeconds=self._wait_s,
                AttributeNames=["ApproximateReceiveCount", "ApproximateFirstReceiveTimestamp", "SentTimestamp"],
            )
            messages = answer.get("Messages", [])
            fresh = [message for message in messages if message["MessageId"] not in seen]
            if not fresh:
                break
            seen.update((each["MessageId"], (_letter(name, each), each["ReceiptHandle"])) for each in fresh)
        return list(seen.values())

    async def _delete(self, url: str, receipts: Sequence[str]) -> None:
        for batch in chunks(receipts, _BATCH):
            entries: Any = [{"Id": str(at), "ReceiptHandle": receipt} for at, receipt in enumerate(batch)]
            answer = await call(self._client.delete_message_batch, QueueUrl=url, Entries=entries)
            if answer.get("Failed"):
                detail = f"{len(answer['Failed'])} of {len(batch)} messages were not deleted; say it again"
                raise Unavailable("queue_refused", detail=detail)

    async def _show(self, url: str, receipts: Sequence[str]) -> None:
        """A refusal does no harm: the message is visible again when its time-out ends."""
        for batch in chunks(receipts, _BATCH):
            entries: Any = [
                {"Id": str(at), "ReceiptHandle": receipt, "VisibilityTimeout": 0} for at, receipt in enumerate(batch)
            ]
            await call(self._client.change_message_visibility_batch, QueueUrl=url, Entries=entries)

    async def _hides_any(self, url: str) -> bool:
        answer = await call(
            self._client.get_queue_attributes, QueueUrl=url, AttributeNames=["ApproximateNumberOfMessagesNotVisible"]
        )
        return int(answer["Attributes"].get("ApproximateNumberOfMessagesNotVisible", "0")) > 0


def _letter(queue: str, message: Mapping[str, Any]) -> DeadLetter:
    attributes = message.get("Attributes", {})
    return DeadLetter(
        message_id=message["MessageId"],
        body=message.get("Body", ""),
        queue=queue,
        receives=int(attributes.get("ApproximateReceiveCount", "0")),
        first_seen_ms=int(attributes.get("ApproximateFirstReceiveTimestamp", attributes.get("SentTimestamp", "0"))),
    )
