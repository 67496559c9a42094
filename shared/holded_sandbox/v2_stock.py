"""v2 stock: the variation of a product, and what lies in a warehouse (Holded facts 2.2)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from holded_sandbox.facts import fact
from holded_sandbox.money import number
from holded_sandbox.v2_pages import page
from holded_sandbox.wire import Record, Response, bad_request, json_response, not_found

if TYPE_CHECKING:
    from holded_sandbox.routes import Call, Handler, Router


def _stock(call: Call) -> Response:
    """A signed variation, not the new level (Holded facts 2.2). What no other warehouse has lies in the default one."""
    product = call.desk.company.get("products", call.params["id"])
    if product is None:
        not_found()
    warehouse = call.desk.company.get("warehouses", str(call.body.get("warehouse_id")))
    if warehouse is None:
        bad_request("warehouse_id is required")
    variation = number(call.body.get("stock_variation"), "stock_variation")
    elsewhere = dict(product.get("_elsewhere", {}))
    if not warehouse["default"]:
        elsewhere[warehouse["id"]] = int(elsewhere.get(warehouse["id"], 0) + variation)
    after = product | {"stock": int(product["stock"] + variation), "_elsewhere": elsewhere}
    call.desk.company.put("products", after, call.desk.now)
    body = {
        "id": product["id"], "productId": product["id"], "variantId": None, "sku": product["sku"],
        "warehouseId": call.body["warehouse_id"], "stockVariation": int(variation), "calculatedStock": after["stock"],
        "description": str(call.body.get("description") or ""), "action": "manual_stock_update",
    }  # fmt: skip
    call.desk.emitter.emit(call.desk.company, "stock", "update", body, call.desk.now)
    return json_response({"id": product["id"]})


def _level(product: Record, warehouse: Record) -> int | None:
    """None where the product never lay."""
    elsewhere: dict[str, int] = product.get("_elsewhere", {})
    if warehouse["default"]:
        return int(product["stock"]) - sum(elsewhere.values())
    return elsewhere.get(warehouse["id"])


@fact("2.2 GET {id}/stock")
def _warehouse_stock(call: Call) -> Response:
    """What lies in a warehouse; the names of an item's fields are not on record."""
    warehouse = call.desk.company.get("warehouses", call.params["id"])
    if warehouse is None:
        not_found()
    products = call.desk.company.visible("products", call.desk.now)
    held = (product for product in products if _level(product, warehouse) is not None)
    return page(
        call,
        "products",
        held,
        lambda one: {"product_id": one["id"], "variant_id": None, "stock": _level(one, warehouse)},
    )


def _product_stock(call: Call) -> Response:
    product = call.desk.company.get("products", call.params["id"])
    if product is None:
        not_found()
    warehouses = call.desk.company.tables["warehouses"].values()
    levels = ((warehouse["id"], _level(product, warehouse)) for warehouse in warehouses)
    items = [{"warehouse_id": one, "variant_id": None, "stock": level} for one, level in levels if level is not None]
    return json_response({"items": items})


def register(router: Router[Handler]) -> None:
    router.add("PUT", "/products/{id}/stock", _stock, "inventory:products")
    router.add("GET", "/products/{id}/stock", _product_stock, "inventory:products")
    router.add("GET", "/warehouses/{id}/stock", _warehouse_stock, "inventory:warehouses")
