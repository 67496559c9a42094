"""The record a v2 path names, and v2 lists: `{items, cursor, has_more}`, the cursor being the id of the last item (Holded facts 1.1)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from holded_sandbox.facts import fact
from holded_sandbox.ids import is_object_id
from holded_sandbox.wire import Record, Response, bad_request, json_response, not_found

if TYPE_CHECKING:
    from holded_sandbox.routes import Call

DEFAULT_LIMIT = 50
MAX_LIMIT = 200

SortKey = Callable[[Record], Any]


def named(call: Call, table: str) -> Record:
    """The record of the path's `{id}`. Raises `ProblemError` 404 where there is none."""
    record = call.desk.company.get(table, call.params["id"])
    if record is None:
        not_found()
    return record


@fact("12.1 limit clamp 200")
def read_limit(call: Call) -> int:
    text = call.query("limit")
    if text is None or not text.isascii() or not text.isdigit() or int(text[:9]) < 1:
        return DEFAULT_LIMIT
    return min(int(text[:9]), MAX_LIMIT)


@fact("12.1 cursor = last id", "12.1 unknown keys ignored")
def page(
    call: Call, table: str, records: Iterable[Record], render: Callable[[Record], Record], sort: SortKey | None = None
) -> Response:
    """One page after the cursor, in the order of `sort` (ids without it). `page=` and other unknown keys are ignored."""
    order: SortKey = sort or _by_id
    ordered = sorted(records, key=order)
    cursor = call.query("cursor")
    if cursor is not None:
        if not cursor:
            return json_response({"items": [], "cursor": None, "has_more": False})
        if not is_object_id(cursor):
            bad_request(f"Error parsing ObjectId string: {cursor[:60]}")
        # A deleted object keeps its place in `gone`, so that the walk goes on behind it.
        last = call.desk.company.get(table, cursor) or call.desk.company.get("gone", cursor)
        place = order(last) if last is not None else None
        ordered = [record for record in ordered if place is not None and order(record) > place]
    limit = read_limit(call)
    items, has_more = ordered[:limit], len(ordered) > limit
    return json_response(
        {
            "items": [render(record) for record in items],
            "cursor": items[-1]["id"] if has_more else None,
            "has_more": has_more,
        }
    )


def _by_id(record: Record) -> str:
    return str(record["id"])
