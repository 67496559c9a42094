"""Document by document: each row of the ledger beside its document in Holded.

What the settlement sweep tells too is told in its own words (`relay.domain.comparison`), so that it is one review item.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from relay.domain.comparison import Marks, Seen, differences
from relay.domain.money import shown as money
from relay.domain.reconciling import Difference, Repair, agreed
from relay.domain.reconciling_edits import day_of, edits, unpaid
from relay.domain.reconciling_repairs import (
    book_or_settle,
    bring,
    credit_note,
    delete_one,
    look,
    move_back,
    pay_back,
    pay_by_hand,
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
    marked = Marks()
    for document in books.shown.values():
        marked.add(document.doc_type, document.id, document.tags)
    for row in books.rows.values():
        if row.state != "confirmed" or not row.holded_id or row.doc_type in books.unread:
            continue
        shown = books.shown.get(row.holded_id)
        if shown is not None or row.holded_id in books.gone:
            yield from _of_row(books, row, shown, marked.of(row))


def _of_row(books: Books, row: Row, shown: Shown | None, marked: set[str]) -> Iterator[Difference]:
    meant = books.meant.get(row.key)
    same = meant if meant is not None and agreed(meant, row) else None
    found: dict[Kind, list[tuple[str, str]]] = defaultdict(list)
    for difference, detail in differences(row, _seen(shown), marked):
        found[_CLASS[difference]].append((difference, detail))
    if shown is not None:
        for kind, reason, detail in edits(row, shown, same, dated_by_source=books.dated_by_source):
            found[kind].append((reason, detail))
        if row.marker and row.step != "done" and not marked:
            found["edited_by_hand"].append(("marker_removed", f"{shown.number or shown.id} lost its tag {row.marker}"))
        if "amount_differs" not in found:
            found["payment_missing"] += unpaid(row, shown, same, registered=books.payments.get(row.holded_id, 0))
    newer = _newer(books, row, meant)
    if newer:
        found["amount_differs"].append(newer)
    if found["amount_differs"]:
        # Who changed the amount has edited it, and what was paid fits no more: that is one difference.
        found.pop("edited_by_hand", None)
        if shown is not None and shown.paid is not None and row.total is not None and shown.paid <= row.total:
            found.pop("paid_twice", None)
    for kind, findings in found.items():
        if findings:
            repair = _repair(books, row, shown, kind, newer=meant if newer else None, same=same)
            yield _difference(books, row, shown, meant, kind=kind, findings=tuple(findings), repair=repair)


def _newer(books: Books, row: Row, meant: Meant | None) -> tuple[str, str] | None:
    """The source says another amount than was written, by a newer version or by today's settings."""
    if meant is None or not row.digest or meant.digest == row.digest or meant.ended or meant.version < row.version:
        return None
    aside = books.aside.get(row.key)
    if meant.total is None or meant.total == row.total or (aside is not None and aside.state not in {"review", "dead"}):
        return None
    why = "the source now says" if meant.version > row.version else "by today's settings the source's event comes to"
    return "source_differs", f"{why} {money(meant.total)}, written was {row.total}"


def _repair(
    books: Books, row: Row, shown: Shown | None, kind: Kind, *, newer: Meant | None, same: Meant | None
) -> Repair:
    match kind:
        case "amount_differs" if newer is not None:
            aside = books.aside.get(row.key)
            if aside is not None and aside.state == "dead":
                return retry_dead(books.account, aside)
            if aside is not None:
                return look(books.account, str(aside.key))
            if newer.listed_ms:
                return bring(books.imports.get(row.key.source, ""))
            if newer.version > row.version:
                return Repair(
                    kind="replay",
                    words="Bring the newer version of the source once more.",
                    command=f"relay replay {newer.event_id} --account {books.account}",
                    ref=newer.event_id,
                )
            return credit_note(row, shown)
        case "amount_differs":
            return credit_note(row, shown)
        case "deleted_by_hand":
            return book_or_settle(row)
        case "extra_in_holded":
            return delete_one(f"all that bear the marker {row.marker} but {row.holded_id}")
        case "wrong_period":
            return move_back(
                row, day=day_of(row, same if books.dated_by_source else None), there=str(shown.day if shown else "")
            )
        case "payment_missing":
            return pay_by_hand(row)
        case "paid_twice":
            return pay_back()
        case _:
            return settle(row)


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
    source: str = "" if meant is None else amount(meant.total)
    ledger, holded = amount(row.total), amount(shown.total) if shown else "not there"
    if kind == "wrong_period":
        source, ledger, holded = str(meant.day) if meant else "", row.document_date, str(shown.day if shown else "")
    if kind in {"payment_missing", "paid_twice"} and shown is not None:
        holded = f"paid {amount(shown.paid)} of {amount(shown.total)}"
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
        told=told_of(books.findings.get(row.key), findings) or _asked_beside(books.aside.get(row.key), findings),
    )


def _asked_beside(aside: Row | None, findings: tuple[tuple[str, str], ...]) -> str:
    """Of a newer version alone a person is asked already where it is reviewed beside the document."""
    newer = all(reason == "source_differs" for reason, _ in findings)
    return "in_review" if newer and aside is not None and aside.state == "review" else ""


def told_of(there: Row | None, findings: tuple[tuple[str, str], ...]) -> str:
    """Whether a review item tells all of it already, or a person has judged it."""
    if there is None or not all(detail in there.detail for _, detail in findings):
        return ""
    return {"review": "in_review", "ignored": "settled"}.get(there.state, "")


def amount(value: object) -> str:
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
