"""Where a sale takes place, as Spanish VAT sees it: from an address to a tax zone.

Special territories: Directive 2006/112/EC art. 5-7, https://eur-lex.europa.eu/eli/dir/2006/112/oj
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from relay.domain.mapping.undecided import Undecided
from relay.domain.taxids import EU_COUNTRIES

if TYPE_CHECKING:
    from relay.domain.models import Address

Zone = Literal["home", "canary", "ceuta", "melilla", "eu", "outside", "unknown"]
"""`home` is mainland Spain with the Balearic Islands; `unknown`: the source names no country."""

# Codes and names of the Spanish territories outside the EU's VAT, as shops write them (ISO 3166-2, WooCommerce states).
_SPANISH_REGIONS: dict[str, Zone] = {
    **dict.fromkeys(("gc", "tf", "ic", "cn", "las palmas", "santa cruz de tenerife", "tenerife", "canarias"), "canary"),
    **dict.fromkeys(("islas canarias", "canary islands", "gran canaria"), "canary"),
    **dict.fromkeys(("ce", "ea", "ceuta"), "ceuta"),
    **dict.fromkeys(("ml", "melilla"), "melilla"),
}
_SPANISH_POSTAL: dict[str, Zone] = {"35": "canary", "38": "canary", "51": "ceuta", "52": "melilla"}
# Reserved ISO codes for the same places.
_OWN_CODES: dict[str, Zone] = {"IC": "canary", "EA": "ceuta"}
# Parts of EU countries that are outside its VAT: Büsingen, Heligoland, Livigno, Campione, Mount Athos, Åland, French overseas.
_OUTSIDE_POSTAL = {
    "DE": re.compile(r"78266|27498"),
    "IT": re.compile(r"23041|23030|22061|22060"),
    "GR": re.compile(r"63086|63087"),
    "FI": re.compile(r"22\d{3}"),
    "FR": re.compile(r"9[78]\d{3}"),
}
_NORTHERN_IRELAND = re.compile(r"BT\d", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Place:
    """`country` is the one whose VAT would apply (Monaco counts as France); `""` when unknown."""

    zone: Zone
    country: str
    region: str = ""
    postal_code: str = ""


UNKNOWN = Place("unknown", "")


def place_of(address: Address | None, *, goods: bool) -> Place:
    """The tax zone of an address. Northern Ireland is in the EU for goods and outside it for services.

    Raises `Undecided` where province and postal code name two different Spanish territories.
    """
    if address is None or not address.country:
        return UNKNOWN
    country = address.country.upper()
    postal = re.sub(r"\s", "", address.postal_code or "")
    region = (address.province_code or address.province or "").strip()
    if country in _OWN_CODES:
        return Place("melilla" if postal.startswith("52") else _OWN_CODES[country], "ES", region, postal)
    if country == "ES":
        return Place(_spanish_zone(address, postal), "ES", region, postal)
    if country == "MC":
        return Place("eu", "FR", region, postal)
    if country == "XI" or (country == "GB" and _NORTHERN_IRELAND.match(postal)):
        return Place("eu" if goods else "outside", "XI", region, postal)
    outside = _OUTSIDE_POSTAL.get(country)
    if country in EU_COUNTRIES and not (outside is not None and outside.fullmatch(postal)):
        return Place("eu", country, region, postal)
    return Place("outside", country, region, postal)


def _spanish_zone(address: Address, postal: str) -> Zone:
    named = {
        _SPANISH_REGIONS[word]
        for word in (_folded(address.province_code), _folded(address.province))
        if word in _SPANISH_REGIONS
    }
    by_postal: Zone | None = _SPANISH_POSTAL.get(postal[:2], "home") if re.fullmatch(r"\d{5}", postal) else None
    if by_postal is not None:
        named.add(by_postal)
    # A province that is none of the special ones speaks for the mainland only together with a postal code:
    # free text such as "S/C" proves nothing.
    if len(named) > 1:
        raise Undecided(
            "region_conflict",
            "The province and the postal code of the address name different Spanish tax territories. "
            "Correct the address in the shop: its next version is tried again.",
        )
    return named.pop() if named else "home"


def _folded(text: str | None) -> str:
    decomposed = unicodedata.normalize("NFKD", (text or "").strip().lower())
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter)).removeprefix("es-")
