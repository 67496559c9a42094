"""What feeds the bus: the inbox's stream, the function that publishes, and what any publisher needs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import aws_cdk as cdk
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_lambda_event_sources as sources
from constructs import Construct

from infra.parts import queue
from infra.relay_function import RelayFunction

if TYPE_CHECKING:
    from aws_cdk import aws_events as events
    from aws_cdk import aws_sqs as sqs

    from infra.environments import Stage
    from infra.packaging import Package
    from infra.storage import Storage


class Publishing(Construct):
    """The stream calls until it succeeds or gives up into `unpublished`; the sweeper finds what stays open."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        stage: Stage,
        storage: Storage,
        package: Package,
        bus: events.EventBus,
        normal: sqs.Queue,
    ) -> None:
        super().__init__(scope, construct_id)
        self.publish_event = RelayFunction(
            self,
            "publish_event",
            stage=stage,
            package=package,
            timeout_seconds=60,
            environment=publishing_environment(storage, bus, normal) | {"STATE_TABLE": storage.state.table_name},
        )
        allow_publishing(self.publish_event, storage, bus, normal)
        # Only the counters of what came in, for the watchdog of silence.
        self.publish_event.allow(
            ["dynamodb:UpdateItem"],
            [storage.state.table_arn],
            conditions={"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["*#arrivals"]}},
        )
        self.unpublished = queue(self, "Unpublished")
        self._read_the_stream(storage)

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
