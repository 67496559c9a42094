"""The roles suffice: an order goes the whole road on an emulator that refuses what a role does not grant."""

from __future__ import annotations

import subprocess
import time

import pytest

from infra.local.run import LocalStack
from infra.local.tour import tour
from infra.paths import EMULATOR_PYTHON, ROOT

pytestmark = [pytest.mark.emulator, pytest.mark.slow]


@pytest.fixture
def stack(tmp_path):
    if not EMULATOR_PYTHON.exists():
        pytest.skip("the emulator is not installed: make setup")
    (tmp_path / ".local").mkdir()
    with LocalStack(enforce=True, shops=True, description=tmp_path / ".local" / "stack.json") as running:
        yield running


def ledger(stack):
    items = stack.client("dynamodb").scan(TableName=stack.outputs["StateTable"])["Items"]
    return [item for item in items if "#ledger#shopify#" in item["pk"]["S"] and item["sk"]["S"] == "row"]


def confirmed(stack, count):
    end = time.monotonic() + 60
    while len(rows := [row for row in ledger(stack) if row["st"]["S"] == "confirmed"]) < count:
        assert time.monotonic() < end, (stack.emulator.folder / "emulator.log").read_text()[-3000:]
        time.sleep(0.2)
    return len(rows)


def bash(command):
    return subprocess.run(["bash", "-c", command], cwd=ROOT, capture_output=True, text=True, check=True).stdout


def test_what_is_shown_to_a_newcomer_works_with_no_more_than_the_roles_grant(stack):
    """By the very commands that `make local` shows: an order is posted; a shop is registered at, sells, and is healed."""
    commands = [line.strip() for line in tour(stack).splitlines() if line.startswith("  curl")]
    post, sell, drop, sell_again = commands

    assert " 200 " in bash(post).splitlines()[0]
    assert confirmed(stack, 1) == 1
    for output in ("ReleaseDueFunction", "SweepInboxFunction", "IndexDeadLettersFunction", "PollHoldedFunction"):
        assert isinstance(stack.invoke(output), dict)
    assert stack.invoke("WatchSourcesFunction") == {"watched": 1, "silent": 0, "not_mended": 0, "brought": 0, "late": 0}
    bash(sell)
    assert confirmed(stack, 2) == 2
    bash(f"{drop} && {sell_again}")
    assert {row["st"]["S"] for row in ledger(stack)} == {"confirmed"}


def test_a_call_without_its_grant_is_refused(stack):
    """The emulator does enforce: else the test above would say nothing."""
    role = next(
        name["RoleName"] for name in stack.client("iam").list_roles()["Roles"] if "ReleaseDueRole" in name["RoleName"]
    )
    (policy,) = stack.client("iam").list_role_policies(RoleName=role)["PolicyNames"]
    stack.client("iam").delete_role_policy(RoleName=role, PolicyName=policy)

    with pytest.raises(RuntimeError, match=r"access_denied|AccessDenied|NotAllowed"):
        stack.invoke("ReleaseDueFunction")
