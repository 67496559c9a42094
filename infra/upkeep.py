"""What runs by the clock: waking what is due, sweeping what stays open, telling the ledger of dead letters."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_cdk import aws_iam as iam
from aws_cdk import aws_scheduler as scheduler
from constructs import Construct

from infra.parts import queue
from infra.publishing import allow_publishing, publishing_environment
from infra.relay_function import RelayFunction

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aws_cdk import aws_events as events

    from infra.delivery import Queues
    from infra.environments import Stage
    from infra.packaging import Package
    from infra.storage import Storage


class Upkeep(Construct):
    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        stage: Stage,
        storage: Storage,
        packages: Mapping[str, Package],
        queues: Queues,
        bus: events.EventBus,
    ) -> None:
        super().__init__(scope, construct_id)
        self.unscheduled = queue(self, "Unscheduled")
        environments = {
            "release_due": {"STATE_TABLE": storage.state.table_name, **queues.environment},
            "sweep_inbox": publishing_environment(storage, bus, queues.normal),
            "index_dead_letters": {
                "STATE_TABLE": storage.state.table_name,
                "FISCAL_DLQ_URL": queues.fiscal_dead.queue_url,
                "NORMAL_DLQ_URL": queues.normal_dead.queue_url,
            },
            "poll_holded": {"STATE_TABLE": storage.state.table_name},
        }
        made = {
            name: RelayFunction(
                self, name, stage=stage, package=packages[name], environment=environment, timeout_seconds=60
            )
            for name, environment in environments.items()
        }
        self.release_due = made["release_due"]
        self.sweep_inbox = made["sweep_inbox"]
        self.index_dead_letters = made["index_dead_letters"]
        self.poll_holded = made["poll_holded"]
        self._allow_what_they_do(storage, queues, bus)
        self.by_clock = [
            self._every(1, self.release_due),
            self._every(5, self.sweep_inbox),
            self._every(5, self.index_dead_letters),
            self._every(60, self.poll_holded),
        ]

    def _allow_what_they_do(self, storage: Storage, queues: Queues, bus: events.EventBus) -> None:
        self.release_due.allow(["dynamodb:Query"], [f"{storage.state.table_arn}/index/wake"])
        self.release_due.allow(["sqs:SendMessage"], queues.arns)
        self.sweep_inbox.allow(["dynamodb:Query"], [f"{storage.inbox.table_arn}/index/open"])
        allow_publishing(self.sweep_inbox, storage, bus, queues.normal)
        index = self.index_dead_letters
        # No DeleteMessage: a dead letter stays where the console's redrive finds it.
        index.allow(
            ["sqs:ReceiveMessage"],
            [queues.fiscal_dead.queue_arn, queues.normal_dead.queue_arn],
        )
        index.allow(["dynamodb:PutItem"], [storage.state.table_arn])
        poll = self.poll_holded
        rows = ["dynamodb:BatchGetItem", "dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"]
        poll.allow(rows, [storage.state.table_arn])
        poll.allow(["dynamodb:Query"], [f"{storage.state.table_arn}/index/work"])

    def _every(self, minutes: int, called: RelayFunction) -> tuple[RelayFunction, int]:
        """Returns the function with its minutes."""
        caller = iam.Role(called, "Scheduler", assumed_by=iam.ServicePrincipal("scheduler.amazonaws.com"))
        caller.add_to_policy(
            iam.PolicyStatement(actions=["lambda:InvokeFunction"], resources=[called.function.function_arn])
        )
        caller.add_to_policy(iam.PolicyStatement(actions=["sqs:SendMessage"], resources=[self.unscheduled.queue_arn]))
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
                dead_letter_config=scheduler.CfnSchedule.DeadLetterConfigProperty(arn=self.unscheduled.queue_arn),
            ),
        )
        schedule.node.add_dependency(caller)
        return called, minutes
