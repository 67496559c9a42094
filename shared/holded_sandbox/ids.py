"""24-hex object ids like Holded's: seconds, a process part, a counter; so they sort by creation."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from holded_sandbox.facts import fact

if TYPE_CHECKING:
    from random import Random

_OBJECT_ID = re.compile(r"[0-9a-f]{24}")


def is_object_id(text: str) -> bool:
    return _OBJECT_ID.fullmatch(text) is not None


@fact("12.1 ObjectId ids")
class IdMint:
    """Makes ids from the caller's clock and an injected source of randomness; never twice the same."""

    def __init__(self, random: Random) -> None:
        self._process = random.getrandbits(40)
        self._counter = random.getrandbits(16)
        self._latest = 0

    def mint(self, now: float) -> str:
        # The clock may be set back by a simulation; ids must go on growing, because cursors compare them.
        self._latest = max(self._latest, int(now))
        self._counter += 1
        return f"{self._latest & 0xFFFFFFFF:08x}{self._process:010x}{self._counter & 0xFFFFFF:06x}"

    def resume(self, latest: str) -> None:
        """Go on after `latest`, an id of an earlier run."""
        self._latest = max(self._latest, int(latest[:8], 16) + 1)
