"""The template for an emulator that enforces permissions: without the conditions that it cannot judge.

With `AUTH=true` the emulator refuses what a role does not grant. It knows neither `dynamodb:LeadingKeys` nor
`kms:EncryptionContext`, and is spoken to without TLS: so conditions of roles and denials of plain HTTP are left out.
What remains, actions on resources, is enforced; the conditions are held by the tests of the template.
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

_RESOURCE_POLICIES = frozenset({"AWS::SQS::QueuePolicy", "AWS::S3::BucketPolicy", "AWS::SNS::TopicPolicy"})
ENVIRONMENT = {"AUTH": "true"}


def enforceable(template: Mapping[str, Any]) -> dict[str, Any]:
    changed = copy.deepcopy(dict(template))
    resources = changed["Resources"]
    for name, resource in list(resources.items()):
        if resource["Type"] in _RESOURCE_POLICIES:
            document = resource["Properties"]["PolicyDocument"]
            document["Statement"] = [each for each in document["Statement"] if each["Effect"] != "Deny"]
            if not document["Statement"]:
                del resources[name]
        elif resource["Type"] == "AWS::IAM::Policy":
            for statement in resource["Properties"]["PolicyDocument"]["Statement"]:
                statement.pop("Condition", None)
    for resource in resources.values():
        waited_for = resource.get("DependsOn", [])
        if isinstance(waited_for, list):
            resource["DependsOn"] = [each for each in waited_for if each in resources]
        elif waited_for not in resources:
            del resource["DependsOn"]
    return changed
