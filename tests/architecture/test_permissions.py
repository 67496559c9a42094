"""Each function's role holds exactly the permissions its code can use, no fewer and no more."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from infra.environments import DEFAULT_REGION
from infra.local.synth import template
from infra.packaging import function_names

sys.path.append(str(Path(__file__).parent))
from reach import ACTIONS, calls  # beside this file; test folders are not packages

LOGS = {("logs", "logs:CreateLogStream"), ("logs", "logs:PutLogEvents")}
# What Lambda calls with the function's role, to bring it its events and to put away what it gave up.
BY_LAMBDA = {
    "publish_event": {
        ("stream", "dynamodb:DescribeStream"), ("stream", "dynamodb:GetRecords"),
        ("stream", "dynamodb:GetShardIterator"), ("stream", "dynamodb:ListStreams"), ("sqs", "sqs:SendMessage"),
    },
    "write_holded": {
        ("sqs", "sqs:ChangeMessageVisibility"), ("sqs", "sqs:DeleteMessage"),
        ("sqs", "sqs:GetQueueAttributes"), ("sqs", "sqs:ReceiveMessage"),
    },
}  # fmt: skip
# What the reading of names finds and the function cannot reach, each with the reason.
UNREACHED = {
    "index_dead_letters": {
        ("state", "dynamodb:GetItem"): "only dictionaries are asked by `get`; rows are inserted unseen",
        ("s3", "s3:GetObject"): "its ledger is wired without a bucket: a dead row carries no event",
        ("s3", "s3:ListBucket"): "as above",
        ("s3", "s3:PutObject"): "as above",
    },
    "poll_holded": {
        ("s3", "s3:GetObject"): "its ledger is wired without a bucket: a standing row carries no event",
        ("s3", "s3:ListBucket"): "as above",
        ("s3", "s3:PutObject"): "as above",
    },
}
PROVIDERS = [f"provider:{name}" for name in ("shopify", "stripe", "woocommerce")]
PURPOSE = {"receive_webhook": "webhooks", "write_holded": "holded", "watch_sources": ["webhooks", *PROVIDERS]}
SEALS = {"watch_sources": "webhooks"}  # Stripe shows the secret of a new endpoint to its maker alone


@pytest.fixture(scope="module")
def statements():
    """The policy statements of each function's role, by the function's folder."""
    held = template("holded-relay-dev", stage_name="dev", region=DEFAULT_REGION)["Resources"]
    roles = {
        each["Properties"]["Role"]["Fn::GetAtt"][0]: each["Properties"]["Handler"].split(".")[1]
        for each in held.values()
        if each["Type"] == "AWS::Lambda::Function"
    }
    found = {name: [] for name in roles.values()}
    for each in held.values():
        if each["Type"] == "AWS::IAM::Policy":
            for role in each["Properties"]["Roles"]:
                if role["Ref"] in roles:
                    found[roles[role["Ref"]]] += each["Properties"]["PolicyDocument"]["Statement"]
    return found


def as_list(value):
    return value if isinstance(value, list) else [value]


def subject(action, resource):
    text = str(resource)
    if "StreamArn" in text:
        return "stream"
    if action.startswith("dynamodb:"):
        return "inbox" if "StorageInbox" in text else "state"
    return action.split(":")[0]


def granted(statements):
    return {
        (subject(action, resource), action)
        for statement in statements
        for action in as_list(statement["Action"])
        for resource in as_list(statement["Resource"])
    }


@pytest.mark.parametrize("name", function_names())
def test_a_role_grants_what_its_function_calls_and_nothing_else(statements, name):
    allowed = granted(statements[name]) - LOGS - BY_LAMBDA.get(name, set())
    found = calls(name)
    unreached = UNREACHED.get(name, {}).keys()
    assert unreached <= found, "an exception that nothing needs any more"
    wanted = found - BY_LAMBDA.get(name, set()) - unreached

    assert {"missing": wanted - allowed, "too much": allowed - wanted} == {"missing": set(), "too much": set()}


@pytest.mark.parametrize("name", function_names())
def test_no_role_names_an_action_or_a_resource_by_a_wildcard(statements, name):
    for statement in statements[name]:
        assert statement["Effect"] == "Allow"
        assert not any("*" in action for action in as_list(statement["Action"]))
        assert "*" not in as_list(statement["Resource"])


@pytest.mark.parametrize("name", function_names())
def test_only_three_functions_use_the_key_and_each_only_for_its_purposes(statements, name):
    using = {
        action: each["Condition"]["StringEquals"]["kms:EncryptionContext:purpose"]
        for each in statements[name]
        for action in as_list(each["Action"])
        if "kms:" in action
    }

    expected = {"kms:Decrypt": PURPOSE[name]} if name in PURPOSE else {}
    assert using == expected | ({"kms:Encrypt": SEALS[name]} if name in SEALS else {})


def test_who_counts_what_came_in_can_change_nothing_else_of_the_state(statements):
    (counting,) = [
        each
        for each in statements["publish_event"]
        if "dynamodb:UpdateItem" in as_list(each["Action"]) and "StorageState" in str(each["Resource"])
    ]

    assert counting["Condition"] == {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["*#arrivals"]}}


@pytest.mark.parametrize("name", function_names())
def test_who_gets_objects_may_list_the_bucket_so_that_a_missing_one_is_told_as_missing(statements, name):
    getting = [each for each in statements[name] if "s3:GetObject" in as_list(each["Action"])]
    listing = [each for each in statements[name] if "s3:ListBucket" in as_list(each["Action"])]

    assert len(listing) == len(getting)
    for objects, bucket in zip(getting, listing, strict=True):
        assert "Condition" not in bucket  # a prefix would make the missing objects of others look denied
        (of_objects,) = as_list(objects["Resource"])
        assert of_objects == {"Fn::Join": ["", [bucket["Resource"], "/*"]]}


def test_the_receiving_function_reads_accounts_only(statements):
    (reading,) = [each for each in statements["receive_webhook"] if "dynamodb:GetItem" in as_list(each["Action"])]

    assert reading["Condition"] == {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["*#account"]}}


def test_the_key_opens_for_tables_and_bucket_only_through_their_services():
    held = template("holded-relay-dev", stage_name="dev", region=DEFAULT_REGION)["Resources"]
    (key,) = [each["Properties"] for each in held.values() if each["Type"] == "AWS::KMS::Key"]
    (through,) = [each for each in key["KeyPolicy"]["Statement"] if each["Principal"] == {"AWS": "*"}]

    assert through["Condition"]["StringEquals"].keys() == {"kms:CallerAccount", "kms:ViaService"}
    services = [f"{name}.{DEFAULT_REGION}.amazonaws.com" for name in ("dynamodb", "s3")]
    assert through["Condition"]["StringEquals"]["kms:ViaService"] == services
    assert key["EnableKeyRotation"] is True


def test_no_call_of_the_adapters_is_unknown_to_this_check():
    """Every method name of the clients in use that appears in an adapter must be in the table above."""
    import ast

    from botocore import xform_name
    from botocore.session import get_session
    from reach import ROOT, attributes

    known = get_session()
    operations = {
        xform_name(operation)
        for service in ("dynamodb", "s3", "sqs", "kms", "events")
        for operation in known.get_service_model(service).operation_names
    }
    used = set()
    for path in (ROOT / "shared/relay/adapters").glob("*.py"):
        used |= attributes(ast.parse(path.read_text(encoding="utf-8"))) & operations

    assert used - ACTIONS.keys() == set()
