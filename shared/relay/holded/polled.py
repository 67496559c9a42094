"""What is polled of Holded: one row a resource, and what one item of its list shows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from relay.domain.models import Model, PaymentStatus

Listing = Literal["full", "window", "single"]
"""`full`: every page of a cursor. `window`: Holded wants a first and a last day. `single`: all in one reply."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """One object as a list item, or a read of its own, shows it.

    `matters` are the fields whose change is an event, JSON-ready; a list item and a read give the very same ones, so that a
    fact seen by both is one. `before` are those of the earlier rules, where they were others. `approved` is None where it is
    not told, too. `updated_at` only where Holded tells it.
    """

    id: str
    data: Model
    matters: Mapping[str, Any]
    before: Mapping[str, Any] | None = None
    updated_at: datetime | None = None
    approved: bool | None = None  # None: objects of this kind are not approved
    payment: PaymentStatus | None = None  # None: nor paid


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """`name` is the snapshot's object type, and the webhook's object where there are webhooks of it.

    `path` lists, `read` (with `{id}`, empty where Holded has none) shows one. `query` is sent with every page; `days` names
    the two query keys of a window. `parts` are the lists of a full pass: more than one where nothing but the list that an
    item stands in tells what it is; the window of a recent pass is one of the last part, of a brief one of all. `again` are
    queries whose lists show what may still change (drafts, unpaid). `model` is the first word of the event types.
    `cadence_ms` is how often it is looked at where calls are plenty; `weight` its share where they are few. `hint`: Holded
    sends webhooks of its changes, which lead to a `read` of the object, or to the `list` that shows it and others. `scope`
    is the token's right it needs. `recent_days`: between full passes a window of so many days back is listed, and `again`;
    0 with an empty `again`: there are only full passes. `span_days` is how far back a full pass of a `window` goes.
    `standard`: polled unless the settings leave it out; the others are polled where the settings add them. `from_calls`: of
    the standard ones, those that are polled only where polling may spend so many calls a month; on a small plan they would
    starve the others.
    """

    name: str
    path: str
    listing: Listing
    model: str
    observe: Callable[[Any], Observed]
    scope: str
    cadence_ms: int
    version: Literal["v1", "v2"] = "v2"
    read: str = ""
    query: tuple[tuple[str, str], ...] = ()
    parts: tuple[tuple[tuple[str, str], ...], ...] = ((),)
    days: tuple[str, str] = ("start_date", "end_date")
    again: tuple[tuple[tuple[str, str], ...], ...] = ()
    hint: Literal["", "read", "list"] = ""
    weight: int = 1
    recent_days: int = 0
    span_days: int = 366
    standard: bool = True
    from_calls: int = 0
    parent: str = (
        ""  # the resource whose ids `path` is listed for, each (`{parent}` in it): bank movements of an account
    )

    @property
    def has_recent(self) -> bool:
        return bool(self.recent_days or self.again)

    @property
    def has_brief(self) -> bool:
        """Its window can be looked at without all that may still change."""
        return bool(self.recent_days and self.again)


SOME_CALLS = 300
"""What a plan of 2,000 calls a month leaves for polling, and more; one of 500 does not."""
MANY_CALLS = 1_000
"""A plan of 7,500 and more."""

PARENT = "_parent"
"""Key under which an item of a parented list is given its parent's id before it is observed: some items do not tell it."""
