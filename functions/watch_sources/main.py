"""Wires `watch_sources` once: runs in the function's init phase."""

from __future__ import annotations

import asyncio
import os
from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit

from functions.watch_sources.handler import handle
from functions.watch_sources.settings import Settings
from relay.adapters.clients import aws_client, lazy_client
from relay.adapters.clock import SystemClock
from relay.adapters.dynamodb_accounts import DynamoAccounts
from relay.adapters.dynamodb_arrivals import DynamoArrivals
from relay.adapters.dynamodb_inbox import DynamoInbox
from relay.adapters.dynamodb_notes import DynamoNotes
from relay.adapters.dynamodb_providers import DynamoProviders
from relay.adapters.provider_http import ProviderHttp
from relay.services.backfill import Backfill
from relay.services.subscriptions import Subscriptions
from relay.services.times import at_ms
from relay.services.watchdog import Watchdog

KEPT_MS = 10_000
"""Left at the end of an invocation, for what is under way to be written down."""

settings = Settings.from_env(os.environ)
log = Logger()
metrics = Metrics(namespace="HoldedRelay")
metrics.set_default_dimensions(Stage=settings.relay_stage)
clock = SystemClock.parse(settings.relay_clock)
dynamodb, kms = aws_client("dynamodb"), lazy_client("kms")
state, key_id = settings.state_table, settings.secrets_key_id
accounts = DynamoAccounts(client=dynamodb, kms=kms, table=state, key_id=key_id, clock=clock)
notes = DynamoNotes(client=dynamodb, table=state)
inbox = DynamoInbox(
    client=dynamodb, s3=lazy_client("s3"), table=settings.inbox_table, bucket=settings.bodies_bucket, clock=clock
)
api = ProviderHttp(clock=clock, local=bool(settings.local_providers))
watchdog = Watchdog(
    accounts=accounts,
    providers=DynamoProviders(client=dynamodb, kms=kms, table=state),
    arrivals=DynamoArrivals(client=dynamodb, table=state),
    notes=notes,
    subscriptions=Subscriptions(accounts=accounts, api=api, clock=clock, who="watchdog"),
    backfill=Backfill(inbox=inbox, notes=notes, api=api, clock=clock),
    clock=clock,
    api_url=settings.api_url,
)


@metrics.log_metrics
def handler(_event: Any, context: Any) -> dict[str, int]:
    left_ms = context.get_remaining_time_in_millis() - KEPT_MS
    deadline_ms = at_ms(clock.now()) + round(left_ms / clock.real_seconds(1))  # a faster clock lives longer in it
    done = asyncio.run(handle(watchdog=watchdog, deadline_ms=deadline_ms, log=log))
    metrics.add_metric("SourcesSilent", MetricUnit.Count, done["silent"])
    metrics.add_metric("SourcesNotMended", MetricUnit.Count, done["not_mended"])
    log.info("sources.watched", extra=done)
    return done
