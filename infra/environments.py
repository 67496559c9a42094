"""The stages as frozen data: what differs between them is a field here, never an `if` elsewhere."""

from __future__ import annotations

from dataclasses import dataclass

DEFAULT_REGION = "eu-west-1"  # in the EU, with arm64 functions and every service the stack uses


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    name: str
    keep_data: bool  # tables, bucket and key survive the stack, and it refuses to be destroyed
    log_retention: str  # a name of `aws_logs.RetentionDays`
    log_level: str
    body_days: int  # large bodies; longer than any delivery stays open
    requests_per_second: int  # of the whole API; senders retry what is throttled
    burst: int
    fiscal_concurrency: int
    normal_concurrency: int


DEV = Stage(
    name="dev",
    keep_data=False,
    log_retention="TWO_WEEKS",
    log_level="INFO",
    body_days=90,
    requests_per_second=100,
    burst=200,
    fiscal_concurrency=5,
    normal_concurrency=2,
)

PROD = Stage(
    name="prod",
    keep_data=True,
    log_retention="THREE_MONTHS",
    log_level="INFO",
    body_days=400,
    requests_per_second=1000,
    burst=2000,
    fiscal_concurrency=100,
    normal_concurrency=20,
)

STAGES = {stage.name: stage for stage in (DEV, PROD)}
