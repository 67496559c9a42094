"""An account's own lists: taxes, numbering series, payment methods, channels, warehouses, treasury accounts, usage.

Their keys and ids are the tenant's own and are read, never assumed (Holded facts 6). `raw` is each item as it came.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from relay.holded import fields
from relay.holded.formats import shape, unreadable
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
    """A numbering series; `format` such as `F[YY]%%%%`, `last` the last number used."""

    name: str | None
    format: str | None
    last: int | None
    type: str | None


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class NamedRecord(Record):
    """A payment method, sales channel, expenses account or warehouse. What a kind does not have is None."""

    name: str | None
    account_num: int | None
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
    next_plan: str | None
    by_operation: tuple[tuple[str, int], ...]


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
        last=fields.whole(source, "last"),
        type=fields.text(source, "type"),
    )


def named(value: Any) -> NamedRecord:
    """Payment methods are a camelCase exception in v2 (Holded facts 2.2); v1 calls the account number `accountNum`."""
    source = fields.record(value)
    number = next(
        (fields.whole(source, name) for name in ("account_num", "accountNum", "accNum") if name in source), None
    )
    return NamedRecord(
        id=fields.required(source, "id"),
        raw=source,
        name=fields.text(source, "name"),
        account_num=number,
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


def tag(value: Any) -> str:
    """A tag is its name, given bare or in an object."""
    return value if isinstance(value, str) and value else fields.required(fields.record(value, "items"), "name")


def usage(value: Any) -> Usage:
    source = fields.record(value)
    used = fields.whole(source, "usage")
    if used is None:
        raise unreadable("usage", source.get("usage"), "a number")
    by_operation = source.get("secondary_usages") or {}  # `[]` when there is none
    if not isinstance(by_operation, dict):
        raise unreadable("secondary_usages", by_operation, f"an object, not {shape(by_operation)}")
    return Usage(
        type=fields.text(source, "type"),
        period=fields.text(source, "period"),
        used=used,
        limit=fields.whole(source, "limit"),
        next_plan=fields.text(source, "next_plan"),
        by_operation=tuple((name, fields.whole(by_operation, name) or 0) for name in by_operation),
    )
