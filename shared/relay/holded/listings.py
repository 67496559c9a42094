"""Lists of v2: how one is asked for, and the account's own lists.

`limit` is always sent (its default is disputed, 200 is the largest that works); an empty `cursor` would give an empty page
and unknown query keys are ignored (Holded facts 1.1), so neither is ever sent.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from relay.errors import BadInput
from relay.holded import catalogue, replies
from relay.holded.protocol import Request

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from relay.domain.documents import DocType
    from relay.holded.catalogue import NamedRecord, SeriesRecord, TaxRecord, TreasuryRecord, Usage
    from relay.holded.replies import Page

T = TypeVar("T")

LARGEST_PAGE = 200


def filters(given: Mapping[str, str | None]) -> tuple[tuple[str, str], ...]:
    """Query pairs without the absent ones. An empty text is refused: Holded would list everything."""
    for name, value in given.items():
        if value == "":
            raise BadInput("filter_empty", field=name, detail="is empty text, expected a value or nothing")
    return tuple((name, value) for name, value in given.items() if value is not None)


def listed(
    path: str,
    item: Callable[[Any], T],
    *,
    cursor: str | None = None,
    limit: int = LARGEST_PAGE,
    query: tuple[tuple[str, str], ...] = (),
    wanted: Callable[[T], bool] | None = None,
    bearing: bool = False,
) -> Request[Page[T]]:
    """One page. `wanted` keeps only some of its items, where Holded has no filter for it. `bearing`: items that cannot be read
    are told of beside the others, instead of costing the page.
    """
    if not 1 <= limit <= LARGEST_PAGE:
        raise BadInput("out_of_range", field="limit", detail=f"expected 1 to {LARGEST_PAGE}")
    reads = (replies.bearing if bearing else replies.page)(item, after=cursor)
    asked = filters({"limit": str(limit), "cursor": cursor})
    return Request(
        method="GET", path=path, query=(*query, *asked), reads=replies.matching(reads, wanted) if wanted else reads
    )


def list_taxes(cursor: str | None = None) -> Request[Page[TaxRecord]]:
    """The account's own tax keys; Holded sends them in one reply."""
    return listed("/api/v2/taxes", catalogue.tax, cursor=cursor)


def list_numbering_series(doc_type: DocType, cursor: str | None = None) -> Request[Page[SeriesRecord]]:
    return listed(f"/api/v2/numbering-series/{doc_type}", catalogue.series, cursor=cursor)


def list_payment_methods(cursor: str | None = None) -> Request[Page[NamedRecord]]:
    return listed("/api/v2/payment-methods", catalogue.named, cursor=cursor)


def list_sales_channels(cursor: str | None = None) -> Request[Page[NamedRecord]]:
    return listed("/api/v2/sales-channels", catalogue.named, cursor=cursor)


def list_warehouses(cursor: str | None = None) -> Request[Page[NamedRecord]]:
    return listed("/api/v2/warehouses", catalogue.named, cursor=cursor)


def list_treasury_accounts(cursor: str | None = None) -> Request[Page[TreasuryRecord]]:
    return listed("/api/v2/treasury/accounts", catalogue.treasury, cursor=cursor)


def usage() -> Request[Usage]:
    """The month's calls and allowance. Needs the scope `developers:usage.read`."""
    return Request(method="GET", path="/api/v2/usage", reads=catalogue.usage)
