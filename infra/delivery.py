"""The way out: two queues of wakes with their dead letters, the writers, and the schedules that heal and remind."""

from __future__ import annotations

from typing import TYPE_CHECKING

import aws_cdk as cdk
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from infra.parts import queue
from infra.relay_function import RelayFunction
from infra.storage import for_purpose

if TYPE_CHECKING:
    from aws_cdk import aws_sqs as sqs

    from infra.environments import Stage
    from infra.packaging import Package
    from infra.storage import Storage

WRITE_SECONDS = 90
# A message of a writer that died comes back after this; AWS advises six times the function's time-out.
# https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
VISIBILITY_SECONDS = 6 * WRITE_SECONDS


class Queues(Construct):
    """Made before the bus, which fills them, and the writers, which empty them."""

    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(scope, construct_id)
        self.fiscal_dead = queue(self, "FiscalDead")
        self.normal_dead = queue(self, "NormalDead")
        self.fiscal = queue(self, "Fiscal", visibility_seconds=VISIBILITY_SECONDS, dead_letters=self.fiscal_dead)
        self.normal = queue(self, "Normal", visibility_seconds=VISIBILITY_SECONDS, dead_letters=self.normal_dead)
        named = {"FiscalQueueUrl": self.fiscal, "NormalQueueUrl": self.normal}
        named |= {"FiscalDlqUrl": self.fiscal_dead, "NormalDlqUrl": self.normal_dead}
        for name, made in named.items():
            cdk.CfnOutput(self, f"{name}Output", value=made.queue_url).override_logical_id(name)

    @property
    def environment(self) -> dict[str, str]:
        return {"FISCAL_QUEUE_URL": self.fiscal.queue_url, "NORMAL_QUEUE_URL": self.normal.queue_url}

    @property
    def arns(self) -> list[str]:
        return [self.fiscal.queue_arn, self.normal.queue_arn]


class Delivery(Construct):
    """The writers: one function behind both queues."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        stage: Stage,
        storage: Storage,
        package: Package,
        queues: Queues,
        holded_base_url: str,
        settle_seconds: str,
    ) -> None:
        super().__init__(scope, construct_id)
        self.write_holded = RelayFunction(
            self,
            "write_holded",
            stage=stage,
            package=package,
            timeout_seconds=WRITE_SECONDS,
            memory_mb=1024,
            environment={
                "INBOX_TABLE": storage.inbox.table_name,
                "STATE_TABLE": storage.state.table_name,
                "BODIES_BUCKET": storage.bodies.bucket_name,
                "HOLDED_BASE_URL": holded_base_url,
                "SETTLE_SECONDS": settle_seconds,
                **queues.environment,
            },
        )
        self._allow_what_it_does(storage, queues)
        self._consume("FiscalWakes", queues.fiscal, stage.fiscal_concurrency)
        self._consume("NormalWakes", queues.normal, stage.normal_concurrency)

    def _allow_what_it_does(self, storage: Storage, queues: Queues) -> None:
        write = self.write_holded
        write.allow(["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"], [storage.inbox.table_arn])
        write.allow(
            [
                "dynamodb:BatchGetItem",
                "dynamodb:ConditionCheckItem",
                "dynamodb:GetItem",
                "dynamodb:PutItem",
                "dynamodb:Query",
                "dynamodb:UpdateItem",
            ],
            [storage.state.table_arn],
        )
        write.allow(["dynamodb:Query"], [f"{storage.state.table_arn}/index/{name}" for name in ("work", "holded")])
        write.allow_objects(["s3:GetObject", "s3:PutObject"], storage.bodies)
        write.allow(["kms:Decrypt"], [storage.key.key_arn], conditions=for_purpose("holded"))
        write.allow(["sqs:SendMessage"], queues.arns)

    def _consume(self, construct_id: str, source: sqs.Queue, concurrency: int) -> None:
        self.write_holded.allow(
            ["sqs:ChangeMessageVisibility", "sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"],
            [source.queue_arn],
        )
        mapping = lambda_.EventSourceMapping(
            self,
            construct_id,
            target=self.write_holded.function,
            event_source_arn=source.queue_arn,
            batch_size=10,
            max_concurrency=concurrency,
            report_batch_item_failures=True,
        )
        mapping.node.add_dependency(self.write_holded.role)
