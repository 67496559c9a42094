"""Control: companies, their switches, taxes, credentials and webhook endpoints."""

from __future__ import annotations

from typing import TYPE_CHECKING

from holded_sandbox import seeds
from holded_sandbox.webhooks import EVENTS

if TYPE_CHECKING:
    from holded_sandbox.control_call import ControlCall
    from holded_sandbox.wire import Record


def reset(call: ControlCall) -> Record:
    """Forget every company, fault and delivery; the default company is made anew."""
    call.sandbox.clear()
    call.sandbox.add_default_company(call.now)
    return {"companies": list(call.sandbox.companies)}


def create_company(call: ControlCall) -> tuple[Record, int]:
    """Switches of `Settings` plus `id`, `token`, `scopes`, `v1_key`, `v1_key_can_write`, `taxes`, all optional."""
    own = {"id", "token", "scopes", "v1_key", "v1_key_can_write", "taxes"}
    body = call.body
    company = call.sandbox.add_company(
        {name: value for name, value in body.items() if name not in own}, call.now, company_id=body.get("id")
    )
    if "taxes" in body:
        try:
            seeds.replace_taxes(company, call.sandbox.ids, call.now, body["taxes"])
        except ValueError:
            del call.sandbox.companies[company.id]
            raise
    token, key = body.get("token") or call.sandbox.new_token(), body.get("v1_key") or call.sandbox.new_key()
    company.tokens[token] = None if body.get("scopes") is None else frozenset(body["scopes"])
    company.v1_keys[key] = bool(body.get("v1_key_can_write", True))
    return {"id": company.id, "token": token, "v1_key": key}, 201


def configure(call: ControlCall) -> Record:
    company = call.company()
    company.configure(call.body)
    return company.describe()


def taxes(call: ControlCall) -> Record:
    company = call.company()
    if not isinstance(call.body.get("taxes"), list):
        raise ValueError("taxes: expected an array")  # noqa: TRY004 - one refusal for every wrong field
    seeds.replace_taxes(company, call.sandbox.ids, call.now, call.body["taxes"])
    return {"taxes": len(company.tables["taxes"])}


def token(call: ControlCall) -> tuple[Record, int]:
    company, scopes = call.company(), call.body.get("scopes")
    token = call.body.get("token") or call.sandbox.new_token()
    company.tokens[token] = None if scopes is None else frozenset(scopes)
    company.dirty.add(("company", company.id))
    return {"token": token}, 201


def revoke(call: ControlCall) -> Record:
    company = call.company()
    company.tokens.pop(call.params["token"], None)
    company.dirty.add(("company", company.id))
    return company.describe()


def v1_key(call: ControlCall) -> tuple[Record, int]:
    company = call.company()
    key = call.body.get("key") or call.sandbox.new_key()
    company.v1_keys[key] = bool(call.body.get("can_write", True))
    company.dirty.add(("company", company.id))
    return {"key": key}, 201


def webhook(call: ControlCall) -> tuple[Record, int]:
    """`url`, and optionally `secret`, `events` (default: all), `duplicates`, `reorder_seconds`, `delay_seconds`."""
    company, body = call.company(), call.body
    events = body.get("events")
    if not isinstance(body.get("url"), str):
        raise ValueError("url: expected text")  # noqa: TRY004 - one refusal for every wrong field
    if events is not None and not set(events) <= set(EVENTS):
        raise ValueError("events: expected names of Holded's webhook events")
    endpoint = {
        "id": call.sandbox.ids.mint(call.now), "url": body["url"], "events": events,
        "secret": body.get("secret") or f"whsec_{call.sandbox.random.getrandbits(160):040x}",
        "duplicates": int(body.get("duplicates", 0)),
        "reorder_seconds": float(body.get("reorder_seconds", 0)),
        "delay_seconds": float(body.get("delay_seconds", 0)),
    }  # fmt: skip
    company.put("webhooks", endpoint, call.now)
    return endpoint, 201


def remove_webhook(call: ControlCall) -> Record:
    company = call.company()
    if company.get("webhooks", call.params["id"]) is None:
        raise LookupError("webhook")
    company.drop("webhooks", call.params["id"])
    return {"webhooks": len(company.tables["webhooks"])}
