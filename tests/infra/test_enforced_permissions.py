"""The roles suffice: an order goes the whole road on an emulator that refuses what a role does not grant."""

from __future__ import annotations

import subprocess
import time

import pytest

from infra.local.first_order import first_order
from infra.local.run import LocalStack
from infra.paths import EMULATOR_PYTHON, ROOT

pytestmark = [pytest.mark.emulator, pytest.mark.slow]


@pytest.fixture
def stack(tmp_path):
    if not EMULATOR_PYTHON.exists():
        pytest.skip("the emulator is not installed: make setup")
    (tmp_path / ".local").mkdir()
    with LocalStack(enforce=True, description=tmp_path / ".local" / "stack.json") as running:
        yield running


def ledger(stack):
    items = stack.client("dynamodb").scan(TableName=stack.outputs["StateTable"])["Items"]
    return [item for item in items if "#ledger#shopify#" in item["pk"]["S"] and item["sk"]["S"] == "row"]


def test_the_first_order_becomes_a_document_with_no_more_than_the_roles_grant(stack):
    """By the very command that `make local` shows."""
    run = subprocess.run(["bash", "-c", first_order(stack)[0]], cwd=ROOT, capture_output=True, text=True, check=True)
    assert " 200 " in run.stdout.splitlines()[0], run.stdout

    end = time.monotonic() + 60
    while not (rows := ledger(stack)) or rows[0]["st"]["S"] == "sent":
        assert time.monotonic() < end, (stack.emulator.folder / "emulator.log").read_text()[-3000:]
        time.sleep(0.2)

    assert {(row["st"]["S"]) for row in rows} == {"confirmed"}, rows
    for output in ("ReleaseDueFunction", "SweepInboxFunction", "IndexDeadLettersFunction", "PollHoldedFunction"):
        assert isinstance(stack.invoke(output), dict)


def test_a_call_without_its_grant_is_refused(stack):
    """The emulator does enforce: else the test above would say nothing."""
    role = next(
        name["RoleName"] for name in stack.client("iam").list_roles()["Roles"] if "ReleaseDueRole" in name["RoleName"]
    )
    (policy,) = stack.client("iam").list_role_policies(RoleName=role)["PolicyNames"]
    stack.client("iam").delete_role_policy(RoleName=role, PolicyName=policy)

    with pytest.raises(RuntimeError, match=r"access_denied|AccessDenied|NotAllowed"):
        stack.invoke("ReleaseDueFunction")
