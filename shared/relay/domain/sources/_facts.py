"""From facts to numbered events: what every `normalise` does after its objects are read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeVar

from relay.domain.models import Event
from relay.domain.sources.base import Normalised, Refused
from relay.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import datetime

    from relay.domain.models import Hint, Model
    from relay.domain.sources.base import Delivery

T = TypeVar("T")

CHANGING: Final = frozenset(
    {
        "order.created",
        "order.updated",
        "contact.created",
        "contact.updated",
        "product.created",
        "product.updated",
    }
)
"""Types that carry a state which a newer version replaces. All others are facts that no later one takes back."""


class Ignored(Exception):
    """There is nothing to do for this element."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.detail = detail


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """An event before it has its number. `at` None: the delivery's own instant."""

    type: str
    subject: str
    data: Model | Hint
    at: datetime | None = None
    version: int = 0


def milliseconds(at: datetime | None) -> int:
    """An instant as an integer that grows; 0 for none."""
    return 0 if at is None else round(at.timestamp() * 1000)


def collect(delivery: Delivery, elements: Iterable[T], build: Callable[[T], Sequence[Fact]]) -> Normalised:
    """Build every element; a bad one never takes the good ones with it.

    Elements that give neither event nor reason (nothing left in them) are counted nowhere.
    """
    events: list[Event] = []
    refused: list[Refused] = []
    number = 0
    for element in elements:
        try:
            facts = build(element)
        except BadInput as error:
            refused.append(Refused(number, review=error.reason, detail=error.detail))
            number += 1
        except Ignored as verdict:
            refused.append(Refused(number, ignored=verdict.reason, detail=verdict.detail))
            number += 1
        else:
            for fact in facts:
                events.append(_event(delivery, fact, number))
                number += 1
    if events:
        return Normalised(events=tuple(events), refused=tuple(refused))
    if not refused:
        return Normalised(ignored="empty_list", detail="the body is a list without elements")
    # One reason stands for all: what needs a human before what does not.
    worst = next((one for one in refused if one.review), refused[0])
    others = f" (and {len(refused) - 1} more elements)" if len(refused) > 1 else ""
    return Normalised(ignored=worst.ignored, review=worst.review, detail=worst.detail + others)


def _event(delivery: Delivery, fact: Fact, number: int) -> Event:
    return Event(
        id=f"{delivery.inbox_id}#{number}",
        account=delivery.account,
        source=delivery.source,
        type=fact.type,
        subject=fact.subject,
        time=fact.at or delivery.received_at,
        version=fact.version,
        monotone=fact.type not in CHANGING,
        data=fact.data,
        raw_ref=delivery.inbox_id,
    )
