"""Asynchronous calls of the synchronous boto3 client: a thread a call, errors translated, pages and batches followed."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from relay.adapters._errors import AWS_ERRORS, is_conflict, relay_error
from relay.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence

    from mypy_boto3_dynamodb import DynamoDBClient

P = ParamSpec("P")
R = TypeVar("R")

BATCH_GET = 100
_PAUSES_SECONDS = (0.02, 0.05, 0.1, 0.2, 0.4)


async def call(function: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> R:
    """Run one boto3 call in a thread. Raises errors of `relay.errors` and `ConditionFailed`.

    A write that meets a running transaction is tried again: to give up would leave a written document unrecorded.
    """
    for pause in _PAUSES_SECONDS:
        try:
            return await asyncio.to_thread(function, *args, **kwargs)
        except AWS_ERRORS as exc:
            if not is_conflict(exc):
                raise relay_error(exc) from exc
        await asyncio.sleep(pause)
    try:
        return await asyncio.to_thread(function, *args, **kwargs)
    except AWS_ERRORS as exc:
        raise relay_error(exc) from exc


async def pages(
    function: Callable[..., Any], /, *, limit: int | None = None, page: int | None = None, **query: Any
) -> AsyncIterator[Any]:
    """The items of a query or scan over all its pages, at most `limit`; `page` is how many to ask for at a time."""
    left = limit
    while left is None or left > 0:
        asked = page if left is None else left
        if asked is not None:
            query["Limit"] = asked
        answer = await call(function, **query)
        for item in answer["Items"]:
            yield item
        left = None if left is None else left - len(answer["Items"])
        if "LastEvaluatedKey" not in answer:
            return
        query["ExclusiveStartKey"] = answer["LastEvaluatedKey"]


async def batch_get(
    client: DynamoDBClient, table: str, keys: Sequence[Mapping[str, Any]]
) -> dict[tuple[str, str], dict[str, Any]]:
    """Items by (pk, sk), strongly consistent; what is not there is left out."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for chunk in chunks(keys, BATCH_GET):
        wanted: Any = {table: {"Keys": chunk, "ConsistentRead": True}}
        for pause in (*_PAUSES_SECONDS, None):
            answer = await call(client.batch_get_item, RequestItems=wanted)
            for item in answer["Responses"].get(table, []):
                found[item["pk"]["S"], item["sk"]["S"]] = dict(item)
            wanted = answer.get("UnprocessedKeys")
            if not wanted:
                break
            if pause is None:
                raise Unavailable("throttled", detail="BatchGetItem: keys left unprocessed")
            await asyncio.sleep(pause)
    return found


def chunks(items: Sequence[R], size: int) -> Iterable[Sequence[R]]:
    return (items[start : start + size] for start in range(0, len(items), size))
