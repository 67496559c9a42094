"""What is to be written into Holded, as values: the mapping makes them, the protocol turns them into requests.

Amounts are `Decimal` euros (or `currency`), rounded per line half-up as Holded does; days are Holded's days
(Europe/Madrid). Nothing here knows a URL or a JSON key of Holded.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal

from relay.domain.models import Address

Day = date  # inside a class with a field called `date` that name is taken

DocType = Literal["invoice", "salesreceipt", "creditnote", "salesorder", "estimate", "proform", "waybill", "purchase"]
"""Holded's own v1 names, as its webhooks use them; the protocol knows the v2 path of each."""

Purpose = Literal["invoice", "salesreceipt", "creditnote", "salesorder", "contact", "product", "payment"]
Finish = Literal["draft", "approve", "approve_and_pay"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactDraft:
    """A contact to find or create. `tax_key` and `email_key` are the normalised values it is claimed by."""

    name: str
    tax_key: str | None = None  # country + compact number, e.g. "ESB12345678"; None for a buyer without tax id
    email_key: str | None = None  # lower-cased, trimmed
    code: str | None = None  # Holded's `code`: the national tax id
    vat_number: str | None = None  # EU VAT number with its country prefix
    trade_name: str | None = None
    email: str | None = None
    phone: str | None = None
    is_person: bool = True
    type: Literal["client", "supplier", "lead", "debtor", "creditor"] = "client"
    bill_address: Address | None = None
    shipping_address: Address | None = None
    iban: str | None = None
    due_days: int | None = None
    language: str | None = None
    tags: tuple[str, ...] = ()
    custom_fields: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class LineDraft:
    """`price` is the net unit price, `discount_percent` Holded's line discount; `net` and `tax` are what Holded will make of it."""

    name: str
    units: Decimal
    price: Decimal
    net: Decimal
    tax: Decimal
    taxes: tuple[str, ...] = ()  # the account's own tax keys
    discount_percent: Decimal = Decimal(0)
    type: Literal["product", "service", "title", "shipping", "rounding"] = "product"
    description: str | None = None
    sku: str | None = None
    product_id: str | None = None
    account: str | None = None
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentDraft:
    doc_type: DocType
    date: date
    lines: tuple[LineDraft, ...]
    subtotal: Decimal
    tax: Decimal
    total: Decimal
    currency: str = "EUR"
    currency_change: Decimal | None = None
    due_date: Day | None = None
    description: str | None = None
    notes: str | None = None
    language: str | None = None
    tags: tuple[str, ...] = ()
    custom_fields: tuple[tuple[str, str], ...] = ()
    number_line_id: str | None = None
    warehouse_id: str | None = None
    sales_channel_id: str | None = None
    payment_method_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductDraft:
    name: str
    kind: Literal["simple", "variants"] = "simple"
    sku: str | None = None
    barcode: str | None = None
    description: str | None = None
    price: Decimal | None = None  # net
    cost: Decimal | None = None
    taxes: tuple[str, ...] = ()
    weight: Decimal | None = None
    has_stock: bool = False
    archived: bool = False
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentDraft:
    """`amount` is all that came in of its fact, in `currency`; empty: the document's own."""

    amount: Decimal
    date: date
    treasury_id: str | None = None
    description: str | None = None
    currency: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What the mapping decided for one event.

    `document`: write `contact` (if any), then `document` / `product`, then finish. `review`: a human must judge, `reason`
    says why (a constant word) and `detail` the exact difference and the remedy. `ignored`: nothing to do, `reason` says why.
    `purpose` is the last part of the business key (account, source, subject, purpose); reviews and ignored ones have it too.
    """

    outcome: Literal["document", "review", "ignored"]
    purpose: Purpose
    reason: str = ""
    detail: str = ""
    subject: str = ""  # source object id of the business key; the event's own subject unless the mapping says otherwise
    contact: ContactDraft | None = None
    document: DocumentDraft | None = None
    product: ProductDraft | None = None
    payment: PaymentDraft | None = None
    finish: Finish = "draft"
    parent: tuple[str, str] | None = (
        None  # (source object id, purpose) this one waits for: a refund's order and its invoice
    )
    differs: tuple[str, str, str] | None = None  # of a review: (field, the source's value, what its lines come to)
    digest: str = ""  # fiscal digest: equal digests mean there is nothing new to write
    split: str = ""  # the document's net, and base and tax by rate, as the ledger keeps them


Priority = Literal["fiscal", "normal", "background"]
PRIORITIES: tuple[Priority, ...] = ("fiscal", "normal", "background")
