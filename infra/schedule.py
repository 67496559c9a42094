"""The one way to call a function by the clock: a schedule with a role of its own, and somewhere to put a call that failed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_scheduler as scheduler

if TYPE_CHECKING:
    from aws_cdk import aws_sqs as sqs

    from infra.relay_function import RelayFunction


def every(minutes: int, called: RelayFunction, *, unscheduled: sqs.Queue) -> tuple[RelayFunction, int]:
    """Call it every so many minutes; a call that could not be made three times goes to `unscheduled`. Returns it with its minutes."""
    caller = iam.Role(called, "Scheduler", assumed_by=iam.ServicePrincipal("scheduler.amazonaws.com"))
    caller.add_to_policy(
        iam.PolicyStatement(actions=["lambda:InvokeFunction"], resources=[called.function.function_arn])
    )
    caller.add_to_policy(iam.PolicyStatement(actions=["sqs:SendMessage"], resources=[unscheduled.queue_arn]))
    # The scheduler hands a call over and is done. Lambda would try one that failed, or was throttled, for six hours, beside all
    # that come after it: https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
    called.function.configure_async_invoke(max_event_age=cdk.Duration.minutes(minutes), retry_attempts=0)
    schedule = scheduler.CfnSchedule(
        called,
        "Schedule",
        schedule_expression=f"rate({minutes} minute{'s' if minutes > 1 else ''})",
        flexible_time_window=scheduler.CfnSchedule.FlexibleTimeWindowProperty(mode="OFF"),
        target=scheduler.CfnSchedule.TargetProperty(
            arn=called.function.function_arn,
            role_arn=caller.role_arn,
            input="{}",
            # The next call is at hand before a late one is worth anything.
            retry_policy=scheduler.CfnSchedule.RetryPolicyProperty(
                maximum_event_age_in_seconds=60 * minutes, maximum_retry_attempts=2
            ),
            dead_letter_config=scheduler.CfnSchedule.DeadLetterConfigProperty(arn=unscheduled.queue_arn),
        ),
    )
    schedule.node.add_dependency(caller)
    return called, minutes
