"""v2 contacts (Holded facts 4.2)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from holded_sandbox import contacts
from holded_sandbox.money import number
from holded_sandbox.v2_pages import named, page
from holded_sandbox.wire import Record, Response, bad_request, json_response

if TYPE_CHECKING:
    from holded_sandbox.routes import Call, Handler, Router

_SCOPE = "contacts:contacts"
_FILTERS = ("phone", "mobile", "email", "custom_id", "code")
_TEXT = (
    "name", "code", "vat_number", "trade_name", "email", "mobile", "phone", "type", "iban", "swift", "group_id", "website",
)  # fmt: skip
_LISTS = ("extra_emails", "tags", "shipping_addresses", "contact_persons")
_TYPES = {"client", "supplier", "lead", "debtor", "creditor"}


def _shown(contact: Record) -> Record:
    return {name: value for name, value in contact.items() if not name.startswith("_") and name != "sepa_ref"}


def _apply(call: Call, contact: Record) -> None:
    body = call.body
    for name in _TEXT:
        if name in body:
            if body[name] is not None and not isinstance(body[name], str):
                bad_request(f"{name} must be a string")
            contact[name] = body[name]
    if not contact["name"]:
        bad_request("name is required")
    if contact["type"] not in _TYPES:
        bad_request("type must be one of client, supplier, lead, debtor, creditor")
    for name in _LISTS:
        if name in body:
            if not isinstance(body[name] or [], list):
                bad_request(f"{name} must be an array")
            contact[name] = list(body[name] or [])
            kind = str if name in {"extra_emails", "tags"} else dict
            if not all(isinstance(item, kind) for item in contact[name]):
                bad_request(f"{name} holds something of another kind")
    for name in ("bill_address", "defaults"):
        if name in body:
            given = body[name] or {}
            if not isinstance(given, dict):
                bad_request(f"{name} must be an object")
            known = contacts.ADDRESS if name == "bill_address" else contacts.DEFAULTS
            contact[name] = {key: given.get(key, contact[name].get(key)) for key in known}
    if "custom_fields" in body:
        given = body["custom_fields"] or []
        if not isinstance(given, list) or not all(isinstance(item, dict) and "field" in item for item in given):
            bad_request("custom_fields must be an array of {field, value}")
        contact["custom_fields"] = [{"field": item["field"], "value": item.get("value")} for item in given]
    if "is_person" in body:
        contact["is_person"] = bool(body["is_person"])
    for name in ("client_record", "supplier_record"):
        if body.get(name) is not None:
            contact[name] = {"num": int(number(body[name], name)), "name": contact["name"]}  # written as a plain number
    if call.desk.company.settings.custom_id_by_v2 and "custom_id" in body:
        contact["custom_id"] = body["custom_id"]


def _create(call: Call) -> Response:
    contact = contacts.blank(call.desk.now)
    _apply(call, contact)
    return json_response({"id": contacts.create(call.desk, contact)["id"]}, 201)


def _update(call: Call) -> Response:
    """Full replacement or merge, by the company's switch (Holded facts 3.4)."""
    before = named(call, "contacts")
    after = dict(before)
    if call.desk.company.settings.put == "replace":
        kept = ("id", "custom_id", "created_at", "client_record", "supplier_record", "notes")
        after = contacts.blank(call.desk.now) | {name: before[name] for name in kept}
    _apply(call, after)
    contacts.change(call.desk, after)
    return json_response({"status": 1})


def _delete(call: Call) -> Response:
    contacts.delete(call.desk, named(call, "contacts"))
    return Response(status=204)


def _list(call: Call) -> Response:
    filters = {name: value for name in _FILTERS if (value := call.query(name)) is not None}
    found = (
        contact
        for contact in call.desk.company.visible("contacts", call.desk.now)
        if all(contact[name] == value for name, value in filters.items())
    )
    return page(call, "contacts", found, _shown)


def _search(call: Call) -> Response:
    prefix = (call.query("name") or "").casefold()
    visible = call.desk.company.visible("contacts", call.desk.now)
    return page(call, "contacts", (item for item in visible if item["name"].casefold().startswith(prefix)), _shown)


def register(router: Router[Handler]) -> None:
    router.add("POST", "/contacts", _create, _SCOPE)
    router.add("GET", "/contacts", _list, _SCOPE)
    router.add("GET", "/contacts/search", _search, _SCOPE)
    router.add("GET", "/contacts/{id}", lambda call: json_response(_shown(named(call, "contacts"))), _SCOPE)
    router.add("PUT", "/contacts/{id}", _update, _SCOPE)
    router.add("DELETE", "/contacts/{id}", _delete, _SCOPE)
