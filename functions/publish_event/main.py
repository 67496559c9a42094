"""Wires `publish_event` once: runs in the function's init phase."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit

from functions.publish_event.handler import handle
from functions.publish_event.settings import Settings
from relay.adapters.clients import aws_client, lazy_client
from relay.adapters.clock import SystemClock
from relay.adapters.dynamodb_arrivals import DynamoArrivals
from relay.adapters.dynamodb_inbox import DynamoInbox
from relay.adapters.eventbridge import EventBridgeBus
from relay.adapters.s3_bodies import S3Bodies
from relay.adapters.sqs import SqsWakes
from relay.services.arrivals import CountArrivals
from relay.services.publish import Publish

if TYPE_CHECKING:
    from collections.abc import Mapping

settings = Settings.from_env(os.environ)
log = Logger()
clock = SystemClock.parse(settings.relay_clock)
s3 = lazy_client("s3")
dynamodb = aws_client("dynamodb")
inbox = DynamoInbox(client=dynamodb, s3=s3, table=settings.inbox_table, bucket=settings.bodies_bucket, clock=clock)
publish = Publish(
    inbox=inbox,
    bus=EventBridgeBus(
        client=aws_client("events"),
        bus_name=settings.bus_name,
        bodies=S3Bodies(client=s3, bucket=settings.bodies_bucket),
    ),
    wakes=SqsWakes(client=lazy_client("sqs"), fiscal_url="", normal_url=settings.normal_queue_url, clock=clock),
)

count = CountArrivals(arrivals=DynamoArrivals(client=dynamodb, table=settings.state_table))


def broken() -> None:
    """One that cannot be published as our code is: rare, so the figure is written when there is something to tell."""
    told = EphemeralMetrics(namespace="HoldedRelay")
    told.add_dimension("Stage", settings.relay_stage)
    told.add_metric("DeliveriesBroken", MetricUnit.Count, 1)
    told.flush_metrics()


def handler(event: Mapping[str, Any], _: Any) -> dict[str, Any]:
    return asyncio.run(handle(event, publish=publish, log=log, count=count, broken=broken))
