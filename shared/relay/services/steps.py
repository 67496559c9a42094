"""What every step of a document's saga does with its row: claim it before a call, leave it in doubt after a lost reply, end it."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from relay.domain import transitions
from relay.domain.ledger import SETTLEMENT
from relay.holded import requests

if TYPE_CHECKING:
    from relay.domain.documents import DocType
    from relay.domain.ledger import Row
    from relay.holded.replies import Document
    from relay.services.desk import Desk
    from relay.services.job import Job
    from relay.services.purse import Token
    from relay.services.session import Session


class Steps:
    def __init__(self, *, desk: Desk) -> None:
        self._desk = desk

    async def read(self, session: Session, job: Job, row: Row) -> Document:
        """The row's document as Holded shows it by its id. Raises `NotFound`."""
        request = requests.get_document(doc_type_of(row), row.holded_id)
        document: Document = (await session.call(request, job.priority)).value
        return document

    async def ours(self, session: Session, job: Job, row: Row) -> tuple[Row, Token] | None:
        """The row claimed by this drain and a token in hand, before a step is sent. None: the row moved, decide anew."""
        token = await session.reserve(job.priority)
        if row.state == "sent" and row.owner == session.owner:
            return row, token
        claim = transitions.taken_over(row, hold=session.hold, now_ms=session.now_ms())
        if not await self._desk.keep(job, claim):
            return None
        return claim, token

    async def doubt(self, session: Session, job: Job, row: Row) -> str | None:
        doubt = transitions.doubted(
            row, event=job.fact.event, now_ms=session.now_ms(), settle_ms=session.timing.settle_ms
        )
        if not await self._desk.keep(job, doubt):
            return None
        session.note(doubt)
        return "waiting:outcome_unknown"

    async def confirm(self, session: Session, job: Job, row: Row, *, holded_id: str, number: str = "") -> str | None:
        """The end: one write. If the row moved meanwhile only its pending version can have been noted: keep that, end again."""
        done = transitions.confirmed(row, now_ms=session.now_ms(), holded_id=holded_id, number=number)
        if not await self._desk.keep(job, done):
            there = await self._desk.ledger.get(row.key)
            if there is not None and there.holded_id not in {"", holded_id}:
                # The fence was broken, and the other's document is the one on record: say so at once.
                detail = f"documents {there.holded_id}, {holded_id} were both written; delete all but {there.holded_id}"
                return await self._desk.review(session, job, "doubled", detail, aside=SETTLEMENT)
            if there is None or there.owner != row.owner or there.state not in {"sent", "unknown"}:
                return None
            row = there
            done = transitions.confirmed(there, now_ms=session.now_ms(), holded_id=holded_id, number=number)
            if not await self._desk.keep(job, done):
                return None
        if row.pending_event_id:
            session.follow_up.append(row.pending_event_id)
        return f"document:{holded_id}"


def doc_type_of(row: Row) -> DocType:
    return cast("DocType", row.doc_type)
