"""Wires `sweep_inbox` once: runs in the function's init phase."""

from __future__ import annotations

import asyncio
import os
from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit

from functions.sweep_inbox.handler import handle
from functions.sweep_inbox.settings import Settings
from relay.adapters.clients import aws_client, lazy_client
from relay.adapters.clock import SystemClock
from relay.adapters.dynamodb_inbox import DynamoInbox
from relay.adapters.eventbridge import EventBridgeBus
from relay.adapters.s3_bodies import S3Bodies
from relay.adapters.sqs import SqsWakes
from relay.services.publish import Publish
from relay.services.sweep import Sweep
from relay.services.times import at_ms

KEPT_MS = 15_000
"""Left at the end of an invocation, for what is under way and for the figure: one that is cut off tells nobody how much lies."""

settings = Settings.from_env(os.environ)
log = Logger()
metrics = Metrics(namespace="HoldedRelay")
metrics.set_default_dimensions(Stage=settings.relay_stage)
clock = SystemClock.parse(settings.relay_clock)
s3 = lazy_client("s3")
inbox = DynamoInbox(
    client=aws_client("dynamodb"), s3=s3, table=settings.inbox_table, bucket=settings.bodies_bucket, clock=clock
)
publish = Publish(
    inbox=inbox,
    bus=EventBridgeBus(
        client=lazy_client("events"),
        bus_name=settings.bus_name,
        bodies=S3Bodies(client=s3, bucket=settings.bodies_bucket),
    ),
    wakes=SqsWakes(client=lazy_client("sqs"), fiscal_url="", normal_url=settings.normal_queue_url, clock=clock),
)
sweep = Sweep(inbox=inbox, publish=publish)


@metrics.log_metrics
def handler(_event: Any, context: Any) -> dict[str, int]:
    def in_time() -> bool:
        return bool(context.get_remaining_time_in_millis() > KEPT_MS)

    done = asyncio.run(handle(sweep=sweep, now_ms=at_ms(clock.now()), in_time=in_time))
    metrics.add_metric("OldestOpenEventSeconds", MetricUnit.Seconds, done["oldest_open_seconds"])
    log.info("inbox.swept", extra=done)
    return done
