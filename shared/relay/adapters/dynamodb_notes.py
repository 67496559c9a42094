"""Notes of background work in the state table: how far an import is, what a source usually sends. No personal data.

pk   <account>#notes        f            gzipped JSON              at    epoch ms; an older note never replaces a newer one
sk   <kind>#<name>          expires_at   nobody wrote it for long
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from relay.adapters import _json
from relay.adapters._calls import call
from relay.adapters._errors import ConditionFailed
from relay.adapters._keys import join

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mypy_boto3_dynamodb import DynamoDBClient

NOTES = "notes"
KEPT_MS = 400 * 86_400_000


class DynamoNotes:
    """`relay.ports.providers.Notes`."""

    def __init__(self, *, client: DynamoDBClient, table: str) -> None:
        self._client = client
        self._table = table

    async def get(self, account: str, kind: str, name: str) -> Mapping[str, Any] | None:
        key = _key(account, kind, name)
        answer = await call(self._client.get_item, TableName=self._table, Key=key, ConsistentRead=True)
        if "Item" not in answer:
            return None
        fields: Mapping[str, Any] = _json.unpack(bytes(answer["Item"]["f"]["B"]))
        return fields

    async def put(self, account: str, kind: str, name: str, fields: Mapping[str, Any], *, at_ms: int) -> bool:
        item: dict[str, Any] = {
            **_key(account, kind, name),
            "f": {"B": _json.pack(fields, field=f"note of {kind}")},
            "at": {"N": str(at_ms)},
            "expires_at": {"N": str((at_ms + KEPT_MS) // 1000)},
        }
        try:
            await call(
                self._client.put_item,
                TableName=self._table,
                Item=item,
                ConditionExpression="attribute_not_exists(pk) OR #at <= :at",
                ExpressionAttributeNames={"#at": "at"},
                ExpressionAttributeValues={":at": {"N": str(at_ms)}},
            )
        except ConditionFailed:
            return False
        return True


def _key(account: str, kind: str, name: str) -> dict[str, Any]:
    return {"pk": {"S": join(account, NOTES)}, "sk": {"S": join(kind, name)}}
