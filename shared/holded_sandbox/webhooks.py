"""Holded's webhooks: 58 events, thin camelCase bodies, a signature over the raw bytes, retries (Holded facts 7)."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from holded_sandbox.days import iso_utc
from holded_sandbox.facts import fact
from holded_sandbox.wire import dumps

if TYPE_CHECKING:
    from random import Random

    from holded_sandbox.company import Company
    from holded_sandbox.ids import IdMint
    from holded_sandbox.wire import Record

_FOUR = ("invoice", "creditnote", "salesreceipt", "purchase", "purchaserefund", "receiptnote")
_THREE = (
    "proform", "estimate", "salesorder", "waybill", "service", "receipt", "purchaseorder", "payment", "contact",
    "product", "warehouse",
)  # fmt: skip
EVENTS: tuple[str, ...] = (
    *(f"{name}.{action}" for name in _FOUR for action in ("create", "update", "delete", "approve")),
    *(f"{name}.{action}" for name in _THREE for action in ("create", "update", "delete")),
    "stock.update",
)

_RETRY_SECONDS = (
    10.0,
    60.0,
    300.0,
    1_800.0,
    7_200.0,
)  # at least once, with backoff; Holded's own schedule is not known
_WIDE = {"salesorder", "waybill", "estimate"}


@dataclass(slots=True, kw_only=True)
class Delivery:
    """One body on its way to one endpoint. `due` is on the sandbox's clock; `state` ends as `delivered` or `given up`."""

    id: str
    company_id: str
    url: str
    event: str
    object_id: str
    headers: dict[str, str]
    body: bytes
    due: float
    sequence: int
    state: str = "waiting"
    attempts: int = 0
    statuses: list[int] = field(default_factory=list)


@fact("12.3 camelCase thin bodies")
def document_event(document: Record, *, deleted: bool = False) -> Record:
    """The body of a document's event. Money is text; `documentNumber` is null on a draft (Holded facts 7)."""
    kind = document["_kind"]
    body: Record = {
        "id": document["id"], "type": kind, "documentNumber": document["document_number"],
        "contactId": document["contact_id"],
    }  # fmt: skip
    if deleted:
        return body
    body |= {
        "date": document["date"], "dueDate": document["due_date"], "contactName": document["contact_name"],
        "total": document["total"], "subtotal": document["subtotal"], "isDraft": document["draft"],
    }  # fmt: skip
    if kind in _WIDE:
        body |= {
            "status": "cancelled" if document["cancelled"] else "pending", "language": document["language"],
            "description": document["description"], "notes": document["notes"],
            "numberLineId": document["number_line_id"], "currency": document["currency"],
            "paymentMethod": document["payment_method_id"], "paymentsTotal": document["payments_total"],
            "paymentsPending": document["payments_pending"], "warehouseId": document["warehouse_id"],
            "accountingDate": document["accounting_date"], "approvedAt": document["approved_at"],
            "currencyChange": document["currency_change"], "discount": document["discount"], "tax": document["tax"],
            "tags": document["tags"], "customFields": document["custom_fields"],
            "lines": [{"name": line["name"], "units": line["units"], "price": line["price"]} for line in document["lines"]],
        }  # fmt: skip
    return body


def payment_event(company: Company, payment: Record) -> Record:
    """The body of a payment's event is not on record (Holded facts 7); by the company's switch it names the document."""
    body: Record = {"id": payment["id"], "amount": payment["amount"]}
    if company.settings.payment_names_document:
        body |= {"documentType": payment["document_type"], "documentId": payment["document_id"]}
    return body


@fact("12.3 raw-body HMAC")
def sign(secret: str, body: bytes) -> str:
    """`sha256=` + hex; the secret is used as it is, its `whsec_` included."""
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


@fact("12.3 headers")
def delivery_headers(
    *, company: Company, endpoint: Record, event: str, delivery_id: str, body: bytes, now: float
) -> dict[str, str]:
    return {
        "content-type": "application/json",
        "x-holded-webhook-event": event,
        "x-holded-webhook-id": endpoint["id"] if company.settings.webhook_id == "endpoint" else delivery_id,
        "x-holded-webhook-account-id": company.id,
        "x-holded-webhook-date": iso_utc(now),
        "x-holded-webhook-version": "v1",
        "x-holded-webhook-signature": sign(endpoint["secret"], body),
    }


@fact("12.3 the 58 events", "12.3 retries on non-2xx", "12.3 duplicates and reordering on demand")
class Emitter:
    """Turns events into deliveries and keeps them until they are acknowledged or given up.

    An endpoint's `duplicates` is the number of extra copies of each delivery, its `reorder_seconds` the span over which
    the deliveries are scattered, its `delay_seconds` what every delivery waits.
    """

    def __init__(self, ids: IdMint, random: Random) -> None:
        self._ids, self._random = ids, random
        self.deliveries: list[Delivery] = []
        self._waiting: list[Delivery] = []

    def emit(self, company: Company, subject: str, action: str, body: Record, now: float) -> None:
        event = f"{subject}.{action}"
        if event not in EVENTS:
            raise ValueError(f"{event}: not one of Holded's webhook events")
        raw = dumps(body).encode()
        for endpoint in company.tables["webhooks"].values():
            if endpoint["events"] is not None and event not in endpoint["events"]:
                continue
            delivery_id = self._ids.mint(now)
            headers = delivery_headers(
                company=company, endpoint=endpoint, event=event, delivery_id=delivery_id, body=raw, now=now
            )
            for _copy in range(1 + endpoint["duplicates"]):
                scatter = self._random.uniform(0, endpoint["reorder_seconds"]) if endpoint["reorder_seconds"] else 0.0
                delivery = Delivery(
                    id=delivery_id, company_id=company.id, url=endpoint["url"], event=event,
                    object_id=str(body.get("id", "")), headers=headers, body=raw,
                    due=now + endpoint["delay_seconds"] + scatter, sequence=len(self.deliveries),
                )  # fmt: skip
                self.deliveries.append(delivery)
                self._waiting.append(delivery)

    def clear(self) -> None:
        self.deliveries.clear()
        self._waiting.clear()

    def due(self, now: float) -> list[Delivery]:
        """What is to be posted now, in the order it is due."""
        return sorted((item for item in self._waiting if item.due <= now), key=lambda item: (item.due, item.sequence))

    def next_due(self) -> float | None:
        return min((item.due for item in self._waiting), default=None)

    def settle(self, company: Company, delivery: Delivery, status: int, now: float) -> None:
        """Record an attempt's HTTP status (0: no answer): any 2xx acknowledges, everything else is tried again later."""
        delivery.attempts += 1
        delivery.statuses.append(status)
        if 200 <= status < 300:
            delivery.state = "delivered"
            company.counts.delivered[delivery.event] += 1
        elif delivery.attempts > len(_RETRY_SECONDS):
            delivery.state = "given up"
            company.counts.failed[delivery.event] += 1
        else:
            delivery.due = now + _RETRY_SECONDS[delivery.attempts - 1]
            return
        self._waiting.remove(delivery)
