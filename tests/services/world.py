"""One company in the sandbox's core, one account over fakes of the ports, one virtual clock: the road without AWS."""

from __future__ import annotations

import asyncio
import json
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import TYPE_CHECKING, Any

from holded_sandbox.core import Sandbox
from relay.domain.sources import identity, registry
from relay.domain.sources.base import Delivery
from relay.errors import OutcomeUnknown, RetryAt
from relay.holded import listings, protocol
from relay.holded.polled_table import OWN
from relay.ports.accounts import Account, Credential
from relay.services.build import build_drainer
from relay.services.publish import Publish
from relay.services.release import Release
from relay.services.session import Timing
from relay.services.times import at_ms
from shop_sandbox.core import Shops
from tests.fakes import (
    FakeAccounts,
    FakeArrivals,
    FakeBus,
    FakeClock,
    FakeGates,
    FakeIds,
    FakeInbox,
    FakeLedger,
    FakeNotes,
    FakePolls,
    FakeProviders,
    FakeSnapshots,
    FakeWakes,
)
from tests.sandboxed import request_of
from tests.services.shops import ShopApi

if TYPE_CHECKING:
    from collections.abc import Iterator

ACCOUNT = "acme"
TOKEN = "pat_test"
START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
POLLING_OFF = {"polling": {"enabled": False}}
"""Stories that are not about polling count their calls without it."""


class SandboxHolded:
    """`HoldedApi` straight over the sandbox's core: no socket, the same protocol and the same faults."""

    def __init__(self, sandbox: Sandbox, clock: FakeClock) -> None:
        self.sandbox, self.clock = sandbox, clock
        self.calls: list[str] = []

    async def call(self, request: Any, credential: Credential, *, timeout_ms: int) -> Any:
        self.calls.append(f"{request.method} {request.path}")
        await asyncio.sleep(0)
        exchange = self.sandbox.handle(request_of(request, credential.token), self.clock.now().timestamp())
        if exchange.action != "reply" or exchange.response is None:
            if request.writes:
                raise OutcomeUnknown("connection_lost")
            raise RetryAt("connection_lost", retry_at=self.clock.now())
        response = exchange.response
        return protocol.decipher(request, response.status, response.headers, response.body, self.clock.now())


