"""How the parts of the mapping say that a person must judge: one exception, turned into a review by `plan`."""

from __future__ import annotations


class Undecided(Exception):
    """An answer, not an error: it never leaves the mapping.

    `reason` is a constant word; `detail` names the difference and the remedy, without personal data.
    """

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.detail = detail
