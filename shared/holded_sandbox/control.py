"""The control API under `/_sandbox`: companies, credentials, switches, faults, people, quota, webhooks, counters.

All bodies are JSON objects; a wrong field is a 400 `{"error": ...}` naming it, an unknown company or object a 404.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from holded_sandbox import control_people, seeds
from holded_sandbox.company import Company, Settings
from holded_sandbox.faults import Fault
from holded_sandbox.routes import Call, Router
from holded_sandbox.webhooks import EVENTS
from holded_sandbox.wire import ProblemError, Record, Request, Response, json_response, read_object

if TYPE_CHECKING:
    from collections.abc import Callable

    from holded_sandbox.core import Sandbox
    from holded_sandbox.documents import Desk

PREFIX = "/_sandbox"
_NOBODY = Company("", Settings())


class Control:
    """The control API over one sandbox; `handle` is pure of sockets, like the sandbox's own."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._now = 0.0
        self._router = Router(PREFIX)
        self._register()

    def _register(self) -> None:
        company, one = "/companies/{company}", "/companies/{company}/documents/{id}"
        routes: tuple[tuple[str, str, Callable[[Call], object]], ...] = (
            ("GET", "/health", lambda _call: {"ok": True, "now": self._now}),
            ("POST", "/reset", self._reset),
            ("GET", "/companies", lambda _call: {"companies": list(self._sandbox.companies)}),
            ("POST", "/companies", self._create_company),
            ("GET", company, lambda call: self._company(call).describe()),
            ("PATCH", company, self._configure),
            ("PUT", f"{company}/taxes", self._taxes),
            ("POST", f"{company}/tokens", self._token),
            ("DELETE", f"{company}/tokens/{{token}}", self._revoke),
            ("POST", f"{company}/v1-keys", self._v1_key),
            ("POST", f"{company}/webhooks", self._webhook),
            ("DELETE", f"{company}/webhooks/{{id}}", self._remove_webhook),
            ("GET", f"{company}/deliveries", self._deliveries),
            ("POST", f"{company}/spend", self._spend),
            ("GET", f"{company}/state", self._state),
            ("GET", f"{company}/quota", self._quota),
            ("PUT", one, lambda call: control_people.edit(self._desk(call), call)),
            ("DELETE", one, lambda call: control_people.delete(self._desk(call), call)),
            ("POST", f"{one}/approve", lambda call: control_people.approve(self._desk(call), call)),
            ("POST", f"{one}/cancel", lambda call: control_people.cancel(self._desk(call), call)),
            (
                "DELETE",
                f"{company}/contacts/{{id}}",
                lambda call: control_people.delete_contact(self._desk(call), call),
            ),
            ("GET", "/faults", self._faults),
            ("POST", "/faults", self._add_fault),
            ("DELETE", "/faults", self._clear_faults),
            ("GET", "/counters", self._counters),
            ("DELETE", "/counters", self._clear_counters),
        )
        for method, template, handler in routes:
            self._router.add(method, template, _as_response(handler))

    def handle(self, request: Request, now: float) -> Response:
        self._now = now
        self._sandbox.advance(now)
        found = self._router.find(request.method, request.path)
        if found is None:
            return json_response({"error": "no such control route"}, 404)
        route, params = found
        try:
            body = read_object(request.body, exact=False)
            # The company of a control call is named by its path: each handler looks it up itself.
            return route.handler(Call(desk=self._sandbox.desk(_NOBODY, now), request=request, params=params, body=body))
        except LookupError as error:
            return json_response({"error": f"not found: {error.args[0]}"}, 404)
        except (ValueError, TypeError) as error:
            return json_response({"error": str(error)}, 400)
        except ProblemError as problem:
            return json_response({"error": problem.detail}, problem.status)

    def _company(self, call: Call) -> Company:
        company = self._sandbox.companies.get(call.params["company"])
        if company is None:
            raise LookupError("company")
        return company

    def _desk(self, call: Call) -> Desk:
        return self._sandbox.desk(self._company(call), self._now)

    def _reset(self, _call: Call) -> Record:
        """Forget every company, fault and delivery; the default company is made anew."""
        self._sandbox.clear()
        self._sandbox.add_default_company(self._now)
        return {"companies": list(self._sandbox.companies)}

    def _create_company(self, call: Call) -> tuple[Record, int]:
        """Switches of `Settings` plus `id`, `token`, `scopes`, `v1_key`, `v1_key_can_write`, `taxes`, all optional."""
        own = {"id", "token", "scopes", "v1_key", "v1_key_can_write", "taxes"}
        body = call.body
        company = self._sandbox.add_company(
            {name: value for name, value in body.items() if name not in own}, self._now, company_id=body.get("id")
        )
        if "taxes" in body:
            try:
                seeds.replace_taxes(company, self._sandbox.ids, self._now, body["taxes"])
            except ValueError:
                del self._sandbox.companies[company.id]
                raise
        token, key = body.get("token") or self._sandbox.new_token(), body.get("v1_key") or self._sandbox.new_key()
        company.tokens[token] = None if body.get("scopes") is None else frozenset(body["scopes"])
        company.v1_keys[key] = bool(body.get("v1_key_can_write", True))
        return {"id": company.id, "token": token, "v1_key": key}, 201

    def _configure(self, call: Call) -> Record:
        company = self._company(call)
        company.configure(call.body)
        return company.describe()

    def _taxes(self, call: Call) -> Record:
        company = self._company(call)
        if not isinstance(call.body.get("taxes"), list):
            raise ValueError("taxes: expected an array")  # noqa: TRY004 - one refusal for every wrong field
        seeds.replace_taxes(company, self._sandbox.ids, self._now, call.body["taxes"])
        return {"taxes": len(company.tables["taxes"])}

    def _token(self, call: Call) -> tuple[Record, int]:
        company, scopes = self._company(call), call.body.get("scopes")
        token = call.body.get("token") or self._sandbox.new_token()
        company.tokens[token] = None if scopes is None else frozenset(scopes)
        company.dirty.add(("company", company.id))
        return {"token": token}, 201

    def _revoke(self, call: Call) -> Record:
        company = self._company(call)
        company.tokens.pop(call.params["token"], None)
        company.dirty.add(("company", company.id))
        return company.describe()

    def _v1_key(self, call: Call) -> tuple[Record, int]:
        company = self._company(call)
        key = call.body.get("key") or self._sandbox.new_key()
        company.v1_keys[key] = bool(call.body.get("can_write", True))
        company.dirty.add(("company", company.id))
        return {"key": key}, 201

    def _webhook(self, call: Call) -> tuple[Record, int]:
        """`url`, and optionally `secret`, `events` (default: all), `duplicates`, `reorder_seconds`, `delay_seconds`."""
        company, body = self._company(call), call.body
        events = body.get("events")
        if not isinstance(body.get("url"), str):
            raise ValueError("url: expected text")  # noqa: TRY004 - one refusal for every wrong field
        if events is not None and not set(events) <= set(EVENTS):
            raise ValueError("events: expected names of Holded's webhook events")
        endpoint = {
            "id": self._sandbox.ids.mint(self._now), "url": body["url"], "events": events,
            "secret": body.get("secret") or f"whsec_{self._sandbox.random.getrandbits(160):040x}",
            "duplicates": int(body.get("duplicates", 0)),
            "reorder_seconds": float(body.get("reorder_seconds", 0)),
            "delay_seconds": float(body.get("delay_seconds", 0)),
        }  # fmt: skip
        company.put("webhooks", endpoint, self._now)
        return endpoint, 201

    def _remove_webhook(self, call: Call) -> Record:
        company = self._company(call)
        if company.get("webhooks", call.params["id"]) is None:
            raise LookupError("webhook")
        company.drop("webhooks", call.params["id"])
        return {"webhooks": len(company.tables["webhooks"])}

    def _deliveries(self, call: Call) -> Record:
        company = self._company(call)
        shown = [
            asdict(delivery) | {"body": delivery.body.decode()}
            for delivery in self._sandbox.emitter.deliveries
            if delivery.company_id == company.id
        ]
        return {"deliveries": shown}

    def _spend(self, call: Call) -> Record:
        """`calls` of another program on the same account, now."""
        company, calls = self._company(call), call.body.get("calls")
        if not isinstance(calls, int) or isinstance(calls, bool) or calls < 1:
            raise ValueError("calls: expected a whole number above zero")
        company.quota.spend(self._now, calls)
        return self._quota(call)

    def _quota(self, call: Call) -> Record:
        quota = self._company(call).quota
        return {
            name: {"limit": window.limit, "used": window.used(self._now), "resets_at": window.resets_at(self._now)}
            for name, window in (("minute", quota.minute), ("month", quota.month))
        }

    def _state(self, call: Call) -> Record:
        company = self._company(call)
        tables = {name: list(records.values()) for name, records in company.tables.items()}
        return company.describe() | {"tables": tables}

    def _faults(self, _call: Call) -> Record:
        plan = self._sandbox.faults
        return {"faults": [fault.describe() for fault in plan.faults], "struck": plan.struck}

    def _add_fault(self, call: Call) -> tuple[Record, int]:
        fault = Fault.parse(call.body)
        self._sandbox.faults.faults.append(fault)
        return fault.describe(), 201

    def _clear_faults(self, call: Call) -> Record:
        self._sandbox.faults.clear()
        return self._faults(call)

    def _counters(self, _call: Call) -> Record:
        return {company.id: company.counts.describe() for company in self._sandbox.companies.values()}

    def _clear_counters(self, call: Call) -> Record:
        for company in self._sandbox.companies.values():
            company.counts.clear()
        return self._counters(call)


def _as_response(handler: Callable[[Call], object]) -> Callable[[Call], Response]:
    def respond(call: Call) -> Response:
        result = handler(call)
        body, status = result if isinstance(result, tuple) else (result, 200)
        return json_response(body, status)

    return respond
