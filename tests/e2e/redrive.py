"""What a person does in the AWS console: redrive a dead-letter queue, whatever lies in it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.e2e.house import until

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.e2e.house import House

_QUEUES = ("Fiscal", "Normal")


def bury(house: House, events: Sequence[tuple[str, str]]) -> None:
    """Put wakes for (account, inbox id) into both dead-letter queues, as if their attempts had been used up there."""
    sqs = house.stack.client("sqs")
    for queue in _QUEUES:
        url = house.stack.outputs[f"{queue}DlqUrl"]
        for account, inbox_id in events:
            sqs.send_message(QueueUrl=url, MessageBody=json.dumps({"account": account, "event": f"{inbox_id}#0"}))


def redrive(house: House) -> int:
    """`StartMessageMoveTask` for both dead-letter queues until nothing is left in them; how many messages were moved.

    A message that somebody looks at is hidden from a redrive, as in AWS: here the function that indexes dead letters.
    """
    moved = 0

    def empty() -> bool:
        nonlocal moved
        moved += sum(_move(house, queue) for queue in _QUEUES)
        return all(house.messages(f"{queue}DlqUrl") == 0 for queue in _QUEUES)

    until(empty, "no dead letter is left")
    return moved


def _move(house: House, queue: str) -> int:
    sqs = house.stack.client("sqs")
    arn, back = (house.queue_attribute(f"{queue}{kind}", "QueueArn") for kind in ("DlqUrl", "QueueUrl"))
    sqs.start_message_move_task(SourceArn=arn, DestinationArn=back)
    (task,) = sqs.list_message_move_tasks(SourceArn=arn, MaxResults=1)["Results"]
    moved: int = task["ApproximateNumberOfMessagesMoved"]
    return moved
