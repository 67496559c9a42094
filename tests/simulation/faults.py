"""Which fault strikes which call: a pure function of (seed, name of the call, its number), so that any run can be had again.

What struck is recorded as (call, n-th, kind). A run given such a list (`only`) has exactly those faults: that is what the
shrinker takes away from.
"""

from __future__ import annotations

import zlib
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_MASK = 2**64 - 1

DEATHS = ("kill_before", "kill_after", "freeze", "time_out")
"""The machine: killed before or after a call took effect, stopped for seconds, or stuck until its deadline."""

TABLE_READ = (*DEATHS, "throttle")
TABLE_WRITE = (*TABLE_READ, "lose_write_reply", "sdk_retry")
"""`sdk_retry`: the reply is lost and the SDK sends the write again, so its own first attempt fails the condition."""

SYNC_WRITE = ("kill_before", "kill_after", "throttle", "lose_write_reply", "sdk_retry")
QUEUE_SEND = ("queue_duplicate", "queue_late")
STREAM = ("stream_replay", "stream_skip")
BUS_ENTRY = ("bus_refused", "bus_duplicate", "bus_late")
SCHEDULE = ("invoke_twice", "tick_missed")
HOLDED = (
    "lose_reply",
    "hang",
    "late_commit",
    "error_before",
    "error_after",
    "reset",
    "slow",
    "truncate",
    "status_zero",
    "html",
    "limit_minute",
    "limit_month",
    "hide",
)
OTHERS = ("other_program",)
COURIER = ("webhook_lost",)
"""Holded's own webhook: taken for delivered, and never seen."""
APART = ("queue_reorder", "wake_refused", "skew", "stale_secrets", "ttl_late")
KINDS = (
    *DEATHS,
    *(kind for kind in TABLE_WRITE if kind not in DEATHS),
    "index_lag",
    *QUEUE_SEND,
    *STREAM,
    *BUS_ENTRY,
    *SCHEDULE,
    *HOLDED,
    *OTHERS,
    *APART,
    *COURIER,
)


@dataclass(frozen=True, order=True, slots=True)
class Strike:
    call: str
    nth: int
    kind: str

    def __str__(self) -> str:
        return f"{self.kind} at {self.call} #{self.nth}"


def uniform(seed: int, call: str, nth: int, salt: int = 0) -> float:
    """A number in [0, 1) that depends on nothing else (splitmix64 over the four)."""
    word = (zlib.crc32(call.encode()) ^ (seed * 0x9E3779B97F4A7C15) ^ (nth * 0xD1B54A32D192ED03) ^ (salt << 40)) & _MASK
    word = ((word ^ (word >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    word = ((word ^ (word >> 27)) * 0x94D049BB133111EB) & _MASK
    return ((word ^ (word >> 31)) >> 11) / 2**53


class Faults:
    """`rates`: kind -> probability a call it can strike. `calm`: from now on nothing strikes any more, but an operator's
    own process while `operators` holds.
    """

    def __init__(self, seed: int, rates: Mapping[str, float], only: tuple[Strike, ...] | None = None) -> None:
        self.seed = seed
        self.rates = {kind: rate for kind, rate in rates.items() if rate > 0}
        self.only = None if only is None else {(each.call, each.nth): each.kind for each in only}
        self.calls: Counter[str] = Counter()
        self.struck: list[Strike] = []
        self.calm, self.operators = False, False
        self._chances: dict[tuple[str, ...], tuple[tuple[str, float], ...]] = {}

    def at(self, call: str, kinds: tuple[str, ...]) -> tuple[str, int]:
        """(the kind that strikes this call or "", the call's number)."""
        nth = self.calls[call] = self.calls[call] + 1
        if self.calm and not (self.operators and call.startswith("operator:")):
            return "", nth
        if self.only is not None:
            kind = self.only.get((call, nth), "")
            kind = kind if kind in kinds else ""
        else:
            kind = self._drawn(call, nth, kinds)
        if kind:
            self.struck.append(Strike(call, nth, kind))
        return kind, nth

    def _drawn(self, call: str, nth: int, kinds: tuple[str, ...]) -> str:
        chances = self._chances.get(kinds)
        if chances is None:
            chances = tuple((kind, self.rates[kind]) for kind in kinds if kind in self.rates)
            self._chances[kinds] = chances
        if not chances:
            return ""
        draw = uniform(self.seed, call, nth)
        for kind, rate in chances:
            draw -= rate
            if draw < 0:
                return kind
        return ""

    def between(self, call: str, nth: int, low: float, high: float, *, salt: int = 1) -> float:
        """A number for this very call: how long, how many, where."""
        return low + (high - low) * uniform(self.seed, call, nth, salt)

    @property
    def counts(self) -> Counter[str]:
        return Counter(strike.kind for strike in self.struck)
