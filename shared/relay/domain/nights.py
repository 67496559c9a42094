"""When an account is reconciled by night: after 02:00 in Madrid, spread over four hours by a hash of its name. Pure.

Ten thousand accounts are 42 a minute and no herd; the same account comes at the same time of every night.
"""

from __future__ import annotations

import hashlib
import math
from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING

from relay.domain.ledger import Key, Row
from relay.domain.mapping.sale import MADRID
from relay.domain.standing_rows import stands

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date

    from relay.domain.settings import Reconcile

FROM = time(2)
SPREAD_S = 4 * 3600
LEAST_CALLS = 3
MOST_CALLS = 60
"""One drain's time; what takes more is reconciled over fewer days."""
_NIGHTS_A_MONTH = 30
_SHARE = 20
"""All nights of a month together spend at most one in so many of its calls, by coming less often."""


def reconcile_key(account: str) -> Key:
    return Key(account=account, source="*", object_id="reconciliation", purpose="reconcile")


def offset_s(account: str) -> int:
    """Where in the four hours the account's turn is."""
    return int.from_bytes(hashlib.sha256(f"reconcile/{account}".encode()).digest()[:8], "big") % SPREAD_S


def next_night_ms(account: str, now: datetime, *, nights: int = 1) -> int:
    """The account's turn, `nights` further (1: the next one). By the clock of Madrid, also where it is set."""
    today = now.astimezone(MADRID).date()
    first = _turn(account, today)
    day = today if first > now else today + timedelta(days=1)
    return round(_turn(account, day + timedelta(days=nights - 1)).timestamp() * 1000)


def _turn(account: str, day: date) -> datetime:
    begins = datetime.fromtimestamp(datetime.combine(day, FROM, MADRID).timestamp(), MADRID)
    return begins + timedelta(seconds=offset_s(account))


def most_calls(settings: Reconcile, *, per_month: int) -> int:
    """What one night may spend."""
    return min(MOST_CALLS, settings.calls or max(LEAST_CALLS, per_month // 100))


def nights_between(calls: int, *, per_month: int, days: int) -> int:
    """How many nights until the next run, so that a month's runs spend no more than a twentieth of its calls; never more than
    the days that a run looks back, so that every day is looked at.
    """
    wanted = math.ceil(calls * _NIGHTS_A_MONTH * _SHARE / max(1, per_month))
    return max(1, min(wanted, days))


def next_days(looked: int, *, wanted: int, calls: int, types: int, most: int, cut_short: bool) -> int:
    """How many days the next night looks back. The ledger knows its own documents alone, and Holded lists everybody's: a night
    whose lists were `cut_short` by its calls is followed by one of half the days, one whose lists fitted by as many as are
    likely to fit, at most twice as many. `calls` were spent on `looked` days of `types` lists.
    """
    if cut_short:
        return max(1, looked // 2)
    a_day = max(0, calls - types) / looked
    fit = (days for days in range(min(wanted, 2 * looked), looked, -1) if types + a_day * days <= most)
    return next(fit, min(looked, wanted))


def pages(documents: Iterable[int], *, page: int) -> int:
    """The calls that lists of so many documents each cost, a page at least."""
    return sum(1 + count // page for count in documents)


def usual_night(settings: Reconcile, a_day: Sequence[int], *, per_month: int, page: int) -> tuple[int, int]:
    """(Calls of a night, nights from one to the next) where so many documents of each type are written a day. A night whose
    lists do not fit into its calls looks at fewer days.
    """
    most = most_calls(settings, per_month=per_month)
    fit = (pages((count * days for count in a_day), page=page) for days in range(settings.days, 0, -1))
    calls = next((calls for calls in fit if calls <= most), most)
    return calls, nights_between(calls, per_month=per_month, days=settings.days)


def first_night(account: str, now: datetime) -> Row:
    """The row that stands in the waiting room for as long as the account lives."""
    now_ms = round(now.timestamp() * 1000)
    due_ms = next_night_ms(account, now)
    return stands(reconcile_key(account), "reconcile", now_ms=now_ms, due_ms=due_ms)
