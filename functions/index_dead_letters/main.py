"""Wires `index_dead_letters` once: runs in the function's init phase."""

from __future__ import annotations

import asyncio
import os
from typing import Any

from aws_lambda_powertools import Logger

from functions.index_dead_letters.handler import handle
from functions.index_dead_letters.settings import Settings
from relay.adapters.clients import aws_client
from relay.adapters.clock import SystemClock
from relay.adapters.dynamodb_ledger import DynamoLedger
from relay.adapters.sqs_dead_letters import SqsDeadLetters
from relay.services.dead_letters import IndexDeadLetters
from relay.services.times import at_ms

settings = Settings.from_env(os.environ)
log = Logger()
clock = SystemClock.parse(settings.relay_clock)
index = IndexDeadLetters(
    queue=SqsDeadLetters(
        client=aws_client("sqs"), urls={"fiscal": settings.fiscal_dlq_url, "normal": settings.normal_dlq_url}
    ),
    ledger=DynamoLedger(client=aws_client("dynamodb"), table=settings.state_table, clock=clock),
)


def handler(_event: Any, _context: Any) -> dict[str, int]:
    done = asyncio.run(handle(index=index, now_ms=at_ms(clock.now())))
    log.info("dead_letters.indexed", extra=done)
    return done
