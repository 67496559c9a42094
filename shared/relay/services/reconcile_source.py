"""What the sources meant: the events that the inbox still holds, by today's mapping.

A row names its event, so its delivery is read by its key. What no row knows is found only by looking through the whole
inbox, which is for people (`reconcile_deliveries`).
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from dataclasses import replace
from datetime import date, datetime, time
from typing import TYPE_CHECKING

from relay.domain.ends import DONE, HANDED_OVER
from relay.domain.ledger import marker_of
from relay.domain.mapping.plan import plan as plan_for
from relay.domain.mapping.sale import MADRID
from relay.domain.mapping.sales import may_be_sold
from relay.domain.models import Hint
from relay.domain.reconciling import Meant
from relay.domain.reconciling_split import of_draft
from relay.domain.reconciling_texts import texts_of
from relay.domain.remedies import TYPES
from relay.errors import BadInput, Rejected
from relay.ports.inbox import InboxItem
from relay.services.job import fact_of
from relay.services.rows import rows_of
from relay.services.rules import GRACE_MS, rules_of
from relay.services.times import at_ms
from relay.services.unfold import split_ref, unfold

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence

    from relay.domain.ledger import Key, Row
    from relay.domain.models import Event
    from relay.domain.reconciling import Window
    from relay.domain.reconciling_texts import Texts
    from relay.domain.sources.base import Delivery
    from relay.ports.accounts import Account
    from relay.ports.inbox import Inbox
    from relay.ports.ledger import Ledger

    Pause = Callable[[], Awaitable[None]]


_AT_A_TIME = 25


def midnight_ms(day: date) -> int:
    return at_ms(datetime.combine(day, time(), MADRID))


class Sources:
    """The source's side of one account."""

    def __init__(self, *, inbox: Inbox, ledger: Ledger, account: Account, now: datetime, pause: Pause) -> None:
        self._inbox = inbox
        self._ledger = ledger
        self._account = account
        self._settings, self._catalogue = rules_of(account)
        self._now = now
        self._pause = pause
        self._found: dict[Key, list[Meant]] = defaultdict(list)
        self._read: set[str] = set()
        self._listed: dict[str, Event] = {}
        self.keys: dict[str, Key] = {}
        """By marker, the key of every event that was read."""
        self.unreadable = 0

    async def of_deliveries(self, inbox_ids: Iterable[str]) -> None:
        """Read them, a few at a time. Raises what `pause` raises."""
        wanted = [inbox_id for inbox_id in dict.fromkeys(inbox_ids) if inbox_id and inbox_id not in self._read]
        self._read.update(wanted)
        for start in range(0, len(wanted), _AT_A_TIME):
            some = wanted[start : start + _AT_A_TIME]
            await self._pause()
            for item in await asyncio.gather(*(self._inbox.get(self._account.account, each) for each in some)):
                if item is not None:
                    self._delivery(item)

    async def of_rows(self, rows: Iterable[Row], *, most: int | None = None) -> None:
        """The deliveries that rows name, `most` of them."""
        wanted = dict.fromkeys(_delivery_of(row.event_id) for row in rows if row.event_id)
        await self.of_deliveries(list(wanted)[:most])

    def of_lists(self, listed: Iterable[Delivery]) -> None:
        """What a source's own list tells of, and the inbox does not hold; received when it was last changed."""
        for delivery in listed:
            item = InboxItem(delivery=delivery, digest="", open=False, ends={})
            for event in self._delivery(item, listed_ms=at_ms(delivery.received_at)):
                self._listed[event.id] = event

    def _delivery(self, item: InboxItem, *, listed_ms: int = 0) -> Sequence[Event]:
        try:
            events = unfold(item.delivery).events
        except (BadInput, Rejected):
            self.unreadable += 1  # `relay verify` tells of it
            return ()
        for number, event in enumerate(events):
            meant = None if isinstance(event.data, Hint) else self._meant(item, number, event)
            if meant is not None:
                self._found[meant.key].append(replace(meant, listed_ms=listed_ms))
        return events

    def _meant(self, item: InboxItem, number: int, event: Event) -> Meant | None:
        plan = plan_for(event, self._settings, self._catalogue, today=self._now.astimezone(MADRID).date())
        fact, draft = fact_of(event, plan), plan.document
        self.keys[marker_of(fact.key)] = fact.key
        if plan.outcome == "ignored" or plan.purpose not in TYPES:
            return None
        total = draft.total if draft is not None else getattr(event.data, "total", None)
        payment = plan.payment if plan.finish == "approve_and_pay" else None
        return Meant(
            key=fact.key,
            event_id=event.id,
            version=event.version,
            doc_type=draft.doc_type if draft is not None else plan.purpose,
            day=draft.date if draft is not None else event.time.astimezone(MADRID).date(),
            currency=draft.currency if draft is not None else str(getattr(event.data, "currency", "")),
            total=total,
            split=of_draft(draft, self._catalogue.rates_of) if draft is not None else None,
            digest=plan.digest if draft is not None else "",
            paid=payment.amount if payment is not None else None,
            ended=self._ended(item, number),
            received_ms=at_ms(item.delivery.received_at),
            texts=texts_of(draft) if draft is not None else None,
        )

    def _ended(self, item: InboxItem, number: int) -> str:
        end = item.ends.get(str(number), "")
        word = end.partition(":")[0]
        if word in DONE | HANDED_OVER:
            return ""
        young = at_ms(self._now) - at_ms(item.delivery.received_at) <= GRACE_MS
        return end or ("under_way" if young else "")

    async def chosen(self, rows: Mapping[Key, Row], window: Window) -> dict[Key, Meant]:
        """One a key: of the newest version that may have had an effect, the one that was written before another."""
        chosen: dict[Key, Meant] = {}
        for key, found in self._found.items():
            row = rows.get(key)
            best = max(found, key=lambda one: _rank(one, row))
            if row is None and (best.ended or not window.holds(best.day) or await self._stands_elsewhere(best)):
                continue
            if row is not None and best.version < row.version and best.digest != row.digest:
                continue  # what was written last is not held any more: the ledger's amounts are what is left of it
            chosen[key] = replace(best, said=_said(found, row))
        return chosen

    async def _stands_elsewhere(self, meant: Meant) -> bool:
        """Written on another day or under earlier settings, under another purpose, or ended without a document."""
        if await self._ledger.get(meant.key) is not None:
            return True
        event = self._listed.get(meant.event_id)
        if event is None:
            item = await self._inbox.get(self._account.account, _delivery_of(meant.event_id))
            if item is None:
                return True
            event = unfold(item.delivery).events[split_ref(meant.event_id)[1]]
        if meant.key.purpose == "salesorder" and may_be_sold(event):
            sale = await self._ledger.get(replace(meant.key, purpose="invoice"))
            if sale is not None and sale.version >= meant.version:
                return True  # a version of its invoice
        return any(row.event_id == event.id for row in await rows_of(self._ledger, event))


def _said(found: Sequence[Meant], row: Row | None) -> tuple[Texts, ...]:
    """The digest covers no words: a version with other words changes nothing in Holded. So all that read as written are told,
    provided that one came before the row, as the one that made the document did.
    """
    if row is None:
        return ()
    alike = [one for one in found if one.digest == row.digest and not one.listed_ms]
    made = any(one.received_ms <= row.created_ms for one in alike)
    return tuple(one.texts for one in alike if one.texts is not None) if made else ()


def _rank(meant: Meant, row: Row | None) -> tuple[bool, bool, int, bool]:
    wrote = row is not None and meant.event_id == row.event_id
    return (not meant.ended, bool(meant.digest), meant.version, wrote)


def _delivery_of(ref: str) -> str:
    try:
        return split_ref(ref)[0]
    except ValueError:
        return ""
