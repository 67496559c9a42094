"""Wires `write_holded` once: runs in the function's init phase."""

from __future__ import annotations

import asyncio
import os
import random
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit

from functions.write_holded.handler import handle
from functions.write_holded.settings import Settings
from relay.adapters.clients import aws_client, lazy_client
from relay.adapters.clock import SystemClock
from relay.adapters.dynamodb_accounts import DynamoAccounts
from relay.adapters.dynamodb_gates import DynamoGates
from relay.adapters.dynamodb_inbox import DynamoInbox
from relay.adapters.dynamodb_inbox_writer import DynamoInboxWriter
from relay.adapters.dynamodb_ledger import DynamoLedger
from relay.adapters.dynamodb_polls import DynamoPolls
from relay.adapters.dynamodb_snapshots import DynamoSnapshots
from relay.adapters.holded_http import HoldedHttp
from relay.adapters.ids import RandomIds
from relay.adapters.s3_bodies import S3Bodies
from relay.adapters.sqs import SqsWakes
from relay.services.attempt import reason_of
from relay.services.build import build_drainer
from relay.services.session import Timing
from relay.services.times import at_ms

if TYPE_CHECKING:
    from collections.abc import Mapping

    from relay.services.drain import Drained

settings = Settings.from_env(os.environ)
log = Logger()
metrics = Metrics(namespace="HoldedRelay")
metrics.set_default_dimensions(Stage=settings.relay_stage)
clock = SystemClock.parse(settings.relay_clock)
dynamodb = aws_client("dynamodb")
s3 = lazy_client("s3")
state = settings.state_table
scale = 1 / clock.real_seconds(1.0)  # a second of this machine on the relay's clock: 1 but on a local stack
drainer = build_drainer(
    ledger=DynamoLedger(
        client=dynamodb, table=state, bodies=S3Bodies(client=s3, bucket=settings.bodies_bucket), clock=clock
    ),
    inbox=DynamoInbox(client=dynamodb, s3=s3, table=settings.inbox_table, bucket=settings.bodies_bucket, clock=clock),
    gates=DynamoGates(client=dynamodb, table=state),
    accounts=DynamoAccounts(client=dynamodb, kms=lazy_client("kms"), table=state, key_id="", clock=clock),
    snapshots=DynamoSnapshots(
        client=dynamodb,
        table=state,
        inbox=DynamoInboxWriter(client=dynamodb, s3=s3, table=settings.inbox_table, bucket=settings.bodies_bucket),
    ),
    polls=DynamoPolls(client=dynamodb, table=state),
    holded=HoldedHttp(base_url=settings.holded_base_url, clock=clock),
    wakes=SqsWakes(
        client=lazy_client("sqs"),
        fiscal_url=settings.fiscal_queue_url,
        normal_url=settings.normal_queue_url,
        clock=clock,
    ),
    clock=clock,
    ids=RandomIds(),
    jitter=random.random,
    timing=Timing(
        settle_ms=settings.settle_seconds * 1000, lease_margin_ms=round(60_000 * scale), call_ms=round(23_000 * scale)
    ),
)


def tell(account: str, drained: Drained) -> None:
    """At once, not with the other figures: a function that is killed later writes none, and a closed account is told once."""
    if drained.blocked:
        log.warning("account.blocked", account=account, reason=drained.blocked)
        closed = EphemeralMetrics(namespace="HoldedRelay")
        closed.add_dimension("Stage", settings.relay_stage)
        closed.add_metric("AccountsBlocked", MetricUnit.Count, 1)
        closed.flush_metrics()


@metrics.log_metrics
def handler(event: Mapping[str, Any], context: Any) -> dict[str, Any]:
    deadline_ms = at_ms(clock.now()) + round(context.get_remaining_time_in_millis() * scale)
    answer, done = asyncio.run(handle(event, drainer=drainer, deadline_ms=deadline_ms, tell=tell))
    for account, result in done.items():
        if isinstance(result, BaseException):
            log.error("account.not_drained", account=account, error=reason_of(result))
            continue
        errors = sorted({reason_of(error) for error in result.failed.values()})
        log.info("account.drained", account=account, calls=result.calls, ends=dict(result.ends), errors=errors)
        metrics.add_metric("QuotaUsedPercent", MetricUnit.Percent, result.quota_percent)
        metrics.add_metric("ReviewCount", MetricUnit.Count, result.ends.get("review", 0))
        if result.drift is not None:
            log.info("account.reconciled", account=account, drift=result.drift)
            metrics.add_metric("Drift", MetricUnit.NoUnit, result.drift)
    return answer
