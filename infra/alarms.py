"""The alarms: one for each way to fail, to wait too long or to run out of quota. A period is never shorter than three turns."""

from __future__ import annotations

from typing import TYPE_CHECKING

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch

from infra.parts import alarm, figure

if TYPE_CHECKING:
    from aws_cdk import aws_apigatewayv2 as apigateway
    from aws_cdk import aws_sqs as sqs
    from constructs import Construct

    from infra.environments import Stage
    from infra.relay_function import RelayFunction

_MINUTES = cdk.Duration.minutes


def lasting(scope: Construct, stage: Stage) -> list[cloudwatch.Alarm]:
    rows = [
        ("OldestOpenEvent", "OldestOpenEventSeconds", "An event has no end after an hour", 3600, 15),
        ("OldestDueRow", "OldestDueRowSeconds", "Due work is not done after half an hour", 1800, 15),
        ("AccountBlocked", "AccountsBlocked", "Holded refuses an account's credential or plan: relay status", 1, 5),
        ("Drift", "Drift", "A night's books differ in one document of a hundred: relay reconcile --last", 0.01, 5),
        ("SourceSilent", "SourcesSilent", "A source is silent against its habits: docs/healing.md", 1, 45),
        (
            "SourceNotMended",
            "SourcesNotMended",
            "A provider could not be asked, or its webhook not mended: docs/healing.md",
            1,
            45,
        ),
        ("DeliveryBroken", "DeliveriesBroken", "A delivery cannot be published: the log of publish_event", 1, 5),
        ("Review", "ReviewCount", "Events wait for a person's decision: relay status", 1, 5),
    ]
    return [
        alarm(scope, name, figure(stage, of, minutes=minutes), says=says, at_least=limit)
        for name, of, says, limit, minutes in rows
    ]


def quota(scope: Construct, stage: Stage, percent: int) -> cloudwatch.Alarm:
    """Measured when an account's work is done, which becomes rare where its month is spent: it lasts until that is less."""
    used = figure(stage, "QuotaUsedPercent", minutes=24 * 60)
    says = f"{percent} % of an account's month are spent"
    no_data = cloudwatch.TreatMissingData.IGNORE
    return alarm(scope, f"Quota{percent}", used, says=says, at_least=percent, no_data=no_data)


def dead_letters(scope: Construct, name: str, queue: sqs.Queue) -> cloudwatch.Alarm:
    """Over some minutes: `index_dead_letters` hides what lies there for half of one."""
    waiting = queue.metric_approximate_number_of_messages_visible(period=_MINUTES(15), statistic="Maximum")
    return alarm(scope, f"{name}NotEmpty", waiting, says=f"{name}: something could not be delivered", at_least=1)


def failed(function: RelayFunction, minutes: int) -> cloudwatch.Alarm:
    errors = function.function.metric_errors(period=_MINUTES(_long_enough(minutes, least=5)))
    return alarm(function, "Errors", errors, says=f"{function.named} failed: its log tells why", at_least=1)


def refused(scope: Construct, api: apigateway.HttpApi, receiver: RelayFunction) -> list[cloudwatch.Alarm]:
    """What a sender was not given a yes for is no error of the function, which answers 503 or was not let run."""
    refused = api.metric_server_error(period=_MINUTES(5), statistic="Sum")
    throttled = receiver.function.metric_throttles(period=_MINUTES(5))
    return [
        alarm(
            scope, "WebhookRefused", refused, says="Webhooks were answered with a 5xx: docs/operations.md", at_least=1
        ),
        alarm(
            scope, "WebhookThrottled", throttled, says="Lambda's concurrency did not suffice for webhooks", at_least=1
        ),
    ]


def stopped(scope: Construct, function: RelayFunction, minutes: int) -> cloudwatch.Alarm:
    """No call in three of its turns, a quarter of an hour at least; no data is as bad as none."""
    return cloudwatch.Alarm(
        scope,
        f"{function.node.id}Stopped",
        alarm_description="Its schedule stopped",
        metric=function.function.metric_invocations(period=_MINUTES(_long_enough(minutes, least=15)), statistic="Sum"),
        threshold=1,
        evaluation_periods=1,
        comparison_operator=cloudwatch.ComparisonOperator.LESS_THAN_THRESHOLD,
        treat_missing_data=cloudwatch.TreatMissingData.BREACHING,
    )


def late(scope: Construct, function: RelayFunction) -> cloudwatch.Alarm:
    age = function.function.metric("IteratorAge", period=_MINUTES(1), statistic="Maximum")
    says = "Deliveries wait five minutes to be published"
    return alarm(scope, "IteratorAge", age, says=says, at_least=300_000, periods=3)


def _long_enough(minutes: int, *, least: int) -> int:
    """Three turns of a schedule: that one of them is late, or missing, is no news."""
    return max(least, 3 * minutes)
