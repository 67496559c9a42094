"""What a person is told: every alarm to one topic, and the dashboard."""

from __future__ import annotations

from typing import TYPE_CHECKING

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sns as sns
from constructs import Construct

from infra import alarms
from infra.dashboard import Dashboard

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from aws_cdk import aws_apigatewayv2 as apigateway
    from aws_cdk import aws_sqs as sqs

    from infra.environments import Stage
    from infra.relay_function import RelayFunction

QUOTA_STEPS = (50, 70, 90, 100)


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
        api: apigateway.HttpApi,
        receiver: RelayFunction,
        stream_reader: RelayFunction,
        dead: Mapping[str, sqs.Queue],
    ) -> None:
        super().__init__(scope, construct_id)
        turns = {function.node.id: minutes for function, minutes in by_clock}
        sounding = [alarms.failed(each, turns.get(each.node.id, 0)) for each in functions]
        sounding += alarms.refused(self, api, receiver)
        sounding += [alarms.dead_letters(self, name, queue) for name, queue in dead.items()]
        sounding += [alarms.stopped(self, function, minutes) for function, minutes in by_clock]
        sounding += [alarms.late(self, stream_reader), *alarms.lasting(self, stage)]
        sounding += [alarms.quota(self, stage, percent) for percent in QUOTA_STEPS]
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
        for each in sounding:
            each.add_alarm_action(actions.SnsAction(topic))
        cdk.CfnOutput(self, "TopicArn", value=topic.topic_arn).override_logical_id("AlarmTopicArn")
        Dashboard(self, stage=stage, functions=functions, dead=dead, alarms=sounding)
