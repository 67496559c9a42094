"""Erasing an account: secrets and every copy of personal data go; ids, digests and amounts stay.

Gone: credentials (Holded's and the providers'), webhook secrets, salt and name, snapshots and how far polling is, notes, what
a source usually sends, deliveries, large bodies, and the event copies of unfinished ledger rows. An account that is added
again begins anew: what polling compares with and what a watchdog knows go together, or all that is old would be news.
Kept: ledger rows, settings and the log of changes. Both tables are scanned, which is for people, not functions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from relay.adapters._calls import call, pages
from relay.adapters._errors import ConditionFailed
from relay.adapters._keys import join, part
from relay.adapters.dynamodb_notes import NOTES
from relay.adapters.dynamodb_providers import PROVIDER
from relay.errors import BadInput

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from relay.adapters.s3_bodies import S3Bodies

_DELETED = {":holded": {"S": "holded"}, ":webhooks": {"S": "webhooks"}}
_OF_ACCOUNT = "begins_with(pk, :account)"
_PROVIDERS = {":provider": {"S": PROVIDER}}
_WHOLE = (NOTES, "arrivals", "polling")
"""Partitions of an account that go whole, as do those below them: of polling, one a resource."""
_BELOW = ("snapshot", "polling")
_GONE = [
    *(f"sk = {name}" for name in _DELETED),
    "begins_with(sk, :provider)",
    *(f"pk = :whole_{name}" for name in _WHOLE),
    *(f"begins_with(pk, :below_{name})" for name in _BELOW),
]
_PERSONAL = f"({' OR '.join(_GONE)} OR attribute_exists(ev) OR attribute_exists(evo))"


class Erasure:
    """Callable with an account; `DynamoAccounts.erase` is its only caller."""

    def __init__(self, *, client: DynamoDBClient, state_table: str, inbox_table: str, bodies: S3Bodies | None) -> None:
        self._client = client
        self._state_table = state_table
        self._inbox_table = inbox_table
        self._bodies = bodies

    async def __call__(self, account: str) -> int:
        """Items touched. Raises `BadInput` where it is not told of all the places: half an erasure is none."""
        if not self._inbox_table or self._bodies is None:
            raise BadInput("stores_missing", field="inbox_table", detail="expected the inbox table and the bucket")
        touched = await self._unname(account)
        touched += await self._state(account)
        touched += await self._inbox(account)
        return touched + await self._bodies.delete_account(account)

    async def _unname(self, account: str) -> int:
        try:
            await call(
                self._client.update_item,
                TableName=self._state_table,
                Key={"pk": {"S": join(account, "account")}, "sk": {"S": "settings"}},
                UpdateExpression="SET salt = :gone, #n = :gone ADD rev :one",
                ConditionExpression="attribute_exists(pk) AND (salt <> :gone OR #n <> :gone)",
                ExpressionAttributeNames={"#n": "name"},
                ExpressionAttributeValues={":gone": {"S": ""}, ":one": {"N": "1"}},
            )
        except ConditionFailed:
            return 0
        return 1

    async def _state(self, account: str) -> int:
        touched = 0
        deleted = {value["S"] for value in _DELETED.values()}
        whole = {f":whole_{name}": join(account, name) for name in _WHOLE}
        below = {f":below_{name}": f"{join(account, name)}#" for name in _BELOW}
        of_account = {":account": f"{part(account)}#"} | whole | below
        found = pages(
            self._client.scan,
            TableName=self._state_table,
            FilterExpression=f"{_OF_ACCOUNT} AND {_PERSONAL}",
            ProjectionExpression="pk, sk",
            ExpressionAttributeValues=_DELETED | _PROVIDERS | {name: {"S": text} for name, text in of_account.items()},
        )
        async for item in found:
            pk, sk = item["pk"]["S"], item["sk"]["S"]
            goes = pk in whole.values() or pk.startswith(tuple(below.values()))
            if goes or sk in deleted or sk.startswith(PROVIDER):
                await call(self._client.delete_item, TableName=self._state_table, Key=item)
            else:
                await self._forget_event(item)
            touched += 1
        return touched

    async def _forget_event(self, key: Any) -> None:
        """With a new `rev`, so that nobody who read the row before writes the copy back."""
        await call(
            self._client.update_item,
            TableName=self._state_table,
            Key=key,
            UpdateExpression="REMOVE ev, evo ADD rev :one",
            ExpressionAttributeValues={":one": {"N": "1"}},
        )

    async def _inbox(self, account: str) -> int:
        touched = 0
        found = pages(
            self._client.scan,
            TableName=self._inbox_table,
            FilterExpression=_OF_ACCOUNT,
            ProjectionExpression="pk",
            ExpressionAttributeValues={":account": {"S": f"{part(account)}#"}},
        )
        async for item in found:
            await call(self._client.delete_item, TableName=self._inbox_table, Key=item)
            touched += 1
        return touched