class World:
    def __init__(self, *, settings: dict[str, Any] | None = None, timing: Timing | None = None, **company: Any) -> None:
        self.clock = FakeClock(START)
        self.sandbox = Sandbox(Random(7))
        self.company = self.sandbox.add_company({"plan": "premium"} | company, START.timestamp())
        self.company.tokens[TOKEN] = None
        self.holded = SandboxHolded(self.sandbox, self.clock)
        self.inbox, self.ledger, self.gates = FakeInbox(), FakeLedger(), FakeGates()
        self.polls = FakePolls()
        self.polled = OWN  # a story looks at no more than it is about
        self.accounts, self.snapshots, self.wakes, self.bus = (
            FakeAccounts(self.clock),
            FakeSnapshots(self.inbox),
            FakeWakes(),
            FakeBus(),
        )
        self.providers, self.arrivals, self.notes, self.shops = FakeProviders(), FakeArrivals(), FakeNotes(), Shops()
        self.accounts.providers = self.providers
        self.provider_api = ShopApi(self.shops, self.clock)
        self.timing = timing or Timing()
        self.ids = FakeIds("owner")
        self.publish = Publish(inbox=self.inbox, bus=self.bus, wakes=self.wakes)
        self.release = Release(gates=self.gates, wakes=self.wakes)
        self.others: dict[str, Any] = {}  # companies of further accounts
        asyncio.run(self._account(ACCOUNT, self.company, TOKEN, settings or {}))

    def admit(self, account: str, *, settings: dict[str, Any] | None = None, **company: Any) -> None:
        """A further account with a company of its own."""
        other = self.sandbox.add_company({"plan": "premium"} | company, self.clock.now().timestamp())
        other.tokens[f"pat_{account}"] = None
        self.others[account] = other
        asyncio.run(self._account(account, other, f"pat_{account}", settings or {}))

    async def _account(self, account: str, company: Any, token: str, settings: dict[str, Any]) -> None:
        credential = Credential(token=token)
        catalogue = {}
        for name, request in (
            ("taxes", listings.list_taxes()),
            ("treasury_accounts", listings.list_treasury_accounts()),
        ):
            reply = await self.holded.call(request, credential, timeout_ms=1000)
            catalogue[name] = [dict(item.raw) for item in reply.value.items]
        self.holded.calls.clear()
        self.clock.advance(120)
        await self.accounts.put(
            Account(
                account=account,
                name=account.title(),
                mode="test",
                status="active",
                status_reason="",
                company_id=company.id,
                per_minute=company.quota.minute.limit,
                per_month=company.quota.month.limit,
                settings=POLLING_OFF | settings,
                catalogue=catalogue,
                salt="salt",
                rev=1,
            ),
            expected_rev=0,
        )
        await self.accounts.set_credential(account, credential)

    def drainer(self):
        return build_drainer(
            ledger=self.ledger,
            inbox=self.inbox,
            gates=self.gates,
            accounts=self.accounts,
            snapshots=self.snapshots,
            polls=self.polls,
            holded=self.holded,
            wakes=self.wakes,
            clock=self.clock,
            ids=self.ids,
            jitter=lambda: 0.5,
            timing=self.timing,
            polled=self.polled,
        )

    def deliver(
        self,
        body: Any,
        *,
        topic: str,
        source: str = "shopify",
        account: str = ACCOUNT,
        headers: dict[str, str] | None = None,
    ) -> list[str]:
        """Put a verified delivery into the inbox; returns its event refs."""
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        module = registry.get(source)
        headers = headers or ({"x-shopify-topic": topic} if source == "shopify" else {})
        meaning = module.identify(raw, headers)
        digest = identity.body_digest(raw)
        delivery = Delivery(
            inbox_id=identity.inbox_id(account, source, meaning, digest),
            account=account,
            source=source,
            topic=meaning.topic or topic,
            headers=headers,
            body=raw,
            received_at=self.clock.now(),
        )
        outcome = asyncio.run(self.inbox.put(delivery, digest=digest))
        inbox_id = outcome.removeprefix("stored_as:") if outcome.startswith("stored_as:") else delivery.inbox_id
        from relay.services.unfold import unfold

        return [f"{inbox_id}#{n}" for n in range(unfold(delivery).of)]

    def hint(self, document_id: str, action: str = "create", kind: str = "invoice", **extra: Any) -> list[str]:
        """Deliver a webhook of Holded as its emitter writes them; returns its event refs."""
        headers = {
            "x-holded-webhook-event": f"{kind}.{action}",
            "x-holded-webhook-date": self.clock.now().isoformat(),
        }
        body = {"id": document_id, "type": kind} | extra
        return self.deliver(body, topic=f"{kind}.{action}", source="holded", headers=headers)

    @contextmanager
    def paused(self) -> Iterator[None]:
        """What happens meanwhile finds the account paused."""
        account = self.accounts.accounts[ACCOUNT]
        self.accounts.accounts[ACCOUNT] = replace(account, status="paused")
        yield
        self.accounts.accounts[ACCOUNT] = account

    def run(self, refs: list[str] | None = None, *, seconds: float = 60.0):
        deadline = at_ms(self.clock.now() + timedelta(seconds=seconds))
        return asyncio.run(self.drainer().run(ACCOUNT, refs or [], deadline_ms=deadline))

    def order(self, body: Any, *, topic: str = "orders/paid"):
        """Deliver and drain one Shopify delivery."""
        return self.run(self.deliver(body, topic=topic))

    def settle(self, *, hours: float = 1.0, step_s: float = 60.0) -> None:
        """Let time pass as `release_due` would see it: wake the account whenever it is due."""
        end = self.clock.now() + timedelta(hours=hours)
        while self.clock.now() < end:
            self.clock.advance(step_s)
            gate = self.gates.gates.get(ACCOUNT)
            if gate is not None and gate.next_due_ms is not None and gate.next_due_ms <= at_ms(self.clock.now()):
                self.run()

    def documents(self, kind: str = "invoice") -> list[dict[str, Any]]:
        self.sandbox.advance(self.clock.now().timestamp())  # what Holded commits late stands there without another call
        return [d for d in self.company.tables["documents"].values() if d["_kind"] == kind]

    def totals(self, kind: str = "invoice") -> list[Decimal]:
        return [Decimal(d["total"]) for d in self.documents(kind)]

    def rows(self, purpose: str | None = None):
        return [r for r in self.ledger.rows.values() if purpose is None or r.key.purpose == purpose]

    def row(self, purpose: str = "invoice"):
        (found,) = self.rows(purpose)
        return found


def shopify_order(number: int = 1001, *, total: str = "121.00", paid: bool = True, **extra: Any) -> dict[str, Any]:
    """A domestic order of one line at 21 %, prices with tax."""
    gross = Decimal(total)
    tax = gross - (gross / Decimal("1.21")).quantize(Decimal("0.01"))
    return {
        "id": 450000000 + number,
        "name": f"#{number}",
        "order_number": number,
        "currency": "EUR",
        "created_at": "2026-03-02T09:00:00+01:00",
        "updated_at": "2026-03-02T09:00:00+01:00",
        "processed_at": "2026-03-02T09:00:00+01:00",
        "financial_status": "paid" if paid else "pending",
        "taxes_included": True,
        "total_price": total,
        "subtotal_price": total,
        "total_tax": str(tax),
        "total_discounts": "0.00",
        "total_line_items_price": total,
        "email": "ana@example.com",
        "customer": {"id": 7, "email": "ana@example.com", "first_name": "Ana", "last_name": "Ejemplo"},
        "billing_address": {
            "name": "Ana Ejemplo",
            "address1": "Calle Mayor 1",
            "city": "Madrid",
            "zip": "28013",
            "country_code": "ES",
        },
        "line_items": [
            {
                "id": 1,
                "title": "Silla",
                "quantity": 1,
                "price": total,
                "sku": "SILLA-1",
                "total_discount": "0.00",
                "taxable": True,
                "tax_lines": [{"title": "IVA", "rate": 0.21, "price": str(tax)}],
            }
        ],
        "shipping_lines": [],
    } | extra
