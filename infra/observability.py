"""What a person is told: an alarm for each way to fail, to wait too long or to run out of quota, all to one topic."""

from __future__ import annotations

from typing import TYPE_CHECKING

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sns as sns
from constructs import Construct

from infra.dashboard import Dashboard
from infra.parts import alarm, figure

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from aws_cdk import aws_sqs as sqs

    from infra.environments import Stage
    from infra.relay_function import RelayFunction

QUOTA_STEPS = (50, 70, 90, 100)
_MINUTES = cdk.Duration.minutes


class Observability(Construct):
    """`dead` are the queues where any message is a failure, `by_clock` the functions that must run, and every how many minutes."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        stage: Stage,
        functions: Sequence[RelayFunction],
        by_clock: Sequence[tuple[RelayFunction, int]],
        stream_reader: RelayFunction,
        dead: Mapping[str, sqs.Queue],
    ) -> None:
        super().__init__(scope, construct_id)
        self._stage = stage
        alarms = [function.errors for function in functions]
        alarms += [self._dead(name, queue) for name, queue in dead.items()]
        alarms += [self._still(function, minutes) for function, minutes in by_clock]
        alarms += [self._late(stream_reader), *self._own()]
        topic = sns.Topic(self, "Alarms", display_name=f"Holded Relay {stage.name}", enforce_ssl=True)
        # A policy of its own (TLS only) takes the place of the default one, which had let this account's alarms in.
        topic.add_to_resource_policy(
            iam.PolicyStatement(
                principals=[iam.ServicePrincipal("cloudwatch.amazonaws.com")],
                actions=["sns:Publish"],
                resources=[topic.topic_arn],
                conditions={"StringEquals": {"aws:SourceAccount": cdk.Stack.of(self).account}},
            )
        )
        self.topic = topic
        for each in alarms:
            each.add_alarm_action(actions.SnsAction(topic))
        cdk.CfnOutput(self, "TopicArn", value=topic.topic_arn).override_logical_id("AlarmTopicArn")
        Dashboard(self, stage=stage, functions=functions, dead=dead, alarms=alarms)

    def _own(self) -> list[cloudwatch.Alarm]:
        rows = [
            ("OldestOpenEvent", "OldestOpenEventSeconds", "An event has no end after an hour", 3600),
            ("OldestDueRow", "OldestDueRowSeconds", "Due work is not done after half an hour", 1800),
            ("AccountBlocked", "AccountsBlocked", "Holded refuses an account's credential or plan: relay status", 1),
            ("Drift", "Drift", "A night's books differ in one document of a hundred: relay reconcile --last", 0.01),
            ("SourceSilent", "SourcesSilent", "A source is silent against its habits: docs/healing.md", 1),
            (
                "SourceNotMended",
                "SourcesNotMended",
                "A provider could not be asked, or its webhook not mended: docs/healing.md",
                1,
            ),
            ("Review", "ReviewCount", "Events wait for a person's decision: relay status", 1),
        ]
        rows += [(f"Quota{n}", "QuotaUsedPercent", f"{n} % of an account's month are spent", n) for n in QUOTA_STEPS]
        return [alarm(self, name, figure(self._stage, of), says=says, at_least=limit) for name, of, says, limit in rows]

    def _dead(self, name: str, queue: sqs.Queue) -> cloudwatch.Alarm:
        waiting = queue.metric_approximate_number_of_messages_visible(period=_MINUTES(1), statistic="Maximum")
        return alarm(self, f"{name}NotEmpty", waiting, says=f"{name}: something could not be delivered", at_least=1)

    def _still(self, function: RelayFunction, minutes: int) -> cloudwatch.Alarm:
        """No call in three of its turns, a quarter of an hour at least; no data is as bad as none."""
        return cloudwatch.Alarm(
            self,
            f"{function.node.id}Stopped",
            alarm_description="Its schedule stopped",
            metric=function.function.metric_invocations(period=_MINUTES(max(15, 3 * minutes)), statistic="Sum"),
            threshold=1,
            evaluation_periods=1,
            comparison_operator=cloudwatch.ComparisonOperator.LESS_THAN_THRESHOLD,
            treat_missing_data=cloudwatch.TreatMissingData.BREACHING,
        )

    def _late(self, function: RelayFunction) -> cloudwatch.Alarm:
        age = function.function.metric("IteratorAge", period=_MINUTES(1), statistic="Maximum")
        says = "Deliveries wait five minutes to be published"
        return alarm(self, "IteratorAge", age, says=says, at_least=300_000, periods=3)
