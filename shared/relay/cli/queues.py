"""How many messages wait in the stack's queues. SQS counts about: near enough to see that something is stuck."""

from collections.abc import Mapping
from typing import Any

from relay.errors import NotAllowed, Unavailable


class SqsQueues:
    def __init__(self, *, client: Any, urls: Mapping[str, str]) -> None:
        """`urls` by the name to show."""
        self._client = client
        self._urls = urls

    def depths(self) -> Mapping[str, int]:
        from botocore.exceptions import BotoCoreError, ClientError

        counted = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible")
        found: dict[str, int] = {}
        for name, url in self._urls.items():
            try:
                answer = self._client.get_queue_attributes(QueueUrl=url, AttributeNames=list(counted))
            except ClientError as error:
                raise NotAllowed("aws_refused", detail=f"queue {name}: {error.response['Error']['Code']}") from error
            except BotoCoreError as error:
                raise Unavailable("aws_unreachable", detail=type(error).__name__) from error
            found[name] = sum(int(answer["Attributes"].get(one, 0)) for one in counted)
        return found
