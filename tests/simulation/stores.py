"""Tables as they are: the fakes' rules (`tests.fakes`), with a past that lagging indexes still show, a stream, and TTL."""

from __future__ import annotations

import dataclasses
import heapq
import json
from collections import deque
from typing import TYPE_CHECKING, Any

from tests.fakes import FakeAccounts, FakeGates, FakeInbox, FakeLedger, FakePolls, FakeSnapshots

if TYPE_CHECKING:
    from collections.abc import Callable

    from relay.domain.polling import Polling
    from relay.domain.snapshots import Snapshot
    from relay.domain.sources.base import Delivery

_NOTHING: Any = object()
_REMEMBERED_S = 120.0
KEPT_S = 35 * 86_400.0


class History(dict):  # type: ignore[type-arg]  # keys and values are whatever the fake keeps
    """A dict that can be seen as it was some seconds ago. `watch(key, old, new)` hears every change."""

    def __init__(self, now: Callable[[], float], watch: Callable[[Any, Any, Any], None] | None = None) -> None:
        super().__init__()
        self._now, self._watch = now, watch
        self._past: deque[tuple[float, Any, Any]] = deque()

    def __setitem__(self, key: Any, value: Any) -> None:
        old = self._remember(key)
        super().__setitem__(key, value)
        if self._watch is not None:
            self._watch(key, old, value)

    def pop(self, key: Any, *default: Any) -> Any:
        self._remember(key)
        return super().pop(key, *default)

    def _remember(self, key: Any) -> Any:
        old, now = self.get(key, _NOTHING), self._now()
        self._past.append((now, key, old))
        while self._past[0][0] < now - _REMEMBERED_S:
            self._past.popleft()
        return None if old is _NOTHING else old

    def as_of(self, seconds_ago: float) -> dict[Any, Any]:
        seen, since = dict(self), self._now() - seconds_ago
        for at, key, old in reversed(self._past):
            if at <= since:
                break
            if old is _NOTHING:
                seen.pop(key, None)
            else:
                seen[key] = old
        return seen


class _Lagging:
    """`behind(seconds, read)` runs a read that never awaits over what an index showed then."""

    table = ""

    async def behind(self, seconds: float, read: Callable[[], Any]) -> Any:
        live = getattr(self, self.table)
        setattr(self, self.table, live.as_of(seconds))
        try:
            return await read()
        finally:
            setattr(self, self.table, live)


class SimLedger(_Lagging, FakeLedger):
    table = "rows"

    def __init__(self, now: Callable[[], float]) -> None:
        super().__init__()
        self.spent: list[str] = []  # waits that used an attempt: there must be none
        self.rows = History(now, self._changed)

    def _changed(self, key: Any, old: Any, new: Any) -> None:
        waits = ("quota_", "rate_limited", "paused", "blocked", "queued", "parent", "out_of_time", "contact_")
        grown = old is not None and old.event_id == new.event_id and new.attempts > old.attempts
        if grown and new.state == "waiting" and new.reason.startswith(waits):
            self.spent.append(f"{key}: {new.reason} used attempt {new.attempts}")


class SimGates(_Lagging, FakeGates):
    table = "gates"

    def __init__(self, now: Callable[[], float], watch: Callable[[Any, Any, Any], None] | None = None) -> None:
        super().__init__()
        self.gates = History(now, watch)


class SimInbox(_Lagging, FakeInbox):
    """Every new item is a record of the stream; a closed one is kept 35 days, and then as long as DynamoDB likes."""

    table = "items"

    def __init__(
        self,
        now: Callable[[], float],
        inserted: Callable[[str, str], None],
        closed: Callable[[], None] = lambda: None,
        opened: Callable[[], None] = lambda: None,
    ) -> None:
        super().__init__()
        self._now, self._inserted, self._closed, self._opened = now, inserted, closed, opened
        self.items = History(now, self._changed)
        self.expiring: list[tuple[float, tuple[str, str], bool]] = []

    def _changed(self, at: tuple[str, str], old: Any, new: Any) -> None:
        if old is None:
            self._inserted(*at)
        elif old.open and not new.open:
            heapq.heappush(self.expiring, (self._now() + KEPT_S, at, False))
            self._closed()
        elif new.open and not old.open:
            self._opened()

    def expire(self, late_s: Callable[[], float]) -> None:
        """Take away what is past its time, `late_s()` seconds late."""
        while self.expiring and self.expiring[0][0] <= self._now():
            _, at, waited = heapq.heappop(self.expiring)
            late = 0.0 if waited else late_s()
            item = self.items.get(at)
            if late:
                heapq.heappush(self.expiring, (self._now() + late, at, True))
            elif item is not None and not item.open:
                self.items.pop(at)

    def forget_ends(self) -> list[tuple[str, str, int]]:
        """Every delivery as if it had just come (a restored backup), but for what a person ended: (account, inbox id, parts)."""
        found = []
        for (account, inbox_id), item in list(self.items.items()):
            found.append((account, inbox_id, len(item.ends)))
            kept = {number: end for number, end in item.ends.items() if "by_hand" in end}
            self.items[account, inbox_id] = dataclasses.replace(item, open=len(kept) < len(item.ends), ends=kept)
        return found


@dataclasses.dataclass(frozen=True, slots=True)
class Look:
    """A snapshot that was stored, and what went with it. `verbs` of the events, `inbox_id` of their delivery."""

    at_s: float
    snapshot: Snapshot
    inbox_id: str = ""
    verbs: tuple[str, ...] = ()


class SimSnapshots(FakeSnapshots):
    """`history` by (account, type, id): all that was ever stored of it, in order."""

    def __init__(self, now: Callable[[], float], inbox: FakeInbox) -> None:
        super().__init__(inbox)
        self._now = now
        self.history: dict[tuple[str, str, str], list[Look]] = {}

    async def record(
        self,
        account: str,
        object_type: str,
        holded_id: str,
        snapshot: Snapshot,
        *,
        expected: int | None,
        delivery: Delivery | None = None,
    ) -> bool:
        done = await super().record(account, object_type, holded_id, snapshot, expected=expected, delivery=delivery)
        if done:
            told = json.loads(delivery.body) if delivery is not None else []
            events = told if isinstance(told, list) else [told]
            verbs = tuple(event["type"].rpartition(".")[2] for event in events)
            look = Look(self._now(), snapshot, delivery.inbox_id if delivery is not None else "", verbs)
            self.history.setdefault((account, object_type, holded_id), []).append(look)
        return done


class SimPolls(FakePolls):
    """`first_full_s` by (account, resource): when its first full pass was through."""

    def __init__(self, now: Callable[[], float]) -> None:
        super().__init__()
        self._now = now
        self.first_full_s: dict[tuple[str, str], float] = {}

    async def store(self, polling: Polling, *, expected_rev: int) -> bool:
        done = await super().store(polling, expected_rev=expected_rev)
        if done:
            for name, course in polling.courses.items():
                if course.full_ms:
                    self.first_full_s.setdefault((polling.account, name), self._now())
        return done


class SimAccounts(FakeAccounts):
    """As the fake; a table that is strongly read lags nowhere."""


__all__ = ["KEPT_S", "History", "SimAccounts", "SimGates", "SimInbox", "SimLedger", "SimPolls", "SimSnapshots"]
