"""A Spanish company's usual sales taxes, for a preview without an account: the shape of Holded's `/taxes` (facts 6)."""

from __future__ import annotations

from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING

from relay.domain.mapping.catalogue import Catalogue
from relay.domain.mapping.rates import EU_RATES, IGIC_RATES, IPSI_RATES, IVA_WITH_SURCHARGE
from relay.domain.money import plain

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_SINGLE = (
    ("IVA 0%", "0", "s_iva_0", "iva"),
    ("IVA exento", "0", "s_iva_exento", "iva"),
    ("No sujeto", "0", "s_iva_nosujeto", "iva"),
    ("Exportación", "0", "s_iva_export", "iva"),
    ("Entrega intracomunitaria de bienes", "0", "s_iva_intra_bienes", "iva"),
    ("Prestación intracomunitaria de servicios", "0", "s_iva_intra_servicios", "iva"),
    ("Inversión del sujeto pasivo", "0", "s_iva_isp", "iva"),
    *((f"Retención {rate}%", str(rate), f"s_ret_{rate}", "ret") for rate in (1, 2, 7, 15, 19)),
)


@lru_cache(maxsize=1)
def default_catalogue() -> Catalogue:
    """Every tax the built-in table can ask for; no series, channels or accounts."""
    return Catalogue.from_json({"taxes": list(_rows())})


def _rows() -> Iterator[dict[str, str]]:
    for name, amount, key, group in _SINGLE:
        yield _row(name, amount, key, group)
    for rate in _sorted({Decimal(iva) for iva, _, _, _ in IVA_WITH_SURCHARGE}):
        yield _row(f"IVA {rate}%", rate, f"s_iva_{_digits(rate)}", "iva")
    for rate in _sorted({Decimal(surcharge) for _, surcharge, _, _ in IVA_WITH_SURCHARGE}):
        yield _row(f"Recargo de equivalencia {rate}%", rate, f"s_rec_{_digits(rate)}", "rec")
    for group, rates in (("igic", IGIC_RATES), ("ipsi", IPSI_RATES)):
        for rate in _sorted(rates):
            yield _row(f"{group.upper()} {rate}%", rate, f"s_{group}_{_digits(rate)}", group)
    for country, periods in EU_RATES.items():
        for rate in _sorted({rate for period in periods for rate in period.rates}):
            yield _row(f"OSS {country} {rate}%", rate, f"s_oss_{country.lower()}_{_digits(rate)}", "oss")


def _row(name: str, amount: str, key: str, group: str) -> dict[str, str]:
    return {"name": name, "amount": amount, "scope": "sales", "key": key, "group": group, "type": "percentage"}


def _sorted(rates: Iterable[Decimal]) -> list[str]:
    return [plain(rate) for rate in sorted(rates)]


def _digits(rate: str) -> str:
    return rate.replace(".", "")
