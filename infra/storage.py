"""Where everything is kept: the inbox table with its stream, the state table, the bucket of large bodies, the key."""

from __future__ import annotations

from typing import TYPE_CHECKING

import aws_cdk as cdk
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

from infra.parts import accept_finding, removal_of

if TYPE_CHECKING:
    from infra.environments import Stage

_TEXT = dynamodb.AttributeType.STRING
_NUMBER = dynamodb.AttributeType.NUMBER


class Storage(Construct):
    def __init__(self, scope: Construct, construct_id: str, *, stage: Stage) -> None:
        super().__init__(scope, construct_id)
        removal = removal_of(stage)
        self.key = _key(self, removal)
        self.inbox = self._table("Inbox", removal, stage, stream=dynamodb.StreamViewType.NEW_IMAGE)
        _index(self.inbox, "open", dynamodb.Attribute(name="open_sk", type=_TEXT))
        self.state = self._table("State", removal, stage, sort_key=dynamodb.Attribute(name="sk", type=_TEXT))
        _index(self.state, "work", dynamodb.Attribute(name="work_sk", type=_TEXT))
        _index(self.state, "holded")
        _index(self.state, "wake", dynamodb.Attribute(name="wake_ms", type=_NUMBER))
        self.bodies = s3.Bucket(
            self,
            "Bodies",
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            encryption=s3.BucketEncryption.KMS,
            encryption_key=self.key,
            bucket_key_enabled=True,
            enforce_ssl=True,
            lifecycle_rules=[s3.LifecycleRule(expiration=cdk.Duration.days(stage.body_days))],
            removal_policy=removal,
        )
        accept_finding(
            self.bodies,
            "AwsSolutions-S1",
            "Bodies are written once by one function and read by three; the account's CloudTrail data events, where "
            "wanted, tell who read what without a second bucket to keep",
        )

    def _table(
        self,
        construct_id: str,
        removal: cdk.RemovalPolicy,
        stage: Stage,
        *,
        sort_key: dynamodb.Attribute | None = None,
        stream: dynamodb.StreamViewType | None = None,
    ) -> dynamodb.Table:
        return dynamodb.Table(
            self,
            construct_id,
            partition_key=dynamodb.Attribute(name="pk", type=_TEXT),
            sort_key=sort_key,
            stream=stream,
            billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
            encryption=dynamodb.TableEncryption.CUSTOMER_MANAGED,
            encryption_key=self.key,
            point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
                point_in_time_recovery_enabled=True
            ),
            time_to_live_attribute="expires_at",
            deletion_protection=stage.keep_data,
            removal_policy=removal,
        )


def _index(table: dynamodb.Table, name: str, sort_key: dynamodb.Attribute | None = None) -> None:
    """A sparse index of keys: only items that carry `<name>_pk` are in it."""
    table.add_global_secondary_index(
        index_name=name,
        partition_key=dynamodb.Attribute(name=f"{name}_pk", type=_TEXT),
        sort_key=sort_key,
        projection_type=dynamodb.ProjectionType.KEYS_ONLY,
    )


def _key(scope: Construct, removal: cdk.RemovalPolicy) -> kms.Key:
    """One key. Tables and bucket use it for whoever may use them; a credential needs its purpose as well.

    As in AWS's own `aws/dynamodb` key, use *through* DynamoDB and S3 follows from the right to the table or bucket, so
    that no function holds a Decrypt that would open credentials too.
    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/encryption.usagenotes.html
    """
    key = kms.Key(scope, "Key", enable_key_rotation=True, removal_policy=removal, description="Holded Relay")
    stack = cdk.Stack.of(scope)
    services = [f"{service}.{stack.region}.amazonaws.com" for service in ("dynamodb", "s3")]
    key.add_to_resource_policy(
        iam.PolicyStatement(
            sid="ThroughTablesAndBucket",
            principals=[iam.AnyPrincipal()],
            actions=["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey"],
            resources=["*"],
            conditions={"StringEquals": {"kms:CallerAccount": stack.account, "kms:ViaService": services}},
        )
    )
    return key


def for_purpose(*purposes: str) -> dict[str, dict[str, str | list[str]]]:
    """The condition under which a function may use the key: only what was encrypted for one of these purposes."""
    named = purposes[0] if len(purposes) == 1 else list(purposes)
    return {"StringEquals": {"kms:EncryptionContext:purpose": named}}
