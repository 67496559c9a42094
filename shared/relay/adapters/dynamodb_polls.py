"""How far polling has come, in the state table: one item an account, and one a page that a running pass has seen.

<account>#polling             / polling            the courses of all resources, under `rev`
<account>#polling#<resource>  / <pass>#<page>      ids, for some days
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from relay.adapters import _json
from relay.adapters._calls import call, pages
from relay.adapters._errors import ConditionFailed
from relay.adapters._keys import join, millis, part
from relay.domain.polling import Polling, from_json, to_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mypy_boto3_dynamodb import DynamoDBClient

KEPT_DAYS = 45
"""How long the ids of a page are kept: longer than any pass takes, were the month's calls used up meanwhile."""


class DynamoPolls:
    """`relay.ports.polling.Polls`."""

    def __init__(self, *, client: DynamoDBClient, table: str) -> None:
        self._client = client
        self._table = table

    async def load(self, account: str) -> Polling | None:
        answer = await call(self._client.get_item, TableName=self._table, Key=_key(account), ConsistentRead=True)
        if "Item" not in answer:
            return None
        item = answer["Item"]
        return from_json(account, int(item["rev"]["N"]), _json.unpack(bytes(item["f"]["B"])))

    async def store(self, polling: Polling, *, expected_rev: int) -> bool:
        put: dict[str, Any] = {
            "TableName": self._table,
            "Item": _key(polling.account)
            | {
                "rev": {"N": str(expected_rev + 1)},
                "f": {"B": _json.pack(to_json(polling), field="polling")},
            },
            "ConditionExpression": "attribute_not_exists(pk)",
        }
        if expected_rev:
            put |= {
                "ConditionExpression": "rev = :rev",
                "ExpressionAttributeValues": {":rev": {"N": str(expected_rev)}},
            }
        try:
            await call(self._client.put_item, **put)
        except ConditionFailed:
            return False
        return True

    async def mark(self, account: str, resource: str, pass_id: str, *, page: int, ids: Sequence[str]) -> None:
        item: dict[str, Any] = {
            "pk": {"S": join(account, "polling", resource)},
            "sk": {"S": f"{part(pass_id)}#{millis(page)}"},
            "ids": {"B": _json.pack(list(ids), field="ids")},
            "expires_at": {"N": str(int(pass_id) // 1000 + KEPT_DAYS * 86_400)},
        }
        await call(self._client.put_item, TableName=self._table, Item=item)

    async def marked(self, account: str, resource: str, pass_id: str) -> frozenset[str]:
        found = pages(
            self._client.query,
            TableName=self._table,
            KeyConditionExpression="pk = :pk AND begins_with(sk, :pass)",
            ExpressionAttributeValues={
                ":pk": {"S": join(account, "polling", resource)},
                ":pass": {"S": f"{part(pass_id)}#"},
            },
            ConsistentRead=True,
        )
        return frozenset([each async for item in found for each in _json.unpack(bytes(item["ids"]["B"]))])


def _key(account: str) -> dict[str, Any]:
    return {"pk": {"S": join(account, "polling")}, "sk": {"S": "polling"}}
