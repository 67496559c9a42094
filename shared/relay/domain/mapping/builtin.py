"""The built-in tax table: Spanish VAT law as rows, for a seller on the mainland.

What the source charged is the evidence; a row says which tax of the account that is. What no row covers goes to
review. An account puts its own rows before these, or replaces them (`builtin_tax_rules: false`).
"""

from __future__ import annotations

from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING

from relay.domain.mapping.rates import EU_RATES, IGIC_RATES, IPSI_RATES, IVA_WITH_SURCHARGE
from relay.domain.settings import Selector, TaxRule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from relay.domain.mapping.catalogue import TaxKind
    from relay.domain.mapping.places import Zone

_HOME: tuple[Zone, ...] = ("home", "unknown")
_ZERO = Decimal(0)


@lru_cache(maxsize=2)
def builtin_rules(*, oss: bool) -> tuple[TaxRule, ...]:
    """The rows, first match first. With `oss` off, EU consumers are taxed at home (below the 10,000 euro threshold)."""
    return (
        *_vouchers(),
        *_iva(),
        *_special_territories(),
        *_intra_eu(),
        *(_one_stop_shop() if oss else ()),
        *_home_rates_abroad(),
        *_untaxed(),
    )


def _free(kind: TaxKind, *or_kinds: TaxKind) -> tuple[Selector, ...]:
    return (Selector(kind=kind, rate=_ZERO, or_kinds=or_kinds),)


def _vouchers() -> Iterator[TaxRule]:
    # A multi-purpose voucher is taxed when it is used, not when it is sold: Directive 2006/112/EC art. 30b.
    yield TaxRule(name="voucher", supplies=("voucher",), rates=(), take=_free("not_subject", "exempt", "vat"))
    yield TaxRule(name="tip", supplies=("tip",), rates=(), take=_free("not_subject", "exempt", "vat"))


def _iva() -> Iterator[TaxRule]:
    for iva_text, surcharge_text, since, until in IVA_WITH_SURCHARGE:
        iva, surcharge = Decimal(iva_text), Decimal(surcharge_text)
        take_iva = Selector(kind="vat", rate=iva)
        both = (take_iva, Selector(kind="surcharge", rate=surcharge))
        yield TaxRule(
            name="surcharge_missing",
            zones=_HOME,
            rates=(iva,),
            systems=("iva", "other"),
            schemes=("equivalence",),
            review="surcharge_not_charged",
            detail="The buyer is under the equivalence surcharge, but the source charged VAT alone.",
        )
        for charged in ((surcharge, iva), (iva + surcharge,)):
            yield TaxRule(
                name=f"iva_{iva_text}_surcharge_{surcharge_text}",
                zones=_HOME,
                rates=charged,
                systems=("iva", "other"),
                taxed_by=("ES",),
                since=since,
                until=until,
                take=both,
            )
        yield TaxRule(
            name=f"iva_{iva_text}",
            zones=_HOME,
            rates=(iva,),
            systems=("iva", "other"),
            taxed_by=("ES",),
            since=since,
            until=until,
            take=(take_iva,),
        )


def _special_territories() -> Iterator[TaxRule]:
    # Outside the EU's VAT territory: a delivery from the mainland is an export (Ley 37/1992 art. 21).
    for rate in sorted(IGIC_RATES):
        yield TaxRule(
            name="igic", zones=("canary",), rates=(rate,), systems=("igic", "other"), taxed_by=("ES", "IC"),
            take=(Selector(kind="igic", rate=rate),),
        )  # fmt: skip
    cities: tuple[Zone, ...] = ("ceuta", "melilla")
    for city in cities:
        for rate in sorted(IPSI_RATES):
            yield TaxRule(
                name="ipsi", zones=(city,), rates=(rate,), systems=("ipsi", "other"), taxed_by=("ES", "EA"),
                take=(Selector(kind="ipsi", rate=rate, country=city),),
            )  # fmt: skip
    export = _free("export", "not_subject", "exempt", "vat")
    yield TaxRule(name="export", zones=("canary", "ceuta", "melilla"), rates=(), take=export)
    yield TaxRule(name="export", zones=("outside",), supplies=("goods",), rates=(), take=export)
    # Services to buyers outside the EU take place there (Ley 37/1992 art. 69).
    yield TaxRule(
        name="services_outside", zones=("outside",), rates=(), take=_free("not_subject", "export", "exempt", "vat")
    )


def _intra_eu() -> Iterator[TaxRule]:
    yield TaxRule(
        name="intra_goods", zones=("eu",), buyers=("business",), supplies=("goods",), rates=(), vies=True,
        take=_free("intra_goods", "intra"),
    )  # fmt: skip
    yield TaxRule(
        name="intra_services", zones=("eu",), buyers=("business",), rates=(), vies=True,
        take=_free("intra_services", "intra"),
    )  # fmt: skip
    yield TaxRule(
        name="intra_unconfirmed", zones=("eu",), buyers=("business",), rates=(), review="vies_unconfirmed",
        detail="No VAT was charged to a business elsewhere in the EU, and no VIES confirmation is recorded. "
        "Have the source send one with the tax id, or set policy.vies to `trusted`.",
    )  # fmt: skip


def _one_stop_shop() -> Iterator[TaxRule]:
    for country, periods in EU_RATES.items():
        for period in periods:
            for rate in sorted(period.rates):
                yield TaxRule(
                    name="oss", zones=("eu",), countries=(country,), buyers=("consumer",), rates=(rate,),
                    taxed_by=(country,), since=period.since, until=period.until,
                    take=(Selector(kind="oss", rate=rate, country=country),),
                )  # fmt: skip


def _home_rates_abroad() -> Iterator[TaxRule]:
    for iva_text, _, since, until in IVA_WITH_SURCHARGE:
        iva = Decimal(iva_text)
        # Spanish VAT charged to an EU buyer: a business not in VIES, or a consumer below the threshold.
        yield TaxRule(
            name="iva_eu", zones=("eu",), rates=(iva,), taxed_by=("ES",), since=since, until=until,
            take=(Selector(kind="vat", rate=iva),),
        )  # fmt: skip
        # Elsewhere a rate alone proves nothing (10 % is also Australia's): the source must say that it is Spain's.
        yield TaxRule(
            name="iva_outside", zones=("outside", "canary", "ceuta", "melilla"), rates=(iva,), taxed_by=("ES",),
            systems=("iva",), supplies=("services",), since=since, until=until,
            take=(Selector(kind="vat", rate=iva),),
        )  # fmt: skip


def _untaxed() -> Iterator[TaxRule]:
    # The source charged no tax at all and nothing above explains it: the account's exempt or 0 % key, in a draft.
    free = _free("exempt", "vat", "not_subject")
    yield TaxRule(name="untaxed_home", zones=("home",), rates=(), take=free)
    yield TaxRule(name="untaxed_eu", zones=("eu",), rates=(), take=free)
    yield TaxRule(name="untaxed", zones=("unknown",), rates=(), take=free)
