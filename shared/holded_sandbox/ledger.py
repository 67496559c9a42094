"""The journal: what an approved document, a payment or a manual entry books, line by line (Holded facts 10.2).

A record that is booked keeps its entry's number in `_entry` and the ids of its lines in `_lines`; booking it again replaces
the lines under the same number.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from holded_sandbox.facts import fact
from holded_sandbox.kinds import KINDS
from holded_sandbox.money import plain

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from holded_sandbox.company import Company
    from holded_sandbox.documents import Desk
    from holded_sandbox.wire import Record

CUSTOMERS, SUPPLIERS, BANKS = 43_000_000, 40_000_000, 57_200_000
SALES, PURCHASES, TAX_ON_SALES, TAX_ON_PURCHASES = 70_000_000, 60_000_000, 47_700_000, 47_200_000
_CHART = {
    CUSTOMERS: "Clientes", SUPPLIERS: "Proveedores", BANKS: "Bancos", SALES: "Ventas de mercaderías",
    PURCHASES: "Compras de mercaderías", TAX_ON_SALES: "IVA repercutido", TAX_ON_PURCHASES: "IVA soportado",
    62_900_000: "Otros servicios", 70_500_000: "Prestaciones de servicios",
}  # fmt: skip
_CORRECTING = {"creditnote", "receiptnote", "purchaserefund"}
_BOOKED = {"invoice", "salesreceipt", "purchase"} | _CORRECTING
_COUNTER = "0" * 24


@dataclass(frozen=True, slots=True, kw_only=True)
class Posting:
    """`balance` above zero is debit, below it credit."""

    account: int
    balance: Decimal
    description: str = ""
    tags: tuple[str, ...] = ()


def new_account(number: int, name: str) -> Record:
    """An account of the chart; its id follows from its number, so that it is found without a search."""
    return {
        "id": _account_id(number), "color": "#FF5733", "number": number, "name": name, "description": None,
        "group": str(number)[:4], "archived": False, "non_deductible": False,
    }  # fmt: skip


def _account_id(number: int) -> str:
    return f"5f0acc{number:018x}"


def standard_chart() -> Iterator[Record]:
    """The accounts a new company has."""
    return (new_account(number, name) for number, name in _CHART.items())


@fact("10.2 GET /ledger-entries")
def book(desk: Desk, source: Record, kind: str, day: str, postings: Iterable[Posting], *, text: str = "") -> None:
    """Book `source` on a day, in place of what it had booked before. `text` is the entry's own description."""
    number = source.get("_entry") or _next_number(desk)
    _drop_lines(desk, source)
    source["_entry"], source["_lines"] = number, []
    for place, posting in enumerate((one for one in postings if one.balance), 1):
        _ensure_account(desk, posting.account, text)
        line = {
            "id": desk.mint(), "entry_number": number, "line": place, "date": day, "type": kind,
            "description": posting.description, "doc_description": text, "account": posting.account,
            "debit": plain(max(posting.balance, Decimal(0))), "credit": plain(max(-posting.balance, Decimal(0))),
            "tags": list(posting.tags), "checked": "No",
        }  # fmt: skip
        desk.company.put("ledger", line, desk.now)
        source["_lines"].append(line["id"])


def unbook(desk: Desk, source: Record) -> None:
    """Take the lines of `source` out; its entry's number is not given to another."""
    _drop_lines(desk, source)
    source["_lines"] = []


def _drop_lines(desk: Desk, source: Record) -> None:
    for line_id in source.get("_lines") or ():
        desk.company.drop("ledger", line_id)


def _next_number(desk: Desk) -> int:
    counter = desk.company.get("counters", _COUNTER) or {"id": _COUNTER, "ledger": 0}
    desk.company.put("counters", counter | {"ledger": counter["ledger"] + 1}, desk.now)
    return int(counter["ledger"]) + 1


def _ensure_account(desk: Desk, number: int, name: str) -> None:
    if desk.company.get("accounts", _account_id(number)) is None:
        desk.company.put("accounts", new_account(number, name or str(number)), desk.now)


def _counterpart(company: Company, contact_id: str | None, *, is_sale: bool) -> int:
    """The contact's own account where it has one, the collective one otherwise."""
    contact = company.get("contacts", contact_id or "")
    record = contact["client_record" if is_sale else "supplier_record"] if contact is not None else None
    collective = CUSTOMERS if is_sale else SUPPLIERS
    return int(record["num"]) if isinstance(record, dict) and record.get("num") else collective


def book_document(desk: Desk, document: Record) -> None:
    """An approved document: the contact against sales or purchases and the tax. Orders, offers and drafts book nothing."""
    kind = KINDS[document["_kind"]]
    if kind.v1 not in _BOOKED or document["draft"]:
        return
    if document["cancelled"]:
        unbook(desk, document)
        return
    is_sale = kind.side == "sales"
    sign = Decimal(-1 if (kind.v1 in _CORRECTING) == is_sale else 1)
    goods, tax = (SALES, TAX_ON_SALES) if is_sale else (PURCHASES, TAX_ON_PURCHASES)
    contact = _counterpart(desk.company, document["contact_id"], is_sale=is_sale)
    number, tags = document["document_number"] or "", tuple(document["tags"])
    parts = ((contact, sign, "total"), (goods, -sign, "subtotal"), (tax, -sign, "tax"))
    postings = [
        Posting(account=one, balance=way * Decimal(document[name]), description=number, tags=tags)
        for one, way, name in parts
    ]
    book(desk, document, kind.v1, document["accounting_date"], postings, text=document["contact_name"] or "")


def book_payment(desk: Desk, payment: Record) -> None:
    """Money in or out against the contact."""
    kind = KINDS.get(payment["document_type"] or "")
    is_sale = kind.side == "sales" if kind is not None else payment["type"] != "payment"
    came_in = is_sale != (kind is not None and kind.v1 in _CORRECTING)
    amount = Decimal(payment["amount"]) * (1 if came_in else -1)
    contact = _counterpart(desk.company, payment["contact_id"], is_sale=is_sale)
    text = payment["description"] or ""
    postings = (
        Posting(account=BANKS, balance=amount, description=text),
        Posting(account=contact, balance=-amount, description=text),
    )
    book(desk, payment, "payment", payment["date"], postings, text=payment["contact_name"] or "")
