"""Three sides of a business fact as values: what the source meant, what the ledger wrote, what Holded shows.

Reconciliation compares the three document by document (`reconciling_documents`), in the order of their numbers
(`reconciling_series`), and in sums by day and series (`reconciling_totals`). All of it is pure: `Books` in, `Difference`s out.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from relay.domain.ledger import SETTLEMENT, Key, is_marker
from relay.domain.reconciling_split import of_row

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import date
    from decimal import Decimal

    from relay.domain.ledger import Row
    from relay.domain.reconciling_split import Split
    from relay.domain.reconciling_texts import Texts

Kind = Literal[
    "missing_in_holded",
    "extra_in_holded",
    "amount_differs",
    "edited_by_hand",
    "deleted_by_hand",
    "wrong_period",
    "duplicate_number",
    "series_gap",
    "payment_missing",
    "paid_twice",
]
KINDS: tuple[Kind, ...] = (
    "missing_in_holded", "deleted_by_hand", "extra_in_holded", "amount_differs", "edited_by_hand", "wrong_period",
    "payment_missing", "paid_twice", "duplicate_number", "series_gap",
)  # fmt: skip
"""In the order of a report: what is most urgent first."""

RepairKind = Literal["replay", "import", "review"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Days of documents, Europe/Madrid, both included."""

    start: date
    end: date

    def holds(self, day: date | None) -> bool:
        return day is not None and self.start <= day <= self.end


@dataclass(frozen=True, slots=True, kw_only=True)
class Meant:
    """What today's mapping makes of a source's event. `paid`: what its payment should bring, None where none is registered.

    `ended`: the inbox says that the event found an end other than a document, or is under way (`waiting`). `listed_ms`: no event
    came at all, the source's own list tells of it, last changed then; else 0. `said`: what the document may have been given as its
    words, by each version read that reads as it was written; empty where the one that made it is not among them.
    """

    key: Key
    event_id: str
    version: int
    doc_type: str
    day: date
    currency: str
    total: Decimal | None
    split: Split | None
    digest: str
    paid: Decimal | None = None
    ended: str = ""
    listed_ms: int = 0
    received_ms: int = 0
    texts: Texts | None = None
    said: tuple[Texts, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A document as Holded shows it. `split` is None where its lines do not add up to its sums."""

    id: str
    doc_type: str
    day: date | None
    number: str
    currency: str
    contact_id: str
    net: Decimal | None
    tax: Decimal | None
    total: Decimal | None
    split: Split | None
    paid: Decimal | None
    status: str
    tags: tuple[str, ...]
    texts: Texts | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Repair:
    """The one proposed repair: in words, and as the relay's command where there is one. `ref` is what a replay brings. `item` is
    the review item that a person settles, which is there only once the difference is told (`reconciling_repairs.proposed`).
    """

    kind: RepairKind
    words: str
    command: str = ""
    ref: str = ""
    item: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One difference of one class. `findings` are its (reason, sentence) as review items hold them; `key` is the row it is
    about, empty for what no row names. `told`: `in_review` while a person has it, `settled` when one has judged it.
    """

    kind: Kind
    doc_type: str
    day: str
    repair: Repair
    findings: tuple[tuple[str, str], ...]
    key: str = ""
    event_id: str = ""
    holded_id: str = ""
    number: str = ""
    source: str = ""
    ledger: str = ""
    holded: str = ""
    told: str = ""

    @property
    def detail(self) -> str:
        return "; ".join(detail for _, detail in self.findings)

    @property
    def name(self) -> str:
        """The same for the same difference, whenever it is found."""
        return f"{self.kind}:{self.key or self.holded_id or f'{self.doc_type}-{self.number}'}"


def agreed(meant: Meant, row: Row) -> bool:
    """Today's reading of the event is what was written."""
    return bool(row.digest) and meant.digest == row.digest and meant.total == row.total


def written_split(row: Row, meant: Meant | None) -> Split | None:
    """How what was written divides into net and tax: line by line where the event is held and reads as it was written, else
    what the row keeps.
    """
    read = meant.split if meant is not None and agreed(meant, row) else None
    return read or of_row(row)


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """A numbering series of the account: `F[YY]%%%%` is `F26` and a counter of four digits in 2026 (Holded facts 2.1)."""

    doc_type: str
    format: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Books:
    """All that was read of a window. What could not be read whole is in `unread` by document type, and nothing is told of it.

    `shown` by Holded id: the lists of the window, and what was read by its id. `gone`: looked for by id, and not there.
    `unreadable`: there, and in a form that cannot be read: nothing is told of these either.
    `payments`: by Holded id, payments that came as facts of their own and were registered; `named`: ids that a row of something
    else names. `beside`: further documents, read only to see whether a number is missing. `rows`: the ledger's rows of documents, by key.
    `aside`: newer versions that lie beside a row; `findings`: what was told before, by the row's key or the item's own.
    `under_way`: markers of what is being written or judged. `made_of`: by marker, also of rows of other days, the types that its
    own fact's document may have; what bears it and is of another was made of that document by a person.
    `own_series`: beginnings of numbers that nobody but the relay gives.
    `imports`: by source, the command that brings what only its own list tells of.
    """

    account: str
    window: Window
    rows: Mapping[Key, Row]
    meant: Mapping[Key, Meant]
    shown: Mapping[str, Shown]
    payments: Mapping[str, int] = field(default_factory=dict)
    named: frozenset[str] = frozenset()
    gone: frozenset[str] = frozenset()
    beside: Sequence[Shown] = ()
    aside: Mapping[Key, Row] = field(default_factory=dict)
    findings: Mapping[Key, Row] = field(default_factory=dict)
    under_way: frozenset[str] = frozenset()
    imports: Mapping[str, str] = field(default_factory=dict)
    unread: Mapping[str, str] = field(default_factory=dict)
    unreadable: frozenset[str] = frozenset()
    made_of: Mapping[str, Collection[str]] = field(default_factory=dict)
    own_series: tuple[str, ...] = ()
    series: Sequence[Series] = ()
    dated_by_source: bool = True

    def marks(self, shown: Shown) -> list[str]:
        """The markers of ours that say of a document that it is ours."""
        found = sorted(filter(is_marker, shown.tags))
        return [tag for tag in found if shown.doc_type in self.made_of.get(tag, (shown.doc_type,))]

    def loose(self, name: str, kind: Kind) -> Key:
        """The review item's key of a difference that is no row's."""
        return loose_key(self.account, name, kind)


def loose_key(account: str, name: str, kind: Kind) -> Key:
    return Key(account=account, source="*", object_id=name, purpose=f"{kind}.{SETTLEMENT}")
