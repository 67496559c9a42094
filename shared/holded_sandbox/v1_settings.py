"""v1 taxes, numbering series and free payments (Holded facts 2.1, 6)."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from holded_sandbox import documents, ledger
from holded_sandbox.days import to_unix
from holded_sandbox.kinds import SERIES_TYPES
from holded_sandbox.money import plain
from holded_sandbox.v1_documents import amount, day
from holded_sandbox.v1_json import raw_float, v1_response
from holded_sandbox.v1_lists import named, page
from holded_sandbox.v2_settings import new_series
from holded_sandbox.webhooks import payment_event
from holded_sandbox.wire import LegacyError, UnknownPageError

if TYPE_CHECKING:
    from holded_sandbox.routes import Call, Handler, Router
    from holded_sandbox.wire import Record, Response

_TAX = ("name", "amount", "scope", "key", "group", "type")
_SERIES = ("id", "name", "format", "last", "type")


def _taxes(call: Call) -> Response:
    return v1_response([{name: tax[name] for name in _TAX} for tax in call.desk.company.tables["taxes"].values()])


def _series_type(call: Call) -> str:
    if call.params["type"] not in SERIES_TYPES:
        raise LegacyError("Invalid type")
    return call.params["type"]


def _series(call: Call) -> Response:
    wanted = _series_type(call)
    found = [item for item in call.desk.company.tables["series"].values() if item["type"] == wanted]
    return v1_response([{name: item[name] for name in _SERIES} for item in found])


def _create_series(call: Call) -> Response:
    body = call.body
    if not isinstance(body.get("name"), str) or not isinstance(body.get("format"), str):
        raise LegacyError("name needed")
    series = new_series(call.desk.mint(), _series_type(call), body["name"], body["format"])
    series["last"] = int(amount(body.get("last") or 0, "last"))
    call.desk.company.put("series", series, call.desk.now)
    return v1_response({"status": 1, "info": "Created", "id": series["id"]}, 201)


def _find_series(call: Call) -> Record:
    series = named(call, "series")
    if series["type"] != _series_type(call):
        raise UnknownPageError
    return series


def _update_series(call: Call) -> Response:
    series = dict(_find_series(call))
    series |= {name: call.body[name] for name in ("name", "format") if isinstance(call.body.get(name), str)}
    if call.body.get("last") is not None:
        series["last"] = int(amount(call.body["last"], "last"))
    call.desk.company.put("series", series, call.desk.now)
    return v1_response({"status": 1, "info": "Updated", "id": series["id"]})


def _delete_series(call: Call) -> Response:
    series = _find_series(call)
    if series["last"]:
        raise LegacyError("The numbering series is in use")
    call.desk.company.drop("series", series["id"])
    return v1_response({"status": 1, "info": "Successfully deleted", "id": series["id"]})


def _payment(payment: Record) -> Record:
    return {
        "id": payment["id"], "bankId": payment["bank_account_id"] or "", "contactId": payment["contact_id"] or "",
        "contactName": payment["contact_name"], "amount": raw_float(Decimal(payment["amount"])),
        "desc": payment["description"], "date": to_unix(payment["date"]),
    }  # fmt: skip


def _payments(call: Call) -> Response:
    first, last = call.query("starttmp"), call.query("endtmp")
    start, end = (day(first, "starttmp") if first else ""), (day(last, "endtmp") if last else "9999-12-31")
    visible = call.desk.company.visible("payments", call.desk.now)
    return page(call, [payment for payment in visible if start <= payment["date"] <= end], _payment)


def _create_payment(call: Call) -> Response:
    body = call.body
    if body.get("amount") in (None, "") or body.get("date") in (None, ""):
        raise LegacyError("amount and date needed")
    contact = call.desk.company.get("contacts", str(body.get("contactId")))
    payment = {
        "id": call.desk.mint(), "type": "collection", "bank_account_id": str(body["bankId"]) if body.get("bankId") else None,
        "contact_id": contact["id"] if contact else None, "contact_name": contact["name"] if contact else "",
        "amount": plain(amount(body["amount"], "amount")), "description": str(body.get("desc") or ""),
        "date": day(body["date"], "date"), "document_type": None, "document_id": None,
    }  # fmt: skip
    ledger.book_payment(call.desk, payment)
    call.desk.company.put("payments", payment, call.desk.now)
    event = payment_event(call.desk.company, payment)
    call.desk.emitter.emit(call.desk.company, "payment", "create", event, call.desk.now)
    return v1_response({"status": 1, "info": "Created", "id": payment["id"]}, 201)


def _delete_payment(call: Call) -> Response:
    payment = named(call, "payments")
    documents.forget_payment(call.desk, payment)
    return v1_response({"status": 1, "info": "Successfully deleted", "id": payment["id"]})


def register(router: Router[Handler]) -> None:
    router.add("GET", "/taxes", _taxes)
    router.add("GET", "/numberingseries/{type}", _series)
    router.add("POST", "/numberingseries/{type}", _create_series)
    router.add("PUT", "/numberingseries/{type}/{id}", _update_series)
    router.add("DELETE", "/numberingseries/{type}/{id}", _delete_series)
    router.add("GET", "/payments", _payments)
    router.add("POST", "/payments", _create_payment)
    router.add("GET", "/payments/{id}", lambda call: v1_response(_payment(named(call, "payments"))))
    router.add("DELETE", "/payments/{id}", _delete_payment)
