"""Unified models of what a company keeps in its ERP beside sales: money in the bank, the ledger, leads, projects, stock.

The conventions are those of `relay.domain.models`, whose `Model` holds these too. What a subscriber would reckon with has
a model of its own; everything else is a `Record`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal

Day = date  # inside a class with a field called `date` that name is taken


@dataclass(frozen=True, slots=True, kw_only=True)
class BankMovement:
    """A line of a bank account. `amount` is signed; `value_on` is the day it counts from, `booked_on` the bank's own."""

    id: str
    treasury_id: str | None = None
    amount: Decimal | None = None
    currency: str | None = None
    balance: Decimal | None = None  # of the account after it
    booked_on: date | None = None
    value_on: date | None = None
    description: str | None = None
    note: str | None = None
    status: str | None = None  # pending, partial, reconciled, forced_reconciled
    reconciled_amount: Decimal | None = None
    origin: str | None = None
    flagged_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerEntry:
    """One line of the journal. `account` is the number in the chart; one of `debit` and `credit` is zero."""

    id: str
    entry_number: int
    line: int
    date: Day | None = None
    account: str | None = None
    debit: Decimal = Decimal(0)
    credit: Decimal = Decimal(0)
    type: str | None = None  # the source's word for what was booked: invoice, payment ...
    description: str | None = None
    document_description: str | None = None
    tags: tuple[str, ...] = ()
    checked: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """A stage of a funnel, or a list of a project's tasks."""

    id: str | None = None
    name: str
    key: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Funnel:
    id: str
    name: str | None = None
    stages: tuple[Stage, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadNote:
    id: str | None = None
    title: str | None = None
    text: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadTask:
    id: str | None = None
    name: str | None = None
    done: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Lead:
    """A sales opportunity. `stage_id` is one of its funnel's; `potential` a percentage; `status` the source's word or number."""

    id: str
    name: str | None = None
    funnel_id: str | None = None
    stage_id: str | None = None
    status: str | None = None
    contact_id: str | None = None
    contact_name: str | None = None
    user_id: str | None = None
    value: Decimal | None = None
    potential: Decimal | None = None
    due_on: date | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None
    notes: tuple[LeadNote, ...] = ()
    tasks: tuple[LeadTask, ...] = ()
    custom_fields: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    id: str
    name: str | None = None
    description: str | None = None
    status: str | None = None
    contact_id: str | None = None
    contact_name: str | None = None
    starts_on: date | None = None
    due_on: date | None = None
    billable: bool | None = None
    lists: tuple[Stage, ...] = ()
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Stock:
    """How much of a product (or one of its variants) lies in a warehouse."""

    id: str
    product_id: str
    variant_id: str | None = None
    warehouse_id: str | None = None
    quantity: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """Anything else. `kind` is the source's word for it; `fields` are what else matters of it, as texts or lists of texts."""

    id: str
    kind: str
    name: str | None = None
    status: str | None = None
    contact_id: str | None = None
    amount: Decimal | None = None
    currency: str | None = None
    date: Day | None = None
    updated_at: datetime | None = None
    fields: Mapping[str, str | tuple[str, ...]] = field(default_factory=dict)
