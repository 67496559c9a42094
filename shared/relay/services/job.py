"""One fact on its way into Holded: the event, what the mapping made of it, and the row its key has."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from relay.domain import wire, written_lines
from relay.domain.decisions import Fact
from relay.domain.ledger import Key, Row, marker_of
from relay.domain.packed import gunzipped, gzipped
from relay.errors import BadInput

if TYPE_CHECKING:
    from relay.domain.documents import Plan, Priority
    from relay.domain.ledger import Step
    from relay.domain.models import Event

_NORMAL = frozenset({"contact", "product"})


@dataclass(slots=True, kw_only=True)
class Job:
    event: Event
    plan: Plan
    fact: Fact
    row: Row | None = None

    @property
    def key(self) -> Key:
        return self.fact.key

    @property
    def marker(self) -> str:
        return marker_of(self.fact.key)

    @property
    def priority(self) -> Priority:
        return self.fact.priority

    @property
    def contact_priority(self) -> Priority:
        """A document's contact is as urgent as a document, whoever asks; for a replay it can wait as all of it can."""
        return "background" if self.priority == "background" else "fiscal"

    def aside(self, suffix: str) -> Fact:
        """The same fact under a key of its own, where the key's row must stay what it is (a confirmed document)."""
        return replace(self.fact, key=aside_key(self.fact.key, suffix))


def aside_key(key: Key, suffix: str) -> Key:
    """The row beside a document's own."""
    return replace(key, purpose=f"{key.purpose}.{suffix}")


def fact_of(event: Event, plan: Plan, *, background: bool = False, again: bool = False) -> Fact:
    """Business key = (account, source, source object id, purpose). `background`: it was replayed, and keeps that class;
    `again`: a replay brings it now.
    """
    document, last_step = plan.document, _last_step(plan)
    return Fact(
        key=Key(
            account=event.account, source=event.source, object_id=plan.subject or event.subject, purpose=plan.purpose
        ),
        event_id=event.id,
        event_type=event.type,
        version=event.version,
        monotone=event.monotone,
        digest=plan.digest,
        priority="background" if background else "normal" if plan.purpose in _NORMAL else "fiscal",
        doc_type=document.doc_type if document else plan.purpose,
        total=document.total if document else None,
        paid=plan.payment.amount if plan.payment is not None and last_step == "pay" else None,
        currency=document.currency if document else "",
        site=event.site,
        split=plan.split,
        lines=written_lines.kept(document) if document else "",
        document_date=document.date.isoformat() if document else "",
        event=pack_event(event),
        last_step=last_step,
        again=again,
    )


def _last_step(plan: Plan) -> Step:
    if plan.document is None or plan.finish == "draft":
        return "create"
    return "pay" if plan.finish == "approve_and_pay" and plan.payment is not None else "approve"


def pack_event(event: Event) -> bytes:
    """The copy of an event that a ledger row keeps while it is unfinished."""
    return gzipped(wire.dumps(event))


def unpack_event(copy: bytes) -> Event:
    """Back from `pack_event`. Raises `BadInput` for what this code no longer reads, and for a damaged copy."""
    try:
        text = gunzipped(copy)
    except ValueError as error:
        raise BadInput("event_unreadable", field="event", detail=f"{len(copy)} bytes: {error}") from None
    return wire.loads(text)
