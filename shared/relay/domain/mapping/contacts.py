"""From a buyer as the shop knows them to a Holded contact, and to what matters of them for tax."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from relay.domain.documents import ContactDraft
from relay.domain.mapping.undecided import Undecided
from relay.domain.taxids import CheckedTaxId, best
from relay.domain.text import clip

if TYPE_CHECKING:
    from relay.domain.models import Address, Contact
    from relay.domain.settings import BuyerKind, Settings

_LONGEST_NAME = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Buyer:
    """`anonymous`: neither tax id nor e-mail nor name; such a buyer is the account's collective contact."""

    draft: ContactDraft
    kind: BuyerKind
    tax_id: CheckedTaxId | None
    scheme: str
    anonymous: bool


def buyer_of(
    contact: Contact | None, *, billing: Address | None, shipping: Address | None, settings: Settings
) -> Buyer:
    """The contact to find or create. An id that does not check out never claims a contact and never makes a business:
    by policy it is kept in a custom field, or raises `Undecided`.
    """
    billing = billing or (contact.billing_address if contact else None)
    shipping = shipping or (contact.shipping_address if contact else None)
    address = billing or shipping
    country = address.country if address else None
    tax_id, invalid = best(contact.tax_ids if contact else (), buyer_country=country)
    if invalid and settings.policy.invalid_tax_id == "review":
        raise Undecided(
            "tax_id_invalid",
            "The buyer's tax id does not check out. Correct it in the shop: its next version is tried again.",
        )
    company = _first(contact.company if contact else None, address.company if address else None)
    is_company = bool(company) or (tax_id is not None and tax_id.is_entity)
    person = _person_name(contact, address)
    email = _email(contact)
    name = _first(company if is_company else person, person, company, email, tax_id.key if tax_id else None)
    is_person = contact.is_person if contact and contact.is_person is not None else not is_company
    if name is None:
        # Nobody to tell apart: one collective contact, not one an address.
        draft = ContactDraft(name=settings.policy.anonymous_name, custom_fields=_custom_fields(None, invalid, settings))
        return Buyer(draft=draft, kind="consumer", tax_id=None, scheme=_scheme(contact, settings), anonymous=True)
    draft = ContactDraft(
        name=clip(name, _LONGEST_NAME),
        tax_key=tax_id.key if tax_id else None,
        email_key=email.lower() if email else None,
        code=tax_id.number if tax_id else None,
        vat_number=tax_id.eu_vat_number if tax_id and (tax_id.country != "ES" or tax_id.vies_confirmed) else None,
        email=email,
        phone=_first(contact.phone if contact else None, address.phone if address else None),
        is_person=is_person,
        bill_address=address,
        shipping_address=shipping if shipping and not _same_place(shipping, address) else None,
        iban=contact.iban if contact else None,
        due_days=contact.payment_terms_days if contact else None,
        language=contact.language if contact else None,
        tags=contact.tags if contact else (),
        custom_fields=_custom_fields(contact, invalid, settings),
    )
    return Buyer(
        draft=draft,
        kind="business" if _is_business(tax_id, company) else "consumer",
        tax_id=tax_id,
        scheme=_scheme(contact, settings),
        anonymous=False,
    )


def _same_place(one: Address, other: Address | None) -> bool:
    def where(address: Address) -> tuple[str | None, ...]:
        return address.line1, address.line2, address.city, address.postal_code, address.country

    return other is not None and where(one) == where(other)


def _is_business(tax_id: CheckedTaxId | None, company: str | None) -> bool:
    """A trader is who shows a tax id of one: a company's, or a person's together with a firm."""
    return tax_id is not None and (tax_id.is_entity or bool(company) or tax_id.country != "ES")


def _person_name(contact: Contact | None, address: Address | None) -> str | None:
    if contact is not None:
        joined = " ".join(part.strip() for part in (contact.first_name, contact.last_name) if part and part.strip())
        if joined or contact.name:
            return joined or contact.name
    return address.name if address else None


def _email(contact: Contact | None) -> str | None:
    email = (contact.email or "").strip() if contact else ""
    return email if "@" in email else None


def _scheme(contact: Contact | None, settings: Settings) -> str:
    tags = {tag.strip().lower() for tag in contact.tags} if contact else set()
    return next((scheme for tag, scheme in settings.schemes.items() if tag.lower() in tags), "")


def _custom_fields(
    contact: Contact | None, invalid: tuple[CheckedTaxId, ...], settings: Settings
) -> tuple[tuple[str, str], ...]:
    fields = custom_fields(dict(contact.custom_fields) if contact else {}, settings)
    if contact and contact.price_list:
        fields += (("Price list", contact.price_list),)
    if contact and contact.note:
        fields += (("Note", clip(contact.note, 500)),)
    if invalid:
        fields += ((settings.policy.invalid_tax_id_field, ", ".join(clip(one.given, 40) for one in invalid)),)
    return fields


def custom_fields(extra: dict[str, str], settings: Settings) -> tuple[tuple[str, str], ...]:
    """A source's extra data under the names the account wants, sorted; an empty name drops the field."""
    named = ((settings.custom_fields.get(name, name), clip(value, 500)) for name, value in sorted(extra.items()))
    return tuple((name, value) for name, value in named if name and value)


def _first(*texts: str | None) -> str | None:
    return next((text.strip() for text in texts if text and clip(text, _LONGEST_NAME)), None)
