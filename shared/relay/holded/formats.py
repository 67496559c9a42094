"""Holded's numbers and dates: what comes over the wire in several dialects becomes `Decimal`, `date` and `datetime`.

Numbers (Holded holds several styles, by account and by resource): `"1.234,56"`, `"3750,00"`, `"121.00"`, `1128.6399999999999`,
`""`, `null`. The rule that covers all: if the last of `,` and `.` is a comma, dots group and the comma is the decimal sign;
otherwise commas group (Holded facts 3.6).

Dates: ISO day or instant, `DD/MM/YYYY`, unix seconds. A Holded day is a day in Europe/Madrid: v1 writes it as that
midnight in unix seconds, which read in UTC is the day before (Holded facts 0.11). An instant without offset is Madrid time.

Everything here raises `BadInput` naming the field and the value's shape, never the value.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from relay.errors import BadInput

MADRID = ZoneInfo("Europe/Madrid")

_PLAIN = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?")
_SPANISH_DAY = re.compile(r"([0-9]{1,2})/([0-9]{1,2})/([0-9]{4})")
_ISO_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_UNIX = re.compile(r"[0-9]{9,11}")
_LONGEST_NUMBER = 40  # characters
_BIGGEST_EXPONENT = 20  # no amount, quantity or balance has more digits before the point


def shape(value: Any) -> str:
    """What kind of value this is, without telling the value: `text of 12 characters`, `null`, `list of 3`."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "a boolean"
    if isinstance(value, str):
        return f"text of {len(value)} characters"
    if isinstance(value, int | float | Decimal):
        return "a number"
    if isinstance(value, list | tuple):
        return f"a list of {len(value)}"
    if isinstance(value, dict):
        return f"an object of {len(value)} fields"
    return type(value).__name__


def unreadable(field: str, value: Any, expected: str) -> BadInput:
    """The error for a value that is not what `field` should hold."""
    return BadInput("unreadable", field=field, detail=f"is {shape(value)}, expected {expected}")


def decimal_of(value: Any, field: str) -> Decimal | None:
    """A number in any of Holded's styles, exactly as written; `None` for null, missing and `""`."""
    if value is None:
        return None
    if isinstance(value, bool):
        raise unreadable(field, value, "a number")
    if isinstance(value, int):
        return Decimal(value)
    if isinstance(value, float):
        value = Decimal(repr(value))
    if isinstance(value, Decimal):
        if not value.is_finite() or value.adjusted() > _BIGGEST_EXPONENT:
            raise unreadable(field, value, "a finite number")
        return value
    if not isinstance(value, str):
        raise unreadable(field, value, "a number")
    text = value.strip()
    if not text:
        return None
    plain = _dotted(text)
    if len(text) > _LONGEST_NUMBER or not _PLAIN.fullmatch(plain) or Decimal(plain).adjusted() > _BIGGEST_EXPONENT:
        raise unreadable(field, value, "a number such as 1.234,56 or 1234.56")
    return Decimal(plain)


def _dotted(text: str) -> str:
    if text.rfind(",") > text.rfind("."):
        return text.replace(".", "").replace(",", ".")
    return text.replace(",", "")


def day_of(value: Any, field: str) -> date | None:
    """A Holded day; `None` for null, missing, `""` and `0` (how v1 writes no date)."""
    if value is None or value == "" or (isinstance(value, int | Decimal) and value == 0):
        return None
    if isinstance(value, str):
        text = value.strip()
        spanish = _SPANISH_DAY.fullmatch(text)
        try:
            if spanish:
                return date(int(spanish[3]), int(spanish[2]), int(spanish[1]))
            if _ISO_DAY.fullmatch(text):
                return date.fromisoformat(text)
        except ValueError:
            raise unreadable(field, value, "a day that exists") from None
    instant = instant_of(value, field)
    return None if instant is None else madrid_day(instant)


def instant_of(value: Any, field: str) -> datetime | None:
    """An instant, aware and in UTC, from ISO text (no offset: Madrid) or unix seconds; `None` as for `day_of`."""
    if value is None or value == "":
        return None
    expected = "an ISO date, DD/MM/YYYY or unix seconds"
    try:
        if isinstance(value, str):
            text = value.strip()
            if _UNIX.fullmatch(text):
                return datetime.fromtimestamp(int(text), UTC)
            parsed = datetime.fromisoformat(text)
            aware = parsed if parsed.tzinfo else parsed.replace(tzinfo=MADRID)
            return aware.astimezone(UTC)
        if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
            return datetime.fromtimestamp(int(value), UTC)
    except (ValueError, OverflowError, OSError):
        raise unreadable(field, value, expected) from None
    raise unreadable(field, value, expected)


def madrid_day(instant: datetime) -> date:
    """The Holded day an aware instant falls on."""
    return instant.astimezone(MADRID).date()
