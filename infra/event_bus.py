"""The bus: who gets which event, what becomes of one that cannot be delivered, the archive, and what feeds it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import aws_cdk as cdk
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_lambda_event_sources as sources
from constructs import Construct

from infra.parts import queue
from infra.relay_function import RelayFunction

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aws_cdk import aws_sqs as sqs

    from infra.environments import Stage
    from infra.packaging import Package
    from infra.storage import Storage

FISCAL = ("order.", "invoice.", "credit_note.", "refund.", "payment.")
NORMAL = ("contact.", "product.")
ARCHIVE_DAYS = 35  # as long as a delivery stays in the inbox


class EventBus(Construct):
    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        stage: Stage,
        storage: Storage,
        package: Package,
        fiscal: sqs.Queue,
        normal: sqs.Queue,
    ) -> None:
        super().__init__(scope, construct_id)
        self.bus = events.EventBus(self, "Bus", event_bus_name=f"holded-relay-{stage.name}")
        self.undelivered = queue(self, "Undelivered")
        self._rule("Fiscal", FISCAL, fiscal)
        self._rule("Normal", NORMAL, normal)
        events.Archive(
            self,
            "Archive",
            source_event_bus=self.bus,
            event_pattern=events.EventPattern(source=events.Match.prefix("relay.")),
            retention=cdk.Duration.days(ARCHIVE_DAYS),
        )
        self.publish_event = RelayFunction(
            self,
            "publish_event",
            stage=stage,
            package=package,
            timeout_seconds=60,
            environment=publishing_environment(storage, self.bus, normal),
        )
        allow_publishing(self.publish_event, storage, self.bus, normal)
        self.unpublished = queue(self, "Unpublished")
        self._read_the_stream(storage)
        cdk.CfnOutput(self, "Name", value=self.bus.event_bus_name).override_logical_id("BusName")

    def _rule(self, construct_id: str, types: Sequence[str], queue_: sqs.Queue) -> None:
        """Only ids go on: a writer reads the inbox itself, so whoever can put events here cannot forge a document."""
        events.Rule(
            self,
            construct_id,
            event_bus=self.bus,
            event_pattern=events.EventPattern(
                # What was read in Holded is news for subscribers; a writer would write it into Holded a second time.
                source=events.Match.anything_but("relay.holded"),
                detail_type=[word for kind in types for word in events.Match.prefix(kind)],
                detail={"id": events.Match.exists(), "account": events.Match.exists()},
            ),
            targets=[
                targets.SqsQueue(
                    queue_,
                    message=events.RuleTargetInput.from_object(
                        {
                            "account": events.EventField.from_path("$.detail.account"),
                            "event": events.EventField.from_path("$.detail.id"),
                        }
                    ),
                    dead_letter_queue=self.undelivered,
                )
            ],
        )

    def _read_the_stream(self, storage: Storage) -> None:
        stream = storage.inbox.table_stream_arn or ""
        publish = self.publish_event
        publish.allow(
            ["dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator", "dynamodb:ListStreams"],
            [stream],
        )
        publish.allow(["sqs:SendMessage"], [self.unpublished.queue_arn])
        mapping = lambda_.EventSourceMapping(
            self,
            "InboxStream",
            target=publish.function,
            event_source_arn=stream,
            starting_position=lambda_.StartingPosition.TRIM_HORIZON,
            batch_size=25,
            parallelization_factor=4,
            filters=[lambda_.FilterCriteria.filter({"eventName": lambda_.FilterRule.is_equal("INSERT")})],
            report_batch_item_failures=True,
            bisect_batch_on_error=True,
            retry_attempts=10,
            max_record_age=cdk.Duration.hours(2),
            on_failure=sources.SqsDlq(self.unpublished),
        )
        mapping.node.add_dependency(publish.role)  # the mapping is refused until the role may read the stream


def publishing_environment(storage: Storage, bus: events.EventBus, normal: sqs.Queue) -> dict[str, str]:
    """What `publish_event` and `sweep_inbox` both know."""
    return {
        "INBOX_TABLE": storage.inbox.table_name,
        "BODIES_BUCKET": storage.bodies.bucket_name,
        "BUS_NAME": bus.event_bus_name,
        "NORMAL_QUEUE_URL": normal.queue_url,
    }


def allow_publishing(function: RelayFunction, storage: Storage, bus: events.EventBus, normal: sqs.Queue) -> None:
    """What it takes to turn a delivery into events: read it, put them, ask for a re-read, note what became of it.

    An event too large for the bus goes into the bucket, and its reference on the bus.
    """
    function.allow(["dynamodb:GetItem", "dynamodb:UpdateItem"], [storage.inbox.table_arn])
    function.allow_objects(["s3:GetObject", "s3:PutObject"], storage.bodies)
    function.allow(["events:PutEvents"], [bus.event_bus_arn])
    function.allow(["sqs:SendMessage"], [normal.queue_arn])
