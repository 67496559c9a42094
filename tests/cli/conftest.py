"""A world of fakes for the commands, and a Holded company behind it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from typer.testing import CliRunner, Result

from relay.cli.app import app
from relay.cli.context import World
from relay.errors import NotAllowed, NotFound
from relay.holded.limits import LimitSignal
from relay.holded.protocol import Reply, Request
from shop_sandbox.core import Shops
from tests import fakes
from tests.services.shops import ShopApi

if TYPE_CHECKING:
    from collections.abc import Callable

    from relay.ports.accounts import Credential
    from relay.ports.queues import DeadLetters
    from relay.ports.world import Clock
    from tests.services.world import World as Road

TOKEN = "pat_" + "t" * 40
ZEROS = "0" * 24


def object_id(number: int) -> str:
    return f"{number:024x}"


@dataclass
class Company:
    """Holded as `account add` sees it: lists, scopes, usage. Counts writes that reached an object."""

    first_id: int = 0x66A000000000000000000000
    scopes_missing: set[str] = field(default_factory=set)
    usage: dict[str, Any] = field(default_factory=lambda: {"usage": 12, "limit": 2000, "period": "2026-03"})
    per_minute: int | None = 60
    paths: list[str] = field(default_factory=list)

    def answer(self, request: Request[Any], credential: Credential) -> Reply[Any]:
        self.paths.append(f"{request.method} {request.path}")
        if credential.token != TOKEN:
            raise NotAllowed("credential_invalid", detail="Holded does not know this credential, or it was revoked")
        if request.method == "PUT":
            assert request.path.endswith(ZEROS), "a probe must not be able to change anything"
        scope = self._scope(request)
        if scope in self.scopes_missing:
            raise NotAllowed("scope_missing", detail=f"the token lacks {scope}")
        if request.method != "GET":
            raise NotFound("not_found", detail=request.path)
        limits = (LimitSignal(window="minute", limit=self.per_minute, remaining=9, reset_at=None),)
        return Reply(
            value=request.reads(self._body(request.path)), status=200, limits=limits if self.per_minute else ()
        )

    def _scope(self, request: Request[Any]) -> str:
        verb = "read" if request.method == "GET" else "write"
        areas = {
            "taxes": "accounting:taxes",
            "contacts": "contacts:contacts",
            "invoices": "sales:invoices",
            "credit-notes": "sales:invoices",
            "sales-receipts": "sales:receipts",
            "sales-orders": "inventory:sales-orders",
            "products": "inventory:products",
            "numbering-series": "sales:invoicing-settings",
            "payment-methods": "sales:invoicing-settings",
            "sales-channels": "sales:sales-channels",
            "warehouses": "inventory:warehouses",
            "treasury": "accounting:banks",
            "usage": "developers:usage",
        }
        return f"{areas[request.path.split('/')[3]]}.{verb}"

    def _body(self, path: str) -> Any:
        resource = path.split("/")[3]
        if resource == "usage":
            return self.usage
        if resource == "taxes":
            return {
                "items": [
                    {
                        "id": object_id(7),
                        "key": "s_iva_21",
                        "name": "IVA 21%",
                        "amount": "21",
                        "scope": "sales",
                        "group": "iva",
                    }
                ]
            }
        if resource in {"contacts", "invoices", "credit-notes"}:
            return {"items": [], "has_more": False}
        number = self.first_id + sum(map(ord, path))
        item = {"id": object_id(number), "name": resource, "iban": "ES00", "balance": "10.00"}
        return {"items": [item], "has_more": False}


class Queues:
    def depths(self) -> dict[str, int]:
        return {"fiscal": 3, "normal": 0, "fiscal DLQ": 1, "normal DLQ": 0}


class Runs:
    """Runs commands in a world."""

    world: World

    def run(self, *args: str, stdin: str | bytes | None = None, env: dict[str, str] | None = None) -> Result:
        """Run a command in this world; an exception that is not an exit is a failure of the command line."""
        result = CliRunner().invoke(
            app,
            list(args),
            obj=self.world,
            input=stdin,
            env={"RELAY_LOCAL": None, "RELAY_ACCOUNT": None, **(env or {})},
        )
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    def json(
        self, *args: str, stdin: str | bytes | None = None, env: dict[str, str] | None = None, code: int = 0
    ) -> Any:
        result = self.run(*args, "--json", stdin=stdin, env=env)
        assert result.exit_code == code, result.stderr
        return json.loads(result.stdout)


@dataclass
class Over(Runs):
    world: World


def over(road: Road, *, dead_letters: DeadLetters | None = None, clock: Clock | None = None) -> Over:
    """Commands over the road's own fakes and the sandbox's core behind them."""
    world = World(
        accounts=road.accounts,
        ledger=road.ledger,
        inbox=road.inbox,
        gates=road.gates,
        polls=road.polls,
        holded=road.holded,
        queues=Queues(),
        wakes=road.wakes,
        dead_letters=dead_letters or fakes.FakeDeadLetters(),
        notes=road.notes,
        providers=road.providers,
        provider_api=road.provider_api,
        clock=clock or road.clock,
        post=httpx.Client(),
        api_url="https://relay.example/",
        who="cli:tests",
    )
    return Over(world)


@dataclass
class Setting(Runs):
    world: World
    accounts: fakes.FakeAccounts
    ledger: fakes.FakeLedger
    inbox: fakes.FakeInbox
    gates: fakes.FakeGates
    wakes: fakes.FakeWakes
    dead_letters: fakes.FakeDeadLetters
    clock: fakes.FakeClock
    company: Company
    posted: list[httpx.Request]
    answers: list[Callable[[httpx.Request], httpx.Response]]

    def add(self, account: str = "acme", *extra: str) -> Any:
        return self.json("account", "add", account, "--mode", "test", *extra, env={"RELAY_HOLDED_TOKEN": TOKEN})


@pytest.fixture
def setting() -> Setting:
    clock, company = fakes.FakeClock(), Company()
    accounts, ledger, inbox, gates = fakes.FakeAccounts(clock), fakes.FakeLedger(), fakes.FakeInbox(), fakes.FakeGates()
    wakes, dead_letters = fakes.FakeWakes(), fakes.FakeDeadLetters()
    posted: list[httpx.Request] = []
    answers: list[Callable[[httpx.Request], httpx.Response]] = []

    def receive(request: httpx.Request) -> httpx.Response:
        posted.append(request)
        return answers.pop(0)(request) if answers else httpx.Response(200, json={"result": "accepted", "id": "abc"})

    world = World(
        accounts=accounts,
        ledger=ledger,
        inbox=inbox,
        gates=gates,
        polls=fakes.FakePolls(),
        holded=fakes.FakeHolded(company.answer),
        queues=Queues(),
        wakes=wakes,
        dead_letters=dead_letters,
        notes=fakes.FakeNotes(),
        providers=accounts.providers,
        provider_api=ShopApi(Shops(), clock),
        clock=clock,
        post=httpx.Client(transport=httpx.MockTransport(receive)),
        api_url="https://relay.example/",
        who="cli:tests",
    )
    return Setting(world, accounts, ledger, inbox, gates, wakes, dead_letters, clock, company, posted, answers)
