"""Document by document: each row of the ledger beside its document in Holded, and each document that no row knows.

What the settlement sweep tells too is told in its own words (`relay.domain.comparison`), so that it is one review item.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from relay.domain.comparison import Seen, differences
from relay.domain.ledger import is_marker
from relay.domain.money import shown as money
from relay.domain.reconciling import Difference, Repair
from relay.domain.reconciling_edits import edits, unpaid
from relay.domain.reconciling_repairs import (
    book_or_settle,
    credit_note,
    delete_one,
    look,
    move_back,
    pay_by_hand,
    pay_back,
    retry_dead,
    settle,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from relay.domain.ledger import Row
    from relay.domain.reconciling import Books, Kind, Meant, Shown

_CLASS: Mapping[str, Kind] = {
    "doubled": "extra_in_holded",
    "another_document": "extra_in_holded",
    "missing_in_holded": "deleted_by_hand",
    "total_differs": "amount_differs",
    "contact_differs": "edited_by_hand",
    "currency_differs": "edited_by_hand",
    "paid_twice": "paid_twice",
}


def written(books: Books) -> Iterator[Difference]:
    """Of every confirmed row whose document was seen, or looked for and not found."""
    marked: dict[str, set[str]] = defaultdict(set)
    for document in books.shown.values():
        for tag in filter(is_marker, document.tags):
            marked[tag].add(document.id)
    for row in books.rows.values():
        if row.state != "confirmed" or not row.holded_id or row.doc_type in books.unread:
            continue
        shown = books.shown.get(row.holded_id)
        if shown is not None or row.holded_id in books.gone:
            yield from _of_row(books, row, shown, marked.get(row.marker, set()))


def _of_row(books: Books, row: Row, shown: Shown | None, marked: set[str]) -> Iterator[Difference]:
    meant = books.meant.get(row.key)
    same = meant if meant is not None and meant.digest == row.digest else None
    found: dict[Kind, list[tuple[str, str]]] = defaultdict(list)
    for reason, detail in differences(row, _seen(shown), marked):
        found[_CLASS[reason]].append((reason, detail))
    if shown is not None:
        told = edits(row, shown, same, dated_by_source=books.dated_by_source)
        for kind, reason, detail in told:
            found[kind].append((reason, detail))
        if "amount_differs" not in found:
            found["payment_missing"] += unpaid(row, shown, same)
    newer = _newer(books, row, meant)
    if newer:
        found["amount_differs"].append(newer)
    if found["amount_differs"]:
        found.pop("edited_by_hand", None)  # who changed the amount has edited it: that is one difference
    for kind, findings in found.items():
        if findings:
            repair = _repair(books, row, shown, kind, meant if newer else None)
            yield _difference(books, row, shown, meant, kind=kind, findings=tuple(findings), repair=repair)


def _newer(books: Books, row: Row, meant: Meant | None) -> tuple[str, str] | None:
    """The source says another amount than was written, by a newer version or by today's settings."""
    if meant is None or not row.digest or meant.digest == row.digest or meant.ended or meant.version < row.version:
        return None
    aside = books.aside.get(row.key)
    if meant.total is None or meant.total == row.total or (aside is not None and aside.state in {"waiting", "ignored"}):
        return None
    why = "the source now says" if meant.version > row.version else "by today's settings the source's event comes to"
    return "source_differs", f"{why} {money(meant.total)}, written was {row.total}"


def _repair(books: Books, row: Row, shown: Shown | None, kind: Kind, newer: Meant | None) -> Repair:
    key = str(row.key)
    match kind:
        case "amount_differs" if newer is not None:
            aside = books.aside.get(row.key)
            if aside is not None:
                return look(books.account, str(aside.key))
            if newer.version > row.version:
                return Repair(
                    kind="replay",
                    words="Bring the newer version of the source once more.",
                    command=f"relay replay {newer.event_id} --account {books.account}",
                    ref=newer.event_id,
                )
            return credit_note(books.account, row, shown)
        case "amount_differs":
            return credit_note(books.account, row, shown)
        case "deleted_by_hand":
            return book_or_settle(books.account, row)
        case "extra_in_holded":
            return delete_one(f"all that bear the marker {row.marker} but {row.holded_id}")
        case "wrong_period":
            return move_back(books.account, row)
        case "payment_missing":
            return pay_by_hand(row)
        case "paid_twice":
            return pay_back()
        case _:
            return settle(books.account, key)


