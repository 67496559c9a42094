"""Index dead letters: every message that used up its attempts becomes a `dead` row with its reason.

The message itself stays in its queue, so a plain redrive from the AWS console works too; indexing it again changes nothing.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

from relay.domain import dead
from relay.domain.ledger import Row

if TYPE_CHECKING:
    from collections.abc import Sequence

    from relay.ports.ledger import Ledger
    from relay.ports.queues import DeadLetter, DeadLetters

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
            row = _row(letter, now_ms)
            there = await self._ledger.insert(row)
            if there is None:
                new += 1
            elif there.state != "dead" and letter.first_seen_ms > there.updated_ms:
                # Its event died once more, after the earlier row had found its end.
                again = replace(row, rev=there.rev + 1, created_ms=there.created_ms)
                new += await self._ledger.replace(again, expected_rev=there.rev)
        return new


def named_in(body: str) -> tuple[str, str]:
    """(account, event) of a message, as far as it can be read: `unknown` and empty where it cannot."""
    try:
        message = json.loads(body)
    except (ValueError, RecursionError):
        return NO_ACCOUNT, ""
    if not isinstance(message, dict):
        return NO_ACCOUNT, ""
    account, event = message.get("account"), message.get("event")
    named = account if isinstance(account, str) and account else NO_ACCOUNT
    return named[:64], event[:_LONGEST_ID] if isinstance(event, str) else ""


def _row(letter: DeadLetter, now_ms: int) -> Row:
    account, event = named_in(letter.body)
    return Row(
        key=dead.key(account, event or letter.message_id),
        state="dead",
        created_ms=now_ms,
        updated_ms=now_ms,
        event_id=event,
        event_type=f"queue.{letter.queue}",
        # A message without an event is a plain wake of its account.
        reason="unreadable_message" if account == NO_ACCOUNT else "attempts_used_up",
        detail=f"{letter.receives} receives, first seen in the {letter.queue} dead-letter queue",
        attempts=letter.receives,
        indexed=True,
    )
