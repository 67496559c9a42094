"""WooCommerce customers, addresses and the tax ids its many plugins store."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING, Any, Final

from relay.domain.models import Address, Contact
from relay.domain.sources import _tax_ids
from relay.domain.sources._facts import Fact, milliseconds
from relay.domain.sources._node import TEXT_CHARS, Node, clean, first

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

# WooCommerce EU VAT Number and EU VAT Assistant record here what VIES answered at the checkout.
_CONFIRMED: Final = frozenset({"_vat_number_is_validated", "_vat_number_is_valid", "_vat_number_validated"})
_YES: Final = frozenset({"1", "true", "yes", "valid"})


def facts(verb: str, value: Any) -> Sequence[Fact]:
    """https://woocommerce.github.io/woocommerce-rest-api-docs/#customer-properties ."""
    node = Node(value, "customer")
    at = node.instant("date_modified_gmt") or node.instant("date_created_gmt")
    data = contact(node, node.ident("id"), email=node.text("email"), at=at)
    kind = "contact.created" if verb == "created" else "contact.updated"
    return [Fact(type=kind, subject=node.need_ident("id"), data=data, at=at, version=milliseconds(at))]


def contact(node: Node, customer_id: str | None, *, email: str | None, at: datetime | None) -> Contact:
    """The buyer from the `billing` and `shipping` of a customer or an order, and its `meta_data`."""
    billing, shipping = node.child("billing"), node.child("shipping")
    first_name = first(text(billing, "first_name"), text(node, "first_name"))
    last_name = first(text(billing, "last_name"), text(node, "last_name"))
    company = first(text(billing, "company"), text(shipping, "company"))
    meta = node.pairs("meta_data", "key")
    named = [*meta.items(), *((key, own) for key in billing.value if (own := billing.text(key)))]
    confirmed = any(meta.get(key, "").lower() in _YES for key in _CONFIRMED)
    found = _tax_ids.from_fields(named, confirmed_at=at if confirmed else None)
    return Contact(
        id=customer_id,
        name=first(" ".join(part for part in (first_name, last_name) if part), company, node.text("username")),
        first_name=first_name,
        last_name=last_name,
        company=company,
        is_person=False if company else None,
        email=first(billing.text("email"), email),
        phone=billing.text("phone", 40),
        tax_ids=found or _tax_ids.from_company(company),
        tax_exempt=True if meta.get("is_vat_exempt", "").lower() in _YES else None,
        billing_address=address(billing),
        shipping_address=address(shipping),
    )


def address(node: Node) -> Address | None:
    state = text(node, "state")
    found = Address(
        name=" ".join(part for key in ("first_name", "last_name") if (part := text(node, key))) or None,
        company=text(node, "company"),
        line1=text(node, "address_1"),
        line2=text(node, "address_2"),
        city=text(node, "city"),
        postal_code=node.text("postcode", 20),
        # WooCommerce stores a code where it knows the country's provinces, else what the buyer wrote.
        province_code=state if state and len(state) <= 3 else None,
        province=state if state and len(state) > 3 else None,
        country=node.country("country"),
        phone=node.text("phone", 40),
    )
    return None if found == Address() else found


def text(node: Node, key: str, limit: int = 250) -> str | None:
    """WordPress stores names with HTML entities (`&ndash;`, `&amp;`); the character is meant."""
    found = node.text(key, TEXT_CHARS)
    return clean(html.unescape(found), limit) if found else None
