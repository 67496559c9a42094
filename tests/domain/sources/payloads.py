"""Deliveries and small hand-made bodies of each source, for the tests of this folder."""

from __future__ import annotations

import copy
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from relay.domain.sources import registry
from relay.domain.sources.base import Delivery, Normalised

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
REALDATA = Path(__file__).resolve().parents[3].parent / "shared" / "realdata" / "webhooks"


def samples(pattern: str) -> list[Path]:
    found = sorted(REALDATA.glob(pattern))
    if not found:
        pytest.skip(f"no real samples match {pattern}: the shared data folder is not beside the project")
    return found


def normalise(source: str, topic: str, body: Any, headers: dict[str, str] | None = None) -> Normalised:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    delivery = Delivery(
        inbox_id="inbox-1",
        account="acme",
        source=source,
        topic=topic,
        headers=headers or {},
        body=raw,
        received_at=NOW,
    )
    return registry.get(source).normalise(delivery)


def only(found: Normalised) -> Any:
    """The one event of a delivery that gave exactly one."""
    assert len(found.events) == 1, found
    return found.events[0]


def changed(base: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {**copy.deepcopy(base), **fields}


SHOPIFY_ORDER: dict[str, Any] = {
    "id": 1001,
    "name": "#1001",
    "currency": "EUR",
    "created_at": "2026-03-01T10:00:00+01:00",
    "updated_at": "2026-03-01T10:05:00+01:00",
    "financial_status": "paid",
    "taxes_included": True,
    "total_price": "121.00",
    "subtotal_price": "121.00",
    "total_tax": "21.00",
    "total_discounts": "0.00",
    "payment_gateway_names": ["shopify_payments"],
    "line_items": [
        {
            "id": 1,
            "name": "Silla",
            "quantity": 1,
            "price": "121.00",
            "requires_shipping": True,
            "taxable": True,
            "tax_lines": [{"title": "IVA", "rate": 0.21, "price": "21.00"}],
        }
    ],
    "shipping_lines": [],
    "customer": {"id": 7, "email": "ana@example.com", "first_name": "Ana", "last_name": "Ruiz"},
    "billing_address": {"first_name": "Ana", "last_name": "Ruiz", "country_code": "ES", "zip": "28001"},
}

SHOPIFY_REFUND: dict[str, Any] = {
    "id": 77,
    "order_id": 1001,
    "created_at": "2026-03-03T10:00:00+01:00",
    "refund_line_items": [
        {
            "line_item_id": 1,
            "quantity": 1,
            "subtotal": "121.00",
            "total_tax": "21.00",
            "line_item": {
                "id": 1,
                "name": "Silla",
                "price": "121.00",
                "quantity": 1,
                "tax_lines": [{"title": "IVA", "rate": 0.21, "price": "21.00"}],
            },
        }
    ],
    "transactions": [{"id": 5, "kind": "refund", "status": "success", "amount": "121.00", "currency": "EUR"}],
    "order_adjustments": [],
}

WOO_ORDER: dict[str, Any] = {
    "id": 501,
    "number": "501",
    "status": "processing",
    "currency": "EUR",
    "date_created_gmt": "2026-03-01T09:00:00",
    "date_modified_gmt": "2026-03-01T09:05:00",
    "date_paid_gmt": "2026-03-01T09:01:00",
    "total": "121.00",
    "total_tax": "21.00",
    "prices_include_tax": True,
    "customer_id": 0,
    "billing": {"first_name": "Ana", "last_name": "Ruiz", "company": "", "country": "ES", "email": "ana@example.com"},
    "shipping": {},
    "payment_method": "redsys",
    "meta_data": [],
    "line_items": [
        {
            "id": 11,
            "name": "Silla",
            "quantity": 1,
            "subtotal": "100.00",
            "total": "100.00",
            "total_tax": "21.00",
            "taxes": [{"id": 3, "total": "21.00"}],
        }
    ],
    "tax_lines": [
        {"rate_id": 3, "rate_code": "ES-IVA-1", "label": "IVA", "rate_percent": 21, "tax_total": "21.00"},
    ],
    "shipping_lines": [],
    "fee_lines": [],
    "coupon_lines": [],
    "refunds": [],
}

STRIPE_INVOICE: dict[str, Any] = {
    "id": "in_1",
    "object": "invoice",
    "status": "paid",
    "number": "A-1",
    "currency": "eur",
    "created": 1772355600,
    "effective_at": 1772355600,
    "total": 12100,
    "subtotal": 10000,
    "amount_paid": 12100,
    "amount_remaining": 0,
    "customer": "cus_1",
    "customer_name": "Ana Ruiz",
    "customer_email": "ana@example.com",
    "customer_tax_exempt": "none",
    "customer_tax_ids": [],
    "livemode": True,
    "lines": {
        "has_more": False,
        "data": [
            {
                "id": "il_1",
                "amount": 10000,
                "quantity": 1,
                "description": "Plan",
                "taxes": [
                    {
                        "amount": 2100,
                        "taxable_amount": 10000,
                        "tax_behavior": "exclusive",
                        "tax_rate_details": {"tax_rate": "txr_1"},
                    }
                ],
            }
        ],
    },
    "total_taxes": [
        {
            "amount": 2100,
            "taxable_amount": 10000,
            "tax_behavior": "exclusive",
            "tax_rate_details": {"tax_rate": "txr_1"},
        }
    ],
}


def stripe_event(topic: str, value: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {
        "id": "evt_1",
        "object": "event",
        "type": topic,
        "created": 1772355700,
        "data": {"object": value},
        **fields,
    }


POSTED: dict[str, Any] = {
    "type": "order.paid",
    "time": "2026-03-01T09:00:00Z",
    "data": {
        "id": "W-1",
        "currency": "EUR",
        "issued_at": "2026-03-01T09:00:00Z",
        "total": "121.00",
        "payment_status": "paid",
        "lines": [
            {
                "name": "Silla",
                "quantity": "1",
                "unit_price": "100.00",
                "taxes": [{"rate": "21", "amount": "21.00"}],
            }
        ],
    },
}
