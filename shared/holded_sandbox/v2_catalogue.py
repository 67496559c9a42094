"""The v2 routes of the small resources, all alike, and of tags (Holded facts 2.2)."""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING

from holded_sandbox.days import iso_utc
from holded_sandbox.resources import RESOURCES, Resource
from holded_sandbox.resources_work import WORK
from holded_sandbox.v2_pages import page
from holded_sandbox.wire import Record, Response, bad_request, json_response, not_found

if TYPE_CHECKING:
    from collections.abc import Callable

    from holded_sandbox.documents import Desk
    from holded_sandbox.routes import Call, Handler, Router


def find(call: Call, resource: Resource) -> Record:
    record = call.desk.company.get(resource.table, call.params["id"])
    if record is None:
        not_found()
    return record


def _apply(desk: Desk, resource: Resource, record: Record, body: Record) -> None:
    for name in resource.writable:
        if body.get(name) is not None:
            try:
                record[name] = resource.typed(name, body[name])
            except ValueError as error:
                bad_request(str(error))
    for name, table in resource.refers:
        if record.get(name) is not None and desk.company.get(table, record[name]) is None:
            bad_request(f"{name} names nothing")
    if "updated_at" in resource.defaults:
        record["updated_at"] = iso_utc(desk.now)
        record["created_at"] = record["created_at"] or record["updated_at"]
    if resource.settle is not None:
        resource.settle(desk, record, body)


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
    _apply(call.desk, resource, record, call.body)
    call.desk.company.put(resource.table, record, call.desk.now)
    tell(call.desk, resource, "create", record)
    return json_response({"id": record["id"]}, 201)


def _update(call: Call, resource: Resource) -> Response:
    record = deepcopy(find(call, resource))
    _apply(call.desk, resource, record, call.body)
    call.desk.company.put(resource.table, record, call.desk.now)
    tell(call.desk, resource, "update", record)
    return json_response({"id": record["id"]})


def _delete(call: Call, resource: Resource) -> Response:
    record = find(call, resource)
    call.desk.company.drop(resource.table, record["id"])
    tell(call.desk, resource, "delete", record)
    return Response(status=204)


def _list(call: Call, resource: Resource) -> Response:
    wanted = {name: value for name in resource.filters if (value := call.query(name)) is not None}
    found = (
        record
        for record in call.desk.company.visible(resource.table, call.desk.now)
        if all(str(record[name]) == value for name, value in wanted.items())
    )
    return page(call, resource.table, found, resource.shown)


def _get(call: Call, resource: Resource) -> Response:
    return json_response(resource.shown(find(call, resource)))


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
    for resource in (*RESOURCES, *WORK):
        one = f"{resource.path}/{{id}}"
        _bind(router, "POST", resource.path, _create, resource)
        _bind(router, "GET", resource.path, _list, resource)
        _bind(router, "GET", one, _get, resource)
        _bind(router, resource.update_method, one, _update, resource)
        _bind(router, "DELETE", one, _delete, resource)
    router.add("POST", "/tags", _create_tag, "sales:invoices")
    router.add("GET", "/tags", _list_tags, "sales:invoices")
    router.add("DELETE", "/tags/{tag}", _delete_tag, "sales:invoices")
