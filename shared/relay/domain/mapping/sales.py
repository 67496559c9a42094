"""The policy of sales: which document an order, invoice, credit note or refund becomes, and what follows its draft."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from relay.domain.documents import PaymentDraft, Plan
from relay.domain.mapping import choices, digest
from relay.domain.mapping.assemble import assemble, circumstances
from relay.domain.mapping.contacts import buyer_of
from relay.domain.mapping.evidence import tax_total
from relay.domain.mapping.sale import MADRID, Sale
from relay.domain.mapping.undecided import Undecided
from relay.domain.models import CreditNote, Line, TaxLine
from relay.domain.money import HUNDRED, ZERO, cents
from relay.domain.text import clip

if TYPE_CHECKING:
    from datetime import date

    from relay.domain.documents import DocType, DocumentDraft, Finish, Purpose
    from relay.domain.mapping.catalogue import Catalogue
    from relay.domain.mapping.evidence import SalesModel
    from relay.domain.models import Event, Invoice, Order, Refund
    from relay.domain.settings import Settings

_SOLD = frozenset({"paid", "partially_refunded", "refunded"})
_SPAIN = frozenset({"home", "canary", "ceuta", "melilla", "unknown"})


def purpose_of(order: Order) -> Purpose:
    """The key of an order's document: its sale once it is paid, before that a sales order."""
    return "invoice" if order.payment_status in _SOLD else "salesorder"


def plan_order(event: Event, order: Order, settings: Settings, catalogue: Catalogue, *, today: date | None) -> Plan:
    """A paid order is a sale, an unpaid one a sales order or nothing; a cancelled one was never sold or is refunded apart."""
    purpose = purpose_of(order)
    paid = purpose == "invoice"
    if event.type == "order.cancelled" or (order.cancelled_at is not None and not paid):
        return _ignored(
            event, "invoice" if paid else purpose, "order_cancelled", "What was paid back comes as a refund."
        )
    if event.type == "order.deleted":
        return _ignored(event, purpose, "order_deleted", "The order no longer exists in its source.")
    if order.test and settings.policy.test_data == "ignore":
        return _ignored(event, purpose, "test_order", "The source marks it as a test.")
    if order.payment_status == "voided":
        return _ignored(event, purpose, "payment_voided", "The payment was voided before it was taken.")
    if order.refers_to is not None:
        return _ignored(event, purpose, "invoiced_by_source", "The source issues an invoice of its own for it.")
    policy = settings.policy.paid_order if paid else settings.policy.unpaid_order
    if policy == "nothing":
        return _ignored(
            event, purpose, "policy_paid_order" if paid else "policy_unpaid_order", "By the account's policy."
        )
    sale = _sale(event, order, settings, catalogue, today)
    doc_type: DocType = _sale_type(sale) if paid else "salesorder"
    draft = assemble(sale, doc_type=doc_type, description=_title(event, order))
    return _document(event, sale, draft, purpose=purpose)


def plan_invoice(
    event: Event, invoice: Invoice, settings: Settings, catalogue: Catalogue, *, today: date | None
) -> Plan:
    """An invoice another system issued is written as it stands; a voided one never, and what was written needs a person."""
    if event.type == "invoice.voided" or invoice.voided_at is not None:
        return _ignored(event, "invoice", "invoice_voided", "The source voided it.")
    if invoice.test and settings.policy.test_data == "ignore":
        return _ignored(event, "invoice", "test_invoice", "The source marks it as a test.")
    if settings.policy.invoices == "nothing":
        return _ignored(event, "invoice", "policy_invoices", "By the account's policy.")
    sale = _sale(event, invoice, settings, catalogue, today)
    draft = assemble(sale, doc_type="invoice", description=_title(event, invoice))
    return _document(event, sale, draft, purpose="invoice")


def plan_correction(
    event: Event, correction: CreditNote | Refund, settings: Settings, catalogue: Catalogue, *, today: date | None
) -> Plan:
    """Money given back becomes a credit note that waits for the document it corrects.

    The source's name of the original goes into the description; Holded's number is added by `name_original` once known.
    """
    if correction.test and settings.policy.test_data == "ignore":
        return _ignored(event, "creditnote", "test_refund", "The source marks it as a test.")
    if settings.policy.refunds == "nothing":
        return _ignored(event, "creditnote", "policy_refunds", "By the account's policy.")
    if correction.total == 0 and not any(line.unit_price for line in correction.lines):
        return _ignored(event, "creditnote", "nothing_refunded", "No money was given back.")
    sale = _sale(event, _with_a_line(correction, settings), settings, catalogue, today)
    original = f" de {correction.number or correction.refers_to}" if correction.number or correction.refers_to else ""
    notes = clip(correction.reason, 500) or None
    draft = assemble(sale, doc_type="creditnote", description=f"Abono{original} ({_source(event)})", notes=notes)
    plan = _document(event, sale, draft, purpose="creditnote")
    has_buyer = correction.contact is not None or isinstance(correction, CreditNote)
    return replace(
        plan,
        contact=plan.contact if has_buyer and not sale.buyer.anonymous else None,
        parent=(correction.refers_to, "invoice") if correction.refers_to else None,
    )


