"""Find tax ids where shops put them: fields named for them, and a company name that holds a valid one.

Only finds and trims; whether an id is valid for a document is the mapping's to judge.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, Final

from relay.domain.models import TaxId

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

_SPANISH: Final = frozenset({"nif", "cif", "dni", "nie", "nifcif", "cifnif", "dninif", "nifdni", "nifcifdni"})
_VAT: Final = frozenset(
    {"vat", "vatid", "vatno", "vatnumber", "vatin", "iva", "tva", "ustid", "ustidnr", "btw", "nipc"}
)
_WHOLE: Final = (
    "taxid", "taxnumber", "taxcode", "fiscalid", "fiscalcode", "idfiscal", "numerofiscal", "identificacionfiscal",
    "codigofiscal", "taxidentification", "partitaiva", "codicefiscale", "vatnumber", "vatid", "nifcif", "cifnif", "cifdni",
)  # fmt: skip
_NOT: Final = frozenset(
    {
        "exempt",
        "valid",
        "validated",
        "validation",
        "verified",
        "country",
        "rate",
        "amount",
        "included",
        "status",
        "details",
    }
    | {
        "total",
        "class",
        "location",
        "response",
        "check",
        "evidence",
        "date",
        "name",
        "label",
        "type",
        "request",
        "optional",
    }
)
_WORD = re.compile(r"[a-z0-9]+")
_CANDIDATE = re.compile(r"[A-Z0-9][A-Z0-9.\-/]{3,18}[A-Z0-9]")
_EU: Final = frozenset(
    [
        "AT",
        "BE",
        "BG",
        "CY",
        "CZ",
        "DE",
        "DK",
        "EE",
        "EL",
        "ES",
        "FI",
        "FR",
        "HR",
        "HU",
        "IE",
        "IT",
        "LT",
        "LU",
        "LV",
        "MT",
        "NL",
        "PL",
        "PT",
        "RO",
        "SE",
        "SI",
        "SK",
        "XI",
    ]
)


def is_tax_id_name(name: str) -> bool:
    """Whether a field's name announces a tax id: `NIF/CIF`, `_billing_vat`, "Tax ID", `_vat_number` ..."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode("ascii")
    words = _WORD.findall(re.sub(r"([a-z])([A-Z])", r"\1 \2", plain).lower())
    if _NOT.intersection(words) or "is" in words[:1]:
        return False
    joined = "".join(words)
    return bool(_SPANISH.intersection(words) or _VAT.intersection(words)) or any(one in joined for one in _WHOLE)


def looks_like_one(value: str) -> bool:
    compact = re.sub(r"[\s.\-/]", "", value).upper()
    return 5 <= len(compact) <= 20 and compact.isascii() and compact.isalnum() and any(one.isdigit() for one in compact)


def of_country(value: str, kind: str) -> str | None:
    """The country an id itself proves: a valid EU VAT number its prefix, a valid Spanish number Spain."""
    from stdnum.es import nif
    from stdnum.eu import vat

    compact = re.sub(r"[\s.\-/]", "", value).upper()
    if compact[:2] in _EU and vat.is_valid(compact):
        return {"EL": "GR", "XI": "GB"}.get(compact[:2], compact[:2])
    spanish = compact.removeprefix("ES")
    return "ES" if (kind in _SPANISH or kind == "company") and nif.is_valid(spanish) else None


def from_fields(fields: Iterable[tuple[str, str]], *, confirmed_at: datetime | None = None) -> tuple[TaxId, ...]:
    """Every field whose name announces a tax id and whose value looks like one, without repeats."""
    found: dict[str, TaxId] = {}
    for name, value in fields:
        if is_tax_id_name(name) and looks_like_one(value):
            kind = next((word for word in _WORD.findall(name.lower()) if word in _SPANISH), name.strip("_").lower())
            compact = re.sub(r"[\s.\-/]", "", value).upper()
            country = of_country(value, kind)
            found.setdefault(
                compact, TaxId(value=value.strip(), country=country, kind=kind, vies_confirmed_at=confirmed_at)
            )
    return tuple(found.values())


def from_company(*names: str | None) -> tuple[TaxId, ...]:
    """A valid tax id that a buyer wrote into the company field, for want of a better one."""
    for name in names:
        for candidate in _CANDIDATE.findall((name or "").upper()):
            country = of_country(candidate, "company") if looks_like_one(candidate) else None
            if country:
                return (TaxId(value=candidate, country=country, kind="company"),)
    return ()
