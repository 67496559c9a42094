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
from relay.domain import polling_steps as steps
from relay.domain.standing_rows import stood_up
from relay.errors import BadInput, NotAllowed, NotFound, Rejected, RetryAt
from relay.services import poll_state
from relay.services.poll_pass import NOBODYS, SHARE, PollPass
from relay.services.poll_plan import Plan, plan_of
from relay.services.reread_share import share_from_ms
from relay.services.times import at_ms

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from relay.domain.ledger import Row
    from relay.domain.polling import Polling
    from relay.holded.polled import Resource
    from relay.ports.ledger import Ledger
    from relay.ports.polling import Polls, Snapshots
    from relay.services.answers import Answers
    from relay.services.session import Session
    from relay.services.sightings import Sightings

_SOON_MS = 60_000
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
        answers: Answers,
        jitter: Callable[[], float],
        table: Sequence[Resource],
    ) -> None:
        """`table` is what there is to be polled."""
        self._ledger = ledger
        self._polls = polls
        self._pass = PollPass(
            polls=polls, snapshots=snapshots, sightings=sightings, answers=answers, change=self.change
        )
        self._jitter = jitter
        self._table = table

    async def run(self, session: Session, row: Row) -> None:
        """What is due, one resource after the other, until nothing is, or calls or time end."""
        try:
            due_ms = await self._all_due(session)
        except RetryAt as refusal:
            due_ms = max(at_ms(refusal.retry_at), session.now_ms() + _SOON_MS)
        except NotAllowed:
            due_ms = session.now_ms() + session.timing.settlement_ms
        following = stood_up(row, now_ms=session.now_ms(), due_ms=due_ms)
        if await self._ledger.replace(following, expected_rev=row.rev):
            session.note(following)

    async def _all_due(self, session: Session) -> int:
        """Raises `RetryAt` where something is left to do now; else returns when something is due again."""
        plan = self.plan(session)
        if not plan.resources:
            return session.now_ms() + _TROUBLE_MS
        while True:
            await session.give_way()
            now_ms = session.now_ms()
            state = await self.change(session.account.account, partial(plan.admitted, now_ms=now_ms))
            due = plan.due(state, now_ms=now_ms)
            if due is None:
                return max(plan.next_ms(state, now_ms=now_ms), now_ms + _SOON_MS)
            resource, hurried = due
            if not hurried or await self._may_hurry(session, plan, state, resource):
                await self._one(session, plan, resource, hurried=hurried)

    async def _may_hurry(self, session: Session, plan: Plan, state: Polling, resource: Resource) -> bool:
        """Whether the webhooks' share suffices for the pass, after those that go first; else it is due when it does."""
        course, now_ms = state.courses[resource.name], session.now_ms()
        if course.running is not None:
            return True
        waited_ms = plan.waited_ms(resource, course, now_ms=now_ms)
        first = plan.calls_before(state, waited_ms=waited_ms, now_ms=now_ms)
        from_ms = share_from_ms(session, plan, plan.hurried_calls(resource, course) + first)
        if not from_ms:
            return True

        def later(found: Polling) -> Polling:
            return courses.with_course(found, resource.name, replace(found.courses[resource.name], hurry_ms=from_ms))

        await self.change(session.account.account, later)
        return False

    async def _one(self, session: Session, plan: Plan, resource: Resource, *, hurried: bool) -> None:
        """One resource's pass as far as it goes now. What Holded refuses of it is its own trouble."""
        try:
            await self._pass.run(
                session, resource, allowance=plan.allowance, briefs=plan.briefs(resource), hurried=hurried
            )
        except RetryAt as refusal:
            if refusal.reason == SHARE:
                return  # its own; what webhooks ask for is none of it
            if refusal.reason.startswith(NOBODYS):
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
            kind, brief, hurried = course.running.kind, course.running.brief, course.running.hurried
            done = courses.with_course(found, resource.name, steps.finished(course))
            if hurried and brief:
                return done  # what may still change outside its window is looked at when it was to be
            return plan.scheduled(done, resource, kind=kind, now_ms=now_ms, jitter=jitter)

        await self.change(session.account.account, onward)

    async def _hold(self, session: Session, resource: Resource, reason: str) -> None:
        now_ms = session.now_ms()

        def waits(found: Polling) -> Polling:
            running = found.courses[resource.name].running
            held = steps.held(found.courses[resource.name], now_ms=now_ms, trouble=reason)
            # The call that was not answered is spent.
            hurried = running is not None and running.hurried
            return courses.spent(courses.with_course(found, resource.name, held), resource.name, 1, hurried=hurried)

        await self.change(session.account.account, waits)

    async def _put_off(self, session: Session, plan: Plan, resource: Resource, reason: str) -> None:
        now_ms, jitter = session.now_ms(), self._jitter()

        def later(found: Polling) -> Polling:
            course = found.courses[resource.name]
            kind = course.running.kind if course.running is not None else "full"
            stopped = steps.stopped(course, trouble=reason)
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
            changed = steps.heard(course, now_ms) if course is not None else None
            return found if changed is None else courses.with_course(found, name, changed)

        await self.change(session.account.account, noted)

    def plan(self, session: Session) -> Plan:
        return plan_of(session.settings.polling, session.account.per_month, self._table)
