"""What happens to a document, whichever API asks: draft, change, approve, pay, cancel, delete."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from holded_sandbox import ledger
from holded_sandbox.days import local_datetime, today
from holded_sandbox.facts import fact
from holded_sandbox.kinds import KINDS, Kind
from holded_sandbox.money import cents, line_amounts, plain, totals
from holded_sandbox.numbering import find_series, render_number
from holded_sandbox.webhooks import Emitter, document_event, payment_event

if TYPE_CHECKING:
    from holded_sandbox.company import Company
    from holded_sandbox.ids import IdMint
    from holded_sandbox.wire import Record


class RefusedError(Exception):
    """The company does not allow it; each API says so in its own way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """Everything an action on one company needs: the company, the moment, new ids, the webhook emitter."""

    company: Company
    now: float
    ids: IdMint
    emitter: Emitter

    def mint(self) -> str:
        return self.ids.mint(self.now)


def blank(kind: Kind, now: float) -> Record:
    """A document with Holded's default in every field; amounts are dotted strings, dates ISO days."""
    return {
        "id": "", "_kind": kind.v1, "document_number": None, "contact_id": None, "contact_name": "", "description": None,
        "date": today(now), "due_date": None, "subtotal": "0.00", "discount": "0", "total": "0.00", "tax": "0.00",
        "currency": "EUR", "tags": [], "lines": [], "notes": None, "language": "es", "currency_change": "1.00",
        "accounting_date": None, "approved_at": None, "draft": True, "cancelled": False, "custom_fields": [],
        "project_id": None, "pipeline_id": None, "warehouse_id": None, "shipping": None, "shipping_data": None,
        "payment_method_id": None, "payments_total": "0.00", "payments_pending": "0.00", "payments_refunds": "0.00",
        "payments_detail": [], "body": None, "multiple_due_dates": [], "forecast_date": None, "from": None,
        "sales_channel_id": None, "number_line_id": None, "_own_number": None,
    }  # fmt: skip


def blank_line() -> Record:
    return {
        "line_id": None, "type": "product", "name": "", "description": "", "price": "0", "units": "1", "discount": "0",
        "taxes": [], "tax_percent": None, "tags": [], "product_id": None, "variant_id": None, "service_id": None,
        "sku": None, "weight": "0", "cost_price": "0", "account": None, "project_id": None, "unit_type": None,
    }  # fmt: skip


def recompute(desk: Desk, document: Record) -> None:
    """Bring every derived amount up to date: lines, totals, what is pending."""
    rates = desk.company.tax_rates()
    share = Decimal(document["discount"])
    for line in document["lines"]:
        net, tax = line_amounts(line, rates, share)
        line["_net"], line["_tax"] = plain(net), plain(tax)
    sums = totals(document["lines"], rates, share)
    document["subtotal"], document["tax"], document["total"] = plain(sums.subtotal), plain(sums.tax), plain(sums.total)
    paid = sum((Decimal(payment["amount"]) for payment in document["payments_detail"]), Decimal(0))
    document["payments_total"] = plain(cents(paid))
    document["payments_pending"] = plain(cents(sums.total - paid))


@fact("12.1 payments change payments_pending and status")
def payment_status(document: Record) -> str:
    """Derived, as in Holded: it cannot be set (Holded facts 10.2)."""
    if document["cancelled"]:
        return "cancelled"
    paid, pending = Decimal(document["payments_total"]), Decimal(document["payments_pending"])
    is_settled = pending >= 0 if Decimal(document["total"]) < 0 else pending <= 0  # paid too much is paid, too
    if not document["draft"] and is_settled:
        return "completed"
    return "partial" if paid else "pending"


def create(desk: Desk, kind: Kind, document: Record, *, approved: bool = False) -> Record:
    """Store a new document: a draft, unless the caller or the company's switch approves it at once."""
    document["id"] = desk.mint()
    for line in document["lines"]:
        line["line_id"] = desk.mint()
    recompute(desk, document)
    _keep_suppliers_number(kind, document)
    desk.company.put("documents", document, desk.now)
    if approved or desk.company.settings.auto_approve:
        _number(desk, kind, document)
    _tell(desk, document, "create")
    if not document["draft"] and kind.approve_event:
        _tell(desk, document, "approve")
    return document


def changed(desk: Desk, document: Record) -> None:
    """Store a document that was edited and tell the webhooks."""
    for line in document["lines"]:
        line["line_id"] = line["line_id"] or desk.mint()
    recompute(desk, document)
    _keep_suppliers_number(KINDS[document["_kind"]], document)
    ledger.book_document(desk, document)
    desk.company.put("documents", document, desk.now)
    _tell(desk, document, "update")


