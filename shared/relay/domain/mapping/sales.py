"""The policy of sales: which document an order or an invoice becomes, and what follows its draft."""

from __future__ import annotations

from typing import TYPE_CHECKING

from relay.domain.documents import PaymentDraft, Plan
from relay.domain.mapping import choices, digest
from relay.domain.mapping.assemble import assemble, circumstances
from relay.domain.mapping.contacts import buyer_of
from relay.domain.mapping.sale import MADRID, Sale
from relay.domain.models import Order
from relay.domain.money import ZERO
from relay.domain.reconciling_split import kept, of_draft
from relay.domain.text import clip

if TYPE_CHECKING:
    from datetime import date

    from relay.domain.documents import DocType, DocumentDraft, Finish, Purpose
    from relay.domain.mapping.catalogue import Catalogue
    from relay.domain.mapping.evidence import SalesModel
    from relay.domain.models import Event, Invoice
    from relay.domain.settings import Settings

_SOLD = frozenset({"paid", "partially_refunded", "refunded"})
_SPAIN = frozenset({"home", "canary", "ceuta", "melilla", "unknown"})


def purpose_of(order: Order, *, sold: bool = False) -> Purpose:
    """The key of an order's document: its sale once it is paid, before that a sales order."""
    return "invoice" if sold or order.payment_status in _SOLD else "salesorder"


def may_be_sold(event: Event) -> bool:
    """Whether this version of an order does not tell if it was invoiced: an item that is added to a paid order makes it
    `partially_paid`, and so does a deposit on one that was never paid.
    """
    return isinstance(event.data, Order) and event.data.payment_status == "partially_paid"


def plan_order(
    event: Event, order: Order, settings: Settings, catalogue: Catalogue, *, today: date | None, sold: bool = False
) -> Plan:
    """A paid order is a sale, an unpaid one a sales order or nothing; a cancelled one was never sold or is refunded apart."""
    purpose = purpose_of(order, sold=sold)
    paid = purpose == "invoice"
    if event.type == "order.cancelled" or (order.cancelled_at is not None and not paid):
        return ignored(event, purpose, "order_cancelled", "What was paid back comes as a refund.")
    if event.type == "order.deleted":
        return ignored(event, purpose, "order_deleted", "The order no longer exists in its source.")
    if order.test and settings.policy.test_data == "ignore":
        return ignored(event, purpose, "test_order", "The source marks it as a test.")
    if order.payment_status == "voided":
        return ignored(event, purpose, "payment_voided", "The payment was voided before it was taken.")
    if order.refers_to is not None:
        return ignored(event, purpose, "invoiced_by_source", "The source issues an invoice of its own for it.")
    policy = settings.policy.paid_order if paid else settings.policy.unpaid_order
    if policy == "nothing":
        return ignored(
            event, purpose, "policy_paid_order" if paid else "policy_unpaid_order", "By the account's policy."
        )
    sale = sale_of(event, order, settings, catalogue, today)
    doc_type: DocType = _sale_type(sale) if paid else "salesorder"
    draft = assemble(sale, doc_type=doc_type, description=_title(event, order))
    return document_plan(event, sale, draft, purpose=purpose)


def plan_invoice(
    event: Event, invoice: Invoice, settings: Settings, catalogue: Catalogue, *, today: date | None
) -> Plan:
    """An invoice another system issued is written as it stands; a voided one never, and what was written needs a person."""
    if event.type == "invoice.voided" or invoice.voided_at is not None or invoice.payment_status == "voided":
        return ignored(event, "invoice", "invoice_voided", "The source voided it.")
    if invoice.test and settings.policy.test_data == "ignore":
        return ignored(event, "invoice", "test_invoice", "The source marks it as a test.")
    if settings.policy.invoices == "nothing":
        return ignored(event, "invoice", "policy_invoices", "By the account's policy.")
    sale = sale_of(event, invoice, settings, catalogue, today)
    draft = assemble(sale, doc_type="invoice", description=_title(event, invoice))
    return document_plan(event, sale, draft, purpose="invoice")


def sale_of(event: Event, document: SalesModel, settings: Settings, catalogue: Catalogue, today: date | None) -> Sale:
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
    return clip(f"{source_name(event)} {document.number or document.id}", 200)


def source_name(event: Event) -> str:
    return {"woocommerce": "WooCommerce", "standard": "Webhook"}.get(event.source, event.source.capitalize())


def document_plan(event: Event, sale: Sale, draft: DocumentDraft, *, purpose: Purpose) -> Plan:
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
        split=kept(of_draft(draft, sale.catalogue.rates_of)),
    )


def _payment(event: Event, sale: Sale, draft: DocumentDraft) -> PaymentDraft | None:
    """What was paid, vouchers apart: a voucher is no money that reaches the bank. Where a voucher and money paid one sum
    (`gift_card+card`), how much of it was money is not known: nothing is registered, a person does.
    """
    document = sale.document
    money = [one for one in document.payments if "gift_card" not in (one.method or "").split("+") and one.amount > 0]
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
        currency=draft.currency,
    )


def ignored(event: Event, purpose: Purpose, reason: str, detail: str = "") -> Plan:
    return Plan(outcome="ignored", purpose=purpose, subject=event.subject, reason=reason, detail=detail)
