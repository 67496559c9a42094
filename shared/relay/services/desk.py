"""The desk: every write of a ledger row that ends, parks or reviews a job, and what follows from it.

An end is a string for the inbox: `document:<id>`, `duplicate`, `ignored:<reason>`, `waiting:<reason>`, `review:<reason>`.
`None` means the event has no end yet and its inbox item stays open.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from relay.domain import transitions
from relay.domain.decisions import Fact
from relay.domain.ledger import UPDATE, Key
from relay.services.job import aside_key
from relay.services.times import at_ms

if TYPE_CHECKING:
    from relay.domain.ledger import Row
    from relay.domain.sources.base import Delivery
    from relay.domain.strangers import Stranger
    from relay.errors import NotAllowed, RelayError, RetryAt
    from relay.ports.ledger import Ledger
    from relay.services.job import Job
    from relay.services.session import Session

SPREAD_MS = 15_000
_NO_TOKEN = ("quota_", "out_of_time")
NO_ATTEMPT = (
    *_NO_TOKEN,
    "rate_limited",
    "contact_in_doubt",
    "contact_contended",
    "record_awaited",
    "joins_poll",
    "reread",
    "queued",
    "blocked",
    "paused",
)
"""Refusals that are nobody's trouble: a row that waits for one of them uses none of its attempts."""


