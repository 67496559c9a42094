"""Foreign errors become errors of this project, all of them, and a lost reply is not mistaken for a lost race."""

from __future__ import annotations

import ast
import asyncio
import subprocess
import sys
from pathlib import Path
from typing import Any

import botocore.exceptions
import botocore.session
import pytest
from botocore import xform_name
from botocore.exceptions import BotoCoreError, ClientError, EndpointConnectionError, ParamValidationError

from relay.adapters import _errors
from relay.adapters._calls import call
from relay.adapters._errors import AWS_ERRORS, TABLE, ConditionFailed, is_conflict, relay_error
from relay.adapters.clients import aws_client, lazy_client
from relay.errors import BadInput, NotAllowed, NotFound, RelayError, Unavailable
from tests.adapters.conftest import LOCAL
from tests.adapters.test_gates import gate
from tests.adapters.test_inbox import delivery
from tests.adapters.test_ledger import row

USED = {
    "dynamodb": [
        "GetItem",
        "PutItem",
        "UpdateItem",
        "DeleteItem",
        "Query",
        "Scan",
        "BatchGetItem",
        "TransactWriteItems",
    ],
    "events": ["PutEvents"],
    "kms": ["Encrypt", "Decrypt"],
    "s3": ["PutObject", "GetObject", "DeleteObjects", "ListObjectsV2"],
    "sqs": [
        "SendMessageBatch",
        "ReceiveMessage",
        "DeleteMessageBatch",
        "ChangeMessageVisibilityBatch",
        "GetQueueAttributes",
    ],
}
HANDLED = {"ConditionalCheckFailedException", "TransactionCanceledException"}


def client_error(code: str, **answer: Any) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "holds the secret payload"}} | answer, "PutItem")


def modelled_codes() -> set[str]:
    session = botocore.session.get_session()
    codes = set()
    for service, operations in USED.items():
        model = session.get_service_model(service)
        for operation in operations:
            for shape in model.operation_model(operation).error_shapes:
                codes |= {shape.name, shape.metadata.get("error", {}).get("code", shape.name)}
    return codes


def called_by_the_adapters() -> set[str]:
    """Operations whose methods are taken from something named like a client, anywhere in the adapters."""
    session = botocore.session.get_session()
    operations = {
        xform_name(operation): operation
        for service in USED
        for operation in session.get_service_model(service).operation_names
    }
    folder = Path(_errors.__file__).parent
    nodes = [node for module in folder.glob("*.py") for node in ast.walk(ast.parse(module.read_text()))]
    taken = [node for node in nodes if isinstance(node, ast.Attribute) and node.attr in operations]
    return {operations[node.attr] for node in taken if ast.unparse(node.value).endswith(("client", "s3", "kms"))}


def test_the_operations_looked_at_are_those_the_adapters_call():
    assert called_by_the_adapters() == {operation for operations in USED.values() for operation in operations}


def test_every_error_that_aws_declares_for_what_we_call_is_in_the_table():
    assert modelled_codes() - set(TABLE) - HANDLED == set()


@pytest.mark.parametrize("code", sorted(TABLE))
def test_a_code_becomes_its_error_without_the_services_words(code):
    error = relay_error(client_error(code))

    assert type(error) is TABLE[code][0]
    assert code in str(error)
    assert "payload" not in str(error)


def test_an_object_that_is_denied_comes_back_later_and_says_that_it_may_be_missing():
    exc = ClientError({"Error": {"Code": "AccessDenied", "Message": "payload"}}, "GetObject")
    error = relay_error(exc)

    assert (type(error), error.reason) == (Unavailable, "access_denied")
    assert "s3:ListBucket" in str(error)
    assert "ListBucket" not in str(relay_error(client_error("AccessDenied")))


def test_an_unknown_code_comes_back_later_instead_of_being_dropped():
    assert isinstance(relay_error(client_error("NewlyInvented")), Unavailable)


def botocore_errors() -> list[type[BotoCoreError]]:
    found = vars(botocore.exceptions).values()
    return [each for each in found if isinstance(each, type) and issubclass(each, BotoCoreError)]


@pytest.mark.parametrize("kind", botocore_errors(), ids=lambda kind: kind.__name__)
def test_every_error_of_the_client_itself_is_translated(kind):
    error = relay_error(kind.__new__(kind))

    assert isinstance(error, BadInput if kind is ParamValidationError else Unavailable)
    assert issubclass(kind, AWS_ERRORS)


@pytest.mark.parametrize(
    ("reasons", "kind"),
    [
        (["None", "ConditionalCheckFailed"], ConditionFailed),
        (["TransactionConflict", "ConditionalCheckFailed"], ConditionFailed),
        (["None", "TransactionConflict"], Unavailable),
        (["ThrottlingError"], Unavailable),
        (["ProvisionedThroughputExceeded"], Unavailable),
        (["ValidationError"], BadInput),
        ([], Unavailable),
    ],
)
def test_a_cancelled_transaction_says_why(reasons, kind):
    exc = client_error("TransactionCanceledException", CancellationReasons=[{"Code": each} for each in reasons])

    assert type(relay_error(exc)) is kind


def test_a_write_that_meets_a_transaction_is_tried_again():
    tries = []

    def write() -> str:
        tries.append(1)
        if len(tries) < 3:
            raise client_error("TransactionConflictException")
        return "written"

    assert asyncio.run(call(write)) == "written"
    assert len(tries) == 3
    assert is_conflict(client_error("TransactionConflictException"))
    assert not is_conflict(client_error("ThrottlingException"))


