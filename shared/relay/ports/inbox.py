"""The inbox: where a delivery is kept before anything else is done with it.

Accepting is synchronous (one write, a lean Lambda). Every port behind the stream is asynchronous, so that one drainer
can have several calls to Holded under way, and so that a simulation can interleave at every await. Adapters raise only
errors of `relay.errors`; `Unavailable` where a store is throttled or away.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence

    from relay.domain.sources.base import Delivery


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
    ends: Mapping[str, str]  # event number -> its end: "document:<Holded id>", "ignored:<reason>" ...


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
