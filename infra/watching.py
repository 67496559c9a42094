"""The watchdog of silence: the function that asks shops and payment providers, the only one that may open their credentials."""

from __future__ import annotations

from typing import TYPE_CHECKING

from constructs import Construct

from infra.relay_function import RelayFunction
from infra.schedule import every
from infra.storage import for_purpose

if TYPE_CHECKING:
    from aws_cdk import aws_sqs as sqs

    from infra.environments import Stage
    from infra.packaging import Package
    from infra.storage import Storage

PURPOSES = ("webhooks", "provider:shopify", "provider:stripe", "provider:woocommerce")
EVERY_MINUTES = 15


class Watching(Construct):
    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        stage: Stage,
        storage: Storage,
        package: Package,
        api_url: str,
        unscheduled: sqs.Queue,
    ) -> None:
        super().__init__(scope, construct_id)
        self.watch_sources = RelayFunction(
            self,
            "watch_sources",
            stage=stage,
            package=package,
            timeout_seconds=300,
            environment={
                "INBOX_TABLE": storage.inbox.table_name,
                "STATE_TABLE": storage.state.table_name,
                "BODIES_BUCKET": storage.bodies.bucket_name,
                "SECRETS_KEY_ID": storage.key.key_id,
                "API_URL": api_url,
            },
        )
        self._allow_what_it_does(storage)
        self.by_clock = [every(EVERY_MINUTES, self.watch_sources, unscheduled=unscheduled)]

    def _allow_what_it_does(self, storage: Storage) -> None:
        """Read counts, notes and accounts; put notes, deliveries and the log; open providers' credentials, and webhook secrets.

        It seals webhook secrets too: Stripe shows the one of a new endpoint once, to whoever made it.
        """
        watch, state = self.watch_sources, storage.state.table_arn
        watch.allow(["dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:PutItem", "dynamodb:Query"], [state])
        watch.allow(["dynamodb:Query"], [f"{state}/index/work"])
        watch.allow(["dynamodb:GetItem", "dynamodb:PutItem"], [storage.inbox.table_arn])
        watch.allow_objects(["s3:GetObject", "s3:PutObject"], storage.bodies)
        watch.allow(["kms:Decrypt"], [storage.key.key_arn], conditions=for_purpose(*PURPOSES))
        watch.allow(["kms:Encrypt"], [storage.key.key_arn], conditions=for_purpose("webhooks"))