def test_a_write_that_keeps_meeting_transactions_comes_back_later():
    def write() -> None:
        raise client_error("TransactionConflictException")

    with pytest.raises(Unavailable, match="throttled"):
        asyncio.run(call(write))


@pytest.mark.row("D09")
def test_a_store_that_is_away_is_unavailable_at_once():
    def write() -> None:
        raise EndpointConnectionError(endpoint_url="http://host/secret")

    with pytest.raises(Unavailable) as raised:
        asyncio.run(call(write))
    assert "secret" not in str(raised.value)


def test_a_missing_table_a_refused_value_and_a_missing_object_are_told_apart(aws):
    async def story() -> list[type[RelayError]]:
        kinds = []
        for task in (
            call(aws.dynamo.get_item, TableName="nowhere", Key={"pk": {"S": "x"}}),
            call(aws.dynamo.get_item, TableName=aws.state_table, Key={"pk": {"S": "x"}}),
            call(aws.dynamo.get_item, TableName=aws.state_table),
            call(aws.s3.get_object, Bucket=aws.bucket, Key="nothing"),
            call(aws.s3.get_object, Bucket="no-such-bucket-anywhere", Key="nothing"),
            call(aws.kms.decrypt, CiphertextBlob=b"x" * 100),
        ):
            with pytest.raises(RelayError) as raised:
                await task
            kinds.append(type(raised.value))
        return kinds

    kinds = asyncio.run(story())
    assert kinds[:5] == [Unavailable, BadInput, BadInput, NotFound, Unavailable]
    assert kinds[5] in {NotAllowed, Unavailable}  # the emulator answers with a code of its own


def lose_first_reply(client: Any, operation: str) -> None:
    """The first answer to `operation` is thrown away and the client sends the request again, as after a cut line."""
    lost: list[int] = []

    def once(attempts: int, **_: Any) -> int | None:
        if lost or attempts > 1:
            return None
        lost.append(1)
        return 0

    client.meta.events.register_first(f"needs-retry.dynamodb.{operation}", once)


def test_a_claim_whose_reply_was_lost_is_still_ours(aws):
    lose_first_reply(aws.dynamo, "PutItem")

    assert asyncio.run(aws.ledger.insert(row())) is None


def test_a_replacement_whose_reply_was_lost_is_still_ours(aws):
    asyncio.run(aws.ledger.insert(row()))
    lose_first_reply(aws.dynamo, "PutItem")

    assert asyncio.run(aws.ledger.replace(row(owner="me"), expected_rev=1))


def test_a_claim_that_came_second_is_lost_however_often_it_was_sent(aws):
    asyncio.run(aws.ledger.insert(row(owner="first")))
    lose_first_reply(aws.dynamo, "PutItem")

    assert asyncio.run(aws.ledger.insert(row(owner="second"))) == row(owner="first")


def test_the_same_row_from_another_task_is_another_claim(aws):
    """Two tasks of one drainer at the same millisecond: equal in every field, and still only one may write."""
    asyncio.run(aws.ledger.insert(row(owner="drainer")))
    lose_first_reply(aws.dynamo, "PutItem")

    assert asyncio.run(aws.ledger.insert(row(owner="drainer"))) == row(owner="drainer")


def test_a_child_whose_reply_was_lost_waits(aws):
    lose_first_reply(aws.dynamo, "TransactWriteItems")
    parent = row("parent").key

    if aws.name == "moto":
        pytest.skip("moto ignores the client's token and applies a repeated transaction again")
    assert asyncio.run(aws.ledger.wait_for_parent(row("child", state="waiting"), parent=parent, expected_rev=0))


def test_a_lease_whose_reply_was_lost_is_ours_and_its_wakes_are_many(aws):
    async def story() -> Any:
        await aws.gates.store(gate(), expected_rev=0)
        await aws.gates.wake("acme", "k", holder="me")
        lose_first_reply(aws.dynamo, "UpdateItem")
        return await aws.gates.store(gate(rev=2), expected_rev=1, take_wakes=True)

    answer = asyncio.run(story())
    assert (answer.ok, answer.wakes) == (True, ("*",))


def test_a_delivery_whose_reply_was_lost_counts_as_received(aws):
    lose_first_reply(aws.dynamo, "PutItem")

    assert aws.writer.put(delivery(), digest="d") == "duplicate"


def test_a_lazy_client_is_made_at_its_first_call(moto_world):
    lazy = lazy_client("s3", **LOCAL)
    assert "put_object" not in vars(lazy)

    lazy.put_object(Bucket=moto_world.bucket, Key="k", Body=b"x")
    assert lazy.get_object(Bucket=moto_world.bucket, Key="k")["Body"].read() == b"x"
    lazy.close()


def test_a_client_gives_up_in_seconds():
    client = aws_client("dynamodb", **LOCAL)
    config = client.meta.config

    assert (config.connect_timeout, config.read_timeout) == (1.0, 4.0)
    assert config.retries["total_max_attempts"] == 3
    client.close()


HEAVY = {"asyncio", "pydantic", "httpx", "aws_lambda_powertools", "relay.domain.models", "relay.domain.ledger"}


def test_the_hot_path_loads_nothing_heavy():
    code = (
        "import relay.adapters.dynamodb_inbox_writer, relay.adapters.dynamodb_webhook_secrets, relay.adapters.clock,"
        " relay.adapters.clients, sys; print(*sys.modules)"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert HEAVY.isdisjoint(answer.stdout.split())
