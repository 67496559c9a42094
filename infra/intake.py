"""The way in: an HTTP API with one route, its access log and its throttle, and the function that verifies and stores."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, cast

import aws_cdk as cdk
from aws_cdk import aws_apigatewayv2 as apigateway
from aws_cdk import aws_apigatewayv2_integrations as integrations
from constructs import Construct

from infra.parts import accept_finding, log_group
from infra.relay_function import RelayFunction
from infra.storage import for_purpose

if TYPE_CHECKING:
    from infra.environments import Stage
    from infra.packaging import Package
    from infra.storage import Storage

ROUTE = "/v1/{account}/{source}"
# No header, no query, no address of the caller: what a sender says of a buyer never reaches a log.
_ACCESS_LOG = {
    "request": "$context.requestId",
    "at": "$context.requestTime",
    "route": "$context.routeKey",
    "path": "$context.path",
    "status": "$context.status",
    "bytes": "$context.responseLength",
    "ms": "$context.responseLatency",
    "function_ms": "$context.integrationLatency",
    "error": "$context.integrationErrorMessage",
}


class Intake(Construct):
    def __init__(
        self, scope: Construct, construct_id: str, *, stage: Stage, storage: Storage, package: Package
    ) -> None:
        super().__init__(scope, construct_id)
        self.receive_webhook = RelayFunction(
            self,
            "receive_webhook",
            stage=stage,
            package=package,
            timeout_seconds=10,
            memory_mb=1024,  # the sender waits: a larger share of a processor halves a cold start
            environment={
                "INBOX_TABLE": storage.inbox.table_name,
                "STATE_TABLE": storage.state.table_name,
                "BODIES_BUCKET": storage.bodies.bucket_name,
            },
        )
        self.api = apigateway.HttpApi(self, "Api", api_name=f"holded-relay-{stage.name}", create_default_stage=False)
        # A throttle is told to the sender as 429, which every sender retries.
        throttle = apigateway.ThrottleSettings(rate_limit=stage.requests_per_second, burst_limit=stage.burst)
        deployed = apigateway.HttpStage(self, "Stage", http_api=self.api, auto_deploy=True, throttle=throttle)
        as_template = cast("apigateway.CfnStage", deployed.node.default_child)
        as_template.access_log_settings = apigateway.CfnStage.AccessLogSettingsProperty(
            destination_arn=log_group(self, stage).log_group_arn, format=json.dumps(_ACCESS_LOG)
        )
        routes = self.api.add_routes(
            path=ROUTE,
            methods=[apigateway.HttpMethod.POST],
            integration=integrations.HttpLambdaIntegration("Receive", self.receive_webhook.function),
        )
        accept_finding(
            routes[0],
            "AwsSolutions-APIG4",
            "Each delivery carries its sender's signature over the raw body, which the function verifies; no gateway "
            "authorizer sees the body",
        )
        self._allow_what_it_does(storage)
        cdk.CfnOutput(self, "Url", value=self.api.api_endpoint).override_logical_id("ApiUrl")

    def _allow_what_it_does(self, storage: Storage) -> None:
        """One read of the account's secrets, one write of the delivery; the secrets of webhooks only."""
        receive = self.receive_webhook
        receive.allow(["dynamodb:PutItem"], [storage.inbox.table_arn])
        receive.allow(
            ["dynamodb:GetItem"],
            [storage.state.table_arn],
            conditions={"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["*#account"]}},
        )
        receive.allow_objects(["s3:PutObject"], storage.bodies)
        receive.allow(["kms:Decrypt"], [storage.key.key_arn], conditions=for_purpose("webhooks"))
