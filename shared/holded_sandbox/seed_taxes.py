"""The taxes of a Spanish company, sales and purchases, some under keys of its own making as real accounts have them.

Keys follow `s_`/`p_` + group + percent where Holded's own do (Holded facts 6); special regimes and the taxes an
administrator added do not follow it, so a client must read the list.
"""

from __future__ import annotations

from typing import NamedTuple


class SeedTax(NamedTuple):
    name: str
    amount: str
    scope: str
    key: str
    group: str
    country: str = "ES"


def _both(name: str, amount: str, stem: str, group: str) -> tuple[SeedTax, SeedTax]:
    return (
        SeedTax(name, amount, "sales", f"s_{stem}", group),
        SeedTax(name, amount, "purchases", f"p_{stem}", group),
    )


_SPAIN: tuple[SeedTax, ...] = (
    *_both("IVA 21%", "21", "iva_21", "iva"),
    *_both("IVA 10%", "10", "iva_10", "iva"),
    *_both("IVA 4%", "4", "iva_4", "iva"),
    *_both("IVA 0%", "0", "iva_0", "iva"),
    *_both("IVA 5%", "5", "iva_5", "iva"),
    *_both("IVA 7,5%", "7.5", "iva_75", "iva"),
    *_both("Exento de IVA", "0", "iva_exento", "iva"),
    *_both("No sujeto", "0", "iva_nosujeto", "iva"),
    *_both("Inversión del sujeto pasivo", "0", "iva_isp", "iva"),
    *_both("Recargo de equivalencia 5,2%", "5.2", "rec_52", "rec"),
    *_both("Recargo de equivalencia 1,4%", "1.4", "rec_14", "rec"),
    *_both("Recargo de equivalencia 0,5%", "0.5", "rec_05", "rec"),
    *_both("Recargo de equivalencia 0,62%", "0.62", "rec_062", "rec"),
    *_both("Retención IRPF 7%", "-7", "ret_7", "ret"),
    *_both("Retención IRPF 15%", "-15", "ret_15", "ret"),
    *_both("Retención IRPF 19%", "-19", "ret_19", "ret"),
    *_both("Retención 2%", "-2", "retencion2", "ret"),
    SeedTax("Entregas intracomunitarias", "0", "sales", "s_iva_intra", "intra"),
    SeedTax("Prestación de servicios intracomunitaria", "0", "sales", "s_iva_intras", "intra"),
    SeedTax("Adquisiciones intracomunitarias 21%", "0", "purchases", "p_iva_intra_21", "intra"),
    SeedTax("Exportaciones", "0", "sales", "s_iva_exp", "impexp"),
    SeedTax("Importaciones", "0", "purchases", "p_iva_imp", "impexp"),
    *_both("IGIC 0%", "0", "igic_0", "igic"),
    *_both("IGIC 3%", "3", "igic_3", "igic"),
    *_both("IGIC 7%", "7", "igic_7", "igic"),
    *_both("IGIC 9,5%", "9.5", "igic_95", "igic"),
    *_both("IGIC 15%", "15", "igic_15", "igic"),
    *_both("IPSI Ceuta 10%", "10", "ipsi_ceuta10", "ipsi"),
    *_both("IPSI Ceuta 3%", "3", "ipsi_ceuta3", "ipsi"),
    *_both("IPSI Melilla 8%", "8", "ipsi_melilla8", "ipsi"),
    *_both("IPSI Melilla 4%", "4", "ipsi_melilla4", "ipsi"),
)

# Standard rates of the one-stop shop by country of consumption, 2026
# (https://taxation-customs.ec.europa.eu/taxation/vat/vat-directive/vat-rates_en).
_OSS: tuple[tuple[str, str], ...] = (
    ("AT", "20"), ("BE", "21"), ("BG", "20"), ("CY", "19"), ("CZ", "21"), ("DE", "19"), ("DK", "25"), ("EE", "24"),
    ("FI", "25.5"), ("FR", "20"), ("GR", "24"), ("HR", "25"), ("HU", "27"), ("IE", "23"), ("IT", "22"), ("LT", "21"),
    ("LU", "17"), ("LV", "21"), ("MT", "18"), ("NL", "21"), ("PL", "23"), ("PT", "23"), ("RO", "21"), ("SE", "25"),
    ("SI", "22"), ("SK", "23"),
)  # fmt: skip

SPANISH_TAXES: tuple[SeedTax, ...] = (
    *_SPAIN,
    *(
        SeedTax(
            f"OSS {country} {rate}%", rate, "sales", f"s_oss_{country.lower()}_{rate.replace('.', '')}", "oss", country
        )
        for country, rate in _OSS
    ),
)
