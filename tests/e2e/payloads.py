"""Webhook bodies of shops, as small as they come. Shopify's order is the one of `tests.services.world`."""

from __future__ import annotations

from typing import Any


def shopify_refund(number: int, order: dict[str, Any]) -> dict[str, Any]:
    """Everything of a one-line order over 121.00 goes back."""
    (line,) = order["line_items"]
    return {
        "id": number,
        "order_id": order["id"],
        "created_at": "2026-03-02T10:00:00+01:00",
        "refund_line_items": [{"id": 1, "quantity": 1, "subtotal": 121.0, "total_tax": 21.0, "line_item": line}],
        "transactions": [{"id": 5, "kind": "refund", "status": "success", "amount": "121.00", "currency": "EUR"}],
        "order_adjustments": [],
    }


def woocommerce_order(number: int, *, email: str) -> dict[str, Any]:
    """One line over 60.50 at 21 %, paid."""
    return {
        "id": number,
        "number": str(number),
        "status": "processing",
        "currency": "EUR",
        "date_created_gmt": "2026-03-02T08:00:00",
        "date_modified_gmt": "2026-03-02T08:00:00",
        "date_paid_gmt": "2026-03-02T08:00:00",
        "discount_total": "0.00",
        "shipping_total": "0.00",
        "total": "60.50",
        "total_tax": "10.50",
        "prices_include_tax": True,
        "customer_id": 40,
        "billing": {
            "first_name": "Ana",
            "last_name": "Ejemplo",
            "address_1": "Calle Mayor 1",
            "city": "Madrid",
            "postcode": "28013",
            "country": "ES",
            "email": email,
        },
        "line_items": [
            {
                "id": 1,
                "name": "Mesa",
                "quantity": 1,
                "subtotal": "50.00",
                "subtotal_tax": "10.50",
                "total": "50.00",
                "total_tax": "10.50",
                "taxes": [{"id": 1, "total": "10.50", "subtotal": "10.50"}],
                "sku": "MESA-1",
                "price": 50,
            }
        ],
        "tax_lines": [
            {"id": 2, "rate_code": "ES-IVA-1", "rate_id": 1, "label": "IVA", "tax_total": "10.50", "rate_percent": 21}
        ],
        "shipping_lines": [],
        "fee_lines": [],
        "coupon_lines": [],
        "refunds": [],
    }
