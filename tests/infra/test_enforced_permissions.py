"""The roles suffice: an order goes the whole road on an emulator that refuses what a role does not grant."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from infra.local.run import LocalStack
from infra.paths import EMULATOR_PYTHON

pytestmark = [pytest.mark.emulator, pytest.mark.slow]

ORDER = {
    "id": 820982911946154508,
    "name": "#1001",
    "currency": "EUR",
    "created_at": "2026-03-02T09:00:00+01:00",
    "updated_at": "2026-03-02T09:00:00+01:00",
    "processed_at": "2026-03-02T09:00:00+01:00",
    "financial_status": "paid",
    "taxes_included": True,
    "email": "compras@example.com",
    "total_price": "121.00",
    "subtotal_price": "121.00",
    "total_tax": "21.00",
    "total_discounts": "0.00",
    "customer": {"id": 7, "email": "compras@example.com", "first_name": "Ana", "last_name": "Prueba"},
    "billing_address": {"name": "Ana Prueba", "address1": "Calle Mayor 1", "city": "Madrid", "zip": "28013",
                        "country_code": "ES"},
    "line_items": [
        {"id": 1, "title": "Silla", "quantity": 1, "price": "121.00", "taxable": True, "requires_shipping": True,
         "tax_lines": [{"title": "IVA", "rate": 0.21, "price": "21.00"}]},
    ],
}  # fmt: skip


@pytest.fixture
def stack(tmp_path):
    if not EMULATOR_PYTHON.exists():
        pytest.skip("the emulator is not installed: make setup")
    (tmp_path / ".local").mkdir()
    with LocalStack(enforce=True, description=tmp_path / ".local" / "stack.json") as running:
        yield running


def relay(folder, *arguments):
    """The command line, as a person in `folder`. The credential is the sandbox's well-known one."""
    environment = {**os.environ, "RELAY_HOLDED_TOKEN": "pat_sandbox_default"}
    command = [str(Path(sys.executable).parent / "relay"), *arguments, "--local"]
    run = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
    return run.stdout


def ledger(stack):
    items = stack.client("dynamodb").scan(TableName=stack.outputs["StateTable"])["Items"]
    return [item for item in items if "#ledger#shopify#" in item["pk"]["S"] and item["sk"]["S"] == "row"]


def test_an_order_becomes_a_document_with_no_more_than_the_roles_grant(stack, tmp_path):
    (tmp_path / "order.json").write_text(json.dumps(ORDER))
    relay(tmp_path, "account", "add", "shop", "--mode", "test", "--source", "shopify")
    relay(tmp_path, "send", "--source", "shopify", "--topic", "orders/paid", "--account", "shop", "order.json")

    end = time.monotonic() + 60
    while not (rows := ledger(stack)) or rows[0]["st"]["S"] == "sent":
        assert time.monotonic() < end, (stack.emulator.folder / "emulator.log").read_text()[-3000:]
        time.sleep(0.2)

    assert {(row["st"]["S"]) for row in rows} == {"confirmed"}, rows
    for output in ("ReleaseDueFunction", "SweepInboxFunction", "IndexDeadLettersFunction"):
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
