"""The v1 routes of documents (Holded facts 2.1, 3.3)."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

from holded_sandbox import contacts, documents
from holded_sandbox.documents import RefusedError, payment_status
from holded_sandbox.facts import fact
from holded_sandbox.kinds import KINDS, Kind
from holded_sandbox.money import plain
from holded_sandbox.v1_documents import amount, day, decomposed, documented_fields, read_lines, shown, texts
from holded_sandbox.v1_json import v1_response
from holded_sandbox.v1_lists import named, page
from holded_sandbox.wire import LegacyError, UnknownPageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from holded_sandbox.routes import Call, Handler, Router
    from holded_sandbox.wire import Record, Response

_CREATE_TEXT = {
    "desc": "description", "notes": "notes", "language": "language", "warehouseId": "warehouse_id",
    "salesChannelId": "sales_channel_id", "paymentMethodId": "payment_method_id", "numSerieId": "number_line_id",
}  # fmt: skip
_UPDATE_TEXT = {
    "desc": "description", "notes": "notes", "language": "language", "warehouseId": "warehouse_id",
    "salesChannelId": "sales_channel_id", "paymentMethod": "payment_method_id",
}  # fmt: skip
_PAID = {"0": "pending", "1": "completed", "2": "partial"}


def _kind(call: Call) -> Kind:
    kind = KINDS.get(call.params["type"])
    if kind is None:
        raise LegacyError("Invalid document type", status=400)
    return kind


def _id(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _find(call: Call) -> Record:
    kind = _kind(call)
    document = named(call, "documents")
    if document["_kind"] != kind.v1:
        raise UnknownPageError
    return document


def _contact(call: Call) -> Record:
    """By id, else by tax id, else a new one of that name (Holded facts 3.2)."""
    body, company = call.body, call.desk.company
    if body.get("contactId"):
        found = company.get("contacts", str(body["contactId"]))
        if found is None:
            raise LegacyError("Contact not found")
        return found
    known = company.tables["contacts"].values()
    if body.get("contactCode"):
        coded = next((one for one in known if str(body["contactCode"]) in {one["code"], one["vat_number"]}), None)
        if coded is not None:
            return coded
    if not body.get("contactName"):
        raise LegacyError("contactId needed")
    contact = contacts.blank(call.desk.now)
    address = {
        "address": "contactAddress", "city": "contactCity", "postal_code": "contactCp", "province": "contactProvince",
        "country_code": "contactCountryCode",
    }  # fmt: skip
    given = {name: str(body[wire]) for name, wire in address.items() if body.get(wire) is not None}
    contact |= {"name": str(body["contactName"]), "bill_address": contact["bill_address"] | given}
    for name, wire in (("code", "contactCode"), ("email", "contactEmail")):
        contact[name] = str(body[wire]) if body.get(wire) is not None else None
    return contacts.create(call.desk, contact)


def _create(call: Call) -> Response:
    kind, body = _kind(call), call.body
    if body.get("date") in (None, ""):
        raise LegacyError("date needed")
    document = documents.blank(kind, call.desk.now)
    document["date"] = day(body["date"], "date")
    if body.get("dueDate"):
        document["due_date"] = day(body["dueDate"], "dueDate")
    contact = _contact(call)
    # Contact defaults overrule what the lines say unless the caller forbids it (Holded facts 3.2).
    default_tax = contact["defaults"].get("sales_tax" if kind.side == "sales" else "purchases_tax")
    forced = [default_tax] if isinstance(default_tax, str) and body.get("applyContactDefaults", True) else None
    document["lines"] = read_lines(call.desk.company, kind, body.get("items") or [], forced)
    document |= {"contact_id": contact["id"], "contact_name": contact["name"]}
    document |= {name: body[wire] for wire, name in _CREATE_TEXT.items() if isinstance(body.get(wire), str)}
    document["tags"] = texts(body.get("tags"))
    document["custom_fields"] = decomposed(body.get("customFields"))
    document["_own_number"] = str(body["invoiceNum"]) if body.get("invoiceNum") else None
    if isinstance(body.get("currency"), str):
        document["currency"] = body["currency"].upper()
    if body.get("currencyChange"):
        document["currency_change"] = plain(amount(body["currencyChange"], "currencyChange"))
    created = documents.create(call.desk, kind, document, approved=bool(body.get("approveDoc", False)))
    number = created["document_number"]
    return v1_response({"status": 1, "id": created["id"], "invoiceNum": number, "contactId": contact["id"]}, 201)


def _update(call: Call) -> Response:
    """Partial; what it does not support is ignored and answered with success all the same (Holded facts 3.3)."""
    document, body = dict(_find(call)), call.body
    document |= {name: body[wire] for wire, name in _UPDATE_TEXT.items() if isinstance(body.get(wire), str)}
    if body.get("date"):
        document["date"] = day(body["date"], "date")
    if isinstance(body.get("items"), list):
        document["lines"] = read_lines(call.desk.company, _kind(call), body["items"], None)
    if "customFields" in body:
        document["custom_fields"] = documented_fields(body["customFields"])
    documents.changed(call.desk, document)
    if body.get("approveDoc") is True:
        _allowed(lambda: documents.approve(call.desk, document))
    return v1_response({"status": 1, "info": "Updated", "id": document["id"]})


def _allowed(action: Callable[[], object]) -> None:
    try:
        action()
    except RefusedError as refusal:
        raise LegacyError(str(refusal)) from refusal


def _delete(call: Call) -> Response:
    document = _find(call)
    _allowed(lambda: documents.delete(call.desk, document))
    return v1_response({"status": 1, "info": "Successfully deleted", "id": document["id"]})


@fact("12.4 /pay auto-approval")
def _pay(call: Call) -> Response:
    document = _find(call)
    for name in ("date", "amount"):
        if call.body.get(name) in (None, ""):
            raise LegacyError(f"{name} needed")
    paid, when = amount(call.body["amount"], "amount"), day(call.body["date"], "date")
    bank, note = _id(call.body.get("treasury")), str(call.body.get("desc") or "")
    try:
        payment = documents.pay(call.desk, document, amount=paid, day=when, bank_id=bank, note=note)
    except RefusedError as refusal:
        raise LegacyError(str(refusal)) from refusal
    number = document["document_number"]
    return v1_response({"status": 1, "invoiceId": document["id"], "invoiceNum": number, "paymentId": payment["id"]})


def _list(call: Call) -> Response:
    kind, company = _kind(call), call.desk.company
    first, last, contact = call.query("starttmp"), call.query("endtmp"), call.query("contactid")
    start = day(first, "starttmp") if first else ""
    end = day(last, "endtmp") if last else "9999-12-31"
    paid = _PAID.get(call.query("paid") or "")
    approval = call.query("filter")

    def holds(document: Record) -> bool:
        if document["_kind"] != kind.v1 or not start <= document["date"] <= end:
            return False
        if approval in {"approved-0", "approved-1"} and (approval == "approved-0") != document["draft"]:
            return False
        return (not contact or document["contact_id"] == contact) and (not paid or payment_status(document) == paid)

    found = [document for document in company.visible("documents", call.desk.now) if holds(document)]
    order = call.query("sort")
    if order in {"created-asc", "created-desc"}:
        found.sort(key=lambda document: str(document["id"]), reverse=order == "created-desc")
    else:
        found.sort(key=lambda document: (document["date"], document["id"]), reverse=True)  # newest date first
    return page(call, found, lambda document: shown(company, document, listed=True))


def _pdf(call: Call) -> Response:
    document = _find(call)
    content = f"%PDF-1.4\n% {document['document_number'] or document['id']}\n%%EOF\n".encode()
    return v1_response({"status": 1, "data": base64.b64encode(content).decode()})


def _send(call: Call) -> Response:
    _find(call)
    if not call.body.get("emails"):
        raise LegacyError("emails needed")
    return v1_response({"status": 1, "info": "Document sent"})


def register(router: Router[Handler]) -> None:
    base, one = "/documents/{type}", "/documents/{type}/{id}"
    router.add("GET", base, _list)
    router.add("POST", base, _create)
    router.add("GET", one, lambda call: v1_response(shown(call.desk.company, _find(call))))
    router.add("PUT", one, _update)
    router.add("DELETE", one, _delete)
    router.add("POST", f"{one}/pay", _pay)
    router.add("POST", f"{one}/send", _send)
    router.add("GET", f"{one}/pdf", _pdf)
