"""What the ledger says of a document, and what Holded's lists show of it: the differences, by reference."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from relay.domain.ledger import is_marker
from relay.domain.remedies import TYPES, own_key

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from decimal import Decimal

    from relay.domain.ledger import Row

Difference = Literal[
    "doubled",
    "another_document",
    "missing_in_holded",
    "total_differs",
    "contact_differs",
    "currency_differs",
    "paid_twice",
]
TWICE = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A document as a list of Holded's shows it. None is what the list does not tell."""

    id: str
    total: Decimal | None
    contact_id: str | None
    currency: str | None
    number: str | None = None
    paid: Decimal | None = None
    tags: tuple[str, ...] = ()


class Marks:
    """Which documents bear which marker of ours.

    Holded copies the tags of a document that it makes of another (an invoice of a sales order, a credit note of an invoice):
    only documents of a type that the fact itself may have are twins, and nobody may be asked to delete the others.
    """

    def __init__(self) -> None:
        self._types: dict[str, dict[str, str]] = defaultdict(dict)  # by marker: Holded id -> document type

    def add(self, doc_type: str, holded_id: str, tags: Iterable[str]) -> None:
        for tag in filter(is_marker, tags):
            self._types[tag][holded_id] = doc_type

    def of(self, row: Row) -> set[str]:
        """Ids of the documents that bear the row's marker and may be the fact's own."""
        return {holded_id for holded_id, doc_type in self._types.get(row.marker, {}).items() if may_be(row, doc_type)}

    def several(self) -> Mapping[str, set[str]]:
        """By marker, the ids of all that bear it, where more than one does."""
        return {tag: set(found) for tag, found in self._types.items() if len(found) >= TWICE}


def may_be(row: Row, doc_type: str) -> bool:
    """Whether a document of this type may be the document of the row's fact."""
    return doc_type == row.doc_type or doc_type in TYPES.get(own_key(row.key).purpose, ())


def differences(row: Row, seen: Seen | None, marked: Collection[str]) -> list[tuple[Difference, str]]:
    """(reason, a sentence) of each difference. `marked` are the ids of all that carry the row's marker (`Marks.of`)."""
    found: list[tuple[Difference, str]] = []
    if len(set(marked)) >= TWICE:
        found.append(("doubled", doubled(row, marked)))
    if seen is None:
        return [*found, ("missing_in_holded", f"{row.doc_type} {row.holded_id} is not in Holded's list of its day")]
    if len(set(marked)) == 1 and row.holded_id not in marked:
        detail = f"the ledger names {row.holded_id}, Holded shows the marker {row.marker} on {next(iter(marked))}"
        found.append(("another_document", detail))
    if seen.total is not None and seen.total != row.total:
        found.append(("total_differs", f"Holded shows {seen.total}, written was {row.total}"))
    if seen.contact_id and row.contact_id and seen.contact_id != row.contact_id:
        found.append(("contact_differs", f"Holded shows contact {seen.contact_id}, written was {row.contact_id}"))
    if seen.currency and row.currency and seen.currency != row.currency:
        found.append(("currency_differs", f"Holded shows {seen.currency}, written was {row.currency}"))
    if overpaid(seen):
        found.append(("paid_twice", paid_twice(seen)))
    return found


def overpaid(seen: Seen) -> bool:
    return seen.paid is not None and seen.total is not None and seen.paid > seen.total > 0


def paid_twice(seen: Seen) -> str:
    return f"{seen.number or seen.id} over {seen.total} bears payments of {seen.paid}; delete what is too much"


def doubled(row: Row, ids: Collection[str]) -> str:
    listed = ", ".join(sorted(set(ids)))
    return f"documents {listed} carry the one marker {row.marker}; delete all but {row.holded_id}"


def field_by_field(meant: Mapping[str, object], found: Mapping[str, object]) -> list[tuple[str, str, str]]:
    """(field, meant, found) where both are known and differ."""
    return [
        (name, str(value), str(found[name]))
        for name, value in meant.items()
        if value not in {None, ""} and found.get(name) not in {None, ""} and value != found[name]
    ]
