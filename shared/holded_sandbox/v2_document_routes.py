"""The v2 routes of all document families."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from holded_sandbox import documents
from holded_sandbox.days import read_day, today
from holded_sandbox.documents import RefusedError, payment_status
from holded_sandbox.kinds import KINDS, Kind
from holded_sandbox.money import number, plain
from holded_sandbox.v2_documents import apply, replaced, shown, text
from holded_sandbox.v2_pages import named, page
from holded_sandbox.wire import Record, Response, bad_request, json_response, not_found, unprocessable

if TYPE_CHECKING:
    from collections.abc import Callable

    from holded_sandbox.routes import Call, Handler, Router

_ISO_SORTS = {"date": "date", "dueDate": "due_date"}


def find(call: Call, kind: Kind) -> Record:
    document = named(call, "documents")
    if document["_kind"] != kind.v1:
        not_found()
    return document


def allowed(action: Callable[[], object]) -> None:
    try:
        action()
    except RefusedError as refusal:
        unprocessable(str(refusal))


def create(call: Call, kind: Kind) -> Response:
    for name in ("contact_id", "items"):
        if not call.body.get(name):
            bad_request(f"{name} is required")
    document = documents.blank(kind, call.desk.now)
    apply(call.desk.company, kind, document, call.body)
    return json_response({"id": documents.create(call.desk, kind, document)["id"]}, 201)


def update(call: Call, kind: Kind) -> Response:
    document = replaced(call.desk.company, kind, find(call, kind), call.body, call.desk.now)
    documents.changed(call.desk, document)
    return json_response({"id": document["id"]})


def sort_key(text: str | None) -> Callable[[Record], tuple[Any, ...]]:
    """Order of a document list; newest date first unless `sort` names another, equal dates newest id first."""
    name, descending = (text or "-date").removeprefix("-"), (text or "-date").startswith("-")
    if name not in {"date", "dueDate", "total"}:
        bad_request(f"sort: unknown order {name[:20]}")

    def key(record: Record) -> tuple[Any, ...]:
        value = Decimal(record["total"]) if name == "total" else _day_number(record[_ISO_SORTS[name]])
        identity = int(record["id"], 16)
        return (-value, -identity) if descending else (value, identity)

    return key


def _day_number(day: str | None) -> int:
    return int(day.replace("-", "")) if day else 0


def matches(call: Call, kind: Kind) -> Callable[[Record], bool]:
    """The filters of a list; dates are the issue date, both ends included (Holded facts 2.2, 3.6)."""
    contact, status = call.query("contact_id"), call.query("status")
    approval = call.query("approval_status") if kind.approval_listed else None
    bounds = {name: read_day(text) for name in ("start_date", "end_date") if (text := call.query(name))}
    due = {name: read_day(text) for name in ("due_date_start", "due_date_end") if (text := call.query(name))}
    now_day = today(call.desk.now)

    def holds(document: Record) -> bool:
        if document["_kind"] != kind.v1 or (contact and document["contact_id"] != contact):
            return False
        if approval and (approval == "draft") != document["draft"]:
            return False
        if not _within(document["date"], bounds.get("start_date"), bounds.get("end_date")):
            return False
        if due and not _within(document["due_date"] or "", due.get("due_date_start"), due.get("due_date_end")):
            return False
        return not status or status in _statuses(document, now_day)

    return holds


def _within(day: str, first: str | None, last: str | None) -> bool:
    return (first is None or day >= first) and (last is None or day <= last)


def _statuses(document: Record, now_day: str) -> set[str]:
    status = payment_status(document)
    is_late = bool(document["due_date"]) and document["due_date"] < now_day and status in {"pending", "partial"}
    return {status, "overdue"} if is_late else {status}


def list_documents(call: Call, kind: Kind) -> Response:
    company = call.desk.company
    holds = matches(call, kind)
    found = (document for document in company.visible("documents", call.desk.now) if holds(document))
    return page(call, "documents", found, lambda item: shown(company, item, listed=True), sort_key(call.query("sort")))


def find_by_number(call: Call, kind: Kind) -> Response:
    """Parameter and shape are not settled (Holded facts 13.9): `number` or `document_number`, any part of it, a list."""
    wanted = (call.query("number") or call.query("document_number") or "").lower()
    company = call.desk.company
    found = (
        document
        for document in company.visible("documents", call.desk.now)
        if document["_kind"] == kind.v1 and wanted and wanted in (document["document_number"] or "").lower()
    )
    return page(call, "documents", found, lambda item: shown(company, item, listed=True))


def pay(call: Call, kind: Kind) -> Response:
    document = find(call, kind)
    if call.body.get("amount") is None:
        bad_request("amount is required")
    amount = number(call.body["amount"], "amount")
    day = read_day(call.body["date"]) if call.body.get("date") else today(call.desk.now)
    bank, note = (text(call.body.get(name), name) for name in ("treasury_id", "description"))
    try:
        payment = documents.pay(call.desk, document, amount=amount, day=day, bank_id=bank, note=note or "")
    except RefusedError as refusal:
        unprocessable(str(refusal))
    return json_response({"id": payment["id"], "amount": plain(amount)}, 201)


def _simple(action: Callable[[documents.Desk, Record], None]) -> Callable[[Call, Kind], Response]:
    def handler(call: Call, kind: Kind) -> Response:
        document = find(call, kind)
        allowed(lambda: action(call.desk, document))
        return json_response({"id": document["id"]})

    return handler


def remove(call: Call, kind: Kind) -> Response:
    document = find(call, kind)
    allowed(lambda: documents.delete(call.desk, document))
    return Response(status=204)


def send(call: Call, kind: Kind) -> Response:
    find(call, kind)
    if not call.body.get("emails"):
        bad_request("emails is required")
    return Response(status=200)


def pdf(call: Call, kind: Kind) -> Response:
    document = find(call, kind)
    body = b"%PDF-1.4\n% " + str(document["document_number"] or document["id"]).encode() + b"\n%%EOF\n"
    return Response(status=200, headers={"content-type": "application/pdf"}, body=body)


def set_pipeline(call: Call, kind: Kind) -> Response:
    document = find(call, kind) | {"pipeline_id": text(call.body.get("pipeline_id"), "pipeline_id")}
    documents.changed(call.desk, document)
    return json_response({"id": document["id"]})


def bulk_refused(call: Call, _kind: Kind) -> Response:
    """Every bulk approval answered so in July 2026 (Holded facts 1.2)."""
    _ = call
    return json_response({"message": "None of the invoices could be approved"}, 422)


def register(router: Router[Handler]) -> None:
    for kind in KINDS.values():
        base, one = f"/{kind.v2}", f"/{kind.v2}/{{id}}"
        _bind(router, "POST", base, create, kind)
        _bind(router, "GET", base, list_documents, kind)
        _bind(router, "GET", one, lambda call, of: json_response(shown(call.desk.company, find(call, of))), kind)
        _bind(router, "PUT", one, update, kind)
        _bind(router, "DELETE", one, remove, kind)
        if not kind.bare:
            _bind(router, "GET", f"{one}/pdf", pdf, kind)
            _bind(router, "POST", f"{one}/send", send, kind)
            _bind(router, "PUT", f"{one}/pipeline", set_pipeline, kind)
        if kind.approvable:
            _bind(router, "POST", f"{one}/approve", _simple(documents.approve), kind)
        if kind.payable:
            _bind(router, "POST", f"{one}/payments", pay, kind)
    invoice = KINDS["invoice"]
    _bind(router, "GET", "/invoices/find-by-number", find_by_number, invoice)
    _bind(router, "POST", "/invoices/{id}/cancel", _simple(documents.cancel), invoice)
    _bind(router, "POST", "/invoices/bulk/approve", bulk_refused, invoice)


def _bind(
    router: Router[Handler], method: str, template: str, handler: Callable[[Call, Kind], Response], kind: Kind
) -> None:
    router.add(method, template, lambda call: handler(call, kind), kind.scope)
