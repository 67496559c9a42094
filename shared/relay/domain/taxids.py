"""Tax ids, checked and written in one way, so that the same buyer from two shops has the same key.

python-stdnum knows the check digits. Nothing is asked of a network here: a VIES confirmation is a recorded fact that
comes with the tax id.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from stdnum import get_cc_module
from stdnum.es import cif
from stdnum.es import nif as es_nif
from stdnum.eu import vat as eu_vat
from stdnum.exceptions import ValidationError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from relay.domain.models import TaxId

# The EU writes Greece as EL in VAT numbers; Northern Ireland has XI. https://taxation-customs.ec.europa.eu/vies
_VAT_PREFIX_TO_COUNTRY = {"EL": "GR"}
_COUNTRY_TO_VAT_PREFIX = {"GR": "EL"}
EU_COUNTRIES = frozenset(
    {
        "AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU",
        "IE", "IT", "LT", "LU", "LV", "MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK",
    }
)  # fmt: skip
_SPANISH_KINDS = re.compile(r"nif|cif|dni|nie|es_", re.IGNORECASE)
_NOT_A_NUMBER = re.compile(r"[^0-9A-Z]")


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedTaxId:
    """`status`: `valid` (check digits agree), `unchecked` (no rule known for the country) or `invalid`.

    `number` is the compact national number without country prefix, upper case.
    """

    status: Literal["valid", "unchecked", "invalid"]
    country: str
    number: str
    is_entity: bool  # a company or other legal person, as far as the number tells
    vies_confirmed: bool
    given: str

    @property
    def key(self) -> str:
        """Country and compact number: what a contact is claimed by."""
        return f"{self.country}{self.number}"

    @property
    def eu_vat_number(self) -> str | None:
        """The VAT number with its prefix, for EU countries (and Northern Ireland)."""
        if self.country not in EU_COUNTRIES and self.country != "XI":
            return None
        return f"{_COUNTRY_TO_VAT_PREFIX.get(self.country, self.country)}{self.number}"


def check(tax_id: TaxId, *, buyer_country: str | None) -> CheckedTaxId:
    """Check one tax id. Its country is the one it names itself, else its prefix, else the buyer's, else Spain."""
    compact = _NOT_A_NUMBER.sub("", tax_id.value.upper())
    country, number = _country_and_number(tax_id, compact, buyer_country)
    status = _status(country, number)
    return CheckedTaxId(
        status=status,
        country=country,
        number=number,
        is_entity=status != "invalid" and _is_entity(country, number),
        vies_confirmed=tax_id.vies_confirmed_at is not None,
        given=tax_id.value,
    )


def best(
    tax_ids: Iterable[TaxId], *, buyer_country: str | None
) -> tuple[CheckedTaxId | None, tuple[CheckedTaxId, ...]]:
    """The tax id to use (valid before unchecked, confirmed in VIES first) and the invalid ones, which must not get lost."""
    checked = [check(tax_id, buyer_country=buyer_country) for tax_id in tax_ids if tax_id.value.strip()]
    usable = [one for one in checked if one.status != "invalid"]
    usable.sort(key=lambda one: (not one.vies_confirmed, one.status != "valid", one.country != buyer_country))
    return (usable[0] if usable else None), tuple(one for one in checked if one.status == "invalid")


def _country_and_number(tax_id: TaxId, compact: str, buyer_country: str | None) -> tuple[str, str]:
    prefix = _VAT_PREFIX_TO_COUNTRY.get(compact[:2], compact[:2])
    stated = (tax_id.country or "").upper()
    stated = _VAT_PREFIX_TO_COUNTRY.get(stated, stated)
    if stated and stated != "EU":
        return stated, compact[2:] if prefix == stated else compact
    if (prefix in EU_COUNTRIES or prefix == "XI") and _status(prefix, compact[2:]) == "valid":
        return prefix, compact[2:]
    if es_nif.is_valid(compact) and (
        buyer_country in {None, "ES"} or _SPANISH_KINDS.search(tax_id.kind or "") is not None
    ):
        return "ES", compact
    if prefix == buyer_country and _status(prefix, compact[2:]) == "valid":
        return prefix, compact[2:]
    if prefix.isalpha() and prefix in EU_COUNTRIES and len(compact) > 7:
        return prefix, compact[2:]
    return buyer_country or "ES", compact


def _status(country: str, number: str) -> Literal["valid", "unchecked", "invalid"]:
    if not number or len(number) > 20 or number.startswith("XI"):
        return "invalid"
    try:
        if country in EU_COUNTRIES:
            eu_vat.validate(_COUNTRY_TO_VAT_PREFIX.get(country, country) + number)
            return "valid"
        module = get_cc_module("GB" if country == "XI" else country, "vat") if len(country) == 2 else None
        if module is None:
            return "unchecked"
        module.validate(number)
    except ValidationError:
        return "invalid"
    return "valid"


def _is_entity(country: str, number: str) -> bool:
    # A Spanish number of a natural person is a DNI or NIE; abroad a VAT number is a trader's by nature.
    return bool(cif.is_valid(number)) if country == "ES" else country in EU_COUNTRIES or country == "XI"
