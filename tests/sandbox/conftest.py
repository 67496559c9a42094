"""A client of the sandbox's core: no socket, no clock but the one it carries."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from random import Random
from typing import Any

import pytest

from holded_sandbox.control import Control
from holded_sandbox.core import Sandbox
from holded_sandbox.wire import Exchange, Request, Response

START = 1_795_219_200.0  # 2026-11-21 00:00 UTC, 01:00 in Madrid
TOKEN = "pat_test"
KEY = "0" * 31 + "1"


@dataclass
class Client:
    sandbox: Sandbox = field(default_factory=lambda: Sandbox(Random(7)))
    now: float = START

    def __post_init__(self) -> None:
        self.company = self.sandbox.add_company({"minute_limit": 10_000, "month_limit": 100_000}, self.now)
        self.company.tokens[TOKEN] = None
        self.company.v1_keys[KEY] = True
        self._control = Control(self.sandbox)

    def exchange(
        self, method: str, path: str, body: object = None, *, token: str = TOKEN, raw: bytes = b""
    ) -> Exchange:
        headers = {"authorization": f"Bearer {token}"}
        if "/v1/" in path:
            headers = {"key": KEY if token == TOKEN else token}
        return self.sandbox.handle(Request.make(method, path, headers=headers, json_body=body, body=raw), self.now)

    def call(self, method: str, path: str, body: object = None, *, token: str = TOKEN, raw: bytes = b"") -> Response:
        exchange = self.exchange(method, path, body, token=token, raw=raw)
        assert exchange.response is not None, exchange.action
        return exchange.response

    def v2(self, method: str, path: str, body: object = None, *, status: int = 200) -> Any:
        response = self.call(method, "/api/v2" + path, body)
        assert response.status == status, response.body
        return json.loads(response.body) if response.body else None

    def v1(self, method: str, path: str, body: object = None, *, status: int = 200) -> Any:
        response = self.call(method, "/api/invoicing/v1" + path, body)
        assert response.status == status, response.body
        return json.loads(response.body)

    def control(self, method: str, path: str, body: object = None, *, status: int = 200) -> Any:
        response = self._control.handle(Request.make(method, "/_sandbox" + path, json_body=body), self.now)
        assert response.status == status, response.body
        return json.loads(response.body)

    def contact(self, **values: object) -> str:
        return str(self.v2("POST", "/contacts", {"name": "Acme", **values}, status=201)["id"])

    def invoice(self, kind: str = "invoices", **values: object) -> str:
        body = {
            "contact_id": values.pop("contact_id", None) or self.contact(),
            "items": [{"name": "A", "units": 1, "price": 100, "taxes": ["s_iva_21"]}],
        }
        return str(self.v2("POST", f"/{kind}", body | values, status=201)["id"])


@pytest.fixture
def holded() -> Client:
    return Client()


@pytest.fixture(scope="session")
def new_client() -> type[Client]:
    """For properties: each example needs a sandbox of its own."""
    return Client
