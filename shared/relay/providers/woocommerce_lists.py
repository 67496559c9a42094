"""WooCommerce's lists: by the last change seen, which does not shift as a page number does when a row leaves.

So no second page is asked for: the next list begins a second before the last row's change, and what both show is known already.
Where a whole page changed within one second (somebody edited many at once), and where no change can be read (null, garbage, out
of order), the rows seen are excluded by id; only beyond some hundreds of them, or where ids are no help, are pages counted. Each
step leaves something behind, so no row keeps a list where it is. Customers have no filter by change: they are listed by id and
filtered here.
https://woocommerce.github.io/woocommerce-rest-api-docs/#list-all-orders (`modified_after`, `X-WP-Total`, `X-WP-TotalPages`)
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

from relay.errors import BadInput
from relay.providers.protocol import Page, Request, instant, number, objects, stamp

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from relay.providers.protocol import Window

PAGE: Final = 100
ROOT: Final = "/wp-json/wc/v3"
_SECOND: Final = timedelta(seconds=1)
_MOST_EXCLUDED: Final = 500
"""Ids in a query: 5 KB, where servers take 8."""
_ID_DIGITS: Final = 20
_BACK: Final = 10
"""Customers deleted while we page move the rest up; so many rows are looked at twice."""
_CLOCK: Final = ZoneInfo("Europe/Madrid")


def changed(part: str, window: Window, mark: str) -> Request[Page]:
    """Orders or products; `mark` is empty or `since:<instant>|<ids>|<page>`."""
    since, asked = window.since - _SECOND, 1
    until = window.until + _SECOND
    seen: tuple[str, ...] = ()
    if mark:
        at, ids, count = mark.removeprefix("since:").split("|")
        since, seen, asked = instant(at) or since, tuple(filter(None, ids.split(","))), int(count)
    query = (
        ("modified_after", _plain(since)),
        ("modified_before", _plain(until)),  # both ends are left out by WooCommerce
        ("dates_are_gmt", "true"),
        ("orderby", "modified"),
        ("order", "asc"),
        ("per_page", str(PAGE)),
        ("page", str(asked)),
        *((("exclude", ",".join(seen)),) if seen else ()),
    )

    def reads(parsed: Any, named: Mapping[str, str]) -> Page:
        found = _rows(parsed, named, first=not mark)
        following = _following(found, since, until, seen, asked) if more(found, named, asked=asked) else ""
        total = number(named.get("x-wp-total")) if asked == 1 else None
        return Page(items=found, mark=following, resume=following, total=total)

    return Request(method="GET", path=f"{ROOT}/{part}", query=query, reads=reads)


def more(found: Sequence[Any], named: Mapping[str, str], *, asked: int) -> bool:
    """Whether something may stand behind this page. A full one is never taken for the last on the word of a header, and where no
    header says how much there is, only an empty page is the end.
    """
    pages, total = number(named.get("x-wp-totalpages")), number(named.get("x-wp-total"))
    if not found or (pages is None and total is None):
        return bool(found)
    return len(found) >= PAGE or asked < (pages or 0) or (asked == 1 and len(found) < (total or 0))


def _rows(parsed: Any, named: Mapping[str, str], *, first: bool) -> tuple[Mapping[str, Any], ...]:
    found = objects(parsed)
    if first and not found and number(named.get("x-wp-total")):
        raise BadInput("reply_unexpected", detail="an empty list where rows are announced")
    return found


def _following(
    found: Sequence[Mapping[str, Any]], since: datetime, until: datetime, seen: tuple[str, ...], asked: int
) -> str:
    last = _last_change(found, since, until)
    if last is not None and last - _SECOND > since:
        return f"since:{_plain(last - _SECOND)}||1"
    ids = tuple(dict.fromkeys((*seen, *filter(None, map(_id, found)))))
    if asked == 1 and len(seen) < len(ids) <= _MOST_EXCLUDED:
        return f"since:{_plain(since)}|{','.join(ids)}|1"
    # So many at one moment, or a shop that does not heed `exclude`: page after page, and no more back to the first.
    return f"since:{_plain(since)}|{','.join(seen)}|{asked + 1}"


def _last_change(found: Sequence[Mapping[str, Any]], since: datetime, until: datetime) -> datetime | None:
    """Before which no row is still to come; None where the page does not tell. A date outside of what was asked for tells nothing."""
    told = [instant(one.get("date_modified_gmt")) for one in found]
    within = [at for at in told if at is not None and since < at <= until]
    if not within or within != sorted(within):
        return None
    # Products, and orders in older shops, are in the order of the shop's own clock, which shows one hour of October twice.
    return within[-1] - timedelta(hours=within[-1].astimezone(_CLOCK).fold)


def customers(window: Window, mark: str) -> Request[Page]:
    """`mark` is empty or `offset:<n>|<first id of the page before>`.

    https://woocommerce.github.io/woocommerce-rest-api-docs/#list-all-customers : `offset`, no filter by change.
    """
    at, _, before = mark.removeprefix("offset:").partition("|")
    offset = int(at or 0)
    query = (
        ("orderby", "id"),
        ("order", "asc"),
        ("per_page", str(PAGE)),
        ("offset", str(offset)),
        ("role", "all"),
    )

    def reads(parsed: Any, named: Mapping[str, str]) -> Page:
        found = _rows(parsed, named, first=not mark)
        first = _id(found[0]) if found else ""
        if first and first == before:
            raise BadInput("reply_unexpected", detail="the page before once more: `offset` is not heeded")
        total = number(named.get("x-wp-total"))
        end = offset + len(found)
        following = ""
        if found and (len(found) >= PAGE or total is None or end < total):
            back = 0 if total is None and len(found) < PAGE else min(_BACK, len(found) // 2)
            following = f"offset:{end - back}|{first}"
        within = tuple(one for one in found if _changed_within(one, window))
        return Page(items=within, mark=following, resume=following)

    return Request(method="GET", path=f"{ROOT}/customers", query=query, reads=reads)


def _changed_within(one: Mapping[str, Any], window: Window) -> bool:
    told = one.get("date_modified_gmt") or one.get("date_created_gmt")
    at = instant(told)
    if at is None:
        return True  # its normaliser says what is wrong with it
    return window.since - _SECOND <= at <= window.until + _SECOND


def _id(one: Mapping[str, Any]) -> str:
    """As a query takes it, empty for what is none."""
    told = str(one.get("id"))
    return told if told.isascii() and told.isdecimal() and len(told) <= _ID_DIGITS else ""


def _plain(at: datetime) -> str:
    return stamp(at).removesuffix("Z")
