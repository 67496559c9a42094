"""What a Holded webhook is worth: a hint that something may have changed.

An echo of our own write is dropped by its Holded id before a call is spent. Everything else waits a moment (the echo may
be faster than our own record of the write; several hints of one object become one re-read), is read when it is its turn
(`relay.services.turns`), and goes the way of everything that is seen in Holded (`relay.services.sightings`).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from relay.domain import transitions
from relay.domain.models import Event, Hint
from relay.errors import BadInput, NotAllowed, NotFound, Rejected, RetryAt
from relay.holded import polled_requests
from relay.holded.polled_table import FOLLOWED
from relay.services.answers import POLLED, hint_fact, reread_key
from relay.services.desk import NO_ATTEMPT
from relay.services.reread_share import taken_call
from relay.services.times import at_ms
from relay.services.turns import FIRST_LOOK

if TYPE_CHECKING:
    from collections.abc import Callable

    from relay.domain.ledger import Key, Row
    from relay.services.answers import Answers
    from relay.services.desk import Desk
    from relay.services.paid_documents import PaidDocuments
    from relay.services.poll import Poll
    from relay.services.session import Session
    from relay.services.turns import Turns

_REFUSED_MS = 24 * 3600_000
"""What a poll wants to look at and Holded refuses is asked for again so much later."""
_NEVER_OURS = frozenset({"approve", "delete"})
"""Hints that take the place of one that waits: an `update` or `create` may turn out to be our echo, these may tell more."""


class Hints:
    def __init__(
        self,
        *,
        desk: Desk,
        answers: Answers,
        turns: Turns,
        paid: PaidDocuments,
        poll: Poll,
        jitter: Callable[[], float],
    ) -> None:
        self._desk = desk
        self._answers = answers
        self._paid = paid
        self._turns = turns
        self._poll = poll
        self._jitter = jitter

    async def take_in(self, session: Session, event: Event, hint: Hint, *, again: bool = False) -> str | None:
        """Drop an echo, or put the re-read into the waiting room. Spends no call. `again`: a replay brings it."""
        resource = FOLLOWED.get(hint.object)
        if resource is None:
            return "ignored:not_followed"
        await self._poll.heard(session, hint.object)
        if not resource.read or not hint.holded_id:
            return "ignored:hurries_poll" if await self._turns.hurry(session, resource) else "ignored:not_polled"
        if await self._answers.is_echo(session, event, hint):
            return "ignored:echo"
        fact = hint_fact(event, hint, again=again)
        row = await self._desk.ledger.get(fact.key)
        now_ms = session.now_ms()
        due_ms = now_ms + session.timing.echo_ms
        if row is None or row.state != "waiting" or hint.action in _NEVER_OURS or row.event_id.startswith(POLLED):
            waits = transitions.parked(row, fact, now_ms=now_ms, due_ms=due_ms, reason=FIRST_LOOK)
        elif row.reason == FIRST_LOOK and row.due_ms > now_ms:
            return f"waiting:{FIRST_LOOK}"
        else:
            # A read or a page that shows the object may be under way, and older than this.
            waits = replace(row, rev=row.rev + 1, updated_ms=now_ms, due_ms=due_ms)
        if not await self._desk.write(waits):
            return None
        session.note(waits)
        return f"waiting:{FIRST_LOOK}"

    async def resume(self, session: Session, row: Row, event: Event) -> None:
        """Look again whether it was our own write, else read the object when it is its turn, and emit what changed."""
        hint = event.data
        if not isinstance(hint, Hint):
            raise Rejected("not_a_hint", detail=f"the row of {row.event_type} holds another event")
        if await self._answers.is_echo(session, event, hint):
            await self._answers.end(session, row, "echo")
            return
        fact = hint_fact(event, hint)
        try:
            published = await self._reread(session, row, event, hint)
        except RetryAt as refusal:
            failed = not refusal.reason.startswith(NO_ATTEMPT)
            due_ms = at_ms(refusal.retry_at)
            if failed:
                due_ms = max(due_ms, session.now_ms() + transitions.backoff_ms(row.attempts, jitter=self._jitter()))
            await self._answers.again(session, row, fact, due_ms, refusal.reason, failed=failed)
        except NotAllowed as refusal:
            if session.blocked is None:  # the token may not read this, and nothing but a webhook asks for it
                await self._answers.end(session, row, refusal.reason)
            else:
                await self._answers.again(session, row, fact, session.now_ms(), f"blocked_{refusal.reason}")
        except (Rejected, BadInput) as refusal:
            if event.id.startswith(POLLED):  # not known, as of whoever a full pass asks for in vain
                await self._answers.again(
                    session, row, fact, session.now_ms() + _REFUSED_MS, refusal.reason, failed=True
                )
                return
            parked = transitions.reviewed(
                row, fact, now_ms=session.now_ms(), reason=refusal.reason, detail=refusal.detail
            )
            await self._desk.write(parked)
        else:
            await self._answers.end(session, row, published or "unchanged")

    async def _reread(self, session: Session, row: Row, event: Event, hint: Hint) -> str:
        """Returns the inbox id of what the look told, empty when nothing changed."""
        resource = FOLLOWED[hint.object]
        if hint.action == "delete":
            return await self._answers.gone(session, resource, event, hint, sent_ms=session.now_ms())
        request = polled_requests.one(resource, hint.holded_id)
        polled = event.id.startswith(POLLED)
        if polled and not await self._paid.turn(session, row, resource, hint):
            return ""
        if not polled:
            told_ms = at_ms(hint.at or event.time)
            await self._turns.take(session, row, resource, hint.holded_id, told_ms=told_ms)
        sent_ms = session.now_ms()
        try:
            call = self._paid.call(session, resource, request) if polled else taken_call(session, request)
            observed = (await call).value
        except NotFound:
            return await self._answers.gone(session, resource, event, hint, sent_ms=sent_ms)
        return await self._answers.seen(session, resource, event, hint, observed, sent_ms=sent_ms)


def hint_key(account: str, hint: Hint) -> Key:
    return reread_key(account, hint.object, hint.holded_id)
