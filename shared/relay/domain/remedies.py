"""The remedies of a row in review: which it admits, and the row after each.

Where a document may stand in Holded (`decisions.may_stand`) no remedy frees the key: `retry` looks again, `adopt` names
the document, `ignore` keeps every version away. Only `create` leads to another document, and it too looks for our marker
first. All is written as every row is, on condition that nobody moved it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from relay.domain.decisions import BY_HAND, BY_HAND_IN_DOUBT, IN_DOUBT, may_stand
from relay.domain.ledger import ASIDES, UPDATE, reached
from relay.domain.transitions import CREATE_ANYWAY, SEEN_EMPTY_TWICE, confirmed, ended

if TYPE_CHECKING:
    from decimal import Decimal

    from relay.domain.documents import DocType
    from relay.domain.ledger import Key, Row

Remedy = Literal["retry", "adopt", "create", "ignore"]
Cause = Literal["rule", "data", "total_differs", "tax_unknown", "outcome_unknown", "changed_in_holded", "refused"]

RETRIED = "retried"
DELETED = "deleted_in_holded"
DELIVERY = "delivery"
TYPES: dict[str, tuple[DocType, ...]] = {
    "invoice": ("invoice", "salesreceipt"),
    "salesreceipt": ("salesreceipt", "invoice"),
    "creditnote": ("creditnote",),
    "salesorder": ("salesorder",),
}
"""Documents that may be the document of a key, by its purpose."""

_REFUSALS = (
    "period_locked", "update_not_offered", "bad_request", "unprocessable", "refused", "conflict", "gone", "too_large",
    "redirected", "blocked", "not_found",
)  # fmt: skip
_CAUSES: tuple[tuple[str, Cause], ...] = (
    (IN_DOUBT, "outcome_unknown"),
    ("total_differs", "total_differs"),
    ("tax_differs", "changed_in_holded"),
    *(
        (finding, "changed_in_holded")
        for finding in (
            "wrong_period",
            "lines_differ",
            "day_differs",
            "number_differs",
            "cancelled_by_hand",
            "payment_missing",
            "duplicate_number",
            "series_gap",
            "extra",
        )
    ),
    ("source_differs", "rule"),
    ("tax_", "tax_unknown"),
    ("vies_", "tax_unknown"),
    ("refund_tax_", "tax_unknown"),
    ("region_conflict", "tax_unknown"),
    ("doubled", "changed_in_holded"),
    ("another_document", "changed_in_holded"),
    ("missing_in_holded", "changed_in_holded"),
    ("contact_differs", "changed_in_holded"),
    ("currency_differs", "changed_in_holded"),
    (DELETED, "changed_in_holded"),
    ("newer_version", "rule"),
    ("ignored_before", "rule"),
    ("version_conflict", "rule"),
    ("called_off", "rule"),
    ("another_shop", "rule"),
    ("given_back_twice", "rule"),
    ("another_object", "rule"),
    ("parent_", "rule"),
    ("original_is_a_draft", "rule"),
    ("payment_without_document", "rule"),
    ("payment_of_a_draft", "rule"),
    ("correction_", "rule"),
    ("paid_twice", "changed_in_holded"),
    *((reason, "refused") for reason in _REFUSALS),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A document of Holded that is to be a fact's own, as a read by id shows it."""

    id: str
    doc_type: str
    number: str
    contact_id: str
    total: Decimal | None
    currency: str
    date: str


def cause_of(row: Row) -> Cause:
    """Why it stopped, in one word. What is on no list lies in the data."""
    return next((cause for start, cause in _CAUSES if row.reason.startswith(start)), "data")


def aside_of(key: Key) -> str:
    """What of a document the row holds: a newer version (`update`), a `cancellation`, a finding (`settlement`), or itself."""
    suffix = key.purpose.rpartition(".")[2]
    return suffix if "." in key.purpose and suffix in ASIDES else ""


def own_key(key: Key) -> Key:
    """The key of the document itself."""
    aside = aside_of(key)
    return replace(key, purpose=key.purpose.removesuffix(f".{aside}")) if aside else key


