"""v2 payments, free or of a document (Holded facts 10.2)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from holded_sandbox import documents, ledger
from holded_sandbox.days import read_day
from holded_sandbox.money import number, plain
from holded_sandbox.v2_documents import text
from holded_sandbox.v2_pages import named, page
from holded_sandbox.webhooks import payment_event
from holded_sandbox.wire import Record, Response, bad_request, json_response

if TYPE_CHECKING:
    from holded_sandbox.routes import Call, Handler, Router

_SCOPE = "accounting:payments"
_STATUS = {"pending": "no_paid", "partial": "partial_paid", "completed": "paid", "cancelled": "no_paid"}


def _shown(call: Call, payment: Record) -> Record:
    document = call.desk.company.get("documents", payment["document_id"] or "")
    status = _STATUS[documents.payment_status(document)] if document is not None else "paid"
    return {
        "id": payment["id"], "bank_account_id": payment["bank_account_id"], "contact_id": payment["contact_id"],
        "contact_name": payment["contact_name"], "amount": payment["amount"], "description": payment["description"],
        "date": payment["date"], "status": status,
        "reconciliation_status": payment.get("_reconciliation", "pending"),
        "total_documents": payment["amount"] if document is not None else "0.00",
        "total_transactions": payment.get("_reconciled", "0.00"),
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
    ledger.book_payment(call.desk, payment)
    call.desk.company.put("payments", payment, call.desk.now)
    body = payment_event(call.desk.company, payment)
    call.desk.emitter.emit(call.desk.company, "payment", "create", body, call.desk.now)
    return json_response({"id": payment["id"]}, 201)


def _update(call: Call) -> Response:
    payment = dict(named(call, "payments"))
    payment |= {name: text(call.body[name], name) for name in ("description", "bank_account_id") if name in call.body}
    if call.body.get("date") is not None:
        payment["date"] = read_day(call.body["date"])
    ledger.book_payment(call.desk, payment)
    call.desk.company.put("payments", payment, call.desk.now)
    body = payment_event(call.desk.company, payment)
    call.desk.emitter.emit(call.desk.company, "payment", "update", body, call.desk.now)
    return json_response({"id": payment["id"]})


def _delete(call: Call) -> Response:
    documents.forget_payment(call.desk, named(call, "payments"))
    return Response(status=204)


def register(router: Router[Handler]) -> None:
    router.add("POST", "/payments", _create, _SCOPE)
    router.add("GET", "/payments", _list, _SCOPE)
    router.add("GET", "/payments/{id}", lambda call: json_response(_shown(call, named(call, "payments"))), _SCOPE)
    router.add("PUT", "/payments/{id}", _update, _SCOPE)
    router.add("DELETE", "/payments/{id}", _delete, _SCOPE)
