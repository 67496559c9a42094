"""One pass over one resource: page after page, and in the end a look at those that a full pass did not show.

    page read -> inbox + snapshots -> ids of the page marked -> cursor moved -> next page
                                                              |-- last list of a full pass: absent = known - marked

Absence is only believed of a complete pass whose items could all be read, and then Holded is asked by id: 404 is a
deletion, an answer shows that it was moved between pages while we walked. A refusal of one id says neither: it is asked
for again by the next pass, and the others are asked all the same. Where many are missing at once, a few are asked first:
a list that lied is no reason for a call each.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from relay.domain import polling as courses
from relay.domain import polling_steps as steps
from relay.domain import snapshots as judging
from relay.domain.polling_cadence import DAY_MS, offset_ms
from relay.domain.polling_steps import Page
from relay.domain.standing import OF_ONE_KIND
from relay.errors import BadInput, NotAllowed, NotFound, Rejected, RetryAt
from relay.holded import polled_requests
from relay.services.desk import NO_ATTEMPT
from relay.services.reread_share import take, taken_call
from relay.services.times import from_ms

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from relay.domain.polling import Course, Pass, Polling
    from relay.domain.snapshots import Snapshot
    from relay.holded.polled import Resource
    from relay.holded.protocol import Reply, Request
    from relay.ports.polling import Polls, Snapshots
    from relay.services.answers import Answers
    from relay.services.session import Session
    from relay.services.sightings import Sightings

    Change = Callable[[str, Callable[[Polling], Polling]], Awaitable[Polling]]

SHARE = "polling_share"
"""Reason of a poll that has used up its share of the month."""
NOBODYS = (*NO_ATTEMPT, SHARE)
"""Refusals that are not about the resource: calls, time or the account."""
MOST_ASKED = 25
"""Absent objects asked for in one pass; who is left is absent in the next one, too."""
MOST_THERE = 2
"""Of those that are there all the same, so many are asked for by a pass of few pages."""
SAMPLE = 3
MANY = 10
_PATIENCE_MS = 3600_000
"""Trouble of Holded's own that keeps to one object so long is that object's."""


class PollPass:
    def __init__(
        self, *, polls: Polls, snapshots: Snapshots, sightings: Sightings, answers: Answers, change: Change
    ) -> None:
        self._polls = polls
        self._snapshots = snapshots
        self._sightings = sightings
        self._answers = answers
        self._change = change

    async def run(
        self, session: Session, resource: Resource, *, allowance: int, briefs: int = 0, hurried: bool = False
    ) -> None:
        """Go on until the pass is through. Raises `RetryAt` for lack of calls or time: it goes on another time.

        One that webhooks hurry goes on once it has begun, whatever is left of their share: what it takes too much is
        missing from it later.
        Raises `NotFound`, `Rejected` and `BadInput` for what Holded refuses of the lists themselves.
        """
        account = session.account.account
        now_ms = session.now_ms()
        state = await self._change(account, lambda found: _begun(found, resource, now_ms, briefs, hurried=hurried))
        while True:
            running = _running(state, resource)
            if running is None or running.absent:
                break
            state = await self._page(session, resource, state, running, allowance)
        if running is not None and running.kind == "full" and running.whole and not running.baseline:
            await self._absent(session, resource, running, allowance)

    async def _page(
        self, session: Session, resource: Resource, state: Polling, running: Pass, allowance: int
    ) -> Polling:
        account = session.account.account
        course = state.courses[resource.name]
        queries = polled_requests.lists_of(
            resource,
            full=running.kind == "full",
            started_ms=running.started_ms,
            last_ms=max(course.full_ms, course.recent_ms),
            brief=running.brief,
            reach=running.reach,
        )
        parent, following = await self._parents(account, resource, running)
        if running.place >= len(queries) or (resource.parent and not parent):
            return await self._moved(session, resource, running, Page(cursor=None, lists=0))
        request = polled_requests.page(resource, queries[running.place], cursor=running.cursor, parent=parent)
        sent_ms = session.now_ms()
        shown: Sequence[Any] = ()
        cursor = None
        try:
            reply = await _call(session, request, running, state, allowance)
        except NotFound:
            if not parent:
                raise
            # The parent was deleted meanwhile: its list is through.
        else:
            shown, cursor = reply.value.items, reply.value.cursor
        items, unread, nameless = polled_requests.observed(resource, shown, query=queries[running.place], parent=parent)
        waiting = [each for each in items if each.id in course.joined]
        answered = await self._answers.of_page(session, resource, waiting, sent_ms=sent_ms)
        changes = await self._sightings.page(session, resource, items, sent_ms=sent_ms, baseline=running.baseline)
        if running.kind == "full":
            ids = [*(each.id for each in items), *unread]
            await self._polls.mark(account, resource.name, running.id, page=running.page, ids=ids)
        page = Page(
            cursor=cursor,
            lists=len(queries),
            parent=parent,
            following=following,
            changes=changes,
            unread=len(unread),
            nameless=nameless,
            answered=answered,
        )
        return await self._moved(session, resource, running, page, calls=1)

    async def _moved(
        self, session: Session, resource: Resource, running: Pass, page: Page, *, calls: int = 0
    ) -> Polling:
        now_ms = session.now_ms()

        def onward(found: Polling) -> Polling:
            course = found.courses[resource.name]
            if course.running != running:
                return found  # two drains, against all odds: the other was faster, its page counts
            moved = courses.with_course(found, resource.name, steps.paged(course, page, now_ms=now_ms))
            return courses.spent(moved, resource.name, calls, hurried=running.hurried)

        return await self._change(session.account.account, onward)

    async def _parents(self, account: str, resource: Resource, running: Pass) -> tuple[str, str]:
        """Whose list it is now, and whose comes after it; by their ids, so that who comes or goes meanwhile moves no other."""
        if not resource.parent:
            return "", ""
        parents = sorted([each async for each, _ in self._snapshots.known(account, resource.parent)])
        now = running.parent or (parents[0] if parents else "")
        return now, next((each for each in parents if each > now), "")

    async def _absent(self, session: Session, resource: Resource, running: Pass, allowance: int) -> None:
        """Ask for those that the pass did not show. What is known here by a window of days is never concluded from absence."""
        if resource.listing == "window":
            return
        account = session.account.account
        shown = await self._polls.marked(account, resource.name, running.id)
        known = 0
        absent: dict[str, Snapshot] = {}
        async for holded_id, snapshot in self._snapshots.known(account, resource.name):
            known += 1
            if holded_id not in shown and snapshot.number and snapshot.seen_ms <= running.started_ms:
                if judging.rests(snapshot, pass_ms=running.started_ms):
                    known -= 1
                else:
                    absent[holded_id] = snapshot
        if not resource.read:
            if known > MANY and not shown:
                return  # an empty list where many were known, and nobody to ask: the next pass will tell
            for holded_id in absent:
                await session.give_way()
                await self._sightings.missed(session, resource, holded_id, pass_ms=running.started_ms)
            return
        suspicious = len(absent) > MANY and len(absent) * 2 > known
        # In another order each time: whoever Holded never answers for must not stand before the same others for ever. Who was
        # there the last time comes after those of whom nothing is known.
        order = sorted(absent, key=lambda each: (absent[each].unlisted, offset_ms(running.id, each, DAY_MS)))
        asked = there = 0
        for holded_id in order[:MOST_ASKED]:
            doubted = suspicious and asked < SAMPLE
            was_there = await self._ask(session, resource, running, holded_id, allowance, unlisted=not doubted)
            if doubted and was_there:
                return  # the list lied: nothing is concluded from it
            asked += was_there is not None
            there += was_there is True
            if there >= max(MOST_THERE, running.page):
                return  # those who are there cost no more than the lists did; who is left is absent in the next pass, too

    async def _ask(
        self, session: Session, resource: Resource, running: Pass, holded_id: str, allowance: int, *, unlisted: bool
    ) -> bool | None:
        """Whether it is there, None where Holded does not say. It counts as asked for, should the pass be cut off here.

        `unlisted`: the lists are believed, and if it is there all the same it is not in them.
        """
        account = session.account.account
        state = await self._change(account, lambda found: found)
        sent_ms = session.now_ms()
        was_there, told, refused = None, "", ""
        try:
            request = polled_requests.one(resource, holded_id)
            observed = (await _call(session, request, running, state, allowance)).value
        except NotFound:
            was_there = False
            told = await self._sightings.gone(session, resource, holded_id, sent_ms=sent_ms)
        except (Rejected, BadInput, NotAllowed, RetryAt) as refusal:
            if not _is_of_one(refusal, state.courses[resource.name]):
                raise
            refused = refusal.reason
        else:
            was_there = True
            told = await self._sightings.see(session, resource, observed, sent_ms=sent_ms, unlisted=unlisted)
        current = _running(state, resource) or running
        page = current.page
        await self._polls.mark(account, resource.name, running.id, page=page, ids=[holded_id])

        def counted(found: Polling) -> Polling:
            course = found.courses[resource.name]
            looked = steps.looked(course, told=bool(told), gone=was_there is False, refused=refused)
            counted = courses.with_course(found, resource.name, looked)
            return courses.spent(counted, resource.name, 1, hurried=running.hurried)

        await self._change(account, counted)
        return was_there


def _begun(found: Polling, resource: Resource, now_ms: int, briefs: int, *, hurried: bool) -> Polling:
    course = found.courses[resource.name]
    if course.running is not None:
        return found
    if hurried and resource.has_brief:
        briefs = course.briefs + 1
    begun = steps.begun(course, now_ms=now_ms, recent=resource.has_recent, briefs=briefs, hurried=hurried)
    return courses.with_course(found, resource.name, begun)


def _running(state: Polling, resource: Resource) -> Pass | None:
    return state.courses[resource.name].running


def _is_of_one(refusal: Rejected | BadInput | NotAllowed | RetryAt, course: Course) -> bool:
    """Whether it is about the object asked for: any other may still be answered for."""
    if isinstance(refusal, NotAllowed):
        return refusal.reason in OF_ONE_KIND
    if isinstance(refusal, RetryAt):
        lasts = refusal.reason == "reply_unexpected" or course.wait_ms >= _PATIENCE_MS
        return lasts and not refusal.reason.startswith(NOBODYS)
    return True


async def _call(session: Session, request: Request, running: Pass, state: Polling, allowance: int) -> Reply:
    if running.hurried:
        take(session)
        return await taken_call(session, request)
    within(state, allowance)
    return await session.call(request, "background", optional=True)


def within(state: Polling, allowance: int) -> None:
    """Polling keeps to its share of the month, also in the middle of a pass. Raises `RetryAt`."""
    if state.calls >= allowance:
        raise RetryAt(SHARE, retry_at=from_ms(courses.next_month_ms(state)))
