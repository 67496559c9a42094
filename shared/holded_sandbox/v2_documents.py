"""v2 documents as they are shown and read: snake_case, amounts as text in the account's style (Holded facts 3.4, 3.6)."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from holded_sandbox.days import read_day, to_unix
from holded_sandbox.documents import blank, blank_line, payment_status
from holded_sandbox.facts import fact
from holded_sandbox.kinds import KINDS
from holded_sandbox.money import number, plain, styled
from holded_sandbox.wire import Record, bad_request, unprocessable

if TYPE_CHECKING:
    from holded_sandbox.company import Company
    from holded_sandbox.kinds import Kind

_MONEY = ("subtotal", "discount", "total", "tax", "payments_total", "payments_pending", "payments_refunds")
_LIST_FIELDS = (
    "id", "document_number", "contact_id", "contact_name", "description", "date", "due_date", "subtotal", "discount",
    "total", "tax", "currency", "status", "tags", "lines", "payment_method_id", "payments_total", "payments_pending",
)  # fmt: skip
_DETAIL_FIELDS = (
    *_LIST_FIELDS, "notes", "language", "currency_change", "accounting_date", "approved_at", "draft", "custom_fields",
    "project_id", "pipeline_id", "warehouse_id", "shipping", "shipping_data", "payments_refunds", "payments_detail",
    "body", "multiple_due_dates", "forecast_date", "from",
)  # fmt: skip
_LINE_TEXT = ("name", "description", "type", "product_id", "service_id", "sku", "account", "project_id", "unit_type")
_TEXT = (
    "description", "notes", "body", "language", "number_line_id", "warehouse_id", "project_id", "sales_channel_id",
    "payment_method_id", "pipeline_id",
)  # fmt: skip


def _number(decimal: str) -> int | float:
    value = Decimal(decimal)
    return int(value) if value == value.to_integral_value() else float(value)


def _line(company: Company, line: Record, rates: dict[str, Decimal]) -> Record:
    style = company.settings.decimal_style
    percents = [rates[key] for key in line["taxes"] if key in rates]
    if line["tax_percent"] is not None:
        percents.append(Decimal(line["tax_percent"]))
    shown = {name: line[name] for name in ("line_id", "name", "description", "variant_id", "tags", *_LINE_TEXT)}
    shown.pop("type")
    return shown | {
        "price": styled(line["price"], style),
        "units": _number(line["units"]),
        "discount": _number(line["discount"]),
        "tax": _number(str(sum((percent for percent in percents if percent > 0), Decimal(0)))),
        "taxes": line["taxes"],
        "weight": _number(line["weight"]),
        "cost_price": styled(line["cost_price"], style),
        "retention": _number(str(-sum((percent for percent in percents if percent < 0), Decimal(0)))),
    }


@fact("12.1 no updated_at on documents")
def shown(company: Company, document: Record, *, listed: bool = False) -> Record:
    """The document as GET shows it; in a list without notes, approved_at, draft and the like (Holded facts 3.6)."""
    style = company.settings.decimal_style
    rates = company.tax_rates()
    view = {name: document.get(name) for name in (_LIST_FIELDS if listed else _DETAIL_FIELDS)}
    if listed and KINDS[document["_kind"]].bare:
        view = {name: value for name, value in view.items() if not name.startswith("payment")}
    view |= {name: styled(document[name], style) for name in _MONEY if name in view}
    view["status"] = payment_status(document)
    view["lines"] = [_line(company, line, rates) for line in document["lines"]]
    if not listed:
        view["payments_detail"] = [
            detail | {"amount": styled(detail["amount"], style), "date": to_unix(detail["date"])}
            for detail in document["payments_detail"]
        ]
        view["multiple_due_dates"] = [
            due | {"amount": styled(due["amount"], style)} for due in document["multiple_due_dates"]
        ]
    return view


def text(value: object, field: str) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str):
        bad_request(f"{field} must be a string")
    return value


def _texts(value: object, field: str) -> list[str]:
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        bad_request(f"{field} must be an array of strings")
    return list(value)


def _custom_fields(value: object) -> list[Record]:
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(item, dict) and "field" in item for item in value):
        bad_request("custom_fields must be an array of {field, value}")
    return [{"field": str(item["field"]), "value": str(item.get("value", ""))} for item in value]


def _read_line(company: Company, item: object, position: int) -> Record:
    where = f"items[{position}]"
    if not isinstance(item, dict):
        bad_request(f"{where} must be an object")
    line = blank_line()
    for name in _LINE_TEXT:
        if item.get(name) is not None:
            line[name] = text(item[name], f"{where}.{name}")
    for name in ("price", "units", "discount", "weight", "cost_price"):
        if item.get(name) is not None:
            most = 100 if name == "discount" else None
            line[name] = str(number(item[name], f"{where}.{name}", most=most))
    rates = company.tax_rates()
    known_keys = {tax["id"]: tax["key"] for tax in company.tables["taxes"].values()}
    # A tax the account does not have is dropped in silence, like every unknown value (Holded facts 8.3).
    taxes = [tax for tax in _texts(item.get("taxes"), f"{where}.taxes") if tax in rates]
    line["taxes"] = [known_keys.get(tax, tax) for tax in taxes]
    line["tags"] = _texts(item.get("tags"), f"{where}.tags")
    return line


def apply(company: Company, kind: Kind, document: Record, body: Record) -> None:
    """Read the fields of a create or update body into `document`; keys that Holded does not know are ignored."""
    if "contact_id" in body:
        contact_id = text(body["contact_id"], "contact_id")
        contact = company.get("contacts", contact_id or "")
        if contact is None:
            unprocessable("Contact not found")
        document["contact_id"], document["contact_name"] = contact["id"], contact["name"]
    for name in _TEXT:
        if name in body:
            document[name] = text(body[name], name)
    if body.get("date") is not None:
        document["date"] = read_day(body["date"])
    if "due_date" in body:
        document["due_date"] = None if body["due_date"] is None else read_day(body["due_date"])
    if body.get("currency") is not None:
        document["currency"] = (text(body["currency"], "currency") or "").upper()
    if body.get("currency_change") is not None:
        document["currency_change"] = plain(number(body["currency_change"], "currency_change"))
    if body.get("discount") is not None:
        document["discount"] = str(number(body["discount"], "discount", most=100))
    if "tags" in body:
        document["tags"] = _texts(body["tags"], "tags")
    if "custom_fields" in body:
        document["custom_fields"] = _custom_fields(body["custom_fields"])
    if "items" in body:
        if not isinstance(body["items"], list) or not body["items"]:
            bad_request("items must hold at least one line")
        document["lines"] = [_read_line(company, item, position) for position, item in enumerate(body["items"])]
    if kind.side == "purchases" and body.get("number") is not None:
        # Written as `number`, read as `document_number` (Holded facts 3.4).
        document["_own_number"] = text(body["number"], "number")


def replaced(company: Company, kind: Kind, document: Record, body: Record, now: float) -> Record:
    """The document after a PUT: omitted fields kept or back at their default, as the company's switch says."""
    is_whole = kind.replaceable or company.settings.put_fields == "all"
    if not is_whole:
        body = {name: value for name, value in body.items() if name in {"date", "due_date", "project_id"}}
    after = dict(document)
    if company.settings.put == "replace" and is_whole:
        default = blank(kind, now)
        written = (*_TEXT, "due_date", "currency", "currency_change", "discount", "tags", "custom_fields")
        after |= {name: default[name] for name in written}
        after["date"] = document["date"]  # Holded requires one; nothing says that it would jump to today
    apply(company, kind, after, body)
    return after
