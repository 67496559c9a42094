"""The clock of the machine, or one that runs faster: the local stack lives a day in a minute."""

from __future__ import annotations

import math
import time
from datetime import UTC, datetime

from relay.errors import BadInput


class SystemClock:
    """`scaled = origin + (real - origin) * scale`; with the scale 1 it is the machine's clock."""

    def __init__(self, *, origin_s: float = 0.0, scale: float = 1.0) -> None:
        """`origin_s` is in Unix seconds. Raises `BadInput` for a scale that is not a positive number."""
        if not (math.isfinite(origin_s) and math.isfinite(scale) and scale > 0):
            raise BadInput("clock_malformed", field="RELAY_CLOCK", detail="expected finite numbers and a scale above 0")
        self._origin_s = origin_s
        self._scale = scale

    @classmethod
    def parse(cls, text: str) -> SystemClock:
        """Read RELAY_CLOCK, `<origin unix seconds>:<scale>`; empty is the machine's clock."""
        if not text:
            return cls()
        origin, _, scale = text.partition(":")
        try:
            return cls(origin_s=float(origin), scale=float(scale))
        except ValueError as exc:
            detail = f"a text of {len(text)} characters, expected <origin unix seconds>:<scale>"
            raise BadInput("clock_malformed", field="RELAY_CLOCK", detail=detail) from exc

    def now(self) -> datetime:
        real_s = time.time()
        if self._scale == 1.0:
            return datetime.fromtimestamp(real_s, UTC)
        return datetime.fromtimestamp(self._origin_s + (real_s - self._origin_s) * self._scale, UTC)

    def real_seconds(self, scaled_seconds: float) -> float:
        """How long a wait on this clock takes on the machine's."""
        return scaled_seconds / self._scale

    async def sleep(self, seconds: float) -> None:
        import asyncio  # noqa: PLC0415  # 30 ms at start that the receiving function, which never sleeps, does not pay

        await asyncio.sleep(max(0.0, self.real_seconds(seconds)))
