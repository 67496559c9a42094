"""Decoders of v1 replies, into the same values as v2's.

v1 reads out other names than it takes: `items` come back as `products`, `subtotal` (of a unit) as `price`, `contactId` as
`contact`, `invoiceNum` as `docNumber`; amounts are raw floats, days the unix seconds of a Madrid midnight, an empty sku the
number 0, `tags` null, `draft` null (absence is not "approved"), `status` useless (Holded facts 3.3, 4.1). Lists are bare
arrays; only an empty page is the last one, a short one proves nothing (facts 5).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from relay.holded import catalogue, fields
from relay.holded.formats import clean, day_of, instant_of, unreadable
from relay.holded.replies import ContactRecord, Created, Document, DocumentLine, Page, record_number

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from decimal import Decimal

    from relay.holded.catalogue import TaxRecord

T = TypeVar("T")


def page(item: Callable[[Any], T], *, number: int) -> Callable[[Any], Page[T]]:
    """A decoder of page `number`; the cursor of a page that holds anything is the next page's number."""

    def read(value: Any) -> Page[T]:
        items = tuple(item(entry) for entry in _array(value))
        return Page(items=items, cursor=str(number + 1) if items else None)

    return read


def created(value: Any) -> Created:
    """A document's reply says the number it already has, if any."""
    source = fields.record(value)
    return Created(id=fields.required(source, "id"), number=fields.text(source, "invoiceNum"))


def document(value: Any) -> Document:
    source = fields.record(value)
    currency = fields.text(source, "currency")
    return Document(
        id=fields.required(source, "id"),
        raw=source,
        number=fields.text(source, "docNumber"),
        contact_id=fields.reference(source, "contact"),
        date=day_of(source.get("date"), "date"),
        due_date=day_of(source.get("dueDate"), "dueDate"),
        total=_amount(source, "total"),
        subtotal=_amount(source, "subtotal"),
        tax=_amount(source, "tax"),
        currency=currency.upper() if currency else None,
        status=fields.text(source, "status"),
        tags=fields.texts(source, "tags"),
        lines=tuple(_line(line) for line in fields.records(source, "products")),
        custom_fields=fields.pairs(source, "customFields"),
        draft=fields.flag(source, "draft"),
        approved_at=instant_of(source.get("approvedAt") or None, "approvedAt"),
        payments_total=_amount(source, "paymentsTotal"),
        payments_pending=_amount(source, "paymentsPending"),
    )


def _line(line: Mapping[str, Any]) -> DocumentLine:
    return DocumentLine(
        name=fields.text(line, "name"),
        description=fields.text(line, "desc"),
        units=_amount(line, "units"),
        price=_amount(line, "price"),
        discount=_amount(line, "discount"),
        taxes=fields.texts(line, "taxes"),
        tags=fields.texts(line, "tags"),
        sku=fields.reference(line, "sku"),
        product_id=fields.reference(line, "productId"),
        account=fields.reference(line, "account"),
    )


def contact(value: Any) -> ContactRecord:
    source = fields.record(value)
    return ContactRecord(
        id=fields.required(source, "id"),
        raw=source,
        name=fields.text(source, "name"),
        custom_id=fields.text(source, "customId"),
        code=fields.text(source, "code"),
        vat_number=fields.text(source, "vatnumber"),
        email=fields.text(source, "email"),
        type=fields.text(source, "type"),
        is_person=fields.flag(source, "isperson"),
        tags=fields.texts(source, "tags"),
        client_record=record_number(source.get("clientRecord")),
        supplier_record=record_number(source.get("supplierRecord")),
        updated_at=instant_of(source.get("updatedAt") or None, "updatedAt"),
    )


def taxes(value: Any) -> tuple[TaxRecord, ...]:
    return tuple(catalogue.tax(entry) for entry in _array(value))


def _array(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise unreadable("reply", value, "a list")
    return value


def _amount(source: Mapping[str, Any], name: str) -> Decimal | None:
    return clean(fields.number(source, name))
