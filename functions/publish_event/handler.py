"""DynamoDB stream of the inbox -> publish, count signs of life -> the records that must come again."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from relay.domain.sources.imported import HEADER
from relay.errors import Unavailable
from relay.services.arrivals import Arrival

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from aws_lambda_powertools import Logger

    from relay.services.arrivals import CountArrivals
    from relay.services.publish import Publish


async def handle(
    event: Mapping[str, Any], *, publish: Publish, log: Logger, count: CountArrivals | None = None
) -> dict[str, Any]:
    """Publish every INSERT. A refused one comes again from its place in the shard, with all that follows it."""
    records: Sequence[Mapping[str, Any]] = [r for r in event.get("Records", ()) if r.get("eventName") == "INSERT"]
    results = await asyncio.gather(*(publish(*_named(record)) for record in records), return_exceptions=True)
    failures = []
    for record, result in zip(records, results, strict=True):
        account, inbox_id = _named(record)
        if isinstance(result, BaseException):
            # The type is enough for people; a message could hold what the sender wrote.
            known = result.reason if isinstance(result, Unavailable) else type(result).__name__
            log.warning("delivery.not_published", account=account, inbox_id=inbox_id, error=known)
            failures.append({"itemIdentifier": record["dynamodb"]["SequenceNumber"]})
        else:
            log.info("delivery.handled", result=result, account=account, inbox_id=inbox_id)
    if count is not None:
        # What comes again from its first failure on is counted when it does.
        passed = next((at for at, one in enumerate(results) if isinstance(one, BaseException)), len(records))
        await count(seen for record in records[:passed] if (seen := _arrival(record)) is not None)
    return {"batchItemFailures": failures[:1]}


def _named(record: Mapping[str, Any]) -> tuple[str, str]:
    account, _, inbox_id = record["dynamodb"]["Keys"]["pk"]["S"].partition("#")
    return account, inbox_id


def _arrival(record: Mapping[str, Any]) -> Arrival | None:
    """None for what an import brought: it would hide the very silence that it heals; and for what is no delivery's image."""
    try:
        image = record["dynamodb"]["NewImage"]
        if HEADER in image.get("h", {}).get("M", {}):
            return None
        return Arrival(account=_named(record)[0], source=str(image["s"]["S"]), received_ms=int(image["r"]["N"]))
    except (AttributeError, KeyError, TypeError, ValueError):
        return None
