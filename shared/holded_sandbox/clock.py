"""The server's clock: real seconds, or seconds that run `scale` times as fast from `origin` on."""

from __future__ import annotations

import time
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ScaledClock:
    """`now = origin + (real - origin) * scale`, in unix seconds."""

    origin: float = 0.0
    scale: float = 1.0

    def now(self) -> float:
        return self.origin + (time.time() - self.origin) * self.scale

    def real_seconds(self, seconds: float) -> float:
        """How long a wait of `seconds` on this clock lasts for the machine."""
        return seconds / self.scale

    @classmethod
    def parse(cls, text: str) -> ScaledClock:
        """Read `"<origin unix seconds>:<scale>"`; raises ValueError naming what is wrong."""
        origin, separator, scale = text.partition(":")
        if not separator:
            raise ValueError("a clock is ORIGIN:SCALE, two numbers")
        clock = cls(float(origin), float(scale))
        if clock.scale <= 0:
            raise ValueError("the clock's scale must be above zero")
        return clock
