"""One universe: AWS, Holded, the shops and the people, over one virtual clock. The functions' own handlers run in it."""

from __future__ import annotations

import asyncio
import base64
import json
import logging
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from random import Random
from typing import TYPE_CHECKING, Any

from functions.index_dead_letters import handler as index_dead_letters
from functions.poll_holded import handler as poll_holded
from functions.publish_event import handler as publish_event
from functions.receive_webhook import handler as receive_webhook
from functions.release_due import handler as release_due
from functions.sweep_inbox import handler as sweep_inbox
from functions.watch_sources import handler as watch_sources
from functions.write_holded import handler as write_holded
from holded_sandbox.core import Sandbox
from relay.domain.sources import signing
from relay.errors import RelayError
from relay.services.accept import Accept
from relay.services.arrivals import CountArrivals
from relay.services.build import build_drainer
from relay.services.dead_letters import IndexDeadLetters
from relay.services.enlist import Enlist
from relay.services.publish import Publish
from relay.services.release import Release
from relay.services.session import Timing
from relay.services.sweep import OPEN_TOO_LONG_MS, Sweep
from relay.services.times import at_ms
from shop_sandbox.core import Shops
from tests.fakes import FakeArrivals, FakeIds, FakeInboxWriter, FakeNotes, FakeProviders
from tests.simulation import shop
from tests.simulation.faults import Faults
from tests.simulation.holded import Call, Courier, HoldedLine
from tests.simulation.lambdas import DiedError, Lambdas
from tests.simulation.machines import Door, Machine, Secrets
from tests.simulation.queues import SimBus, SimDeadLetters, SimQueue, SimWakes
from tests.simulation.stores import SimAccounts, SimGates, SimInbox, SimLedger, SimPolls, SimSnapshots

if TYPE_CHECKING:
    from relay.domain.ledger import Key
    from tests.simulation.plan import Plan

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
TABLES = ("ledger", "inbox", "gates", "accounts", "snapshots", "polls", "wakes")


