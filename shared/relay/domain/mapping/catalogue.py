"""What the account has in Holded: its own tax keys, series, payment methods, channels, warehouses, treasury accounts.

Keys are per tenant and custom ones follow no grammar (Holded facts 6), so a tax is found by what it is: its group, its
name and its percentage, read once here into a kind.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal

from relay.domain.mapping.countries import country_named
from relay.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Iterable

TaxKind = Literal[
    "vat", "exempt", "not_subject", "intra", "intra_goods", "intra_services", "export", "reverse",
    "surcharge", "retention", "igic", "ipsi", "oss", "other",
]  # fmt: skip
ChoiceList = Literal["payment_methods", "sales_channels", "warehouses", "treasury_accounts"]
CHOICE_LISTS: tuple[ChoiceList, ...] = ("payment_methods", "sales_channels", "warehouses", "treasury_accounts")


@dataclass(frozen=True, slots=True, kw_only=True)
class Tax:
    """A sales tax of the account. `rate` is a percent; a retention's is negative. `country` only for OSS taxes, the city for IPSI."""

    key: str
    name: str
    rate: Decimal
    kind: TaxKind
    country: str = ""
    parts: tuple[str, ...] = ()  # keys of a composite tax


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    id: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """`lists` holds everything that is chosen by id or name; `series` the numbering series by document type."""

    taxes: tuple[Tax, ...] = ()
    series: Mapping[str, tuple[Named, ...]] = field(default_factory=dict)
    lists: Mapping[str, tuple[Named, ...]] = field(default_factory=dict)

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Catalogue:
        """Read the lists as the API returns them (v1 or v2 fields), under `taxes`, `numbering_series` (by document type),
        `payment_methods`, `sales_channels`, `warehouses`, `treasury_accounts`. A list that is missing is unknown, not empty.

        Raises `BadInput` naming the field.
        """
        series = _mapping(raw.get("numbering_series") or {}, "numbering_series")
        return cls(
            taxes=tuple(_taxes(_rows(raw.get("taxes") or (), "taxes"))),
            series={
                doc_type: tuple(_named(_rows(rows, f"numbering_series.{doc_type}")))
                for doc_type, rows in series.items()
            },
            lists={name: tuple(_named(_rows(raw[name], name))) for name in CHOICE_LISTS if raw.get(name) is not None},
        )

    def by_key(self, key: str) -> Tax | None:
        return next((tax for tax in self.taxes if tax.key == key), None)

    def rates_of(self, key: str) -> tuple[Decimal, ...]:
        """The percentages Holded applies for a key: those of its parts when it is composite."""
        tax = self.by_key(key)
        if tax is None:
            return ()
        parts = [part for part in map(self.by_key, tax.parts) if part is not None]
        return tuple(part.rate for part in parts) if tax.parts and len(parts) == len(tax.parts) else (tax.rate,)


@lru_cache(maxsize=1024)  # a writer reads the same hundred taxes for every event
def kind_of(*, name: str, key: str, group: str) -> TaxKind:
    """What a tax is, from Holded's group and the words of its name and key."""
    words = _folded(f"{group} {name} {key}".replace("_", " "))
    for kind, pattern in _KINDS:
        if pattern.search(words):
            if kind == "intra":
                if re.search(r"servic|serv\b", words):
                    return "intra_services"
                return "intra_goods" if re.search(r"bien|entrega|goods|supply", words) else "intra"
            return kind
    return "other"


# The first that fits: special regimes name themselves; plain VAT is what is left of the VAT group.
_KINDS: tuple[tuple[TaxKind, re.Pattern[str]], ...] = (
    ("retention", re.compile(r"\bret|irpf|irnr|withhold")),
    ("surcharge", re.compile(r"recargo|equivalencia|surcharge|\brec\b|\brec\d|\breq\b|\bre\b")),
    ("igic", re.compile(r"igic")),
    ("ipsi", re.compile(r"ipsi")),
    ("oss", re.compile(r"\boss|ventanilla|one.?stop")),
    ("intra", re.compile(r"intra")),
    ("export", re.compile(r"export")),
    ("not_subject", re.compile(r"no ?suj|non?.?subject|not subject|outside scope")),
    ("reverse", re.compile(r"inversion|\bisp\b|sujeto pasivo|reverse")),
    ("exempt", re.compile(r"exent|exempt")),
    ("vat", re.compile(r"\biva|\bvat\b")),
)


def _taxes(rows: Iterable[Mapping[str, Any]]) -> Iterable[Tax]:
    for place, row in enumerate(rows):
        if row.get("scope") not in ("sales", None, "") or row.get("status") is False:
            continue
        key = str(row.get("key") or row.get("id") or "")
        if not key:
            raise BadInput("catalogue_invalid", field=f"taxes[{place}].key", detail="missing, expected the tax key")
        name, group = str(row.get("name") or ""), str(row.get("group") or "")
        kind = kind_of(name=name, key=key, group=group)
        rate = _rate(row.get("amount"), f"taxes[{place}].amount")
        items = row.get("items")
        yield Tax(
            key=key,
            name=name,
            rate=-abs(rate) if kind == "retention" else rate,
            kind=kind,
            country=_place(kind, f"{name} {key.replace('_', ' ')}"),
            parts=tuple(str(item) for item in items)
            if isinstance(items, Sequence) and not isinstance(items, str)
            else (),
        )


def _place(kind: TaxKind, words: str) -> str:
    if kind == "oss":
        return country_named(words)
    named = [city for city in ("ceuta", "melilla") if kind == "ipsi" and city in words.lower()]
    return named[0] if len(named) == 1 else ""


def _rate(value: object, where: str) -> Decimal:
    if value is None or value == "":
        return Decimal(0)
    try:
        rate = Decimal(str(value).replace(",", "."))
    except InvalidOperation:
        raise BadInput(
            "catalogue_invalid", field=where, detail=f"{type(value).__name__}, expected a percentage"
        ) from None
    if not rate.is_finite() or rate.copy_abs() > 100:
        raise BadInput("catalogue_invalid", field=where, detail="not between -100 and 100")
    return rate


def _named(rows: Iterable[Mapping[str, Any]]) -> Iterable[Named]:
    return (Named(id=str(row.get("id") or ""), name=str(row.get("name") or "")) for row in rows)


def _rows(value: object, where: str) -> list[Mapping[str, Any]]:
    items = value.get("items") if isinstance(value, Mapping) else value
    if not isinstance(items, Sequence) or isinstance(items, str | bytes):
        raise BadInput("catalogue_invalid", field=where, detail=f"{type(value).__name__}, expected a list")
    return [_mapping(item, f"{where}[{place}]") for place, item in enumerate(items)]


def _mapping(value: object, where: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise BadInput("catalogue_invalid", field=where, detail=f"{type(value).__name__}, expected an object")
    return value


def _folded(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text.lower())
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter))
