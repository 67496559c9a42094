"""Small parts that several constructs make alike: queues, log groups, alarms, and accepted findings."""

from __future__ import annotations

from typing import TYPE_CHECKING

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_logs as logs
from aws_cdk import aws_sqs as sqs

if TYPE_CHECKING:
    from constructs import Construct, IConstruct

    from infra.environments import Stage

_WRITTEN_BY = {
    "OldestOpenEventSeconds": "sweep_inbox",
    "OldestDueRowSeconds": "release_due",
    "ReviewCount": "write_holded",
    "SourcesSilent": "watch_sources",
    "SourcesNotMended": "watch_sources",
    "AccountsBlocked": "write_holded",
    "QuotaUsedPercent": "write_holded",
    "Drift": "write_holded",
    "DeliveriesBroken": "publish_event",
}


def removal_of(stage: Stage) -> cdk.RemovalPolicy:
    """What becomes of data when its stack goes."""
    return cdk.RemovalPolicy.RETAIN if stage.keep_data else cdk.RemovalPolicy.DESTROY


def log_group(scope: Construct, stage: Stage) -> logs.LogGroup:
    retention = logs.RetentionDays[stage.log_retention]
    return logs.LogGroup(scope, "Logs", retention=retention, removal_policy=removal_of(stage))


def queue(
    scope: Construct, construct_id: str, *, visibility_seconds: int = 30, dead_letters: sqs.Queue | None = None
) -> sqs.Queue:
    """Kept for the longest time SQS knows, encrypted, over TLS only. With `dead_letters`, five tries."""
    made = sqs.Queue(
        scope,
        construct_id,
        encryption=sqs.QueueEncryption.SQS_MANAGED,
        enforce_ssl=True,
        retention_period=cdk.Duration.days(14),
        visibility_timeout=cdk.Duration.seconds(visibility_seconds),
        dead_letter_queue=sqs.DeadLetterQueue(queue=dead_letters, max_receive_count=5) if dead_letters else None,
    )
    if dead_letters is None:
        accept_finding(
            made, "AwsSolutions-SQS3", "It is the dead-letter queue: a message stays here until a person acts"
        )
    return made


def alarm(
    scope: Construct,
    construct_id: str,
    metric: cloudwatch.IMetric,
    *,
    says: str,
    at_least: float,
    periods: int = 1,
    no_data: cloudwatch.TreatMissingData = cloudwatch.TreatMissingData.NOT_BREACHING,
) -> cloudwatch.Alarm:
    """In alarm when the metric is `at_least` that much for so many periods. No data is no alarm, where nothing else is said.

    A metric's period is three turns of whoever measures it, or the alarm ends, and sounds again, between two of them.
    """
    return cloudwatch.Alarm(
        scope,
        construct_id,
        alarm_description=says,
        metric=metric,
        threshold=at_least,
        evaluation_periods=periods,
        comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
        treat_missing_data=no_data,
    )


def figure(stage: Stage, name: str, *, minutes: int = 5) -> cloudwatch.Metric:
    """One that a function writes with its logs. The toolkit adds the function's name as a second dimension."""
    return cloudwatch.Metric(
        namespace="HoldedRelay",
        metric_name=name,
        dimensions_map={"Stage": stage.name, "service": _WRITTEN_BY[name]},
        statistic="Maximum",
        period=cdk.Duration.minutes(minutes),
    )


def accept_finding(where: IConstruct, finding: str, reason: str) -> None:
    """Acknowledge a finding of the security checks at the construct it is about."""
    cdk.Validations.of(where).acknowledge(cdk.Acknowledgment(id=finding, reason=reason))
