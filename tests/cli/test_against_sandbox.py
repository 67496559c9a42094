"""`account add` against the Holded sandbox, in process: scopes, plan, company and v1 keys as a real server answers."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from holded_sandbox.app import create_app
from holded_sandbox.seeds import DEFAULT_COMPANY_ID, DEFAULT_TOKEN, DEFAULT_V1_KEY
from relay.adapters.clock import SystemClock
from relay.adapters.holded_http import HoldedHttp
from relay.domain.mapping.catalogue import Catalogue

if TYPE_CHECKING:
    from relay.ports.accounts import Credential
    from tests.cli.conftest import Setting

COMPANY = f"/_sandbox/companies/{DEFAULT_COMPANY_ID}"


@dataclass
class Sandbox:
    transport: httpx.ASGITransport

    async def call(self, request: Any, credential: Credential, *, timeout_ms: int) -> Any:
        """A client a call: each command runs its own event loop."""
        api = HoldedHttp(base_url="http://127.0.0.1", clock=SystemClock(), transport=self.transport)
        try:
            return await api.call(request, credential, timeout_ms=timeout_ms)
        finally:
            await api.aclose()

    def tell(self, verb: str, path: str, **body: object) -> Any:
        async def asked() -> Any:
            async with httpx.AsyncClient(
                transport=self.transport, base_url="http://127.0.0.1", trust_env=False
            ) as client:
                reply = await client.request(verb, path, json=body or None)
                assert reply.status_code < 300, reply.text
                return reply.json()

        return asyncio.run(asked())


@pytest.fixture
def sandbox(setting: Setting) -> Sandbox:
    found = Sandbox(httpx.ASGITransport(create_app(deliver=False)))
    setting.world.holded = found
    return found


def add(setting: Setting, token: str = DEFAULT_TOKEN, v1_key: str = "", account: str = "acme") -> Any:
    return setting.run(
        "account",
        "add",
        account,
        "--mode",
        "test",
        "--json",
        env={"RELAY_HOLDED_TOKEN": token, "RELAY_HOLDED_V1_KEY": v1_key},
    )


def test_the_default_company_is_admitted_with_its_own_lists(setting: Setting, sandbox: Sandbox) -> None:
    limits = sandbox.tell("GET", f"{COMPANY}/quota")

    result = add(setting, v1_key=DEFAULT_V1_KEY)

    assert result.exit_code == 0, result.stderr
    account = setting.accounts.accounts["acme"]
    catalogue = Catalogue.from_json(account.catalogue)
    assert {str(tax.rate) for tax in catalogue.taxes if tax.kind == "vat"} >= {"21", "10", "4"}
    assert catalogue.lists["payment_methods"]
    assert catalogue.lists["treasury_accounts"]
    assert catalogue.series["invoice"]
    assert (account.per_minute, account.per_month) == (limits["minute"]["limit"], limits["month"]["limit"])


def test_the_check_writes_nothing_into_holded(setting: Setting, sandbox: Sandbox) -> None:
    before = sandbox.tell("GET", f"{COMPANY}/state")["tables"]

    assert add(setting, v1_key=DEFAULT_V1_KEY).exit_code == 0

    assert sandbox.tell("GET", f"{COMPANY}/state")["tables"] == before


def test_a_token_that_may_only_read_is_told_which_scopes_it_lacks(setting: Setting, sandbox: Sandbox) -> None:
    scopes = ["accounting:taxes.read", "contacts:contacts.read", "sales:invoices.read"]
    token = sandbox.tell("POST", f"{COMPANY}/tokens", scopes=scopes)["token"]

    result = add(setting, token=token)

    assert result.exit_code == 1
    assert "the token lacks contacts:contacts.write, sales:invoices.write" in result.stderr
    assert setting.accounts.accounts == {}


def test_an_unknown_token_is_told_at_once(setting: Setting, sandbox: Sandbox) -> None:
    del sandbox
    result = add(setting, token="pat_unknown")

    assert result.exit_code == 1
    assert "credential_invalid" in result.stderr


@pytest.mark.parametrize(("key", "told"), [("0" * 32, "v1 key"), (None, "v1 key")], ids=["wrong", "read-only"])
def test_a_wrong_or_read_only_v1_key_is_told_at_once(
    setting: Setting, sandbox: Sandbox, key: str | None, told: str
) -> None:
    key = key or sandbox.tell("POST", f"{COMPANY}/v1-keys", can_write=False)["key"]

    result = add(setting, v1_key=key)

    assert result.exit_code == 1
    assert told in result.stderr
    assert key not in result.output
    assert setting.accounts.accounts == {}


def test_two_sandbox_companies_are_told_apart(setting: Setting, sandbox: Sandbox) -> None:
    other = sandbox.tell("POST", "/_sandbox/companies")

    first = add(setting)
    second = add(setting, token=other["token"], account="other")
    third = add(setting, token=other["token"], account="third")

    assert (first.exit_code, second.exit_code, third.exit_code) == (0, 0, 1)
    assert "company_bound" in third.stderr
