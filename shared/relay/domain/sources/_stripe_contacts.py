"""Stripe customers, addresses and tax ids, expanded or not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from relay.domain.models import Address, Contact, TaxId
from relay.domain.sources import _tax_ids
from relay.domain.sources._facts import Fact, Ignored, milliseconds
from relay.domain.sources._node import TEXT_CHARS, Node, country_code, first

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from relay.domain.sources._stripe_shape import Element

_TYPES: Final = {"customer.created": "contact.created", "customer.updated": "contact.updated"}


def facts(element: Element) -> Sequence[Fact]:
    """https://docs.stripe.com/api/customers/object ."""
    node = Node(element.value, "customer")
    if node.flag("deleted"):
        raise Ignored("deleted", "the customer was deleted; what was written for it stays")
    at = Node({"created": element.created}).epoch("created") or node.epoch("created")
    data = customer(node)
    subject = node.need_ident("id")
    return [Fact(type=_TYPES[element.topic], subject=subject, data=data, at=at, version=milliseconds(at))]


def customer(node: Node) -> Contact:
    company = node.text("business_name")
    shipping = node.child("shipping")
    metadata = node.pairs("metadata")
    return Contact(
        id=node.ident("id"),
        name=first(node.text("name"), node.text("individual_name"), company),
        company=company,
        is_person=False if company else None,
        email=node.text("email"),
        phone=node.text("phone", 40),
        tax_ids=tax_ids(node.children("tax_ids"), metadata.items(), issued=None),
        tax_exempt=exempt(node.text("tax_exempt")),
        billing_address=address(node.child("address"), name=node.text("name")),
        shipping_address=address(shipping.child("address"), name=shipping.text("name")),
        language=_language(node),
        note=node.text("description", TEXT_CHARS),
        custom_fields=metadata,
    )


def exempt(word: str | None) -> bool | None:
    """`reverse` is a tax that the buyer owes, not an exemption: the document says so in its own field."""
    return {"exempt": True, "none": False}.get(word or "")


def _language(node: Node) -> str | None:
    locales = node.value.get("preferred_locales")
    return Node({"locale": locales[0]}).text("locale", 10) if isinstance(locales, list) and locales else None


def address(node: Node, *, name: str | None = None) -> Address | None:
    parts = {key: node.text(key) for key in ("line1", "line2", "city")}
    country, province, postal_code = node.country("country"), node.text("state"), node.text("postal_code", 20)
    if not any((*parts.values(), country, province, postal_code)):
        return None
    return Address(name=name, **parts, country=country, province=province, postal_code=postal_code)


def tax_ids(listed: list[Node], named: Iterable[tuple[str, str]], *, issued: list[Node] | None) -> tuple[TaxId, ...]:
    """`issued` are an invoice's own `customer_tax_ids` (type and value alone); `listed` the customer's, with verification.

    Stripe verifies `eu_vat` ids with VIES; `verified` is the recorded confirmation, dated when the id was entered, which
    is the latest it can have been asked. https://docs.stripe.com/billing/customer/tax-ids#validation
    """
    checked = {_key(one): one for one in listed}
    found = []
    for one in issued or listed:
        value, kind = one.text("value", 50), one.text("type", 30)
        if not value:
            continue
        known = checked.get(_key(one), one)
        verified = kind == "eu_vat" and known.child("verification").text("status") == "verified"
        found.append(
            TaxId(
                value=value,
                country=_country(kind or "", value, known),
                kind=kind,
                vies_confirmed_at=known.epoch("created") if verified else None,
            )
        )
    return tuple(found) or _tax_ids.from_fields(named)


def _key(node: Node) -> tuple[str | None, str | None]:
    return node.text("type"), node.text("value")


def _country(kind: str, value: str, known: Node) -> str | None:
    """The type names the country (`es_cif`); an EU VAT number begins with it."""
    if kind == "eu_vat":
        return country_code(value[:2])
    prefix, _, rest = kind.partition("_")
    own = country_code(prefix) if rest and prefix != "eu" else None
    return own or known.country("country")
