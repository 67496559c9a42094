"""The one proposed repair of a difference, in words and as a command. Nothing here touches Holded: a person does, or the ledger."""

from __future__ import annotations

import shlex
from collections import defaultdict
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from relay.domain.ledger import SETTLEMENT
from relay.domain.mapping.sale import MADRID
from relay.domain.reconciling import Repair

if TYPE_CHECKING:
    from collections.abc import Mapping

    from relay.domain.ledger import Key, Row
    from relay.domain.reconciling import Difference, Meant, Shown, Window


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
        command=f"relay dead-letters replay {shlex.quote(row.event_id or row.key.object_id)} --account {account}",
        ref=str(row.key),
    )


def bring(command: str) -> Repair:
    return Repair(kind="import", words="Import what the source has and no webhook told of.", command=command)


def imports(account: str, rows: Mapping[Key, Row], meant: Mapping[Key, Meant]) -> Mapping[str, str]:
    """By source, the import of the days (Madrid's) in which what Holded lacks, or has otherwise, was changed."""
    changed: dict[str, list[int]] = defaultdict(list)
    for key, one in meant.items():
        row = rows.get(key)
        if one.listed_ms and not one.ended and (row is None or row.digest != one.digest):
            changed[key.source].append(one.listed_ms)
    return {source: import_of(account, source, min(found), max(found)) for source, found in changed.items()}


def import_of(account: str, source: str, first_ms: int, last_ms: int) -> str:
    first, last = (datetime.fromtimestamp(each / 1000, MADRID).date() for each in (first_ms, last_ms))
    return f"relay import --account {account} --source {source} --from {first} --to {last + timedelta(days=1)}"


def credit_note(row: Row, shown: Shown | None) -> Repair:
    """An approved document is never changed; a draft may be set right."""
    if shown is not None and shown.number:
        words = f"Issue a credit note for {shown.number} by hand and enter the right document, or settle the item."
    else:
        words = f"Set the draft back to {row.total} by hand, or settle the item if the change is meant."
    return Repair(kind="review", words=words, item=_item(row))


def book_or_settle(row: Row) -> Repair:
    words = "If it was deleted by mistake enter it again by hand; if on purpose settle the item."
    return Repair(kind="review", words=words, item=_item(row))


def move_back(row: Row, *, day: str, there: str) -> Repair:
    """To the day that it should bear. What stands where it was written (`there`) was moved by its source, or by the policy."""
    back = "to" if there == row.document_date else "back to"
    words = f"Set the document's day {back} {day} by hand while the period is open, or settle the item."
    return Repair(kind="review", words=words, item=_item(row))


def settle(row: Row) -> Repair:
    words = "Look at the document in Holded: if the edit is meant settle the item, else undo it by hand."
    return Repair(kind="review", words=words, item=_item(row))


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


def _item(row: Row) -> str:
    return f"{row.key}.{SETTLEMENT}"


def proposed(one: Difference, account: str, window: Window) -> tuple[str, str]:
    """The repair's words and its command: one that works now. An item can be settled only where it was put into review."""
    repair = one.repair
    if not repair.item or one.told == "settled":
        return repair.words, repair.command
    if one.told == "in_review":
        return repair.words, f'relay review ignore {repair.item} --account {account} --note "..."'
    command = f"relay reconcile {account} --from {window.start} --to {window.end} --repair"
    return f"{repair.words} Put it into review first.", command
