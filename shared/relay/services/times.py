"""Instants as epoch milliseconds, the form the ledger and the budget count in, and back."""

from __future__ import annotations

from datetime import UTC, datetime


def at_ms(when: datetime) -> int:
    return round(when.timestamp() * 1000)


def from_ms(ms: int) -> datetime:
    return datetime.fromtimestamp(ms / 1000, tz=UTC)
