"""What the relay writes itself besides documents: contacts, products and payments, read of a list or of their own.

Both forms are one: a list of contacts shows the very fields of a read (so says the specification of `GET /contacts/{id}`),
and products and payments have one schema for both. What an address, a default or a contact person holds is compared as it
is told.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from relay.holded import fields, polled_before, replies, unified
from relay.holded.observing import matters, observer
from relay.holded.polled import Observed

if TYPE_CHECKING:
    from collections.abc import Mapping

_CONTACT: Final = (
    "trade_name", "mobile", "phone", "iban", "swift", "website", "group_id", "extra_emails", "bill_address",
    "shipping_addresses", "contact_persons", "defaults", "social_networks", "custom_fields",
)  # fmt: skip


@observer
def contact(source: Mapping[str, Any]) -> Observed:
    """Of its accounting records and its rate, the number and the id: their names change elsewhere, for many contacts at once.

    Notes are left out, as everywhere.
    """
    found = replies.contact(source)
    rate = source.get("rate")
    return Observed(
        id=found.id,
        data=unified.contact(found),
        matters=matters(
            name=found.name,
            code=found.code,
            vat_number=found.vat_number,
            email=found.email,
            type=found.type,
            is_person=found.is_person,
            custom_id=found.custom_id,
            tags=sorted(found.tags),
            client_record=found.client_record,
            supplier_record=found.supplier_record,
            rate_id=rate.get("id") if isinstance(rate, dict) else rate,
            **{name: source.get(name) for name in _CONTACT},
        ),
        before=polled_before.contact(found),
        updated_at=found.updated_at,
    )


@observer
def product(source: Mapping[str, Any]) -> Observed:
    """Its stock is none of it: that is a resource of its own, and moves with every sale."""
    found = replies.product(source)
    return Observed(
        id=found.id,
        data=unified.product(found),
        matters=matters(
            name=found.name,
            kind=found.kind,
            description=fields.text(source, "description"),
            sku=found.sku,
            barcode=found.barcode,
            price=found.price,
            cost=found.cost,
            tags=sorted(fields.texts(source, "tags")),
            taxes=sorted(found.taxes),
            archived=bool(found.archived),
            has_stock=fields.flag(source, "has_stock"),
            for_sale=fields.flag(source, "for_sale"),
            for_purchase=fields.flag(source, "for_purchase"),
            variants=sorted(found.variant_skus),
        ),
        before=polled_before.product(found),
    )


@observer
def payment(source: Mapping[str, Any]) -> Observed:
    """Whether it is used up by documents and by bank movements are two words of Holded's; the sums behind them say no more."""
    found = replies.payment(source)
    return Observed(
        id=found.id,
        data=unified.payment(found),
        matters=matters(
            amount=found.amount,
            date=found.date,
            description=found.description,
            bank_account_id=found.bank_account_id,
            contact_id=found.contact_id,
            document_id=found.document_id,
            document_type=found.document_type,
            status=found.status,
            reconciliation_status=fields.text(source, "reconciliation_status"),
        ),
        before=polled_before.payment(found),
    )
