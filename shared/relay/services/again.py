"""Bring one event again, because an operator asked: never swallowed in silence, never a second document.

What had its effect is told (`already done: F250012`), without a call to Holded and whatever the settings say by now
(an old draft is not taken further). Everything else goes the road of every event, in class `background`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from relay.domain import dead, ends
from relay.domain.decisions import ended_by_hand
from relay.domain.ledger import Key
from relay.domain.models import Hint
from relay.domain.replay import ALREADY_DONE, REPLAYED
from relay.services.desk import delivery_key
from relay.services.hints import hint_key
from relay.services.job import fact_of
from relay.services.rows import OPEN, held_aside, rows_of
from relay.services.rules import plan_of
from relay.services.unfold import event_ref, split_ref, unfold

if TYPE_CHECKING:
    from collections.abc import Sequence

    from relay.domain.decisions import Fact
    from relay.domain.ledger import Row
    from relay.domain.models import Event
    from relay.ports.inbox import Inbox, InboxItem
    from relay.services.desk import Desk
    from relay.services.hints import Hints
    from relay.services.session import Session
    from relay.services.unfold import Unfolded

DONE = ends.DONE | {"superseded"}
"""First words of an event's end that leave nothing to do for it."""

ROW = "row:"
"""How a ref of a dead row begins; the row's key follows."""


def row_ref(key: Key) -> str:
    """How a replay names a row that holds its own copy of the event; never with a `#`."""
    return f"{ROW}{key}"


def is_delivery(ref: str) -> bool:
    """A ref that stands for all events of a delivery."""
    return "#" not in ref and not ref.startswith(ROW)


class Road(Protocol):
    async def __call__(self, session: Session, event: Event, *, background: bool, again: bool) -> str | None:
        """The way of every event; returns its end, None while it has none."""
        ...


