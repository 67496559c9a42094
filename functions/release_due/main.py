"""Wires `release_due` once: runs in the function's init phase."""

from __future__ import annotations

import asyncio
import os
from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit

from functions.release_due.handler import handle
from functions.release_due.settings import Settings
from relay.adapters.clients import aws_client
from relay.adapters.clock import SystemClock
from relay.adapters.dynamodb_gates import DynamoGates
from relay.adapters.sqs import SqsWakes
from relay.services.release import Release
from relay.services.times import at_ms

settings = Settings.from_env(os.environ)
log = Logger()
metrics = Metrics(namespace="HoldedRelay")
metrics.set_default_dimensions(Stage=settings.relay_stage)
clock = SystemClock.parse(settings.relay_clock)
release = Release(
    gates=DynamoGates(client=aws_client("dynamodb"), table=settings.state_table),
    wakes=SqsWakes(
        client=aws_client("sqs"),
        fiscal_url=settings.fiscal_queue_url,
        normal_url=settings.normal_queue_url,
        clock=clock,
    ),
)


@metrics.log_metrics
def handler(_event: Any, _context: Any) -> dict[str, int]:
    done = asyncio.run(handle(release=release, now_ms=at_ms(clock.now())))
    metrics.add_metric("OldestDueRowSeconds", MetricUnit.Seconds, done["oldest_due_seconds"])
    log.info("accounts.woken", extra=done)
    return done
