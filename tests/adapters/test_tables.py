"""The tables the adapters are tested on are the ones the stack makes."""

from __future__ import annotations

from typing import Any

from infra.environments import DEFAULT_REGION
from infra.local.synth import template
from tests.adapters import tables

COMPARED = ("KeySchema", "AttributeDefinitions", "GlobalSecondaryIndexes", "BillingMode")


def in_order(value: Any) -> Any:
    if isinstance(value, list):
        return sorted((in_order(each) for each in value), key=repr)
    return {name: in_order(each) for name, each in value.items()} if isinstance(value, dict) else value


def test_test_tables_have_the_keys_and_indexes_of_the_stack():
    resources = template("holded-relay-dev", stage_name="dev", region=DEFAULT_REGION)["Resources"].values()
    made = [each["Properties"] for each in resources if each["Type"] == "AWS::DynamoDB::Table"]
    state = next(each for each in made if len(each["KeySchema"]) == 2)
    inbox = next(each for each in made if len(each["KeySchema"]) == 1)

    for ours, theirs in ((tables.state("x"), state), (tables.inbox("x"), inbox)):
        assert {name: in_order(ours[name]) for name in COMPARED} == {name: in_order(theirs[name]) for name in COMPARED}
        assert theirs["TimeToLiveSpecification"] == {"AttributeName": "expires_at", "Enabled": True}
    assert inbox["StreamSpecification"]["StreamViewType"] == "NEW_IMAGE"
