"""A correction before it is written: it names its original, is in its currency, and gives back no more than is left of it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, cast

from relay.domain import crediting
from relay.domain.decisions import may_stand
from relay.domain.mapping.corrections import name_original
from relay.errors import RetryAt
from relay.holded import requests

if TYPE_CHECKING:
    from relay.domain.documents import DocType, DocumentDraft
    from relay.domain.ledger import Row
    from relay.services.desk import Desk
    from relay.services.job import Job
    from relay.services.session import Session

_NOTE_TRIES = 4
_NEVER_WRITTEN = frozenset({"review", "dead", "ignored", "superseded"})


def corrections_of(parent: Row) -> str:
    """The name of the lock under which corrections of one document are counted and claimed, one after the other."""
    return f"corrections of {parent.key}"


class Corrections:
    def __init__(self, *, desk: Desk) -> None:
        self._desk = desk

    async def prepare(self, session: Session, job: Job, parent: Row, note: DocumentDraft) -> str | None:
        """Name the original as Holded knows it, and note on its row what is given back. None: write it; else its end.

        One of our own draft is written, or judged, by policy. The caller holds the lock of the parent's corrections until this
        one is claimed.
        """
        number = parent.number
        if not number and parent.step in {"approve", "pay"}:
            # Approval numbered it and the webhook or the sweep has not told yet: a correction is worth the one read.
            request = requests.get_document(cast("DocType", parent.doc_type), parent.holded_id)
            number = (await session.call(request, job.priority)).value.number or ""
        if not number and session.settings.policy.refund_of_draft == "review":
            detail = f"{parent.doc_type} {parent.holded_id} is a draft: delete it, or approve it and credit it by hand"
            return await self._desk.review(session, job, "original_is_a_draft", detail)
        if parent.currency and note.currency != parent.currency:
            detail = (
                f"{parent.doc_type} {number or parent.holded_id} is in {parent.currency}, its correction in "
                f"{note.currency}: credit it by hand in the original's currency"
            )
            return await self._desk.review(session, job, "correction_currency_differs", detail)
        left = await self._note(session, job, parent, note)
        if left is not None:
            detail = (
                f"{note.total} {note.currency} is given back, of {parent.doc_type} {number or parent.holded_id} over "
                f"{parent.total} only {left} is left: it was given back already, or the original was changed"
            )
            return await self._desk.review(session, job, "correction_exceeds_original", detail)
        if number:
            job.plan = replace(job.plan, document=name_original(note, number=number))
        return None

    async def _note(self, session: Session, job: Job, parent: Row, note: DocumentDraft) -> str | None:
        """None once it is noted, before it is written; otherwise what is left of the original."""
        for _ in range(_NOTE_TRIES):
            left = crediting.left_of(parent, job.key)
            if left is None or crediting.credited(parent).get(job.key.object_id) == note.total <= left:
                return None
            idle: set[str] = set()
            if left < note.total:
                idle = await self._never_written(job, parent)
                left += sum(crediting.credited(parent)[name] for name in idle)
                if left < note.total:
                    return str(left)
            noted = crediting.noted(parent, job.key, note.total, without=idle)
            if await self._desk.write(noted):
                return None
            there = await self._desk.ledger.get(parent.key)
            if there is None or there.state != "confirmed":
                break
            parent = there
        raise RetryAt("original_under_way", retry_at=session.clock.now())

    async def _never_written(self, job: Job, parent: Row) -> set[str]:
        """Corrections that were noted and ended otherwise, so that nothing of them stands. One without a row comes again."""
        idle = set()
        for name in crediting.credited(parent):
            if name == job.key.object_id:
                continue
            row = await self._desk.ledger.get(replace(job.key, object_id=name))
            if row is not None and row.state in _NEVER_WRITTEN and not may_stand(row):
                idle.add(name)
        return idle
