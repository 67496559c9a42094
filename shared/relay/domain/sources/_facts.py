"""From facts to numbered events: what every `normalise` does after its objects are read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple, TypeVar

from relay.domain.bounds import check
from relay.domain.models import Event
from relay.domain.sources.base import Normalised
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
    site: str = ""


def milliseconds(at: datetime | None) -> int:
    """An instant as an integer that grows; 0 for none."""
    return 0 if at is None else round(at.timestamp() * 1000)


def collect(delivery: Delivery, elements: Iterable[T], build: Callable[[T], Sequence[Fact]]) -> Normalised:
    """Build every element; a bad one never takes the good ones with it."""
    facts: list[Fact] = []
    refused: list[_Refused] = []
    for place, element in enumerate(elements):
        try:
            found = build(element)
            for fact in found:
                check(fact.data, "data")
            facts += found
        except BadInput as error:
            refused.append(_Refused(place, error.reason, error.detail, review=True))
        except Ignored as verdict:
            refused.append(_Refused(place, verdict.reason, verdict.detail, review=False))
    events = tuple(_event(delivery, fact, number) for number, fact in enumerate(facts))
    if not refused:
        return Normalised(events=events) if events else _EMPTY
    # One reason stands for all that gave no event: what needs a human before what does not.
    worst = next((one for one in refused if one.review), refused[0])
    detail = worst.detail if not events and len(refused) == 1 else _told(refused)
    if worst.review:
        return Normalised(events=events, review=worst.reason, detail=detail)
    return Normalised(events=events, ignored=worst.reason, detail=detail)


_EMPTY: Final = Normalised(ignored="empty_list", detail="the body is a list without elements")
_TOLD = 5


class _Refused(NamedTuple):
    place: int
    reason: str
    detail: str
    review: bool


def _told(refused: Sequence[_Refused]) -> str:
    shown = [f"element {one.place}: {one.reason}: {one.detail}" for one in refused[:_TOLD]]
    more = [f"and {len(refused) - _TOLD} more elements"] if len(refused) > _TOLD else []
    return "; ".join([*shown, *more])


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
        site=fact.site,
    )
