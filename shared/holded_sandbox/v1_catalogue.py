"""The small v1 resources: what v1 calls each field, over the same records as v2 (Holded facts 2.1)."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from holded_sandbox.resources import RESOURCES, Resource
from holded_sandbox.v1_json import raw_float, v1_response
from holded_sandbox.v1_lists import named, page
from holded_sandbox.v2_catalogue import tell
from holded_sandbox.wire import LegacyError

if TYPE_CHECKING:
    from collections.abc import Callable

    from holded_sandbox.routes import Call, Handler, Router
    from holded_sandbox.wire import Record, Response


@dataclass(frozen=True, slots=True, kw_only=True)
class Legacy:
    """`writes` maps the wire's names to the stored ones; `verbs` are the letters of list, create, get, update, delete."""

    path: str
    v2_path: str
    shown: Callable[[Call, Record], Record]
    writes: dict[str, str]
    verbs: str = "LCRUD"


def _tax_percent(call: Call, keys: list[str]) -> Decimal:
    rates = call.desk.company.tax_rates()
    return sum((rates[key] for key in keys if key in rates), Decimal(0))


def _product(call: Call, record: Record) -> Record:
    percent, price = _tax_percent(call, record["taxes"]), Decimal(record["price"])
    return {
        "id": record["id"], "kind": record["kind"], "name": record["name"], "desc": record["description"] or "",
        "typeId": "", "contactId": "", "contactName": "", "price": raw_float(price), "tax": raw_float(percent),
        "taxes": record["taxes"], "total": raw_float(price * (1 + percent / 100)), "rates": [],
        "hasStock": int(record["has_stock"]), "stock": record["stock"], "barcode": record["barcode"] or "",
        "sku": record["sku"] or "", "cost": raw_float(record["cost"]), "purchasePrice": raw_float(record["cost"]),
        "weight": record["weight"], "tags": record["tags"], "attributes": [], "forSale": int(record["for_sale"]),
        "forPurchase": int(record["for_purchase"]), "variants": [],
    }  # fmt: skip


def _service(call: Call, record: Record) -> Record:
    return {
        "id": record["id"], "name": record["name"], "desc": record["description"] or "", "tags": record["tags"],
        "tax": raw_float(_tax_percent(call, record["taxes"])), "subtotal": raw_float(record["price"]),
        "cost": raw_float(record["cost"]), "salesChannelId": record["sales_channel_id"] or "",
    }  # fmt: skip


def _account(_call: Call, record: Record) -> Record:
    return {
        "id": record["id"], "name": record["name"], "color": record["color"], "accountNum": record["account_num"],
    }  # fmt: skip


def _warehouse(_call: Call, record: Record) -> Record:
    address = record["address"] or {}
    wires = {"postalCode": "postal_code", "countryCode": "country_code"}
    names = ("address", "city", "postalCode", "province", "country", "countryCode")
    return {
        "id": record["id"], "userId": "", "name": record["name"], "email": record["email"] or "",
        "phone": record["phone"] or "", "mobile": record["mobile"] or "",
        "address": {name: address.get(wires.get(name, name)) or "" for name in names},
        "default": bool(record["default"]), "warehouseRecord": 30_000_000,
    }  # fmt: skip


def _treasury(_call: Call, record: Record) -> Record:
    return {
        "id": record["id"], "name": record["name"], "type": record["type"], "balance": raw_float(record["balance"]),
        "accountNumber": 57_200_000, "iban": record["iban"] or "", "swift": record["bic"] or "", "bank": "",
        "bankname": record["name"],
    }  # fmt: skip


def _payment_method(_call: Call, record: Record) -> Record:
    return {
        "id": record["id"], "name": record["name"], "dueDays": str(record["dueDays"]),
        "bankId": record["bankingAccountId"] or "",
    }  # fmt: skip


def _group(_call: Call, record: Record) -> Record:
    return {"id": record["id"], "name": record["name"], "desc": record["description"] or "", "color": record["color"]}


