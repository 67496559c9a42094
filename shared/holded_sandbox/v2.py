"""The v2 API: bearer, scope, route, problem (Holded facts 1)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from holded_sandbox import (
    v2_catalogue,
    v2_contacts,
    v2_document_routes,
    v2_leads,
    v2_ledger,
    v2_payments,
    v2_projects,
    v2_settings,
    v2_stock,
    v2_team,
    v2_treasury,
    v2_usage,
)
from holded_sandbox.facts import fact
from holded_sandbox.routes import Call, Handler, Route, Router
from holded_sandbox.wire import ProblemError, Request, Response, bad_request, not_found, problem_response, read_object

if TYPE_CHECKING:
    from holded_sandbox.company import Company
    from holded_sandbox.documents import Desk

PREFIX = "/api/v2"

ROUTER: Router[Handler] = Router(PREFIX)
_MODULES = (
    v2_document_routes, v2_contacts, v2_catalogue, v2_stock, v2_settings, v2_payments, v2_usage, v2_ledger, v2_treasury,
    v2_leads, v2_projects, v2_team,
)  # fmt: skip
for _module in _MODULES:
    _module.register(ROUTER)


def token_of(request: Request) -> str:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def denied() -> Response:
    """An invalid or revoked token is a 403, whatever the description says (Holded facts 1)."""
    return problem_response(ProblemError(403, "forbidden", "Forbidden", "Access denied."))


@fact("12.1 bearer check → scope check")
def _check_scope(company: Company, token: str, route: Route[Handler]) -> None:
    scopes = company.tokens.get(token)  # a commit after its time-out may outlive the token it was sent with
    if scopes is not None and route.needed_scope not in scopes:
        detail = f"Insufficient permissions: {route.needed_scope} required."
        raise ProblemError(403, "forbidden", "Forbidden", detail)


def usage_key(route: Route[Handler]) -> str:
    """The counter's name in `/usage`, e.g. `api_contacts_contacts_list_1` (Holded facts 8.1)."""
    area, _, resource = route.scope.partition(":")
    verb = {"GET": "list" if not route.segments[-1].startswith("{") else "get"}.get(route.method, route.method.lower())
    return f"api_{area}_{resource}_{verb}_1".replace("-", "_")


def answer(desk: Desk, request: Request, found: tuple[Route[Handler], dict[str, str]] | None) -> Response:
    """Carry out one authenticated call."""
    try:
        if found is None:
            not_found()
        route, params = found
        _check_scope(desk.company, token_of(request), route)
        try:
            body = read_object(request.body) if request.method != "GET" else {}
        except (ValueError, RecursionError):
            bad_request("The request body is not a valid JSON object")
        return route.handler(Call(desk=desk, request=request, params=params, body=body))
    except ProblemError as problem:
        return problem_response(problem)
