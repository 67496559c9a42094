"""The record a v1 path names, and v1 lists: a bare array a page, pages counted from 1, an empty array after the last (Holded facts 5)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from holded_sandbox.facts import fact
from holded_sandbox.v1_json import v1_response
from holded_sandbox.wire import UnknownPageError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from holded_sandbox.routes import Call
    from holded_sandbox.wire import Record, Response


def named(call: Call, table: str) -> Record:
    """The record of the path's `{id}`. Raises `UnknownPageError` where there is none."""
    record = call.desk.company.get(table, call.params["id"])
    if record is None:
        raise UnknownPageError
    return record


@fact("12.4 page", "12.4 arrays")
def page(call: Call, records: Sequence[Record], render: Callable[[Record], Record]) -> Response:
    """The asked page; a number below 1 or no number means the first."""
    text = call.query("page") or "1"
    number = max(1, int(text[:9])) if text.isascii() and text.isdigit() else 1
    size = call.desk.company.settings.v1_page_size
    start = (number - 1) * size
    return v1_response([render(record) for record in records[start : start + size]])
