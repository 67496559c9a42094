"""Wakes over SQS: small messages that say where work is due; the waiting itself is done by ledger rows."""

from __future__ import annotations

import hashlib
import json
import math
import re
from typing import TYPE_CHECKING

from relay.adapters._calls import call, chunks
from relay.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mypy_boto3_sqs import SQSClient

    from relay.adapters.clock import SystemClock

BATCH_ENTRIES = 10
_GROUP = re.compile("[!-~]{1,128}")
LONGEST_DELAY_SECONDS = 900
"""https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html"""


class SqsWakes:
    """`relay.ports.queues.Wakes`. `fiscal` has a queue of its own; `normal` and `background` share the other."""

    def __init__(self, *, client: SQSClient, fiscal_url: str, normal_url: str, clock: SystemClock) -> None:
        """`clock` turns delays of the relay's time into the machine's."""
        self._client = client
        self._fiscal_url = fiscal_url
        self._normal_url = normal_url
        self._clock = clock

    async def send(
        self, messages: Sequence[Mapping[str, str]], *, priority: str, delay_seconds: int = 0
    ) -> Sequence[int]:
        """See the port. A delay over 15 minutes is cut: whoever wakes early finds nothing due and sleeps again."""
        url = self._fiscal_url if priority == "fiscal" else self._normal_url
        real_seconds = math.ceil(self._clock.real_seconds(max(0, delay_seconds)))
        delay = min(real_seconds, LONGEST_DELAY_SECONDS)
        refused: list[int] = []
        for batch in chunks(range(len(messages)), BATCH_ENTRIES):
            try:
                answer = await call(
                    self._client.send_message_batch,
                    QueueUrl=url,
                    Entries=[
                        {
                            "Id": str(at),
                            "MessageBody": json.dumps(dict(messages[at]), separators=(",", ":")),
                            "DelaySeconds": delay,
                            "MessageGroupId": _group(messages[at]["account"]),
                        }
                        for at in batch
                    ],
                )
            except Unavailable:
                refused += batch
                continue
            refused += [int(failed["Id"]) for failed in answer.get("Failed", ())]
        return sorted(refused)


def _group(account: str) -> str:
    """On a standard queue the group names a tenant: SQS lets the others' messages pass those of one that floods it.

    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-fair-queues.html
    """
    return account if _GROUP.fullmatch(account) else hashlib.sha256(account.encode(errors="replace")).hexdigest()
