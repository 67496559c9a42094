"""What a new company has from its first day: taxes, numbering series, channels, a warehouse, payment methods, a bank."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING

from holded_sandbox.ledger import standard_chart
from holded_sandbox.resources import RESOURCES
from holded_sandbox.seed_taxes import SPANISH_TAXES
from holded_sandbox.v2_settings import new_series

if TYPE_CHECKING:
    from collections.abc import Iterable

    from holded_sandbox.company import Company
    from holded_sandbox.ids import IdMint
    from holded_sandbox.wire import Record

DEFAULT_COMPANY_ID = "5f0000000000000000000001"
DEFAULT_TOKEN = "pat_sandbox_default"  # noqa: S105 - the well-known token of the local sandbox's first company
DEFAULT_V1_KEY = "0123456789abcdef0123456789abcdef"

_SERIES = (
    ("invoice", "Facturas", "F[YY]%%%%"),
    ("invoice", "Facturas tienda", "W[YYYY]-%%%%%"),
    ("salesreceipt", "Tickets", "T[YY]%%%%%"),
    ("creditnote", "Rectificativas", "R[YY]%%%%"),
    ("receiptnote", "Tickets rectificativos", "TR[YY]%%%%"),
    ("estimate", "Presupuestos", "P[YY]%%%%"),
    ("proform", "Proformas", "PF[YY]%%%%"),
    ("salesorder", "Pedidos", "SO[YY]%%%%"),
    ("waybill", "Albaranes", "A[YY]%%%%"),
    ("purchase", "Compras", "C[YY]%%%%"),
    ("purchaserefund", "Abonos de compra", "CR[YY]%%%%"),
    ("order", "Pedidos de compra", "PO[YY]%%%%"),
    ("purchaseshipment", "Albaranes de compra", "AC[YY]%%%%"),
)
_CATALOGUE: tuple[tuple[str, Record], ...] = (
    ("/sales-channels", {"name": "Ventas de mercaderías", "account_num": 70_000_000}),
    ("/sales-channels", {"name": "Tienda online", "account_num": 70_000_001}),
    ("/sales-channels", {"name": "Prestación de servicios", "account_num": 70_500_000}),
    ("/expenses-accounts", {"name": "Compras de mercaderías", "account_num": 60_000_000}),
    ("/expenses-accounts", {"name": "Otros servicios", "account_num": 62_900_000}),
    ("/warehouses", {"name": "Almacén principal", "default": True}),
    ("/treasury/accounts", {"name": "Banco principal", "iban": "ES9121000418450200051332"}),
    ("/payment-methods", {"name": "Transferencia", "dueDays": 30}),
    ("/payment-methods", {"name": "Tarjeta", "dueDays": 0}),
    ("/payment-methods", {"name": "Domiciliación", "dueDays": 30}),
)


def replace_taxes(company: Company, ids: IdMint, now: float, taxes: Iterable[Record]) -> None:
    """Give the company exactly these taxes; raises ValueError naming what a tax lacks."""
    complete = []
    for position, tax in enumerate(taxes):
        for name in ("name", "key"):
            if not isinstance(tax.get(name), str) or not tax[name]:
                raise ValueError(f"taxes[{position}].{name}: expected text")
        try:
            finite = Decimal(str(tax.get("amount", "0"))).is_finite()
        except InvalidOperation:
            finite = False
        if not finite:
            raise ValueError(f"taxes[{position}].amount: expected a percentage")
        complete.append(
            {
                "id": str(tax.get("id") or ids.mint(now)),
                "name": tax["name"],
                "amount": str(tax.get("amount", "0")),
                "scope": tax.get("scope", "sales"),
                "key": tax["key"],
                "group": tax.get("group", "iva"),
                "type": tax.get("type", "percentage"),
                "items": list(tax.get("items", ())),
                "status": bool(tax.get("status", True)),
                "visible": bool(tax.get("visible", True)),
                "_country": tax.get("country", "ES"),
            }
        )
    for tax_id in list(company.tables["taxes"]):
        company.drop("taxes", tax_id)
    for tax in complete:
        company.put("taxes", tax, now)


def fill(company: Company, ids: IdMint, now: float) -> None:
    """Everything a new company has."""
    replace_taxes(company, ids, now, (tax._asdict() for tax in SPANISH_TAXES))
    for kind, name, pattern in _SERIES:
        company.put("series", new_series(ids.mint(now), kind, name, pattern), now)
    for account in standard_chart():
        company.put("accounts", account, now)
    resources = {resource.path: resource for resource in RESOURCES}
    for path, values in _CATALOGUE:
        resource = resources[path]
        company.put(resource.table, resource.blank(ids.mint(now)) | values, now)
