"""Wires `receive_webhook` once: runs in the function's init phase. Lean: no validation library, no tracer, no metrics."""

from __future__ import annotations

import logging
import os
from typing import TYPE_CHECKING, Any

from functions.receive_webhook.handler import handle
from functions.receive_webhook.settings import Settings
from relay.adapters.clients import aws_client, lazy_client
from relay.adapters.clock import SystemClock
from relay.adapters.dynamodb_inbox_writer import DynamoInboxWriter
from relay.adapters.dynamodb_webhook_secrets import DynamoWebhookSecrets
from relay.services.accept import Accept

if TYPE_CHECKING:
    from collections.abc import Mapping

logging.getLogger().setLevel(logging.INFO)
settings = Settings.from_env(os.environ)
clock = SystemClock.parse(settings.relay_clock)
dynamodb = aws_client("dynamodb")
accept = Accept(
    secrets=DynamoWebhookSecrets(client=dynamodb, kms=lazy_client("kms"), table=settings.state_table, clock=clock),
    inbox=DynamoInboxWriter(
        client=dynamodb, s3=lazy_client("s3"), table=settings.inbox_table, bucket=settings.bodies_bucket
    ),
)


def handler(event: Mapping[str, Any], _: Any) -> dict[str, Any]:
    return handle(event, accept=accept, now=clock.now)
