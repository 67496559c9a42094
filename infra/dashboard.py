"""One dashboard: what waits, what failed, what is left of quota, how long things take."""

from __future__ import annotations

from typing import TYPE_CHECKING

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from infra.parts import figure

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from aws_cdk import aws_sqs as sqs

    from infra.environments import Stage
    from infra.relay_function import RelayFunction


class Dashboard(Construct):
    def __init__(
        self,
        scope: Construct,
        *,
        stage: Stage,
        functions: Sequence[RelayFunction],
        dead: Mapping[str, sqs.Queue],
        alarms: Sequence[cloudwatch.Alarm],
    ) -> None:
        super().__init__(scope, "Dashboard")
        ages = [figure(stage, "OldestOpenEventSeconds"), figure(stage, "OldestDueRowSeconds")]
        failed = [each.metric_approximate_number_of_messages_visible() for each in dead.values()]
        calls = [each.function.metric_invocations() for each in functions]
        slow = [each.function.metric_duration(statistic="p95") for each in functions]
        cloudwatch.Dashboard(
            self,
            "Page",
            # An account's, not a region's:
            # https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutDashboard.html
            dashboard_name=f"holded-relay-{stage.name}-{cdk.Aws.REGION}",
            widgets=[
                [cloudwatch.AlarmStatusWidget(title="Alarms", alarms=alarms, width=24)],
                [_graph("Oldest, s", ages), _graph("To review", [figure(stage, "ReviewCount")])],
                [_graph("Quota used, %", [figure(stage, "QuotaUsedPercent")]), _graph("Not delivered", failed)],
                [_graph("Calls", calls), _graph("p95, ms", slow)],
                [
                    _graph("Accounts blocked", [figure(stage, "AccountsBlocked")]),
                    _graph("Drift", [figure(stage, "Drift")]),
                    _graph("Sources silent", [figure(stage, "SourcesSilent"), figure(stage, "SourcesNotMended")]),
                ],
            ],
        )


def _graph(title: str, metrics: Sequence[cloudwatch.IMetric]) -> cloudwatch.GraphWidget:
    return cloudwatch.GraphWidget(title=title, left=metrics, width=12)
