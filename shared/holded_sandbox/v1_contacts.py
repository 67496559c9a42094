"""v1 contacts (Holded facts 4.1)."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from holded_sandbox import contacts
from holded_sandbox.v1_documents import decomposed
from holded_sandbox.v1_json import v1_response
from holded_sandbox.v1_lists import named, page
from holded_sandbox.wire import LegacyError

if TYPE_CHECKING:
    from holded_sandbox.routes import Call, Handler, Router
    from holded_sandbox.wire import Record, Response

_TEXT = {
    "name": "name", "code": "code", "tradeName": "trade_name", "email": "email", "mobile": "mobile", "phone": "phone",
    "type": "type", "iban": "iban", "swift": "swift", "groupId": "group_id", "sepaRef": "sepa_ref",
}  # fmt: skip
_ADDRESS = {
    "address": "address", "city": "city", "postalCode": "postal_code", "province": "province", "country": "country",
    "countryCode": "country_code", "info": "info",
}  # fmt: skip


def _shown(contact: Record) -> Record:
    address = {wire: contact["bill_address"][name] or "" for wire, name in _ADDRESS.items()}
    if address["postalCode"].isdigit():
        address["postalCode"] = int(address["postalCode"])  # a number, its leading zeros lost
    defaults = contact["defaults"]
    return {
        "id": contact["id"], "customId": contact["custom_id"] or "", "name": contact["name"],
        "code": contact["code"] or "", "vatnumber": contact["vat_number"] or "", "tradeName": contact["trade_name"] or "",
        "email": contact["email"] or "", "mobile": contact["mobile"] or "", "phone": contact["phone"] or "",
        "type": contact["type"], "iban": contact["iban"] or "", "swift": contact["swift"] or "",
        "groupId": contact["group_id"] or "", "isperson": int(contact["is_person"]),
        "clientRecord": contact["client_record"]["num"] if contact["client_record"] else 0,
        "supplierRecord": contact["supplier_record"]["num"] if contact["supplier_record"] else 0,
        "billAddress": address,
        "defaults": {
            "salesChannel": defaults["sales_channel"] or 0, "expensesAccount": defaults["expenses_account"] or 0,
            "dueDays": defaults["due_days"] or 0, "paymentMethod": defaults["payment_method"] or 0,
            "discount": defaults["discount"] or 0, "language": defaults["language"] or "",
            "currency": defaults["currency"] or "", "tax": defaults["sales_tax"] or "default", "retention": "default",
        },
        "socialNetworks": contact["social_networks"], "tags": contact["tags"], "notes": [],
        "contactPersons": [
            {"personId": person.get("person_id", ""), "name": person.get("name") or "", "email": person.get("email") or ""}
            for person in contact["contact_persons"]
        ],
        "shippingAddresses": [
            {"shippingId": "", "name": place.get("name") or "", "city": place.get("city") or ""}
            for place in contact["shipping_addresses"]
        ],
        "customFields": contact["custom_fields"],
        "createdAt": int(datetime.fromisoformat(contact["created_at"]).timestamp()),
        "updatedAt": int(datetime.fromisoformat(contact["updated_at"]).timestamp()),
    }  # fmt: skip


def _apply(call: Call, contact: Record) -> None:
    body = call.body
    contact |= {name: str(body[wire]) for wire, name in _TEXT.items() if body.get(wire) is not None}
    if not contact["name"]:
        raise LegacyError("name needed")
    if "isperson" in body:
        contact["is_person"] = bool(body["isperson"])
    if isinstance(body.get("billAddress"), dict):
        given = body["billAddress"]
        known = {name: str(given[wire]) for wire, name in _ADDRESS.items() if given.get(wire) is not None}
        contact["bill_address"] = contact["bill_address"] | known
    if isinstance(body.get("defaults"), dict):
        given = body["defaults"]
        wires = {"dueDays": "due_days", "salesTax": "sales_tax", "purchasesTax": "purchases_tax", "currency": "currency",
                 "paymentMethod": "payment_method", "discount": "discount", "language": "language"}  # fmt: skip
        known = {name: given[wire] for wire, name in wires.items() if isinstance(given.get(wire), str | int)}
        contact["defaults"] = contact["defaults"] | known
    if isinstance(body.get("tags"), list):
        contact["tags"] = [str(tag) for tag in body["tags"]]
    if isinstance(body.get("contactPersons"), list):
        contact["contact_persons"] = [person for person in body["contactPersons"] if isinstance(person, dict)]
    if isinstance(body.get("shippingAddresses"), list):
        contact["shipping_addresses"] = [place for place in body["shippingAddresses"] if isinstance(place, dict)]
    if "customFields" in body:
        contact["custom_fields"] = decomposed(body["customFields"])  # on PUT too (v1 drift INV-15)


def _create(call: Call) -> Response:
    contact = contacts.blank(call.desk.now)
    _apply(call, contact)
    custom_id = call.body.get("CustomId", call.body.get("customId"))
    contact["custom_id"] = None if custom_id is None else str(custom_id)
    if isinstance(call.body.get("socialNetworks"), dict):
        contact["social_networks"] = call.body["socialNetworks"]  # kept on create, ignored on update (drift INV-12)
    return v1_response({"status": 1, "info": "Created", "id": contacts.create(call.desk, contact)["id"]}, 201)


def _update(call: Call) -> Response:
    contact = dict(named(call, "contacts"))
    _apply(call, contact)
    contacts.change(call.desk, contact)
    return v1_response({"status": 1, "info": "Updated", "id": contact["id"]})


def _delete(call: Call) -> Response:
    contact = named(call, "contacts")
    contacts.delete(call.desk, contact)
    return v1_response({"status": 1, "info": "Successfully deleted", "id": contact["id"]})


def _list(call: Call) -> Response:
    """Filters are exact: phone, mobile and customId[]; there is none for code, e-mail or name."""
    exact = {name: value for name in ("phone", "mobile") if (value := call.query(name)) is not None}
    custom_ids = call.query_all("customId")
    found = [
        contact
        for contact in call.desk.company.visible("contacts", call.desk.now)
        if all(contact[name] == value for name, value in exact.items())
        and (not custom_ids or contact["custom_id"] in custom_ids)
    ]
    return page(call, found, _shown)


def register(router: Router[Handler]) -> None:
    router.add("GET", "/contacts", _list)
    router.add("POST", "/contacts", _create)
    router.add("GET", "/contacts/{id}", lambda call: v1_response(_shown(named(call, "contacts"))))
    router.add("PUT", "/contacts/{id}", _update)
    router.add("DELETE", "/contacts/{id}", _delete)