class Universe:
    """`accepted`: (account, inbox id) of every delivery that got its 2xx, as its sender saw it. `touched`: documents a
    person changed or deleted. `told`: everything that was logged or said in an error.
    """

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.faults = Faults(plan.seed, plan.rates, plan.only)
        self.sandbox = Sandbox(Random(plan.seed))
        self.companies: dict[str, Any] = {}
        self.senders: dict[tuple[str, str], str] = {}
        self.calls: list[Call] = []
        self.foreign: list[tuple[float, str, int]] = []
        self.accepted: dict[tuple[str, str], str] = {}
        self.touched: dict[tuple[str, str], str] = {}
        self.touched_markers: set[str] = set()
        self.by_hand: set[tuple[str, str]] = set()  # (account, id) of contacts that a person entered
        self.gone: list[tuple[str, dict[str, Any]]] = []  # (account, document) a person deleted
        self.decided: dict[tuple[str, str, str], str] = {}  # (account, source, object id): what a person did with it
        self.closed: dict[Key, tuple[str, set[str]]] = {}  # adopted: the document, and ours that stood by then
        self.cancelled: set[tuple[str, str]] = set()  # (account, replay id)
        self.standing: dict[str, asyncio.Lock] = defaultdict(asyncio.Lock)  # by account: who opens or closes it
        self.broken_until = 0.0  # a bad release: every writer fails
        self.down_until: dict[str, float] = {}  # by account: Holded answers 500
        self.silences: list[
            tuple[float, int]
        ] = []  # (seconds, how many sources the watchdog counts as silent from then on)
        self.mute: set[str] = set()  # accounts whose shop posts nothing and says nothing of it
        self.hidden: set[str] = set()  # every credential and secret there ever was
        self.told: list[str] = []
        self.errors: list[str] = []
        self.crashes: list[str] = []
        self.busy = 0
        self.distance = 1.0  # of the tables and queues: what a call's latency is multiplied by
        self._letters: set[str] = set()
        self.timing = Timing(**plan.timing)
        self.ids = FakeIds("m")
        self.lambdas = Lambdas(self)
        self._tables()
        self.courier = Courier(self)
        self.log = _Told(self.told)

    def _tables(self) -> None:
        now, faults = self.seconds, self.faults
        self.ledger, self.polls = SimLedger(now), SimPolls(now)
        self.gates = SimGates(now, lambda *_: self.lambdas.news["release_due"].set())
        self.inbox = SimInbox(now, self._stored, self.lambdas.news["ttl"].set, self.lambdas.news["sweep_inbox"].set)
        self.snapshots = SimSnapshots(now, self.inbox)
        self.writer = FakeInboxWriter(self.inbox)
        self.accounts = SimAccounts(self)  # type: ignore[arg-type]  # whatever has `now()`
        self.fiscal_dead = SimQueue("fiscal-dead", now=now, faults=faults, visibility_s=30, heard=self._buried)
        self.normal_dead = SimQueue("normal-dead", now=now, faults=faults, visibility_s=30, heard=self._buried)
        self.fiscal = SimQueue("fiscal", now=now, faults=faults, dead=self.fiscal_dead)
        self.normal = SimQueue("normal", now=now, faults=faults, dead=self.normal_dead)
        self.wakes = SimWakes(fiscal=self.fiscal, normal=self.normal, faults=faults)
        self.bus = SimBus(fiscal=self.fiscal, normal=self.normal, faults=faults)
        self.shops, self.providers = Shops(), FakeProviders()
        self.arrivals, self.notes = FakeArrivals(), FakeNotes()
        self.dead_letters = SimDeadLetters((self.fiscal_dead, self.normal_dead), START.timestamp() * 1000)

    def _stored(self, account: str, inbox_id: str) -> None:
        self.lambdas.inserted(account, inbox_id)
        self.lambdas.news["sweep_inbox"].set()

    def _buried(self) -> None:
        self.lambdas.news["index_dead_letters"].set()

    # --- time -------------------------------------------------------------------------------------------------------

    def seconds(self) -> float:
        return asyncio.get_running_loop().time()

    def now(self) -> datetime:
        return START + timedelta(seconds=self.seconds())

    def epoch(self) -> float:
        return START.timestamp() + self.seconds()

    # --- the functions, wired as their main.py wires them -----------------------------------------------------------

    async def write_holded(self, machine: Machine, event: dict[str, Any]) -> dict[str, Any]:
        if self.seconds() < self.broken_until:
            raise RuntimeError("a bad release")
        drainer = machine.made.get("drainer")
        if drainer is None:
            ports = {name: machine.port(name) for name in TABLES}
            drainer = machine.made["drainer"] = build_drainer(
                **ports,
                holded=HoldedLine(machine),
                clock=machine,
                ids=self.ids,
                jitter=lambda: self.faults.between("jitter", self.ids.made, 0, 1),
                timing=self.timing,
            )
        deadline_ms = at_ms(machine.now()) + 90_000
        answer, done = await write_holded.handle(event, drainer=drainer, deadline_ms=deadline_ms)
        for result in done.values():
            errors = [result] if isinstance(result, BaseException) else list(result.failed.values())
            self.told += [write_holded.reason_of(error) for error in errors]
            if not machine.dead:
                self._crashed(errors)
        return answer

    def _crashed(self, errors: list[BaseException]) -> None:
        """What no code of ours raises on purpose."""
        self.crashes += [repr(error) for error in errors if not isinstance(error, RelayError)]
        self.told += [str(error) for error in errors if isinstance(error, RelayError)]

    def _publish(self, machine: Machine) -> Publish:
        return Publish(inbox=machine.port("inbox"), bus=machine.port("bus"), wakes=machine.port("wakes"))

    async def publish_event(self, machine: Machine, event: dict[str, Any]) -> dict[str, Any]:
        count = CountArrivals(arrivals=machine.port("arrivals")) if self.plan.habits else None
        return await publish_event.handle(event, publish=self._publish(machine), log=self.log, count=count)  # type: ignore[arg-type]

    async def release_due(self, machine: Machine) -> Any:
        release = Release(gates=machine.port("gates"), wakes=machine.port("wakes"))
        return await release_due.handle(release=release, now_ms=at_ms(machine.now()))

    async def sweep_inbox(self, machine: Machine) -> Any:
        sweep = Sweep(inbox=machine.port("inbox"), publish=self._publish(machine))
        return await sweep_inbox.handle(sweep=sweep, now_ms=at_ms(machine.now()))

    async def index_dead_letters(self, machine: Machine) -> Any:
        index = IndexDeadLetters(queue=machine.port("dead_letters"), ledger=machine.port("ledger"))
        return await index_dead_letters.handle(index=index, now_ms=at_ms(machine.now()))

    async def poll_holded(self, machine: Machine) -> Any:
        ports = {name: machine.port(name) for name in ("accounts", "ledger", "gates")}
        return await poll_holded.handle(enlist=Enlist(**ports), now_ms=at_ms(machine.now()))

    async def watch_sources(self, machine: Machine) -> Any:
        deadline_ms = at_ms(machine.now()) + 280_000
        told = await watch_sources.handle(
            watchdog=shop.watchdog(self, machine),
            deadline_ms=deadline_ms,
            log=self.log,  # type: ignore[arg-type]
        )
        if not told["late"]:
            shop.hear(self, told["silent"])
        return told

    async def receive_webhook(self, machine: Machine, event: dict[str, Any]) -> dict[str, Any]:
        await asyncio.sleep(0.005)
        accept = Accept(secrets=Secrets(machine), inbox=Door(machine))
        answer = receive_webhook.handle(event, accept=accept, now=machine.now)
        await asyncio.sleep(0.005)
        return answer

    def start(self) -> None:
        """Everything that calls a function by itself."""
        spawn, tick = self.lambdas.spawn, self.lambdas.tick
        for queue in (self.fiscal, self.normal):
            spawn(self.lambdas.consume(queue))
        for number in range(len(self.lambdas.shards)):
            spawn(self.lambdas.read_shard(number))
        spawn(self.courier.run())
        spawn(self._expire())
        spawn(tick("release_due", 1, self.release_due, self._first_due))
        spawn(tick("sweep_inbox", 5, self.sweep_inbox, self._first_open))
        if any(company.polling is not None for company in self.plan.companies):
            spawn(tick("poll_holded", 60, self.poll_holded, self.seconds))
        if self.shops.shops:
            spawn(shop.run_shops(self))
            spawn(tick("watch_sources", 15, self.watch_sources, lambda: shop.next_look_s(self, START.timestamp())))
        spawn(tick("index_dead_letters", 5, self.index_dead_letters, self._dead_arrived))

    async def _expire(self) -> None:
        """DynamoDB's TTL: deletes what is past its time, by hours late when it is its turn."""

        def late_s() -> float:
            kind, nth = self.faults.at("inbox.ttl", ("ttl_late",))
            return self.faults.between("ttl", nth, 3600, 48 * 3600) if kind else 0.0

        news = self.lambdas.news["ttl"]
        while True:
            news.clear()
            left = self.inbox.expiring[0][0] - self.seconds() if self.inbox.expiring else None
            try:
                async with asyncio.timeout(left):
                    await news.wait()
            except TimeoutError:
                self.inbox.expire(late_s)

    def _first_due(self) -> float | None:
        """Clocks may run ahead by `skew_s`."""
        due = [gate.next_due_ms for gate in self.gates.gates.values() if gate.next_due_ms is not None]
        return min(due) / 1000 - START.timestamp() - self.plan.skew_s if due else None

    def _first_open(self) -> float | None:
        received = [item.delivery.received_at for item in self.inbox.items.values() if item.open]
        too_long = timedelta(milliseconds=OPEN_TOO_LONG_MS)
        return (min(received) + too_long - START).total_seconds() - self.plan.skew_s if received else None

    def _dead_arrived(self) -> float | None:
        """Letters stay where they are: looking again at the same ones is left out."""
        letters = {*self.fiscal_dead.messages, *self.normal_dead.messages}
        new, self._letters = letters - self._letters, letters
        return self.seconds() if new else None

    # --- the outside ------------------------------------------------------------------------------------------------

    async def post(self, account: str, source: str, body: bytes, headers: dict[str, str]) -> int:
        """One delivery to the relay's door, as API Gateway hands it on. 0: no answer came."""
        event = {
            "pathParameters": {"account": account, "source": source},
            "headers": headers,
            "isBase64Encoded": True,
            "body": base64.b64encode(body).decode(),
        }
        try:
            answer = await self.lambdas.run("receive_webhook", lambda machine: self.receive_webhook(machine, event))
        except DiedError:
            return 0
        told = json.loads(answer["body"])
        if answer["statusCode"] == 200 and "id" in told:
            self.accepted[account, told["id"]] = source
        return int(answer["statusCode"])

    async def deliver(self, account: str, source: str, topic: str, body: bytes, number: int) -> None:
        """A sender that insists: it signs with its secret of the moment and tries until it hears a 2xx."""
        self.busy += 1
        for wait in (5, 30, 60, 300, 900, *[1800] * 20):
            headers = signing.sign(
                source, body, self.senders[account, source], now=self.now(), topic=topic, delivery_id=f"d{number}"
            )
            if 200 <= await self.post(account, source, body, headers) < 300:
                break
            await asyncio.sleep(wait)
        self.busy -= 1

    def holded_handles(self, request: Any, *, fault: Any = None) -> Any:
        """The core answers, and what reached it is written down from its own counters."""
        token = request.headers["authorization"].removeprefix("Bearer ")
        company = next((each for each in self.sandbox.companies.values() if token in each.tokens), None)
        before = (company.counts.calls.total(), company.counts.refused.total()) if company else (0, 0)
        exchange = self.sandbox.handle(request, self.epoch(), fault=fault)
        after = (company.counts.calls.total(), company.counts.refused.total()) if company else (0, 0)
        refused = after[1] - before[1]
        self.calls.append(
            Call(
                at=self.seconds(),
                company=company.id if company else "",
                token=token,
                method=request.method,
                path=request.path,
                query=str(request.query),
                ours=after[0] - before[0],
                foreign=0,
                refused="quota" if refused else "",
                forced=bool(refused and fault is not None and fault.kind.startswith("limit_")),
            )
        )
        if fault is not None and fault.kind == "late_commit":
            asyncio.get_running_loop().call_later(fault.seconds, self._late)
        self.courier.news.set()
        return exchange

    def _late(self) -> None:
        self.sandbox.advance(self.epoch())
        self.courier.news.set()

    def is_down(self, token: str) -> bool:
        """Whether this token's company is served by nobody just now."""
        down = (account for account, until in self.down_until.items() if self.seconds() < until)
        return any(token in self.companies[account].tokens for account in down)

    def spend_elsewhere(self, token: str, calls: int) -> None:
        """Another program with the same company spends of the same quota."""
        for company in self.sandbox.companies.values():
            if token in company.tokens:
                company.quota.spend(self.epoch(), calls)
                self.foreign.append((self.seconds(), company.id, calls))


class _Told(logging.LoggerAdapter):  # type: ignore[type-arg]
    """The functions' logger: keeps every line, prints none."""

    def __init__(self, told: list[str]) -> None:
        super().__init__(logging.getLogger("simulation"))
        self._told = told

    def info(self, message: str, **fields: Any) -> None:
        self._told.append(f"{message} {fields}")

    def warning(self, message: str, **fields: Any) -> None:
        self._told.append(f"{message} {fields}")


__all__ = ["START", "Universe"]
