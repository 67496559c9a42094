"""The change log in the state table: `<account>#changes#<YYYY-MM>`, one item an entry, in order of time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from relay.adapters._calls import call, pages
from relay.adapters._keys import join, millis
from relay.ports.accounts import Change

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from mypy_boto3_dynamodb import DynamoDBClient

    from relay.ports.world import Ids

_FIRST_MONTH = datetime(2025, 1, 1, tzinfo=UTC)  # before the first release: nothing was recorded earlier
_TEXTS = ("who", "what", "before", "after")


class ChangeLog:
    """For `DynamoAccounts` alone."""

    def __init__(self, *, client: DynamoDBClient, table: str, ids: Ids) -> None:
        self._client = client
        self._table = table
        self._ids = ids

    async def append(self, change: Change) -> None:
        texts = {name: {"S": str(getattr(change, name))} for name in _TEXTS}
        item: dict[str, Any] = {
            "pk": {"S": _partition(change.account, _month(change.at_ms))},
            "sk": {"S": f"{millis(change.at_ms)}#{self._ids.new()}"},
            **texts,
        }
        await call(self._client.put_item, TableName=self._table, Item=item)

    async def newest(self, account: str, *, from_ms: int, to_ms: int, limit: int) -> AsyncIterator[Change]:
        """Of [from, to), newest first, at most `limit`."""
        month, first, left = _month(to_ms - 1), max(_month(from_ms), _FIRST_MONTH), limit
        while month >= first and left > 0 and from_ms < to_ms:
            found = pages(
                self._client.query,
                limit=left,
                TableName=self._table,
                KeyConditionExpression="pk = :pk AND sk BETWEEN :from AND :to",
                ExpressionAttributeValues={
                    ":pk": {"S": _partition(account, month)},
                    ":from": {"S": millis(from_ms)},
                    ":to": {"S": millis(to_ms)},  # entries of `to_ms` itself have a longer key
                },
                ScanIndexForward=False,
                ConsistentRead=True,
            )
            async for item in found:
                left -= 1
                texts = {name: item[name]["S"] for name in _TEXTS}
                yield Change(account=account, at_ms=int(item["sk"]["S"].partition("#")[0]), **texts)
            month = (month - timedelta(days=1)).replace(day=1)


def _month(at_ms: int) -> datetime:
    day = datetime.fromtimestamp(max(at_ms, 0) / 1000, UTC)
    return datetime(day.year, day.month, 1, tzinfo=UTC)


def _partition(account: str, month: datetime) -> str:
    return join(account, "changes", f"{month:%Y-%m}")
