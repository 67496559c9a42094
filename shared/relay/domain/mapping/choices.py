"""The tables that choose by id or name: series, channels, payment methods, warehouses, treasury and line accounts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from relay.domain.mapping.catalogue import CHOICE_LISTS
from relay.domain.mapping.undecided import Undecided

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from relay.domain.mapping.catalogue import Catalogue, ChoiceList, Named
    from relay.domain.settings import Choice, Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """What a choice may depend on. Empty: the source does not say."""

    doc_type: str = ""
    source: str = ""
    channel: str = ""
    country: str = ""
    currency: str = ""
    payment_method: str = ""
    warehouse: str = ""
    line_kind: str = ""
    sku: str = ""


def choose(rows: Sequence[Choice], about: Circumstances) -> str | None:
    """The `use` of the first row that fits, None where no row does: then Holded's own default stands."""
    return next((row.use for row in rows if _fits(row, about)), None)


def choose_listed(rows: Sequence[Choice], about: Circumstances, *, catalogue: Catalogue, of: ChoiceList) -> str | None:
    """As `choose`, with the id or name looked up in the account's own list."""
    return _resolve(choose(rows, about), catalogue.lists.get(of), table=of)


def choose_series(rows: Sequence[Choice], about: Circumstances, catalogue: Catalogue) -> str | None:
    """As `choose_listed`, among the numbering series of the document type."""
    return _resolve(choose(rows, about), catalogue.series.get(about.doc_type), table="series")


def _resolve(use: str | None, known: Sequence[Named] | None, *, table: str) -> str | None:
    if use is None or known is None:  # a list that was never read cannot contradict the settings
        return use
    found = _matches(use, known)
    if len(found) != 1:
        raise Undecided(
            "choice_not_in_account",
            f"A row of tables.{table} names something that {len(found) or 'no'} entries of the account's list have as id "
            "or name. Correct the row, or refresh the account's lists.",
        )
    return found[0]


def _matches(use: str, known: Sequence[Named]) -> list[str]:
    same_id = [one.id for one in known if one.id == use]
    return same_id or [one.id for one in known if one.name.casefold() == use.casefold()]


def not_in_account(settings: Settings, catalogue: Catalogue) -> Iterator[str]:
    """The rows that name what the account's lists do not have, each as a sentence: they would send documents to review."""
    for place, row in enumerate(settings.tables.series):
        for doc_type in row.doc_types or tuple(catalogue.series):
            known = catalogue.series.get(doc_type)
            if known is not None and len(_matches(row.use, known)) != 1:
                yield _told(f"tables.series[{place}].use", row.use, f"{doc_type} series")
    for table in CHOICE_LISTS:
        listed = catalogue.lists.get(table)
        for place, row in enumerate(getattr(settings.tables, table)):
            if listed is not None and len(_matches(row.use, listed)) != 1:
                yield _told(f"tables.{table}[{place}].use", row.use, f"entry of {table}")
    for place, rule in enumerate(settings.tax_rules):
        for at, selector in enumerate(rule.take):
            if selector.key and catalogue.taxes and catalogue.by_key(selector.key) is None:
                yield _told(f"tax_rules[{place}].take[{at}].key", selector.key, "tax")


def _told(field: str, value: str, what: str) -> str:
    return f'{field} "{value}" is not the id or name of exactly one {what} of this account'


def _fits(row: Choice, about: Circumstances) -> bool:
    pairs = (
        (row.doc_types, about.doc_type),
        (row.sources, about.source),
        (row.channels, about.channel),
        (row.countries, about.country),
        (row.currencies, about.currency),
        (row.payment_methods, about.payment_method),
        (row.warehouses, about.warehouse),
        (row.line_kinds, about.line_kind),
    )
    return all(not wanted or value.casefold() in {one.casefold() for one in wanted} for wanted, value in pairs) and (
        not row.sku_prefixes or about.sku.startswith(row.sku_prefixes)
    )
