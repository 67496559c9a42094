"""Holded's day of an instant."""

from __future__ import annotations

from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from datetime import date, datetime

MADRID = ZoneInfo("Europe/Madrid")


def madrid_day(at: datetime) -> date:
    return at.astimezone(MADRID).date()
