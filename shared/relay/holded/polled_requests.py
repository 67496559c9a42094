"""The requests of a polled resource: one page of its list, or one of its objects."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from relay.errors import BadInput
from relay.holded import replies
from relay.holded.listings import LARGEST_PAGE, filters
from relay.holded.paths import segment
from relay.holded.polled import PARENT
from relay.holded.protocol import Request

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

    from relay.holded.polled import Observed, Resource
    from relay.holded.replies import Page


def list_page(
    resource: Resource,
    *,
    cursor: str | None = None,
    parent: str | None = None,
    window: tuple[date, date] | None = None,
    query: tuple[tuple[str, str], ...] = (),
    limit: int = LARGEST_PAGE,
) -> Request[Page[Observed]]:
    """One page of a resource. `parent`: whose list, where it is one list a parent; `window`: the first and the last day;
    `query`: one of the resource's `again`, or a filter of its list (`account` of ledger entries).

    Raises:
        BadInput: `parent` or `window` is missing where the resource needs it, or given where it has none.
    """
    if bool(parent) != bool(resource.parent):
        raise BadInput("wrong_parent", field="parent", detail=f"a list of {resource.name} is not asked for so")
    # The open ones of a windowed resource are looked for by their state, whatever their day.
    whole = resource.listing == "window" and query not in resource.again
    if (window is None and whole) or (window is not None and resource.listing != "window"):
        raise BadInput("wrong_window", field="window", detail=f"a list of {resource.name} is not asked for so")
    path = resource.path.replace("{parent}", segment(parent, "parent")) if parent else resource.path
    days = zip(resource.days, (day.isoformat() for day in window), strict=True) if window else ()
    paging = {} if resource.listing == "single" else {"limit": str(limit), "cursor": cursor}
    return Request(
        method="GET",
        path=path,
        query=(*resource.query, *query, *days, *filters(paging)),
        reads=replies.page(_of_parent(resource.observe, parent), after=cursor),
        version=resource.version,
    )


def read_one(resource: Resource, holded_id: str) -> Request[Observed]:
    """One object. Raises `BadInput` where Holded shows none by itself."""
    if not resource.read:
        raise BadInput("not_offered", field="id", detail=f"Holded shows no {resource.name} by itself")
    path = resource.read.replace("{id}", segment(holded_id, "id"))
    return Request(method="GET", path=path, reads=resource.observe, version=resource.version, names_object=True)


def _of_parent(observe: Callable[[Any], Observed], parent: str | None) -> Callable[[Any], Observed]:
    if parent is None:
        return observe
    return lambda item: observe(item | {PARENT: parent} if isinstance(item, dict) else item)
