"""The account's quota: a minute window and a month window over every call of every key (Holded facts 8.1)."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal, Protocol

from holded_sandbox.facts import fact

WindowKind = Literal["fixed", "sliding"]
WindowName = Literal["minute", "month"]

PLANS: dict[str, tuple[int, int]] = {
    "plus": (60, 500),
    "basic": (60, 2_000),
    "standard": (120, 7_500),
    "advanced": (120, 30_000),
    "premium": (600, 100_000),
}
"""Plan -> (calls a minute, calls a month)."""

NEXT_PLAN = {"plus": "basic", "basic": "standard", "standard": "advanced", "advanced": "premium"}
SLIDING_MONTH_SECONDS = 30 * 86_400.0


class Window(Protocol):
    limit: int

    def used(self, now: float) -> int: ...
    def add(self, now: float, calls: int) -> None: ...
    def resets_at(self, now: float) -> float: ...


class FixedWindow:
    """Counts between two borders; `phase` shifts the border from the full minute (or the first of the month, UTC)."""

    def __init__(self, name: WindowName, limit: int, phase: float = 0.0) -> None:
        self.limit = limit
        self._name, self._phase = name, phase
        self._start, self._count = float("-inf"), 0

    def _bounds(self, now: float) -> tuple[float, float]:
        shifted = now - self._phase
        if self._name == "minute":
            start = shifted // 60 * 60
            return start + self._phase, start + 60 + self._phase
        moment = datetime.fromtimestamp(shifted, UTC)
        first = moment.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
        following = first.replace(year=first.year + first.month // 12, month=first.month % 12 + 1)
        return first.timestamp() + self._phase, following.timestamp() + self._phase

    def used(self, now: float) -> int:
        start, _ = self._bounds(now)
        return self._count if start <= self._start else 0

    def add(self, now: float, calls: int) -> None:
        start, _ = self._bounds(now)
        if start > self._start:
            self._start, self._count = start, 0
        self._count += calls

    def resets_at(self, now: float) -> float:
        return self._bounds(now)[1]


class SlidingWindow:
    """Counts what happened in the last `seconds`, at every moment."""

    def __init__(self, limit: int, seconds: float) -> None:
        self.limit = limit
        self._seconds = seconds
        self._calls: deque[tuple[float, int]] = deque()
        self._sum = 0

    def used(self, now: float) -> int:
        while self._calls and self._calls[0][0] <= now - self._seconds:
            self._sum -= self._calls.popleft()[1]
        return self._sum

    def add(self, now: float, calls: int) -> None:
        self.used(now)
        self._calls.append((now, calls))
        self._sum += calls

    def resets_at(self, now: float) -> float:
        """When the oldest call leaves; now, when there is none."""
        self.used(now)
        return self._calls[0][0] + self._seconds if self._calls else now


def make_window(name: WindowName, kind: WindowKind, limit: int, phase: float) -> Window:
    if kind == "fixed":
        return FixedWindow(name, limit, phase)
    return SlidingWindow(limit, 60.0 if name == "minute" else SLIDING_MONTH_SECONDS)


@dataclass(frozen=True, slots=True)
class Refusal:
    window: WindowName
    limit: int
    reset: float


@fact("12.2 Rate limiter with minute and month windows shared by v1+v2")
class Quota:
    """Both windows of one company. A refused call is not counted."""

    def __init__(self, minute: Window, month: Window, *, month_is_hard: bool = True) -> None:
        self.minute, self.month, self._month_is_hard = minute, month, month_is_hard

    def take(self, now: float) -> Refusal | None:
        """Count one call, or say which window refuses it."""
        for name, window in (("month", self.month), ("minute", self.minute)):
            if name == "month" and not self._month_is_hard:
                continue  # Premium: overage is billed, there is no hard stop
            if window.used(now) >= window.limit:
                return Refusal("month" if name == "month" else "minute", window.limit, window.resets_at(now))
        self.spend(now, 1)
        return None

    def spend(self, now: float, calls: int) -> None:
        """Calls of another program with the same account; they count whether or not they fit."""
        self.minute.add(now, calls)
        self.month.add(now, calls)


@fact("12.2 headers as §8.1")
def quota_headers(window: WindowName, limit: int, used: int, reset: float) -> dict[str, str]:
    return {
        "x-ratelimit-limit": str(limit),
        "x-ratelimit-remaining": str(max(0, limit - used)),
        "x-ratelimit-reset": str(int(-(-reset // 1))),
        "x-ratelimit-window": window,
    }