class Desk:
    def __init__(self, *, ledger: Ledger) -> None:
        self.ledger = ledger

    async def write(self, row: Row) -> bool:
        """Insert or compare-and-swap, by the row's own rev."""
        if row.rev == 1:
            return await self.ledger.insert(row) is None
        return await self.ledger.replace(row, expected_rev=row.rev - 1)

    async def keep(self, job: Job, row: Row) -> bool:
        """Write the row of the job's own key: from then on it is the job's. False: it moved, and the job's is the old one."""
        if not await self.write(row):
            return False
        job.row = row
        return True

    async def park(
        self, session: Session, job: Job, *, due_ms: int, reason: str, detail: str = "", jitter: float | None = None
    ) -> str | None:
        """Into the waiting room until `due_ms`. With `jitter` it is machine trouble: it uses an attempt of the row that
        waits, and waits the longer the more of them it has used.
        """
        row, fact = job.row, job.fact
        if row is not None and (row.state == "confirmed" or is_another_version(row, fact)):
            # The document stands and its row stays what it is; the newer version waits beside it.
            fact = job.aside(UPDATE)
            row = await self.ledger.get(fact.key)
            if _newer_stands_aside(row, fact):
                return "superseded"
        if jitter is not None:
            attempts = row.attempts if row is not None and row.event_id == fact.event_id else 0
            due_ms = max(due_ms, session.now_ms() + transitions.backoff_ms(attempts, jitter=jitter))
        row = transitions.parked(
            row,
            fact,
            now_ms=session.now_ms(),
            due_ms=due_ms,
            reason=reason,
            detail=detail,
            failed=jitter is not None,
        )
        if not await self.write(row):
            return None
        if row.key == job.key:
            job.row = row
        session.note(row)
        # A row in doubt waits as well: `unknown` is a state of the ledger and no end of an event.
        return f"{'dead' if row.state == 'dead' else 'waiting'}:{row.reason}"

    async def retry(self, session: Session, job: Job, refusal: RetryAt, *, jitter: float) -> str | None:
        """Nothing was written: wait until Holded, the quota or the clock allows it. Only machine trouble uses an attempt."""
        row = job.row
        if row is not None and refusal.reason.startswith(_NO_TOKEN) and _waits_with(row, job.fact, session.now_ms()):
            # Tokens ended before its turn: it keeps its place in the line, and the gate says when they come back.
            session.note(row)
            session.borrowing[row.priority] = refusal
            return f"waiting:{refusal.reason}"
        failed = not refusal.reason.startswith(NO_ATTEMPT)
        due_ms = at_ms(refusal.retry_at)
        if failed:
            # Spread beyond what was asked too: all who were refused together were told the same instant.
            due_ms += round(jitter * SPREAD_MS)
        told = {"reason": refusal.reason, "detail": refusal.detail}
        return await self.park(session, job, due_ms=due_ms, jitter=jitter if failed else None, **told)

    async def hold(self, session: Session, job: Job, refusal: NotAllowed) -> str | None:
        """The account's credential or plan forbids it: its work waits and uses no attempts.

        It is due at once, so that all of it goes on when the account is opened; until then the gate wakes nobody for it.
        """
        reason = f"blocked_{refusal.reason}"
        return await self.park(session, job, due_ms=session.now_ms(), reason=reason, detail=refusal.detail)

    async def review(self, session: Session, job: Job, reason: str, detail: str, *, aside: str = "") -> str | None:
        """A human must judge. `aside` names a row of its own where the key's row is a confirmed document."""
        if not aside and job.row is not None and job.row.state == "confirmed":
            aside = UPDATE
        if aside:
            return await self._review_aside(session, job.aside(aside), reason, detail)
        row = transitions.reviewed(job.row, job.fact, now_ms=session.now_ms(), reason=reason, detail=detail)
        return f"review:{reason}" if await self.keep(job, row) else None

    async def review_stranger(self, session: Session, job: Job, other: Stranger) -> str | None:
        """The key is another object's: that one's row and document stay what they are."""
        fact = replace(job.fact, key=other.key)
        there = await self.ledger.get(fact.key)
        if there is not None and there.state == "confirmed":  # a person booked it, and adopted the document
            if fact.digest == there.digest or fact.version < there.version:
                return "duplicate"
            fact = replace(fact, key=aside_key(fact.key, UPDATE))
        return await self._review_aside(session, fact, other.reason, other.detail)

    async def _review_aside(self, session: Session, fact: Fact, reason: str, detail: str) -> str | None:
        there = await self.ledger.get(fact.key)
        known = there is not None and there.digest == fact.digest and there.version >= fact.version
        # One that waited is what is judged now; one that was closed had handed its event to the document's own row.
        if there is not None and known and there.state not in {"waiting", "superseded"}:
            return f"{there.state}:{there.reason}"
        if _newer_stands_aside(there, fact):
            return "superseded"
        row = transitions.reviewed(there, fact, now_ms=session.now_ms(), reason=reason, detail=detail)
        return f"review:{reason}" if await self.write(row) else None

    async def review_delivery(self, session: Session, delivery: Delivery, reason: str, detail: str) -> str | None:
        """A verified delivery that could not be read as facts: named by the delivery itself, which the inbox keeps."""
        key = delivery_key(delivery)
        there = await self.ledger.get(key)
        if there is not None and there.state != "superseded":  # put back by a person, it is judged anew
            return f"{there.state}:{there.reason}"
        fact = Fact(
            key=key,
            event_id=delivery.inbox_id,
            event_type=f"{delivery.source}.{delivery.topic}",
            version=0,
            monotone=True,
            digest="",
            priority="normal",
        )
        row = transitions.reviewed(there, fact, now_ms=session.now_ms(), reason=reason, detail=detail)
        return f"review:{reason}" if await self.write(row) else None

    async def refuse(self, session: Session, job: Job, refusal: RelayError) -> str | None:
        return await self.review(session, job, refusal.reason, refusal.detail)

    async def close_aside(self, session: Session, row: Row, end: str) -> None:
        """The event found its end in the document's own row: the row that held it beside that is done, unless it moved."""
        there = await self.ledger.get(row.key)
        if there is not None and there.rev == row.rev:
            await self.write(transitions.ended(there, now_ms=session.now_ms(), state="superseded", reason=end))

    async def wait_for_parent(self, session: Session, job: Job, parent: Key) -> str | None:
        """Park the child and leave a pointer under the parent, in one transaction that checks the parent is not confirmed.

        None: it was confirmed meanwhile (or the row moved), decide anew.
        """
        row = await self._wait_for(session, job.row, job.fact, parent)
        if row is None:
            return None
        job.row = row
        return "waiting:parent"

    async def wait_beside(self, session: Session, job: Job) -> str | None:
        """A later version of a document that may stand and is a person's to judge: it waits for that as a child for its
        parent, in a row of its own.
        """
        fact = job.aside(UPDATE)
        there = await self.ledger.get(fact.key)
        if _newer_stands_aside(there, fact):
            return "superseded"
        row = await self._wait_for(session, there, fact, job.key)
        return None if row is None else "waiting:parent"

    async def _wait_for(self, session: Session, there: Row | None, fact: Fact, parent: Key) -> Row | None:
        now_ms = session.now_ms()
        due_ms = transitions.look_for_parent_ms(there.created_ms if there else now_ms, now_ms)
        row = transitions.parked(there, fact, now_ms=now_ms, due_ms=due_ms, reason="parent")
        row = transitions.child_of(row, parent)
        if not await self.ledger.wait_for_parent(row, parent=parent, expected_rev=row.rev - 1):
            return None
        session.note(row)
        return row


def delivery_key(delivery: Delivery) -> Key:
    """The row of a delivery that could not be read as facts; it holds no event."""
    return Key(account=delivery.account, source=delivery.source, object_id=delivery.inbox_id, purpose="delivery")


def is_another_version(row: Row, fact: Fact) -> bool:
    """A draft of ours stands and waits to be finished for one event; this one, another, wants other contents of it."""
    waits = row.state == "waiting" and bool(row.holded_id) and row.step in {"approve", "pay"}
    return waits and row.event_id != fact.event_id and row.digest != fact.digest


def _waits_with(row: Row, fact: Fact, now_ms: int) -> bool:
    """The row stands in the waiting room with this very event, due already."""
    mine = row.state == "waiting" and row.indexed and row.event_id == fact.event_id and bool(row.event)
    return mine and 0 < row.due_ms <= now_ms


def _newer_stands_aside(row: Row | None, fact: Fact) -> bool:
    """Deliveries come out of order: what waits or is reviewed beside a document is never replaced by an older version."""
    return row is not None and row.state in {"waiting", "review"} and row.version > fact.version
