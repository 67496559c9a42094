"""The result of a reconciliation: the books compared, in sums and in differences."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from relay.domain.reconciling import KINDS
from relay.domain.reconciling_documents import written
from relay.domain.reconciling_series import duplicated, numbers
from relay.domain.reconciling_strays import extra, unwritten
from relay.domain.reconciling_totals import totals

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from relay.domain.reconciling import Books, Difference, Window
    from relay.domain.reconciling_totals import Line


UNREADABLE = "unreadable"
"""What single documents that cannot be read are told under in `incomplete`: everything else was compared."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciled:
    """`incomplete` says, by document type or `source`, what could not be read whole; nothing was concluded of it.

    `documents` counts what was compared, `under_way` what is being written just now.
    """

    account: str
    window: Window
    lines: Sequence[Line]
    differences: Sequence[Difference]
    incomplete: Mapping[str, str]
    documents: int
    under_way: int
    calls: int = 0

    @property
    def open(self) -> Sequence[Difference]:
        """Differences that no person has judged."""
        return [each for each in self.differences if each.told != "settled"]

    @property
    def drift(self) -> float:
        """Open differences a document."""
        return len(self.open) / max(1, self.documents)

    @property
    def unread(self) -> Mapping[str, str]:
        """What another look may read: without single documents, which look the same the next time."""
        return {what: why for what, why in self.incomplete.items() if what != UNREADABLE}


def reconciled(books: Books, *, calls: int = 0) -> Reconciled:
    """Compare. The order of the differences is that of their urgency, then of their day."""
    found = [*written(books), *unwritten(books), *extra(books), *numbers(books)]
    found = _once(found, duplicated(books.shown.values()))
    found.sort(key=lambda one: (KINDS.index(one.kind), one.day, one.number, one.name))
    rows = [
        row for row in books.rows.values() if row.doc_type not in books.unread and row.holded_id not in books.unreadable
    ]
    return Reconciled(
        account=books.account,
        window=books.window,
        lines=totals(books),
        differences=found,
        incomplete=books.unread,
        documents=sum(row.state == "confirmed" for row in rows),
        under_way=sum(row.state in {"waiting", "sent", "unknown"} for row in rows),
        calls=calls,
    )


def _once(found: Iterable[Difference], twice: frozenset[tuple[str, str]]) -> list[Difference]:
    """Who gave a document the number of another made one difference: the duplicate tells of it, not the edit too."""
    return [
        one
        for one in found
        if not (
            one.kind == "edited_by_hand"
            and (one.doc_type, one.number) in twice
            and {reason for reason, _ in one.findings} == {"number_differs"}
        )
    ]
