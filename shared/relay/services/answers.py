"""A look at the object of a webhook's hint, and what it comes to: by a read of its own, or by a page of a list that shows it.

Either way it is compared with what was seen of it last (`relay.services.sightings`), as the answer to that webhook: what
nobody has seen before is told by the webhook's own word, and the look counts as one even where it shows nothing new.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from relay.domain import transitions
from relay.domain.decisions import Fact
from relay.domain.ledger import Key
from relay.domain.models import Event, Hint
from relay.errors import RetryAt
from relay.services.copies import event_of
from relay.services.job import pack_event
from relay.services.times import at_ms

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from relay.domain.ledger import Row
    from relay.domain.snapshots import Unseen
    from relay.holded.polled import Observed, Resource
    from relay.ports.inbox import Inbox
    from relay.ports.polling import Polls
    from relay.services.desk import Desk
    from relay.services.session import Session
    from relay.services.sightings import Sightings

_LAG = timedelta(minutes=1)
_ECHO_MS = 5 * 60_000
"""A webhook may come this much later than the write it echoes and still be taken for its echo."""

POLLED = "poll:"
"""How the id of a hint begins that a poll gives itself. What it saw is no echo, and the look is paid by polling."""

_UNSEEN: Mapping[str, Unseen] = {"update": "updated", "approve": "approved"}
"""What a hint says of an object that nobody has seen before."""


class Answers:
    def __init__(self, *, inbox: Inbox, desk: Desk, sightings: Sightings, polls: Polls) -> None:
        self._inbox = inbox
        self._desk = desk
        self._sightings = sightings
        self._polls = polls

    async def of_page(
        self, session: Session, resource: Resource, shown: Sequence[Observed], *, sent_ms: int
    ) -> Sequence[str]:
        """Answer the hints of these objects by what a page shows of them. Returns whose hint has its end now.

        One that came after the page was asked for is left alone, as is one that has to wait for our own record, and one that
        the page shows less of than a read would.
        """
        done = []
        for each in shown:
            await session.give_way()
            row = await self._desk.ledger.get(reread_key(session.account.account, resource.name, each.id))
            if row is None or row.state != "waiting":
                done.append(each.id)  # somebody answered or ended it meanwhile
            elif row.updated_ms <= sent_ms and await self._answered(session, resource, row, each, sent_ms):
                done.append(each.id)
        return done

    async def _answered(self, session: Session, resource: Resource, row: Row, observed: Observed, sent_ms: int) -> bool:
        event = await event_of(self._inbox, row)
        if event is None:  # its own turn tells of that; a page is for many
            return False
        if not isinstance(event.data, Hint):
            return True
        if await self.is_echo(session, event, event.data):
            return await self.end(session, row, "echo")
        if _says_less(observed, event, event.data):
            return False
        if observed.payment and await self._sightings.lags(session, resource, observed, sent_ms=sent_ms):
            return False
        try:
            told = await self.seen(session, resource, event, event.data, observed, sent_ms=sent_ms)
        except RetryAt as refusal:
            await self.again(
                session, row, hint_fact(event, event.data), at_ms(refusal.retry_at), refusal.reason, failed=False
            )
            return False
        return await self.end(session, row, told or "unchanged")

    async def seen(
        self, session: Session, resource: Resource, event: Event, hint: Hint, observed: Observed, *, sent_ms: int
    ) -> str:
        """Returns the inbox id of what the look told, empty when nothing changed."""
        unseen = _UNSEEN.get(hint.action, "created")
        if unseen != "created" and await self._has_baseline(event.account, resource.name):
            # A full pass has seen all others: it is new, and the webhook that said so is lost or late.
            unseen = "created"
        when = hint.at or event.time
        return await self._sightings.see(
            session,
            resource,
            observed,
            sent_ms=sent_ms,
            unseen=unseen,
            when=when,
            asked=True,
            made=hint.action == "create",
        )

    async def gone(self, session: Session, resource: Resource, event: Event, hint: Hint, *, sent_ms: int) -> str:
        """A read did not find it, or the webhook says that it was deleted."""
        when = hint.at or event.time
        return await self._sightings.gone(session, resource, hint.holded_id, sent_ms=sent_ms, when=when)

    async def is_echo(self, session: Session, event: Event, hint: Hint) -> bool:
        if event.id.startswith(POLLED):
            return False
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

    async def end(self, session: Session, row: Row, reason: str) -> bool:
        """False: the row moved. Another webhook of the object came meanwhile, and wants to be answered, too."""
        ended = transitions.ended(row, now_ms=session.now_ms(), state="ignored", reason=reason)
        if not await self._desk.write(ended):
            return False
        session.note(ended)
        return True

    async def again(
        self, session: Session, row: Row, fact: Fact, due_ms: int, reason: str, *, failed: bool = False
    ) -> None:
        parked = transitions.parked(row, fact, now_ms=session.now_ms(), due_ms=due_ms, reason=reason, failed=failed)
        if await self._desk.write(parked):
            session.note(parked)

    async def _has_baseline(self, account: str, name: str) -> bool:
        """Whether a full pass has seen all objects of a kind: one without a snapshot is new since."""
        found = await self._polls.load(account)
        course = found.courses.get(name) if found is not None else None
        return course is not None and course.full_ms > 0


def _says_less(observed: Observed, event: Event, hint: Hint) -> bool:
    """A list that does not tell of the approval; or, by Holded's own time of its change, an older state: a copy that lags."""
    if hint.action == "approve" and not observed.approved:
        return True
    return observed.updated_at is not None and observed.updated_at < (hint.at or event.time) - _LAG


def reread_key(account: str, name: str, holded_id: str) -> Key:
    """One row an object: several hints of it become one re-read."""
    return Key(account=account, source="holded", object_id=f"{name}:{holded_id}", purpose="reread")


def hint_fact(event: Event, hint: Hint, *, again: bool = False) -> Fact:
    """A re-read waits in the line of the class that pays for it: where that has no call left, nobody tries each of many."""
    return Fact(
        key=reread_key(event.account, hint.object, hint.holded_id),
        event_id=event.id,
        event_type=event.type,
        version=event.version,
        monotone=True,
        digest="",
        priority="background",
        kind="hint",
        event=pack_event(event),
        again=again,
    )
