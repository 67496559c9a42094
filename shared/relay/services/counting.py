"""Count every event of every accepted delivery into its one end.

Deliveries come without their bodies; a body is read only where the ledger has to be asked: for what was handed over to
it, and for what has no end yet.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from relay.domain import dead, ends
from relay.domain.ends import Ending, Told
from relay.domain.models import Hint
from relay.domain.strangers import ids_of
from relay.errors import Unavailable
from relay.services.desk import delivery_key
from relay.services.hints import hint_key
from relay.services.rows import rows_at, rows_beside, rows_of
from relay.services.rules import GRACE_MS, key_of, rules_of
from relay.services.times import at_ms
from relay.services.unfold import event_ref, unfold

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import datetime

    from relay.domain.models import Event
    from relay.ports.accounts import Account
    from relay.ports.inbox import Inbox, InboxEnds, InboxItem
    from relay.ports.ledger import Ledger
    from relay.services.rules import Rules

_AT_A_TIME = 40


@dataclass(frozen=True, slots=True)
class Finding:
    """`what` is a constant word, `where` names the event, row or document, `detail` is a sentence without personal data."""

    what: str
    where: str
    detail: str


@dataclass(slots=True, kw_only=True)
class Tally:
    """What became of one account's events. `until_ms`: by (kind, reason) of waiting ones, the last time they wait for."""

    deliveries: int = 0
    events: int = 0
    ends: Counter[tuple[str, str]] = field(default_factory=Counter)
    until_ms: dict[tuple[str, str], int] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)

    def add(self, ending: Ending, *, where: str, age_ms: int) -> None:
        at = (ending.kind, ending.reason)
        self.events += 1
        self.ends[at] += 1
        if ending.until_ms:
            self.until_ms[at] = max(self.until_ms.get(at, 0), ending.until_ms)
        if ending.problem:
            self.findings.append(Finding(ending.problem, where, _PROBLEMS[ending.problem]))
        elif ending.kind == "open" and age_ms > GRACE_MS:
            minutes = age_ms // 60_000
            self.findings.append(Finding("open_too_long", where, f"no end {minutes} minutes after it was received"))


_PROBLEMS = {
    "lost": "handed over to the ledger, and no row knows of it",
    "passed_over": "handed over to the ledger, and its rows hold an older version",
    "end_unknown": "its recorded end is none that this release knows",
    "unreadable": "the stored delivery cannot be unfolded any more",
}


class Counting:
    def __init__(self, *, inbox: Inbox, ledger: Ledger) -> None:
        self._inbox = inbox
        self._ledger = ledger

    async def __call__(
        self, accounts: Collection[Account], *, from_ms: int, to_ms: int, now: datetime
    ) -> Mapping[str, Tally]:
        """One tally an account, by one walk through the inbox. Deliveries of other accounts are left out."""
        tallies = {each.account: Tally() for each in accounts}
        rules = {each.account: rules_of(each) for each in accounts}
        only = next(iter(tallies)) if len(tallies) == 1 else ""
        batch: list[InboxEnds] = []
        async for each in self._inbox.ends_between(from_ms=from_ms, to_ms=to_ms, account=only):
            if each.account not in tallies:
                continue
            batch.append(each)
            if len(batch) == _AT_A_TIME:
                await self._batch(batch, tallies, rules, now)
                batch = []
        await self._batch(batch, tallies, rules, now)
        return tallies

    async def _batch(
        self, batch: list[InboxEnds], tallies: Mapping[str, Tally], rules: Mapping[str, Rules], now: datetime
    ) -> None:
        found = await asyncio.gather(
            *(self._delivery(each, rules[each.account], now) for each in batch), return_exceptions=True
        )
        for each, ended in zip(batch, found, strict=True):
            tally = tallies[each.account]
            tally.deliveries += 1
            age_ms = at_ms(now) - (each.open_ms or each.received_ms)
            if isinstance(ended, BaseException):
                if isinstance(ended, Unavailable) or not isinstance(ended, Exception):
                    raise ended
                broken = Ending(kind="open", reason=type(ended).__name__, problem="unreadable")
                tally.add(broken, where=each.inbox_id, age_ms=age_ms)
                continue
            for number, ending in ended.items():
                tally.add(ending, where=event_ref(each.inbox_id, number), age_ms=age_ms)

    async def _delivery(self, each: InboxEnds, rules: Rules, now: datetime) -> Mapping[int, Ending]:
        """The end of every event of a delivery, by its number."""
        ended = {int(number): ends.recorded(end) for number, end in each.ends.items()}
        known = {number: ending for number, ending in ended.items() if ending is not None}
        if not each.open and len(known) == len(ended):
            return known
        item = await self._inbox.get(each.account, each.inbox_id)
        if item is None:  # its time came while we counted
            return known
        parts = unfold(item.delivery)
        for number in sorted({*ended, *range(parts.of)} - known.keys()):
            if number in ended:
                event = parts.events[number] if number < len(parts.events) else None
                known[number] = await self._followed(item, event, rules, now)
            else:
                known[number] = await self._without_end(each, number)
        return known

    async def _followed(self, item: InboxItem, event: Event | None, rules: Rules, now: datetime) -> Ending:
        if event is None:
            key = delivery_key(item.delivery)
            told = Told(event_id=item.delivery.inbox_id, version=0, coalesced=True)
            return ends.followed(told, await rows_at(self._ledger, [key]))
        told = Told(event_id=event.id, version=event.version, monotone=event.monotone)
        if isinstance(event.data, Hint):
            told = Told(event_id=event.id, version=event.version, coalesced=True)
            return ends.followed(told, await rows_at(self._ledger, [hint_key(event.account, event.data)]))
        key = key_of(event, rules, now)
        for object_id in ids_of(event)[1:]:
            own = await rows_beside(self._ledger, replace(key, object_id=object_id))
            if own:  # another object has the plain key: this event is none of its versions
                return ends.followed(told, own)
        near = ends.followed(told, await rows_beside(self._ledger, key))
        # Written under other settings the event may stand under another purpose.
        return ends.followed(told, await rows_of(self._ledger, event)) if near.problem else near

    async def _without_end(self, each: InboxEnds, number: int) -> Ending:
        """Under way, or its message died: the index of dead letters knows."""
        row = await self._ledger.get(dead.key(each.account, event_ref(each.inbox_id, number)))
        if row is not None and row.state == "dead":
            return ends.of_row(row)
        return Ending(kind="open", reason="no_end_yet")
