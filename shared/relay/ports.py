"""The ports: what the services need of the outside, as small Protocols owned by the side that calls.

Accepting is synchronous (one write, a lean Lambda). Everything behind the stream is asynchronous, so that one drainer
can have several calls to Holded under way, and so that a simulation can interleave at every await. Adapters raise only
errors of `relay.errors`; `Unavailable` where a store is throttled or away.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping, Sequence
    from datetime import datetime

    from relay.domain.documents import Priority
    from relay.domain.gate import Gate
    from relay.domain.ledger import Key, Row, State
    from relay.domain.polling import Polling
    from relay.domain.snapshots import Snapshot
    from relay.domain.sources.base import Delivery


class Clock(Protocol):
    def now(self) -> datetime:
        """Aware, UTC."""
        ...

    async def sleep(self, seconds: float) -> None: ...


class Ids(Protocol):
    def new(self) -> str:
        """A fresh unique id, `[a-z0-9]`."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountSecrets:
    """What `receive_webhook` may know of an account: secrets per source (newest first) and the sources' bindings.

    `expires_ms` names, by secret, when a rotated one stops being valid (epoch ms); a secret it does not name stays valid.
    Whoever loads these leaves the expired ones out.
    """

    account: str
    secrets: Mapping[str, Sequence[str]]
    bindings: Mapping[str, Mapping[str, str]]
    expires_ms: Mapping[str, int] = field(default_factory=dict)

    def __repr__(self) -> str:
        return "AccountSecrets(***)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """An account's settings without any secret. `settings` is the JSON of `relay.domain.settings.Settings`.

    `catalogue` is what was read from Holded: taxes, series, payment methods ... as JSON. `salt` keys the digests of
    personal data; erasing it unlinks them. `company_id` is what the mode is bound to. While it is blocked, `blocked_ms` is
    since when, and `refused` what kind of call Holded refuses (`relay.domain.standing`).
    """

    account: str
    name: str
    mode: str  # "test" | "live"
    status: str  # "active" | "paused" | "blocked"
    status_reason: str
    company_id: str
    per_minute: int
    per_month: int
    settings: Mapping[str, Any]
    catalogue: Mapping[str, Any]
    salt: str
    rev: int
    blocked_ms: int = 0
    refused: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """A Holded credential: the v2 bearer token and, where v2 lacks a way, the v1 key. Never logged, never in an error."""

    token: str
    v1_key: str = ""

    def __repr__(self) -> str:
        return "Credential(***)"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderCredential:
    """How a shop or a payment provider is asked. `base_url` is its API's, `token` as `relay.providers.<source>.headers` takes it.

    `register`: the relay may make and mend its webhooks there. Never logged, never in an error.
    """

    source: str
    base_url: str
    token: str
    register: bool = True

    def __repr__(self) -> str:
        return f"ProviderCredential({self.source}, ***)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """An entry of the change log: who did what, and what was before and after it. No personal data."""

    account: str
    at_ms: int
    who: str
    what: str
    before: str
    after: str


class WebhookSecrets(Protocol):
    """Synchronous: on the hot path, cached in the warm function for a short time."""

    def load(self, account: str) -> AccountSecrets | None: ...


class InboxWriter(Protocol):
    """Synchronous: the one conditional write of accepting."""

    def put(self, delivery: Delivery, *, digest: str) -> str:
        """Store a verified delivery. Returns `stored`, `duplicate` (same digest) or `stored_as:<id>` (same identity,
        other digest: a new item with a suffix). Raises `Unavailable`; then nothing may be acknowledged.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class InboxItem:
    delivery: Delivery
    digest: str
    open: bool
    ends: Mapping[str, str]  # event number -> its end: "document:<key>", "ignored:<reason>" ...


@dataclass(frozen=True, slots=True, kw_only=True)
class InboxEnds:
    """A delivery without its body: enough to count the ends of its events."""

    account: str
    inbox_id: str
    source: str
    topic: str
    received_ms: int
    open_ms: int  # since when it is open: received, or reopened; 0 when it is closed
    ends: Mapping[str, str]

    @property
    def open(self) -> bool:
        return self.open_ms > 0


class Inbox(Protocol):
    async def get(self, account: str, inbox_id: str) -> InboxItem | None: ...

    async def put(self, delivery: Delivery, *, digest: str) -> str:
        """As `InboxWriter.put`, for polls, imports and re-reads."""
        ...

    async def close(self, account: str, inbox_id: str, *, ends: Mapping[str, str], of: int) -> None:
        """Record the end of events (`ends`: event number -> end); with all `of` ended, drop `open` and start the TTL."""
        ...

    async def reopen(self, account: str, inbox_id: str, *, numbers: Sequence[str], now_ms: int) -> bool:
        """Take back the ends of these events, so that the sweeper publishes the delivery again. False: it is not there any more."""
        ...

    def open_since(self, *, before_ms: int, limit: int) -> AsyncIterator[tuple[str, str, int]]:
        """(account, inbox id, received ms) of items still open that were received (or reopened) before `before_ms`, oldest
        first, over all accounts.
        """
        ...

    def received(self, account: str, *, from_ms: int, to_ms: int, limit: int) -> AsyncIterator[InboxItem]:
        """The newest `limit` deliveries of that time, oldest of them first."""
        ...

    def ends_between(self, *, from_ms: int, to_ms: int, account: str = "") -> AsyncIterator[InboxEnds]:
        """Every delivery received in [from, to) of one account, or of all, in no order: for people, not for functions."""
        ...