def _difference(
    books: Books,
    row: Row,
    shown: Shown | None,
    meant: Meant | None,
    *,
    kind: Kind,
    findings: tuple[tuple[str, str], ...],
    repair: Repair,
) -> Difference:
    source: str = "" if meant is None else _amount(meant.total)
    ledger, holded = _amount(row.total), _amount(shown.total) if shown else "not there"
    if kind == "wrong_period":
        source, ledger, holded = str(meant.day) if meant else "", row.document_date, str(shown.day if shown else "")
    if kind in {"payment_missing", "paid_twice"} and shown is not None:
        holded = f"paid {_amount(shown.paid)} of {_amount(shown.total)}"
    return Difference(
        kind=kind,
        doc_type=row.doc_type,
        day=row.document_date,
        repair=repair,
        findings=findings,
        key=str(row.key),
        event_id=row.event_id,
        holded_id=row.holded_id,
        number=(shown.number if shown else "") or row.number,
        source=source or "as the ledger",
        ledger=ledger,
        holded=holded,
        told=told_of(books.findings.get(row.key), findings),
    )


def told_of(there: Row | None, findings: tuple[tuple[str, str], ...]) -> str:
    """Whether a review item tells all of it already, or a person has judged it."""
    if there is None or not all(detail in there.detail for _, detail in findings):
        return ""
    return {"review": "in_review", "ignored": "settled"}.get(there.state, "")


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
            repair=look(books.account, str(row.key), stands) if row.state == "review" else retry_dead(books.account, row),
            findings=(("not_written", detail),),
            key=str(row.key),
            event_id=row.event_id,
            source=_amount(meant.total if meant else row.total),
            ledger=row.state,
            holded="not there",
            told="in_review" if row.state == "review" else "",
        )
    for key, meant in books.meant.items():
        if key not in books.rows and not meant.ended and books.window.holds(meant.day):
            yield _never_taken_up(books, meant)


def _never_taken_up(books: Books, meant: Meant) -> Difference:
    return Difference(
        kind="missing_in_holded",
        doc_type=meant.doc_type,
        day=meant.day.isoformat(),
        repair=Repair(
            kind="replay",
            words="Bring its event again.",
            command=f"relay replay {meant.event_id} --account {books.account}",
            ref=meant.event_id,
        ),
        findings=(("not_written", "accepted from the source, and no row of the ledger knows it"),),
        key=str(meant.key),
        event_id=meant.event_id,
        source=_amount(meant.total),
        ledger="no row",
        holded="not there",
    )


def extra(books: Books) -> Iterator[Difference]:
    """Documents that bear a marker of ours, or a number that only the relay gives, and that no row knows."""
    known = {row.holded_id for row in books.rows.values() if row.holded_id}
    markers = {row.marker for row in books.rows.values() if row.marker and row.state == "confirmed"}
    for document in books.shown.values():
        ours = sorted(filter(is_marker, document.tags))
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
            holded=_amount(document.total),
            told=told_of(key, findings),
        )


def _day_of_row(row: Row, meant: Meant | None) -> str:
    """The document's day; of a row that never had a document the source's, else none."""
    return row.document_date or (meant.day.isoformat() if meant else "")


def _amount(value: object) -> str:
    return "" if value is None else f"{value:.2f}"


def _seen(shown: Shown | None) -> Seen | None:
    if shown is None:
        return None
    return Seen(
        id=shown.id,
        total=shown.total,
        contact_id=shown.contact_id,
        currency=shown.currency,
        number=shown.number,
        paid=shown.paid,
        tags=shown.tags,
    )
