"""Whether a webhook's re-read gets a call of its own now, or waits for a pass of its resource to show the object.

    the webhooks' share has a call ---> a read of its own
         | it has none, or several wait already
         v
    joins the next pass, which is hurried where it answers more than it costs ---> a page shows it ---> answered
         | the pass did not show it (an old document)
         v
    waits for a call of its own

Calls come back with the month's pace, one after the other, and go where most has been waited for each. A page answers all
who joined, so that is mostly a pass. The row in the ledger is what is remembered; the list of who joined only says whom a
page is to answer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from relay.domain.polling import ANY, Polling
from relay.domain.polling_steps import waits_for_another
from relay.errors import RetryAt
from relay.services.poll_state import join
from relay.services.reread_share import share_from_ms, take
from relay.services.times import from_ms

if TYPE_CHECKING:
    from relay.domain.ledger import Row
    from relay.domain.polling import Course
    from relay.holded.polled import Resource
    from relay.ports.ledger import Ledger
    from relay.ports.polling import Polls
    from relay.services.poll import Poll
    from relay.services.poll_plan import Plan
    from relay.services.session import Session

FIRST_LOOK, JOINS, OWN_CALL = "reread", "joins_poll", "reread_share"
"""Why a hint waits: its echo may be faster than our record; a pass may show it; the webhooks' share has no call for it."""
_AFTER_MS = 3600_000
"""Who joined a hurried pass looks this much later whether it was shown."""


class Turns:
    def __init__(self, *, poll: Poll, polls: Polls, ledger: Ledger) -> None:
        self._poll = poll
        self._polls = polls
        self._ledger = ledger

    async def take(self, session: Session, row: Row, resource: Resource, holded_id: str, *, told_ms: int) -> None:
        """It may be read now: the call is counted. Else raises `RetryAt`. `told_ms` is the webhook's own instant."""
        async with session.lock("rereads"):
            plan = self._poll.plan(session)
            state, course = await self._found(session, plan, resource)
            now_ms = session.now_ms()
            if course is not None and _passed_over(row, course, holded_id):
                course = None
            first = plan.calls_before(state, waited_ms=now_ms - told_ms, now_ms=now_ms)
            own_ms = share_from_ms(session, plan, 1 + first)
            served = course is not None and _serves(plan, state, resource, course, holded_id)
            if not served and not own_ms:
                take(session)
                return
            if course is None:
                raise RetryAt(OWN_CALL, retry_at=from_ms(own_ms))
            at_ms = _begins_ms(session, plan, resource, course) if served else 0
            joined = await self._join(session, resource, holded_id, at_ms)
            waits_ms = at_ms + _AFTER_MS if served else own_ms
            raise RetryAt(JOINS if joined else FIRST_LOOK, retry_at=from_ms(waits_ms))

    async def hurry(self, session: Session, resource: Resource) -> bool:
        """The resource's next pass is hurried, whatever it may show: in a moment, for all whose webhooks come until then.

        False: it is not polled.
        """
        async with session.lock("rereads"):
            plan = self._poll.plan(session)
            _, course = await self._found(session, plan, resource)
            if course is not None and waits_for_another(course, ANY):
                soon_ms = session.now_ms() + session.timing.echo_ms
                begins_ms = max(soon_ms, _begins_ms(session, plan, resource, course))
                await self._join(session, resource, ANY, begins_ms if _may_be_hurried(course) else 0)
            return course is not None

    async def _found(self, session: Session, plan: Plan, resource: Resource) -> tuple[Polling, Course | None]:
        """The state of polling, and of the resource's where the account polls it."""
        account = session.account.account
        state = await self._polls.load(account) or Polling(account=account)
        polled = any(each.name == resource.name for each in plan.resources)
        return state, state.courses.get(resource.name) if polled else None

    async def _join(self, session: Session, resource: Resource, holded_id: str, hurry_ms: int) -> bool:
        account, now_ms = session.account.account, session.now_ms()
        course, row = await join(
            self._polls, self._ledger, account, resource.name, holded_id, now_ms=now_ms, hurry_ms=hurry_ms
        )
        if row is not None:
            session.note(row)
        return holded_id in course.joined


def _passed_over(row: Row, course: Course, holded_id: str) -> bool:
    """A pass was through since it joined, and did not show it."""
    return row.reason == OWN_CALL or (row.reason == JOINS and holded_id not in course.joined)


def _serves(plan: Plan, state: Polling, resource: Resource, course: Course, holded_id: str) -> bool:
    """Whether a pass is worth its calls, and can begin."""
    if not _may_be_hurried(course) or (course.running is not None and state.calls >= plan.allowance):
        return False
    return resource.hint == "list" or len({*course.joined, holded_id}) > plan.hurried_calls(resource, course)


def _may_be_hurried(course: Course) -> bool:
    """Not before the first pass, which is due anyway and tells nothing of what it shows first; nor what Holded refuses."""
    return course.full_ms > 0 and not course.trouble


def _begins_ms(session: Session, plan: Plan, resource: Resource, course: Course) -> int:
    """When the share suffices for the pass, and the one before is long enough ago."""
    suffices_ms = share_from_ms(session, plan, plan.hurried_calls(resource, course))
    return max(session.now_ms(), suffices_ms, plan.hurried_after_ms(resource, course))
