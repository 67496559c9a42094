"""The ledger in the state table: one row a business key, every write conditional on what stood there.

    insert           put, if the key is free                        1 write
    replace          put, if `rev` is the expected one              1 write
    wait_for_parent  put child + put pointer + check the parent     1 transaction

A write carries an id of its own (`wid`). When the reply was lost and the client's retry finds the condition failed,
the id tells "it was I" from "somebody else was first": without it a won claim would look lost.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from relay.adapters import _rows
from relay.adapters._calls import call, pages
from relay.adapters._errors import ConditionFailed
from relay.adapters._ledger_index import LedgerIndex
from relay.adapters.clock import SystemClock
from relay.adapters.dynamodb_inbox_writer import INLINE_BYTES
from relay.adapters.ids import RandomIds
from relay.errors import BadInput, NotFound

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence

    from mypy_boto3_dynamodb import DynamoDBClient

    from relay.adapters.s3_bodies import S3Bodies
    from relay.domain.documents import Priority
    from relay.domain.ledger import Key, Row, State
    from relay.ports.world import Clock, Ids

_POINTER_DAYS = 60
_FREE = "attribute_not_exists(pk)"
_REV = "rev = :rev"
_NOT_CONFIRMED = "attribute_not_exists(pk) OR NOT st = :confirmed"


class DynamoLedger:
    """`relay.ports.ledger.Ledger`."""

    def __init__(
        self,
        *,
        client: DynamoDBClient,
        table: str,
        bodies: S3Bodies | None = None,
        clock: Clock | None = None,
        ids: Ids | None = None,
    ) -> None:
        """`bodies` takes events above 24 KB; without it, a row that carries one raises `BadInput`."""
        self._client = client
        self._table = table
        self._bodies = bodies
        self._clock = clock or SystemClock()
        self._ids = ids or RandomIds()
        self._index = LedgerIndex(client=client, table=table, clock=self._clock)

    async def get(self, key: Key) -> Row | None:
        answer = await call(self._client.get_item, TableName=self._table, Key=_rows.row_key(key), ConsistentRead=True)
        return await self._row(answer["Item"]) if "Item" in answer else None

    async def insert(self, row: Row) -> Row | None:
        there = await self._put(row, _FREE, {})
        return await self._row(there) if there else None

    async def replace(self, row: Row, *, expected_rev: int) -> bool:
        written = replace(row, rev=expected_rev + 1)
        return await self._put(written, _REV, {":rev": {"N": str(expected_rev)}}) is None

    async def wait_for_parent(self, child: Row, *, parent: Key, expected_rev: int) -> bool:
        item = await self._item(replace(child, rev=expected_rev + 1))
        put: dict[str, Any] = {"TableName": self._table, "Item": item, "ConditionExpression": _FREE}
        if expected_rev:
            put |= {"ConditionExpression": _REV, "ExpressionAttributeValues": {":rev": {"N": str(expected_rev)}}}
        expires_at = int(self._clock.now().timestamp()) + _POINTER_DAYS * 86_400
        pointer = _rows.pointer(child.key, parent, expires_at=expires_at)
        check: dict[str, Any] = {
            "TableName": self._table,
            "Key": _rows.row_key(parent),
            "ConditionExpression": _NOT_CONFIRMED,
            "ExpressionAttributeValues": {":confirmed": {"S": "confirmed"}},
        }
        try:
            await call(
                self._client.transact_write_items,
                TransactItems=[
                    {"Put": put},  # type: ignore[typeddict-item]  # built by parts above
                    {"Put": {"TableName": self._table, "Item": pointer}},
                    {"ConditionCheck": check},  # type: ignore[typeddict-item]  # as above
                ],
            )
        except ConditionFailed:
            return False
        return True

    async def children(self, parent: Key) -> Sequence[Key]:
        found = pages(
            self._client.query,
            TableName=self._table,
            ConsistentRead=True,
            KeyConditionExpression="pk = :pk AND begins_with(sk, :child)",
            ExpressionAttributeValues={":pk": {"S": _rows.partition(parent)}, ":child": {"S": _rows.CHILD}},
        )
        return [_rows.key_of(item, item["sk"]["S"].removeprefix(_rows.CHILD)) async for item in found]

    async def due(self, account: str, *, priority: str, now_ms: int, limit: int) -> Sequence[Row]:
        rows: list[Row] = []
        async for item in self._index.due(account, priority=priority, now_ms=now_ms, limit=limit):
            row = await self._row(item)
            due = row.state in _rows.DUE_STATES and row.indexed and 0 < row.due_ms <= now_ms
            if due and row.priority == priority:
                rows.append(row)
            if len(rows) == limit:
                break
        return rows

    async def next_due(self, account: str) -> Mapping[Priority, int]:
        return await self._index.next_due(account)

    async def by_holded_id(self, account: str, holded_id: str) -> Row | None:
        items = await self._index.by_holded_id(account, holded_id)
        rows = [await self._row(item) for item in items]
        named = (row for row in rows if row.holded_id == holded_id)
        return max(named, key=lambda row: (row.key.purpose != "payment", row.updated_ms), default=None)

    async def in_state(self, account: str, state: State, *, from_ms: int = 0, limit: int = 1000) -> AsyncIterator[Row]:
        """Oldest first. A `sent` row straight from a message stands in no index: its inbox item is still open."""
        given = 0
        async for item in self._index.in_state(account, state, from_ms=from_ms, limit=limit):
            row = await self._row(item)
            if row.state == state and row.updated_ms >= from_ms and given < limit:
                given += 1
                yield row

    async def confirmed_between(self, account: str, *, from_ms: int, to_ms: int) -> AsyncIterator[Row]:
        """By the time of the row's last change (`updated_ms`), oldest first; `to_ms` is outside."""
        async for item in self._index.confirmed(account, from_ms=from_ms, to_ms=to_ms):
            row = await self._row(item)
            if row.state == "confirmed" and from_ms <= row.updated_ms < to_ms:
                yield row

    async def count(self, account: str) -> Mapping[str, int]:
        """`sent` are those in the work index."""
        return await self._index.count(account)

    async def _put(self, row: Row, condition: str, values: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """None: written. Else what stands there, `{}` where nothing does."""
        item = await self._item(row)
        optional: Any = {"ExpressionAttributeValues": values} if values else {}
        try:
            await call(
                self._client.put_item,
                TableName=self._table,
                Item=item,
                ConditionExpression=condition,
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
                **optional,
            )
        except ConditionFailed as failed:
            if failed.retried and failed.item.get("wid") == item["wid"]:
                return None
            return failed.item
        return None

    async def _item(self, row: Row) -> dict[str, Any]:
        if len(row.event) <= INLINE_BYTES:
            return _rows.item_of(row, write_id=self._ids.new())
        if self._bodies is None:
            detail = f"{len(row.event)} bytes, expected at most {INLINE_BYTES} where no bucket is configured"
            raise BadInput("event_too_large", field="event", detail=detail)
        digest = hashlib.sha256(row.event).hexdigest()
        where = await self._bodies.put(row.key.account, "ledger", digest, body=row.event)
        return _rows.item_of(row, write_id=self._ids.new(), event_object=where)

    async def _row(self, item: Mapping[str, Any]) -> Row:
        if _rows.EVENT_OBJECT not in item:
            return _rows.row_of(item)
        if self._bodies is None:
            raise BadInput("event_too_large", field="event", detail="kept in a bucket, and none is configured")
        try:
            event = await self._bodies.get(item[_rows.EVENT_OBJECT]["S"])
        except NotFound:
            event = b""  # one lost copy must not hide the rows beside it: a drain sends this row to a human
        return _rows.row_of(item, event=event)
