"""Which taxes of the account each line of a sale bears: the tax table asked line by line, and the IRPF withheld."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from relay.domain.mapping.taxes import TaxCase, TaxDecision, select, settle
from relay.domain.settings import Selector

if TYPE_CHECKING:
    from collections.abc import Sequence
    from decimal import Decimal

    from relay.domain.mapping.evidence import Charged
    from relay.domain.mapping.places import Place
    from relay.domain.mapping.sale import Sale
    from relay.domain.settings import Supply

NOTHING = TaxDecision((), ())


def decide_taxes(sale: Sale, charged: Sequence[Charged]) -> list[TaxDecision]:
    """A decision a line. Lines that cost nothing follow the line that costs most. Raises `Undecided`."""
    supply = sale.main_supply(charged)
    decided = {place: _settle(sale, one, supply) for place, one in enumerate(charged) if one.amount}
    if not decided:
        return [_settle(sale, one, supply) for one in charged]
    leader = decided[max(decided, key=lambda place: abs(charged[place].amount))]
    return [NOTHING if one.line.kind == "rounding" else decided.get(place, leader) for place, one in enumerate(charged)]


def decide_retention(sale: Sale, one: Charged) -> TaxDecision:
    """IRPF: what the source withheld, else by the account's setting for services to Spanish businesses not yet paid."""
    rates = list(one.retentions) or _retention_by_setting(sale, one)
    taxes = [select(Selector(kind="retention", rate=rate), sale.catalogue) for rate in rates]
    if not taxes:
        return NOTHING
    return TaxDecision(tuple(tax.key for tax in taxes), tuple(tax.rate for tax in taxes))


def _settle(sale: Sale, one: Charged, main: Supply) -> TaxDecision:
    if one.line.kind == "rounding" and not one.rates:
        return NOTHING
    supply = sale.supply(one, main)
    place = sale.place(goods=supply != "services", taxed_by=one.taxed_by)
    tax_id = sale.buyer.tax_id
    case = TaxCase(
        place=place,
        day=sale.tax_day,
        rates=one.rates,
        supply=supply,
        buyer=sale.buyer.kind,
        vies=tax_id is not None
        and tax_id.country != "ES"
        and (tax_id.vies_confirmed or (sale.settings.policy.vies == "trusted" and tax_id.status == "valid")),
        taxed_by=one.taxed_by,
        system=_system(one, place),
        scheme=sale.buyer.scheme,
    )
    return settle(case, sale.settings, sale.catalogue)


def _system(one: Charged, place: Place) -> str:
    words = set(re.findall(r"[a-z]+", one.names))
    if words & {"igic", "ipsi"}:
        return "igic" if "igic" in words else "ipsi"
    # "IVA" is also Italy's, Portugal's and Argentina's word.
    if one.taxed_by == "ES" or ("iva" in words and place.country in {"ES", ""}):
        return "iva"
    return "other"


def _retention_by_setting(sale: Sale, one: Charged) -> list[Decimal]:
    tax_id = sale.buyer.tax_id
    if sale.paid_in_full or sale.buyer.kind != "business" or tax_id is None or tax_id.country != "ES":
        return []
    if sale.supply(one, "goods") != "services":
        return []
    rows = [
        row for row in sale.settings.retention if row.since <= sale.day and (row.until is None or sale.day <= row.until)
    ]
    return [-abs(row.rate) for row in rows[:1]]
