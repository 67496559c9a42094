"""The one proposed repair of a difference, in words and as a command. Nothing here touches Holded: a person does, or the ledger."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from relay.domain.ledger import SETTLEMENT
from relay.domain.reconciling import Repair

if TYPE_CHECKING:
    from collections.abc import Mapping

    from relay.domain.ledger import Key, Row
    from relay.domain.reconciling import Meant, Shown


def look(account: str, key: str, stands: str = "") -> Repair:
    """It waits for a person already; where its document stands, that is to be adopted."""
    if stands:
        command = f"relay review adopt {key} {stands} --account {account}"
        return Repair(kind="review", words="Adopt the document that bears its marker.", command=command)
    return Repair(
        kind="review",
        words="It waits for a person's decision: look at it and choose a remedy.",
        command=f"relay review show {key} --account {account}",
    )


def retry_dead(account: str, row: Row) -> Repair:
    return Repair(
        kind="replay",
        words="It was given up after repeated failures: bring it again.",
        command=f"relay dead-letters replay {row.key} --account {account}",
        ref=str(row.key),
    )


def bring(command: str) -> Repair:
    return Repair(kind="import", words="Import what the source has and no webhook told of.", command=command)


def imports(account: str, rows: Mapping[Key, Row], meant: Mapping[Key, Meant]) -> Mapping[str, str]:
    """By source, the import of the days (UTC, as providers have them) in which what Holded lacks, or has otherwise, was changed."""
    changed: dict[str, list[int]] = defaultdict(list)
    for key, one in meant.items():
        row = rows.get(key)
        if one.listed_ms and not one.ended and (row is None or row.digest != one.digest):
            changed[key.source].append(one.listed_ms)
    return {source: import_of(account, source, min(found), max(found)) for source, found in changed.items()}


def import_of(account: str, source: str, first_ms: int, last_ms: int) -> str:
    first, last = (datetime.fromtimestamp(each / 1000, UTC).date() for each in (first_ms, last_ms))
    return f"relay import --account {account} --source {source} --from {first} --to {last + timedelta(days=1)}"


def credit_note(account: str, row: Row, shown: Shown | None) -> Repair:
    """An approved document is never changed; a draft may be set right."""
    if shown is not None and shown.number:
        words = f"Issue a credit note for {shown.number} by hand and enter the right document, or settle the item."
    else:
        words = f"Set the draft back to {row.total} by hand, or settle the item if the change is meant."
    return Repair(kind="review", words=words, command=_settled(account, str(row.key)))


def book_or_settle(account: str, row: Row) -> Repair:
    words = "If it was deleted by mistake enter it again by hand; if on purpose settle the item."
    return Repair(kind="review", words=words, command=_settled(account, str(row.key)))


def move_back(account: str, row: Row) -> Repair:
    words = f"Set the document's day back to {row.document_date} by hand while the period is open, or settle the item."
    return Repair(kind="review", words=words, command=_settled(account, str(row.key)))


def settle(account: str, key: str) -> Repair:
    words = "Look at the document in Holded: if the edit is meant settle the item, else undo it by hand."
    return Repair(kind="review", words=words, command=_settled(account, key))


def delete_one(which: str) -> Repair:
    return Repair(kind="review", words=f"Delete or cancel {which} by hand in Holded, if nobody meant it.")


def pay_by_hand(row: Row) -> Repair:
    return Repair(kind="review", words=f"Register the missing payment on {row.number or row.holded_id} by hand.")


def pay_back() -> Repair:
    return Repair(kind="review", words="Delete the payment that is too much by hand.")


def renumber(number: str) -> Repair:
    return Repair(kind="review", words=f"Give one of the documents with the number {number} its own number by hand.")


def explain() -> Repair:
    words = "Find what became of the missing numbers, and keep the explanation with the series: a series has no gaps by law."
    return Repair(kind="review", words=words)


def _settled(account: str, key: str) -> str:
    return f'relay review ignore {key}.{SETTLEMENT} --account {account} --note "..."'
