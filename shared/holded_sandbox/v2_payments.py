"""v2 payments, free or of a document, and the ledger entries of approved documents (Holded facts 10.2)."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from holded_sandbox import documents
from holded_sandbox.days import ledger_date, read_day
from holded_sandbox.kinds import KINDS
from holded_sandbox.money import number, plain
from holded_sandbox.v2_documents import text
from holded_sandbox.v2_pages import named, page
from holded_sandbox.wire import Record, Response, bad_request, json_response

if TYPE_CHECKING:
    from collections.abc import Iterator

    from holded_sandbox.routes import Call, Handler, Router

_SCOPE = "accounting:payments"
_STATUS = {"pending": "no_paid", "partial": "partial_paid", "completed": "paid", "cancelled": "no_paid"}


def _shown(call: Call, payment: Record) -> Record:
    document = call.desk.company.get("documents", payment["document_id"] or "")
    status = _STATUS[documents.payment_status(document)] if document is not None else "paid"
    return {
        "id": payment["id"], "bank_account_id": payment["bank_account_id"], "contact_id": payment["contact_id"],
        "contact_name": payment["contact_name"], "amount": payment["amount"], "description": payment["description"],
        "date": payment["date"], "status": status, "reconciliation_status": "pending",
        "total_documents": payment["amount"] if document is not None else "0.00", "total_transactions": "0.00",
        "total_advance": "0.00", "document_type": payment["document_type"], "document_id": payment["document_id"],
    }  # fmt: skip


def _list(call: Call) -> Response:
    first, last = call.query("start_date"), call.query("end_date")
    first, last = (read_day(first) if first else ""), (read_day(last) if last else "9999-12-31")
    wanted = {
        "document_id": call.query("document_id"),
        "document_type": call.query("document_type"),
        "bank_account_id": call.query("banking_account_id"),
    }
    found = (
        payment
        for payment in call.desk.company.visible("payments", call.desk.now)
        if first <= payment["date"] <= last
        and all(value is None or payment[name] == value for name, value in wanted.items())
    )
    return page(call, "payments", found, lambda payment: _shown(call, payment))


def _create(call: Call) -> Response:
    """A free payment, tied to no document."""
    for name in ("amount", "date"):
        if call.body.get(name) is None:
            bad_request(f"{name} is required")
    contact = call.desk.company.get("contacts", str(call.body.get("contact_id")))
    payment = {
        "id": call.desk.mint(), "type": text(call.body.get("type"), "type") or "collection",
        "bank_account_id": text(call.body.get("bank_account_id"), "bank_account_id"), "contact_id": contact["id"] if contact else None,
        "contact_name": contact["name"] if contact else "", "amount": plain(number(call.body["amount"], "amount")),
        "description": text(call.body.get("description"), "description") or "", "date": read_day(call.body["date"]),
        "document_type": None, "document_id": None,
    }  # fmt: skip
    call.desk.company.put("payments", payment, call.desk.now)
    body = {"id": payment["id"], "amount": payment["amount"]}
    call.desk.emitter.emit(call.desk.company, "payment", "create", body, call.desk.now)
    return json_response({"id": payment["id"]}, 201)


def _update(call: Call) -> Response:
    payment = dict(named(call, "payments"))
    payment |= {name: text(call.body[name], name) for name in ("description", "bank_account_id") if name in call.body}
    if call.body.get("date") is not None:
        payment["date"] = read_day(call.body["date"])
    call.desk.company.put("payments", payment, call.desk.now)
    body = {"id": payment["id"], "amount": payment["amount"]}
    call.desk.emitter.emit(call.desk.company, "payment", "update", body, call.desk.now)
    return json_response({"id": payment["id"]})


def _delete(call: Call) -> Response:
    documents.forget_payment(call.desk, named(call, "payments"))
    return Response(status=204)


def _ledger(call: Call) -> Response:
    """One entry an approved document: the contact's account against sales or expenses and the taxes."""
    first, last = call.query("start_date"), call.query("end_date")
    if not first or not last:
        bad_request("start_date and end_date are required")
    first, last = read_day(first), read_day(last)
    tables = call.desk.company.tables["documents"]
    approved = [document for document in sorted(tables.values(), key=lambda item: item["id"]) if not document["draft"]]
    position = {document["id"]: place for place, document in enumerate(approved, 1)}
    found = (document for document in approved if first <= document["accounting_date"] <= last)
    entries = page(
        call, "documents", found, lambda document: {"rows": list(_entry(document, position[document["id"]]))}
    ).json()
    return json_response(entries | {"items": [row for entry in entries["items"] for row in entry["rows"]]})


def _entry(document: Record, position: int) -> Iterator[Record]:
    is_sale = KINDS[document["_kind"]].side == "sales"
    total, subtotal, tax = (Decimal(document[name]) for name in ("total", "subtotal", "tax"))
    accounts = ((43_000_000, total), (70_000_000, -subtotal), (47_700_000, -tax))
    if not is_sale:
        accounts = ((40_000_000, -total), (60_000_000, subtotal), (47_200_000, tax))
    for line, (account, balance) in enumerate(accounts, 1):
        debit, credit = (balance, Decimal(0)) if balance >= 0 else (Decimal(0), -balance)
        yield {
            "entry_number": position, "line": line,
            "date": ledger_date(document["accounting_date"]), "type": document["_kind"],
            "description": document["document_number"], "doc_description": document["description"], "account": account,
            "debit": plain(debit), "credit": plain(credit), "tags": document["tags"], "checked": "No",
        }  # fmt: skip


def register(router: Router[Handler]) -> None:
    router.add("POST", "/payments", _create, _SCOPE)
    router.add("GET", "/payments", _list, _SCOPE)
    router.add("GET", "/payments/{id}", lambda call: json_response(_shown(call, named(call, "payments"))), _SCOPE)
    router.add("PUT", "/payments/{id}", _update, _SCOPE)
    router.add("DELETE", "/payments/{id}", _delete, _SCOPE)
    router.add("GET", "/ledger-entries", _ledger, "accounting:daily-ledger")