def _with_a_line(correction: CreditNote | Refund, settings: Settings) -> CreditNote | Refund:
    """A bare amount as one line, where the source or the policy says what tax is in it. Raises `Undecided` otherwise."""
    if correction.lines:
        return correction
    rate = settings.policy.plain_refund_rate
    stated = tax_total(correction)
    if stated is not None:
        taxes = correction.taxes or ((TaxLine(amount=stated),) if stated else ())
    elif rate is not None:
        taxes = (TaxLine(rate=rate, amount=cents(correction.total * rate / (HUNDRED + rate))),) if rate else ()
    else:
        raise Undecided(
            "refund_tax_unknown",
            "The refund is a bare amount: neither lines nor taxes say what it gives back. Credit it by hand, or set "
            "policy.plain_refund_rate if everything sold bears one rate.",
        )
    line = Line(name="Reembolso", unit_price=correction.total, total=correction.total, taxes=taxes)
    return replace(correction, prices_include_tax=True, lines=(line,))


def name_original(draft: DocumentDraft, *, number: str) -> DocumentDraft:
    """A credit note that names the Holded number it corrects, in description and notes (v2 has no field for it)."""
    named = f"Rectifica {number}"
    return replace(
        draft,
        description=f"{draft.description} - {named}" if draft.description else named,
        notes=f"{draft.notes}\n{named}" if draft.notes else named,
    )


def _sale(event: Event, document: SalesModel, settings: Settings, catalogue: Catalogue, today: date | None) -> Sale:
    buyer = buyer_of(
        document.contact, billing=document.billing_address, shipping=document.shipping_address, settings=settings
    )
    return Sale(
        document=document, source=event.source, buyer=buyer, settings=settings, catalogue=catalogue, today=today
    )


def _sale_type(sale: Sale) -> DocType:
    """A simplified invoice for a buyer without tax id in Spain, by policy and within the limit (RD 1619/2012 art. 4)."""
    policy = sale.settings.policy
    simplified = (
        policy.simplified
        and sale.buyer.tax_id is None
        and sale.document.currency == "EUR"
        and sale.document.total <= policy.simplified_limit
        and sale.place(goods=True).zone in _SPAIN
    )
    return "salesreceipt" if simplified else "invoice"


def _title(event: Event, document: SalesModel) -> str:
    return clip(f"{_source(event)} {document.number or document.id}", 200)


def _source(event: Event) -> str:
    return {"woocommerce": "WooCommerce", "standard": "Webhook"}.get(event.source, event.source.capitalize())


def _document(event: Event, sale: Sale, draft: DocumentDraft, *, purpose: Purpose) -> Plan:
    payment = _payment(event, sale, draft)
    finish: Finish = sale.settings.policy.finish
    if finish == "approve_and_pay" and (payment is None or purpose == "salesorder"):
        finish = "approve"
    return Plan(
        outcome="document",
        purpose=purpose,
        subject=event.subject,
        contact=sale.buyer.draft,
        document=draft,
        payment=payment if finish == "approve_and_pay" else None,
        finish=finish,
        digest=digest.of_document(draft, sale.buyer.draft),
    )


def _payment(event: Event, sale: Sale, draft: DocumentDraft) -> PaymentDraft | None:
    """What was paid, vouchers apart: a voucher is no money that reaches the bank."""
    document = sale.document
    money = [payment for payment in document.payments if payment.method != "gift_card" and payment.amount > 0]
    if money:
        amount = sum((payment.amount for payment in money if payment.currency == document.currency), ZERO)
    elif sale.paid_in_full and not document.payments:
        amount = draft.total
    else:
        amount = ZERO
    amount = min(amount, draft.total)
    if amount <= 0:
        return None
    about = circumstances(sale, draft.doc_type)
    at = next((payment.at for payment in money if payment.at is not None), None)
    return PaymentDraft(
        amount=amount,
        date=at.astimezone(MADRID).date() if at else sale.tax_day,
        treasury_id=choices.choose_listed(
            sale.settings.tables.treasury_accounts, about, catalogue=sale.catalogue, of="treasury_accounts"
        ),
        description=_title(event, document),
    )


def _ignored(event: Event, purpose: Purpose, reason: str, detail: str) -> Plan:
    return Plan(outcome="ignored", purpose=purpose, subject=event.subject, reason=reason, detail=detail)
