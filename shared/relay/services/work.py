"""The kinds of work a drain does: take an event in, resume a row that is due, release who waited for it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from relay.domain import transitions
from relay.domain.ledger import OF_AN_EVENT
from relay.domain.models import Event, Hint
from relay.domain.remedies import RETRIED, aside_of
from relay.domain.sources.imported import is_imported
from relay.domain.standing_rows import stood_up
from relay.errors import Rejected
from relay.services.copies import event_to_work
from relay.services.job import Job, fact_of
from relay.services.poll_row import first_poll
from relay.services.rules import plan_of
from relay.services.settlement import first_sweep
from relay.services.unfold import split_ref, unfold

if TYPE_CHECKING:
    from collections.abc import Callable

    from relay.domain.ledger import Row
    from relay.domain.sources.base import Delivery
    from relay.ports.inbox import Inbox
    from relay.services.dead_ends import ClearDeadLetters
    from relay.services.desk import Desk
    from relay.services.hints import Hints
    from relay.services.poll import Poll
    from relay.services.reconcile_nightly import Nightly
    from relay.services.replay import Replays
    from relay.services.session import Session
    from relay.services.settlement import Settlement
    from relay.services.unfold import Unfolded
    from relay.services.writer import Writer

IMPORTED = "imported"


class Work:
    def __init__(
        self,
        *,
        inbox: Inbox,
        desk: Desk,
        writer: Writer,
        hints: Hints,
        settlement: Settlement,
        nightly: Nightly,
        poll: Poll,
        replays: Replays,
        clear_dead: ClearDeadLetters,
        jitter: Callable[[], float],
    ) -> None:
        self._inbox = inbox
        self._desk = desk
        self._writer = writer
        self._hints = hints
        self._settlement = settlement
        self._nightly = nightly
        self._poll = poll
        self._replays = replays
        self._clear_dead = clear_dead
        self._jitter = jitter

    async def take_in(self, session: Session, ref: str) -> None:
        """Bring one event of the inbox as far as it goes. Raises `Rejected` for a ref nobody knows: it ends in the DLQ."""
        inbox_id, number = split_ref(ref)
        account = session.account.account
        item = await self._inbox.get(account, inbox_id)
        if item is None:
            raise Rejected("unknown_event", detail="the message names an event the inbox does not hold")
        if str(number) in item.ends:
            # Who parked it may have died before telling anybody that it is due.
            session.behind |= item.ends[str(number)].startswith("waiting")
            return
        parts = unfold(item.delivery)
        if number >= parts.of:
            raise Rejected("unknown_event", detail=f"the delivery has {parts.of} parts")
        end = await self._part(session, item.delivery, parts, number)
        if end is not None:
            await self._inbox.close(account, inbox_id, ends={str(number): end}, of=parts.of)
        await self._follow_up(session)

    async def _follow_up(self, session: Session) -> None:
        """Versions that were noted while their key was written. One that fails is its own trouble: its inbox item is open."""
        while session.follow_up:
            ref = session.follow_up.pop()
            (error,) = await asyncio.gather(self.take_in(session, ref), return_exceptions=True)
            if isinstance(error, Exception):
                session.ends["open"] += 1
            elif error is not None:
                raise error

    async def _part(self, session: Session, delivery: Delivery, parts: Unfolded, number: int) -> str | None:
        if number == parts.problem_number:
            if not parts.review:
                return f"ignored:{parts.ignored}"
            return await self._desk.review_delivery(session, delivery, parts.review, parts.detail)
        event = parts.events[number]
        if isinstance(event.data, Hint):
            return await self._hints.take_in(session, event, event.data)
        if is_imported(delivery):
            return await self._later(session, event)
        return await self._event(session, event)

    async def _later(self, session: Session, event: Event) -> str | None:
        """What an import brought enters the waiting room at once, in class `background`: a flood of it is worked off in its turn,
        behind everything live. What leads to no document, or meets a row, costs no more than a look and goes on now.
        """
        plan = await plan_of(self._desk.ledger, event, (session.settings, session.catalogue), now=session.clock.now())
        fact = fact_of(event, plan, background=True)
        if plan.outcome == "document" and await self._desk.ledger.get(fact.key) is None:
            now_ms = session.now_ms()
            parked = transitions.parked(None, fact, now_ms=now_ms, due_ms=now_ms, reason=IMPORTED)
            if await self._desk.write(parked):
                session.note(parked)
                session.ends["waiting"] += 1
                return f"waiting:{IMPORTED}"
        return await self._event(session, event, background=True)

    async def _event(
        self, session: Session, event: Event, *, background: bool = False, again: bool = False
    ) -> str | None:
        plan = await plan_of(self._desk.ledger, event, (session.settings, session.catalogue), now=session.clock.now())
        job = Job(event=event, plan=plan, fact=fact_of(event, plan, background=background, again=again))
        end = await self._writer.proceed(session, job)
        session.ends[(end or "open").partition(":")[0]] += 1
        if end is not None and job.row is not None and job.row.state == "confirmed":
            await self._release(session, job)
        return end

    async def _release(self, session: Session, job: Job) -> None:
        """The parent is written: who waited for it goes on at once. A child that fails is its own trouble."""
        for key in await self._desk.ledger.children(job.key):
            child = await self._desk.ledger.get(key)
            if child is None or child.state != "waiting" or not child.parent or child.event_id == job.event.id:
                continue
            (error,) = await asyncio.gather(self.resume(session, child), return_exceptions=True)
            if isinstance(error, Exception):
                await self.failed(session, child, type(error).__name__)
            elif error is not None:
                raise error

    async def resume(self, session: Session, row: Row) -> None:
        """Go on with a row of the waiting room."""
        session.parked.pop(row.key, None)  # what parks it again notes it again
        if row.kind == "settle":
            await self._settlement.run(session, row)
            await self._clear_dead(session)
            await self._nightly.stand(session)
        elif row.kind == "reconcile":
            await self._nightly.run(session, row)
        elif row.kind == "poll":
            await self._poll.run(session, row)
        elif row.kind == "hint":
            await self._hints.resume(session, row, await event_to_work(self._inbox, row))
        elif row.kind == "replay":
            await self._replays.run(session, row, self._event)
        elif not row.event:
            await self._desk.write(transitions.stranded(row, now_ms=session.now_ms()))
        else:
            # What a replay or a retry of many brought keeps its class for as long as it waits.
            background = row.priority == "background"
            aside = aside_of(row.key) in OF_AN_EVENT
            # A person who has one of two contents of a version run again has chosen it, where neither stands.
            chosen = aside and row.reason == RETRIED
            event = await event_to_work(self._inbox, row)
            end = await self._event(session, event, background=background, again=chosen)
            if end is not None and aside:
                await self._desk.close_aside(session, row, end)
        await self._follow_up(session)

    async def begin(self, session: Session) -> None:
        """The account's first drain: its standing rows enter the waiting room, for as long as the account lives."""
        for row in self._standing_rows(session):
            session.note(await self._desk.ledger.insert(row) or row)

    async def revive(self, session: Session) -> None:
        """Nothing else tells of a second draft, or of what no webhook told: sweep and poll go on, whatever ended them."""
        for row in self._standing_rows(session):
            if row.key in session.parked:
                continue
            there = await self._desk.ledger.get(row.key)
            if there is None:
                session.note(await self._desk.ledger.insert(row) or row)
            elif there.state != "waiting":
                again = stood_up(there, now_ms=session.now_ms())
                if await self._desk.write(again):
                    session.note(again)

    def _standing_rows(self, session: Session) -> list[Row]:
        account, now_ms = session.account.account, session.now_ms()
        sweep = first_sweep(account, now_ms=now_ms, every_ms=session.timing.settlement_ms)
        return [sweep, first_poll(account, now_ms=now_ms)] if session.settings.polling.enabled else [sweep]

    async def failed(self, session: Session, row: Row, reason: str) -> None:
        """Machine trouble with one row: it uses an attempt and comes back later, or ends in `dead`."""
        there = await self._desk.ledger.get(row.key)
        if there is None or there.state not in {"waiting", "sent", "unknown"}:
            return
        due_ms = session.now_ms() + transitions.backoff_ms(there.attempts, jitter=self._jitter())
        if there.state == "sent":
            due_ms = max(due_ms, there.lease_until_ms + session.timing.settle_ms)
        troubled = transitions.troubled(there, now_ms=session.now_ms(), due_ms=due_ms, reason=f"trouble_{reason}")
        if await self._desk.write(troubled):
            session.note(troubled)
