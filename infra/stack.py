"""The stack: composes the constructs, and holds the two values that a deployment may set."""

from __future__ import annotations

from typing import TYPE_CHECKING

import aws_cdk as cdk

from infra.delivery import Delivery, Queues
from infra.event_bus import EventBus
from infra.intake import Intake
from infra.observability import Observability
from infra.publishing import Publishing
from infra.spending import Spending
from infra.storage import Storage
from infra.upkeep import Upkeep
from infra.watching import Watching

if TYPE_CHECKING:
    from collections.abc import Mapping

    from constructs import Construct

    from infra.environments import Stage
    from infra.packaging import Package


def stack_name(stage: Stage) -> str:
    return f"holded-relay-{stage.name}"


class RelayStack(cdk.Stack):
    """`packages` holds one staged package a function, by its folder's name. `budget_usd`: of a month, None for none."""

    def __init__(
        self,
        scope: Construct,
        *,
        stage: Stage,
        region: str,
        packages: Mapping[str, Package],
        budget_usd: int | None = None,
    ) -> None:
        super().__init__(
            scope,
            stack_name(stage),
            env=cdk.Environment(region=region),
            description="Holded Relay: one business fact, one Holded document",
            termination_protection=stage.keep_data,
        )
        holded = cdk.CfnParameter(self, "HoldedBaseUrl", default="https://api.holded.com")
        settle = cdk.CfnParameter(self, "SettleSeconds", type="Number", default=600, min_value=0)
        storage = Storage(self, "Storage", stage=stage)
        queues = Queues(self, "Queues")
        intake = Intake(self, "Intake", stage=stage, storage=storage, package=packages["receive_webhook"])
        bus = EventBus(self, "EventBus", stage=stage, fiscal=queues.fiscal, normal=queues.normal)
        publishing = Publishing(
            self,
            "Publishing",
            stage=stage,
            storage=storage,
            package=packages["publish_event"],
            bus=bus.bus,
            normal=queues.normal,
        )
        delivery = Delivery(
            self,
            "Delivery",
            stage=stage,
            storage=storage,
            package=packages["write_holded"],
            queues=queues,
            holded_base_url=holded.value_as_string,
            settle_seconds=settle.value_as_string,
        )
        upkeep = Upkeep(self, "Upkeep", stage=stage, storage=storage, packages=packages, queues=queues, bus=bus.bus)
        watching = Watching(
            self,
            "Watching",
            stage=stage,
            storage=storage,
            package=packages["watch_sources"],
            api_url=intake.api.api_endpoint,
            unscheduled=upkeep.unscheduled,
        )
        nets = {
            "Undelivered": bus.undelivered,
            "Unpublished": publishing.unpublished,
            "Unscheduled": upkeep.unscheduled,
        }
        by_clock = [*upkeep.by_clock, *watching.by_clock]
        observability = Observability(
            self,
            "Observability",
            stage=stage,
            functions=[
                intake.receive_webhook,
                publishing.publish_event,
                delivery.write_holded,
                *(each for each, _ in by_clock),
            ],
            by_clock=by_clock,
            api=intake.api,
            receiver=intake.receive_webhook,
            stream_reader=publishing.publish_event,
            dead={"FiscalDlq": queues.fiscal_dead, "NormalDlq": queues.normal_dead, **nets},
        )
        if budget_usd is not None:
            Spending(self, "Spending", usd=budget_usd, topic=observability.topic)
        named = {
            "InboxTable": storage.inbox.table_name,
            "StateTable": storage.state.table_name,
            "BodiesBucket": storage.bodies.bucket_name,
            "SecretsKeyId": storage.key.key_id,
            **{f"{name}Url": net.queue_url for name, net in nets.items()},
        }
        for name, value in named.items():
            cdk.CfnOutput(self, name, value=value)
