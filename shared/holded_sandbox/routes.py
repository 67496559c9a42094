"""The table of routes: method and path template to a handler, with the scope v2 asks for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic, TypeVar

from holded_sandbox.wire import Record, Request, Response

if TYPE_CHECKING:
    from holded_sandbox.documents import Desk


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One authorised call: who, when, what."""

    desk: Desk
    request: Request
    params: dict[str, str]
    body: Record = field(default_factory=dict)

    def query(self, name: str) -> str | None:
        return next((value for key, value in self.request.query if key == name), None)

    def query_all(self, name: str) -> list[str]:
        return [value for key, value in self.request.query if key in {name, f"{name}[]"}]


Handler = Callable[[Call], Response]
"""Carries out one call of v1 or v2."""


H = TypeVar("H")


@dataclass(frozen=True, slots=True, kw_only=True)
class Route(Generic[H]):
    method: str
    template: str
    handler: H
    scope: str = ""  # v2: `area:resource`; `.read` or `.write` follows from the method
    segments: tuple[str, ...] = ()

    @property
    def needed_scope(self) -> str:
        return f"{self.scope}.{'read' if self.method == 'GET' else 'write'}"


class Router(Generic[H]):
    def __init__(self, prefix: str) -> None:
        self.prefix = prefix
        self._routes: dict[tuple[str, int], list[Route[H]]] = {}

    def add(self, method: str, template: str, handler: H, scope: str = "") -> None:
        segments = tuple(template.strip("/").split("/"))
        route = Route(method=method, template=self.prefix + template, handler=handler, scope=scope, segments=segments)
        known = self._routes.setdefault((method, len(segments)), [])
        known.append(route)
        # Fixed words win over placeholders: /invoices/find-by-number before /invoices/{id}.
        known.sort(key=lambda item: sum(segment.startswith("{") for segment in item.segments))

    def find(self, method: str, path: str) -> tuple[Route[H], dict[str, str]] | None:
        segments = path.removeprefix(self.prefix).strip("/").split("/")
        for route in self._routes.get((method, len(segments)), ()):
            params: dict[str, str] = {}
            for wanted, found in zip(route.segments, segments, strict=True):
                if wanted.startswith("{"):
                    params[wanted[1:-1]] = found
                elif wanted != found:
                    break
            else:
                return route, params
        return None

    def all(self) -> Iterator[Route[H]]:
        for routes in self._routes.values():
            yield from routes
