"""A stored delivery as its numbered parts: the events, and (last) the reason why the rest of it became none.

Publisher and writer number them the same way, so `<inbox id>#<n>` means one thing everywhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from relay.domain.sources import registry, reread

if TYPE_CHECKING:
    from relay.domain.models import Event
    from relay.domain.sources.base import Delivery


@dataclass(frozen=True, slots=True)
class Unfolded:
    """`of` counts the parts: an inbox item is closed when all of them have their end."""

    events: tuple[Event, ...]
    ignored: str
    review: str
    detail: str

    @property
    def of(self) -> int:
        return len(self.events) + (1 if self.ignored or self.review else 0)

    @property
    def problem_number(self) -> int:
        return len(self.events)


def unfold(delivery: Delivery) -> Unfolded:
    """Normalise a delivery. Pure, and the same every time for the same code: a mended normaliser gives better parts."""
    result = (
        reread.normalise(delivery) if reread.is_reread(delivery) else registry.get(delivery.source).normalise(delivery)
    )
    ignored = result.ignored
    if not result.events and not ignored and not result.review:
        ignored = "nothing_in_it"
    return Unfolded(events=result.events, ignored=ignored, review=result.review, detail=result.detail)


def event_ref(inbox_id: str, number: int) -> str:
    return f"{inbox_id}#{number}"


def split_ref(ref: str) -> tuple[str, int]:
    """`<inbox id>#<n>` -> (inbox id, n). Raises ValueError for anything else."""
    inbox_id, _, number = ref.rpartition("#")
    if not inbox_id or not number.isdecimal():
        raise ValueError("an event is named <inbox id>#<number>")
    return inbox_id, int(number)
