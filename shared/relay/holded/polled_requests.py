"""The requests of a poll: which lists a pass walks through, one page of them, and one object by its id.

v2 pages go by a cursor, and a page without one is the last, however short or empty others are; v1 counts pages from 1 and
only an empty one is the end (Holded facts 0.4, 5). Items stay as they came: one that cannot be read must not cost the page.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from relay.errors import BadInput
from relay.holded import fields, paths
from relay.holded.formats import MADRID, unreadable
from relay.holded.listings import LARGEST_PAGE, listed
from relay.holded.polled import PARENT
from relay.holded.protocol import Request
from relay.holded.replies import Page

if TYPE_CHECKING:
    from collections.abc import Sequence

    from relay.holded.polled import Observed, Resource

Query = tuple[tuple[str, str], ...]

AHEAD_DAYS = 366
"""Documents may be dated ahead; a window that ended today would not show them before their day."""
OVERLAP_DAYS = 2
"""A window begins this much before the last pass that saw the days: clocks, zones and late rows."""


def lists_of(
    resource: Resource, *, full: bool, started_ms: int, last_ms: int, brief: bool = False, reach: str = ""
) -> tuple[Query, ...]:
    """The lists of one pass, the same for as long as it runs. `last_ms` is when the pass before began, 0: there was none.

    `brief`: of a recent pass only the window, with what its parts would tell apart in one. `reach`: the day that its window
    goes back to at least.
    """
    today = datetime.fromtimestamp(started_ms / 1000, MADRID).date()
    if full and resource.listing != "window":
        return tuple((*resource.query, *part) for part in resource.parts)
    days = resource.span_days if full else resource.recent_days
    if not full and last_ms:
        since = (today - datetime.fromtimestamp(last_ms / 1000, MADRID).date()).days
        days = min(max(days, since + OVERLAP_DAYS), resource.span_days)
    first, last = (today - timedelta(days=days)).isoformat(), (today + timedelta(days=AHEAD_DAYS)).isoformat()
    first = min(first, reach) if reach and not full else first
    part = () if brief else resource.parts[-1]
    window = (*resource.query, *part, (resource.days[0], first), (resource.days[1], last))
    if full or brief:
        return (window,)
    again = tuple((*resource.query, *query) for query in resource.again)
    return (window, *again) if resource.recent_days else again


def page(resource: Resource, query: Query, *, cursor: str, parent: str = "") -> Request[Page[Any]]:
    """One page of a list, its items as they came. `cursor` is empty for the first one."""
    path = resource.path.replace("{parent}", paths.segment(parent, "parent")) if parent else resource.path
    if resource.version == "v2" and resource.listing != "single":
        return listed(path, lambda item: item, cursor=cursor or None, limit=LARGEST_PAGE, query=query)
    number = int(cursor or "1")
    single = resource.listing == "single"
    asked = query if single else (*query, ("page", str(number)))

    def read(value: Any) -> Page[Any]:
        items = value.get("items") if isinstance(value, dict) else value
        if not isinstance(items, list):
            raise unreadable("items", items, "a list")
        return Page(items=tuple(items), cursor=str(number + 1) if items and not single else None)

    return Request(method="GET", path=path, query=asked, reads=read, version=resource.version)


def one(resource: Resource, holded_id: str) -> Request[Observed]:
    """One object by its id. Raises `BadInput` for an id that can be none."""
    path = resource.read.replace("{id}", paths.segment(holded_id, "id"))
    return Request(method="GET", path=path, reads=resource.observe, version=resource.version, names_object=True)


def observed(
    resource: Resource, items: Sequence[Any], *, query: Query = (), parent: str = ""
) -> tuple[list[Observed], list[str], int]:
    """The items that can be read; the ids of those that cannot; how many have not even an id that can be read.

    An item is given what its list says of it and it may not say itself: whether it is a draft, and its parent's id.
    """
    listed_as: dict[str, Any] = {PARENT: parent} if parent else {}
    approval = dict(query).get("approval_status")
    if approval is not None:
        listed_as["draft"] = approval == "draft"
    found: dict[str, Observed] = {}
    unread: list[str] = []
    nameless = 0
    for item in items:
        try:
            shown = resource.observe({**listed_as, **item} if isinstance(item, dict) else item)
        except BadInput:
            name = fields.id_of(item)
            unread += [name] if name else []
            nameless += not name
        else:
            found[shown.id] = shown
    return list(found.values()), unread, nameless