class Again:
    def __init__(self, *, inbox: Inbox, desk: Desk, hints: Hints) -> None:
        self._inbox = inbox
        self._desk = desk
        self._hints = hints

    async def events_of(self, account: str, inbox_id: str) -> Sequence[str]:
        """The refs of a delivery's events, as this code reads it; none where the inbox does not hold it (any more)."""
        item = await self._inbox.get(account, inbox_id)
        return () if item is None else [event_ref(inbox_id, n) for n in range(unfold(item.delivery).of)]

    async def __call__(self, session: Session, ref: str, road: Road) -> str | None:
        """The answer for one event ref; None while it is being written and cannot be told yet.

        Answers: `already done: <number or Holded id>`, an end (`document:...`, `review:...`, `waiting:...`, `ignored:...`),
        `unknown_event` for a delivery the inbox does not hold (any more).
        """
        account = session.account.account
        if ref.startswith(ROW):
            return await self._dead_row(session, ref.removeprefix(ROW))
        try:
            inbox_id, number = split_ref(ref)
        except ValueError:
            return "unknown_event"
        item = await self._inbox.get(account, inbox_id)
        if item is None:
            return "unknown_event"
        parts = unfold(item.delivery)
        if number >= parts.of:
            return "unknown_event"
        if number == parts.problem_number:
            result = await self._problem(session, item, parts)
        elif isinstance(hint := parts.events[number].data, Hint):
            result = await self._hint(session, parts.events[number], hint)
        else:
            result = await self._event(session, parts.events[number], item.ends.get(str(number), ""), road)
        if result is None:
            return None
        await self._note_end(account, item, number, result, parts)
        await self._reading_is_mended(session, item, parts)
        return result

    async def _dead_row(self, session: Session, name: str) -> str | None:
        """Back to the waiting room; from there it goes on by itself, in the class of a replay."""
        key = Key.parse(name)
        row = await self._desk.ledger.get(key)
        if row is None or key.account != session.account.account:
            return "unknown_event"
        if row.state == "confirmed":
            return already_done(row, "")
        if row.state == "dead":
            now_ms, settle_ms = session.now_ms(), session.timing.settle_ms
            row = dead.revived(row, now_ms=now_ms, settle_ms=settle_ms, reason=REPLAYED)
            if not await self._desk.write(row):
                return None
            session.note(row)
        return f"waiting:{row.reason}" if row.state in {"waiting", "sent", "unknown"} else f"{row.state}:{row.reason}"

    async def _problem(self, session: Session, item: InboxItem, parts: Unfolded) -> str | None:
        if not parts.review:
            return f"ignored:{parts.ignored}"
        return await self._desk.review_delivery(session, item.delivery, parts.review, parts.detail)

    async def _hint(self, session: Session, event: Event, hint: Hint) -> str | None:
        row = await self._desk.ledger.get(hint_key(event.account, hint))
        if row is not None and row.state == "waiting":
            return f"waiting:{row.reason}"
        if row is not None and row.state == "ignored" and row.version >= event.version:
            return f"{ALREADY_DONE}: {row.reason}"
        return await self._hints.take_in(session, event, hint, again=True)

    async def _event(self, session: Session, event: Event, end: str, road: Road) -> str | None:
        plan = await plan_of(self._desk.ledger, event, (session.settings, session.catalogue), now=session.clock.now())
        fact = fact_of(event, plan)
        row = await self._desk.ledger.get(fact.key)
        beside = await held_aside(self._desk.ledger, row, event)
        if row is not None and ended_by_hand(row, version=event.version, digest=fact.digest):
            return f"ignored:{row.reason}"
        if discarded(end):
            return end
        stands = row is not None and row.state == "confirmed"
        if beside is not None and not stands and ended_by_hand(beside, version=event.version, digest=fact.digest):
            return f"ignored:{beside.reason}"
        if not had_effect(row, beside, end, fact):
            end = await road(session, event, background=True, again=True) or ""
            if not end:
                return None
            if end.partition(":")[0] in DONE and beside is not None and beside.state in OPEN:
                await self._desk.close_aside(session, beside, end)
            if end != "duplicate":
                return end
            row = await self._desk.ledger.get(fact.key)
        return already_done(row, end)

    async def _note_end(self, account: str, item: InboxItem, number: int, result: str, parts: Unfolded) -> None:
        """The inbox tells the latest end. One that was told already stays when nothing was done."""
        known = item.ends.get(str(number), "")
        if result.startswith(ALREADY_DONE):
            handed_over = known.partition(":")[0] in {"review", "dead"}
            if known and (not handed_over or await self._is_open(parts, number)):
                return
            result = "duplicate"
        if result != known:
            await self._inbox.close(account, item.delivery.inbox_id, ends={str(number): result}, of=parts.of)

    async def _is_open(self, parts: Unfolded, number: int) -> bool:
        """Somewhere a row still holds the event: its end is read from there."""
        if number == parts.problem_number:
            return False
        event = parts.events[number]
        rows = await rows_of(self._desk.ledger, event)
        return any(row.event_id == event.id and row.state in OPEN for row in rows)

    async def _reading_is_mended(self, session: Session, item: InboxItem, parts: Unfolded) -> None:
        """The review of a delivery that could not be read ends once this code reads it."""
        if parts.review or not any(end.startswith("review:") for end in item.ends.values()):
            return
        row = await self._desk.ledger.get(delivery_key(item.delivery))
        if row is not None and row.state == "review":
            await self._desk.close_aside(session, row, REPLAYED)


def discarded(end: str) -> bool:
    """A person ended the event before the ledger knew of it: its end in the inbox is all that says so."""
    return end == f"ignored:{dead.DISCARDED}"


def had_effect(row: Row | None, beside: Row | None, end: str, fact: Fact) -> bool:
    """Nothing is left to do for the event: its end says so, or its document stands and nothing of it waits beside that.

    What was ignored, or waited and lost its row to another event, was in no document yet: where it is no older and has other
    contents, that is still to be written, or judged.
    """
    word = end.partition(":")[0]
    if word in DONE:
        return True
    if row is None or row.state != "confirmed":
        return False
    unheard = word == "ignored" or (word == "waiting" and row.event_id != fact.event_id)
    if unheard and fact.version >= row.version and fact.digest != row.digest:
        return False
    return row.event_id == fact.event_id or (bool(end) and beside is None)


def already_done(row: Row | None, end: str) -> str:
    name = (row.number or row.holded_id) if row is not None else ""
    return f"{ALREADY_DONE}: {name or end.partition(':')[2] or end}"
