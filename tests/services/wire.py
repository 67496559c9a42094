"""The wire between a process and its ports: it counts every call of a port, and the process dies at a chosen one."""

from __future__ import annotations

import asyncio
import importlib
import inspect
import pkgutil
from typing import Protocol

import relay.ports
from holded_sandbox.faults import Fault
from relay.ports.accounts import Accounts, WebhookSecrets
from relay.ports.holded import HoldedApi
from relay.ports.inbox import Inbox, InboxWriter
from relay.ports.ledger import Gates, Ledger
from relay.ports.polling import Polls, Snapshots
from relay.ports.providers import Arrivals, Notes, ProviderApi, Providers
from relay.ports.queues import Bus, DeadLetters, Wakes
from relay.ports.world import Clock, Ids
from tests.fakes import FakeDeadLetters, FakeInboxWriter

MODES = ("before", "after", "late")
LATE_S = 400.0
"""A commit this long after its caller died: later than any lease of these stories, earlier than SETTLE."""

PROTOCOLS = {
    "accounts": Accounts,
    "arrivals": Arrivals,
    "bus": Bus,
    "clock": Clock,
    "dead_letters": DeadLetters,
    "gates": Gates,
    "holded": HoldedApi,
    "ids": Ids,
    "inbox": Inbox,
    "inbox_writer": InboxWriter,
    "ledger": Ledger,
    "polls": Polls,
    "notes": Notes,
    "provider_api": ProviderApi,
    "providers": Providers,
    "secrets": WebhookSecrets,
    "snapshots": Snapshots,
    "wakes": Wakes,
}
IN_PROCESS = frozenset({"clock", "ids"})
"""They reach nothing outside the process: counted only where a story asks for it."""


def protocols():
    """Every port there is, by the module that defines them."""
    sides = [importlib.import_module(f"relay.ports.{side.name}") for side in pkgutil.iter_modules(relay.ports.__path__)]
    return [
        each
        for side in sides
        for each in vars(side).values()
        if inspect.isclass(each) and getattr(each, "_is_protocol", False) and each is not Protocol
    ]


def methods(protocol):
    return {name for name, member in vars(protocol).items() if inspect.isfunction(member) and not name.startswith("_")}


class Killed(BaseException):
    """The machine is gone: nothing after it takes effect, nothing in the process may catch it as an error."""


class Wire:
    """Counts calls of ports; the `at`-th kills the process before it, after it, or (`late`) before Holded commits it."""

    def __init__(self, world, *, at=None, mode="before", also=()):
        """`also` names ports of `IN_PROCESS` to count as well."""
        self.world, self.at, self.mode, self.also = world, at, mode, frozenset(also)
        self.names: list[str] = []
        self.dead = False

    def ports(self):
        """Every port of the world behind this wire."""
        return {
            name: inner if name in IN_PROCESS - self.also else Port(name, inner, self, PROTOCOLS[name])
            for name, inner in ports_of(self.world).items()
        }

    async def pause(self):
        """Where other drains get their turn; a scheduler overrides it."""

    def _dies_at(self, name):
        if self.dead:
            raise Killed
        self.names.append(name)
        self.dead = len(self.names) - 1 == self.at
        return self.dead

    async def strike(self, name, call):
        await self.pause()
        if not self._dies_at(name):
            return await call()
        if self.mode == "late" and name == "holded.call":
            self.world.sandbox.faults.faults.insert(0, Fault(kind="late_commit", seconds=LATE_S))
            await asyncio.gather(call(), return_exceptions=True)
        elif self.mode != "before":
            await call()
        raise Killed

    def strike_now(self, name, call):
        if not self._dies_at(name):
            return call()
        if self.mode != "before":
            call()
        raise Killed


def ports_of(world):
    """The ports of a world by their names: what it has, and the synchronous and dead-letter ports over the same state."""
    if not hasattr(world, "dead_letters"):
        world.dead_letters = FakeDeadLetters()
    made = {"secrets": world.accounts, "inbox_writer": FakeInboxWriter(world.inbox)}
    return {name: made.get(name) or getattr(world, name) for name in PROTOCOLS}


class Port:
    """One port behind a wire: every method of its Protocol is a crash point."""

    def __init__(self, name, inner, wire, protocol):
        self._name, self._inner, self._wire, self._methods = name, inner, wire, methods(protocol)

    def __getattr__(self, attribute):
        inner = getattr(self._inner, attribute)
        if attribute not in self._methods:
            return inner
        name = f"{self._name}.{attribute}"
        if inspect.isasyncgenfunction(inner):

            async def listing(*args, **kwargs):
                async def read():
                    return [found async for found in inner(*args, **kwargs)]

                for found in await self._wire.strike(name, read):
                    yield found

            return listing
        if not inspect.iscoroutinefunction(inner):
            return lambda *args, **kwargs: self._wire.strike_now(name, lambda: inner(*args, **kwargs))

        async def call(*args, **kwargs):
            return await self._wire.strike(name, lambda: inner(*args, **kwargs))

        return call
