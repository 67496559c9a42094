"""v2 bank movements of a treasury account, and its archive (Holded facts 10.2)."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from holded_sandbox.days import read_day
from holded_sandbox.facts import fact
from holded_sandbox.money import number, plain
from holded_sandbox.v2_documents import text
from holded_sandbox.v2_pages import page
from holded_sandbox.wire import Record, Response, bad_request, json_response, not_found

if TYPE_CHECKING:
    from holded_sandbox.routes import Call, Handler, Router

_SCOPE = "accounting:banks"


def _account(call: Call) -> Record:
    account = call.desk.company.get("treasuries", call.params["id"])
    if account is None:
        not_found()
    return account


@fact("10.2 GET …/{id}/bank-movements")
def _list(call: Call) -> Response:
    """Days are value dates; `status` is one or several with commas."""
    account = _account(call)
    first, last = call.query("start_date"), call.query("end_date")
    first, last = (read_day(first) if first else ""), (read_day(last) if last else "9999-12-31")
    statuses = {one.strip() for one in (call.query("status") or "").split(",") if one.strip()}
    found = (
        movement
        for movement in call.desk.company.visible("movements", call.desk.now)
        if movement["banking_account_id"] == account["id"]
        and first <= movement["value_date"] <= last
        and (not statuses or movement["status"] in statuses)
    )
    return page(call, "movements", found, lambda movement: {k: v for k, v in movement.items() if k[0] != "_"})


def _create(call: Call) -> Response:
    """A movement put in by hand; the names of its body are not on record, they are those of what comes back."""
    account, body = dict(_account(call)), call.body
    day = body.get("value_date") or body.get("date") or body.get("booking_date")
    if body.get("amount") is None or day is None:
        bad_request("amount and date are required")
    amount, value_day = number(body["amount"], "amount"), read_day(day)
    account["balance"] = plain(Decimal(account["balance"]) + amount)
    account["transactions_pending_to_reconcile"] += 1
    booked = read_day(body["booking_date"]) if body.get("booking_date") is not None else value_day
    movement = {
        "id": call.desk.mint(), "banking_account_id": account["id"],
        "description": text(body.get("description"), "description") or "", "note": text(body.get("note"), "note"),
        "amount": plain(amount), "currency": account["currency"], "balance": account["balance"],
        "accounting_amount": plain(amount), "accounting_currency": "EUR", "booking_date": booked,
        "value_date": value_day, "status": "pending", "reconciled_amount": "0.00", "origin": "manual",
        "flagged_at": None,
    }  # fmt: skip
    call.desk.company.put("treasuries", account, call.desk.now)
    call.desk.company.put("movements", movement, call.desk.now)
    return json_response({"id": movement["id"]}, 201)


@fact("10.2 POST …/{id}/bank-movements/{mid}/reconcile")
def _reconcile(call: Call) -> Response:
    """With documents: up to their amounts. Without any: by force. It answers null either way. A payment among them shows it."""
    account = dict(_account(call))
    movement = call.desk.company.get("movements", call.params["movement_id"])
    if movement is None or movement["banking_account_id"] != account["id"]:
        not_found()
    given = call.body.get("documents") or []
    if not isinstance(given, list) or not all(isinstance(item, dict) for item in given):
        bad_request("documents must be an array of {document_id, document_type}")
    whole = abs(Decimal(movement["amount"]))
    reached = min(whole, sum((_worth(call, item) for item in given), Decimal(0)))
    status = "forced_reconciled" if not given else "reconciled" if reached == whole else "partial"
    if status != "partial" and movement["status"] in {"pending", "partial"}:
        account["transactions_pending_to_reconcile"] -= 1
        call.desk.company.put("treasuries", account, call.desk.now)
    after = movement | {"status": status, "reconciled_amount": plain(reached)}
    call.desk.company.put("movements", after, call.desk.now)
    for item in given:
        _match(call, item, whole)
    return json_response(None)


def _match(call: Call, item: Record, whole: Decimal) -> None:
    payment = call.desk.company.get("payments", str(item.get("document_id")))
    if payment is not None:
        amount = abs(Decimal(payment["amount"]))
        status = "reconciled" if whole >= amount else "partial_reconciled"
        matched = {"_reconciliation": status, "_reconciled": plain(min(whole, amount))}
        call.desk.company.put("payments", payment | matched, call.desk.now)


def _worth(call: Call, item: Record) -> Decimal:
    found = call.desk.company.get("documents", str(item.get("document_id")))
    if found is not None:
        return abs(Decimal(found["total"]))
    payment = call.desk.company.get("payments", str(item.get("document_id")))
    return abs(Decimal(payment["amount"])) if payment is not None else Decimal(0)


def _archive(call: Call) -> Response:
    account = _account(call) | {"archived": True}
    call.desk.company.put("treasuries", account, call.desk.now)
    return json_response({"id": account["id"]})


def register(router: Router[Handler]) -> None:
    movements = "/treasury/accounts/{id}/bank-movements"
    router.add("GET", movements, _list, _SCOPE)
    router.add("POST", movements, _create, _SCOPE)
    router.add("POST", f"{movements}/{{movement_id}}/reconcile", _reconcile, _SCOPE)
    router.add("POST", "/treasury/accounts/{id}/archive", _archive, _SCOPE)
