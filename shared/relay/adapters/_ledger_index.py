"""Listings of ledger rows through the sparse indexes; each row is then read from the table itself, strongly consistent.

The indexes hold keys only and lag by moments: whoever reads here filters by what the row says now.
"""

from __future__ import annotations

import asyncio
import heapq
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from relay.adapters._calls import BATCH_GET, batch_get, call, pages
from relay.adapters._keys import join, millis
from relay.adapters._rows import (
    DUE_STATES,
    NEVER_MS,
    confirmed_partition,
    day_of,
    due_partition,
    state_partition,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from mypy_boto3_dynamodb import DynamoDBClient

    from relay.domain.documents import Priority
    from relay.ports.world import Clock

PRIORITIES: tuple[Priority, ...] = ("fiscal", "normal", "background")
COUNTED = ("waiting", "review", "dead", "sent", "unknown")
_FIRST_DAY = datetime(2025, 1, 1, tzinfo=UTC)  # before the first release: no row was confirmed earlier
_SAME_HOLDED_ID = 10
_AFTER_ALL = ":"  # the character after `9`


class LedgerIndex:
    """Queries of `work` and `holded`, for `DynamoLedger` alone."""

    def __init__(self, *, client: DynamoDBClient, table: str, clock: Clock) -> None:
        """`clock` ends the walk over the days of confirmed rows."""
        self._client = client
        self._table = table
        self._clock = clock

    def due(self, account: str, *, priority: str, now_ms: int, limit: int) -> AsyncIterator[Mapping[str, Any]]:
        """Oldest first, read `limit` at a time for as long as the caller asks: some may have moved on since."""
        found = self._work(due_partition(account, priority), to_ms=now_ms + 1, page=limit)
        return self._batches(found, size=min(limit, BATCH_GET))

    async def next_due(self, account: str) -> Mapping[Priority, int]:
        firsts = await asyncio.gather(*(self._first(due_partition(account, each)) for each in PRIORITIES))
        return {each: ms for each, ms in zip(PRIORITIES, firsts, strict=True) if ms is not None}

    async def by_holded_id(self, account: str, holded_id: str) -> list[Mapping[str, Any]]:
        found = pages(
            self._client.query,
            limit=_SAME_HOLDED_ID,
            TableName=self._table,
            IndexName="holded",
            KeyConditionExpression="holded_pk = :pk",
            ExpressionAttributeValues={":pk": {"S": join(account, holded_id)}},
        )
        return await self._read([item async for item in found])

    async def in_state(self, account: str, state: str, *, from_ms: int, limit: int) -> AsyncIterator[Mapping[str, Any]]:
        """Oldest change first, up to `limit` that still are in the state when read."""
        if state == "confirmed":
            now_ms = round(self._clock.now().timestamp() * 1000)
            listing = self.confirmed(account, from_ms=from_ms, to_ms=now_ms + 1, limit=limit)
        elif state in DUE_STATES:
            listing = self._in_due_state(account, state, from_ms=from_ms, limit=limit)
        else:
            listing = self._batches(self._work(state_partition(account, state), from_ms=from_ms, limit=limit))
        async for item in listing:
            yield item

    async def confirmed(
        self, account: str, *, from_ms: int, to_ms: int, limit: int | None = None
    ) -> AsyncIterator[Mapping[str, Any]]:
        left = limit
        day = max(_FIRST_DAY, datetime.fromtimestamp(from_ms / 1000, UTC))
        last = datetime.fromtimestamp(to_ms / 1000, UTC)
        while day.date() <= last.date() and (left is None or left > 0):
            name = confirmed_partition(account, day_of(round(day.timestamp() * 1000)))
            async for item in self._batches(self._work(name, from_ms=from_ms, to_ms=to_ms, limit=left)):
                left = None if left is None else left - 1
                yield item
            day += timedelta(days=1)

    async def count(self, account: str) -> dict[str, int]:
        counts = dict.fromkeys(COUNTED, 0)
        states = {letter: state for state, letter in DUE_STATES.items()}
        for priority in PRIORITIES:
            async for item in self._work(due_partition(account, priority)):
                counts[states[item["work_sk"]["S"][-1]]] += 1
        for state in set(COUNTED) - set(DUE_STATES):
            counts[state] = await self._count(state_partition(account, state))
        return counts

    async def _in_due_state(
        self, account: str, state: str, *, from_ms: int, limit: int
    ) -> AsyncIterator[Mapping[str, Any]]:
        """All of the state are read, as their index is in order of `due_ms`; only the `limit` oldest are kept."""
        oldest: list[Mapping[str, Any]] = []
        for priority in PRIORITIES:
            found = self._batches(self._only(state, self._work(due_partition(account, priority))))
            oldest += [item async for item in found if int(item["u"]["N"]) >= from_ms]
            oldest = heapq.nsmallest(limit, oldest, key=lambda item: int(item["u"]["N"]))
        for item in oldest:
            yield item

    async def _only(self, state: str, found: AsyncIterator[Mapping[str, Any]]) -> AsyncIterator[Mapping[str, Any]]:
        async for item in found:
            if item["work_sk"]["S"].endswith(f"#{DUE_STATES[state]}"):
                yield item

    async def _batches(
        self, found: AsyncIterator[Mapping[str, Any]], *, size: int = BATCH_GET
    ) -> AsyncIterator[Mapping[str, Any]]:
        batch: list[Mapping[str, Any]] = []
        async for item in found:
            batch.append(item)
            if len(batch) == size:
                for row in await self._read(batch):
                    yield row
                batch = []
        for row in await self._read(batch):
            yield row

    async def _read(self, found: list[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
        """The rows themselves, in the order of the index."""
        items = await batch_get(self._client, self._table, [{"pk": each["pk"], "sk": each["sk"]} for each in found])
        ordered = (items.get((each["pk"]["S"], each["sk"]["S"])) for each in found)
        return [item for item in ordered if item is not None]

    async def _first(self, partition: str) -> int | None:
        async for item in self._work(partition, limit=1):
            ms = int(item["work_sk"]["S"][:13])
            return None if ms == NEVER_MS else ms
        return None

    async def _count(self, partition: str) -> int:
        counted, start = 0, None
        while True:
            optional: Any = {"ExclusiveStartKey": start} if start else {}
            answer = await call(
                self._client.query,
                TableName=self._table,
                IndexName="work",
                Select="COUNT",
                KeyConditionExpression="work_pk = :pk",
                ExpressionAttributeValues={":pk": {"S": partition}},
                **optional,
            )
            counted += answer["Count"]
            start = answer.get("LastEvaluatedKey")
            if not start:
                return counted

    def _work(
        self,
        partition: str,
        *,
        from_ms: int = 0,
        to_ms: int | None = None,
        limit: int | None = None,
        page: int | None = None,
    ) -> AsyncIterator[Any]:
        return pages(
            self._client.query,
            limit=limit,
            page=page,
            TableName=self._table,
            IndexName="work",
            KeyConditionExpression="work_pk = :pk AND work_sk BETWEEN :from AND :to",
            ExpressionAttributeValues={
                ":pk": {"S": partition},
                ":from": {"S": millis(from_ms)},
                ":to": {"S": _AFTER_ALL if to_ms is None else millis(to_ms)},
            },
        )
