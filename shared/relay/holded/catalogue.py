"""An account's own lists: taxes, numbering series, payment methods, channels, warehouses, treasury accounts, usage.

Their keys and ids are the tenant's own and are read, never assumed (Holded facts 6). `raw` is each item as it came.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from relay.holded import fields
from relay.holded.formats import unreadable
from relay.holded.replies import Record

if TYPE_CHECKING:
    from decimal import Decimal


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class TaxRecord(Record):
    """`amount` is a percent; `items` are the keys a composite tax is made of."""

    key: str
    name: str | None
    amount: Decimal | None
    scope: str | None
    group: str | None
    type: str | None
    items: tuple[str, ...]
    active: bool
    visible: bool


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class SeriesRecord(Record):
    """A numbering series; `format` such as `F[YY]%%%%`."""

    name: str | None
    format: str | None
    type: str | None


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class NamedRecord(Record):
    """A payment method, sales channel or warehouse. What a kind does not have is None."""

    name: str | None
    archived: bool
    due_days: int | None
    default: bool


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class TreasuryRecord(Record):
    name: str | None
    type: str | None
    currency: str | None
    archived: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """The month's calls. `limit` is the overage ceiling on plans with overage, else the allowance (Holded facts 8.1)."""

    type: str | None
    period: str | None  # "2026-10"
    used: int
    limit: int | None


def tax(value: Any) -> TaxRecord:
    source = fields.record(value)
    key = fields.required(source, "key")
    # v1 taxes have no id; their key is what lines take.
    return TaxRecord(
        id=fields.text(source, "id") or key,
        raw=source,
        key=key,
        name=fields.text(source, "name"),
        amount=fields.number(source, "amount"),
        scope=fields.text(source, "scope"),
        group=fields.text(source, "group"),
        type=fields.text(source, "type"),
        items=fields.texts(source, "items"),
        active=fields.flag(source, "status") is not False,
        visible=fields.flag(source, "visible") is not False,
    )


def series(value: Any) -> SeriesRecord:
    source = fields.record(value)
    return SeriesRecord(
        id=fields.required(source, "id"),
        raw=source,
        name=fields.text(source, "name"),
        format=fields.text(source, "format"),
        type=fields.text(source, "type"),
    )


def named(value: Any) -> NamedRecord:
    """Payment methods are a camelCase exception in v2 (Holded facts 2.2)."""
    source = fields.record(value)
    return NamedRecord(
        id=fields.required(source, "id"),
        raw=source,
        name=fields.text(source, "name"),
        archived=fields.flag(source, "archived") is True,
        due_days=fields.whole(source, "dueDays" if "dueDays" in source else "due_days"),
        default=fields.flag(source, "default") is True,
    )


def treasury(value: Any) -> TreasuryRecord:
    source = fields.record(value)
    currency = fields.text(source, "currency")
    return TreasuryRecord(
        id=fields.required(source, "id"),
        raw=source,
        name=fields.text(source, "name"),
        type=fields.text(source, "type"),
        currency=currency.upper() if currency else None,
        archived=fields.flag(source, "archived") is True,
    )


def usage(value: Any) -> Usage:
    source = fields.record(value)
    used = fields.whole(source, "usage")
    if used is None:
        raise unreadable("usage", source.get("usage"), "a number")
    return Usage(
        type=fields.text(source, "type"),
        period=fields.text(source, "period"),
        used=used,
        limit=fields.whole(source, "limit"),
    )
