"""What a Holded webhook is worth: a hint that something may have changed.

An echo of our own write is dropped by its Holded id before a call is spent. Everything else waits a moment (the echo may
be faster than our own record of the write; several hints of one object become one re-read), is read again, and goes the
way of everything that is seen in Holded (`relay.services.sightings`).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from relay.domain import transitions
from relay.domain.decisions import Fact
from relay.domain.ledger import Key
from relay.domain.models import Event, Hint
from relay.errors import BadInput, NotAllowed, NotFound, Rejected, RetryAt
from relay.holded import polled_requests
from relay.holded.polled_table import FOLLOWED
from relay.services.desk import NO_ATTEMPT
from relay.services.job import pack_event, unpack_event
from relay.services.times import at_ms

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from relay.domain.documents import Priority
    from relay.domain.ledger import Row
    from relay.domain.snapshots import Unseen
    from relay.services.desk import Desk
    from relay.services.poll import Poll
    from relay.services.session import Session
    from relay.services.sightings import Sightings

_ECHO_MS = 5 * 60_000
"""A webhook may come this much later than the write it echoes and still be taken for its echo."""


_UNSEEN: Mapping[str, Unseen] = {"update": "updated", "approve": "approved"}
"""What a hint says of an object that nobody has seen before."""
_NEVER_OURS = frozenset({"approve", "delete"})
"""Hints that take the place of one that waits: an `update` or `create` may turn out to be our echo, these may tell more."""


class Hints:
    def __init__(self, *, desk: Desk, sightings: Sightings, poll: Poll, jitter: Callable[[], float]) -> None:
        self._desk = desk
        self._sightings = sightings
        self._poll = poll
        self._jitter = jitter

    async def take_in(self, session: Session, event: Event, hint: Hint, *, again: bool = False) -> str | None:
        """Drop an echo, or put the re-read into the waiting room. Spends no call. `again`: a replay brings it."""
        if hint.object not in FOLLOWED:
            return "ignored:not_followed"
        await self._poll.heard(session, hint.object)
        if await self._is_echo(session, event, hint):
            return "ignored:echo"
        fact = _fact(event, hint, "background" if again else "normal", again=again)
        row = await self._desk.ledger.get(fact.key)
        if row is not None and row.state == "waiting" and hint.action not in _NEVER_OURS:
            return "waiting:reread"
        due_ms = session.now_ms() + session.timing.echo_ms
        parked = transitions.parked(row, fact, now_ms=session.now_ms(), due_ms=due_ms, reason="reread")
        if not await self._desk.write(parked):
            return None
        session.note(parked)
        return "waiting:reread"

    async def resume(self, session: Session, row: Row) -> None:
        """Look again whether it was our own write, else read the object and emit what changed."""
        event = unpack_event(row.event)
        hint = event.data
        if not isinstance(hint, Hint):
            raise Rejected("not_a_hint", detail=f"the row of {row.event_type} holds another event")
        if await self._is_echo(session, event, hint):
            await self._end(session, row, "echo")
            return
        fact = replace(_fact(event, hint, row.priority), event=row.event)
        try:
            published = await self._reread(session, event, hint, row.priority)
        except RetryAt as refusal:
            failed = not refusal.reason.startswith(NO_ATTEMPT)
            due_ms = at_ms(refusal.retry_at)
            if failed:
                due_ms = max(due_ms, session.now_ms() + transitions.backoff_ms(row.attempts, jitter=self._jitter()))
            await self._again(session, row, fact, due_ms, refusal.reason, failed=failed)
        except NotAllowed as refusal:
            await self._again(session, row, fact, session.now_ms(), f"blocked_{refusal.reason}", failed=False)
        except (Rejected, BadInput) as refusal:
            parked = transitions.reviewed(
                row, fact, now_ms=session.now_ms(), reason=refusal.reason, detail=refusal.detail
            )
            await self._desk.write(parked)
        else:
            await self._end(session, row, published or "unchanged")

    async def _again(self, session: Session, row: Row, fact: Fact, due_ms: int, reason: str, *, failed: bool) -> None:
        parked = transitions.parked(row, fact, now_ms=session.now_ms(), due_ms=due_ms, reason=reason, failed=failed)
        if await self._desk.write(parked):
            session.note(parked)

    async def _end(self, session: Session, row: Row, reason: str) -> None:
        await self._desk.write(transitions.ended(row, now_ms=session.now_ms(), state="ignored", reason=reason))

    async def _is_echo(self, session: Session, event: Event, hint: Hint) -> bool:
        row = await self._desk.ledger.by_holded_id(event.account, hint.holded_id)
        if row is None or hint.action == "delete":
            return False
        if hint.number and not row.number and row.state == "confirmed":
            # Approval gave the draft its number: learned from the webhook, no call spent.
            numbered = replace(row, number=hint.number, rev=row.rev + 1, updated_ms=session.now_ms())
            await self._desk.write(numbered)
        if hint.action == "approve" and session.settings.policy.finish == "draft":
            return False
        if hint.total is not None and row.total is not None and hint.total != row.total:
            return False
        when_ms = at_ms(hint.at or event.time)
        return hint.action == "create" or abs(when_ms - row.written_ms) <= _ECHO_MS

    async def _reread(self, session: Session, event: Event, hint: Hint, priority: Priority) -> str:
        """Returns the inbox id of what the look told, empty when nothing changed."""
        resource = FOLLOWED[hint.object]
        when = hint.at or event.time
        sent_ms = session.now_ms()
        if hint.action == "delete":
            return await self._sightings.gone(session, resource, hint.holded_id, sent_ms=sent_ms, when=when)
        try:
            observed = (await session.call(polled_requests.one(resource, hint.holded_id), priority)).value
        except NotFound:
            return await self._sightings.gone(session, resource, hint.holded_id, sent_ms=sent_ms, when=when)
        unseen = _UNSEEN.get(hint.action, "created")
        if unseen != "created" and await self._poll.has_baseline(event.account, resource.name):
            unseen = (
                "created"  # a full pass has seen all others: it is new, and the webhook that said so is lost or late
            )
        return await self._sightings.see(
            session, resource, observed, sent_ms=sent_ms, unseen=unseen, when=when, asked=True
        )


def hint_key(account: str, hint: Hint) -> Key:
    """One row an object: several hints of it become one re-read."""
    return Key(account=account, source="holded", object_id=f"{hint.object}:{hint.holded_id}", purpose="reread")


def _fact(event: Event, hint: Hint, priority: Priority, *, again: bool = False) -> Fact:
    return Fact(
        key=hint_key(event.account, hint),
        event_id=event.id,
        event_type=event.type,
        version=event.version,
        monotone=True,
        digest="",
        priority=priority,
        kind="hint",
        event=pack_event(event),
        again=again,
    )
