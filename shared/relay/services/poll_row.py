"""The row by which an account's polling stands in its waiting room. Without the machinery: who only looks after it is lean."""

from __future__ import annotations

from relay.domain.ledger import Key, Row
from relay.domain.polling_cadence import offset_ms
from relay.domain.standing_rows import stands

_FIRST_WITHIN_MS = 3600_000


def poll_key(account: str) -> Key:
    return Key(account=account, source="*", object_id="poll", purpose="poll")


def first_poll(account: str, *, now_ms: int) -> Row:
    """The row that stands in the waiting room for as long as the account lives."""
    due_ms = now_ms + offset_ms(account, "poll", _FIRST_WITHIN_MS)
    return stands(poll_key(account), "poll", now_ms=now_ms, due_ms=due_ms)
