"""What shops post, built to the cent: every total here is arithmetic of this module, which the oracle may trust."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

CENT = Decimal("0.01")
PRODUCT = "66"
"""How the id of every product begins."""
_DAY = datetime.fromisoformat("2026-03-02T09:00:00+01:00")


def tax_in(gross: Decimal, rate: int) -> Decimal:
    """The tax that a gross amount holds, rounded half up."""
    return gross - (gross / (1 + Decimal(rate) / 100)).quantize(CENT, ROUND_HALF_UP)


def _at(version: int) -> str:
    return (_DAY + timedelta(seconds=version)).isoformat()


def line(number: int, gross: Decimal, rate: int) -> dict[str, Any]:
    tax = {"title": "IVA", "rate": rate / 100, "price": str(tax_in(gross, rate))}
    return {
        "id": number,
        "title": f"Silla {number}",
        "quantity": 1,
        "price": str(gross),
        "sku": f"SILLA-{number}",
        "total_discount": "0.00",
        "taxable": True,
        "tax_lines": [tax],
    }


def shopify_order(
    number: int,
    lines: list[tuple[str, int]],
    *,
    paid: bool,
    version: int = 0,
    buyer: int = 0,
    cancelled: bool = False,
) -> dict[str, Any]:
    """`lines`: (gross amount, tax rate in percent), prices with tax. `version`: seconds after the order was made."""
    sold = [line(at, Decimal(gross), rate) for at, (gross, rate) in enumerate(lines, start=1)]
    total = sum((Decimal(gross) for gross, _ in lines), Decimal(0))
    tax = sum((tax_in(Decimal(gross), rate) for gross, rate in lines), Decimal(0))
    name = f"Buyer{buyer}"
    return {
        "id": 450000000 + number,
        "name": f"#{number}",
        "order_number": number,
        "currency": "EUR",
        "created_at": _at(0),
        "updated_at": _at(version),
        "processed_at": _at(0),
        "cancelled_at": _at(version) if cancelled else None,
        "financial_status": "paid" if paid else "pending",
        "taxes_included": True,
        "total_price": str(total),
        "subtotal_price": str(total),
        "total_tax": str(tax),
        "total_discounts": "0.00",
        "total_line_items_price": str(total),
        "email": f"buyer{buyer}@example.com",
        "customer": {
            "id": 70 + buyer,
            "email": f"buyer{buyer}@example.com",
            "first_name": name,
            "last_name": "Ejemplo",
        },
        "billing_address": {
            "name": f"{name} Ejemplo",
            "address1": f"Calle Mayor {buyer + 1}",
            "city": "Madrid",
            "zip": "28013",
            "country_code": "ES",
        },
        "line_items": sold,
        "shipping_lines": [],
    }


def shopify_refund(number: int, order: dict[str, Any]) -> dict[str, Any]:
    """Everything of an order goes back."""
    back = [
        {
            "id": each["id"],
            "quantity": 1,
            "subtotal": float(each["price"]),
            "total_tax": float(each["tax_lines"][0]["price"]),
            "line_item": each,
        }
        for each in order["line_items"]
    ]
    money = {"id": 5, "kind": "refund", "status": "success", "amount": order["total_price"], "currency": "EUR"}
    return {
        "id": 880000000 + number,
        "order_id": order["id"],
        "created_at": _at(3600),
        "refund_line_items": back,
        "transactions": [money],
        "order_adjustments": [],
    }


def shopify_customer(buyer: int, version: int) -> dict[str, Any]:
    return {
        "id": 70 + buyer,
        "email": f"buyer{buyer}@example.com",
        "first_name": f"Buyer{buyer}",
        "last_name": "Ejemplo",
        "created_at": _at(0),
        "updated_at": _at(version),
        "default_address": {"address1": f"Calle Mayor {buyer + 1}", "city": "Madrid", "zip": "28013", "country_code": "ES"},
    }  # fmt: skip


def shopify_product(number: int, version: int, price: str) -> dict[str, Any]:
    return {
        "id": int(f"{PRODUCT}{number:07}"),
        "title": f"Mesa {number}",
        "status": "active",
        "created_at": _at(0),
        "updated_at": _at(version),
        "variants": [{"id": 670000000 + number, "title": "Default Title", "sku": f"MESA-{number}", "price": price}],
    }


def standard_order(number: int, gross: str, *, buyer: int, version: int = 0, paid: bool = True) -> dict[str, Any]:
    """The unified event that any system may post."""
    tax = str(tax_in(Decimal(gross), 21))
    data = {
        "id": f"S-{number}",
        "number": f"S-{number}",
        "currency": "EUR",
        "issued_at": _at(0),
        "updated_at": _at(version),
        "prices_include_tax": True,
        "contact": {"name": f"Buyer{buyer} Ejemplo", "email": f"buyer{buyer}@example.com"},
        "billing_address": {"name": f"Buyer{buyer} Ejemplo", "line1": "Calle Mayor 1", "postal_code": "28013", "country": "ES"},
        "lines": [{"name": "Curso", "unit_price": gross, "total": gross, "taxes": [{"rate": "21", "amount": tax}]}],
        "tax_total": tax,
        "total": gross,
        "payment_status": "paid" if paid else "unpaid",
    }  # fmt: skip
    kind = "order.paid" if paid else "order.created"
    return {"type": kind, "subject": f"S-{number}", "time": _at(version), "id": f"S-{number}-{version}", "data": data}
