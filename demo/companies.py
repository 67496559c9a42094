"""The two Holded companies of the demo, in the sandbox, and the relay's accounts for them."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx

from demo.day import LARGE, SMALL

if TYPE_CHECKING:
    from infra.local.run import LocalStack

PLANS = {SMALL: "plus", LARGE: "standard"}
LIMITS = {"plus": 60, "standard": 120}
"""Holded's calls a minute (Holded facts 8.1)."""
SETTINGS: dict[str, dict[str, Any]] = {
    SMALL: {},
    LARGE: {"schemes": {"recargo": "equivalence"}, "retention": [{"rate": "15"}]},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Company:
    """A company of the sandbox; `state` and `calls` look at it from outside, through the sandbox's control API."""

    account: str
    id: str
    base_url: str

    def state(self) -> dict[str, Any]:
        found: dict[str, Any] = httpx.get(f"{self.base_url}/companies/{self.id}/state", timeout=30).json()
        return found

    def documents(self) -> dict[str, dict[str, Any]]:
        return {document["id"]: document for document in self.state()["tables"]["documents"]}

    def counters(self) -> dict[str, Any]:
        found: dict[str, Any] = httpx.get(f"{self.base_url}/counters", timeout=30).json()[self.id]
        return found


def open_companies(stack: LocalStack) -> dict[str, Company]:
    """Create the companies, tell them to send their webhooks to the relay, and add their accounts as a user would."""
    with ThreadPoolExecutor(max_workers=len(PLANS)) as pool:
        opened = pool.map(lambda item: _open(stack, *item), PLANS.items())
        return {company.account: company for company in opened}


def _open(stack: LocalStack, account: str, plan: str) -> Company:
    control = f"{stack.sandbox_url}/_sandbox"
    made = (
        httpx.post(f"{control}/companies", json={"name": account, "plan": plan}, timeout=30).raise_for_status().json()
    )
    secret = f"whsec_{secrets.token_hex(20)}"
    _add_account(account, token=made["token"], secret=secret)
    url = f"{stack.outputs['ApiUrl']}/v1/{account}/holded"
    webhook = {"url": url, "secret": secret}
    httpx.post(f"{control}/companies/{made['id']}/webhooks", json=webhook, timeout=30).raise_for_status()
    return Company(account=account, id=made["id"], base_url=control)


def _add_account(account: str, *, token: str, secret: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        settings, given = Path(folder) / "settings.json", Path(folder) / "secrets.json"
        settings.write_text(json.dumps(SETTINGS[account]), encoding="utf-8")
        given.write_text(json.dumps({"holded": secret}), encoding="utf-8")
        command = [
            str(Path(sys.executable).with_name("relay")),
            *("account", "add", account, "--mode", "test", "--name", account, "--local", "--json"),
            *("--settings", str(settings), "--secrets-file", str(given)),
        ]
        done = subprocess.run(
            command, env=os.environ | {"RELAY_HOLDED_TOKEN": token}, capture_output=True, text=True, check=False
        )
    if done.returncode:
        raise RuntimeError(f"relay account add {account}: {done.stderr.strip()}")