_ACCOUNT_WRITES = {"name": "name", "accountNum": "account_num", "color": "color"}  # `desc` is a no-op (drift INV-7, 9)
_RESOURCES = (
    Legacy(
        path="/products", v2_path="/products", shown=_product,
        writes={
            "kind": "kind", "name": "name", "desc": "description", "price": "price", "subtotal": "price", "cost": "cost",
            "purchasePrice": "cost", "tags": "tags", "barcode": "barcode", "sku": "sku", "weight": "weight",
            "stock": "stock",
        },
    ),
    Legacy(
        path="/services", v2_path="/services", shown=_service,
        writes={"name": "name", "desc": "description", "tags": "tags", "subtotal": "price", "cost": "cost"},
    ),
    Legacy(path="/expensesaccounts", v2_path="/expenses-accounts", shown=_account, writes=_ACCOUNT_WRITES),
    Legacy(path="/saleschannels", v2_path="/sales-channels", shown=_account, writes=_ACCOUNT_WRITES),
    Legacy(
        path="/warehouses", v2_path="/warehouses", shown=_warehouse,
        writes={"name": "name", "email": "email", "phone": "phone", "mobile": "mobile", "default": "default"},
    ),
    Legacy(path="/treasury", v2_path="/treasury/accounts", shown=_treasury, writes={}, verbs="LR"),
    Legacy(path="/paymentmethods", v2_path="/payment-methods", shown=_payment_method, writes={}, verbs="L"),
    Legacy(
        path="/contacts/groups", v2_path="/contact-groups", shown=_group,
        writes={"name": "name", "desc": "description", "color": "color"},
    ),
)  # fmt: skip
_STORED = {resource.path: resource for resource in RESOURCES}


def _apply(legacy: Legacy, stored: Resource, record: Record, body: Record) -> Record:
    for wire, name in legacy.writes.items():
        if body.get(wire) is None:
            continue
        value = (
            str(body[wire])
            if isinstance(stored.defaults[name], str | None) and name not in stored.money
            else body[wire]
        )
        try:
            record[name] = stored.typed(name, value)
        except ValueError as error:
            raise LegacyError(str(error)) from None
    if not record["name"]:
        raise LegacyError("name needed")
    return record


def _changed(info: str, record_id: str, status: int = 200) -> Response:
    return v1_response({"status": 1, "info": info, "id": record_id}, status)


def _register_one(router: Router[Handler], legacy: Legacy) -> None:
    stored = _STORED[legacy.v2_path]
    table = stored.table

    def create(call: Call) -> Response:
        record = _apply(legacy, stored, stored.blank(call.desk.mint()), call.body)
        call.desk.company.put(table, record, call.desk.now)
        tell(call.desk, stored, "create", record)
        return _changed("Created", record["id"], 201)

    def update(call: Call) -> Response:
        record = _apply(legacy, stored, dict(named(call, table)), call.body)
        call.desk.company.put(table, record, call.desk.now)
        tell(call.desk, stored, "update", record)
        return _changed("Updated", record["id"])

    def delete(call: Call) -> Response:
        record = named(call, table)
        call.desk.company.drop(table, record["id"])
        tell(call.desk, stored, "delete", record)
        return _changed("Successfully deleted", record["id"])

    def listed(call: Call) -> Response:
        return page(
            call, list(call.desk.company.visible(table, call.desk.now)), lambda record: legacy.shown(call, record)
        )

    one = f"{legacy.path}/{{id}}"
    for verb, method, path, handler in (
        ("L", "GET", legacy.path, listed),
        ("C", "POST", legacy.path, create),
        ("R", "GET", one, lambda call: v1_response(legacy.shown(call, named(call, table)))),
        ("U", "PUT", one, update),
        ("D", "DELETE", one, delete),
    ):
        if verb in legacy.verbs:
            router.add(method, path, handler)


def register(router: Router[Handler]) -> None:
    for legacy in _RESOURCES:
        _register_one(router, legacy)
    router.add("POST", "/treasury", lambda _call: v1_response({"under": "development"}, 201))
