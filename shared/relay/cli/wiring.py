"""The adapters of one deployment, made from its outputs: the command line's only composition root."""

import httpx

from relay.adapters.clients import aws_client
from relay.adapters.clock import SystemClock
from relay.adapters.dynamodb_accounts import DynamoAccounts
from relay.adapters.dynamodb_gates import DynamoGates
from relay.adapters.dynamodb_inbox import DynamoInbox
from relay.adapters.dynamodb_ledger import DynamoLedger
from relay.adapters.dynamodb_notes import DynamoNotes
from relay.adapters.dynamodb_polls import DynamoPolls
from relay.adapters.dynamodb_providers import DynamoProviders
from relay.adapters.holded_http import HoldedHttp
from relay.adapters.provider_http import ProviderHttp
from relay.adapters.s3_bodies import S3Bodies
from relay.adapters.sqs import SqsWakes
from relay.adapters.sqs_dead_letters import SqsDeadLetters
from relay.cli.context import World
from relay.cli.queues import SqsQueues
from relay.cli.stack import Stack

POST_SECONDS = 35.0
"""API Gateway answers within 30 s, one way or the other."""

QUEUES = {
    "fiscal": "FiscalQueueUrl",
    "normal": "NormalQueueUrl",
    "fiscal DLQ": "FiscalDlqUrl",
    "normal DLQ": "NormalDlqUrl",
    "undelivered": "UndeliveredUrl",
    "unpublished": "UnpublishedUrl",
    "unscheduled": "UnscheduledUrl",
}


def wire(stack: Stack, *, who: str) -> World:
    """Raises `NotFound` for an output the stack lacks. A local stack takes any credentials, and no proxy stands before it."""
    options: dict[str, str | None] = {"region_name": stack.region, "endpoint_url": stack.endpoint_url}
    if stack.is_local:
        options |= {"aws_access_key_id": "local", "aws_secret_access_key": "local"}
    clock = SystemClock(origin_s=stack.clock[0], scale=stack.clock[1]) if stack.clock else SystemClock()
    dynamodb = aws_client("dynamodb", **options)
    state, inbox, bucket = stack.output("StateTable"), stack.output("InboxTable"), stack.output("BodiesBucket")
    s3, sqs = aws_client("s3", **options), aws_client("sqs", **options)
    urls = {name: stack.output(key) for name, key in QUEUES.items()}
    bodies = S3Bodies(client=s3, bucket=bucket)
    kms, key_id = aws_client("kms", **options), stack.output("SecretsKeyId")
    return World(
        accounts=DynamoAccounts(
            client=dynamodb,
            kms=kms,
            table=state,
            key_id=key_id,
            inbox_table=inbox,
            bodies=bodies,
            clock=clock,
        ),
        ledger=DynamoLedger(client=dynamodb, table=state, bodies=bodies, clock=clock),
        inbox=DynamoInbox(client=dynamodb, s3=s3, table=inbox, bucket=bucket, clock=clock),
        gates=DynamoGates(client=dynamodb, table=state),
        polls=DynamoPolls(client=dynamodb, table=state),
        holded=HoldedHttp(base_url=stack.holded_url, clock=clock),
        queues=SqsQueues(client=sqs, urls=urls),
        wakes=SqsWakes(client=sqs, fiscal_url=urls["fiscal"], normal_url=urls["normal"], clock=clock),
        dead_letters=SqsDeadLetters(client=sqs, urls={name: urls[f"{name} DLQ"] for name in ("fiscal", "normal")}),
        notes=DynamoNotes(client=dynamodb, table=state),
        providers=DynamoProviders(client=dynamodb, kms=kms, table=state, key_id=key_id),
        provider_api=ProviderHttp(clock=clock, local=stack.is_local),
        clock=clock,
        post=httpx.Client(timeout=POST_SECONDS, trust_env=not stack.is_local),
        api_url=stack.output("ApiUrl"),
        who=who,
        is_local=stack.is_local,
    )
