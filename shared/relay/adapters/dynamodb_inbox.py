"""The inbox behind acceptance: read a delivery, record the ends of its events, list what is still open."""

from __future__ import annotations

import asyncio
import heapq
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from relay.adapters._calls import call, chunks, pages
from relay.adapters._errors import ConditionFailed
from relay.adapters._keys import SHARDS, is_hashed, join, millis, part, unpart
from relay.adapters.clock import SystemClock
from relay.adapters.dynamodb_inbox_writer import DynamoInboxWriter, open_key, open_partition
from relay.domain.packed import gunzipped
from relay.domain.sources.base import Delivery
from relay.errors import BadInput
from relay.ports.inbox import InboxEnds, InboxItem

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence

    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client

    from relay.ports.world import Clock

KEPT_DAYS = 35
_ENDS_A_CALL = 100  # an update expression holds at most 4 KB


class DynamoInbox:
    """`relay.ports.inbox.Inbox`."""

    def __init__(
        self,
        *,
        client: DynamoDBClient,
        s3: S3Client,
        table: str,
        bucket: str,
        clock: Clock | None = None,
    ) -> None:
        self._client = client
        self._s3 = s3
        self._table = table
        self._bucket = bucket
        self._clock = clock or SystemClock()
        self._writer = DynamoInboxWriter(client=client, s3=s3, table=table, bucket=bucket)

    async def get(self, account: str, inbox_id: str) -> InboxItem | None:
        answer = await call(
            self._client.get_item,
            TableName=self._table,
            Key={"pk": {"S": join(account, inbox_id)}},
            ConsistentRead=True,
        )
        return await self._read(answer["Item"]) if "Item" in answer else None

    async def put(self, delivery: Delivery, *, digest: str) -> str:
        return await asyncio.to_thread(self._writer.put, delivery, digest=digest)

    async def close(self, account: str, inbox_id: str, *, ends: Mapping[str, str], of: int) -> None:
        """See the port. One call when `ends` names all events; else one, and a second by whoever brings the last end.

        A delivery that is not there any more is no error: its end was recorded long ago.
        """
        if not ends:
            return
        key = {"pk": {"S": join(account, inbox_id)}}
        if len(ends) >= of:
            await self._update(key, "SET e = :e, expires_at = :x REMOVE open_pk, open_sk", self._closing(ends))
            return
        recorded = 0
        for some in chunks(list(ends.items()), _ENDS_A_CALL):
            setting = ", ".join(f"e.#n{at} = :n{at}" for at in range(len(some)))
            item = await self._update(
                key,
                f"SET {setting}",
                {f":n{at}": {"S": end} for at, (_, end) in enumerate(some)},
                names={f"#n{at}": number for at, (number, _) in enumerate(some)},
            )
            recorded = len(item.get("e", {}).get("M", {}))
        if recorded >= of:
            expiry = {":x": self._closing({})[":x"]}
            await self._update(key, "SET expires_at = :x REMOVE open_pk, open_sk", expiry)

    async def reopen(self, account: str, inbox_id: str, *, numbers: Sequence[str], now_ms: int) -> bool:
        pk = join(account, inbox_id)
        gone = "".join(f", e.#n{at}" for at in range(len(numbers)))
        stored = await self._update(
            {"pk": {"S": pk}},
            f"SET open_pk = :open, open_sk = :since REMOVE expires_at{gone}",
            {":open": {"S": open_partition(pk)}, ":since": {"S": open_key(pk, now_ms)}},
            names={f"#n{at}": number for at, number in enumerate(numbers)},
        )
        return bool(stored)

    async def open_since(self, *, before_ms: int, limit: int) -> AsyncIterator[tuple[str, str, int]]:
        shards = await asyncio.gather(*(self._open_in(at, before_ms, limit) for at in range(SHARDS)))
        for received_ms, pk in heapq.nsmallest(limit, (found for shard in shards for found in shard)):
            account, encoded = pk.split("#")
            yield unpart(account), await self._inbox_id(pk, encoded), int(received_ms)

    async def received(self, account: str, *, from_ms: int, to_ms: int, limit: int) -> AsyncIterator[InboxItem]:
        """See the port. Scans the table (no index is worth a write unit a delivery): for people, not for functions."""
        found = pages(
            self._client.scan,
            TableName=self._table,
            FilterExpression="begins_with(pk, :account) AND #r >= :from AND #r < :to",
            ProjectionExpression="pk, #r",
            ExpressionAttributeNames={"#r": "r"},
            ExpressionAttributeValues={
                ":account": {"S": f"{part(account)}#"},
                ":from": {"N": str(from_ms)},
                ":to": {"N": str(to_ms)},
            },
        )
        keys = [(int(item["r"]["N"]), item["pk"]["S"]) async for item in found]
        for _, pk in sorted(heapq.nlargest(limit, keys)):
            answer = await call(self._client.get_item, TableName=self._table, Key={"pk": {"S": pk}})
            if "Item" in answer:
                yield await self._read(answer["Item"])

    async def ends_between(self, *, from_ms: int, to_ms: int, account: str = "") -> AsyncIterator[InboxEnds]:
        """See the port. One scan of the table, without the bodies; a body in S3 is not read."""
        values = {":from": {"N": str(from_ms)}, ":to": {"N": str(to_ms)}}
        condition = "#r >= :from AND #r < :to"
        if account:
            condition += " AND begins_with(pk, :account)"
            values[":account"] = {"S": f"{part(account)}#"}
        found = pages(
            self._client.scan,
            TableName=self._table,
            FilterExpression=condition,
            ProjectionExpression="pk, id, s, t, #r, e, open_sk",
            ExpressionAttributeNames={"#r": "r"},
            ExpressionAttributeValues=values,
        )
        async for item in found:
            owner, encoded = item["pk"]["S"].split("#")
            yield InboxEnds(
                account=unpart(owner),
                inbox_id=item["id"]["S"] if "id" in item else unpart(encoded),
                source=item["s"]["S"],
                topic=item["t"]["S"],
                received_ms=int(item["r"]["N"]),
                open_ms=int(item["open_sk"]["S"][:13]) if "open_sk" in item else 0,
                ends=_ends(item),
            )

    async def _read(self, item: Mapping[str, Any]) -> InboxItem:
        if "b" in item:
            body = bytes(item["b"]["B"])
        else:
            stored = await call(self._s3.get_object, Bucket=self._bucket, Key=item["o"]["S"])
            body = await call(stored["Body"].read)
        account, encoded = item["pk"]["S"].split("#")
        delivery = Delivery(
            inbox_id=item["id"]["S"] if "id" in item else unpart(encoded),
            account=unpart(account),
            source=item["s"]["S"],
            topic=item["t"]["S"],
            headers={name: value["S"] for name, value in item.get("h", {}).get("M", {}).items()},
            body=_body(body),
            received_at=datetime.fromtimestamp(int(item["r"]["N"]) / 1000, UTC),
        )
        return InboxItem(delivery=delivery, digest=item["d"]["S"], open="open_pk" in item, ends=_ends(item))

    async def _update(
        self, key: Any, expression: str, values: dict[str, Any], *, names: dict[str, str] | None = None
    ) -> Mapping[str, Any]:
        optional: Any = {"ExpressionAttributeNames": names} if names else {}
        try:
            answer = await call(
                self._client.update_item,
                TableName=self._table,
                Key=key,
                UpdateExpression=expression,
                ConditionExpression="attribute_exists(pk)",
                ExpressionAttributeValues=values,
                ReturnValues="ALL_NEW" if names else "NONE",
                **optional,
            )
        except ConditionFailed:
            return {}
        return answer.get("Attributes", {})

    def _closing(self, ends: Mapping[str, str]) -> dict[str, Any]:
        expires_at = int(self._clock.now().timestamp()) + KEPT_DAYS * 86_400
        return {":e": {"M": {number: {"S": end} for number, end in ends.items()}}, ":x": {"N": str(expires_at)}}

    async def _open_in(self, at: int, before_ms: int, limit: int) -> list[tuple[str, str]]:
        found = pages(
            self._client.query,
            limit=limit,
            TableName=self._table,
            IndexName="open",
            KeyConditionExpression="open_pk = :shard AND open_sk < :before",
            ExpressionAttributeValues={":shard": {"S": f"open#{at}"}, ":before": {"S": millis(before_ms)}},
        )
        return [(item["open_sk"]["S"][:13], item["pk"]["S"]) async for item in found]

    async def _inbox_id(self, pk: str, encoded: str) -> str:
        if not is_hashed(pk):
            return unpart(encoded)
        answer = await call(
            self._client.get_item, TableName=self._table, Key={"pk": {"S": pk}}, ProjectionExpression="id"
        )
        return answer.get("Item", {}).get("id", {}).get("S", "")


def _body(kept: bytes) -> bytes:
    try:
        return gunzipped(kept)
    except ValueError as error:
        raise BadInput("delivery_unreadable", field="body", detail=f"{len(kept)} bytes: {error}") from None


def _ends(item: Mapping[str, Any]) -> dict[str, str]:
    return {number: end["S"] for number, end in item.get("e", {}).get("M", {}).items()}
