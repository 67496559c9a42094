"""Lambda as it is: a machine that may die at any call, stop for seconds, run out of time, and has a clock of its own."""

from __future__ import annotations

import asyncio
import inspect
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from relay.errors import Unavailable
from tests.simulation import faults as kinds
from tests.simulation.faults import uniform

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from datetime import datetime

    from tests.simulation.world import Universe

WRITES = frozenset(
    {
        "ledger.insert",
        "ledger.replace",
        "ledger.wait_for_parent",
        "inbox.put",
        "inbox.close",
        "inbox.reopen",
        "gates.store",
        "gates.wake",
        "accounts.put",
        "accounts.record_change",
        "snapshots.record",
        "polls.store",
        "polls.mark",
    }
)
INDEXES = frozenset(
    {
        "ledger.due",
        "ledger.next_due",
        "ledger.by_holded_id",
        "ledger.in_state",
        "ledger.confirmed_between",
        "gates.due",
        "inbox.open_since",
        "inbox.received",
        "inbox.ends_between",
    }
)
SENDS = frozenset({"wakes.send", "bus.publish", "dead_letters.peek", "dead_letters.take_out"})
CACHED_S = 30.0


class KilledError(BaseException):
    """The machine is gone: nothing after it takes effect, nothing in the process may catch it as an error."""


class Machine:
    """One warm instance of a function. `skew_s` is what its clock is off; `cache` is what it remembers between calls."""

    def __init__(self, universe: Universe, function: str, skew_s: float) -> None:
        self.universe, self.function, self.skew_s = universe, function, skew_s
        self.dead = False
        self.frozen_until = 0.0
        self.cache: dict[str, tuple[float, Any]] = {}
        self.made: dict[str, Any] = {}  # what the function wired in its init phase

    def now(self) -> datetime:
        return self.universe.now() + timedelta(seconds=self.skew_s)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
        await self.thaw()

    async def thaw(self) -> None:
        """A machine that stands still goes on where it was."""
        left = self.frozen_until - asyncio.get_running_loop().time()
        if left > 0:
            await asyncio.sleep(left)
            await self.thaw()
        self.check()

    def check(self) -> None:
        if self.dead:
            raise KilledError

    def die(self) -> None:
        self.dead = True
        raise KilledError

    def freeze(self, seconds: float) -> None:
        self.frozen_until = max(self.frozen_until, asyncio.get_running_loop().time() + seconds)

    def port(self, name: str) -> Any:
        return Port(self, name, getattr(self.universe, name))

    async def strike(self, call: str, can: tuple[str, ...], effect: Callable[[], Awaitable[Any]]) -> Any:
        """One call of a port over the network: it takes a moment, and something may happen to it or to us."""
        self.check()
        faults = self.universe.faults
        kind, nth = faults.at(call, can)
        await asyncio.sleep(_latency(uniform(faults.seed, call, nth, 9)) * self.universe.distance)
        if self.dead:
            # The request was on its way when the machine died: it arrives, or it does not.
            if uniform(faults.seed, call, nth, 8) < 0.5:
                await effect()
            raise KilledError
        if kind == "kill_before":
            self.die()
        if kind == "time_out":
            await asyncio.sleep(1000)
            self.check()
        if kind == "throttle":
            raise Unavailable("throttled")
        if kind == "freeze":
            self.freeze(faults.between(call, nth, 1, 12))
            if uniform(faults.seed, call, nth, 7) < 0.5:
                await self.thaw()
        result = await effect()
        if kind == "sdk_retry":
            result = await effect()
        await self.thaw()
        if kind == "kill_after":
            self.die()
        if kind == "lose_write_reply":
            raise Unavailable("reply_lost")
        return result

    def strike_now(self, call: str, effect: Callable[[], Any], *, can: tuple[str, ...]) -> Any:
        """The same for a synchronous port: nothing else happens meanwhile."""
        kind, _ = self.universe.faults.at(call, can)
        if kind == "kill_before":
            self.die()
        if kind == "throttle":
            raise Unavailable("throttled")
        result = effect()
        if kind == "sdk_retry":
            result = effect()
        if kind == "kill_after":
            self.die()
        if kind == "lose_write_reply":
            raise Unavailable("reply_lost")
        return result


def _latency(draw: float) -> float:
    """Milliseconds, now and then much more."""
    return 0.002 + 0.02 * draw + (0.5 * draw if draw > 0.97 else 0.0)


def faults_of(name: str) -> tuple[str, ...]:
    """What can happen to a call of a port, by the port's and the method's name."""
    if name in WRITES:
        return kinds.TABLE_WRITE
    return kinds.DEATHS if name in SENDS else kinds.TABLE_READ


class Port:
    """A port as one machine sees it."""

    def __init__(self, machine: Machine, name: str, inner: Any) -> None:
        self._machine, self._name, self._inner = machine, name, inner

    def __getattr__(self, attribute: str) -> Any:
        inner = getattr(self._inner, attribute)
        name = f"{self._name}.{attribute}"
        call, can, machine = f"{self._machine.function}:{name}", faults_of(name), self._machine
        wrapped: Any = inner
        if inspect.isasyncgenfunction(inner):

            async def listing(*args: Any, **kwargs: Any) -> Any:
                async def read() -> list[Any]:
                    return [found async for found in inner(*args, **kwargs)]

                for found in await machine.strike(call, can, self._behind(call, read)):
                    yield found

            wrapped = listing
        elif inspect.iscoroutinefunction(inner):

            async def through(*args: Any, **kwargs: Any) -> Any:
                return await machine.strike(call, can, self._behind(call, lambda: inner(*args, **kwargs)))

            wrapped = through
        self.__dict__[attribute] = wrapped
        return wrapped

    def _behind(self, call: str, read: Callable[[], Any]) -> Callable[[], Any]:
        """An index shows what was there a moment ago, when it is its turn to lag."""
        if call.partition(":")[2] not in INDEXES:
            return read
        faults = self._machine.universe.faults
        kind, nth = faults.at(f"{call}/index", ("index_lag",))
        if not kind:
            return read
        return lambda: self._inner.behind(faults.between(call, nth, 0.2, 30.0), read)


class Secrets:
    """`WebhookSecrets` with the half minute a warm function remembers."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine

    def load(self, account: str) -> Any:
        universe, now = self._machine.universe, self._machine.universe.seconds()
        at, held = self._machine.cache.get(account, (-CACHED_S, None))
        there = universe.accounts.load(account)
        if now - at < CACHED_S:
            kind, _ = universe.faults.at("secrets.cache", ("stale_secrets",)) if held != there else ("", 0)
            if kind:
                return held
            return there
        call, can = f"{self._machine.function}:secrets.load", ("kill_before", "kill_after", "throttle")
        found = self._machine.strike_now(call, lambda: universe.accounts.load(account), can=can)
        self._machine.cache[account] = (now, found)
        return found


class Door:
    """`InboxWriter` of one machine."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine

    def put(self, delivery: Any, *, digest: str) -> str:
        writer = self._machine.universe.writer
        call = f"{self._machine.function}:inbox.put"
        return str(self._machine.strike_now(call, lambda: writer.put(delivery, digest=digest), can=kinds.SYNC_WRITE))
