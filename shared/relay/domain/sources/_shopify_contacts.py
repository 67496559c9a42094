"""Shopify customers and addresses as unified contacts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from relay.domain.models import Address, Contact
from relay.domain.sources import _tax_ids
from relay.domain.sources._facts import Fact, milliseconds
from relay.domain.sources._node import TEXT_CHARS, Node, first

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from relay.domain.models import TaxId

_TYPES = {"customers/create": "contact.created", "customers/update": "contact.updated"}


def facts(topic: str, value: Any) -> Sequence[Fact]:
    """https://shopify.dev/docs/api/admin-rest/latest/resources/customer ."""
    customer = Node(value, "customer")
    subject = customer.need_ident("id")
    at = customer.instant("updated_at") or customer.instant("created_at")
    data = contact(customer, billing=None, shipping=None, extra=())
    return [Fact(type=_TYPES[topic], subject=subject, data=data, at=at, version=milliseconds(at))]


def contact(
    customer: Node,
    *,
    billing: Node | None,
    shipping: Node | None,
    extra: Iterable[tuple[str, str]],
    email: str | None = None,
) -> Contact:
    """The buyer from the customer object and an order's addresses; `extra` are named texts that may hold a tax id."""
    default = customer.child("default_address")
    main = billing if billing is not None and billing.value else default
    first_name = first(customer.text("first_name"), main.text("first_name"))
    last_name = first(customer.text("last_name"), main.text("last_name"))
    company = first(main.text("company"), default.text("company"))
    spoken = " ".join(part for part in (first_name, last_name) if part)
    return Contact(
        id=customer.ident("id"),
        name=first(spoken, main.text("name"), shipping.text("name") if shipping else None, company),
        first_name=first_name,
        last_name=last_name,
        company=company,
        is_person=False if company else None,
        email=first(email, customer.text("email")),
        phone=first(customer.text("phone"), main.text("phone")),
        tax_ids=_find_tax_ids(customer, main, company, extra),
        tax_exempt=customer.flag("tax_exempt"),
        billing_address=address(main),
        shipping_address=address(shipping) if shipping is not None else None,
        language=customer.text("locale", 10),
        tags=tags(customer),
        note=customer.text("note", TEXT_CHARS),
    )


def _find_tax_ids(
    customer: Node, main: Node, company: str | None, extra: Iterable[tuple[str, str]]
) -> tuple[TaxId, ...]:
    named = [(key, text) for key in main.value if (text := main.text(key))]
    named += [(key, text) for key in customer.value if (text := customer.text(key))]
    named += customer.pairs("metafields", "key").items()
    return _tax_ids.from_fields([*extra, *named]) or _tax_ids.from_company(company, main.text("address2"))


def address(node: Node) -> Address | None:
    found = Address(
        name=first(node.text("name"), " ".join(t for k in ("first_name", "last_name") if (t := node.text(k))) or None),
        company=node.text("company"),
        line1=node.text("address1"),
        line2=node.text("address2"),
        city=node.text("city"),
        postal_code=node.text("zip", 20),
        province=node.text("province"),
        province_code=node.text("province_code", 10),
        country=node.country("country_code") or node.country("country"),
        phone=node.text("phone", 40),
    )
    return None if found == Address() else found


def tags(node: Node) -> tuple[str, ...]:
    """`tags` is one text with commas."""
    return tuple(tag.strip() for tag in (node.text("tags", TEXT_CHARS) or "").split(",") if tag.strip())
