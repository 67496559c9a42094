"""The v1 API: `key` header, bare arrays, status/info bodies, and HTML where nothing is found (Holded facts 8.2)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from holded_sandbox import v1_catalogue, v1_contacts, v1_document_routes, v1_settings
from holded_sandbox.facts import fact
from holded_sandbox.routes import Call, Handler, Route, Router
from holded_sandbox.v1_json import v1_response
from holded_sandbox.wire import LegacyError, Request, Response, UnknownPageError, read_object

if TYPE_CHECKING:
    from holded_sandbox.documents import Desk

PREFIX = "/api/invoicing/v1"
USAGE_KEY = "api_v1_legacy_1"
_PAGE = b"<!DOCTYPE html><html><head><title>Holded</title></head><body><h1>404</h1><p>Page not found</p></body></html>"

ROUTER: Router[Handler] = Router(PREFIX)
for _module in (v1_document_routes, v1_contacts, v1_catalogue, v1_settings):
    _module.register(ROUTER)


@fact("12.4 key header")
def denied(key: str) -> Response:
    """A `pat_` token is a 400; a key nobody has, or none, a 401 (Holded facts 1)."""
    if key.startswith("pat_"):
        return v1_response({"status": 0, "info": "Invalid key"}, 400)
    return v1_response({"status": 401}, 401)


def find(method: str, path: str) -> tuple[Route[Handler], dict[str, str]] | None:
    return ROUTER.find(method, path) if path.startswith(PREFIX + "/") else None


@fact("12.4 200-with-HTML for unknown routes/ids")
def unknown_page() -> Response:
    return Response(status=200, headers={"content-type": "text/html; charset=utf-8"}, body=_PAGE)


@fact("12.4 200-with-status-0 validation", "12.4 status/info bodies")
def answer(desk: Desk, request: Request, found: tuple[Route[Handler], dict[str, str]] | None) -> Response:
    """Carry out one authenticated call. A read-only key writes nothing: the module is "not permitted", so HTML."""
    try:
        if found is None or (request.method != "GET" and not desk.company.v1_keys[request.headers["key"]]):
            return unknown_page()
        route, params = found
        try:
            body = read_object(request.body) if request.method in {"POST", "PUT"} else {}
        except (ValueError, RecursionError):
            raise LegacyError("Invalid JSON") from None
        return route.handler(Call(desk=desk, request=request, params=params, body=body))
    except LegacyError as error:
        return v1_response({"status": 0, "info": error.info}, error.status)
    except UnknownPageError:
        return unknown_page()