class Ledger(Protocol):
    async def get(self, key: Key) -> Row | None:
        """Strongly consistent."""
        ...

    async def insert(self, row: Row) -> Row | None:
        """Put the row if the key is free. None: done. Else the row that is there (from the failed condition, no extra read)."""
        ...

    async def replace(self, row: Row, *, expected_rev: int) -> bool:
        """Compare and swap: write `row` (rev = expected_rev + 1) if the stored rev is `expected_rev`."""
        ...

    async def wait_for_parent(self, child: Row, *, parent: Key, expected_rev: int) -> bool:
        """One transaction: write the child as waiting (insert when expected_rev is 0), leave a pointer under the parent,
        and check that the parent is not confirmed. False: it is confirmed (or the child's rev moved): decide anew.
        """
        ...

    async def children(self, parent: Key) -> Sequence[Key]:
        """Keys that wait for this parent, strongly consistent."""
        ...

    async def due(self, account: str, *, priority: str, now_ms: int, limit: int) -> Sequence[Row]:
        """Rows of the work index whose `due_ms` has come, oldest first. The index may lag; claims stay conditional."""
        ...

    async def next_due(self, account: str) -> Mapping[Priority, int]:
        """The smallest `due_ms` of each priority in the account's work index; one with no row is missing."""
        ...

    async def by_holded_id(self, account: str, holded_id: str) -> Row | None: ...

    def in_state(self, account: str, state: State, *, from_ms: int = 0, limit: int = 1000) -> AsyncIterator[Row]: ...

    def confirmed_between(self, account: str, *, from_ms: int, to_ms: int) -> AsyncIterator[Row]: ...

    async def count(self, account: str) -> Mapping[str, int]:
        """Rows by state, for `relay status` (waiting, review, dead, sent, unknown)."""
        ...


class Gates(Protocol):
    """The account's gate: drainer lease and budget in one item, so that a lease and its tokens are one conditional write."""

    async def load(self, account: str) -> Gate | None:
        """The gate as it stands, and whether its wake set holds anything (`woken`); None before the first drain."""
        ...

    async def store(
        self, gate: Gate, *, expected_rev: int, take_wakes: bool = False, if_no_wakes: bool = False
    ) -> Gates.Stored:
        """Compare and swap on `rev`. `take_wakes` empties the wake set and returns what it held; with `if_no_wakes` the
        write is refused while the set is not empty (letting go of a lease).
        """
        ...

    async def wake(self, account: str, key: str, *, holder: str) -> bool:
        """Add a row's key to the wake set if `holder` still holds the lease; False: it does not, try to take it.

        Several keys of one batch come as one text, parted by blanks: one write, and one place in the set.
        """
        ...

    def due(self, *, now_ms: int, limit: int) -> AsyncIterator[tuple[str, int]]:
        """(account, its `next_due_ms`) of accounts whose time has come, over all accounts (sparse, sharded index)."""
        ...

    @dataclass(frozen=True, slots=True, kw_only=True)
    class Stored:
        ok: bool
        wakes: tuple[str, ...] = ()
        conflict: bool = False  # the rev moved
        woken: bool = False  # refused because the wake set is not empty


class Accounts(Protocol):
    async def get(self, account: str) -> Account | None: ...

    async def put(self, account: Account, *, expected_rev: int) -> bool: ...

    def all(self) -> AsyncIterator[Account]: ...

    async def credential(self, account: str) -> Credential: ...

    async def set_credential(self, account: str, credential: Credential) -> None: ...

    async def webhook_secrets(self, account: str) -> AccountSecrets | None: ...

    async def set_webhook_secrets(self, account: str, secrets: AccountSecrets) -> None: ...

    async def erase(self, account: str) -> int:
        """Delete credentials, secrets, salt and every copy of personal data; keeps ids, digests and amounts. Returns items touched."""
        ...

    async def record_change(
        self, account: str, *, at_ms: int, who: str, what: str, before: str, after: str
    ) -> None: ...

    def changes(self, account: str, *, from_ms: int, to_ms: int, limit: int) -> AsyncIterator[Change]:
        """The newest `limit` changes recorded in [from, to), newest first."""
        ...


