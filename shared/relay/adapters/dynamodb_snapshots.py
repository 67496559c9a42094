"""What was last seen of Holded's objects, in the state table: `<account>#snapshot#<type>` / `<id>`.

record           put, on the number read and no later sighting          1 write
... with events  put + put of the delivery into the inbox table         1 transaction
"""

from __future__ import annotations

import gzip
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from relay.adapters import _json
from relay.adapters._calls import batch_get, call, pages
from relay.adapters._errors import ConditionFailed
from relay.adapters._keys import join, part, unpart
from relay.domain.snapshots import Snapshot
from relay.domain.sources.identity import body_digest

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence

    from mypy_boto3_dynamodb import DynamoDBClient

    from relay.adapters.dynamodb_inbox_writer import DynamoInboxWriter
    from relay.domain.sources.base import Delivery

KEPT_DAYS = 400
_THERE = "n = :expected AND seen <= :seen"
_FREE = "attribute_not_exists(pk)"


class DynamoSnapshots:
    """`relay.ports.polling.Snapshots`. Data may be personal, so an object nobody sees again is forgotten in time."""

    def __init__(
        self, *, client: DynamoDBClient, table: str, inbox: DynamoInboxWriter, kept_days: int = KEPT_DAYS
    ) -> None:
        """`inbox` puts what a snapshot tells. `kept_days` counts from the last write."""
        self._client = client
        self._table = table
        self._inbox = inbox
        self._kept_ms = kept_days * 86_400_000

    async def get(self, account: str, object_type: str, holded_id: str) -> Snapshot | None:
        key = _key(account, object_type, holded_id)
        answer = await call(self._client.get_item, TableName=self._table, Key=key, ConsistentRead=True)
        return _snapshot(answer["Item"]) if "Item" in answer else None

    async def many(self, account: str, object_type: str, ids: Sequence[str]) -> Mapping[str, Snapshot]:
        keys = {part(each): _key(account, object_type, each) for each in ids}
        found = await batch_get(self._client, self._table, list(keys.values()))
        stored = {sk: _snapshot(item) for (_, sk), item in found.items()}
        return {each: stored[part(each)] for each in ids if part(each) in stored}

    async def record(
        self,
        account: str,
        object_type: str,
        holded_id: str,
        snapshot: Snapshot,
        *,
        expected: int | None,
        delivery: Delivery | None = None,
    ) -> bool:
        put: dict[str, Any] = {
            "TableName": self._table,
            "Item": _key(account, object_type, holded_id) | _item(snapshot, kept_ms=self._kept_ms),
            "ConditionExpression": _FREE if expected is None else _THERE,
        }
        if expected is not None:
            put["ExpressionAttributeValues"] = {
                ":expected": {"N": str(expected)},
                ":seen": {"N": str(snapshot.seen_ms)},
            }
        try:
            if delivery is None:
                await call(self._client.put_item, **put)
            else:
                await self._both(put, delivery)
        except ConditionFailed:
            there = await self.get(account, object_type, holded_id)
            if delivery is None or not _is_expected(there, expected, snapshot.seen_ms):
                return False
            # The snapshot is as it was read, so it is the delivery's id that is taken: by another history of this object.
            return await self._beside(put, delivery)
        return True

    async def _both(self, put: Mapping[str, Any], delivery: Delivery) -> None:
        digest, body = body_digest(delivery.body), gzip.compress(delivery.body, compresslevel=6, mtime=0)
        staged = await call(self._inbox.staged, delivery, body, digest)
        items: Any = [{"Put": put}, {"Put": staged}]
        await call(self._client.transact_write_items, TransactItems=items)

    async def _beside(self, put: Mapping[str, Any], delivery: Delivery) -> bool:
        """As `InboxWriter.put`: another body under one identity is stored under the id with the digest's head as suffix."""
        other = replace(delivery, inbox_id=f"{delivery.inbox_id}-{body_digest(delivery.body)[:12]}")
        try:
            await self._both(put, other)
        except ConditionFailed:
            return False  # whoever looks again finds the snapshot moved, or tries once more
        return True

    async def known(self, account: str, object_type: str) -> AsyncIterator[tuple[str, Snapshot]]:
        found = pages(
            self._client.query,
            TableName=self._table,
            KeyConditionExpression="pk = :pk",
            FilterExpression="attribute_not_exists(gone)",
            ProjectionExpression="sk, n, seen, missed, doubt, unl, unl_ms, fp",
            ExpressionAttributeValues={":pk": {"S": join(account, "snapshot", object_type)}},
            ConsistentRead=True,
        )
        async for item in found:
            yield unpart(item["sk"]["S"]), _snapshot(item)


def _key(account: str, object_type: str, holded_id: str) -> dict[str, Any]:
    return {"pk": {"S": join(account, "snapshot", object_type)}, "sk": {"S": part(holded_id)}}


def _item(snapshot: Snapshot, *, kept_ms: int) -> dict[str, Any]:
    numbers = {"n": snapshot.number, "seen": snapshot.seen_ms}
    times = {"upd": snapshot.updated_ms, "missed": snapshot.missed_ms, "doubt": snapshot.doubt_ms}
    times |= {"unl": snapshot.unlisted, "unl_ms": snapshot.unlisted_ms}
    numbers |= {name: number for name, number in times.items() if number}
    item: dict[str, Any] = {name: {"N": str(number)} for name, number in numbers.items()}
    item["fp"] = {"S": snapshot.fingerprint}
    item["expires_at"] = {"N": str((snapshot.seen_ms + kept_ms) // 1000)}
    if snapshot.gone:
        item["gone"] = {"BOOL": True}
    if snapshot.approved is not None:
        item["ap"] = {"BOOL": snapshot.approved}
    if snapshot.payment is not None:
        item["pay"] = {"S": snapshot.payment}
    if snapshot.data:
        item["f"] = {"B": _json.pack(snapshot.data, field="snapshot")}
    return item


def _snapshot(item: Mapping[str, Any]) -> Snapshot:
    def number(name: str) -> int:
        return int(item[name]["N"]) if name in item else 0

    return Snapshot(
        number=number("n"),
        seen_ms=number("seen"),
        fingerprint=item["fp"]["S"],
        approved=item["ap"]["BOOL"] if "ap" in item else None,
        payment=item["pay"]["S"] if "pay" in item else None,
        gone="gone" in item,
        updated_ms=number("upd"),
        missed_ms=number("missed"),
        doubt_ms=number("doubt"),
        unlisted=number("unl"),
        unlisted_ms=number("unl_ms"),
        data=_json.unpack(bytes(item["f"]["B"])) if "f" in item else {},
    )


def _is_expected(there: Snapshot | None, expected: int | None, seen_ms: int) -> bool:
    if there is None:
        return expected is None
    return there.number == expected and there.seen_ms <= seen_ms
