"""The steps of a document: create as a draft, then (by policy) approve and pay, each with an outcome of its own.

Create is always a draft. Approve is irreversible, so it follows a read that shows the right total. Pay looks at what is due
(`relay.services.payments`). The row is written before each step is sent, so that whoever comes after a crash knows how far
it got.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from relay.domain import transitions
from relay.domain.ledger import UPDATE
from relay.domain.money import ZERO
from relay.domain.written_lines import are_other
from relay.errors import NotAllowed, NotFound, OutcomeUnknown, Rejected, RetryAt
from relay.holded import requests, requests_products
from relay.services.desk import is_another_version
from relay.services.payments import Payments
from relay.services.reconcile_shown import written_lines_of
from relay.services.steps import Steps, doc_type_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from decimal import Decimal

    from relay.domain.ledger import Row
    from relay.holded.protocol import Request
    from relay.holded.replies import Document
    from relay.services.desk import Desk
    from relay.services.job import Job
    from relay.services.session import Session


class Saga:
    def __init__(self, *, desk: Desk, jitter: Callable[[], float]) -> None:
        self._desk = desk
        self._jitter = jitter
        self._steps = Steps(desk=desk)
        self._payments = Payments(desk=desk, steps=self._steps)

    async def create(self, session: Session, job: Job, *, contact_id: str) -> str | None:
        """Claim, POST the draft, go on. The claim is the write before the call; a lost reply leaves it in doubt."""
        token = await session.reserve(job.priority)
        row = transitions.claimed(
            job.row,
            job.fact,
            step="create",
            hold=session.hold,
            now_ms=session.now_ms(),
            contact_id=contact_id,
        )
        if not await self._desk.keep(job, row):
            return None
        request = _create_request(job, contact_id)
        try:
            reply = await session.send(request, token)
        except OutcomeUnknown:
            return await self._steps.doubt(session, job, row)
        return await self.created(session, job, row, holded_id=reply.value.id)

    async def created(self, session: Session, job: Job, row: Row, *, holded_id: str) -> str | None:
        """The document exists: the draft is done, or goes on to be approved."""
        if job.plan.document is None or job.plan.finish == "draft":
            return await self._steps.confirm(session, job, row, holded_id=holded_id)
        stepped = transitions.stepped(row, step="approve", now_ms=session.now_ms(), holded_id=holded_id)
        if not await self._desk.keep(job, stepped):
            return None
        return await self.approve(session, job, stepped)

    async def advance(self, session: Session, job: Job, row: Row) -> str | None:
        """The document stands, and policy takes this fact further: claimed with the new event, so that a crash resumes there."""
        session.check()
        claim = transitions.claimed(row, job.fact, step="approve", hold=session.hold, now_ms=session.now_ms())
        claim = replace(claim, document_date=row.document_date, total=row.total, lines=row.lines)
        if not await self._desk.keep(job, claim):
            return None
        before = row.paid if row.step == "pay" else None
        return await self.approve(session, job, claim, before=before or ZERO)

    async def approve(self, session: Session, job: Job, row: Row, *, before: Decimal = ZERO) -> str | None:
        """GET, compare, approve. Coming back after doubt is harmless: the GET shows whether it was approved.

        `before`: what we registered of this fact already.
        """
        async with session.lock(_payments_of(row)):
            return await self._approve(session, job, row, before)

    async def _approve(self, session: Session, job: Job, row: Row, before: Decimal) -> str | None:
        try:
            document = await self._steps.read(session, job, row)
        except NotFound:
            return await self._desk.review(session, job, "deleted_in_holded", f"the draft {row.holded_id} is gone")
        if row.total is not None and document.total != row.total:
            return await self._desk.review(
                session,
                job,
                "total_differs",
                f"Holded shows {document.total} for the draft {row.holded_id}, meant was {row.total}: not approved",
            )
        if not document.approved:
            ours = await self._steps.ours(session, job, row)
            if ours is None:
                return None
            row, token = ours
            try:
                await session.send(requests.approve(doc_type_of(row), row.holded_id), token)
            except OutcomeUnknown:
                return await self._steps.doubt(session, job, row)
        if job.plan.finish == "approve_and_pay" and job.plan.payment is not None:
            stepped = transitions.stepped(row, step="pay", now_ms=session.now_ms(), holded_id=row.holded_id)
            if not await self._desk.keep(job, stepped):
                return None
            return await self._payments.register(session, job, stepped, known=document, before=before)
        return await self._steps.confirm(session, job, row, holded_id=row.holded_id, number=document.number or "")

    async def pay(self, session: Session, job: Job, row: Row) -> str | None:
        """The document stands, and of its payment nobody knows how far it got: looked at, then registered."""
        async with session.lock(_payments_of(row)):
            return await self._payments.register(session, job, row)

    async def update(self, session: Session, job: Job, row: Row, *, buyer: Callable[[], Awaitable[str]]) -> str | None:
        """A newer version of a confirmed fact: merged into our own untouched draft, otherwise a human decides.

        `buyer` finds or creates the contact that this version names ("" for none), once it is known that it is written.
        """
        plan = job.plan.document
        if plan is None or not row.holded_id:
            return await self._desk.review(
                session, job, "newer_version", "this kind of record is not updated", aside=UPDATE
            )
        try:
            current = await self._steps.read(session, job, row)
        except NotFound:
            detail = (
                f"{row.doc_type} {row.holded_id} was deleted in Holded; a newer version arrived with total {plan.total}"
            )
            return await self._beside(session, job, row, "deleted_in_holded", detail)
        if plan.doc_type != row.doc_type:
            detail = (
                f"{row.doc_type} {row.holded_id} over {current.total} stands; the source now asks for {plan.doc_type} "
                f"over {plan.total}. Proposed: delete the draft, or correct it with a credit note, and write the other"
            )
            reason = "newer_version_of_another_kind"
            return await self._beside(session, job, row, reason, detail, current=current)
        if current.approved or row.marker not in current.tags:
            return await self._propose(session, job, row, current, "approved")
        as_written = row.state == "confirmed" or is_another_version(row, job.fact)
        if as_written and row.total is not None and current.total not in (row.total, plan.total):
            return await self._propose(session, job, row, current, "edited")
        lines = written_lines_of(current)
        if as_written and are_other(row.lines, lines) and are_other(job.fact.lines, lines):
            return await self._propose(session, job, row, current, "edited")

        def rewritten(contact_id: str) -> Request:
            return requests.update_document(
                doc_type_of(row), row.holded_id, plan, contact_id=contact_id, marker=row.marker, current=current
            )

        there = current.contact_id or row.contact_id
        request = rewritten(there)  # what Holded does not offer is refused here, before a contact is created for it
        contact_id = await buyer() or there
        if as_written and row.contact_id and there not in {row.contact_id, contact_id}:
            # A person gave the draft another contact. It stays, unless the source names another one than before, too.
            if contact_id != row.contact_id:
                return await self._propose(session, job, row, current, "edited")
            contact_id = there
        if contact_id != there:
            request = rewritten(contact_id)
        token = await session.reserve(job.priority)
        claim = transitions.claimed(row, job.fact, step="update", hold=session.hold, now_ms=session.now_ms())
        if contact_id != there:
            claim = replace(claim, contact_id=contact_id)
        if not await self._desk.keep(job, claim):
            return None
        try:
            await session.send(request, token)
        except OutcomeUnknown:
            return await self._steps.doubt(session, job, claim)
        except Rejected as refusal:
            # The document stands as it was: its row goes back to that, the newer version is for a human.
            back = replace(row, rev=claim.rev + 1)
            if row.state != "confirmed" or not await self._desk.keep(job, back):
                raise
            return await self._desk.review(session, job, refusal.reason, refusal.detail, aside=UPDATE)
        # It may have been on its way to be approved when this version came.
        return await self.created(session, job, claim, holded_id=row.holded_id)

    async def _propose(self, session: Session, job: Job, row: Row, current: Document, why: str) -> str | None:
        new = job.plan.document.total if job.plan.document else None
        detail = (
            f"{current.number or current.id} was {why} at {current.total}; the source now says {new}. "
            f"Proposed: a credit note for {current.total} and a new document, or leave it as it is"
        )
        return await self._beside(session, job, row, f"newer_version_of_{why}", detail, current=current)

    async def _beside(
        self, session: Session, job: Job, row: Row, reason: str, detail: str, *, current: Document | None = None
    ) -> str | None:
        """The newer version is for a human. A row left in the middle of writing it says again what stands, if anything does."""
        end = await self._desk.review(session, job, reason, detail, aside=UPDATE)
        own = row.state == "unknown" or (row.state == "waiting" and row.event_id == job.event.id)
        if end is None or not own:
            return end
        total = current.total if current is not None else row.total
        contact_id = current.contact_id or "" if current is not None else ""
        stands = transitions.left_standing(row, now_ms=session.now_ms(), total=total, contact_id=contact_id)
        if not await self._desk.keep(job, stands):
            return None
        if row.pending_event_id:
            session.follow_up.append(row.pending_event_id)
        return end

    async def guarded(self, session: Session, job: Job, step: Callable[[], Awaitable[str | None]]) -> str | None:
        """Run a step and turn every refusal into the row it leads to."""
        try:
            return await step()
        except RetryAt as refusal:
            return await self._desk.retry(session, job, refusal, jitter=self._jitter())
        except NotAllowed as refusal:
            return await self._desk.hold(session, job, refusal)
        except Rejected as refusal:
            return await self._desk.refuse(session, job, refusal)
        except OutcomeUnknown:
            # A contact's reply was lost: the document itself was not sent, it waits for the contact to settle.
            due_ms = session.lease_until_ms + session.timing.settle_ms
            return await self._desk.park(session, job, due_ms=due_ms, reason="contact_in_doubt")


def _payments_of(row: Row) -> str:
    """The name of the lock under which a document's payments are looked at and registered, one after the other."""
    return f"payments of {row.holded_id}"


def _create_request(job: Job, contact_id: str) -> Request:
    plan = job.plan
    if plan.product is not None:
        return requests_products.create_product(plan.product)
    if plan.document is None:
        raise Rejected("nothing_to_write", detail=f"the plan for {plan.purpose} holds no document")
    return requests.create_document(plan.document, contact_id=contact_id, marker=job.marker)
