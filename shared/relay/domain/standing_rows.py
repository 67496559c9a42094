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


def stood_up(row: Row, *, now_ms: int) -> Row:
    """A sweep or poll that used up its attempts, or was ended by hand, stands again and takes up what it had not done."""
    return replace(
        row,
        state="waiting",
        rev=row.rev + 1,
        updated_ms=now_ms,
        due_ms=now_ms,
        reason=STANDING[row.kind],
        attempts=0,
        indexed=True,
    )
