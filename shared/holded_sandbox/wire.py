"""What crosses the edge, as values: requests, responses, and what the transport is to do with them."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Literal, NoReturn
from urllib.parse import parse_qsl, urlsplit

from holded_sandbox.facts import fact

Record = dict[str, Any]
"""One stored object or JSON body. Amounts inside are dotted decimal strings, whatever the wire shows."""

PROBLEMS = "https://api.holded.com/problems/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One call as the server received it; header names are lower case."""

    method: str
    path: str
    query: tuple[tuple[str, str], ...] = ()
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""

    @classmethod
    def make(
        cls,
        method: str,
        url: str,
        *,
        headers: dict[str, str] | None = None,
        json_body: object = None,
        body: bytes = b"",
    ) -> Request:
        """Build a request from a URL or path with its query; for callers without a socket."""
        parts = urlsplit(url)
        return cls(
            method=method.upper(),
            path=parts.path,
            query=tuple(parse_qsl(parts.query, keep_blank_values=True)),
            headers={name.lower(): value for name, value in (headers or {}).items()},
            body=body if json_body is None else json.dumps(json_body).encode(),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """`reply`: send the response after `delay_seconds`. `reset`: cut the connection. `hang`: never answer."""

    action: Literal["reply", "reset", "hang"]
    response: Response | None = None
    delay_seconds: float = 0.0


class ProblemError(Exception):
    """A v2 refusal; becomes an RFC 7807 body (Holded facts 1.2)."""

    def __init__(self, status: int, slug: str, title: str, detail: str) -> None:
        super().__init__(detail)
        self.status, self.slug, self.title, self.detail = status, slug, title, detail


class LegacyError(Exception):
    """A v1 refusal: HTTP 200 with `{"status": 0, "info": ...}` unless another HTTP status is given (Holded facts 8.2)."""

    def __init__(self, info: str, status: int = 200) -> None:
        super().__init__(info)
        self.info, self.status = info, status


class UnknownPageError(Exception):
    """v1 knows no such route or id: it answers 200 with the web application's HTML page (Holded facts 8.2)."""


def bad_request(detail: str) -> NoReturn:
    raise ProblemError(400, "bad-request", "Bad request", detail)


def unprocessable(detail: str) -> NoReturn:
    raise ProblemError(422, "unprocessable-entity", "Unprocessable entity", detail)


def not_found() -> NoReturn:
    raise ProblemError(404, "not-found", "Not found", "Not Found")


def _plain(value: object) -> object:
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    raise TypeError(f"not JSON: {type(value).__name__}")


def json_response(body: object, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    text = json.dumps(body, ensure_ascii=False, default=_plain)
    return Response(
        status=status, headers={"content-type": "application/json", **(headers or {})}, body=text.encode("utf-8")
    )


@fact("12.1 problem+json")
def problem_response(problem: ProblemError, headers: dict[str, str] | None = None) -> Response:
    body = {"type": PROBLEMS + problem.slug, "title": problem.title, "status": problem.status, "detail": problem.detail}
    return json_response(body, problem.status, {"content-type": "application/problem+json", **(headers or {})})


def dumps(body: object) -> str:
    """Compact JSON of a record; a decimal inside it becomes the number it is."""
    return json.dumps(body, ensure_ascii=False, separators=(",", ":"), default=_plain)


def _decimal(text: str) -> Decimal:
    if math.isinf(float(text)):
        raise ValueError("a number is out of range")
    return Decimal(text)


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def read_object(body: bytes, *, exact: bool = True) -> Record:
    """The JSON object of a body, `{}` for an empty one. Raises ValueError for anything else.

    `exact`: fractions become decimals (amounts), not floats (seconds and probabilities of the control API).
    """
    if not body.strip():
        return {}
    value = json.loads(body, parse_float=_decimal if exact else float, parse_constant=_refuse_constant)
    if not isinstance(value, dict):
        raise ValueError("the body is not a JSON object")  # noqa: TRY004 - the callers translate one error
    return value
