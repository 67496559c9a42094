"""Fakes of the ports: dictionaries with the exact contract of `relay.ports`, for tests that need no AWS.

They run in one event loop and never await inside a step, so every conditional write is atomic, as it is in DynamoDB. The
contract suite in `tests/adapters` runs the same cases against these and against the real adapters.
"""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from relay.domain.gate import MANY
from relay.domain.sources import identity
from relay.errors import NotAllowed
from relay.ports.accounts import Account, AccountSecrets, Change, Credential
from relay.ports.inbox import InboxEnds, InboxItem
from relay.ports.ledger import Gates
from relay.ports.providers import Arrivals, ProviderCredential

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping, Sequence

    from relay.domain.documents import Priority
    from relay.domain.gate import Gate
    from relay.domain.ledger import Key, Row, State
    from relay.domain.polling import Polling
    from relay.domain.snapshots import Snapshot
    from relay.domain.sources.base import Delivery
    from relay.ports.queues import DeadLetter

WAKES_KEPT = 50
DUE_STATES = frozenset({"waiting", "sent", "unknown"})


def ms(at: datetime) -> int:
    return round(at.timestamp() * 1000)


class FakeClock:
    """Moves only when told, or when somebody sleeps."""

    def __init__(self, now: datetime = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)) -> None:
        self.at = now
        self.slept: list[float] = []

    def now(self) -> datetime:
        return self.at

    def advance(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.advance(seconds)


class FakeIds:
    def __init__(self, prefix: str = "id") -> None:
        self.prefix, self.made = prefix, 0

    def new(self) -> str:
        self.made += 1
        return f"{self.prefix}{self.made}"


class FakeInbox:
    """`items` by (account, inbox id). `put_now` is the synchronous `InboxWriter.put` over the same items."""

    def __init__(self) -> None:
        self.items: dict[tuple[str, str], InboxItem] = {}
        self.reopened: dict[tuple[str, str], int] = {}

    def put_now(self, delivery: Delivery, *, digest: str) -> str:
        at = (delivery.account, delivery.inbox_id)
        stored = "stored"
        if at in self.items:
            if self.items[at].digest == digest:
                return "duplicate"
            other = f"{delivery.inbox_id}-{digest[:12]}"
            at, stored = (delivery.account, other), f"stored_as:{other}"
            if at in self.items:
                return "duplicate"
            delivery = dataclasses.replace(delivery, inbox_id=other)
        self.items[at] = InboxItem(delivery=delivery, digest=digest, open=True, ends={})
        return stored

    async def get(self, account: str, inbox_id: str) -> InboxItem | None:
        return self.items.get((account, inbox_id))

    async def put(self, delivery: Delivery, *, digest: str) -> str:
        return self.put_now(delivery, digest=digest)

    async def close(self, account: str, inbox_id: str, *, ends: Mapping[str, str], of: int) -> None:
        item = self.items.get((account, inbox_id))
        if item is None:
            return
        merged = {**item.ends, **ends}
        self.items[account, inbox_id] = dataclasses.replace(
            item, ends=merged, open=item.open and len(merged) < max(of, 1)
        )

    async def reopen(self, account: str, inbox_id: str, *, numbers: Sequence[str], now_ms: int) -> bool:
        item = self.items.get((account, inbox_id))
        if item is None:
            return False
        left = {number: end for number, end in item.ends.items() if number not in numbers}
        self.items[account, inbox_id] = dataclasses.replace(item, ends=left, open=True)
        self.reopened[account, inbox_id] = now_ms
        return True

    def _open_ms(self, at: tuple[str, str]) -> int:
        item = self.items[at]
        return self.reopened.get(at, ms(item.delivery.received_at)) if item.open else 0

    async def open_since(self, *, before_ms: int, limit: int) -> AsyncIterator[tuple[str, str, int]]:
        found = sorted((self._open_ms(at), at) for at in self.items if 0 < self._open_ms(at) < before_ms)
        for received_ms, at in found[:limit]:
            yield *at, received_ms

    async def received(self, account: str, *, from_ms: int, to_ms: int, limit: int) -> AsyncIterator[InboxItem]:
        found = [
            item
            for (owner, _), item in self.items.items()
            if owner == account and from_ms <= ms(item.delivery.received_at) < to_ms
        ]
        for item in sorted(found, key=lambda item: item.delivery.received_at)[-limit:]:
            yield item

    async def ends_between(self, *, from_ms: int, to_ms: int, account: str = "") -> AsyncIterator[InboxEnds]:
        for at, item in list(self.items.items()):
            delivery = item.delivery
            if from_ms <= ms(delivery.received_at) < to_ms and account in {"", delivery.account}:
                yield InboxEnds(
                    account=delivery.account,
                    inbox_id=delivery.inbox_id,
                    source=delivery.source,
                    topic=delivery.topic,
                    received_ms=ms(delivery.received_at),
                    open_ms=self._open_ms(at),
                    ends=item.ends,
                )


class FakeInboxWriter:
    def __init__(self, inbox: FakeInbox) -> None:
        self.inbox = inbox

    def put(self, delivery: Delivery, *, digest: str) -> str:
        return self.inbox.put_now(delivery, digest=digest)


class FakeLedger:
    """`rows` by key; `pointers` holds who waits for whom. Compare-and-swap on `rev`, as the table does."""

    def __init__(self) -> None:
        self.rows: dict[Key, Row] = {}
        self.pointers: dict[Key, list[Key]] = {}

    async def get(self, key: Key) -> Row | None:
        return self.rows.get(key)

    async def insert(self, row: Row) -> Row | None:
        there = self.rows.get(row.key)
        if there is None:
            self.rows[row.key] = row
        return there

    async def replace(self, row: Row, *, expected_rev: int) -> bool:
        there = self.rows.get(row.key)
        if there is None or there.rev != expected_rev:
            return False
        self.rows[row.key] = dataclasses.replace(row, rev=expected_rev + 1)
        return True

    async def wait_for_parent(self, child: Row, *, parent: Key, expected_rev: int) -> bool:
        there, above = self.rows.get(child.key), self.rows.get(parent)
        if (there.rev if there else 0) != expected_rev or (above is not None and above.state == "confirmed"):
            return False
        self.rows[child.key] = dataclasses.replace(child, rev=expected_rev + 1)
        waiting = self.pointers.setdefault(parent, [])
        if child.key not in waiting:
            waiting.append(child.key)
        return True

    async def children(self, parent: Key) -> Sequence[Key]:
        return tuple(self.pointers.get(parent, ()))

    def _of(self, account: str) -> list[Row]:
        return [row for row in self.rows.values() if row.key.account == account]

    def _listed(self, account: str) -> list[Row]:
        """A claim straight from a message stands in no work index: listings and counts do not see it."""
        return [row for row in self._of(account) if row.state != "sent" or row.indexed]

    def _work(self, account: str) -> list[Row]:
        return [row for row in self._of(account) if row.state in DUE_STATES and row.indexed and row.due_ms]

    async def due(self, account: str, *, priority: str, now_ms: int, limit: int) -> Sequence[Row]:
        found = [row for row in self._work(account) if row.priority == priority and row.due_ms <= now_ms]
        return sorted(found, key=lambda row: row.due_ms)[:limit]

    async def next_due(self, account: str) -> Mapping[Priority, int]:
        latest_first = sorted(self._work(account), key=lambda row: -row.due_ms)
        return {row.priority: row.due_ms for row in latest_first}

    async def by_holded_id(self, account: str, holded_id: str) -> Row | None:
        named = [row for row in self._of(account) if row.holded_id == holded_id]
        return min(named, key=lambda row: row.key.purpose == "payment", default=None)

    async def in_state(self, account: str, state: State, *, from_ms: int = 0, limit: int = 1000) -> AsyncIterator[Row]:
        found = [row for row in self._listed(account) if row.state == state and row.updated_ms >= from_ms]
        for row in sorted(found, key=lambda row: row.updated_ms)[:limit]:
            yield row

    async def confirmed_between(self, account: str, *, from_ms: int, to_ms: int) -> AsyncIterator[Row]:
        found = [row for row in self._of(account) if row.state == "confirmed" and from_ms <= row.updated_ms < to_ms]
        for row in sorted(found, key=lambda row: row.updated_ms):
            yield row

    async def count(self, account: str) -> Mapping[str, int]:
        states = ("waiting", "review", "dead", "sent", "unknown")
        return {state: sum(row.state == state for row in self._listed(account)) for state in states}


class FakeGates:
    """`gates` and `wakes` by account; the wake set lives beside the gate, as it does in the item."""

    Stored = Gates.Stored  # the port's answer type is one of its members

    def __init__(self) -> None:
        self.gates: dict[str, Gate] = {}
        self.wakes: dict[str, set[str]] = {}

    async def load(self, account: str) -> Gate | None:
        there = self.gates.get(account)
        return there and dataclasses.replace(there, woken=bool(self.wakes.get(account)))

    async def store(
        self, gate: Gate, *, expected_rev: int, take_wakes: bool = False, if_no_wakes: bool = False
    ) -> Gates.Stored:
        there = self.gates.get(gate.account)
        if (there.rev if there else 0) != expected_rev:
            return Gates.Stored(ok=False, conflict=True)
        if if_no_wakes and self.wakes.get(gate.account):
            return Gates.Stored(ok=False, woken=True)
        self.gates[gate.account] = gate
        return Gates.Stored(ok=True, wakes=tuple(sorted(self.wakes.pop(gate.account, ()))) if take_wakes else ())

    async def wake(self, account: str, key: str, *, holder: str) -> bool:
        there = self.gates.get(account)
        if there is None or there.owner != holder:
            return False
        wakes = self.wakes.setdefault(account, set())
        wakes.add(key if len(wakes) < WAKES_KEPT else MANY)
        return True

    async def due(self, *, now_ms: int, limit: int) -> AsyncIterator[tuple[str, int]]:
        found = sorted(
            (gate.next_due_ms, account)
            for account, gate in self.gates.items()
            if gate.next_due_ms is not None and gate.next_due_ms <= now_ms
        )
        for due_ms, account in found[:limit]:
            yield account, due_ms


class FakeAccounts:
    def __init__(self, clock: FakeClock | None = None) -> None:
        self.clock = clock or FakeClock()
        self.accounts: dict[str, Account] = {}
        self.credentials: dict[str, Credential] = {}
        self.secrets: dict[str, AccountSecrets] = {}
        self.log: list[Change] = []
        self.providers = FakeProviders()

    async def get(self, account: str) -> Account | None:
        return self.accounts.get(account)

    async def put(self, account: Account, *, expected_rev: int) -> bool:
        there = self.accounts.get(account.account)
        if (there.rev if there else 0) != expected_rev:
            return False
        self.accounts[account.account] = dataclasses.replace(account, rev=expected_rev + 1)
        return True

    async def all(self) -> AsyncIterator[Account]:
        for name in sorted(self.accounts):
            yield self.accounts[name]

    async def credential(self, account: str) -> Credential:
        if account not in self.credentials:
            raise NotAllowed("credential_missing", detail="the account has no Holded credential")
        return self.credentials[account]

    async def set_credential(self, account: str, credential: Credential) -> None:
        self.credentials[account] = credential

    def load(self, account: str) -> AccountSecrets | None:
        """`WebhookSecrets.load`: the synchronous way to the same secrets."""
        held = self.secrets.get(account)
        if held is None:
            return None
        now = ms(self.clock.now())
        live = {
            source: tuple(secret for secret in secrets if held.expires_ms.get(secret, now + 1) > now)
            for source, secrets in held.secrets.items()
        }
        return dataclasses.replace(held, secrets=live)

    async def webhook_secrets(self, account: str) -> AccountSecrets | None:
        return self.load(account)

    async def set_webhook_secrets(self, account: str, secrets: AccountSecrets) -> None:
        self.secrets[account] = secrets

    async def erase(self, account: str) -> int:
        """`providers` is set where a world has them: the table's erasure finds them beside the account."""
        there = self.accounts.get(account)
        for source in [source for owner, source in self.providers.held if owner == account]:
            await self.providers.forget(account, source)
        touched = (self.credentials.pop(account, None) is not None) + (self.secrets.pop(account, None) is not None)
        if there is not None and (there.salt or there.name):
            self.accounts[account] = dataclasses.replace(there, salt="", name="", rev=there.rev + 1)
            touched += 1
        return touched

    async def record_change(self, account: str, *, at_ms: int, who: str, what: str, before: str, after: str) -> None:
        self.log.append(Change(account=account, at_ms=at_ms, who=who, what=what, before=before, after=after))

    async def changes(self, account: str, *, from_ms: int, to_ms: int, limit: int) -> AsyncIterator[Change]:
        found = [change for change in self.log if change.account == account and from_ms <= change.at_ms < to_ms]
        for change in sorted(found, key=lambda change: change.at_ms, reverse=True)[:limit]:
            yield change


class FakeProviders:
    def __init__(self) -> None:
        self.held: dict[tuple[str, str], ProviderCredential] = {}

    async def known(self, account: str) -> Sequence[ProviderCredential]:
        found = [one for (owner, _), one in sorted(self.held.items()) if owner == account]
        return [dataclasses.replace(one, token="") for one in found]

    async def get(self, account: str, source: str) -> ProviderCredential | None:
        return self.held.get((account, source))

    async def put(self, account: str, credential: ProviderCredential) -> None:
        self.held[account, credential.source] = credential

    async def forget(self, account: str, source: str) -> bool:
        return self.held.pop((account, source), None) is not None


class FakeArrivals:
    """`hours` by (account, source): deliveries by the start of their hour."""

    Arrived = Arrivals.Arrived  # the port's answer type is one of its members

    def __init__(self) -> None:
        self.hours: dict[tuple[str, str], dict[int, int]] = {}
        self.last: dict[tuple[str, str], int] = {}

    async def add(self, account: str, source: str, *, hours: Mapping[int, int], last_ms: int) -> None:
        held = self.hours.setdefault((account, source), {})
        for at, count in hours.items():
            held[at] = held.get(at, 0) + count
        self.last[account, source] = last_ms

    async def since(self, account: str, *, from_ms: int) -> Mapping[str, Arrivals.Arrived]:
        day_ms = from_ms - from_ms % 86_400_000
        found = {}
        for (owner, source), held in self.hours.items():
            hours = {at: count for at, count in held.items() if at >= day_ms}
            if owner == account and hours:
                found[source] = Arrivals.Arrived(hours=hours, last_ms=self.last[owner, source])
        return found


class FakeNotes:
    """`held` by (account, kind, name)."""

    def __init__(self) -> None:
        self.held: dict[tuple[str, str, str], tuple[int, Mapping[str, Any]]] = {}

    async def get(self, account: str, kind: str, name: str) -> Mapping[str, Any] | None:
        held = self.held.get((account, kind, name))
        return held[1] if held else None

    async def put(self, account: str, kind: str, name: str, fields: Mapping[str, Any], *, at_ms: int) -> bool:
        held = self.held.get((account, kind, name))
        if held is not None and held[0] > at_ms:
            return False
        self.held[account, kind, name] = (at_ms, dict(fields))
        return True


class FakeSnapshots:
    """`seen` by (account, type, id); `inbox` takes what a snapshot tells, in the same step."""

    def __init__(self, inbox: FakeInbox | None = None) -> None:
        self.inbox = inbox or FakeInbox()
        self.seen: dict[tuple[str, str, str], Snapshot] = {}

    async def get(self, account: str, object_type: str, holded_id: str) -> Snapshot | None:
        return self.seen.get((account, object_type, holded_id))

    async def many(self, account: str, object_type: str, ids: Sequence[str]) -> Mapping[str, Snapshot]:
        found = {each: self.seen.get((account, object_type, each)) for each in ids}
        return {each: snapshot for each, snapshot in found.items() if snapshot is not None}

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
        there = self.seen.get((account, object_type, holded_id))
        if (there.number if there else None) != expected or (there and there.seen_ms > snapshot.seen_ms):
            return False
        if delivery is not None:
            self.inbox.put_now(delivery, digest=identity.body_digest(delivery.body))
        self.seen[account, object_type, holded_id] = snapshot
        return True

    async def known(self, account: str, object_type: str) -> AsyncIterator[tuple[str, Snapshot]]:
        for (owner, kind, holded_id), snapshot in sorted(self.seen.items(), key=lambda each: each[0]):
            if (owner, kind) == (account, object_type) and not snapshot.gone:
                bare = {"approved": None, "payment": None, "data": {}}
                yield holded_id, dataclasses.replace(snapshot, **bare)


class FakePolls:
    """`states` by account, `marks` by (account, resource, pass) and page; compare-and-swap on `rev`."""

    def __init__(self) -> None:
        self.states: dict[str, Polling] = {}
        self.marks: dict[tuple[str, str, str], dict[int, tuple[str, ...]]] = {}

    async def load(self, account: str) -> Polling | None:
        return self.states.get(account)

    async def store(self, polling: Polling, *, expected_rev: int) -> bool:
        there = self.states.get(polling.account)
        if (there.rev if there else 0) != expected_rev:
            return False
        self.states[polling.account] = dataclasses.replace(polling, rev=expected_rev + 1)
        return True

    async def mark(self, account: str, resource: str, pass_id: str, *, page: int, ids: Sequence[str]) -> None:
        self.marks.setdefault((account, resource, pass_id), {})[page] = tuple(ids)

    async def marked(self, account: str, resource: str, pass_id: str) -> frozenset[str]:
        pages = self.marks.get((account, resource, pass_id), {})
        return frozenset(each for ids in pages.values() for each in ids)


class FakeBus:
    """`refuse` names the positions of the next publish that are refused, once."""

    def __init__(self) -> None:
        self.published: list[Mapping[str, Any]] = []
        self.refuse: set[int] = set()

    async def publish(self, entries: Sequence[Mapping[str, Any]]) -> Sequence[int]:
        refused, self.refuse = sorted(self.refuse), set()
        self.published += [entry for at, entry in enumerate(entries) if at not in refused]
        return refused


@dataclasses.dataclass(frozen=True, kw_only=True)
class Wake:
    message: Mapping[str, str]
    priority: str
    delay_seconds: int


class FakeWakes:
    def __init__(self) -> None:
        self.sent: list[Wake] = []
        self.refuse: set[int] = set()

    async def send(
        self, messages: Sequence[Mapping[str, str]], *, priority: str, delay_seconds: int = 0
    ) -> Sequence[int]:
        refused, self.refuse = sorted(self.refuse), set()
        self.sent += [
            Wake(message=message, priority=priority, delay_seconds=delay_seconds)
            for at, message in enumerate(messages)
            if at not in refused
        ]
        return refused


class FakeDeadLetters:
    """`letters` are what the dead-letter queues hold."""

    def __init__(self) -> None:
        self.letters: list[DeadLetter] = []

    async def peek(self) -> Sequence[DeadLetter]:
        return tuple(self.letters)

    async def take_out(self, wanted: Callable[[DeadLetter], bool], *, patience_s: float = 0) -> Sequence[DeadLetter]:
        taken = [letter for letter in self.letters if wanted(letter)]
        self.letters = [letter for letter in self.letters if letter not in taken]
        return taken


class FakeHolded:
    """Answers from `answer(request, credential)`; an exception that it returns or raises is raised. Keeps every call."""

    def __init__(self, answer: Callable[[Any, Credential], Any]) -> None:
        self.answer = answer
        self.calls: list[tuple[Any, Credential]] = []

    async def call(self, request: Any, credential: Credential, *, timeout_ms: int) -> Any:
        self.calls.append((request, credential))
        reply = self.answer(request, credential)
        if isinstance(reply, Exception):
            raise reply
        return reply
