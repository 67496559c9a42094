"""Holded's days: midnight in Madrid, as unix seconds in v1 and as ISO text in v2."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

from holded_sandbox.facts import fact
from holded_sandbox.wire import bad_request

MADRID = ZoneInfo("Europe/Madrid")
_ISO = re.compile(r"\d{4}-\d{2}-\d{2}([T ].*)?")


def today(now: float) -> str:
    return datetime.fromtimestamp(now, MADRID).date().isoformat()


def local_datetime(now: float) -> str:
    """Without offset, as `approved_at` comes back (Holded facts 3.6)."""
    return datetime.fromtimestamp(now, MADRID).replace(microsecond=0, tzinfo=None).isoformat()


@fact("12.4 Madrid-midnight unix dates")
def to_unix(day: str) -> int:
    """00:00 Europe/Madrid of an ISO day, as v1 shows every date (Holded facts 3.3)."""
    return int(datetime.combine(date.fromisoformat(day), time(), MADRID).timestamp())


def from_unix(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, MADRID).date().isoformat()


@fact("12.1 ledger dates DD/MM/YYYY")
def ledger_date(day: str) -> str:
    year, month, dom = day.split("-")
    return f"{dom}/{month}/{year}"


def read_day(value: object) -> str:
    """The Madrid day of a v2 date; anything but `YYYY-MM-DD` or an ISO datetime is a 400 (Holded facts 1.2)."""
    text = str(value)
    try:
        if not _ISO.fullmatch(text):
            raise ValueError(text)  # noqa: TRY301 - one refusal for both ways to be wrong
        moment = datetime.fromisoformat(text)
    except ValueError:
        bad_request(
            f'Invalid date format: "{text[:40]}". Expected format: YYYY-MM-DD (e.g. 2026-01-31) or ISO 8601 datetime'
        )
    if moment.tzinfo is not None:
        moment = moment.astimezone(MADRID)
    return moment.date().isoformat()


def read_moment(value: object) -> str:
    """An ISO instant as it is kept, in UTC; one without offset is Madrid time. Anything else is a 400."""
    try:
        moment = datetime.fromisoformat(str(value))
        return iso_utc((moment if moment.tzinfo else moment.replace(tzinfo=MADRID)).timestamp())
    except (ValueError, OverflowError):
        bad_request(f'Invalid date format: "{str(value)[:40]}". Expected format: ISO 8601 datetime')


def iso_utc(now: float) -> str:
    return datetime.fromtimestamp(now, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
