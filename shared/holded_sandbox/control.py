"""The control API under `/_sandbox`: companies, credentials, switches, faults, people, quota, webhooks, counters.

All bodies are JSON objects; a wrong field is a 400 `{"error": ...}` naming it, an unknown company or object a 404.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from holded_sandbox import control_companies as companies
from holded_sandbox import control_people as people
from holded_sandbox import control_watch as watch
from holded_sandbox.control_call import ControlCall
from holded_sandbox.routes import Router
from holded_sandbox.wire import ProblemError, Request, Response, json_response, read_object

if TYPE_CHECKING:
    from holded_sandbox.core import Sandbox

PREFIX = "/_sandbox"

Handler = Callable[[ControlCall], object]
"""Returns the body of the answer, or the body and an HTTP status."""

_COMPANY = "/companies/{company}"
_DOCUMENT = "/companies/{company}/documents/{id}"
_ROUTES: tuple[tuple[str, str, Handler], ...] = (
    ("GET", "/health", lambda call: {"ok": True, "now": call.now}),
    ("POST", "/reset", companies.reset),
    ("GET", "/companies", lambda call: {"companies": list(call.sandbox.companies)}),
    ("POST", "/companies", companies.create_company),
    ("GET", _COMPANY, lambda call: call.company().describe()),
    ("PATCH", _COMPANY, companies.configure),
    ("PUT", f"{_COMPANY}/taxes", companies.taxes),
    ("POST", f"{_COMPANY}/tokens", companies.token),
    ("DELETE", f"{_COMPANY}/tokens/{{token}}", companies.revoke),
    ("POST", f"{_COMPANY}/v1-keys", companies.v1_key),
    ("POST", f"{_COMPANY}/webhooks", companies.webhook),
    ("DELETE", f"{_COMPANY}/webhooks/{{id}}", companies.remove_webhook),
    ("GET", f"{_COMPANY}/deliveries", watch.deliveries),
    ("POST", f"{_COMPANY}/spend", watch.spend),
    ("GET", f"{_COMPANY}/state", watch.state),
    ("GET", f"{_COMPANY}/quota", watch.quota),
    ("POST", f"{_COMPANY}/documents", people.enter),
    ("PUT", _DOCUMENT, people.edit),
    ("DELETE", _DOCUMENT, people.delete),
    ("POST", f"{_DOCUMENT}/approve", people.approve),
    ("POST", f"{_DOCUMENT}/pay", people.pay),
    ("POST", f"{_DOCUMENT}/cancel", people.cancel),
    ("POST", f"{_COMPANY}/contacts", people.enter_contact),
    ("DELETE", f"{_COMPANY}/contacts/{{id}}", people.delete_contact),
    ("GET", "/faults", watch.faults),
    ("POST", "/faults", watch.add_fault),
    ("DELETE", "/faults", watch.clear_faults),
    ("GET", "/counters", watch.counters),
    ("DELETE", "/counters", watch.clear_counters),
)
_ROUTER: Router[Handler] = Router(PREFIX)
for _method, _template, _handler in _ROUTES:
    _ROUTER.add(_method, _template, _handler)


class Control:
    """The control API over one sandbox; `handle` is as free of sockets as the sandbox's own."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    def handle(self, request: Request, now: float) -> Response:
        self._sandbox.advance(now)
        found = _ROUTER.find(request.method, request.path)
        if found is None:
            return json_response({"error": "no such control route"}, 404)
        route, params = found
        try:
            body = read_object(request.body, exact=False)
            result = route.handler(ControlCall(sandbox=self._sandbox, now=now, params=params, body=body))
        except LookupError as error:
            return json_response({"error": f"not found: {error.args[0]}"}, 404)
        except (ValueError, TypeError) as error:
            return json_response({"error": str(error)}, 400)
        except ProblemError as problem:
            return json_response({"error": problem.detail}, problem.status)
        answer, status = result if isinstance(result, tuple) else (result, 200)
        return json_response(answer, status)
