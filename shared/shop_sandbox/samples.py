"""Recorded bodies as the contents of a shop: from a folder with `shopify_python_api`, `woocommerce_v3` and `stripe_gobl`.

The folder belongs to whoever runs the sandbox; where it is not there, nothing is played back.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    from shop_sandbox.core import Shops
    from shop_sandbox.shop import Shop
    from shop_sandbox.wire import Record

_FILES: dict[str, tuple[str, dict[str, tuple[str, ...]]]] = {
    "shopify": (
        "shopify_python_api",
        {"orders": ("order.json", "orders.json"), "customers": ("customer.json",), "products": ("product.json",)},
    ),
    "woocommerce": (
        "woocommerce_v3",
        {"orders": ("orders__list-all-orders.json",), "customers": ("customers__list-all-customers.json",)},
    ),
}
_STRIPE = {
    "stripe_invoice_paid.json": "invoice.paid",
    "stripe_basic_credit_note.json": "credit_note.created",
    "stripe_free_tier.json": "invoice.finalized",
}


def replay(shops: Shops, shop: Shop, folder: Path, now: float) -> int:
    """Put every recorded object of the shop's kind into it, as if it changed now. Returns how many."""
    if shop.kind == "stripe":
        return sum(
            _event(shops, shop, folder / "stripe_gobl" / file, kind, now)
            for file, kind in _STRIPE.items()
            if (folder / "stripe_gobl" / file).is_file()
        )
    below, lists = _FILES[shop.kind]
    found = {
        (name, str(value["id"])): value
        for name, files in lists.items()
        for file in files
        for value in _objects(folder / below / file)
    }
    for (name, _), value in found.items():
        shops.change(shop, name, value, now)
    return len(found)


def _event(shops: Shops, shop: Shop, file: Path, kind: str, now: float) -> int:
    value = json.loads(file.read_text(encoding="utf-8"))
    inner = value.get("data", {}).get("object") if value.get("object") == "event" else value
    shops.event(shop, kind, inner, now)
    return 1


def _objects(file: Path) -> list[Record]:
    """A file holds an object, a list of them, or either under one key."""
    if not file.is_file():
        return []
    value: Any = json.loads(file.read_text(encoding="utf-8"))
    if isinstance(value, dict) and len(value) == 1:
        value = next(iter(value.values()))
    found = value if isinstance(value, list) else [value]
    return [one for one in found if isinstance(one, dict) and "id" in one]
