"""The one way to make a Lambda function here: runtime, package, log group, a role of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from infra.parts import accept_finding, log_group

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from aws_cdk import aws_s3 as s3

    from infra.environments import Stage
    from infra.packaging import Package


class RelayFunction(Construct):
    """`functions.<name>.main.handler`, with only the permissions that `allow` adds."""

    def __init__(
        self,
        scope: Construct,
        name: str,
        *,
        stage: Stage,
        package: Package,
        environment: Mapping[str, str],
        timeout_seconds: int,
        memory_mb: int = 512,
    ) -> None:
        title = "".join(word.capitalize() for word in name.split("_"))
        super().__init__(scope, title)
        self.named = name
        self.role = iam.Role(self, "Role", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
        logs = log_group(self, stage)
        logs.grant_write(self.role)
        self.function = lambda_.Function(
            self,
            "Function",
            runtime=lambda_.Runtime.PYTHON_3_13,
            architecture=lambda_.Architecture.ARM_64,
            code=lambda_.Code.from_asset(str(package.folder), asset_hash=package.digest),
            handler=f"functions.{name}.main.handler",
            role=self.role.without_policy_updates(),
            log_group=logs,
            timeout=cdk.Duration.seconds(timeout_seconds),
            memory_size=memory_mb,
            environment={
                "RELAY_STAGE": stage.name,
                "POWERTOOLS_SERVICE_NAME": name,
                "POWERTOOLS_LOG_LEVEL": stage.log_level,
                **environment,
            },
        )
        accept_finding(
            self.function,
            "AwsSolutions-L1",
            "Python 3.13 is what the byte code is compiled for, the dependencies are pinned for and the tests run on",
        )
        cdk.CfnOutput(self, "Name", value=self.function.function_name).override_logical_id(f"{title}Function")

    def allow(
        self, actions: Sequence[str], resources: Sequence[str], *, conditions: Mapping[str, Any] | None = None
    ) -> None:
        """Add exactly these actions on exactly these ARNs."""
        self.role.add_to_policy(
            iam.PolicyStatement(actions=actions, resources=resources, conditions=conditions),
        )

    def allow_objects(self, actions: Sequence[str], bucket: s3.Bucket) -> None:
        """Add these actions on every object of the bucket.

        Who may not list a bucket is told "access denied" of a missing object, as of one that is forbidden.
        https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
        """
        self.allow(actions, [bucket.arn_for_objects("*")])
        if "s3:GetObject" in actions:
            self.allow(["s3:ListBucket"], [bucket.bucket_arn])
        stack = cdk.Stack.of(self)
        name = stack.resolve(stack.get_logical_id(cast("cdk.CfnElement", bucket.node.default_child)))
        accept_finding(
            self.role,
            f"AwsSolutions-IAM5[Resource::<{name}.Arn>/*]",
            "An object's key begins with its account, which is not known when the policy is written",
        )
