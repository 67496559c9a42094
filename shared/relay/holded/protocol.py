"""The sans-I/O heart of the Holded client: a request as a value, and what its reply means.

`decipher` looks at three things in this order (Holded facts 8.2): is the body JSON at all, does it say `status: 0`, and what
is the HTTP status. A *write* may change state in Holded; once it has left, a reply that does not settle what happened is
`OutcomeUnknown`: look before writing again. A *read* without a usable reply may simply be asked again.

    reply                                            read                       write
    2xx, JSON its decoder reads                      Reply                      Reply
    2xx, JSON cut short, empty or not as agreed      RetryAt reply_*            OutcomeUnknown reply_*
    2xx, HTML, v1 (its 404 page: facts 8.2)          NotFound not_found         NotFound if it names an object,
                                                                                else OutcomeUnknown reply_not_json
    2xx, HTML, v2 (not documented: a proxy's page)   RetryAt reply_not_json     OutcomeUnknown reply_not_json
    2xx or 4xx, {"status": 0, "info": ...}           Rejected refused           Rejected refused
    ... with info "Invalid key"                      NotAllowed credential_invalid
    3xx (never followed)                             Rejected redirected        OutcomeUnknown redirected
    401; 403 "Access denied."                        NotAllowed credential_invalid
    402                                              NotAllowed plan_unpaid
    403 "Insufficient permissions: X required."      NotAllowed scope_missing, X in the detail
    403, other JSON                                  NotAllowed forbidden
    403, not JSON (a firewall's page)                Rejected blocked: one buyer's text must not stop the account
    404                                              NotFound not_found
    408                                              RetryAt busy               OutcomeUnknown server_error
    422, the date is locked                          Rejected period_locked
    423, 425                                         RetryAt busy
    429, window month                                WaitUntil rate_limited_month, to the month's end at the latest
    429, else                                        RetryAt rate_limited_minute, 1 s to 2 minutes
    400, 409, 410, 413, 422, other 4xx               Rejected bad_request, conflict, gone, too_large, unprocessable, refused
    5xx and anything else                            RetryAt server_error       OutcomeUnknown server_error

429 counts as "nothing was written" also for a write: the limiter stands before the application. A v1 write answered with
the HTML page named an object that is not there (or a module not permitted), so nothing was written; a v1 create names no
object, so its page proves nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Generic, Literal

from relay.errors import BadInput, NotAllowed, NotFound, OutcomeUnknown, Rejected, RetryAt, WaitUntil
from relay.holded.encoding import decode
from relay.holded.limits import LimitSignal, minute_retry, month_retry, retry_after, signals, window_of
from relay.holded.texts import safe_text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from typing_extensions import TypeVar

    T = TypeVar("T", default=Any)
else:
    from typing import TypeVar

    T = TypeVar("T")

Version = Literal["v1", "v2"]

_SCOPE = re.compile(r"Insufficient permissions: ([a-z0-9:._-]{1,60}) required", re.IGNORECASE)
_AGAIN = timedelta(seconds=30)
_LOCKED_DATE = re.compile(r"\bdate\b.*\blocked\b")  # "This date has been locked" (Holded facts 1.2)
_REASONS = {400: "bad_request", 409: "conflict", 410: "gone", 413: "too_large", 422: "unprocessable"}


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Request(Generic[T]):
    """One call to Holded, ready to send. `path` is all below the host; `json` may hold `Decimal`s (see `encoding.encode`).

    `writes`: it may change state, so a lost reply leaves its outcome unknown. `names_object`: the path holds an object's
    id. `reads` turns the parsed reply (`None` for an empty one) into the value and raises `BadInput` where it cannot.
    """

    method: Literal["GET", "POST", "PUT", "DELETE"]
    path: str
    reads: Callable[[Any], T]
    query: tuple[tuple[str, str], ...] = ()
    json: Mapping[str, Any] | None = None
    version: Version = "v2"
    writes: bool = False
    names_object: bool = False

    def __repr__(self) -> str:
        return f"Request({self.method} {self.path})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply(Generic[T]):
    """What came back. `limits` is what its headers say of the account's windows."""

    value: T
    status: int
    limits: tuple[LimitSignal, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class _Body:
    kind: Literal["json", "empty", "broken", "other"]
    value: Any = None


def decipher(request: Request[T], status: int, headers: Mapping[str, str], body: bytes, now: datetime) -> Reply[T]:
    """Turn an HTTP reply into a `Reply`, or raise by the table above. `now` is aware; header names may have any case."""
    named = {name.lower(): value for name, value in headers.items()}
    parsed = _parse(named.get("content-type", ""), body)
    if 200 <= status < 300:
        return _success(request, status, named, parsed, now)
    if 300 <= status < 400:
        raise _lost(request, "redirected", now) if request.writes else Rejected("redirected", detail=f"HTTP {status}")
    if status == 429:
        raise _limited(named, now)
    if status == 408 or not 400 <= status < 500:
        raise _lost(request, "server_error", now, detail=f"HTTP {status}", headers=named)
    raise _refusal(request, status, parsed, now)


def _parse(content_type: str, body: bytes) -> _Body:
    if not body.strip():
        return _Body("empty")
    # Some replies call JSON text/plain, the HTML page calls itself text/html: the header decides only against JSON.
    if "html" in content_type.lower() or body.lstrip()[:1] == b"<":
        return _Body("other")
    try:
        return _Body("json", decode(body))
    except ValueError:
        return _Body("broken" if "json" in content_type.lower() or body.lstrip()[:1] in b"{[" else "other")


def _success(request: Request[T], status: int, headers: Mapping[str, str], parsed: _Body, now: datetime) -> Reply[T]:
    if parsed.kind == "other":
        if request.version == "v1" and (request.names_object or not request.writes):
            raise NotFound(
                "not_found", detail="v1 answered with its page: unknown id or route, or module not permitted"
            )
        raise _lost(request, "reply_not_json", now)
    if parsed.kind == "broken":
        raise _lost(request, "reply_broken", now)
    if _says_no(parsed.value):
        raise _refusal(request, status, parsed, now)
    try:
        value = request.reads(parsed.value)
    except BadInput as unreadable:
        raise _lost(request, "reply_unexpected", now, detail=unreadable.detail) from unreadable
    return Reply(value=value, status=status, limits=signals(headers, now))


def _says_no(value: Any) -> bool:
    # A v1 document carries `status: 0` when it is unpaid: only a body that is no object says no (Holded facts 3.3, 8.2).
    if not isinstance(value, dict) or isinstance(value.get("status"), bool) or value.get("status") != 0:
        return False
    return "info" in value or "msg" in value or "id" not in value


def _lost(
    request: Request[Any], reason: str, now: datetime, *, detail: str = "", headers: Mapping[str, str] | None = None
) -> OutcomeUnknown | RetryAt:
    """No usable answer: a write may have happened, a read is asked again."""
    if request.writes:
        return OutcomeUnknown(reason, detail=detail)
    asked = retry_after(headers or {}, now)
    return RetryAt(reason, retry_at=minute_retry(asked, now, otherwise=_AGAIN), detail=detail)


def _limited(headers: Mapping[str, str], now: datetime) -> RetryAt:
    asked = retry_after(headers, now)
    if window_of(headers, now, asked) == "month":
        return WaitUntil("rate_limited_month", retry_at=month_retry(asked, now), detail="the month's quota is spent")
    return RetryAt("rate_limited_minute", retry_at=minute_retry(asked, now, otherwise=timedelta(seconds=60)))


def _refusal(request: Request[Any], status: int, parsed: _Body, now: datetime) -> Rejected | NotAllowed | RetryAt:
    told = _told(parsed.value)
    detail = safe_text(told, request) or f"HTTP {status}"
    scope = _SCOPE.search(told)
    lowered = told.strip().rstrip(".").lower()
    if scope:
        return NotAllowed("scope_missing", detail=f"the token lacks {scope[1]}")
    if status == 401 or lowered in {"invalid key", "access denied"}:
        return NotAllowed("credential_invalid", detail="Holded does not know this credential, or it was revoked")
    if status == 402:
        return NotAllowed("plan_unpaid", detail="Holded asks for a paid plan")
    if status == 403:
        if parsed.kind != "json":
            return Rejected("blocked", detail="something before Holded refused this request")
        return NotAllowed("forbidden", detail=detail)
    if status == 404:
        return NotFound("not_found", detail=f"{request.method} {request.path}")
    if status in {423, 425}:
        return RetryAt("busy", retry_at=now + _AGAIN, detail=detail)
    if status == 422 and _LOCKED_DATE.search(lowered):
        return Rejected("period_locked", detail="the accounting period of this date is locked in Holded")
    return Rejected(_REASONS.get(status, "refused"), detail=detail)


def _told(value: Any) -> str:
    """The sentence of a problem document, of a v1 `info`/`msg` or of a bulk `message`."""
    if isinstance(value, dict):
        for name in ("detail", "info", "msg", "message", "title"):
            if isinstance(value.get(name), str) and value[name]:
                return str(value[name])
    return ""
