"""The bus: who gets which event, what becomes of one that cannot be delivered, and the archive."""

from __future__ import annotations

from typing import TYPE_CHECKING

import aws_cdk as cdk
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from constructs import Construct

from infra.parts import queue

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aws_cdk import aws_sqs as sqs

    from infra.environments import Stage

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
