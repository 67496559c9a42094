"""From a fact to what happens with it: look at the row of its key, decide, write, and say how the event ended.

One job at a time for a key (the session's lock), however many events name it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from relay.domain import decisions, given_back, strangers, transitions
from relay.domain.ledger import CANCELLATION, UPDATE, Key, reached
from relay.holded import requests_products
from relay.services.corrections import Corrections, corrections_of
from relay.services.desk import is_another_version
from relay.services.doubt import find_product
from relay.services.payments import DRAFT_AWAITED

if TYPE_CHECKING:
    from relay.domain.documents import ProductDraft
    from relay.domain.ledger import Row
    from relay.services.contacts import Contacts
    from relay.services.desk import Desk
    from relay.services.doubt import Doubt
    from relay.services.job import Job
    from relay.services.saga import Saga
    from relay.services.session import Session

CALLED_OFF = frozenset({"order.cancelled", "invoice.voided"})
_DECIDE_TRIES = 4
_REPLACED_BY_REVIEW = frozenset({"waiting", "review", "dead", "ignored", "superseded"})
_NOT_WRITTEN = frozenset({"waiting", "review", "dead"})
_PARENT_MAY_COME = frozenset({"sent", "unknown", "waiting"})
_DRAFT_UNSEEN_MS = 12 * 3600_000
"""So long a payment of our own draft waits for the ledger to learn of its approval, before a call is spent on a look."""


class Writer:
    def __init__(self, *, desk: Desk, contacts: Contacts, saga: Saga, doubt: Doubt) -> None:
        self._desk = desk
        self._contacts = contacts
        self._saga = saga
        self._doubt = doubt
        self._corrections = Corrections(desk=desk)

    async def proceed(self, session: Session, job: Job) -> str | None:
        """Bring one fact as far as it goes now. Returns its end, None while it has none (the inbox item stays open)."""
        async with session.lock(str(job.key)):
            return await self._saga.guarded(session, job, lambda: self._proceed(session, job))

    async def _proceed(self, session: Session, job: Job) -> str | None:
        for _ in range(_DECIDE_TRIES):
            job.row = await self._desk.ledger.get(job.key)
            end = await self._step(session, job)
            if end is not None:
                return None if end == "pending" else end
        # Others keep moving the row: the message comes back, or the sweeper brings the event again.
        return None

    async def _step(self, session: Session, job: Job) -> str | None:
        plan = job.plan
        row = job.row
        other = strangers.stranger(row, job.fact)
        if other is not None:
            if plan.outcome == "ignored" and job.event.type not in CALLED_OFF:
                return f"ignored:{plan.reason}"
            return await self._desk.review_stranger(session, job, other)
        if row is not None and given_back.is_told_otherwise(row, job.fact):
            return "duplicate" if row.state == "confirmed" else "superseded"
        if row is not None and decisions.ended_by_hand(row, version=job.fact.version, digest=job.fact.digest):
            return f"{row.state}:{row.reason}"
        own_doubt = row is not None and row.state in {"sent", "unknown"} and row.event_id == job.event.id
        if plan.outcome == "ignored" and not own_doubt:
            return await self._ignored(session, job)
        if plan.outcome == "review" and (row is None or row.state in _REPLACED_BY_REVIEW):
            # What may stand in Holded keeps its own reason: the next version must not take the key for free.
            if row is None or row.state == "waiting" or not decisions.may_stand(row):
                return await self._unsettled(session, job)
            if not decisions.waits_beside(row, job.fact):
                return row.state
        choice = decisions.decide(job.row, job.fact, now_ms=session.now_ms(), settle_ms=session.timing.settle_ms)
        match choice.action:
            case "done" | "keep":
                return choice.end
            case "pending":
                return await self._pending(job)
            case "beside":
                return await self._desk.wait_beside(session, job)
            case "doubt":
                return await self._in_doubt(session, job)
            case "judge" if choice.end == decisions.IGNORED_BEFORE:
                detail = "a person ignored an earlier version: if that was booked by hand, see to it there and ignore this one"
                return await self._desk.review(session, job, choice.end, detail)
            case "judge":
                detail = "the same version arrived with another content; compare the document with the source"
                return await self._desk.review(session, job, choice.end, detail, aside=UPDATE)
            case "advance" if job.row is not None:
                return await self._saga.advance(session, job, job.row)
            case "update" if job.row is not None:
                aside = await self._desk.ledger.get(job.aside(UPDATE).key)
                if aside is not None and decisions.ended_by_hand(
                    aside, version=job.fact.version, digest=job.fact.digest
                ):
                    return f"{aside.state}:{aside.reason}"
                if plan.outcome == "review":
                    return await self._desk.review(session, job, plan.reason, plan.detail, aside=UPDATE)
                return await self._update(session, job, job.row)
            case _:
                return await self._claim(session, job)

    async def _ignored(self, session: Session, job: Job) -> str | None:
        """Nothing to write is an end. A sale called off after it was written needs a human: approval cannot be undone."""
        row, reason = job.row, job.plan.reason
        if job.event.type in CALLED_OFF and row is None:
            # Deliveries come out of order: what was sold before may still come, and must find this.
            off = transitions.never_written(job.fact, now_ms=session.now_ms(), reason=reason)
            return f"ignored:{reason}" if await self._desk.write(off) else None
        if job.event.type in CALLED_OFF and row is not None:
            if decisions.may_stand(row):
                written = f"{row.doc_type} {row.number or row.holded_id or 'in doubt'} over {row.total}"
                return await self._called_off(session, job, written)
            if row.state in _NOT_WRITTEN and row.version <= job.event.version and row.event_type != "order.paid":
                off = transitions.never_written(job.fact, now_ms=session.now_ms(), reason=reason, row=row)
                return f"ignored:{reason}" if await self._desk.write(off) else None
        if row is not None and row.event_id == job.event.id and _may_end(row, job):
            return await self._end(session, row, reason)
        return f"ignored:{reason}"

    async def _called_off(self, session: Session, job: Job, written: str) -> str | None:
        detail = f"{written}; proposed: delete the draft, or issue a credit note"
        return await self._desk.review(session, job, "called_off_after_writing", detail, aside=CANCELLATION)

    async def _end(self, session: Session, row: Row, reason: str) -> str | None:
        ended = transitions.ended(row, now_ms=session.now_ms(), state="ignored", reason=reason)
        return f"ignored:{reason}" if await self._desk.write(ended) else None

    async def _unsettled(self, session: Session, job: Job) -> str | None:
        """The mapping could not settle it. An older version never replaces a newer one that waits or is reviewed."""
        if job.row is not None and job.row.version > job.fact.version:
            return "superseded"
        return await self._desk.review(session, job, job.plan.reason, job.plan.detail)

    async def _pending(self, job: Job) -> str | None:
        """The key is being written: remember this version; whoever confirms the row takes it in."""
        row = job.row
        if row is None or job.event.id in {row.pending_event_id, row.event_id}:
            return "pending"
        noted = replace(row, rev=row.rev + 1, pending_event_id=job.event.id)
        return "pending" if await self._desk.write(noted) else None

    async def _claim(self, session: Session, job: Job) -> str | None:
        row, plan = job.row, job.plan
        if row is not None and row.event_type in CALLED_OFF and row.version >= job.fact.version:
            # Told before the claim, which takes the place of what is known of it.
            await self._called_off(
                session, job, f"{job.fact.doc_type} over {job.fact.total}, called off before it came"
            )
        parent: Row | None = None
        if plan.parent is not None:
            key, parent = await self._parent(job)
            if parent is None or parent.state != "confirmed":
                return await self._await_parent(session, job, key, parent)
            namesake = strangers.namesake(parent, key)
            if namesake is not None and await self._desk.ledger.get(namesake) is not None:
                detail = (
                    f"an order and an invoice have the id {key.object_id}: which of them it corrects is not certain"
                )
                return await self._desk.review(session, job, strangers.ANOTHER_OBJECT, detail)
            twice = given_back.told_twice(parent, job.fact)
            if twice:
                return await self._desk.review(session, job, given_back.GIVEN_BACK_TWICE, twice)
        if plan.purpose == "payment":
            return await self._payment(session, job, parent)
        if row is not None and row.holded_id:
            return await self._resume(session, job, row)
        if plan.product is not None:
            return await self._product(session, job, plan.product)
        if plan.document is not None:
            session.check()  # before a read is spent on the contact: it can only be put into the waiting room
        if plan.contact is not None:
            contact_id = await self._contacts.ensure(session, plan.contact, priority=job.contact_priority)
        else:
            # A correction often names no buyer: it goes to whom the original went.
            contact_id = parent.contact_id if parent is not None else ""
        if plan.document is None:
            return await self._without_call(session, job, contact_id, end="contact")
        if not contact_id:
            return await self._desk.review(
                session, job, "buyer_unknown", "neither this nor its original names a contact"
            )
        if parent is None:
            return await self._saga.create(session, job, contact_id=contact_id)
        async with session.lock(corrections_of(parent)):
            end = await self._corrections.prepare(session, job, parent, plan.document)
            return end or await self._saga.create(session, job, contact_id=contact_id)

    async def _update(self, session: Session, job: Job, row: Row) -> str | None:
        if job.plan.purpose == "contact" and job.plan.contact is not None:
            contact_id = await self._contacts.ensure(session, job.plan.contact, priority=job.contact_priority)
            await self._contacts.refresh(session, job.plan.contact, contact_id, priority=job.priority)
            return await self._without_call(session, job, contact_id, end="contact")
        if job.plan.product is not None:
            await self._refresh_product(session, job, row.holded_id, job.plan.product)
            return await self._without_call(session, job, row.holded_id, end="product")
        return await self._rewrite(session, job, row)

    async def _rewrite(self, session: Session, job: Job, row: Row) -> str | None:
        """Another version of a document that stands, and of its buyer: who buys now may be another than who did before."""

        async def buyer() -> str:
            contact = job.plan.contact
            if contact is None:
                return ""
            return await self._contacts.ensure(session, contact, priority=job.contact_priority)

        return await self._saga.update(session, job, row, buyer=buyer)

    async def _product(self, session: Session, job: Job, product: ProductDraft) -> str | None:
        """A product that Holded knows by its SKU is brought up to date, never created a second time."""
        if product.sku:
            known = await find_product(session, job, product.sku)
            if known is not None:
                await self._refresh_product(session, job, known.id, product)
                return await self._without_call(session, job, known.id, end="product")
        return await self._saga.create(session, job, contact_id="")

    async def _refresh_product(self, session: Session, job: Job, product_id: str, product: ProductDraft) -> None:
        current = (await session.call(requests_products.get_product(product_id), job.priority)).value
        await session.call(requests_products.update_product(product_id, product, current=current), job.priority)

    async def _resume(self, session: Session, job: Job, row: Row) -> str | None:
        """The document exists already: go on where the saga stopped, never create again."""
        if is_another_version(row, job.fact) or _has_other_contents(row, job):
            return await self._rewrite(session, job, row)
        match row.step:
            case "approve":
                return await self._saga.approve(session, job, row)
            case "pay" if job.plan.purpose == "payment":
                return await self._payment(session, job, (await self._parent(job))[1])
            case "pay":
                return await self._saga.pay(session, job, row)
            case _:
                return await self._rewrite(session, job, row)

    async def _without_call(self, session: Session, job: Job, holded_id: str, *, end: str) -> str | None:
        """The record stands in Holded already and nothing is left in doubt: claim and confirmation are one write."""
        now_ms = session.now_ms()
        sent = transitions.claimed(job.row, job.fact, step="update", hold=session.hold, now_ms=now_ms)
        done = replace(transitions.confirmed(sent, now_ms=now_ms, holded_id=holded_id), rev=sent.rev)
        job.row = done
        return f"{end}:{holded_id}" if await self._desk.write(done) else None

    async def _payment(self, session: Session, job: Job, parent: Row | None) -> str | None:
        """A payment fact: registered on the document its parent became, once that is approved."""
        if parent is None or not parent.holded_id:
            return await self._desk.review(
                session, job, "payment_without_document", "no document was written for what it pays"
            )
        if job.row is not None and job.row.holded_id:
            # What waited, or was in doubt, named the kind of the fact: the document's is its parent's.
            return await self._saga.pay(session, job, replace(job.row, doc_type=parent.doc_type))
        now_ms = session.now_ms()
        since_ms = job.row.created_ms if job.row is not None else now_ms
        if now_ms - since_ms < _DRAFT_UNSEEN_MS and _is_a_draft(parent):
            due_ms = transitions.look_for_parent_ms(since_ms, now_ms)
            return await self._desk.park(session, job, due_ms=due_ms, reason=DRAFT_AWAITED)
        claim = transitions.claimed(job.row, job.fact, step="pay", hold=session.hold, now_ms=session.now_ms())
        claim = replace(claim, holded_id=parent.holded_id, doc_type=parent.doc_type)
        if not await self._desk.keep(job, claim):
            return None
        return await self._saga.pay(session, job, claim)

    async def _parent(self, job: Job) -> tuple[Key, Row | None]:
        object_id, purpose = job.plan.parent or ("", "")
        key = Key(account=job.key.account, source=job.key.source, object_id=object_id, purpose=purpose)
        row = await self._desk.ledger.get(key)
        own = strangers.parent_key(row, job.fact, key)
        return own, row if own == key else await self._desk.ledger.get(own)

    async def _await_parent(self, session: Session, job: Job, parent: Key, row: Row | None) -> str | None:
        """The parent is not written (yet): wait for it, or ask a human when it ended otherwise or patience is over."""
        since_ms = job.row.created_ms if job.row is not None else session.now_ms()
        what = f"{parent.purpose} of {parent.source} {parent.object_id}"
        if row is not None and row.state not in _PARENT_MAY_COME:
            return await self._desk.review(
                session, job, "parent_not_written", f"{what} ended in {row.state}: {row.reason}"
            )
        # A parent that came and itself waits (for the month's quota, say) is waited for as long as it takes.
        if row is None and session.now_ms() - since_ms >= transitions.PARENT_PATIENCE_MS:
            return await self._desk.review(session, job, "parent_missing", f"{what} did not come within 7 days")
        return await self._desk.wait_for_parent(session, job, parent)

    async def _in_doubt(self, session: Session, job: Job) -> str | None:
        if job.row is None:
            return None
        # A dead writer's `sent` is a doubt from here on, so that whatever ends this look keeps it one.
        job.row = row = replace(job.row, state="unknown")
        found = await self._doubt.look(session, job, row)
        if found.adopted is not None:
            return await self._saga.created(session, job, row, holded_id=found.adopted)
        if not found.write:
            return found.end
        if row.step in {"approve", "pay", "update"}:
            return await self._resume(session, job, row)
        if job.plan.outcome == "document":
            return await self._saga.create(session, job, contact_id=row.contact_id)
        # It was never written, and today's settings would not write it.
        job.row = replace(row, state="waiting")
        if job.plan.outcome == "ignored":
            return await self._end(session, job.row, job.plan.reason)
        return await self._desk.review(session, job, job.plan.reason, job.plan.detail)


def _is_a_draft(row: Row) -> bool:
    """As far as the ledger knows: approval is a step of ours, or a number that a webhook or the sweep told."""
    return not row.number and reached(row) not in {"approve", "pay"}


def _may_end(row: Row, job: Job) -> bool:
    """Nothing is to be written for what waits; nor, when it is replayed, for what was reviewed or dead."""
    replayed = job.fact.again and row.state in {"review", "dead"} and not decisions.may_stand(row)
    return row.state == "waiting" or replayed


def _has_other_contents(row: Row, job: Job) -> bool:
    """Our draft waits to be approved, and was written before what is meant now: it must not be approved as it is."""
    return row.step == "approve" and row.state not in {"sent", "unknown"} and row.digest != job.fact.digest
