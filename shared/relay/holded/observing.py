"""What the rows of the polled table have in common: an item of a list read into what it shows and what of it matters.

An item is read as `fields` reads: tolerant of absence, strict about kind (`BadInput` naming the field). Texts that hold half
a character (a name cut inside an emoji) are mended, because no store and no bus takes them. `matters` are plain JSON values:
a number reads the same however Holded spelt it, so that two spellings of one amount are no change.
"""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import wraps
from typing import TYPE_CHECKING, Any

from relay.domain import bounds
from relay.domain.models_company import Record
from relay.errors import BadInput
from relay.holded import fields
from relay.holded.encoding import number_text
from relay.holded.formats import day_of, instant_of
from relay.holded.polled import Observed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from relay.holded.replies import Document

    Item = Mapping[str, Any]

SECOND_MS = 1_000
MINUTE_MS = 60 * SECOND_MS
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS
_DEEPEST = 20


def observer(reads: Callable[[Item], Observed]) -> Callable[[Any], Observed]:
    """A row's `observe`: the item whole, read, and within the bounds of every unified model."""

    @wraps(reads)
    def observe(value: Any) -> Observed:
        found = reads(fields.record(_mended(value), "items"))
        bounds.check(found.data, "data")
        return found

    return observe


def _mended(value: Any) -> Any:
    try:
        text = json.dumps(value, ensure_ascii=False, default=str)
    except (RecursionError, TypeError, ValueError):
        raise BadInput("unreadable", field="items", detail="is nested too deep, expected an object") from None
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return json.loads(text.encode("utf-8", "replace"), parse_float=Decimal)
    return value


def ready(value: Any, field: str = "", *, depth: int = 0) -> Any:
    """A value as JSON: amounts and days as text, absent as null. Raises `BadInput` for what no record is nested like."""
    if depth > _DEEPEST:
        raise BadInput("unreadable", field=field, detail="is nested too deep, expected an object")
    if isinstance(value, Decimal):
        return number_text(value, field)
    if isinstance(value, date):  # and every instant, which is one
        return value.isoformat()
    if isinstance(value, dict):
        return {name: ready(item, name, depth=depth + 1) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [ready(item, field, depth=depth + 1) for item in value]
    return value


def matters(**values: Any) -> dict[str, Any]:
    """The fields whose change is an event."""
    return {name: ready(value, name) for name, value in values.items()}


def word(source: Item, name: str) -> str | None:
    """A state that one resource spells as a word, another as a number or as yes and no."""
    value = source.get(name)
    return ("true" if value else "false") if isinstance(value, bool) else fields.text(source, name)


def first(source: Item, *names: str) -> str:
    """The first of the spellings that the item uses, else the last one: v2 renames some fields of v1."""
    return next((name for name in names if source.get(name) is not None), names[-1])


def day(source: Item, name: str) -> date | None:
    return day_of(source.get(name), name)


def moment(source: Item, name: str) -> datetime | None:
    """An instant; 0 is none, as for days."""
    value = source.get(name)
    return None if value == 0 and not isinstance(value, bool) else instant_of(value, name)


def born(object_id: str) -> datetime:
    """When an object was made, from its id: the first eight of its 24 hex digits are unix seconds (Holded facts 1)."""
    try:
        return datetime.fromtimestamp(int(object_id[:8], 16) if len(object_id) == 24 else 0, UTC)
    except ValueError:
        return datetime.fromtimestamp(0, UTC)


def approved(found: Document, *, numbers: bool) -> bool | None:
    """A read says it by `draft` and `approved_at`, a list item has neither. There the number does where it is Holded's own to
    give (`numbers`): a draft has none. A purchase bears its supplier's number, draft or not (Holded facts 3.4, 3.6).
    """
    if found.approved is not None or not numbers:
        return found.approved
    return found.number is not None


def record(
    kind: str,
    *,
    name: tuple[str, ...] = ("name",),
    status: str = "",
    contact_id: str = "",
    amount: str = "",
    date: str = "",
    texts: tuple[str, ...] = (),
    words: tuple[str, ...] = (),
    numbers: tuple[str, ...] = (),
    days: tuple[str, ...] = (),
    moments: tuple[str, ...] = (),
    lists: tuple[str, ...] = (),
    ids: tuple[str, ...] = ("id",),
) -> Callable[[Any], Observed]:
    """`observe` of a resource that becomes a plain record: every field named here matters, nothing else does."""

    def read(source: Item) -> Observed:
        other: dict[str, Any] = {field: fields.text(source, field) for field in texts}
        other |= {field: word(source, field) for field in words}
        other |= {field: fields.number(source, field) for field in numbers}
        other |= {field: day(source, field) for field in days}
        other |= {field: moment(source, field) for field in moments}
        other |= {field: fields.texts(source, field) for field in lists}
        currency = fields.text(source, "currency")
        found = Record(
            id=fields.required(source, first(source, *ids)),
            kind=kind,
            name=" ".join(part for part in (fields.text(source, field) for field in name) if part) or None,
            status=word(source, status) if status else None,
            contact_id=fields.reference(source, contact_id) if contact_id else None,
            amount=fields.number(source, amount) if amount else None,
            currency=currency.upper() if currency else None,
            date=day(source, date) if date else None,
            updated_at=moment(source, "updated_at"),
            fields={field: _said(value, field) for field, value in other.items() if value not in (None, ())},
        )
        return Observed(
            id=found.id,
            data=found,
            matters=matters(
                name=found.name,
                status=found.status,
                contact_id=found.contact_id,
                amount=found.amount,
                currency=found.currency,
                date=found.date,
                **other,
            ),
            updated_at=found.updated_at,
        )

    return observer(read)


def _said(value: Any, field: str) -> str | tuple[str, ...]:
    plain = ready(value, field)
    return tuple(plain) if isinstance(plain, list) else str(plain)
