"""Contacts as stored, and the events their changes emit; both APIs read and write through here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from holded_sandbox.days import iso_utc

if TYPE_CHECKING:
    from holded_sandbox.documents import Desk
    from holded_sandbox.wire import Record

ADDRESS = ("address", "city", "postal_code", "province", "country", "country_code", "info")
DEFAULTS = (
    "sales_channel", "expenses_account", "due_days", "payment_day", "payment_method", "discount", "language", "currency",
    "sales_tax", "purchases_tax",
)  # fmt: skip


def blank(now: float) -> Record:
    moment = iso_utc(now)
    return {
        "id": "", "custom_id": None, "name": "", "code": None, "vat_number": None, "trade_name": None, "is_person": False,
        "email": None, "extra_emails": [], "mobile": None, "phone": None, "type": "client", "iban": None, "swift": None,
        "group_id": None, "tags": [], "created_at": moment, "updated_at": moment,
        "bill_address": dict.fromkeys(ADDRESS), "client_record": None, "supplier_record": None,
        "defaults": dict.fromkeys(DEFAULTS), "shipping_addresses": [], "notes": [], "contact_persons": [],
        "custom_fields": [], "website": None, "social_networks": {}, "rate": None, "sepa_ref": None,
    }  # fmt: skip


def create(desk: Desk, contact: Record) -> Record:
    """Store a new contact; a client or supplier gets its accounting record at once."""
    contact["id"] = desk.mint()
    count = len(desk.company.tables["contacts"]) + 1
    if contact["type"] in {"client", "debtor"} and contact["client_record"] is None:
        contact["client_record"] = {"num": 43_000_000 + count, "name": contact["name"]}
    if contact["type"] in {"supplier", "creditor"} and contact["supplier_record"] is None:
        contact["supplier_record"] = {"num": 40_000_000 + count, "name": contact["name"]}
    desk.company.put("contacts", contact, desk.now)
    desk.emitter.emit(desk.company, "contact", "create", _event(contact), desk.now)
    return contact


def change(desk: Desk, contact: Record) -> None:
    contact["updated_at"] = iso_utc(desk.now)
    desk.company.put("contacts", contact, desk.now)
    desk.emitter.emit(desk.company, "contact", "update", _event(contact), desk.now)


def delete(desk: Desk, contact: Record) -> None:
    """Its documents keep the name and lose the link (Holded facts 4.2)."""
    for document in desk.company.tables["documents"].values():
        if document["contact_id"] == contact["id"]:
            document["contact_id"] = None
            desk.company.put("documents", document, desk.now)
    desk.company.drop("contacts", contact["id"])
    body = {"id": contact["id"], "isPerson": contact["is_person"], "deletedAt": iso_utc(desk.now)}
    desk.emitter.emit(desk.company, "contact", "delete", body, desk.now)


def _event(contact: Record) -> Record:
    return {
        "id": contact["id"], "name": contact["name"], "email": contact["email"], "isPerson": contact["is_person"],
        "createdAt": contact["created_at"],
    }  # fmt: skip
