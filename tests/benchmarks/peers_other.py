"""Powertools idempotency and zae-limiter at the work of a ledger and a budget; runs in `.venv-bench`. Prints JSON.

The idempotent function takes a token of the account's minute and month before its (empty) call, one event at a time, as
a queue's batch is worked off.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from typing import Any

import boto3
from aws_lambda_powertools.utilities.idempotency import (
    DynamoDBPersistenceLayer,
    IdempotencyConfig,
    idempotent_function,
)
from counted import Meter
from zae_limiter import Limit, SyncRateLimiter, SyncRepository


def main(endpoint_url: str, region: str, events: int) -> None:
    meter = Meter(boto3.client("dynamodb", endpoint_url=endpoint_url))
    client = boto3.client("dynamodb", endpoint_url=endpoint_url)
    meter.watch(client.meta.events)
    client.create_table(
        TableName="idempotency",
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
    )
    repository = SyncRepository(name="peers", region=region, endpoint_url=endpoint_url, _skip_deprecation_warning=True)
    meter.watch(repository._get_client().meta.events)
    repository.create_table()
    limits = [Limit.per_minute("minute", 100_000), Limit.quota("month", 1_000_000, cron="0 0 1 * *")]
    limiter = SyncRateLimiter(repository=repository)
    layer = DynamoDBPersistenceLayer(table_name="idempotency", boto3_client=client)

    @idempotent_function(
        data_keyword_argument="event",
        persistence_store=layer,
        config=IdempotencyConfig(event_key_jmespath="id", expires_after_seconds=35 * 86_400),
    )
    def write(*, event: dict[str, Any]) -> dict[str, str]:
        with limiter.acquire(entity_id="bench", resource="holded", consume={"minute": 1, "month": 1}, limits=limits):
            return {"holded_id": f"{event['number']:024x}", "number": ""}

    def run(first: int, count: int) -> list[float]:
        times = []
        for number in range(first, first + count):
            begin = time.perf_counter()
            write(event={"id": f"bench#shopify#{number}#invoice", "number": number})
            times.append((time.perf_counter() - begin) * 1000)
        return times

    run(0, 3)
    meter.clear()
    run(10, 20)
    counted = (meter.writes / 20, (meter.table_units + meter.index_units) / 20, sum(meter.calls.values()) / 20)
    meter.images = False
    times = run(100, events)
    print(json.dumps({"writes": counted[0], "units": counted[1], "calls": counted[2], "ms": statistics.median(times)}))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
