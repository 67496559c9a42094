"""Is a source silent, or is it only a quiet hour? What it usually sends, by hour of the week, and how improbable its silence is.

A rate is learned for each of the 168 hours of the week (Madrid's clock, so that a summer's shop opens at the same hour) as an
exponentially weighted mean of the deliveries counted in it. Deliveries come in clusters (one order is created, paid and
updated within seconds), so the spread of the counts is learned too, as variance over mean, and what was expected is divided
by it: `expected` counts independent clusters. With that the probability of hearing nothing is `exp(-expected)` (Poisson).

No verdict where a whole week holds too few clusters to tell (`floor`), nor before two weeks are known. One silence is one
alarm: it ends when deliveries come again, not at the first stray one.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, Literal
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

HOUR_MS: Final = 3_600_000
HOURS: Final = 168
LAG_MS: Final = 24 * HOUR_MS
"""A day is learned a day late: the hours in which a silence began are not taken for habit before it is found."""
KNOWN_HOURS: Final = 2 * HOURS
IMPROBABLE: Final = 1e-7
"""Below this a silence is no chance. Each gap between two orders is a chance to be wrong: a shop of 50 a day has 2,800 of them in
eight weeks, one of 1,000 a day 56,000."""
BACK: Final = 3
"""So many deliveries after a silence end it."""
_EVER_MS: Final = 2**42
_SLOWEST: Final = 0.2
_SPREAD_SHARE: Final = 1 / HOURS
_FIRST_SPREAD: Final = 2.0
_MADRID: Final = ZoneInfo("Europe/Madrid")

State = Literal["learning", "too_little", "heard", "silent"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Habits:
    """What is known of one source. `rates` are deliveries an hour; `hours` how many hours were learned, up to `until_ms` (a full
    hour). `silent_ms` is the last delivery before the present silence, 0 where there is none.
    """

    rates: tuple[float, ...] = (0.0,) * HOURS
    spread: float = _FIRST_SPREAD
    hours: int = 0
    until_ms: int = 0
    silent_ms: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """`expected` clusters since the last delivery, `probability` of hearing none of them."""

    state: State
    expected: float = 0.0
    probability: float = 1.0


def learned(habits: Habits, counts: Mapping[int, int], *, now_ms: int) -> Habits:
    """Take in the hours that have passed, a day late. Nothing is learned of a silence: it would teach that silence is usual.

    `counts` are deliveries by the start of their hour (epoch ms); an hour that is not named had none.
    """
    begins = habits.until_ms or min((at for at, count in counts.items() if count), default=0)
    this_hour = now_ms - now_ms % HOUR_MS
    if habits.silent_ms:
        return replace(habits, until_ms=max(habits.until_ms, this_hour))
    ends = this_hour - LAG_MS
    if not begins or begins >= ends:
        return replace(habits, until_ms=begins)
    rates, spread, hours = list(habits.rates), habits.spread, habits.hours
    for at in range(max(begins, ends - 8 * HOURS * HOUR_MS), ends, HOUR_MS):
        bucket, count = _bucket(at), counts.get(at, 0)
        mean = rates[bucket]
        rates[bucket] = mean + (count - mean) * max(1 / (hours // HOURS + 1), _SLOWEST)
        if hours >= HOURS and max(mean, count) > 0:
            # Where little is expected one delivery would be an enormous spread: it is measured against one at least.
            spread += (min((count - mean) ** 2 / max(mean, 1.0), 100.0) - spread) * _SPREAD_SHARE
        hours += 1
    return replace(habits, rates=tuple(rates), spread=max(1.0, spread), hours=hours, until_ms=ends)


def judge(habits: Habits, *, last_ms: int, now_ms: int) -> Verdict:
    """Judge the time since the last delivery. Pure: the same habits and times give the same verdict."""
    if habits.silent_ms:
        return Verdict(state="silent", expected=_expected(habits, habits.silent_ms, now_ms), probability=0.0)
    if habits.hours < KNOWN_HOURS:
        return Verdict(state="learning")
    if sum(habits.rates) / habits.spread < -math.log(IMPROBABLE):
        return Verdict(state="too_little")
    expected = _expected(habits, last_ms, now_ms)
    probability = math.exp(-min(expected, 700.0))
    return Verdict(state="silent" if probability < IMPROBABLE else "heard", expected=expected, probability=probability)


def fallen_silent(habits: Habits, *, last_ms: int) -> Habits:
    return replace(habits, silent_ms=last_ms)


def heard_again(habits: Habits, counts: Mapping[int, int], *, last_ms: int) -> bool:
    """Whether the silence is over: so many deliveries in the hours after it that they are no stray one."""
    after = sum(count for at, count in counts.items() if at + HOUR_MS > habits.silent_ms)
    first_hour = counts.get(habits.silent_ms - habits.silent_ms % HOUR_MS, 0)
    return last_ms > habits.silent_ms and after - first_hour >= BACK


def spoken(habits: Habits) -> Habits:
    return replace(habits, silent_ms=0)


def _expected(habits: Habits, from_ms: int, to_ms: int) -> float:
    """Clusters expected in [from, to), of one week at most: what is older tells nothing new."""
    found = sum(habits.rates[_bucket(at)] * share for at, share in _parts(max(from_ms, to_ms - HOURS * HOUR_MS), to_ms))
    return found / habits.spread


def _parts(from_ms: int, to_ms: int) -> Iterator[tuple[int, float]]:
    """The hours that a time touches, each with the share of it that lies within."""
    at = from_ms - from_ms % HOUR_MS
    while at < to_ms:
        yield at, (min(at + HOUR_MS, to_ms) - max(at, from_ms)) / HOUR_MS
        at += HOUR_MS


def _bucket(at_ms: int) -> int:
    at = datetime.fromtimestamp(at_ms / 1000, UTC).astimezone(_MADRID)
    return at.weekday() * 24 + at.hour


def to_fields(habits: Habits) -> dict[str, Any]:
    """As one small item: rates in thousandths, no float."""
    return {
        "rates": [round(rate * 1000) for rate in habits.rates],
        "spread": round(habits.spread * 1000),
        "hours": habits.hours,
        "until_ms": habits.until_ms,
        "silent_ms": habits.silent_ms,
    }


def from_fields(fields: Mapping[str, Any]) -> Habits:
    """Nothing, or what another release wrote, is no habit: it is learned anew."""
    rates = fields.get("rates")
    counts = [fields.get(name) for name in ("spread", "hours", "until_ms", "silent_ms")]
    if not isinstance(rates, list) or len(rates) != HOURS or not all(map(_is_count, (*rates, *counts))):
        return Habits()
    return Habits(
        rates=tuple(rate / 1000 for rate in rates),
        spread=max(1.0, fields["spread"] / 1000),
        hours=fields["hours"],
        until_ms=fields["until_ms"],
        silent_ms=fields["silent_ms"],
    )


def _is_count(value: object) -> bool:
    return type(value) is int and 0 <= value < _EVER_MS
