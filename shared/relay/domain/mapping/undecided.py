"""How the parts of the mapping say that a person must judge: one exception, turned into a review by `plan`."""

from __future__ import annotations


class Undecided(Exception):
    """An answer, not an error: it never leaves the mapping.

    `reason` is a constant word; `detail` names the difference and the remedy, without personal data. `differs` is the
    difference itself, where it is one of two values: (field, what the source says, what its lines come to).
    """

    def __init__(self, reason: str, detail: str, *, differs: tuple[str, str, str] | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.detail = detail
        self.differs = differs
