"""The account's gate in the state table: lease and budget in one item, changed by one conditional write.

    pk     <account>#gate    sk "gate"                 own, lease, due   owner, lease end and next due, epoch ms
    rev    compare-and-swap                            b                 the budget, packed, as JSON
    wakes  keys of rows put while the lease is held    wid               the id of the last write
    wake_pk, wake_ms   the sparse index `wake`, while something is due

The wake set is beside `rev`: a wake needs no knowledge of the gate, and letting go is refused while the set is not empty.
"""

from __future__ import annotations

import asyncio
import heapq
import json
from typing import TYPE_CHECKING, Any

from relay.adapters._calls import call, pages
from relay.adapters._errors import ConditionFailed
from relay.adapters._keys import SHARDS, join, shard, unpart
from relay.adapters.ids import RandomIds
from relay.domain import budget_pack
from relay.domain.gate import MANY, Gate
from relay.ports.ledger import Gates

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from mypy_boto3_dynamodb import DynamoDBClient

    from relay.ports.world import Ids

WAKES_KEPT = 50


class DynamoGates:
    """`relay.ports.ledger.Gates`."""

    Stored = Gates.Stored  # the port's answer type is one of its members

    def __init__(self, *, client: DynamoDBClient, table: str, ids: Ids | None = None) -> None:
        """`client` is boto3's low-level DynamoDB client."""
        self._client = client
        self._table = table
        self._ids = ids or RandomIds()

    async def load(self, account: str) -> Gate | None:
        answer = await call(self._client.get_item, TableName=self._table, Key=_key(account), ConsistentRead=True)
        item = answer.get("Item")
        if not item or "rev" not in item:
            return None
        return Gate(
            account=account,
            rev=int(item["rev"]["N"]),
            owner=item["own"]["S"],
            lease_until_ms=int(item["lease"]["N"]),
            next_due_ms=int(item["due"]["N"]) if "due" in item else None,
            budget=budget_pack.unpack(json.loads(item["b"]["S"])),
            woken="wakes" in item,
        )

    async def store(
        self, gate: Gate, *, expected_rev: int, take_wakes: bool = False, if_no_wakes: bool = False
    ) -> Gates.Stored:
        write_id = self._ids.new()
        values: dict[str, Any] = {
            ":rev": {"N": str(expected_rev + 1)},
            ":own": {"S": gate.owner},
            ":lease": {"N": str(gate.lease_until_ms)},
            ":b": {"S": json.dumps(budget_pack.pack(gate.budget), separators=(",", ":"))},
            ":wid": {"S": write_id},
        }
        setting = ["rev = :rev", "own = :own", "lease = :lease", "b = :b", "wid = :wid"]
        removing = ["wakes"] if take_wakes else []
        if gate.next_due_ms is None:
            removing += ["due", "wake_pk", "wake_ms"]
        else:
            setting += ["due = :due", "wake_pk = :wake", "wake_ms = :due"]
            values |= {":due": {"N": str(gate.next_due_ms)}, ":wake": {"S": f"wake#{shard(gate.account)}"}}
        condition = "attribute_not_exists(rev)"
        if expected_rev:
            condition = "rev = :expected"
            values[":expected"] = {"N": str(expected_rev)}
        if if_no_wakes:
            condition += " AND attribute_not_exists(wakes)"
        try:
            answer = await call(
                self._client.update_item,
                TableName=self._table,
                Key=_key(gate.account),
                UpdateExpression="SET " + ", ".join(setting) + (" REMOVE " + ", ".join(removing) if removing else ""),
                ConditionExpression=condition,
                ExpressionAttributeValues=values,
                ReturnValues="ALL_OLD" if take_wakes else "NONE",
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        except ConditionFailed as failed:
            if failed.retried and failed.item.get("wid", {}).get("S") == write_id:
                # Our own earlier try won, and what it took from the set was lost with its reply.
                return Gates.Stored(ok=True, wakes=(MANY,) if take_wakes else ())
            woken = int(failed.item.get("rev", {}).get("N", 0)) == expected_rev
            return Gates.Stored(ok=False, conflict=not woken, woken=woken)
        taken = answer.get("Attributes", {}).get("wakes", {}).get("SS", ())
        return Gates.Stored(ok=True, wakes=tuple(sorted(taken)))

    async def wake(self, account: str, key: str, *, holder: str) -> bool:
        if not holder:
            return False
        room = "attribute_not_exists(wakes) OR size(wakes) < :cap"
        if await self._add(account, key, f"own = :own AND ({room})", holder, cap=True):
            return True
        # Either the holder is gone, or the set is full: then the mark for "many" goes in, room or not.
        return await self._add(account, MANY, "own = :own", holder, cap=False)

    async def due(self, *, now_ms: int, limit: int) -> AsyncIterator[tuple[str, int]]:
        shards = await asyncio.gather(*(self._due_in(at, now_ms, limit) for at in range(SHARDS)))
        for due_ms, account in heapq.nsmallest(limit, (found for each in shards for found in each)):
            yield account, due_ms

    async def _add(self, account: str, key: str, condition: str, holder: str, *, cap: bool) -> bool:
        values: dict[str, Any] = {":key": {"SS": [key]}, ":own": {"S": holder}}
        if cap:
            values[":cap"] = {"N": str(WAKES_KEPT)}
        try:
            await call(
                self._client.update_item,
                TableName=self._table,
                Key=_key(account),
                UpdateExpression="ADD wakes :key",
                ConditionExpression=condition,
                ExpressionAttributeValues=values,
            )
        except ConditionFailed:
            return False
        return True

    async def _due_in(self, at: int, now_ms: int, limit: int) -> list[tuple[int, str]]:
        found = pages(
            self._client.query,
            limit=limit,
            TableName=self._table,
            IndexName="wake",
            KeyConditionExpression="wake_pk = :shard AND wake_ms <= :now",
            ExpressionAttributeValues={":shard": {"S": f"wake#{at}"}, ":now": {"N": str(now_ms)}},
        )
        return [(int(item["wake_ms"]["N"]), unpart(item["pk"]["S"].split("#", 1)[0])) async for item in found]


def _key(account: str) -> dict[str, Any]:
    return {"pk": {"S": join(account, "gate")}, "sk": {"S": "gate"}}
