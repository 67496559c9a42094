"""What a person changed in a document of ours that its total does not show: its day, number, lines, standing, payments."""

from __future__ import annotations

from typing import TYPE_CHECKING

from relay.domain.money import plain
from relay.domain.reconciling import written_split
from relay.domain.reconciling_texts import other_texts

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import date
    from decimal import Decimal

    from relay.domain.ledger import Row
    from relay.domain.reconciling import Kind, Meant, Shown
    from relay.domain.reconciling_split import Split

_MONTHS_A_QUARTER = 3


def edits(row: Row, shown: Shown, meant: Meant | None, *, dated_by_source: bool) -> Iterator[tuple[Kind, str, str]]:
    """(class, reason, sentence). `meant` only where it is what was written: the same fiscal digest."""
    split = written_split(row, meant)
    if shown.total == row.total and split is not None:
        yield from _amounts(shown, split)
    if shown.status == "cancelled":
        yield "edited_by_hand", "cancelled_by_hand", f"{shown.number or shown.id} was cancelled in Holded"
    if row.number and shown.number and row.number != shown.number:
        yield "edited_by_hand", "number_differs", f"Holded shows the number {shown.number}, it was {row.number}"
    if row.step != "done" and shown.texts is not None and meant is not None and meant.said:
        for reason, detail in other_texts(shown.texts, meant.said, due=dated_by_source):
            yield "edited_by_hand", reason, detail
    yield from _day(row, shown, meant if dated_by_source else None)


def _amounts(shown: Shown, split: Split) -> Iterator[tuple[Kind, str, str]]:
    if shown.net is not None and shown.tax is not None and (shown.net, shown.tax) != (split.net, split.tax):
        detail = f"Holded shows {shown.net} + {shown.tax} of tax, written was {split.net} + {split.tax}"
        yield "amount_differs", "tax_differs", detail
    elif shown.split is not None and shown.split.by_rate != split.by_rate:
        detail = f"Holded shows {_rates(shown.split.by_rate)}, written was {_rates(split.by_rate)}"
        yield "amount_differs", "tax_differs", detail
    elif shown.split is not None and shown.split.lines and split.lines and shown.split.lines != split.lines:
        detail = f"Holded shows other lines ({len(shown.split.lines)}) than were written ({len(split.lines)})"
        yield "edited_by_hand", "lines_differ", detail


def _rates(by_rate: Mapping[Decimal, tuple[Decimal, Decimal]]) -> str:
    return ", ".join(f"{base} at {plain(rate)} %" for rate, (base, _) in by_rate.items())


def _day(row: Row, shown: Shown, meant: Meant | None) -> Iterator[tuple[Kind, str, str]]:
    if shown.day is None:
        return
    there = shown.day.isoformat()
    of_source = day_of(row, meant)
    if there[:7] != of_source[:7]:
        whose = "the source's day is" if meant is not None else "written was"
        detail = f"Holded books it on {there} ({period_of(shown.day)}), {whose} {of_source}"
        yield "wrong_period", "wrong_period", detail
    elif there != row.document_date:
        yield "edited_by_hand", "day_differs", f"Holded shows the day {there}, written was {row.document_date}"


def day_of(row: Row, meant: Meant | None) -> str:
    """The day that the document should bear: the source's where it dates documents and is known, else as it was written."""
    return meant.day.isoformat() if meant is not None else row.document_date


def period_of(day: date) -> str:
    """`2026-03, quarter 1`: the month and the quarter of a tax return."""
    return f"{day:%Y-%m}, quarter {(day.month - 1) // _MONTHS_A_QUARTER + 1}"


def unpaid(row: Row, shown: Shown, meant: Meant | None, *, registered: int) -> list[tuple[str, str]]:
    """The relay registered a payment, and Holded shows less than that. Of what a person cancelled none is missed.

    What was registered may be less than the total: a voucher is no money. Where neither the row nor the delivery tells how
    much it was, and of payments that came as facts of their own (`registered`), only their absence is seen.
    """
    if shown.paid is None or shown.status == "cancelled":
        return []
    number = shown.number or shown.id
    if (row.step, row.last_step) == ("pay", "pay"):
        wanted = row.paid if row.paid is not None or meant is None else meant.paid
        if wanted is not None and shown.paid < wanted:
            return [("payment_missing", f"{number} bears payments of {shown.paid}, registered was {wanted}")]
        if wanted is None and not shown.paid:
            return [("payment_missing", f"{number} bears no payment, one was registered")]
    elif registered and not shown.paid:
        return [("payment_missing", f"{number} bears no payment, {registered} registered")]
    return []
