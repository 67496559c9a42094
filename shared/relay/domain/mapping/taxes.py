"""From what the source charged on a line to the account's own tax keys, by the tax table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from relay.domain.mapping.builtin import builtin_rules
from relay.domain.mapping.undecided import Undecided
from relay.domain.money import plain

if TYPE_CHECKING:
    from datetime import date
    from decimal import Decimal

    from relay.domain.mapping.catalogue import Catalogue, Tax
    from relay.domain.mapping.places import Place
    from relay.domain.settings import BuyerKind, Selector, Settings, Supply, TaxRule


@dataclass(frozen=True, slots=True, kw_only=True)
class TaxCase:
    """One line's case. `rates`: the percentages charged, sorted, without zeros and retentions. `taxed_by`: the country
    whose tax it was and `system` its kind, as far as the source says (`""`, `other`).
    """

    place: Place
    day: date
    rates: tuple[Decimal, ...]
    supply: Supply
    buyer: BuyerKind
    vies: bool
    taxed_by: str = ""
    system: str = "other"
    scheme: str = ""


@dataclass(frozen=True, slots=True)
class TaxDecision:
    """The keys to write and the percentages Holded will apply for them."""

    keys: tuple[str, ...]
    rates: tuple[Decimal, ...]


def settle(case: TaxCase, settings: Settings, catalogue: Catalogue) -> TaxDecision:
    """The taxes of a line. Raises `Undecided` where the table says review, has no row, or the account lacks the tax."""
    rules = (*settings.tax_rules, *(builtin_rules(oss=settings.policy.oss) if settings.builtin_tax_rules else ()))
    rule = next((rule for rule in rules if _fits(rule, case)), None)
    if rule is None:
        raise Undecided(
            "tax_not_settled",
            f"No row of the tax table covers {_describe(case)}. Add one under tax_rules in the account's settings.",
        )
    if rule.review:
        raise Undecided(rule.review, rule.detail or f"The tax table sends {_describe(case)} to review ({rule.name}).")
    taxes = [select(selector, catalogue) for selector in rule.take]
    return TaxDecision(
        keys=tuple(tax.key for tax in taxes),
        rates=tuple(rate for tax in taxes for rate in catalogue.rates_of(tax.key)),
    )


def select(selector: Selector, catalogue: Catalogue) -> Tax:
    """The one tax of the account that a selector means. Raises `Undecided` where there is none, or more than one."""
    if selector.key:
        tax = catalogue.by_key(selector.key)
        if tax is None:
            raise Undecided(
                "tax_not_in_account",
                "The tax table names a key the account does not have. Correct it, or refresh the account's taxes.",
            )
        return tax
    for kind in (selector.kind, *selector.or_kinds):
        found = [
            tax
            for tax in catalogue.taxes
            if tax.kind == kind
            and not tax.parts
            and (selector.rate is None or tax.rate == selector.rate)
            and (not selector.country or tax.country == selector.country or (kind == "ipsi" and not tax.country))
        ]
        # Of several alike, the one whose key follows Holded's own grammar (Holded facts 6) is the standard one.
        standard = [tax for tax in found if tax.key in _standard_keys(kind, tax.rate)]
        named = [tax for tax in found if selector.country and tax.country == selector.country]
        chosen = named or standard or found
        if len(chosen) == 1:
            return chosen[0]
        if chosen:
            raise Undecided(
                "tax_ambiguous",
                f"The account has {len(chosen)} taxes that fit {_wanted(selector)}. Name the key in a row of tax_rules.",
            )
    raise Undecided(
        "tax_not_in_account",
        f"The account has no sales tax for {_wanted(selector)}. Create it in Holded and refresh the account's taxes, "
        "or name another key in a row of tax_rules.",
    )


def _standard_keys(kind: str, rate: Decimal) -> tuple[str, ...]:
    percent = plain(abs(rate)).replace(".", "")
    return {
        "vat": (f"s_iva_{percent}",),
        "exempt": ("s_iva_exento",),
        "not_subject": ("s_iva_nosujeto", "s_iva_no_sujeto"),
        "surcharge": (f"s_rec_{percent}", f"s_re_{percent}", f"s_req_{percent}"),
        "retention": (f"s_ret_{percent}",),
        "igic": (f"s_igic_{percent}",),
        "ipsi": (f"s_ipsi_{percent}",),
    }.get(kind, ())


def _fits(rule: TaxRule, case: TaxCase) -> bool:
    return (
        (not rule.zones or case.place.zone in rule.zones)
        and (rule.rates is None or tuple(sorted(rule.rates)) == case.rates)
        and (not rule.countries or case.place.country in rule.countries)
        and (not rule.supplies or case.supply in rule.supplies)
        and (not rule.buyers or case.buyer in rule.buyers)
        and (rule.vies is None or rule.vies == case.vies)
        and (not rule.taxed_by or case.taxed_by in {"", *rule.taxed_by})
        and (not rule.systems or case.system in rule.systems)
        and (not rule.schemes or case.scheme in rule.schemes)
        and (not rule.postal_prefixes or case.place.postal_code.startswith(rule.postal_prefixes))
        and (rule.since is None or rule.since <= case.day)
        and (rule.until is None or case.day <= rule.until)
    )


def _describe(case: TaxCase) -> str:
    charged = " + ".join(f"{plain(rate)} %" for rate in case.rates) + " charged" if case.rates else "no tax charged"
    where = case.place.country or "an unknown country"
    taxed_by = f" (tax of {case.taxed_by})" if case.taxed_by else ""
    return f"{charged}{taxed_by} on {case.supply} for a {case.buyer} in {where} on {case.day.isoformat()}"


def _wanted(selector: Selector) -> str:
    kinds = " or ".join((selector.kind, *selector.or_kinds))
    country = f" of {selector.country}" if selector.country else ""
    return f"{kinds}{country}" + (f" at {plain(abs(selector.rate))} %" if selector.rate is not None else "")
