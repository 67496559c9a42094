"""v2 ledger entries and the chart of accounts with its balances (Holded facts 10.2)."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from typing import TYPE_CHECKING

from holded_sandbox import ledger
from holded_sandbox.days import ledger_date, read_day
from holded_sandbox.facts import fact
from holded_sandbox.ledger import Posting
from holded_sandbox.money import number, plain
from holded_sandbox.v2_documents import text
from holded_sandbox.v2_pages import page
from holded_sandbox.wire import Record, Response, bad_request, json_response

if TYPE_CHECKING:
    from holded_sandbox.routes import Call, Handler, Router

_LINE = (
    "entry_number", "line", "date", "type", "description", "doc_description", "account", "debit", "credit", "tags",
    "checked",
)  # fmt: skip
_ACCOUNT = ("id", "color", "number", "name", "description", "group")


def _entries(call: Call) -> Response:
    """One item a line, without an id; the days are wanted, and shown as DD/MM/YYYY (Holded facts 3.6)."""
    first, last = call.query("start_date"), call.query("end_date")
    if not first or not last:
        bad_request("start_date and end_date are required")
    first, last, account = read_day(first), read_day(last), call.query("account")
    found = (
        line
        for line in call.desk.company.visible("ledger", call.desk.now)
        if first <= line["date"] <= last and account in {None, str(line["account"])}
    )
    return page(call, "ledger", found, _shown)


def _shown(line: Record) -> Record:
    return {name: line[name] for name in _LINE} | {"date": ledger_date(line["date"])}


def _posting(item: object, position: int) -> Posting:
    where = f"lines[{position}]"
    if not isinstance(item, dict):
        bad_request(f"{where} must be an object")
    account = _account_number(item.get("account"), f"{where}.account")
    debit, credit = (number(item.get(name) or 0, f"{where}.{name}") for name in ("debit", "credit"))
    tags = item.get("tags") or []
    if not isinstance(tags, list) or not all(isinstance(tag, str) for tag in tags):
        bad_request(f"{where}.tags must be an array of strings")
    note = text(item.get("description"), f"{where}.description") or ""
    return Posting(account=account, balance=debit - credit, description=note, tags=tuple(tags))


def _account_number(value: object, field: str) -> int:
    found = number(value, field)
    if found != found.to_integral_value() or not 0 < found <= 99_999_999:
        bad_request(f"{field} must be the number of an account")
    return int(found)


@fact("10.2 POST /ledger-entries")
def _create_entry(call: Call) -> Response:
    """A manual entry; at least two lines, and they balance."""
    lines = call.body.get("lines")
    if call.body.get("date") is None or not isinstance(lines, list) or len(lines) < 2:
        bad_request("date and at least two lines are required")
    postings = [_posting(item, position) for position, item in enumerate(lines)]
    if sum((posting.balance for posting in postings), Decimal(0)):
        bad_request("The lines do not balance")
    entry: Record = {"id": call.desk.mint()}
    notes = text(call.body.get("notes"), "notes") or ""
    ledger.book(call.desk, entry, "entry", read_day(call.body["date"]), postings, text=notes)
    call.desk.company.put("entries", entry, call.desk.now)
    return json_response({"id": entry["id"]}, 201)


@fact("10.2 GET /accounting-accounts")
def _accounts(call: Call) -> Response:
    """The whole chart in one reply, without cursor. Two days, if any, and not the same (Holded facts 1.2)."""
    first, last = call.query("start_date"), call.query("end_date")
    first, last = (read_day(first) if first else ""), (read_day(last) if last else "9999-12-31")
    if first == last:
        bad_request("End timestamp must be different than start.")
    debits: dict[int, Decimal] = defaultdict(Decimal)
    credits_: dict[int, Decimal] = defaultdict(Decimal)
    for line in call.desk.company.visible("ledger", call.desk.now):
        if first <= line["date"] <= last:
            debits[line["account"]] += Decimal(line["debit"])
            credits_[line["account"]] += Decimal(line["credit"])
    items = [
        {name: account[name] for name in _ACCOUNT}
        | {
            "debit": plain(debits[account["number"]]), "credit": plain(credits_[account["number"]]),
            "balance": plain(debits[account["number"]] - credits_[account["number"]]),
            "archived": account["archived"], "non_deductible": account["non_deductible"],
        }
        for account in sorted(call.desk.company.tables["accounts"].values(), key=lambda one: int(one["number"]))
        if (account["number"] in debits or _asked(call, "include_empty"))
        and (not account["archived"] or _asked(call, "archived"))
    ]  # fmt: skip
    return json_response({"items": items})


def _asked(call: Call, name: str) -> bool:
    return (call.query(name) or "").lower() in {"true", "1"}


def _create_account(call: Call) -> Response:
    """`prefix` is four digits, to which the next free number is added; `number` may name it whole."""
    name = call.body.get("name")
    if not isinstance(name, str) or not name or call.body.get("prefix") is None:
        bad_request("prefix and name are required")
    prefix = _account_number(call.body["prefix"], "prefix")
    taken = {account["number"] for account in call.desk.company.tables["accounts"].values()}
    wanted = call.body.get("number")
    chosen = _account_number(wanted if wanted is not None else prefix * 10_000, "number")
    while chosen in taken:
        chosen += 1
    account = ledger.new_account(chosen, name)
    account["description"] = text(call.body.get("description"), "description")
    call.desk.company.put("accounts", account, call.desk.now)
    return json_response({"id": account["id"]}, 201)


def register(router: Router[Handler]) -> None:
    router.add("GET", "/ledger-entries", _entries, "accounting:daily-ledger")
    router.add("POST", "/ledger-entries", _create_entry, "accounting:daily-ledger")
    router.add("GET", "/accounting-accounts", _accounts, "accounting:chart-of-accounts")
    router.add("POST", "/accounting-accounts", _create_account, "accounting:chart-of-accounts")