def admits(row: Row, *, held: bool, writes: bool) -> tuple[Remedy, ...]:
    """The remedies that are open. `held`: its event (for a delivery: its body) can still be read; `writes`: by today's
    settings the event yields a document.
    """
    if row.state != "review":
        return ()
    aside = aside_of(row.key)
    remedies: list[Remedy] = []
    if held and (row.kind == "hint" or aside in {"", UPDATE}):
        remedies.append("retry")
    if row.kind == "event" and aside in {"", UPDATE} and own_key(row.key).purpose in TYPES:
        remedies.append("adopt")
        if held and writes and not aside and _may_create(row):
            remedies.append("create")
    return (*remedies, "ignore")


def _may_create(row: Row) -> bool:
    """A lost reply of a create, or a draft of ours that somebody deleted. Elsewhere `retry` creates what can be created."""
    if row.holded_id:
        return row.reason.removeprefix(f"{IN_DOUBT}_") == DELETED
    return row.reason.startswith(IN_DOUBT) and bool(row.document_date)


def retried(row: Row, *, now_ms: int, event: bytes, many: bool) -> Row:
    """Run it again, with `event`, its packed event. What may stand unnamed is looked for again, never created by the way.

    One goes in its own class, `many` in the background.
    """
    in_doubt = row.reason.startswith(IN_DOUBT)
    return replace(
        _put_back(row, now_ms=now_ms, event=event),
        state="unknown" if in_doubt else "waiting",
        priority="background" if many else row.priority,
        reason=IN_DOUBT if in_doubt else RETRIED,
        seen_empty=0,
    )


def created_anyway(row: Row, *, now_ms: int, event: bytes) -> Row:
    """A doubt that one more look settles: our marker is adopted, else the document is created, whatever looks like it.

    Said twice, the second finds no row in review. A process that dies after the claim leaves the doubt it always leaves.
    """
    return replace(
        _put_back(row, now_ms=now_ms, event=event),
        state="unknown",
        step="create",
        holded_id="",
        number="",
        reason=CREATE_ANYWAY,
        seen_empty=SEEN_EMPTY_TWICE - 1,
    )


def _put_back(row: Row, *, now_ms: int, event: bytes) -> Row:
    return replace(
        row,
        rev=row.rev + 1,
        updated_ms=now_ms,
        due_ms=now_ms,
        detail="",
        attempts=0,
        owner="",
        lease_until_ms=0,
        event=event,
        indexed=True,
    )


def adopted(row: Row, found: Found, *, now_ms: int) -> Row:
    """The document that stands is this fact's. It is a person's: no policy takes it further (`done`), sweeps compare it
    with what it is now.
    """
    done = confirmed(row, now_ms=now_ms, holded_id=found.id, number=found.number, wrote=False)
    ours = found.id == row.holded_id and bool(found.number)  # a draft has no number: nothing but its create was ours
    return replace(
        done,
        step="done",
        last_step=reached(row) if ours else "create",
        number=found.number,
        doc_type=found.doc_type,
        contact_id=found.contact_id,
        total=found.total,
        currency=found.currency,
        lines="",
        document_date=found.date,
    )


def adopted_newer(own: Row, aside: Row, found: Found, *, now_ms: int) -> Row:
    """The document's row after a person wrote the newer version that lies aside of it: it names that document."""
    newer = replace(
        own,
        event_id=aside.event_id,
        event_type=aside.event_type,
        version=max(own.version, aside.version),
        digest=aside.digest,
        split=aside.split,
    )
    return adopted(newer, found, now_ms=now_ms)


def closed(row: Row, *, now_ms: int, reason: str) -> Row:
    """Its event found its end elsewhere."""
    return ended(row, now_ms=now_ms, state="superseded", reason=reason)


def ignored(row: Row, *, now_ms: int, note: str) -> Row:
    """For ever, with a note: the same version never comes back, a newer one only where no document may stand."""
    doubtful = not row.holded_id and may_stand(row)
    done = ended(row, now_ms=now_ms, state="ignored", reason=BY_HAND_IN_DOUBT if doubtful else BY_HAND)
    was = f"{row.reason}; {row.detail}" if row.detail else row.reason
    return replace(done, detail=f"{note} (was {was})"[:1000])
