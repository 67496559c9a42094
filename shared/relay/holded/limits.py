"""What a reply's headers say of the account's two windows, and when a refused request may be asked again.

Holded counts per minute and per month over all keys of the account and answers 429 with `Retry-After` (seconds, by one
report an HTTP date), `X-RateLimit-Limit`, `-Remaining`, `-Reset` (unix seconds) and `-Window` (Holded facts 8.1). Headers
are hints of a foreign system: what cannot be read is dropped, and a wait is bounded both ways.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Literal

from relay.holded.formats import MADRID

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import tzinfo

Window = Literal["minute", "month"]

_SHORTEST = timedelta(seconds=1)
_LONGEST_MINUTE = timedelta(minutes=2)
_SURELY_A_MONTH = timedelta(hours=1)  # no minute's window asks for an hour
_LONGEST_MONTH = timedelta(days=32)
_TURN = timedelta(hours=6)  # so long after a month began, a refusal may still be the word of the month before
_LOOK_AGAIN = timedelta(hours=1)
_FIRST_UNIX = 1_000_000_000  # below: seconds from now, not since 1970


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitSignal:
    """One window as Holded sees it. `reset_at` is aware; None where the reply does not say."""

    window: Window
    limit: int | None
    remaining: int | None
    reset_at: datetime | None

    @property
    def reset_ms(self) -> int | None:
        """`reset_at` in epoch milliseconds."""
        return None if self.reset_at is None else round(self.reset_at.timestamp() * 1000)


def signals(headers: Mapping[str, str], now: datetime) -> tuple[LimitSignal, ...]:
    """The window a reply speaks of, if it says enough to know which. Header names are lower case."""
    limit, remaining = _count(headers.get("x-ratelimit-limit")), _count(headers.get("x-ratelimit-remaining"))
    if limit is None and remaining is None:
        return ()
    reset_at = _reset(headers, now)
    window = _window_word(headers) or _by_distance(reset_at, now)
    if window is None:
        return ()
    return (LimitSignal(window=window, limit=limit, remaining=remaining, reset_at=reset_at),)


def window_of(headers: Mapping[str, str], now: datetime, asked: datetime | None) -> Window:
    """Which window a 429 is about. Without a word on it, a wait of hours can only be the month."""
    return _window_word(headers) or _by_distance(asked, now) or "minute"


def retry_after(headers: Mapping[str, str], now: datetime) -> datetime | None:
    """When the reply asks to be asked again: `Retry-After`, else the window's reset."""
    text = headers.get("retry-after", "").strip()
    seconds = _count(text)
    if seconds is not None:
        return now + timedelta(seconds=min(seconds, _LONGEST_MONTH.total_seconds()))
    if text:
        try:
            asked = parsedate_to_datetime(text)
        except (ValueError, OverflowError):  # a day or a year of many digits is too large for a date
            return _reset(headers, now)
        return asked if asked.tzinfo else asked.replace(tzinfo=UTC)
    return _reset(headers, now)


def minute_retry(asked: datetime | None, now: datetime, *, otherwise: timedelta) -> datetime:
    """Between a second and two minutes from now, as asked."""
    return max(now + _SHORTEST, min(asked or now + otherwise, now + _LONGEST_MINUTE))


def month_retry(asked: datetime | None, now: datetime) -> datetime:
    """When the month's quota may be back: as asked, if that lies ahead, at most 32 days.

    Not asked: the next first of the month, in Madrid or in UTC, whichever comes first. Holded does not say whose midnight
    starts its month; waiting for the later one after the other has passed would lose a whole month, asking at the earlier
    one costs a single refused call.

    An instant that has passed, or none in a month's first hours, is a late word of the month before, or our clock goes
    ahead of Holded's: it is asked again in an hour, because waiting for the next first would close the month that just
    began.
    """
    if asked is not None and asked > now:
        return max(now + _SHORTEST, min(asked, now + _LONGEST_MONTH)).astimezone(UTC)
    coming = min(_next_month(now, MADRID), _next_month(now, UTC))
    late = asked is not None or any(_next_month(now - _TURN, zone) <= now for zone in (MADRID, UTC))
    return max(now + _SHORTEST, min(coming, now + _LOOK_AGAIN) if late else coming).astimezone(UTC)


def _next_month(now: datetime, zone: tzinfo) -> datetime:
    there = now.astimezone(zone)
    year, month = divmod(there.year * 12 + there.month, 12)
    return datetime(year, month + 1, 1, tzinfo=zone)


def _window_word(headers: Mapping[str, str]) -> Window | None:
    word = headers.get("x-ratelimit-window", "").strip().lower()
    if word == "minute":
        return "minute"
    return "month" if word == "month" else None


def _by_distance(when: datetime | None, now: datetime) -> Window | None:
    if when is None:
        return None
    if when - now > _SURELY_A_MONTH:
        return "month"
    return "minute" if when - now <= _LONGEST_MINUTE else None


def _reset(headers: Mapping[str, str], now: datetime) -> datetime | None:
    seconds = _count(headers.get("x-ratelimit-reset"))
    if seconds is None:
        return None
    try:
        return datetime.fromtimestamp(seconds, UTC) if seconds >= _FIRST_UNIX else now + timedelta(seconds=seconds)
    except (ValueError, OverflowError, OSError):
        return None


def _count(text: str | None) -> int | None:
    text = (text or "").strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 12 else None
