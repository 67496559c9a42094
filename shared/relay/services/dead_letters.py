"""Index dead letters: every message that used up its attempts becomes a `dead` row with its reason.

The message itself stays in its queue, so a plain redrive from the AWS console works too; indexing it again changes nothing.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from relay.domain.ledger import Key, Row

if TYPE_CHECKING:
    from collections.abc import Sequence

    from relay.ports import DeadLetter, DeadLetters, Ledger

NO_ACCOUNT = "unknown"
_LONGEST_ID = 300


class IndexDeadLetters:
    def __init__(self, *, queue: DeadLetters, ledger: Ledger) -> None:
        self._queue = queue
        self._ledger = ledger

    async def __call__(self, *, now_ms: int) -> tuple[int, int]:
        """Returns (messages seen, newly indexed)."""
        letters = await self._queue.peek()
        return len(letters), await self.index(letters, now_ms=now_ms)

    async def index(self, letters: Sequence[DeadLetter], *, now_ms: int) -> int:
        new = 0
        for letter in letters:
            if await self._ledger.insert(_row(letter, now_ms)) is None:
                new += 1
        return new


def dead_letter_key(account: str, name: str) -> Key:
    """`name` is the event a message names, else the message's own id."""
    return Key(account=account, source="dead-letters", object_id=name, purpose="dead")


def _row(letter: DeadLetter, now_ms: int) -> Row:
    account, event = _named(letter.body)
    return Row(
        key=dead_letter_key(account, event or letter.message_id),
        state="dead",
        created_ms=now_ms,
        updated_ms=now_ms,
        event_id=event,
        event_type=f"queue.{letter.queue}",
        reason="attempts_used_up" if event else "unreadable_message",
        detail=f"{letter.receives} receives, first seen in the {letter.queue} dead-letter queue",
        attempts=letter.receives,
        indexed=True,
    )


def _named(body: str) -> tuple[str, str]:
    """(account, event) of a message, as far as it can be read."""
    try:
        message = json.loads(body)
    except (ValueError, RecursionError):
        return NO_ACCOUNT, ""
    if not isinstance(message, dict):
        return NO_ACCOUNT, ""
    account, event = message.get("account"), message.get("event")
    named = account if isinstance(account, str) and account else NO_ACCOUNT
    return named[:64], event[:_LONGEST_ID] if isinstance(event, str) else ""
