"""What stands on one side only: a fact of the source that Holded lacks, a document of Holded that no row knows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from relay.domain.ledger import is_marker
from relay.domain.reconciling import Difference, Repair
from relay.domain.reconciling_documents import amount, told_of
from relay.domain.reconciling_repairs import bring, delete_one, look, retry_dead

if TYPE_CHECKING:
    from collections.abc import Iterator

    from relay.domain.ledger import Row
    from relay.domain.reconciling import Books, Meant


def unwritten(books: Books) -> Iterator[Difference]:
    """What the source meant and Holded lacks: its row stopped, or no row ever took it up."""
    standing = {tag: each.id for each in books.shown.values() for tag in each.tags if is_marker(tag)}
    for row in books.rows.values():
        if row.state not in {"review", "dead"} or row.holded_id or row.doc_type in books.unread:
            continue
        meant, stands = books.meant.get(row.key), standing.get(row.marker, "") if row.marker else ""
        detail = f"not written: {row.state} because of {row.reason}"
        if stands:
            detail = f"{stands} bears its marker, and its row is in {row.state} because of {row.reason}"
        yield Difference(
            kind="missing_in_holded",
            doc_type=row.doc_type,
            day=_day_of_row(row, meant),
            repair=look(books.account, str(row.key), stands)
            if row.state == "review"
            else retry_dead(books.account, row),
            findings=(("not_written", detail),),
            key=str(row.key),
            event_id=row.event_id,
            source=amount(meant.total if meant else row.total),
            ledger=row.state,
            holded="not there",
            told="in_review" if row.state == "review" else "",
        )
    for key, meant in books.meant.items():
        if key not in books.rows and not meant.ended and books.window.holds(meant.day):
            yield _never_taken_up(books, meant)


def _never_taken_up(books: Books, meant: Meant) -> Difference:
    detail = "accepted from the source, and no row of the ledger knows it"
    repair = Repair(
        kind="replay",
        words="Bring its event again.",
        command=f"relay replay {meant.event_id} --account {books.account}",
        ref=meant.event_id,
    )
    if meant.listed_ms:
        detail = f"{meant.key.source} lists it, and no event of it came"
        repair = bring(books.imports.get(meant.key.source, ""))
    return Difference(
        kind="missing_in_holded",
        doc_type=meant.doc_type,
        day=meant.day.isoformat(),
        repair=repair,
        findings=(("not_written", detail),),
        key=str(meant.key),
        event_id="" if meant.listed_ms else meant.event_id,
        source=amount(meant.total),
        ledger="no row",
        holded="not there",
    )


def extra(books: Books) -> Iterator[Difference]:
    """Documents that bear a marker of ours, or a number that only the relay gives, and that no row knows."""
    known = {row.holded_id for row in books.rows.values() if row.holded_id} | books.named
    markers = {row.marker for row in books.rows.values() if row.marker and row.state == "confirmed"}
    for document in books.shown.values():
        ours = books.marks(document)
        if document.id in known or document.doc_type in books.unread or any(tag in books.under_way for tag in ours):
            continue
        if markers & set(ours):
            continue  # a twin: told of with the row whose marker it is
        if ours:
            why = f"bears the marker {', '.join(ours)} and no row names it"
        elif document.number.startswith(books.own_series or ("\0",)):
            why = f"stands in a series that only the relay writes ({document.number}) and no row names it"
        else:
            continue
        key = books.findings.get(books.loose(document.id, "extra_in_holded"))
        findings = (("extra", f"{document.id} {why}"),)
        yield Difference(
            kind="extra_in_holded",
            doc_type=document.doc_type,
            day=str(document.day or ""),
            repair=delete_one(document.number or document.id),
            findings=findings,
            holded_id=document.id,
            number=document.number,
            source="not there",
            ledger="no row",
            holded=amount(document.total),
            told=told_of(key, findings),
        )


def _day_of_row(row: Row, meant: Meant | None) -> str:
    """The document's day; of a row that never had a document the source's, else none."""
    return row.document_date or (meant.day.isoformat() if meant else "")
