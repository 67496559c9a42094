"""Calls to a shop or a payment provider as values, and what a reply means. No I/O, as in `relay.holded.protocol`.

    reply                                     read                       write
    2xx, JSON that `reads` understands        Reply                      Reply
    2xx, anything else                        RetryAt reply_*            OutcomeUnknown reply_*
    3xx (never followed)                      Rejected redirected        Rejected redirected
    401, 402, 403                             NotAllowed credential_refused
    404                                       NotFound not_found
    429                                       RetryAt rate_limited, as `Retry-After` asks, 1 s to 1 hour
    423, 408                                  RetryAt busy               OutcomeUnknown busy (408)
    other 4xx                                 Rejected refused
    5xx and anything else                     RetryAt server_error       OutcomeUnknown server_error

No error quotes a reply: what a shop answers may hold a buyer's data.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, Generic, Literal, NoReturn

from relay.errors import BadInput, NotAllowed, NotFound, OutcomeUnknown, Rejected, RetryAt

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from typing_extensions import TypeVar

    T = TypeVar("T", default=Any)
else:
    from typing import TypeVar

    T = TypeVar("T")

_AGAIN = timedelta(seconds=30)
_SHORTEST, _LONGEST = timedelta(seconds=1), timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """The time a list is asked for, both ends included as far as the provider can; both aware."""

    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One page of a list. `mark` is where the next one begins, empty at the end; `resume` the same for another process, days
    later. `total` is what the provider says of the whole list, None where it says nothing.
    """

    items: tuple[Mapping[str, Any], ...]
    mark: str = ""
    resume: str = ""
    total: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Request(Generic[T]):
    """One call. `path` begins below the credential's base URL. `json` or `form` is the body, not both. `reads` turns the parsed
    reply and its headers (lower-case names) into the value and raises `BadInput` where it cannot.
    """

    method: Literal["GET", "POST", "PUT", "DELETE"]
    path: str
    reads: Callable[[Any, Mapping[str, str]], T]
    query: tuple[tuple[str, str], ...] = ()
    json: Mapping[str, Any] | None = None
    form: tuple[tuple[str, str], ...] = ()

    @property
    def writes(self) -> bool:
        return self.method != "GET"

    def __repr__(self) -> str:
        return f"Request({self.method} {self.path})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply(Generic[T]):
    """`pause_s` is how long to wait before the next call, so that the provider's bucket does not run over."""

    value: T
    pause_s: float = field(default=0.0)


def decipher(request: Request[T], status: int, headers: Mapping[str, str], body: bytes, now: datetime) -> Reply[T]:
    """Turn an HTTP reply into a `Reply`, or raise by the table above. `now` is aware; header names may have any case."""
    named = {name.lower(): value for name, value in headers.items()}
    where = f"{request.method} {request.path}: HTTP {status}"
    if 200 <= status < 300:
        return _success(request, named, body, now)
    if 300 <= status < 400:
        raise Rejected("redirected", detail=where)
    if status in {401, 402, 403}:
        raise NotAllowed("credential_refused", detail=f"{where}: the credential is wrong, revoked or lacks a scope")
    if status == 404:
        raise NotFound("not_found", detail=where)
    if status in {423, 429}:
        reason = "rate_limited" if status == 429 else "busy"
        raise RetryAt(reason, retry_at=_retry(named, now), detail=where)
    if 400 <= status < 500 and status != 408:
        raise Rejected("refused", detail=where)
    raise _lost(request, "busy" if status == 408 else "server_error", _retry(named, now), where)


def _success(request: Request[T], headers: Mapping[str, str], body: bytes, now: datetime) -> Reply[T]:
    where = f"{request.method} {request.path}"
    try:
        parsed = json.loads(body, parse_constant=_refuse) if body.strip() else None
    except (ValueError, RecursionError):
        raise _lost(request, "reply_not_json", now + _AGAIN, where) from None
    try:
        value = request.reads(parsed, headers)
    except BadInput as unreadable:
        raise _lost(request, "reply_unexpected", now + _AGAIN, f"{where}: {unreadable.detail}") from unreadable
    return Reply(value=value, pause_s=_pause_s(headers))


def _lost(request: Request[Any], reason: str, retry_at: datetime, detail: str) -> OutcomeUnknown | RetryAt:
    if request.writes:
        return OutcomeUnknown(reason, detail=detail)
    return RetryAt(reason, retry_at=retry_at, detail=detail)


def _refuse(word: str) -> NoReturn:
    raise ValueError(f"{word} is not JSON")


def _retry(headers: Mapping[str, str], now: datetime) -> datetime:
    """`Retry-After`: seconds, with a fraction at Shopify ("2.0"), or an HTTP date."""
    text = headers.get("retry-after", "").strip()
    asked = now + _AGAIN
    if len(text) <= 12 and text.replace(".", "", 1).isdecimal():
        asked = now + timedelta(seconds=min(float(text), _LONGEST.total_seconds()))
    elif text:
        try:
            told = parsedate_to_datetime(text)
        except (ValueError, OverflowError):
            told = asked
        asked = told if told.tzinfo else told.replace(tzinfo=UTC)
    return max(now + _SHORTEST, min(asked, now + _LONGEST))


_LEAK_SHARE = 20
"""Shopify's bucket of 40 calls leaks 2 a second, larger ones in proportion: https://shopify.dev/docs/api/usage/limits"""


def _pause_s(headers: Mapping[str, str]) -> float:
    """`X-Shopify-Shop-Api-Call-Limit: 32/40`. Half of the bucket is left to the shop's other programs."""
    used, _, size = headers.get("x-shopify-shop-api-call-limit", "").partition("/")
    if not (used.isdecimal() and size.isdecimal() and len(used + size) <= 12 and int(size)):
        return 0.0
    return max(0.0, (int(used) - int(size) / 2) / (int(size) / _LEAK_SHARE))


def objects(parsed: Any, key: str = "") -> tuple[Mapping[str, Any], ...]:
    """A list of objects, bare or under `key`. Raises `BadInput` for anything else."""
    found = parsed.get(key) if key and isinstance(parsed, dict) else parsed
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise BadInput("reply_unexpected", detail=f"expected a list of objects{f' under {key}' if key else ''}")
    return tuple(found)


def number(text: str | None) -> int | None:
    """A count in a header; None where it says none."""
    text = (text or "").strip()
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= 12 else None


def instant(value: object) -> datetime | None:
    """ISO 8601, UTC where it does not say; None for anything else."""
    try:
        at = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return at if at is None or at.tzinfo else at.replace(tzinfo=UTC)


def stamp(at: datetime) -> str:
    """UTC to the second, as all three take it."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
