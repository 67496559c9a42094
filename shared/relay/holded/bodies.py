"""Drafts as v2 bodies, and the merge that a full-replacement update needs.

Units, prices and discounts are JSON numbers, amounts of payments, rates and product prices are strings with a dot, days
are ISO (Holded facts 3.4, 3.6). What a draft leaves open is left out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from relay.holded.encoding import number_text
from relay.holded.paths import TAKES_PAYMENT_METHOD, TAKES_SALES_CHANNEL

if TYPE_CHECKING:
    from collections.abc import Mapping
    from decimal import Decimal

    from relay.domain.documents import ContactDraft, DocumentDraft, LineDraft, PaymentDraft, ProductDraft
    from relay.domain.models import Address

# v2 documents product, service and title; the others are words of its MCP server only (facts 3.4).
_LINE_TYPES = {
    "product": "product",
    "service": "service",
    "title": "title",
    "shipping": "service",
    "rounding": "service",
}


def present(body: Mapping[str, Any]) -> dict[str, Any]:
    """Without what is None, empty text or an empty list."""
    return {name: value for name, value in body.items() if value is not None and value not in ("", (), [], {})}


def amount(value: Decimal | None, field: str) -> str | None:
    """An amount where v2 wants a string."""
    return None if value is None else number_text(value, field)


def document_body(draft: DocumentDraft, *, contact_id: str, marker: str, number: str | None) -> dict[str, Any]:
    """The whole document; the marker is one more tag."""
    body = {
        "contact_id": contact_id,
        "number": number,
        "date": draft.date.isoformat(),
        "due_date": draft.due_date.isoformat() if draft.due_date else None,
        "description": draft.description,
        "notes": draft.notes,
        "language": draft.language,
        "currency": draft.currency,
        "currency_change": amount(draft.currency_change, "currency_change"),
        "items": [_item(line) for line in draft.lines],
        "tags": list(dict.fromkeys((*draft.tags, marker))),
        "custom_fields": custom_fields(draft.custom_fields),
        "number_line_id": draft.number_line_id,
        "warehouse_id": draft.warehouse_id,
        "sales_channel_id": draft.sales_channel_id if draft.doc_type in TAKES_SALES_CHANNEL else None,
        "payment_method_id": draft.payment_method_id if draft.doc_type in TAKES_PAYMENT_METHOD else None,
    }
    return present(body)


def _item(line: LineDraft) -> dict[str, Any]:
    body = present(
        {
            "name": line.name,
            "type": _LINE_TYPES[line.type],
            "description": line.description,
            "sku": line.sku,
            "product_id": line.product_id,
            "account": line.account,
            "taxes": list(line.taxes),
            "tags": list(line.tags),
        }
    )
    body |= {"units": line.units, "price": line.price}  # zero is a value
    if line.discount_percent:
        body["discount"] = line.discount_percent
    return body


def custom_fields(values: tuple[tuple[str, str], ...]) -> list[dict[str, str]]:
    return [{"field": name, "value": value} for name, value in values]


def contact_body(draft: ContactDraft) -> dict[str, Any]:
    return present(
        {
            "name": draft.name,
            "code": draft.code,
            "vat_number": draft.vat_number,
            "trade_name": draft.trade_name,
            "is_person": draft.is_person,
            "email": draft.email,
            "phone": draft.phone,
            "type": draft.type,
            "iban": draft.iban,
            "bill_address": _address(draft.bill_address),
            "shipping_addresses": [_shipping(draft.shipping_address)] if draft.shipping_address else None,
            "defaults": present({"due_days": draft.due_days, "language": draft.language}),
            "tags": list(draft.tags),
            "custom_fields": custom_fields(draft.custom_fields),
        }
    )


def _address(address: Address | None) -> dict[str, Any] | None:
    if address is None:
        return None
    return present(
        {
            "address": ", ".join(part for part in (address.line1, address.line2) if part),
            "city": address.city,
            "postal_code": address.postal_code,
            "province": address.province,
            "country_code": address.country,
        }
    )


def _shipping(address: Address) -> dict[str, Any]:
    return present({"name": address.name or address.company, **(_address(address) or {})})


def product_body(draft: ProductDraft) -> dict[str, Any]:
    """Without weight: v2 takes none for a product and would drop it."""
    body = {
        "name": draft.name,
        "sku": draft.sku,
        "barcode": draft.barcode,
        "description": draft.description,
        "price": amount(draft.price, "price"),
        "cost": amount(draft.cost, "cost"),
        "taxes": list(draft.taxes),
        "tags": list(draft.tags),
    }
    return present(body)


def payment_body(payment: PaymentDraft) -> dict[str, Any]:
    return present(
        {
            "amount": amount(payment.amount, "amount"),
            "date": payment.date.isoformat(),
            "treasury_id": payment.treasury_id,
            "description": payment.description,
        }
    )


def merged(current: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """`changes` over what is there, as a PUT that replaces everything needs it.

    Tags are united and custom fields merged by name, so that what a person added stays; an object inside (an address,
    defaults) is merged field by field; any other field that the draft sets wins.
    """
    body = {name: value for name, value in current.items() if value is not None}
    for name, value in changes.items():
        there = body.get(name)
        if name == "tags":
            body[name] = list(dict.fromkeys([*(there or []), *value]))
        elif name == "custom_fields":
            named = {entry["field"]: entry for entry in (there or []) if isinstance(entry, dict) and "field" in entry}
            body[name] = list((named | {entry["field"]: entry for entry in value}).values())
        elif isinstance(value, dict) and isinstance(there, dict):
            body[name] = {key: kept for key, kept in there.items() if kept is not None} | value
        else:
            body[name] = value
    return body
