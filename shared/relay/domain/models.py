"""The unified models: what an event on the bus carries, whatever system it came from.

Standard-library dataclasses, so that the hot path loads no validation library. `relay.domain.wire` parses and
serialises them (pydantic), and `docs/schemas/` holds the JSON Schema generated from them.

Conventions: money is `Decimal` in the object's `currency` (ISO 4217, upper case), never a float; instants are aware;
ids are the source's own, as strings; absent is `None` or an empty tuple, never an empty string.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Literal

from relay.domain.models_company import BankMovement, Funnel, Lead, LedgerEntry, Project, Record, Stock

LineKind = Literal["product", "service", "shipping", "fee", "tip", "gift_card", "discount", "rounding"]
"""`gift_card` is the sale of a voucher; a voucher used to pay is a `Payment` with method `gift_card`."""

PaymentStatus = Literal["unpaid", "partially_paid", "paid", "partially_refunded", "refunded", "voided"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    name: str | None = None
    company: str | None = None
    line1: str | None = None
    line2: str | None = None
    city: str | None = None
    postal_code: str | None = None
    province: str | None = None
    province_code: str | None = None
    country: str | None = None  # ISO 3166-1 alpha-2, upper case
    phone: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TaxId:
    value: str  # as the source wrote it, trimmed
    country: str | None = None  # ISO 3166-1 alpha-2 where the source says so (EU VAT uses EL for Greece; here it is GR)
    kind: str | None = None  # the source's own word: "eu_vat", "es_cif", "nif" ...
    vies_confirmed_at: datetime | None = None  # a recorded VIES confirmation, else None


@dataclass(frozen=True, slots=True, kw_only=True)
class TaxLine:
    """One tax on a line. `rate` is a percent (21 for 21 %), None where the source gives only an amount."""

    name: str | None = None
    rate: Decimal | None = None
    amount: Decimal
    country: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Discount:
    """Already in money of the document, positive. `code` and `title` are what the buyer saw."""

    amount: Decimal
    code: str | None = None
    title: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of an order, invoice, credit note or refund.

    `unit_price * quantity` is before `discounts`; whether it holds tax is the document's `prices_include_tax`.
    `discounts` holds the line's own discounts and its share of order-wide ones, each positive.
    `total` is what the source says the line comes to after discounts, in the same tax convention, None if it does not say.
    """

    id: str | None = None
    kind: LineKind = "product"
    name: str
    description: str | None = None
    sku: str | None = None
    product_id: str | None = None
    variant_id: str | None = None
    quantity: Decimal = Decimal(1)
    unit_price: Decimal
    discounts: tuple[Discount, ...] = ()
    taxes: tuple[TaxLine, ...] = ()
    taxable: bool | None = None
    total: Decimal | None = None
    custom_fields: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """A buyer (or supplier). `id` is the source's customer id, None for a guest."""

    id: str | None = None
    name: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    company: str | None = None
    is_person: bool | None = None
    email: str | None = None
    phone: str | None = None
    tax_ids: tuple[TaxId, ...] = ()
    tax_exempt: bool | None = None
    billing_address: Address | None = None
    shipping_address: Address | None = None
    iban: str | None = None
    payment_terms_days: int | None = None
    price_list: str | None = None
    language: str | None = None
    tags: tuple[str, ...] = ()
    note: str | None = None
    custom_fields: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    id: str
    variant_id: str | None = None
    name: str
    description: str | None = None
    sku: str | None = None
    barcode: str | None = None
    kind: Literal["simple", "variants", "service"] = "simple"
    price: Decimal | None = None
    price_includes_tax: bool | None = None
    currency: str | None = None
    cost: Decimal | None = None
    weight_grams: Decimal | None = None
    stock: Decimal | None = None
    active: bool = True
    variants: tuple[Product, ...] = ()
    tags: tuple[str, ...] = ()
    custom_fields: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Payment:
    """Money that moved. `method` is the source's word: `shopify_payments`, `card`, `bacs`, `gift_card` ..."""

    id: str | None = None
    amount: Decimal
    currency: str
    method: str | None = None
    at: datetime | None = None
    reference: str | None = None
    document_id: str | None = None  # the source's order or invoice it pays
    contact: Contact | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Document:
    """What order, invoice, credit note and refund share.

    `total` is what the buyer pays, tax included, before vouchers used as payment. `tax_total` is None where the source
    does not say. `exchange_rate` is units of the company's base currency for one of `currency`, None if unknown.
    `refers_to` is the source id of the document this one corrects or belongs to (a refund's order, a credit note's invoice).
    """

    id: str
    number: str | None = None  # what the buyer sees: "#1001"
    currency: str
    exchange_rate: Decimal | None = None
    issued_at: datetime
    updated_at: datetime | None = None
    due_on: date | None = None
    prices_include_tax: bool = False
    contact: Contact | None = None
    billing_address: Address | None = None
    shipping_address: Address | None = None
    lines: tuple[Line, ...] = ()
    discounts: tuple[Discount, ...] = ()  # order-wide discounts NOT already spread over the lines
    taxes: tuple[TaxLine, ...] = ()
    subtotal: Decimal | None = None
    tax_total: Decimal | None = None
    total: Decimal
    amount_due: Decimal | None = None
    payment_status: PaymentStatus = "unpaid"
    payments: tuple[Payment, ...] = ()
    payment_terms_days: int | None = None
    refers_to: str | None = None
    channel: str | None = None  # "web", "pos", a shop's sales channel
    warehouse: str | None = None  # the source's location id
    note: str | None = None
    tags: tuple[str, ...] = ()
    custom_fields: Mapping[str, str] = field(default_factory=dict)
    test: bool = False  # the source marks it as a test


@dataclass(frozen=True, slots=True, kw_only=True)
class Order(_Document):
    """A sale as the shop sees it. `cancelled_at` set: it was called off."""

    cancelled_at: datetime | None = None
    fulfilled: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Invoice(_Document):
    """An invoice another system issued (Stripe billing, an ERP)."""

    voided_at: datetime | None = None
    paid_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditNote(_Document):
    """A credit note another system issued. Amounts are positive."""

    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Refund(_Document):
    """Money and goods given back. Amounts are positive; lines are what was returned, may be empty for a plain amount."""

    reason: str | None = None
    full: bool | None = None  # True where the source says the whole order was refunded


Written = Order | Invoice | CreditNote | Refund | Contact | Product | Payment
"""What a source may tell us and a writer may carry into Holded."""

Kept = Lead | Funnel | Project | Stock | BankMovement | LedgerEntry | Record
"""What is only ever read in Holded."""

Model = Written | Kept


@dataclass(frozen=True, slots=True, kw_only=True)
class Hint:
    """What a Holded webhook is worth: an object and what happened to it. Never on the bus; leads to a re-read."""

    object: str  # "invoice", "contact", "product" ... as Holded names it
    action: str  # "create", "update", "delete", "approve"
    holded_id: str
    number: str | None = None
    total: Decimal | None = None
    at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One fact. `id` is `<inbox id>#<n>`; `type` is `<object>.<verb in the past>`; `subject` the source's object id.

    `monotone` facts (paid, refunded, cancelled) have ids of their own and are never superseded by time; only
    `updated` ones compare `version`, an integer that grows with the object (updated_at in ms where there is one).
    """

    id: str
    account: str
    source: str
    type: str
    subject: str
    time: datetime
    version: int
    monotone: bool
    data: Model | Hint
    raw_ref: str  # the inbox id of the raw delivery
    site: str = ""  # the shop it is of, where `subject` is a number of each shop's own: host and path, else empty
