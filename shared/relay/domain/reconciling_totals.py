"""The three sides in sums: by Madrid day, document type, series and currency; what is not the relay's is counted apart."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from relay.domain.money import ZERO
from relay.domain.reconciling import written_split
from relay.domain.reconciling_series import series_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from decimal import Decimal

    from relay.domain.ledger import Row
    from relay.domain.reconciling import Books, Meant
    from relay.domain.reconciling_split import Split

Side = Literal["source", "ledger", "holded"]
Made = defaultdict["Group", dict[str, "Sums"]]
SIDES: tuple[Side, ...] = ("source", "ledger", "holded")


@dataclass(frozen=True, slots=True, order=True)
class Group:
    """`series` is the beginning of the numbers, empty for what has no number yet."""

    day: str
    doc_type: str
    series: str
    currency: str


@dataclass(slots=True)
class Sums:
    """`unsplit` documents count in `total` only: how they divide into net and tax is not known on this side. `as_ledger` (of the
    source): their delivery is not held any more, so they count as the ledger has them.
    """

    count: int = 0
    net: Decimal = ZERO
    tax: Decimal = ZERO
    total: Decimal = ZERO
    unsplit: int = 0
    as_ledger: int = 0
    by_rate: dict[Decimal, tuple[Decimal, Decimal]] = field(default_factory=dict)

    def add(self, total: Decimal | None, net: Decimal | None, tax: Decimal | None, split: Split | None) -> None:
        self.count += 1
        self.total += total or ZERO
        if net is None or tax is None or split is None:
            self.unsplit += 1
        if net is not None and tax is not None:
            self.net, self.tax = self.net + net, self.tax + tax
        for rate, (base, of_rate) in split.by_rate.items() if split is not None else ():
            before = self.by_rate.get(rate, (ZERO, ZERO))
            self.by_rate[rate] = (before[0] + base, before[1] + of_rate)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of the summary. `others`: documents of Holded in this group that the relay has no part in."""

    group: Group
    source: Sums
    ledger: Sums
    holded: Sums
    others: Sums

    @property
    def agrees(self) -> bool:
        """To the cent, on all that each side knows."""
        sides = (self.source, self.ledger, self.holded)
        if len({(each.count, each.total) for each in sides}) > 1:
            return False
        whole = [each for each in sides if not each.unsplit]
        return all(
            (each.net, each.tax, each.by_rate) == (whole[0].net, whole[0].tax, whole[0].by_rate) for each in whole
        )


def totals(books: Books) -> list[Line]:
    """One line a group, in order. Of a type that could not be read whole there is none: half a sum misleads. A document of
    ours that cannot be read counts on no side.
    """
    made: Made = defaultdict(lambda: {side: Sums() for side in (*SIDES, "others")})
    series = _series_by_id(books)
    for row in books.rows.values():
        seen = row.doc_type not in books.unread and row.holded_id not in books.unreadable
        if row.state == "confirmed" and seen:
            _add_row(made, books, row, series.get(row.holded_id, ""))
    for key, meant in books.meant.items():
        stands = books.rows.get(key)
        hidden = stands is not None and stands.holded_id in books.unreadable
        if meant.doc_type not in books.unread and not meant.ended and not hidden:
            _add_meant(made, books, meant, stands, series.get(stands.holded_id, "") if stands else "")
    ours = {row.holded_id for row in books.rows.values() if row.state == "confirmed"}
    for shown in books.shown.values():
        if books.window.holds(shown.day) and shown.doc_type not in books.unread:
            beginning = series_of(shown.number, books.series, shown.doc_type)
            group = Group(str(shown.day), shown.doc_type, beginning, shown.currency)
            side = "holded" if shown.id in ours or books.marks(shown) else "others"
            made[group][side].add(shown.total, shown.net, shown.tax, shown.split)
    return [Line(group=group, **sums) for group, sums in sorted(made.items())]


def _add_row(made: Made, books: Books, row: Row, series: str) -> None:
    if not _within(books, row.document_date):
        return
    split = written_split(row, books.meant.get(row.key))
    group = Group(row.document_date, row.doc_type, series, row.currency)
    made[group]["ledger"].add(row.total, *_of(split))
    if row.key not in books.meant:  # the ledger's amounts are all that is left of what the source said
        made[group]["source"].add(row.total, *_of(split))
        made[group]["source"].as_ledger += 1


def _add_meant(made: Made, books: Books, meant: Meant, row: Row | None, series: str) -> None:
    """Under the source's own day, unless policy dates documents otherwise; under the type that was written, if any was."""
    written = row if row is not None and row.state == "confirmed" else None
    day = meant.day.isoformat() if books.dated_by_source or written is None else written.document_date
    if _within(books, day):
        group = Group(day, written.doc_type if written else meant.doc_type, series, meant.currency)
        made[group]["source"].add(meant.total, *_of(meant.split))


def _within(books: Books, day: str) -> bool:
    return books.window.start.isoformat() <= day <= books.window.end.isoformat()


def _of(split: Split | None) -> tuple[Decimal | None, Decimal | None, Split | None]:
    return (split.net, split.tax, split) if split is not None else (None, None, None)


def _series_by_id(books: Books) -> Mapping[str, str]:
    """Holded id -> series, by the number it shows, else by the number the ledger noted."""
    found: dict[str, str] = {}
    for row in books.rows.values():
        shown = books.shown.get(row.holded_id)
        number = shown.number if shown is not None else row.number
        found[row.holded_id] = series_of(number, books.series, row.doc_type)
    return found
