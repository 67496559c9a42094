"""Tax rates with their dates: Spain's own, and those of the other EU countries for the one-stop shop.

Spain: Ley 37/1992 art. 90, 91, 161; food and energy measures of RDL 20/2022, 4/2024. EU: "VAT rates applied in the
Member States", https://taxation-customs.ec.europa.eu/taxation/vat/vat-directive/vat-rates_en. An account adds rows of
its own in its settings.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class DatedRates:
    """Percentages that were in force from `since` to `until`, both days included."""

    rates: frozenset[Decimal]
    since: date = date.min
    until: date = date.max


def _rates(text: str) -> frozenset[Decimal]:
    return frozenset(Decimal(rate) for rate in text.split())


# IVA and the equivalence surcharge that belongs to it.
IVA_WITH_SURCHARGE: tuple[tuple[str, str, date, date], ...] = (
    ("21", "5.2", date(2012, 9, 1), date.max),
    ("10", "1.4", date(2012, 9, 1), date.max),
    ("4", "0.5", date(1995, 1, 1), date.max),
    ("18", "4", date(2010, 7, 1), date(2012, 8, 31)),
    ("8", "1", date(2010, 7, 1), date(2012, 8, 31)),
    ("16", "4", date(1995, 1, 1), date(2010, 6, 30)),
    ("7", "1", date(1995, 1, 1), date(2010, 6, 30)),
    ("5", "0.62", date(2022, 7, 1), date(2024, 9, 30)),
    ("7.5", "1", date(2024, 10, 1), date(2024, 12, 31)),
    ("2", "0.26", date(2024, 10, 1), date(2024, 12, 31)),
)
IGIC_RATES = _rates("3 5 7 9.5 13.5 15 20 35")
IPSI_RATES = _rates("0.5 1 2 3 4 5 8 9 10")

_LAST_EE = date(2025, 6, 30)
_LAST_RO = date(2025, 7, 31)
_LAST_SK = date(2024, 12, 31)
EU_RATES: dict[str, tuple[DatedRates, ...]] = {
    "AT": (DatedRates(_rates("20 13 10")),),
    "BE": (DatedRates(_rates("21 12 6")),),
    "BG": (DatedRates(_rates("20 9")),),
    "CY": (DatedRates(_rates("19 9 5 3")),),
    "CZ": (DatedRates(_rates("21 12"), date(2024, 1, 1)), DatedRates(_rates("21 15 10"), until=date(2023, 12, 31))),
    "DE": (
        DatedRates(_rates("19 7"), until=date(2020, 6, 30)),
        DatedRates(_rates("16 5"), date(2020, 7, 1), date(2020, 12, 31)),
        DatedRates(_rates("19 7"), date(2021, 1, 1)),
    ),
    "DK": (DatedRates(_rates("25")),),
    "EE": (
        DatedRates(_rates("20 9"), until=date(2023, 12, 31)),
        DatedRates(_rates("22 9"), date(2024, 1, 1), _LAST_EE),
        DatedRates(_rates("24 13 9"), date(2025, 7, 1)),
    ),
    "FI": (
        DatedRates(_rates("24 14 10"), until=date(2024, 8, 31)),
        DatedRates(_rates("25.5 14 10"), date(2024, 9, 1), date(2025, 12, 31)),
        DatedRates(_rates("25.5 13.5 10"), date(2026, 1, 1)),
    ),
    "FR": (DatedRates(_rates("20 10 5.5 2.1")),),
    "GR": (DatedRates(_rates("24 13 6")),),
    "HR": (DatedRates(_rates("25 13 5")),),
    "HU": (DatedRates(_rates("27 18 5")),),
    "IE": (DatedRates(_rates("23 13.5 9 4.8")),),
    "IT": (DatedRates(_rates("22 10 5 4")),),
    "LT": (DatedRates(_rates("21 9 5"), until=date(2025, 12, 31)), DatedRates(_rates("21 12 5"), date(2026, 1, 1))),
    "LU": (
        DatedRates(_rates("17 14 8 3"), until=date(2022, 12, 31)),
        DatedRates(_rates("16 13 7 3"), date(2023, 1, 1), date(2023, 12, 31)),
        DatedRates(_rates("17 14 8 3"), date(2024, 1, 1)),
    ),
    "LV": (DatedRates(_rates("21 12 5")),),
    "MT": (DatedRates(_rates("18 12 7 5")),),
    "NL": (DatedRates(_rates("21 9")),),
    "PL": (DatedRates(_rates("23 8 5")),),
    "PT": (DatedRates(_rates("23 13 6")),),
    "RO": (DatedRates(_rates("19 9 5"), until=_LAST_RO), DatedRates(_rates("21 11"), date(2025, 8, 1))),
    "SE": (DatedRates(_rates("25 12 6")),),
    "SI": (DatedRates(_rates("22 9.5 5")),),
    "SK": (DatedRates(_rates("20 10 5"), until=_LAST_SK), DatedRates(_rates("23 19 5"), date(2025, 1, 1))),
}
