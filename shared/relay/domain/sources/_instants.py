"""When an object last changed, as its version. Light: the hot path imports it."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import tzinfo


def first_ms(values: Iterable[object], *, naive: tzinfo | None = None) -> int:
    """The first of the `values` that is a text, read as an ISO 8601 instant, in epoch milliseconds.

    0 where none is a text or the first cannot be read. One without offset is read in `naive`, and is 0 without it.
    """
    for value in values:
        if isinstance(value, str):
            try:
                at = datetime.fromisoformat(value)
                at = at if at.tzinfo else at.replace(tzinfo=naive)
                return round(at.timestamp() * 1000) if at.tzinfo else 0
            except (ValueError, OverflowError):
                return 0
    return 0
