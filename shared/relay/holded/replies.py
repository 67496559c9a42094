"""Typed values of Holded's v2 replies, and the decoders that make them.

Decoders take what `encoding.decode` gave (`None` for an empty body) and raise `BadInput` where a reply is not as agreed.
They bear every absence that is on record (list items lack `approved_at` and `draft`, some lists lack `has_more`), and are
strict where silence would harm: a create without id, a list without `items`, `has_more` without a cursor.
Amounts are `Decimal` in the document's currency, days are Holded's days, instants UTC. A record's `raw` is the reply as it
came, for the full-replacement updates (Holded facts 3.4); no record shows more than its id in its `repr`.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from relay.errors import BadInput
from relay.holded import fields
from relay.holded.formats import day_of, instant_of, unreadable

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Mapping
    from decimal import Decimal

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Record:
    """Anything of Holded that has an id."""

    id: str
    raw: Mapping[str, Any] = field(default_factory=dict, compare=False)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.id})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Unread:
    """An item of a list that cannot be read: its id (empty where not even that is told), and the field that is in the way."""

    id: str
    field: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Page(Generic[T]):
    """`cursor` goes into the next request; None: this was the last page. A page may be empty and still not the last.

    `unread` is there only where the request bears it (`bearing`): these items are there, and are not among `items`.
    """

    items: tuple[T, ...]
    cursor: str | None
    unread: tuple[Unread, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Created:
    id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentLine:
    name: str | None
    description: str | None
    units: Decimal | None
    price: Decimal | None  # net, a unit
    discount: Decimal | None  # percent
    taxes: tuple[str, ...]  # the account's tax keys
    tags: tuple[str, ...]
    sku: str | None
    product_id: str | None
    account: str | None


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Document(Record):
    """A sales or purchase document. What a list item does not say is None, never a guess."""

    number: str | None
    contact_id: str | None
    date: dt.date | None
    due_date: dt.date | None
    total: Decimal | None
    subtotal: Decimal | None
    tax: Decimal | None
    currency: str | None  # ISO 4217, upper case
    status: str | None
    tags: tuple[str, ...]
    lines: tuple[DocumentLine, ...]
    custom_fields: tuple[tuple[str, str], ...]
    draft: bool | None
    approved_at: dt.datetime | None
    payments_total: Decimal | None
    payments_pending: Decimal | None

    @property
    def approved(self) -> bool | None:
        """Whether it is approved; None where the reply does not tell (list items)."""
        if self.draft is True:
            return False
        return True if self.draft is False or self.approved_at is not None else None


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class ContactRecord(Record):
    """`custom_id` is the reference v1 writes; a client or supplier is known by its record number (Holded facts 4.2)."""

    name: str | None
    custom_id: str | None
    code: str | None
    vat_number: str | None
    email: str | None
    type: str | None
    is_person: bool | None
    tags: tuple[str, ...]
    client_record: int | None
    supplier_record: int | None
    updated_at: dt.datetime | None


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class ProductRecord(Record):
    name: str | None
    kind: str | None
    sku: str | None
    barcode: str | None
    price: Decimal | None
    cost: Decimal | None
    taxes: tuple[str, ...]
    archived: bool | None
    variant_skus: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class PaymentRecord(Record):
    amount: Decimal | None
    date: dt.date | None
    description: str | None
    bank_account_id: str | None
    contact_id: str | None
    document_id: str | None
    document_type: str | None
    status: str | None
    currency: str | None = None  # not on record: amounts are in the company's base currency (Holded facts 10.2)


def done(_: Any) -> None:
    """Any reply will do: the status said it (approve 200, update 200)."""


def created(value: Any) -> Created:
    return Created(id=fields.required(fields.record(value), "id"))


def page(item: Callable[[Any], T], *, after: str | None) -> Callable[[Any], Page[T]]:
    """A decoder of lists. `after` is the cursor that was sent: the same one again would walk in a circle."""

    def read(value: Any) -> Page[T]:
        reply = fields.record(value)
        items = reply.get("items")
        if not isinstance(items, list):
            raise unreadable("items", items, "a list")
        cursor = fields.text(reply, "cursor") if fields.flag(reply, "has_more") else None
        if reply.get("has_more") and (cursor is None or cursor == after):
            raise unreadable("cursor", reply.get("cursor"), "another cursor, because has_more is true")
        return Page(items=tuple(item(entry) for entry in items), cursor=cursor)

    return read


def bearing(item: Callable[[Any], T], *, after: str | None) -> Callable[[Any], Page[T]]:
    """As `page`, but one item that cannot be read does not cost the others: it is told of in `unread`."""

    def tried(entry: Any) -> T | Unread:
        try:
            return item(entry)
        except BadInput as problem:
            return Unread(id=fields.id_of(entry), field=problem.field)

    def read(value: Any) -> Page[T]:
        found = page(tried, after=after)(value)
        return Page(
            items=tuple(each for each in found.items if not isinstance(each, Unread)),
            cursor=found.cursor,
            unread=tuple(each for each in found.items if isinstance(each, Unread)),
        )

    return read


def matching(inner: Callable[[Any], Page[T]], wanted: Callable[[T], bool]) -> Callable[[Any], Page[T]]:
    """Keep of each page what is wanted: for lists Holded cannot filter."""

    def read(value: Any) -> Page[T]:
        whole = inner(value)
        return replace(whole, items=tuple(item for item in whole.items if wanted(item)))

    return read


def document(value: Any) -> Document:
    source = fields.record(value)
    currency = fields.text(source, "currency")
    return Document(
        id=fields.required(source, "id"),
        raw=source,
        number=fields.text(source, "document_number"),
        contact_id=fields.reference(source, "contact_id"),
        date=day_of(source.get("date"), "date"),
        due_date=day_of(source.get("due_date"), "due_date"),
        total=fields.number(source, "total"),
        subtotal=fields.number(source, "subtotal"),
        tax=fields.number(source, "tax"),
        currency=currency.upper() if currency else None,
        status=fields.text(source, "status"),
        tags=fields.texts(source, "tags"),
        lines=tuple(_line(line) for line in fields.records(source, "lines")),
        custom_fields=fields.pairs(source, "custom_fields"),
        draft=fields.flag(source, "draft"),
        approved_at=instant_of(source.get("approved_at"), "approved_at"),
        payments_total=fields.number(source, "payments_total"),
        payments_pending=fields.number(source, "payments_pending"),
    )


def _line(line: Mapping[str, Any]) -> DocumentLine:
    return DocumentLine(
        name=fields.text(line, "name"),
        description=fields.text(line, "description"),
        units=fields.number(line, "units"),
        price=fields.number(line, "price"),
        discount=fields.number(line, "discount"),
        taxes=fields.texts(line, "taxes"),
        tags=fields.texts(line, "tags"),
        sku=fields.reference(line, "sku"),
        product_id=fields.reference(line, "product_id"),
        account=fields.reference(line, "account"),
    )


def contact(value: Any) -> ContactRecord:
    source = fields.record(value)
    return ContactRecord(
        id=fields.required(source, "id"),
        raw=source,
        name=fields.text(source, "name"),
        custom_id=fields.text(source, "custom_id"),
        code=fields.text(source, "code"),
        vat_number=fields.text(source, "vat_number"),
        email=fields.text(source, "email"),
        type=fields.text(source, "type"),
        is_person=fields.flag(source, "is_person"),
        tags=fields.texts(source, "tags"),
        client_record=_record_number(source.get("client_record")),
        supplier_record=_record_number(source.get("supplier_record")),
        updated_at=instant_of(source.get("updated_at"), "updated_at"),
    )


def _record_number(value: Any) -> int | None:
    """A client's or supplier's account: `{"num": 43000001, "name": ...}` on reading, a plain number elsewhere; 0 is none."""
    source = value if isinstance(value, dict) else {"num": value}
    return fields.whole(source, "num") or None


def product(value: Any) -> ProductRecord:
    source = fields.record(value)
    return ProductRecord(
        id=fields.required(source, "id"),
        raw=source,
        name=fields.text(source, "name"),
        kind=fields.text(source, "kind"),
        sku=fields.reference(source, "sku"),
        barcode=fields.text(source, "barcode"),
        price=fields.number(source, "price"),
        cost=fields.number(source, "cost"),
        taxes=fields.texts(source, "taxes"),
        archived=fields.flag(source, "archived"),
        variant_skus=tuple(
            sku for variant in fields.records(source, "variants") if (sku := fields.reference(variant, "sku"))
        ),
    )


def payment(value: Any) -> PaymentRecord:
    source = fields.record(value)
    currency = fields.text(source, "currency")
    return PaymentRecord(
        id=fields.required(source, "id"),
        raw=source,
        amount=fields.number(source, "amount"),
        date=day_of(source.get("date"), "date"),
        description=fields.text(source, "description"),
        bank_account_id=fields.reference(source, "bank_account_id"),
        contact_id=fields.reference(source, "contact_id"),
        document_id=fields.reference(source, "document_id"),
        document_type=fields.text(source, "document_type"),
        status=fields.text(source, "status"),
        currency=currency.upper() if currency else None,
    )


def description(source: Document) -> str | None:
    """The document's own words; None for none, and where a reply does not tell (v1 has it as `desc`)."""
    return fields.text(source.raw, "description")


def discount(source: Document) -> Decimal | None:
    """The document's own discount in percent, None for none: read as text in the account's style, written as a number."""
    return fields.number(source.raw, "discount") or None
