"""Holded is the sandbox's own core. Here is the network before it, the log of every call, and its webhooks on their way back."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from holded_sandbox.faults import Fault
from relay.errors import OutcomeUnknown, RetryAt
from relay.holded import protocol
from tests.sandboxed import request_of
from tests.simulation import faults as kinds

if TYPE_CHECKING:
    from relay.ports.accounts import Credential
    from tests.simulation.machines import Machine
    from tests.simulation.world import Universe

_ID = re.compile(r"[0-9a-f]{24}")
CAN = (*kinds.DEATHS, *kinds.HOLDED, *kinds.OTHERS)
SECONDS = {
    "late_commit": (5.0, 400.0),
    "slow": (0.5, 40.0),
    "hide": (5.0, 300.0),
    "limit_minute": (5.0, 90.0),
    "limit_month": (600.0, 5400.0),
}
"""Kept: a commit comes, and shows in lists, before a lease that follows it and SETTLE are over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request that reached Holded. `counted`: against the quota; `refused`: the quota's own 429, `forced`: a fault's."""

    at: float
    company: str
    token: str
    method: str
    path: str
    query: str
    ours: int
    foreign: int
    refused: str
    forced: bool


class HoldedLine:
    """`HoldedApi` of one machine: the same protocol and core as `tests.services.world.SandboxHolded`, over a network."""

    def __init__(self, machine: Machine) -> None:
        self._machine, self._universe = machine, machine.universe

    async def call(self, request: Any, credential: Credential, *, timeout_ms: int) -> Any:
        machine, universe, faults = self._machine, self._universe, self._universe.faults
        machine.check()
        name = f"holded:{request.method} {_ID.sub('{id}', request.path)}"
        kind, nth = faults.at(name, CAN)
        await asyncio.sleep(faults.between(name, nth, 0.02, 0.15, salt=3))
        if kind == "kill_before" or machine.dead:
            machine.die()
        if kind == "freeze":
            # No longer than tokens outlive their grant by: a machine stopped between its last look at the clock and the
            # socket cannot know, which is what the margin of the budget is for.
            machine.freeze(faults.between(name, nth, 1, 12))
        low, high = SECONDS.get(kind, (5.0, 5.0))
        scale = universe.plan.late_scale if kind == "late_commit" else 1.0
        seconds = faults.between(name, nth, low, high, salt=4) * scale
        if kind == "other_program":
            universe.spend_elsewhere(credential.token, round(faults.between(name, nth, 1, 12, salt=5)))
        fault = Fault(kind=kind, seconds=seconds) if kind in kinds.HOLDED else None
        if universe.is_down(credential.token):
            fault = Fault(kind="error_before", seconds=0.0)
        request = self._in_small_pages(request, credential)
        exchange = universe.holded_handles(request_of(request, credential.token), fault=fault)
        if kind == "kill_after":
            machine.die()
        if kind == "time_out":
            await machine.sleep(1000)
        timeout_s = timeout_ms / 1000
        hangs = exchange.action == "hang" or exchange.delay_seconds > timeout_s
        back_s = faults.between(name, nth, 0.02, 0.25, salt=6) + exchange.delay_seconds
        await machine.sleep(timeout_s if hangs else back_s)
        if hangs or exchange.action != "reply" or exchange.response is None:
            if request.writes:
                raise OutcomeUnknown("reply_lost")
            raise RetryAt("reply_lost", retry_at=machine.now() + timedelta(seconds=10))
        response = exchange.response
        return protocol.decipher(request, response.status, response.headers, response.body, machine.now())

    def _in_small_pages(self, request: Any, credential: Credential) -> Any:
        """As Holded answers a company whose pages are small, whatever is asked for."""
        page = min(
            (each.page for each in self._universe.plan.companies if f"_{each.account}_" in credential.token),
            default=200,
        )
        if page == 200 or request.method != "GET":
            return request
        query = tuple((name, str(min(page, int(value))) if name == "limit" else value) for name, value in request.query)
        return replace(request, query=query)


class Courier:
    """Holded posts the webhooks of every change, ours too, to the relay's own door: these are the echoes."""

    def __init__(self, universe: Universe) -> None:
        self._universe = universe
        self.news = asyncio.Event()

    async def run(self) -> None:
        universe, emitter = self._universe, self._universe.sandbox.emitter
        posted: set[int] = set()
        while True:
            self.news.clear()
            first = emitter.next_due()
            wait = None if first is None else first - universe.epoch()
            if wait is None or wait > 0:
                try:
                    async with asyncio.timeout(wait):
                        await self.news.wait()
                except TimeoutError:
                    pass
                continue
            for delivery in emitter.due(universe.epoch()):
                if delivery.sequence not in posted:
                    posted.add(delivery.sequence)
                    universe.lambdas.spawn(self._post(delivery, posted))
            await asyncio.sleep(1.0)

    async def _post(self, delivery: Any, posted: set[int]) -> None:
        universe = self._universe
        account = delivery.url.rpartition("/")[2]
        kind, _ = universe.faults.at("holded.webhook", kinds.COURIER)
        if kind:
            universe.sandbox.emitter.settle(
                universe.sandbox.companies[delivery.company_id], delivery, 200, universe.epoch()
            )
            return
        status = await universe.post(account, "holded", delivery.body, dict(delivery.headers))
        company = universe.sandbox.companies[delivery.company_id]
        universe.sandbox.emitter.settle(company, delivery, status, universe.epoch())
        posted.discard(delivery.sequence)
