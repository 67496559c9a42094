"""Wires `poll_holded` once: runs in the function's init phase."""

from __future__ import annotations

import asyncio
import os
from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit

from functions.poll_holded.handler import handle
from functions.poll_holded.settings import Settings
from relay.adapters.clients import aws_client, lazy_client
from relay.adapters.clock import SystemClock
from relay.adapters.dynamodb_accounts import DynamoAccounts
from relay.adapters.dynamodb_gates import DynamoGates
from relay.adapters.dynamodb_ledger import DynamoLedger
from relay.services.enlist import Enlist
from relay.services.times import at_ms

settings = Settings.from_env(os.environ)
log = Logger()
metrics = Metrics(namespace="HoldedRelay")
metrics.set_default_dimensions(Stage=settings.relay_stage)
clock = SystemClock.parse(settings.relay_clock)
dynamodb = aws_client("dynamodb")
state = settings.state_table
enlist = Enlist(
    accounts=DynamoAccounts(client=dynamodb, kms=lazy_client("kms"), table=state, key_id="", clock=clock),
    ledger=DynamoLedger(client=dynamodb, table=state, clock=clock),
    gates=DynamoGates(client=dynamodb, table=state),
)


@metrics.log_metrics
def handler(_event: Any, _context: Any) -> dict[str, int]:
    done = asyncio.run(handle(enlist=enlist, now_ms=at_ms(clock.now())))
    metrics.add_metric("PollsStoodUp", MetricUnit.Count, done["stood_up"])
    log.info("polls.enlisted", extra=done)
    return done
