"""A payment that is seen leads to a look at its document: once paid, an old one stands in no list of what is open.

    a payment is new, other or gone ---> its document was seen since, or is paid by what is known ---> nothing
         | the document does not show it yet
         v
    joins the next pass of its kind, whose window goes back to its day ---> a page shows it ---> answered
         | it is older than few pages reach, or the pass did not show it
         v
    waits for one of polling's own calls

It is a hint like a webhook's, one row a document, and the row is written before the payment is told: whoever dies in
between sees the payment again. But it is never an echo, and its calls are polling's own.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from relay.domain import paid, transitions
from relay.domain import polling as courses
from relay.domain import polling_steps as steps
from relay.domain.models import Event, Hint, Payment
from relay.errors import NotAllowed, RetryAt, Unavailable
from relay.holded.formats import MADRID
from relay.services import poll_state
from relay.services.answers import POLLED, hint_fact
from relay.services.poll_plan import plan_of
from relay.services.times import at_ms, from_ms
from relay.services.turns import JOINS, OWN_CALL

if TYPE_CHECKING:
    from collections.abc import Sequence

    from relay.domain.ledger import Row
    from relay.domain.models import Model
    from relay.domain.polling import Polling
    from relay.domain.snapshots import Snapshot
    from relay.holded.polled import Resource
    from relay.holded.protocol import Reply, Request
    from relay.ports.polling import Polls, Snapshots
    from relay.services.desk import Desk
    from relay.services.poll_plan import Plan
    from relay.services.session import Session

_TRIES = 5
_AFTER_MS = 3600_000
"""Who joined looks so long after the pass whether it was shown."""
_DAY_MS = 24 * 3600_000
_KINDS = frozenset({"invoice", "credit_note"})


class PaidDocuments:
    def __init__(self, *, desk: Desk, polls: Polls, snapshots: Snapshots, table: Sequence[Resource]) -> None:
        self._desk = desk
        self._polls = polls
        self._snapshots = snapshots
        self._table = table

    async def told(self, session: Session, before: Snapshot | None, verb: str, payment: Model, *, seen_ms: int) -> None:
        """A payment is about to be told: whichever document it is of, or was, is to be looked at if that does not show it."""
        if not isinstance(payment, Payment):
            return
        known = before.data if before is not None else {}
        after = {"amount": str(payment.amount), "document_id": payment.document_id}
        if not paid.is_reason(verb, known, after):
            return
        for document_id in {payment.document_id, known.get("document_id")}:
            if document_id:
                await self._look_at(session, verb, str(document_id), asked=f"{POLLED}{payment.id}", seen_ms=seen_ms)

    async def _look_at(self, session: Session, verb: str, document_id: str, *, asked: str, seen_ms: int) -> None:
        account = session.account.account
        for resource in _payable(self._plan(session)):
            document = await self._snapshots.get(account, resource.name, document_id)
            if document is None:
                continue
            if not paid.explains(document, seen_ms=seen_ms, verb=verb):
                hint = Hint(object=resource.name, action="update", holded_id=document_id, at=from_ms(seen_ms))
                await self._wait(session, resource, document, _event(account, asked, hint, seen_ms), hint)
            return

    async def _wait(self, session: Session, resource: Resource, document: Snapshot, event: Event, hint: Hint) -> None:
        account, now_ms = session.account.account, session.now_ms()
        course = (await self._state(account)).courses.get(resource.name)
        day = paid.day_of(document)
        oldest = from_ms(now_ms).astimezone(MADRID).date() - timedelta(days=course.reach_days if course else 0)
        joins = course is not None and bool(course.full_ms) and day is not None and day >= oldest
        due_ms = max(now_ms, course.own_ms if course is not None and joins else 0) + session.timing.echo_ms
        if not await self._park(session, event, hint, due_ms, JOINS if joins else OWN_CALL):
            return
        if joins and day is not None:

            def joined(found: Polling) -> Polling:
                there = found.courses[resource.name]
                with_it = steps.joined(there, hint.holded_id, now_ms=now_ms, reach=day.isoformat())
                return courses.with_course(found, resource.name, with_it)

            await poll_state.change(self._polls, account, joined)

    async def _park(self, session: Session, event: Event, hint: Hint, due_ms: int, reason: str) -> bool:
        """False: it waits already, for whatever reason. What was asked for before the payment was seen does not answer it."""
        fact, now_ms = hint_fact(event, hint), session.now_ms()
        for _ in range(_TRIES):
            row = await self._desk.ledger.get(fact.key)
            waits = row is not None and row.state == "waiting"
            if row is not None and waits and row.updated_ms >= event.version:
                return False
            if row is not None and waits:
                parked = replace(row, rev=row.rev + 1, updated_ms=now_ms)
            else:
                parked = transitions.parked(row, fact, now_ms=now_ms, due_ms=due_ms, reason=reason)
            if await self._desk.write(parked):
                session.note(parked)
                return not waits
        raise Unavailable("row_contended", detail="the look at a document that was paid kept moving")

    async def turn(self, session: Session, row: Row, resource: Resource, hint: Hint) -> bool:
        """It may be read now, and the call is counted. False: it needs no look any more. Else raises `RetryAt`."""
        account = session.account.account
        async with session.lock("rereads"):
            plan, state, now_ms = self._plan(session), await self._state(account), session.now_ms()
            document = await self._snapshots.get(account, resource.name, hint.holded_id)
            seen = document is not None and hint.at is not None and paid.explains(document, seen_ms=at_ms(hint.at))
            course = state.courses.get(resource.name)
            if seen or course is None or resource not in _payable(plan):
                return False
            if row.reason == JOINS and hint.holded_id in course.joined:
                raise RetryAt(JOINS, retry_at=from_ms(max(now_ms, course.own_ms) + _AFTER_MS))
            from_now_ms = paid.look_from_ms(courses.rolled(state, now_ms), now_ms=now_ms, allowance=plan.allowance)
            if from_now_ms > now_ms:
                raise RetryAt(OWN_CALL, retry_at=from_ms(min(from_now_ms, now_ms + _DAY_MS)))
            await self._count(account, resource, now_ms, 1)
        return True

    async def call(self, session: Session, resource: Resource, request: Request) -> Reply:
        """The call that was counted; one for which there is no token, or no time, is given back."""
        try:
            token = await session.reserve("background")
        except (RetryAt, NotAllowed):
            await self._count(session.account.account, resource, session.now_ms(), -1)
            raise
        return await session.send(request, token, optional=True)

    async def _count(self, account: str, resource: Resource, now_ms: int, calls: int) -> None:
        def counted(found: Polling) -> Polling:
            spent = courses.spent(courses.rolled(found, now_ms), resource.name, calls)
            return replace(spent, looks=max(0, spent.looks + calls))

        await poll_state.change(self._polls, account, counted)

    async def _state(self, account: str) -> Polling:
        return await self._polls.load(account) or courses.Polling(account=account)

    def _plan(self, session: Session) -> Plan:
        return plan_of(session.settings.polling, session.account.per_month, self._table)


def _event(account: str, asked: str, hint: Hint, seen_ms: int) -> Event:
    return Event(
        id=asked,
        account=account,
        source="holded",
        type=f"holded.{hint.object}.{hint.action}",
        subject=hint.holded_id,
        time=from_ms(seen_ms),
        version=seen_ms,
        monotone=True,
        data=hint,
        raw_ref="",
    )


def _payable(plan: Plan) -> Sequence[Resource]:
    """The kinds of documents that are polled and may be paid."""
    return [each for each in plan.resources if each.model in _KINDS and each.read]
