"""Rows that stand in an account's waiting room for as long as it lives: the settlement sweep, the nightly reconciliation, the poll."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from relay.domain.ledger import STANDING, Row

if TYPE_CHECKING:
    from relay.domain.ledger import Key, Kind


def stands(key: Key, kind: Kind, *, now_ms: int, due_ms: int, version: int = 0) -> Row:
    """A row that stands in the waiting room for as long as its account lives (`ledger.STANDING`)."""
    return Row(
        key=key,
        state="waiting",
        kind=kind,
        priority="background",
        created_ms=now_ms,
        updated_ms=now_ms,
        version=version,
        due_ms=due_ms,
        reason=STANDING[kind],
        indexed=True,
    )


def stood_up(row: Row, *, now_ms: int, due_ms: int | None = None, version: int | None = None) -> Row:
    """It stands for its next turn, at once without `due_ms`: after a turn, or after one that used up its attempts or was ended
    by hand. What had failed is forgotten, for attempts count failures in a row.
    """
    return replace(
        row,
        state="waiting",
        rev=row.rev + 1,
        updated_ms=now_ms,
        due_ms=now_ms if due_ms is None else due_ms,
        version=row.version if version is None else version,
        reason=STANDING[row.kind],
        attempts=0,
        indexed=True,
    )
