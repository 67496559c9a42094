"""Made-up Shopify orders of a usual shop, signed as Shopify signs them: the load of the benchmarks."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import Any

SECRET = "benchmark-secret"
SHOP = "bench.myshopify.com"
TOPIC = "orders/paid"


def order(number: int, *, buyer: int = 1, lines: int = 3, padding: int = 0) -> bytes:
    """A paid Spanish order, prices with 21 % inside. `padding` adds so many more attributes, as apps do."""
    items = [_line(number, at) for at in range(lines)]
    total = sum(float(item["price"]) for item in items)
    tax = round(sum(float(item["tax_lines"][0]["price"]) for item in items), 2)
    address = {
        "first_name": "Compradora",
        "last_name": f"Número {buyer}",
        "name": f"Compradora Número {buyer}",
        "address1": f"Calle Mayor {buyer}",
        "city": "Madrid",
        "zip": "28013",
        "province": "Madrid",
        "province_code": "M",
        "country": "Spain",
        "country_code": "ES",
    }
    body: dict[str, Any] = {
        "id": 5_000_000_000 + number,
        "admin_graphql_api_id": f"gid://shopify/Order/{5_000_000_000 + number}",
        "name": f"#{number}",
        "order_number": number,
        "created_at": "2026-11-20T10:00:00+01:00",
        "updated_at": "2026-11-20T10:00:05+01:00",
        "processed_at": "2026-11-20T10:00:00+01:00",
        "currency": "EUR",
        "financial_status": "paid",
        "taxes_included": True,
        "email": f"buyer{buyer}@example.com",
        "contact_email": f"buyer{buyer}@example.com",
        "customer": {"id": 7_000_000_000 + buyer, "email": f"buyer{buyer}@example.com", **_names(address)},
        "billing_address": address,
        "shipping_address": address,
        "note_attributes": [{"name": "source", "value": "web"}],
        "line_items": items,
        "shipping_lines": [],
        "discount_applications": [],
        "discount_codes": [],
        "payment_gateway_names": ["shopify_payments"],
        "tax_lines": [{"title": "IVA", "rate": 0.21, "price": f"{tax:.2f}"}],
        "subtotal_price": f"{total:.2f}",
        "total_line_items_price": f"{total:.2f}",
        "total_discounts": "0.00",
        "total_tax": f"{tax:.2f}",
        "total_price": f"{total:.2f}",
    }
    body["properties_of_apps"] = [
        {"name": f"property {at}", "value": hashlib.sha256(f"{number}/{at}".encode()).hexdigest()}
        for at in range(padding)
    ]
    return json.dumps(body, ensure_ascii=False).encode()


def signed_headers(body: bytes, *, number: int = 0) -> dict[str, str]:
    digest = hmac.new(SECRET.encode(), body, hashlib.sha256).digest()
    return {
        "content-type": "application/json",
        "x-shopify-topic": TOPIC,
        "x-shopify-shop-domain": SHOP,
        "x-shopify-event-id": f"00000000-0000-4000-8000-{number:012d}",
        "x-shopify-webhook-id": f"00000000-0000-4000-9000-{number:012d}",
        "x-shopify-triggered-at": "2026-11-20T09:00:05.000000000Z",
        "x-shopify-hmac-sha256": base64.b64encode(digest).decode(),
    }


def api_event(body: bytes, *, account: str, number: int = 0) -> dict[str, Any]:
    """What the HTTP API hands to the function (payload 2.0)."""
    return {
        "version": "2.0",
        "routeKey": "POST /v1/{account}/{source}",
        "pathParameters": {"account": account, "source": "shopify"},
        "headers": signed_headers(body, number=number),
        "body": body.decode(),
        "isBase64Encoded": False,
    }


def _names(address: dict[str, str]) -> dict[str, str]:
    return {"first_name": address["first_name"], "last_name": address["last_name"]}


def _line(number: int, at: int) -> dict[str, Any]:
    price = 12.10 * (at + 1)
    return {
        "id": number * 100 + at,
        "name": f"Artículo de muestra {at}",
        "title": f"Artículo de muestra {at}",
        "sku": f"SKU-{at:04d}",
        "product_id": 9_000_000 + at,
        "variant_id": 9_100_000 + at,
        "quantity": 1,
        "price": f"{price:.2f}",
        "taxable": True,
        "requires_shipping": True,
        "total_discount": "0.00",
        "discount_allocations": [],
        "tax_lines": [{"title": "IVA", "rate": 0.21, "price": f"{price - price / 1.21:.2f}"}],
    }
