"""HTTP as values: what comes in, what goes back, and a webhook on its way out."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

Record = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """`path` is below the shop's own base path; header names are lower case."""

    method: str
    path: str
    query: tuple[tuple[str, str], ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    def first(self, name: str, default: str = "") -> str:
        return next((value for key, value in self.query if key == name), default)

    def json(self) -> Record:
        try:
            found = json.loads(self.body or b"{}")
        except ValueError:
            return {}
        return found if isinstance(found, dict) else {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass(slots=True, kw_only=True)
class Post:
    """A webhook that its shop owes: who is told what, how often it was tried, and when it is to be tried (unix seconds)."""

    subscription: str
    url: str
    headers: dict[str, str]
    body: bytes
    due: float
    tries: int = 0
    event: str = ""


def answer(value: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    body = json.dumps(value).encode()
    return Response(status=status, headers={"content-type": "application/json", **(headers or {})}, body=body)


def iso(now: float) -> str:
    """`2026-03-02T09:00:00Z`, to the second."""
    return datetime.fromtimestamp(int(now), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def seconds(text: str) -> float:
    """Unix seconds of an ISO 8601 instant; without an offset it is UTC. Raises `ValueError`."""
    at = datetime.fromisoformat(text)
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()
