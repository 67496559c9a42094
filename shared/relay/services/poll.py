"""Polling one account, inside its one drain: a row of the waiting room that comes back as long as the account lives.

So budget, pacing, giving way, pause, block and lease are those of all work; here is only the order of the resources and
what a refusal comes to. The cursor moves after what a page showed is stored: whoever dies, is refused or runs out of time
leaves a pass that goes on where it was, and every page may be read twice.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from relay.domain import polling as courses
from relay.errors import BadInput, NotAllowed, NotFound, Rejected, RetryAt
from relay.services import poll_state
from relay.services.desk import NO_ATTEMPT
from relay.services.poll_pass import SHARE, PollPass
from relay.services.poll_plan import Plan, plan_of
from relay.services.times import at_ms

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from relay.domain.ledger import Row
    from relay.domain.polling import Course, Polling
    from relay.holded.polled import Resource
    from relay.ports.ledger import Ledger
    from relay.ports.polling import Polls, Snapshots
    from relay.services.session import Session
    from relay.services.sightings import Sightings

_SOON_MS = 60_000
_NOBODYS = (*NO_ATTEMPT, SHARE)
"""Refusals that are not about the resource: calls, time or the account."""
_TROUBLE_MS = 24 * 3600_000
"""A resource that Holded refuses is tried again this much later at the earliest; the others go on."""


class Poll:
    def __init__(
        self,
        *,
        ledger: Ledger,
        polls: Polls,
        snapshots: Snapshots,
        sightings: Sightings,
        jitter: Callable[[], float],
        table: Sequence[Resource],
    ) -> None:
        """`table` is what there is to be polled."""
        self._ledger = ledger
        self._polls = polls
        self._pass = PollPass(polls=polls, snapshots=snapshots, sightings=sightings, change=self.change)
        self._jitter = jitter
        self._table = table

    async def run(self, session: Session, row: Row) -> None:
        """What is due, one resource after the other, until nothing is, or calls or time end."""
        try:
            due_ms = await self._all_due(session)
        except RetryAt as refusal:
            due_ms = max(at_ms(refusal.retry_at), session.now_ms() + _SOON_MS)
            if refusal.reason == SHARE:  # looks once a day, without a call, whether the settings give more by now
                due_ms = min(due_ms, session.now_ms() + _TROUBLE_MS)
        except NotAllowed:
            due_ms = session.now_ms() + session.timing.settlement_ms
        following = replace(
            row,
            state="waiting",
            rev=row.rev + 1,
            updated_ms=session.now_ms(),
            due_ms=due_ms,
            reason="next_poll",
            attempts=0,  # they count failures in a row
            indexed=True,
        )
        if await self._ledger.replace(following, expected_rev=row.rev):
            session.note(following)

    async def _all_due(self, session: Session) -> int:
        """Raises `RetryAt` where something is left to do now; else returns when something is due again."""
        plan = plan_of(session.settings.polling, session.account.per_month, self._table)
        if not plan.resources:
            return session.now_ms() + _TROUBLE_MS
        while True:
            await session.give_way()
            now_ms = session.now_ms()
            state = await self.change(session.account.account, partial(plan.admitted, now_ms=now_ms))
            due = plan.due(state, now_ms=now_ms)
            if due is None:
                return max(plan.next_ms(state), now_ms + _SOON_MS)
            await self._one(session, plan, due)

    async def _one(self, session: Session, plan: Plan, resource: Resource) -> None:
        """One resource's pass as far as it goes now. What Holded refuses of it is its own trouble."""
        try:
            await self._pass.run(session, resource, allowance=plan.allowance, briefs=plan.briefs(resource))
        except RetryAt as refusal:
            if refusal.reason.startswith(_NOBODYS):
                raise
            await self._hold(session, resource, refusal.reason)
        except NotAllowed as refusal:
            if session.blocked is not None:
                raise
            await self._put_off(session, plan, resource, refusal.reason)
        except (NotFound, Rejected, BadInput) as refusal:
            await self._put_off(session, plan, resource, refusal.reason)
        else:
            await self._after(session, plan, resource)

    async def _after(self, session: Session, plan: Plan, resource: Resource) -> None:
        """The pass is through: when the next ones are due follows from all that is known by now."""
        now_ms, jitter = session.now_ms(), self._jitter()

        def onward(found: Polling) -> Polling:
            course = found.courses[resource.name]
            if course.running is None:
                return found
            kind = course.running.kind
            done = courses.with_course(found, resource.name, courses.finished(course))
            return plan.scheduled(done, resource, kind=kind, now_ms=now_ms, jitter=jitter)

        await self.change(session.account.account, onward)

    async def _hold(self, session: Session, resource: Resource, reason: str) -> None:
        now_ms = session.now_ms()

        def waits(found: Polling) -> Polling:
            held = courses.held(found.courses[resource.name], now_ms=now_ms, trouble=reason)
            # The call that was not answered is spent.
            return courses.spent(courses.with_course(found, resource.name, held), resource.name, 1)

        await self.change(session.account.account, waits)

    async def _put_off(self, session: Session, plan: Plan, resource: Resource, reason: str) -> None:
        now_ms, jitter = session.now_ms(), self._jitter()

        def later(found: Polling) -> Polling:
            course = found.courses[resource.name]
            kind = course.running.kind if course.running is not None else "full"
            stopped = courses.stopped(course, trouble=reason)
            planned = plan.scheduled(
                courses.with_course(found, resource.name, stopped), resource, kind=kind, now_ms=now_ms, jitter=jitter
            )
            put_off = planned.courses[resource.name]
            least = now_ms + _TROUBLE_MS
            postponed = replace(put_off, due_ms=max(put_off.due_ms, least), full_due_ms=max(put_off.full_due_ms, least))
            return courses.with_course(planned, resource.name, postponed)

        await self.change(session.account.account, later)

    async def change(self, account: str, onward: Callable[[Polling], Polling]) -> Polling:
        """As `poll_state.change`."""
        return await poll_state.change(self._polls, account, onward)

    async def heard(self, session: Session, name: str) -> None:
        """A webhook told of the resource. Noted a few times a day: it is what the cadence adapts to."""
        if name in session.heard or not session.settings.polling.enabled:
            return
        session.heard.add(name)
        now_ms = session.now_ms()

        def noted(found: Polling) -> Polling:
            course = found.courses.get(name)
            changed = courses.heard(course, now_ms) if course is not None else None
            return found if changed is None else courses.with_course(found, name, changed)

        await self.change(session.account.account, noted)

    async def has_baseline(self, account: str, name: str) -> bool:
        """Whether a full pass has seen all objects of a kind: one without a snapshot is new since."""
        found = await self._polls.load(account)
        course: Course | None = found.courses.get(name) if found is not None else None
        return course is not None and course.full_ms > 0
