"""What a Holded webhook is worth: a hint that something may have changed.

An echo of our own write is dropped by its Holded id before a call is spent. Everything else waits a moment (the echo may
be faster than our own record of the write; several hints of one object become one re-read), is read again, compared with
the snapshot, and what changed goes into the inbox like any webhook.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, cast

from relay.domain import transitions, wire
from relay.domain.decisions import Fact
from relay.domain.ledger import Key
from relay.domain.models import Event, Hint
from relay.domain.sources import identity, reread
from relay.errors import BadInput, NotAllowed, NotFound, Rejected, RetryAt
from relay.holded import requests, requests_products, unified
from relay.services.desk import NO_ATTEMPT
from relay.services.job import pack_event, unpack_event
from relay.services.times import at_ms

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from relay.domain.documents import DocType, Priority
    from relay.domain.ledger import Row
    from relay.domain.models import Model
    from relay.ports import Inbox, Snapshots
    from relay.services.desk import Desk
    from relay.services.session import Session

_ECHO_MS = 5 * 60_000
"""A webhook may come this much later than the write it echoes and still be taken for its echo."""


_NEVER_OURS = frozenset({"approve", "delete"})
"""Hints that take the place of one that waits: an `update` or `create` may turn out to be our echo, these may tell more."""


class Hints:
    def __init__(self, *, desk: Desk, inbox: Inbox, snapshots: Snapshots, jitter: Callable[[], float]) -> None:
        self._desk = desk
        self._inbox = inbox
        self._snapshots = snapshots
        self._jitter = jitter

    async def take_in(self, session: Session, event: Event, hint: Hint, *, again: bool = False) -> str | None:
        """Drop an echo, or put the re-read into the waiting room. Spends no call. `again`: a replay brings it."""
        if hint.object not in unified.NAMES:
            return "ignored:not_followed"
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
        """Returns the inbox id of the event that was made, empty when nothing changed."""
        name = unified.NAMES[hint.object]
        seen = await self._snapshots.get(event.account, hint.object, hint.holded_id)
        # The hint's own instant: a re-read that died before its snapshot makes the very same delivery again.
        when = hint.at or event.time
        data = None if hint.action == "delete" else await self._read(session, hint, when, priority)
        if data is None:
            # Gone in Holded: the last thing known of it is its id.
            verb, data = "deleted", unified.gone(hint.object, hint.holded_id, seen_at=when)
        else:
            verb = "created" if seen is None and hint.action == "create" else "updated"
            verb = "approved" if hint.action == "approve" else verb
        print_of = unified.fingerprint({"deleted": verb == "deleted"} | wire.dump_data(f"{name}.{verb}", data))
        if seen is not None and seen.get("fingerprint") == print_of:
            return ""
        number = int(seen.get("number", 0)) + 1 if seen is not None else 1
        fact = replace(
            event,
            type=f"{name}.{verb}",
            subject=hint.holded_id,
            time=when,
            version=number,
            monotone=False,
            data=data,
        )
        delivery = reread.delivery_of(fact, kind=hint.object, received_at=session.clock.now())
        # The inbox first: if the snapshot is not written, the next re-read makes the same delivery, which is a duplicate.
        await self._inbox.put(delivery, digest=identity.body_digest(delivery.body))
        fields = {"fingerprint": print_of, "number": number}
        await self._snapshots.put(event.account, hint.object, hint.holded_id, fields, seen_ms=session.now_ms())
        return delivery.inbox_id

    async def _read(self, session: Session, hint: Hint, when: datetime, priority: Priority) -> Model | None:
        try:
            if hint.object == "contact":
                return unified.contact((await session.call(requests.get_contact(hint.holded_id), priority)).value)
            if hint.object == "product":
                return unified.product(
                    (await session.call(requests_products.get_product(hint.holded_id), priority)).value
                )
            doc_type = cast("DocType", hint.object)
            reply = await session.call(requests.get_document(doc_type, hint.holded_id), priority)
            return unified.document(doc_type, reply.value, seen_at=when)
        except NotFound:
            return None


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