def _tell(desk: Desk, document: Record, action: str) -> None:
    """The webhook of a change; of some kinds Holded sends none (Holded facts 7)."""
    if not KINDS[document["_kind"]].bare:
        body = document_event(document, deleted=action == "delete")
        desk.emitter.emit(desk.company, document["_kind"], action, body, desk.now)


@fact("12.1 draft → approve → numbered")
def approve(desk: Desk, document: Record) -> None:
    """Give the document its number; it cannot be undone. Approving twice changes nothing."""
    if not document["draft"]:
        return
    if document["cancelled"]:
        raise RefusedError("A cancelled document cannot be approved")
    kind = KINDS[document["_kind"]]
    _number(desk, kind, document)
    desk.company.put("documents", document, desk.now)
    _tell(desk, document, "approve" if kind.approve_event else "update")


def _keep_suppliers_number(kind: Kind, document: Record) -> None:
    """A purchase is read with its supplier's number from the start: `number` on write, `document_number` on read, and nothing
    makes that wait for approval (Holded facts 3.4).
    """
    if kind.suppliers_number and document["_own_number"]:
        document["document_number"] = document["_own_number"]


def _number(desk: Desk, kind: Kind, document: Record) -> None:
    document["draft"] = False
    document["approved_at"] = local_datetime(desk.now)
    document["accounting_date"] = document["date"]
    _give_number(desk, kind, document)
    ledger.book_document(desk, document)


def _give_number(desk: Desk, kind: Kind, document: Record) -> None:
    own = document["_own_number"]
    if own and kind.side == "purchases":
        document["document_number"] = own  # the supplier's number is kept (Holded facts 3.2, 3.4)
        return
    series = find_series(desk.company, kind, document["number_line_id"])
    if series is None:
        document["document_number"] = own or document["id"]
        return
    series["last"] += 1
    desk.company.put("series", series, desk.now)
    document["document_number"] = render_number(series["format"], series["last"], document["date"])


def pay(desk: Desk, document: Record, *, amount: Decimal, day: str, bank_id: str | None, note: str) -> Record:
    """Register a payment on a document; a draft is approved by it, as live reports say (Holded facts 3.3)."""
    if document["cancelled"]:
        raise RefusedError("A cancelled document cannot be paid")
    approve(desk, document)
    payment = {
        "id": desk.mint(), "type": "collection" if KINDS[document["_kind"]].side == "sales" else "payment",
        "bank_account_id": bank_id, "contact_id": document["contact_id"], "contact_name": document["contact_name"],
        "amount": plain(amount), "description": note, "date": day,
        "document_type": document["_kind"], "document_id": document["id"],
    }  # fmt: skip
    ledger.book_payment(desk, payment)
    desk.company.put("payments", payment, desk.now)
    document["payments_detail"].append({"id": payment["id"], "amount": plain(amount), "date": day, "bank_id": bank_id})
    recompute(desk, document)
    desk.company.put("documents", document, desk.now)
    desk.emitter.emit(desk.company, "payment", "create", payment_event(desk.company, payment), desk.now)
    if desk.company.settings.payment_updates_document:
        _tell(desk, document, "update")
    return payment


def forget_payment(desk: Desk, payment: Record) -> None:
    ledger.unbook(desk, payment)
    desk.company.drop("payments", payment["id"])
    document = desk.company.get("documents", payment["document_id"] or "")
    if document is not None:
        kept = [detail for detail in document["payments_detail"] if detail["id"] != payment["id"]]
        document["payments_detail"] = kept
        recompute(desk, document)
        desk.company.put("documents", document, desk.now)
    desk.emitter.emit(desk.company, "payment", "delete", payment_event(desk.company, payment), desk.now)


def cancel(desk: Desk, document: Record) -> None:
    if document["draft"]:
        raise RefusedError("A draft cannot be cancelled")
    document["cancelled"] = True
    changed(desk, document)


@fact("12.1 delete of approved refused")
def delete(desk: Desk, document: Record, *, by_person: bool = False) -> None:
    """Remove a document and its payments; an approved one only by a person or by the company's switch."""
    if not document["draft"] and not by_person and desk.company.settings.delete_approved == "refuse":
        raise RefusedError("An approved document cannot be deleted")
    for detail in document["payments_detail"]:
        payment = desk.company.get("payments", detail["id"])
        if payment is not None:
            ledger.unbook(desk, payment)
            desk.company.drop("payments", detail["id"])
    ledger.unbook(desk, document)
    desk.company.drop("documents", document["id"])
    _tell(desk, document, "delete")
