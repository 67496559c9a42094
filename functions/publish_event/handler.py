"""DynamoDB stream of the inbox -> publish, count signs of life -> the records that must come again."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from relay.adapters.inbox_stream import arrival, delivery_key
from relay.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from aws_lambda_powertools import Logger

    from relay.services.arrivals import CountArrivals
    from relay.services.publish import Publish


async def handle(
    event: Mapping[str, Any],
    *,
    publish: Publish,
    log: Logger,
    count: CountArrivals | None = None,
    broken: Callable[[], None] | None = None,
) -> dict[str, Any]:
    """Publish every INSERT. What AWS refused comes again from its place in the shard, with all that follows it.

    What breaks our own code would break it again and hold up its shard meanwhile: `broken` is told, and the sweeper is its net.
    """
    records: Sequence[Mapping[str, Any]] = [r for r in event.get("Records", ()) if r.get("eventName") == "INSERT"]
    results = await asyncio.gather(*(publish(*delivery_key(record)) for record in records), return_exceptions=True)
    passed = next((at for at, one in enumerate(results) if isinstance(one, Unavailable)), len(records))
    for record, result in zip(records, results, strict=True):
        account, inbox_id = delivery_key(record)
        if isinstance(result, Unavailable):
            log.warning("delivery.not_published", account=account, inbox_id=inbox_id, error=result.reason)
        elif isinstance(result, Exception):
            # The type is enough for people; a message could hold what the sender wrote.
            log.error("delivery.broken", account=account, inbox_id=inbox_id, error=type(result).__name__)
            if broken is not None:
                broken()
        elif isinstance(result, BaseException):
            raise result
        else:
            log.info("delivery.handled", result=result, account=account, inbox_id=inbox_id)
    if count is not None:
        # What comes again from its first failure on is counted when it does.
        await count(seen for record in records[:passed] if (seen := arrival(record)) is not None)
    failures = [{"itemIdentifier": one["dynamodb"]["SequenceNumber"]} for one in records[passed : passed + 1]]
    return {"batchItemFailures": failures}
