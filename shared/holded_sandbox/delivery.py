"""Posts the webhooks that are due, in the background of the server."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import httpx

if TYPE_CHECKING:
    from holded_sandbox.clock import ScaledClock
    from holded_sandbox.core import Sandbox
    from holded_sandbox.webhooks import Delivery

_TIMEOUT_SECONDS = 10.0
_IDLE_SECONDS = 0.05  # real time between two looks at what is due
_AT_ONCE = 8


class Courier:
    """One task: looks at what is due and posts it; an answer that never comes counts as a failed attempt."""

    def __init__(self, sandbox: Sandbox, clock: ScaledClock) -> None:
        self._sandbox, self._clock = sandbox, clock

    async def run(self) -> None:
        # trust_env off: webhooks of the sandbox stay on this machine, whatever proxy the environment names.
        async with httpx.AsyncClient(timeout=_TIMEOUT_SECONDS, trust_env=False, follow_redirects=False) as client:
            while True:
                now = self._clock.now()
                self._sandbox.advance(now)
                due = self._sandbox.emitter.due(now)
                for start in range(0, len(due), _AT_ONCE):
                    await asyncio.gather(*(self._post(client, delivery) for delivery in due[start : start + _AT_ONCE]))
                await asyncio.sleep(_IDLE_SECONDS)

    async def _post(self, client: httpx.AsyncClient, delivery: Delivery) -> None:
        try:
            status = (await client.post(delivery.url, content=delivery.body, headers=delivery.headers)).status_code
        except (httpx.HTTPError, httpx.InvalidURL):
            status = 0
        company = self._sandbox.companies.get(delivery.company_id)
        if company is not None and delivery.state == "waiting":
            self._sandbox.emitter.settle(company, delivery, status, self._clock.now())
