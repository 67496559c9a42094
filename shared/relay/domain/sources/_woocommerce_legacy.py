"""Bodies of WooCommerce's first API (`/wc-api/v1` to `v3`, still a webhook's choice) told in the shape of today's.

https://woocommerce.github.io/woocommerce-rest-api-docs/v3.html : other names for the same facts, dates that are UTC, and the
tax of shipping only for the order as a whole.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from relay.domain.sources._money import ZERO, spread
from relay.domain.sources._node import Node

if TYPE_CHECKING:
    from collections.abc import Mapping

_ORDER: Final = {"number": "order_number", "customer_note": "note"}
_SHARED: Final = {
    "date_created_gmt": "created_at",
    "date_modified_gmt": "updated_at",
    "billing": "billing_address",
    "shipping": "shipping_address",
}


def modern(value: Any) -> Any:
    """The object in today's shape; one that is already, and what is no object, as it is. Raises `BadInput` for wrong shapes."""
    if not isinstance(value, dict) or "created_at" not in value or "date_created" in value:
        return value
    found = {**value, **_renamed(value, _SHARED)}
    if "line_items" in value and "billing_address" in value:
        return {**found, **_order(Node(value, "order"))}
    if "title" in value:
        return {**found, **_product(value)}
    return found


def _renamed(value: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    return {name: value[old] for name, old in names.items() if old in value}


def _order(node: Node) -> dict[str, Any]:
    payment = node.child("payment_details")
    paid = payment.flag("paid") is True
    return {
        **_renamed(node.value, _ORDER),
        "payment_method": payment.text("method_id"),
        "transaction_id": payment.text("transaction_id"),
        # It says that the order is paid, not when: completed is the nearest it tells.
        "date_paid_gmt": (node.text("completed_at") or node.text("created_at")) if paid else None,
        "tax_lines": [
            {**one.value, **_renamed(one.value, {"rate_code": "code", "label": "title", "tax_total": "total"})}
            for one in node.children("tax_lines")
        ],
        "fee_lines": [{**one.value, **_renamed(one.value, {"name": "title"})} for one in node.children("fee_lines")],
        "shipping_lines": _shipping(node),
    }


def _shipping(node: Node) -> list[dict[str, Any]]:
    lines = node.children("shipping_lines")
    tax = node.number("shipping_tax")
    if not tax or any("total_tax" in one.value for one in lines):
        return [one.value for one in lines]
    shares = spread(tax, [one.number("total") or ZERO for one in lines])
    return [{**one.value, "total_tax": str(share)} for one, share in zip(lines, shares, strict=True)]


def _product(value: Mapping[str, Any]) -> dict[str, Any]:
    tags = value.get("tags")
    return {
        "name": value["title"],
        "tags": [{"name": tag} for tag in tags] if isinstance(tags, list) else [],
        "date_modified_gmt": value.get("updated_at"),
    }
