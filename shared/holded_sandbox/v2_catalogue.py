"""The v2 routes of the small resources, all alike, and of stock and tags (Holded facts 2.2)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from holded_sandbox.money import number
from holded_sandbox.resources import RESOURCES, Resource
from holded_sandbox.v2_pages import page
from holded_sandbox.wire import Record, Response, bad_request, json_response, not_found

if TYPE_CHECKING:
    from collections.abc import Callable

    from holded_sandbox.documents import Desk
    from holded_sandbox.routes import Call, Handler, Router


def shown(resource: Resource, record: Record) -> Record:
    view = {"id": record["id"]} | {name: record.get(name, default) for name, default in resource.defaults.items()}
    return {name: value for name, value in view.items() if name not in resource.hidden}


def _find(call: Call, resource: Resource) -> Record:
    record = call.desk.company.get(resource.table, call.params["id"])
    if record is None:
        not_found()
    return record


def _apply(resource: Resource, record: Record, body: Record) -> None:
    for name in resource.writable:
        if body.get(name) is not None:
            try:
                record[name] = resource.typed(name, body[name])
            except ValueError as error:
                bad_request(str(error))


def product_event(record: Record) -> Record:
    shape = ("id", "name", "description", "kind", "sku", "barcode", "price", "cost", "stock", "variants")
    return {name: record.get(name) for name in shape}


def tell(desk: Desk, resource: Resource, action: str, record: Record) -> None:
    """Send the webhook of a change, whichever API made it."""
    if resource.event is None:
        return
    body = {"id": record["id"], "name": record["name"]}
    if resource.event == "product":
        body = product_event(record)
        if action == "delete":
            body = {"id": record["id"], "kind": record["kind"], "deletedAt": int(desk.now)}
    desk.emitter.emit(desk.company, resource.event, action, body, desk.now)


def _create(call: Call, resource: Resource) -> Response:
    for name in resource.required:
        if not call.body.get(name):
            bad_request(f"{name} is required")
    record = resource.blank(call.desk.mint())
    _apply(resource, record, call.body)
    call.desk.company.put(resource.table, record, call.desk.now)
    tell(call.desk, resource, "create", record)
    return json_response({"id": record["id"]}, 201)


def _update(call: Call, resource: Resource) -> Response:
    record = dict(_find(call, resource))
    _apply(resource, record, call.body)
    call.desk.company.put(resource.table, record, call.desk.now)
    tell(call.desk, resource, "update", record)
    return json_response({"id": record["id"]})


def _delete(call: Call, resource: Resource) -> Response:
    record = _find(call, resource)
    call.desk.company.drop(resource.table, record["id"])
    tell(call.desk, resource, "delete", record)
    return Response(status=204)


def _list(call: Call, resource: Resource) -> Response:
    visible = call.desk.company.visible(resource.table, call.desk.now)
    return page(call, resource.table, visible, lambda record: shown(resource, record))


def _get(call: Call, resource: Resource) -> Response:
    return json_response(shown(resource, _find(call, resource)))


def _stock(call: Call) -> Response:
    """A signed variation, not the new level (Holded facts 2.2)."""
    product = call.desk.company.get("products", call.params["id"])
    if product is None:
        not_found()
    if call.desk.company.get("warehouses", str(call.body.get("warehouse_id"))) is None:
        bad_request("warehouse_id is required")
    variation = number(call.body.get("stock_variation"), "stock_variation")
    after = product | {"stock": int(product["stock"] + variation)}
    call.desk.company.put("products", after, call.desk.now)
    body = {
        "id": product["id"], "productId": product["id"], "variantId": None, "sku": product["sku"],
        "warehouseId": call.body["warehouse_id"], "stockVariation": int(variation), "calculatedStock": after["stock"],
        "description": str(call.body.get("description") or ""), "action": "manual_stock_update",
    }  # fmt: skip
    call.desk.emitter.emit(call.desk.company, "stock", "update", body, call.desk.now)
    return json_response({"id": product["id"]})


def _tag(call: Call, name: str) -> Record | None:
    return next((tag for tag in call.desk.company.tables["tags"].values() if tag["name"] == name), None)


def _create_tag(call: Call) -> Response:
    name = call.body.get("name")
    if not isinstance(name, str) or not name.strip():
        bad_request("name is required")
    tag = _tag(call, name) or call.desk.company.put("tags", {"id": call.desk.mint(), "name": name}, call.desk.now)
    return json_response({"id": tag["id"]}, 201)


def _delete_tag(call: Call) -> Response:
    tag = _tag(call, call.params["tag"])
    if tag is None:
        not_found()
    call.desk.company.drop("tags", tag["id"])
    return Response(status=204)


def _list_tags(call: Call) -> Response:
    visible = call.desk.company.visible("tags", call.desk.now)
    return page(call, "tags", visible, lambda tag: {"name": tag["name"]})


def _bind(
    router: Router[Handler], method: str, path: str, handler: Callable[[Call, Resource], Response], of: Resource
) -> None:
    router.add(method, path, lambda call: handler(call, of), of.scope)


def register(router: Router[Handler]) -> None:
    for resource in RESOURCES:
        one = f"{resource.path}/{{id}}"
        _bind(router, "POST", resource.path, _create, resource)
        _bind(router, "GET", resource.path, _list, resource)
        _bind(router, "GET", one, _get, resource)
        _bind(router, resource.update_method, one, _update, resource)
        _bind(router, "DELETE", one, _delete, resource)
    router.add("PUT", "/products/{id}/stock", _stock, "inventory:products")
    router.add("POST", "/tags", _create_tag, "sales:invoices")
    router.add("GET", "/tags", _list_tags, "sales:invoices")
    router.add("DELETE", "/tags/{tag}", _delete_tag, "sales:invoices")
