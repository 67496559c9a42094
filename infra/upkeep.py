"""What runs by the clock: waking what is due, sweeping what stays open, telling the ledger of dead letters."""

from __future__ import annotations

from typing import TYPE_CHECKING

from constructs import Construct

from infra.parts import queue
from infra.publishing import allow_publishing, publishing_environment
from infra.relay_function import RelayFunction
from infra.schedule import every

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
            every(1, self.release_due, unscheduled=self.unscheduled),
            every(5, self.sweep_inbox, unscheduled=self.unscheduled),
            every(5, self.index_dead_letters, unscheduled=self.unscheduled),
            every(60, self.poll_holded, unscheduled=self.unscheduled),
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
