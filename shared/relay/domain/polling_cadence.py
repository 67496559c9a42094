"""How often each resource is looked at: what the month leaves for polling, shared out and spread over the accounts.

An allowance of calls a month (a share of the plan, with a cap) is divided by weight. What changes often counts for more;
what webhooks tell of already counts for a quarter. Nobody gets more than its own cadence needs: the rest is shared again
among the others. Of a resource's calls three quarters go to its recent passes where it has such, the rest to full ones.

Ten thousand accounts that are due on the hour are a herd. So every due instant lies on a grid of its interval, shifted by
a hash of account and resource: accounts that came to a stop together part again with the next pass.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

DAY_MS = 24 * 3600_000
MONTH_MS = 30 * DAY_MS
FIRST_WITHIN_MS = 6 * 3600_000
"""An account's first looks are spread over this long."""
RECENT_AT_MOST_MS = 31 * DAY_MS
FULL_AT_MOST_MS = 92 * DAY_MS
FULL_AT_LEAST_MS = DAY_MS
_RECENT_SHARE = 0.75
_COVERED_WORTH = 0.25
_MOST_WORTH = 4.0
_JITTER = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """A resource as the division sees it. `recent_calls` 0: it has only full passes. `covered`: webhooks tell of it."""

    name: str
    weight: int
    cadence_ms: int
    full_calls: int
    recent_calls: int = 0
    changes_a_day: float = 0.0
    covered: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Cadence:
    """How far apart passes are. `recent_ms` 0: there are only full ones."""

    full_ms: int
    recent_ms: int = 0


def allowance(per_month: int, *, share_percent: int, most_calls: int) -> int:
    """Calls a month that polling may spend."""
    return min(per_month * share_percent // 100, most_calls)


def cadences(subjects: Sequence[Subject], *, calls: int) -> Mapping[str, Cadence]:
    """The cadence of every resource, so that all of them together cost about `calls` a month."""
    left, open_ones, given = float(calls), list(subjects), dict[str, float]()
    while open_ones:
        worth = sum(_worth(each) for each in open_ones)
        sated = [each for each in open_ones if _need(each) <= left * _worth(each) / worth]
        if not sated:
            given |= {each.name: left * _worth(each) / worth for each in open_ones}
            break
        given |= {each.name: _need(each) for each in sated}
        left -= sum(_need(each) for each in sated)
        open_ones = [each for each in open_ones if each.name not in given]
    return {each.name: _cadence(each, given[each.name]) for each in subjects}


def cost(subject: Subject, cadence: Cadence) -> float:
    """Calls a month of a resource at a cadence."""
    recent = subject.recent_calls * MONTH_MS / cadence.recent_ms if cadence.recent_ms else 0.0
    return recent + subject.full_calls * MONTH_MS / cadence.full_ms


def _worth(subject: Subject) -> float:
    activity = min(_MOST_WORTH, 1 + math.log2(1 + subject.changes_a_day))
    return subject.weight * activity * (_COVERED_WORTH if subject.covered else 1.0)


def _cadence(subject: Subject, calls: float) -> Cadence:
    calls = max(calls, 0.001)
    if not subject.recent_calls:
        return Cadence(full_ms=_between(_least(subject), MONTH_MS * subject.full_calls / calls, FULL_AT_MOST_MS))
    recent = MONTH_MS * subject.recent_calls / (calls * _RECENT_SHARE)
    full = MONTH_MS * subject.full_calls / (calls * (1 - _RECENT_SHARE))
    return Cadence(
        recent_ms=_between(_least(subject), recent, RECENT_AT_MOST_MS),
        full_ms=_between(_full_least(subject), full, FULL_AT_MOST_MS),
    )


def _need(subject: Subject) -> float:
    """What the resource can use at all: its own cadence costs no more."""
    if not subject.recent_calls:
        return subject.full_calls * MONTH_MS / _least(subject)
    recent = subject.recent_calls * MONTH_MS / (_least(subject) * _RECENT_SHARE)
    return max(recent, subject.full_calls * MONTH_MS / (_full_least(subject) * (1 - _RECENT_SHARE)))


def _least(subject: Subject) -> int:
    """What webhooks cover is only looked over for what they lost."""
    return subject.cadence_ms * (4 if subject.covered else 1)


def _full_least(subject: Subject) -> int:
    return max(FULL_AT_LEAST_MS, _least(subject))


def _between(least: int, wanted: float, most: int) -> int:
    return max(least, min(round(wanted), most))


def offset_ms(account: str, resource: str, within_ms: int) -> int:
    """Where in an interval this account's look at this resource falls: the same for ever, another for each."""
    digest = hashlib.sha256(f"{account}\n{resource}".encode("utf-8", "surrogatepass")).digest()
    return int.from_bytes(digest[:8], "big") % max(1, within_ms)


def first_due_ms(account: str, resource: str, *, now_ms: int) -> int:
    return now_ms + offset_ms(account, resource, FIRST_WITHIN_MS)


def next_due_ms(account: str, resource: str, *, now_ms: int, interval_ms: int, jitter: float) -> int:
    """The account's own instant of the interval's grid: between half an interval and one and a half away. `jitter` in [0, 1)."""
    at = now_ms - now_ms % interval_ms + offset_ms(account, resource, interval_ms)
    while at < now_ms + interval_ms // 2:
        at += interval_ms
    return at + round((jitter - 0.5) * _JITTER * interval_ms)
