"""v1 documents as they are shown and read, with their asymmetries (Holded facts 3.2, 3.3).

Written `items`, read `products`; written `subtotal`, read `price`; written `contactId`, read `contact`; written
`invoiceNum`, read `docNumber`.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from holded_sandbox.days import MADRID, from_unix, to_unix
from holded_sandbox.documents import blank_line, payment_status
from holded_sandbox.facts import fact
from holded_sandbox.money import readable
from holded_sandbox.v1_json import raw_float
from holded_sandbox.wire import LegacyError

if TYPE_CHECKING:
    from holded_sandbox.company import Company
    from holded_sandbox.kinds import Kind
    from holded_sandbox.wire import Record

_STATUS = {"pending": 0, "completed": 1, "partial": 2, "cancelled": 3}


def amount(value: object, field: str, *, most: int | None = None) -> Decimal:
    """A number of a v1 body; text with a number in it is taken too."""
    number = readable(value)
    if number is None or (most is not None and abs(number) > most):
        raise LegacyError(f"{field} is not a number")
    return number


def texts(value: object) -> list[str]:
    """The texts of a list; anything else is dropped in silence."""
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []


def day(value: object, field: str) -> str:
    """The Madrid day of unix seconds."""
    try:
        return from_unix(int(amount(value, field)))
    except (OverflowError, OSError, ValueError):
        raise LegacyError(f"{field} is not a date") from None


@fact("12.4 customFields decomposition")
def decomposed(value: object) -> list[Record]:
    """Each property of each entry becomes a field of its own: `{"field": a, "value": b}` is torn apart."""
    if not isinstance(value, list):
        return []
    return [
        {"field": name, "value": content}
        for entry in value
        if isinstance(entry, dict)
        for name, content in entry.items()
    ]


def documented_fields(value: object) -> list[Record]:
    """`[{field, value}]` as described: what PUT of a document does keep."""
    if not isinstance(value, list):
        return []
    return [
        {"field": entry["field"], "value": entry.get("value", "")}
        for entry in value
        if isinstance(entry, dict) and "field" in entry
    ]


def _line(line: Record, rates: dict[str, Decimal]) -> Record:
    percents = [rates[key] for key in line["taxes"] if key in rates]
    if line["tax_percent"] is not None:
        percents.append(Decimal(line["tax_percent"]))
    added = sum((percent for percent in percents if percent > 0), Decimal(0))
    withheld = sum((percent for percent in percents if percent < 0), Decimal(0))
    is_only_withheld = bool(withheld) and not any(percent >= 0 for percent in percents)
    shown: Record = {
        "name": line["name"], "desc": line["description"], "price": raw_float(line["price"]),
        "units": raw_float(line["units"]), "projectid": line["project_id"],
        "tax": raw_float(withheld if is_only_withheld else added), "taxes": line["taxes"], "tags": line["tags"],
        "discount": raw_float(line["discount"]), "retention": raw_float(Decimal(0) if is_only_withheld else -withheld),
        "weight": raw_float(line["weight"]), "costPrice": raw_float(line["cost_price"]),
        "sku": line["sku"] or 0,  # the number 0 when empty
        "account": line["account"] or "",
    }  # fmt: skip
    if line["product_id"]:
        shown["productId"] = line["product_id"]
    return shown


@fact("12.4 items/products asymmetry")
def shown(company: Company, document: Record, *, listed: bool = False) -> Record:
    """The document as GET shows it. Payments fields are absent until something is paid; in lists, so is `approvedAt`."""
    rates = company.tax_rates()
    due = document["multiple_due_dates"]
    view: Record = {
        "id": document["id"], "contact": document["contact_id"] or "", "contactName": document["contact_name"],
        "desc": document["description"] or "", "date": to_unix(document["date"]),
        "dueDate": to_unix(document["due_date"]) if document["due_date"] else None,
        # A list when empty, an object when there is one (Holded facts 3.3).
        "multipledueDate": {"date": to_unix(due[0]["date"]), "amount": raw_float(due[0]["amount"])} if due else [],
        "forecastDate": None, "notes": document["notes"] or "", "tags": document["tags"] or None,
        "products": [_line(line, rates) for line in document["lines"]],
        "tax": raw_float(document["tax"]), "subtotal": raw_float(document["subtotal"]),
        "discount": raw_float(document["discount"]), "total": raw_float(document["total"]),
        "language": document["language"] or "", "status": _STATUS[payment_status(document)],
        "customFields": document["custom_fields"], "docNumber": document["document_number"],
        "currency": document["currency"].lower(), "currencyChange": raw_float(document["currency_change"]),
        "salesChannelId": document["sales_channel_id"] or "",
    }  # fmt: skip
    if document["from"]:
        view["from"] = document["from"]
    if document["draft"]:
        view |= {"draft": True, "approvedAt": None}
    elif not listed:
        # Never false: null, or absent as in lists (Holded facts 3.3).
        approved = datetime.fromisoformat(document["approved_at"]).replace(tzinfo=MADRID)
        view |= {"draft": None, "approvedAt": int(approved.timestamp())}
    if document["payments_detail"]:
        view |= {
            "paymentsTotal": raw_float(document["payments_total"]), "paymentsPending": raw_float(document["payments_pending"]),
            "paymentsRefunds": raw_float(document["payments_refunds"]),
            "paymentsDetail": [
                {"id": paid["id"], "amount": raw_float(paid["amount"]), "date": to_unix(paid["date"]), "bankId": paid["bank_id"] or ""}
                for paid in document["payments_detail"]
            ],
        }  # fmt: skip
    return view


def read_lines(company: Company, kind: Kind, items: object, forced_taxes: list[str] | None) -> list[Record]:
    """Lines of a v1 body. `price` is not a field of it: a line that sends one instead of `subtotal` costs nothing."""
    if not isinstance(items, list):
        raise LegacyError("items is not a list")
    return [_read_line(company, kind, item, forced_taxes, f"items[{position}]") for position, item in enumerate(items)]


def _read_line(company: Company, kind: Kind, item: object, forced_taxes: list[str] | None, where: str) -> Record:
    if not isinstance(item, dict):
        raise LegacyError(f"{where} is not an object")
    line = blank_line()
    line |= {
        "name": str(item.get("name") or ""),
        "description": str(item.get("desc") or ""),
        "sku": str(item["sku"]) if item.get("sku") else None,
    }
    for name, wire in (("price", "subtotal"), ("units", "units"), ("discount", "discount")):
        if item.get(wire) not in (None, ""):
            most = 100 if name == "discount" else None
            line[name] = str(amount(item[wire], f"{where}.{wire}", most=most))
    rates = company.tax_rates()
    if isinstance(item.get("taxes"), list):
        line["taxes"] = [tax for tax in texts(item["taxes"]) if tax in rates]
    elif item.get("tax") not in (None, ""):
        percent = amount(item["tax"], f"{where}.tax", most=1000)
        key = _plain_tax(company, kind, percent)
        line |= {"taxes": [key]} if key else {"tax_percent": str(percent)}
    if forced_taxes:
        line |= {"taxes": forced_taxes, "tax_percent": None}
    account = item.get("accountingAccountId")
    # An account number is ignored in silence; only an id counts (Holded facts 3.3).
    line["account"] = account if isinstance(account, str) and len(account) == 24 else None
    line["tags"] = texts(item.get("tags"))
    line["service_id"] = item["serviceId"] if isinstance(item.get("serviceId"), str) else None
    product = next(
        (one for one in company.tables["products"].values() if line["sku"] and one["sku"] == line["sku"]), None
    )
    line["product_id"] = product["id"] if product else None
    return line


def _plain_tax(company: Company, kind: Kind, percent: Decimal) -> str | None:
    for tax in company.tables["taxes"].values():
        if tax["scope"] == kind.side and tax["group"] == "iva" and Decimal(tax["amount"] or 0) == percent:
            return str(tax["key"])
    return None
