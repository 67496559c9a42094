"""Signs of life: what the stream saw come in, counted by account, source and hour for the watchdog. Off the hot path.

What an import brought is no sign of life: it would hide the very silence that it heals. A count that cannot be written is let
go, since nothing but a statistic hangs on it.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING

from relay.errors import RelayError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from relay.ports.providers import Arrival, Arrivals

HOUR_MS = 3_600_000


NOT_WATCHED = frozenset({"holded"})
"""What is seen in Holded is polled: its webhooks' silence costs time, no facts."""


class CountArrivals:
    def __init__(self, *, arrivals: Arrivals) -> None:
        self._arrivals = arrivals

    async def __call__(self, seen: Iterable[Arrival]) -> None:
        """One write an account and source, however many came."""
        hours: dict[tuple[str, str], Counter[int]] = defaultdict(Counter)
        last: dict[tuple[str, str], int] = {}
        for one in seen:
            if one.source in NOT_WATCHED:
                continue
            of = (one.account, one.source)
            hours[of][one.received_ms - one.received_ms % HOUR_MS] += 1
            last[of] = max(last.get(of, 0), one.received_ms)
        for (account, source), counted in hours.items():
            try:
                await self._arrivals.add(account, source, hours=counted, last_ms=last[account, source])
            except RelayError:
                continue
