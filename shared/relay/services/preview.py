"""What would be written to Holded for a delivery, without writing: the unified events and the exact requests, or why not."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from relay.domain import wire
from relay.domain.ledger import Key, marker_of
from relay.domain.mapping.plan import plan as plan_for
from relay.domain.models import Hint
from relay.domain.sources.base import Delivery
from relay.errors import BadInput
from relay.holded import requests, requests_products
from relay.holded.encoding import encode
from relay.services.unfold import unfold

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from relay.domain.documents import DocumentDraft, Plan
    from relay.domain.mapping.catalogue import Catalogue
    from relay.domain.models import Event
    from relay.domain.settings import Settings
    from relay.holded.protocol import Request

CONTACT_ID = "<contact_id>"
DOCUMENT_ID = "<document_id>"


def preview(
    *,
    source: str,
    topic: str,
    account: str,
    body: bytes,
    headers: Mapping[str, str],
    settings: Settings,
    catalogue: Catalogue,
    now: datetime,
) -> dict[str, Any]:
    """The events of one delivery and, for each, its outcome: `{"events": [...], "results": [...]}`, ready for JSON.

    A result has `outcome` (document, review, ignored), `reason`, `detail`, `requests` (`method`, `path`, `body`) and
    `total`, a string with two decimals or None. What became no event is one more result without one. Ids that Holded
    will give are `<contact_id>` and `<document_id>`. Raises `BadInput` for an unknown source and a body that is not JSON.
    """
    try:
        json.loads(body)
    except (ValueError, RecursionError):
        raise BadInput("body_unreadable", field="body", detail=f"{len(body)} bytes, expected JSON in UTF-8") from None
    parts = unfold(
        Delivery(
            inbox_id="preview",
            account=account,
            source=source,
            topic=topic,
            headers={name.lower(): value for name, value in headers.items()},
            body=body,
            received_at=now,
        )
    )
    results = [result_of(event, plan_for(event, settings, catalogue, today=now.date())) for event in parts.events]
    if parts.ignored or parts.review:
        outcome = "review" if parts.review else "ignored"
        results.append(_described(outcome, parts.review or parts.ignored, parts.detail))
    return {"events": [_shown(event) for event in parts.events], "results": results}


def _shown(event: Event) -> dict[str, Any]:
    if isinstance(event.data, Hint):  # never on the bus, so it has no CloudEvent
        return {"id": event.id, "type": event.type, "subject": event.subject, "account": event.account}
    return dict(wire.to_cloudevent(event))


def result_of(event: Event, plan: Plan) -> dict[str, Any]:
    """One event's outcome, as `preview` shows it."""
    described = _described(plan.outcome, plan.reason, plan.detail)
    if plan.outcome == "document":
        described["requests"] = [_request(request) for request in _requests(event, plan)]
        described["total"] = f"{plan.document.total:.2f}" if plan.document else None
    return described


def _described(outcome: str, reason: str, detail: str) -> dict[str, Any]:
    return {"outcome": outcome, "reason": reason or None, "detail": detail or None, "requests": [], "total": None}


def _requests(event: Event, plan: Plan) -> Iterator[Request[Any]]:
    """In the order they would be sent to an account that knows neither the contact nor the document."""
    if plan.contact is not None:
        yield requests.create_contact(plan.contact)
    if plan.product is not None:
        yield requests_products.create_product(plan.product)
    if plan.document is not None:
        yield from _document(event, plan, plan.document)
    elif plan.payment is not None:
        yield requests.pay("invoice", DOCUMENT_ID, plan.payment)


def _document(event: Event, plan: Plan, draft: DocumentDraft) -> Iterator[Request[Any]]:
    key = Key(account=event.account, source=event.source, object_id=plan.subject or event.subject, purpose=plan.purpose)
    yield requests.create_document(draft, contact_id=CONTACT_ID, marker=marker_of(key))
    if plan.finish in {"approve", "approve_and_pay"}:
        yield requests.approve(draft.doc_type, DOCUMENT_ID)
    if plan.finish == "approve_and_pay" and plan.payment is not None:
        yield requests.pay(draft.doc_type, DOCUMENT_ID, plan.payment)


def _request(request: Request[Any]) -> dict[str, Any]:
    body = json.loads(encode(request)) if request.json is not None else None
    return {"method": request.method, "path": request.path, "body": body}
