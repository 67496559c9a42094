"""Shopify products and their variants."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from relay.domain.models import Product
from relay.domain.sources._facts import Fact, milliseconds
from relay.domain.sources._node import TEXT_CHARS, Node
from relay.domain.sources._shopify_contacts import tags

if TYPE_CHECKING:
    from collections.abc import Sequence

_TYPES = {"products/create": "product.created", "products/update": "product.updated"}
_GRAMS = {"g": Decimal(1), "kg": Decimal(1000), "oz": Decimal("28.349523125"), "lb": Decimal("453.59237")}


def facts(topic: str, value: Any) -> Sequence[Fact]:
    """https://shopify.dev/docs/api/admin-rest/latest/resources/product ."""
    product = Node(value, "product")
    subject = product.need_ident("id")
    title = product.text("title")
    if title is None:
        raise product.wrong("missing_field", "title", "the product's name")
    variants = tuple(_variant(one, subject, title) for one in product.children("variants"))
    at = product.instant("updated_at") or product.instant("created_at")
    return [
        Fact(
            type=_TYPES[topic],
            subject=subject,
            data=_product(product, title, variants),
            at=at,
            version=milliseconds(at),
        )
    ]


def _product(product: Node, title: str, variants: tuple[Product, ...]) -> Product:
    # A product without options still has one variant, which holds its price and stock.
    only = variants[0] if len(variants) == 1 else None
    return Product(
        id=product.need_ident("id"),
        variant_id=only.variant_id if only else None,
        name=title,
        description=product.text("body_html", TEXT_CHARS),
        sku=only.sku if only else None,
        barcode=only.barcode if only else None,
        kind="variants" if len(variants) > 1 else "simple",
        price=only.price if only else None,
        weight_grams=only.weight_grams if only else None,
        stock=only.stock if only else None,
        active=product.text("status") in (None, "active"),
        variants=variants if len(variants) > 1 else (),
        tags=tags(product),
    )


def _variant(node: Node, product_id: str, title: str) -> Product:
    return Product(
        id=product_id,
        variant_id=node.need_ident("id"),
        name=node.text("title") or title,
        sku=node.text("sku", 100),
        barcode=node.text("barcode", 100),
        price=node.number("price"),
        weight_grams=_weight(node),
        stock=node.number("inventory_quantity"),
    )


def _weight(node: Node) -> Decimal | None:
    grams = node.number("grams")
    if grams is not None:
        return grams
    weight, unit = node.number("weight"), _GRAMS.get(node.text("weight_unit") or "")
    return weight * unit if weight is not None and unit is not None else None
