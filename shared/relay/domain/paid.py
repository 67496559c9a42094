"""Whether a payment that was seen is a reason to look at its document, and how far back that document's day is. Pure."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from relay.domain.budget_month import month_end

if TYPE_CHECKING:
    from collections.abc import Mapping

    from relay.domain.polling import Polling
    from relay.domain.snapshots import Snapshot

_LOOKS = 5
"""One in so many of polling's calls may read a document that no quick pass reaches."""
_STATES: Mapping[str, str] = {"created": "paid", "deleted": "unpaid"}
_SAME = ("amount", "document_id")


def is_reason(verb: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    """Whether what is told of a payment is about its document. Another text or day of it is not."""
    return verb != "updated" or any(before.get(each) != after.get(each) for each in _SAME)


def explains(document: Snapshot, *, seen_ms: int, verb: str = "") -> bool:
    """Whether what is known of the document shows the payment that was seen at `seen_ms`, or nothing more can be known of it.

    Of part payments nobody can say which it shows: they are looked for.
    """
    if document.gone or not document.number or document.seen_ms > seen_ms:
        return True
    return document.payment is not None and document.payment == _STATES.get(verb)


def day_of(document: Snapshot) -> date | None:
    """A day that is not later than the document's, None where it is not known."""
    told = document.data.get("issued_at")
    try:
        at = datetime.fromisoformat(told) if isinstance(told, str) else None
    except ValueError:
        return None
    return at.date() - timedelta(days=1) if at is not None else None  # whatever the zone it is told in


def look_from_ms(state: Polling, *, now_ms: int, allowance: int) -> int:
    """The earliest instant for one more look out of polling's own calls: one after the other, all through the month."""
    part, end_ms = max(1, allowance // _LOOKS), month_end(state.month_ms)
    if state.calls >= allowance:
        return max(now_ms, end_ms)
    return max(now_ms, state.month_ms + min(state.looks, part) * (end_ms - state.month_ms) // part)