class Providers(Protocol):
    """Credentials of shops and payment providers, each sealed under a purpose of its own: `provider:<source>`."""

    async def known(self, account: str) -> Sequence[ProviderCredential]:
        """Those the account has, by source, with empty tokens: nothing is opened for it."""
        ...

    async def get(self, account: str, source: str) -> ProviderCredential | None: ...

    async def put(self, account: str, credential: ProviderCredential) -> None: ...

    async def forget(self, account: str, source: str) -> bool:
        """False: there was none."""
        ...


class Arrivals(Protocol):
    """How many deliveries of a source came in each hour, as the stream saw them: the signs of life of a source."""

    async def add(self, account: str, source: str, *, hours: Mapping[int, int], last_ms: int) -> None:
        """`hours`: start of the hour (epoch ms) -> deliveries received in it; `last_ms` is the latest of them. Counts add up."""
        ...

    async def since(self, account: str, *, from_ms: int) -> Mapping[str, Arrivals.Arrived]:
        """By source, what was counted in the hours from the day of `from_ms` on."""
        ...

    @dataclass(frozen=True, slots=True, kw_only=True)
    class Arrived:
        hours: Mapping[int, int]
        last_ms: int


class Notes(Protocol):
    """Small notes of background work, by (account, kind, name): cursors, habits. Never personal data."""

    async def get(self, account: str, kind: str, name: str) -> Mapping[str, Any] | None: ...

    async def put(self, account: str, kind: str, name: str, fields: Mapping[str, Any], *, at_ms: int) -> bool:
        """Write unless a newer one (`at_ms`) is there."""
        ...


class Snapshots(Protocol):
    """What was last seen of a Holded object, by (account, type, id)."""

    async def get(self, account: str, object_type: str, holded_id: str) -> Snapshot | None:
        """Strongly consistent."""
        ...

    async def many(self, account: str, object_type: str, ids: Sequence[str]) -> Mapping[str, Snapshot]:
        """As `get` for each; what has no snapshot is missing."""
        ...

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
        """One transaction: write the snapshot if the one there has the number `expected` (None: none is there) and was not
        seen later, and put what it tells into the inbox. False: somebody was first, nothing was written; look again.
        """
        ...

    def known(self, account: str, object_type: str) -> AsyncIterator[tuple[str, Snapshot]]:
        """Ids and snapshots of all objects of a type that are not gone, without their `data`, in the order of their ids."""
        ...


class Polls(Protocol):
    """How far the polling of an account has come, and what its passes have seen."""

    async def load(self, account: str) -> Polling | None: ...

    async def store(self, polling: Polling, *, expected_rev: int) -> bool:
        """Compare and swap: write it with rev `expected_rev` + 1 if the stored rev is `expected_rev` (0: none is there)."""
        ...

    async def mark(self, account: str, resource: str, pass_id: str, *, page: int, ids: Sequence[str]) -> None:
        """Keep which ids a page of a pass showed, for some days. The same page again takes its place."""
        ...

    async def marked(self, account: str, resource: str, pass_id: str) -> frozenset[str]:
        """All ids that the pass has shown so far, strongly consistent."""
        ...


class Bus(Protocol):
    async def publish(self, entries: Sequence[Mapping[str, Any]]) -> Sequence[int]:
        """Put CloudEvents on the bus, in batches. Returns the indexes that were refused."""
        ...


class Wakes(Protocol):
    """SQS wakes, the ledger waits."""

    async def send(
        self, messages: Sequence[Mapping[str, str]], *, priority: str, delay_seconds: int = 0
    ) -> Sequence[int]:
        """`{"account": ..., "event": ...}` (an event to take in) or `{"account": ...}` (work is due). Returns refused indexes."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetter:
    """One message of a dead-letter queue. `body` may be anything: it is why some of them are here."""

    message_id: str
    body: str
    queue: str
    receives: int
    first_seen_ms: int


class DeadLetters(Protocol):
    async def peek(self) -> Sequence[DeadLetter]:
        """Look through the dead-letter queues and leave every message where it is."""
        ...

    async def take_out(self, wanted: Callable[[DeadLetter], bool], *, patience_s: float = 0) -> Sequence[DeadLetter]:
        """Delete the messages that are `wanted`, and tell which they were. For people who replay or discard, never by the clock.

        A message that another look hides is waited for, up to `patience_s` of the machine's seconds; one that is moved
        back meanwhile is not found.
        """
        ...


class HoldedApi(Protocol):
    """One request to Holded, already built; one call, no retry, no pacing. See `relay.holded.protocol`."""

    async def call(self, request: Any, credential: Credential, *, timeout_ms: int) -> Any:
        """Send and decipher. Raises `Rejected`, `NotFound`, `NotAllowed`, `RetryAt`, `WaitUntil`, `OutcomeUnknown`."""
        ...


class ProviderApi(Protocol):
    """One request to a shop or a payment provider, already built; one call, no retry, no pacing. See `relay.providers.protocol`."""

    async def call(self, request: Any, credential: ProviderCredential, *, timeout_ms: int) -> Any:
        """Send and decipher. Raises `Rejected`, `NotFound`, `NotAllowed`, `RetryAt`, `OutcomeUnknown`."""
        ...
