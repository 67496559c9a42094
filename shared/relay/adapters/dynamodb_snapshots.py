"""What was last seen of Holded's objects, in the state table: `<account>#snapshot#<type>#<id>`, newest sighting wins."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from relay.adapters import _json
from relay.adapters._calls import call
from relay.adapters._errors import ConditionFailed
from relay.adapters._keys import join

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mypy_boto3_dynamodb import DynamoDBClient

KEPT_DAYS = 400


class DynamoSnapshots:
    """`relay.ports.Snapshots`. Fields may hold personal data, so an object nobody sees again is forgotten in time."""

    def __init__(self, *, client: DynamoDBClient, table: str, kept_days: int = KEPT_DAYS) -> None:
        """`kept_days` counts from the last sighting."""
        self._client = client
        self._table = table
        self._kept_ms = kept_days * 86_400_000

    async def get(self, account: str, object_type: str, holded_id: str) -> Mapping[str, Any] | None:
        key = _key(account, object_type, holded_id)
        answer = await call(self._client.get_item, TableName=self._table, Key=key, ConsistentRead=True)
        if "Item" not in answer:
            return None
        fields: Mapping[str, Any] = _json.unpack(bytes(answer["Item"]["f"]["B"]))
        return fields

    async def put(
        self, account: str, object_type: str, holded_id: str, fields: Mapping[str, Any], *, seen_ms: int
    ) -> bool:
        item: dict[str, Any] = {
            **_key(account, object_type, holded_id),
            "f": {"B": _json.pack(fields, field=f"snapshot of {object_type}")},
            "seen": {"N": str(seen_ms)},
            "expires_at": {"N": str((seen_ms + self._kept_ms) // 1000)},
        }
        try:
            await call(
                self._client.put_item,
                TableName=self._table,
                Item=item,
                ConditionExpression="attribute_not_exists(pk) OR seen <= :seen",
                ExpressionAttributeValues={":seen": {"N": str(seen_ms)}},
            )
        except ConditionFailed:
            return False
        return True


def _key(account: str, object_type: str, holded_id: str) -> dict[str, Any]:
    return {"pk": {"S": join(account, "snapshot", object_type, holded_id)}, "sk": {"S": "snapshot"}}
