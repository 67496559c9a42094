"""The small resources as data: what is stored, what can be written, what is an amount, who may (Holded facts 2.2)."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from holded_sandbox.days import ledger_date, read_day, read_moment
from holded_sandbox.money import plain, readable

if TYPE_CHECKING:
    from collections.abc import Callable

    from holded_sandbox.documents import Desk
    from holded_sandbox.wire import Record

_WORDS: dict[type, str] = {str: "text", bool: "true or false", list: "an array of text", dict: "an object"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """`defaults` are the stored fields; `writable` what a body may set; `money` fields are dotted text, `days` and `moments` ISO.

    `refers` names the table an id must be found in; `filters` the query keys that compare a field; `settle` completes a
    record from its body after the writable fields were read.
    """

    path: str
    table: str
    scope: str
    defaults: Record
    writable: tuple[str, ...]
    required: tuple[str, ...] = ("name",)
    money: tuple[str, ...] = ()
    update_method: str = "PUT"
    event: str | None = None  # the webhook's object, where there is one
    hidden: tuple[str, ...] = field(default=())
    days: tuple[str, ...] = ()
    spanish_days: bool = False  # shown as DD/MM/YYYY (Holded facts 3.6)
    moments: tuple[str, ...] = ()
    refers: tuple[tuple[str, str], ...] = ()
    filters: tuple[str, ...] = ()
    settle: Callable[[Desk, Record, Record], None] | None = None

    def typed(self, name: str, value: object) -> object:
        """The value as it is stored, of the kind of the field's default; raises ValueError naming the field."""
        default = self.defaults[name]
        if name in self.days:
            return read_day(value)
        if name in self.moments:
            return read_moment(value)
        if name in self.money or (isinstance(default, int) and not isinstance(default, bool)):
            amount = readable(value)
            if amount is None:
                raise ValueError(f"{name} must be a number")
            if name in self.money:
                return plain(amount)
            return int(amount) if amount == amount.to_integral_value() else float(amount)
        kind = str if default is None else type(default)
        if not isinstance(value, kind) or (kind is list and not all(isinstance(item, str) for item in value)):
            raise ValueError(f"{name} must be {_WORDS[kind]}")
        return value

    def shown(self, record: Record) -> Record:
        view = {"id": record["id"]} | {name: record.get(name, default) for name, default in self.defaults.items()}
        if self.spanish_days:
            view |= {name: ledger_date(view[name]) for name in self.days if view[name]}
        return {name: value for name, value in view.items() if name not in self.hidden}

    def blank(self, record_id: str) -> Record:
        return {"id": record_id} | deepcopy(self.defaults)


RESOURCES = (
    Resource(
        path="/products", table="products", scope="inventory:products", event="product",
        defaults={
            "kind": "simple", "name": "", "description": None, "sku": None, "barcode": None, "price": "0.00",
            "cost": "0.00", "stock": 0, "tags": [], "taxes": [], "has_stock": False, "for_sale": True,
            "for_purchase": False, "weight": 0, "archived": False, "variants": [],
        },
        writable=(
            "kind", "name", "description", "sku", "barcode", "price", "cost", "stock", "tags", "taxes", "has_stock",
            "for_sale", "for_purchase", "weight", "archived",
        ),
        money=("price", "cost"),
    ),
    Resource(
        path="/services", table="services", scope="sales:services", event="service",
        defaults={
            "name": "", "description": None, "price": "0.00", "cost": "0.00", "tags": [], "taxes": [], "archived": False,
            "sales_channel_id": None,
        },
        writable=("name", "description", "price", "cost", "taxes", "tags", "sales_channel_id"),
        money=("price", "cost"),
    ),
    Resource(
        path="/sales-channels", table="channels", scope="sales:sales-channels",
        defaults={"name": "", "color": "#FF5733", "account_num": 70_000_000, "archived": False},
        writable=("name", "account_num", "color"),
    ),
    Resource(
        path="/expenses-accounts", table="expense_accounts", scope="accounting:expenses-accounts",
        defaults={"name": "", "color": "#FF5733", "account_num": 62_900_000, "archived": False},
        writable=("name", "account_num", "color"), hidden=("color",),
    ),
    Resource(
        path="/warehouses", table="warehouses", scope="inventory:warehouses", update_method="PATCH", event="warehouse",
        defaults={"name": "", "email": None, "phone": None, "mobile": None, "default": False, "address": {}},
        writable=("name", "email", "phone", "mobile", "default", "address"),
    ),
    Resource(  # the camelCase exception (Holded facts 2.2)
        path="/payment-methods", table="payment_methods", scope="sales:invoicing-settings",
        defaults={"name": "", "dueDays": 0, "bankingAccountId": None}, writable=("name", "dueDays", "bankingAccountId"),
    ),
    Resource(
        path="/contact-groups", table="contact_groups", scope="contacts:contacts",
        defaults={"name": "", "description": None, "color": "#FF5733"}, writable=("name", "description", "color"),
    ),
    Resource(
        path="/treasury/accounts", table="treasuries", scope="accounting:banks", required=("name", "type"),
        defaults={
            "name": "", "type": "bank", "currency": "EUR", "balance": "0.00", "iban": None, "bic": None,
            "account_number": None, "creditor_id": None, "issuer_id": None, "archived": False, "synced_at": None,
            "transactions_pending_to_reconcile": 0,
        },
        writable=("name", "type", "currency", "iban", "bic", "account_number", "creditor_id", "issuer_id"),
        money=("balance",),
    ),
)  # fmt: skip
