"""WooCommerce products; variations are products of their own that a parent only lists by id."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from relay.domain.models import Product
from relay.domain.sources._facts import Fact, milliseconds
from relay.domain.sources._node import TEXT_CHARS, Node
from relay.domain.sources._woocommerce_contacts import text

if TYPE_CHECKING:
    from collections.abc import Sequence


def facts(verb: str, value: Any) -> Sequence[Fact]:
    """https://woocommerce.github.io/woocommerce-rest-api-docs/#product-properties ."""
    node = Node(value, "product")
    subject = node.need_ident("id")
    name = text(node, "name")
    if name is None:
        raise node.wrong("missing_field", "name", "the product's name")
    at = node.instant("date_modified_gmt") or node.instant("date_created_gmt")
    kilograms = node.number("weight")
    data = Product(
        id=node.ident("parent_id") or subject,
        variant_id=subject if node.ident("parent_id") else None,
        name=name,
        description=text(node, "short_description", TEXT_CHARS) or text(node, "description", TEXT_CHARS),
        sku=node.text("sku", 100),
        barcode=node.text("global_unique_id", 60),
        kind="variants" if node.text("type") == "variable" else "service" if node.flag("virtual") else "simple",
        price=node.number("regular_price") or node.number("price"),
        weight_grams=kilograms * Decimal(1000) if kilograms is not None else None,
        stock=node.number("stock_quantity"),
        active=node.text("status") in (None, "publish"),
        tags=tuple(tag for one in node.children("tags") if (tag := text(one, "name", 100))),
    )
    kind = "product.created" if verb == "created" else "product.updated"
    return [Fact(type=kind, subject=subject, data=data, at=at, version=milliseconds(at))]
