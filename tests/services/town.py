"""Several accounts on one relay in virtual time, and what each of them costs: calls of ports, rows read, calls to Holded."""

from __future__ import annotations

import asyncio
import dataclasses
import inspect
import json
from collections import Counter
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from relay.domain import transitions
from relay.domain.gate import Gate, due_at, new_gate
from relay.domain.ledger import Key, Row
from relay.domain.mapping.catalogue import Catalogue
from relay.domain.mapping.plan import plan
from relay.domain.settings import parse_settings
from relay.ports.accounts import Account, Credential
from relay.services.build import build_drainer
from relay.services.job import Job, fact_of, pack_event
from relay.services.nudge import Nudge
from relay.services.times import at_ms
from relay.services.unfold import unfold
from tests.services.world import ACCOUNT, TOKEN, World, shopify_order

PORTS = ("ledger", "inbox", "gates", "accounts", "snapshots", "polls", "holded", "wakes")
READS = frozenset({"get", "load", "due", "next_due", "children", "by_holded_id", "credential"})


def owner_of(value: Any) -> str:
    """Whose an argument of a port is."""
    match value:
        case Key() | Account() | Gate():
            return value.account
        case Row():
            return value.key.account
        case Credential():
            return ACCOUNT if value.token == TOKEN else value.token.removeprefix("pat_")
        case str():
            return value
        case Mapping():
            return value["account"]
        case list() | tuple():
            return ",".join(sorted({owner_of(each) for each in value}))
        case _:
            return value.account  # a delivery


class Counted:
    """A port that counts: calls by account and name, and the rows that its reads brought."""

    def __init__(self, name: str, inner: Any, counts: Counter[tuple[str, str]]) -> None:
        self._name, self._inner, self._counts = name, inner, counts

    def __getattr__(self, attribute: str) -> Any:
        inner = getattr(self._inner, attribute)
        if not inspect.iscoroutinefunction(inner):
            return inner

        async def call(*args: Any, **kwargs: Any) -> Any:
            whose = owner_of(args[1] if self._name == "holded" else args[0])
            self._counts[whose, f"{self._name}.{attribute}"] += 1
            found = await inner(*args, **kwargs)
            if isinstance(found, list):
                self._counts[whose, "rows"] += len(found)
            return found

        return call


class Town(World):
    """`alarms` names the accounts that were closed, once for each time; `counts` are of all drains since `clear`."""

    def __init__(self, *others: str, **company: Any) -> None:
        super().__init__(**company)
        self.counts: Counter[tuple[str, str]] = Counter()
        self.alarms: list[str] = []
        for account in others:
            self.admit(account)

    def company_of(self, account: str) -> Any:
        return self.company if account == ACCOUNT else self.others[account]

    def drainer(self) -> Any:
        ports = {name: Counted(name, getattr(self, name), self.counts) for name in PORTS}
        return build_drainer(**ports, clock=self.clock, ids=self.ids, jitter=lambda: 0.5, timing=self.timing)

    def drain(self, account: str, refs: list[str] | tuple[str, ...] = (), *, seconds: float = 60.0) -> Any:
        deadline_ms = at_ms(self.clock.now() + timedelta(seconds=seconds))
        done = asyncio.run(self.drainer().run(account, list(refs), deadline_ms=deadline_ms))
        self.alarms += [account] if done.blocked else []
        return done

    def sale(self, account: str, number: int, **extra: Any) -> Any:
        return self.drain(account, self.deliver(shopify_order(number, **extra), topic="orders/paid", account=account))

    def pass_time(self, *, hours: float = 0.0, minutes: float = 0.0, step_s: float = 60.0) -> None:
        """What `release_due` does every minute: whoever is due is drained. Minutes without anybody pass at once."""
        left = int((hours * 3600 + minutes * 60) // step_s)
        while left > 0:
            dues = [gate.next_due_ms for gate in self.gates.gates.values() if gate.next_due_ms is not None]
            away_ms = min(dues, default=10**15) - at_ms(self.clock.now())
            steps = min(left, max(1, -(-away_ms // round(step_s * 1000))))
            self.clock.advance(steps * step_s)
            left -= steps
            for account in self.due():
                self.drain(account)

    def due(self) -> list[str]:
        async def found() -> list[str]:
            return [account async for account, _ in self.gates.due(now_ms=at_ms(self.clock.now()), limit=1000)]

        return asyncio.run(found())

    def nudge(self, account: str) -> None:
        asyncio.run(Nudge(gates=self.gates, wakes=self.wakes)(account, now_ms=at_ms(self.clock.now())))

    def change(self, account: str, **values: Any) -> None:
        """As the command line does: the record, its rev, and the nudge."""
        there = self.accounts.accounts[account]
        self.accounts.accounts[account] = dataclasses.replace(there, rev=there.rev + 1, **values)
        self.nudge(account)

    def status(self, account: str = ACCOUNT) -> str:
        return self.accounts.accounts[account].status

    def cost(self, account: str, *, calls: str = "") -> Counter[str]:
        """What this account cost since `counts` was cleared, by port method; only those that begin with `calls`."""
        found = {name: n for (whose, name), n in self.counts.items() if whose == account and name.startswith(calls)}
        return Counter(found)

    def names(self, account: str = ACCOUNT) -> list[str]:
        """The orders that stand in the account's company, each as often as it does."""
        documents = self.company_of(account).tables["documents"].values()
        return sorted(document["description"] for document in documents if document["_kind"] == "invoice")

    def backlog(self, account: str, rows: int, *, first: int = 100_000, due_ms: int | None = None) -> None:
        """So many orders of the account wait already, and its gate is due."""
        now_ms = at_ms(self.clock.now())
        (ref,) = self.deliver(shopify_order(first), topic="orders/paid", account=account)
        item = self.inbox.items.pop((account, ref.partition("#")[0]))
        (event,) = unfold(item.delivery).events
        sample = self._waiting(account, event, now_ms if due_ms is None else due_ms)
        for n in range(rows):
            number = first + n
            data = dataclasses.replace(event.data, number=f"#{number}")
            own = dataclasses.replace(event, id=f"waiting-{number}#0", subject=f"{number}", data=data)
            key = dataclasses.replace(sample.key, object_id=f"{number}")
            self.ledger.rows[key] = dataclasses.replace(sample, key=key, event_id=own.id, event=pack_event(own))
        gate = self.gates.gates.get(account) or new_gate(account, per_minute=60, per_month=10**6, now_ms=now_ms)
        self.gates.gates[account] = due_at(gate, due_ms=now_ms)

    def _waiting(self, account: str, event: Any, due_ms: int) -> Row:
        record = self.accounts.accounts[account]
        today = self.clock.now().date()
        planned = plan(event, parse_settings(record.settings), Catalogue.from_json(record.catalogue), today=today)
        job = Job(event=event, plan=planned, fact=fact_of(event, planned))
        return transitions.parked(None, job.fact, now_ms=due_ms, due_ms=due_ms, reason="queued")


def message(account: str, ref: str = "") -> dict[str, str]:
    """A record of the queue, as the writer's function gets it."""
    body = {"account": account} | ({"event": ref} if ref else {})
    return {"messageId": f"{account}/{ref}", "body": json.dumps(body)}


__all__ = ["ACCOUNT", "Counted", "Town", "message", "shopify_order"]
