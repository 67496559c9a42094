"""The last step of the saga: register a payment once, never beyond what is due, never on a draft.

A POST onto a draft approves it (Holded facts 3.3), and approval is policy's to decide, or a person's. So the document is
read first. Where it shows more payments than we know to be ours, our reference in their descriptions tells which are: a
payment whose reply was lost is one of them.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from relay.domain import transitions
from relay.domain.money import ZERO
from relay.domain.owing import Standing, owed
from relay.errors import NotFound, OutcomeUnknown
from relay.holded import requests
from relay.services.steps import doc_type_of

if TYPE_CHECKING:
    from decimal import Decimal

    from relay.domain.documents import PaymentDraft
    from relay.domain.ledger import Row
    from relay.holded.replies import Document
    from relay.services.desk import Desk
    from relay.services.job import Job
    from relay.services.session import Session
    from relay.services.steps import Steps

BASE_CURRENCY = "EUR"
"""Lists of payments give their amounts in it, whatever the document's (Holded facts 10.2)."""
ALREADY_PAID = "already_paid"
DRAFT_AWAITED = "draft_awaited"


class Payments:
    def __init__(self, *, desk: Desk, steps: Steps) -> None:
        self._desk = desk
        self._steps = steps

    async def register(
        self, session: Session, job: Job, row: Row, *, known: Document | None = None, before: Decimal = ZERO
    ) -> str | None:
        """Register what is owed of the plan's payment. `known`: the document as it was read just now, and approved since;
        `before`: what earlier events of this very fact registered. The caller holds the document's lock: two payments of
        one document would both find it unpaid.
        """
        payment = job.plan.payment
        if payment is None:
            return await self._steps.confirm(session, job, row, holded_id=row.holded_id)
        document = known
        if document is None:
            try:
                document = await self._steps.read(session, job, row)
            except NotFound:
                detail = f"the {row.doc_type} {row.holded_id} that is paid is gone"
                return await self._desk.review(session, job, "deleted_in_holded", detail)
            if not (document.approved or document.number):
                return await self._of_a_draft(session, job, row)
        standing = standing_of(document)
        ours = before
        if standing.paid is None or standing.paid > ours:
            ours = max(ours, await self._registered(session, job, row, standing))
        left = owed(payment, standing, ours=ours)
        if left.reason:
            return await self._desk.review(session, job, left.reason, f"{row.doc_type} {row.holded_id}: {left.detail}")
        if left.settled and job.plan.purpose == "payment":
            # Done, and told as what it is: somebody registered this money, or another of its events did.
            ended = transitions.ended(row, now_ms=session.now_ms(), state="ignored", reason=ALREADY_PAID)
            if not await self._desk.keep(job, replace(ended, pending_event_id="")):
                return None
            if row.pending_event_id:
                session.follow_up.append(row.pending_event_id)
            return f"ignored:{ALREADY_PAID}"
        if left.amount:
            return await self._send(session, job, row, replace(payment, amount=left.amount))
        return await self._steps.confirm(session, job, row, holded_id=row.holded_id)

    async def _send(self, session: Session, job: Job, row: Row, payment: PaymentDraft) -> str | None:
        named = replace(payment, description=" ".join(part for part in (payment.description, job.marker) if part))
        ours = await self._steps.ours(session, job, row)
        if ours is None:
            return None
        row, token = ours
        try:
            await session.send(requests.pay(doc_type_of(row), row.holded_id, named), token)
        except OutcomeUnknown:
            return await self._steps.doubt(session, job, row)
        return await self._steps.confirm(session, job, row, holded_id=row.holded_id)

    async def _of_a_draft(self, session: Session, job: Job, row: Row) -> str | None:
        now_ms = session.now_ms()
        if now_ms - row.created_ms >= transitions.PARENT_PATIENCE_MS:
            detail = f"{row.doc_type} {row.holded_id} is a draft, which a payment would approve: approve it, then run this again"
            return await self._desk.review(session, job, "payment_of_a_draft", detail)
        due_ms = transitions.look_for_parent_ms(row.created_ms, now_ms)
        return await self._desk.park(session, job, due_ms=due_ms, reason=DRAFT_AWAITED)

    async def _registered(self, session: Session, job: Job, row: Row, standing: Standing) -> Decimal:
        """The sum of the document's payments that carry our reference, in the document's currency."""
        cursor: str | None = None
        found: list[Decimal] = []
        while True:
            request = requests.list_payments(document_id=row.holded_id, document_type=doc_type_of(row), cursor=cursor)
            page = (await session.call(request, job.priority)).value
            found += [each.amount or ZERO for each in page.items if job.marker in (each.description or "")]
            cursor = page.cursor
            if cursor is None:
                break
        if found and standing.currency not in {None, BASE_CURRENCY} and standing.paid is not None:
            return standing.paid
        return sum(found, ZERO)


def standing_of(document: Document) -> Standing:
    return Standing(
        total=document.total,
        paid=document.payments_total,
        pending=document.payments_pending,
        currency=document.currency,
        draft=document.draft is True,
    )
