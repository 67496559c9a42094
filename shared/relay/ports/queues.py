"""What carries an event on: the bus, the wakes of the drains, and the dead-letter queues."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence


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
