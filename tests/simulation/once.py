"""A stored delivery is normalised by a dozen readers in its life. That is pure, so in a simulated life once is enough."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING
from unittest.mock import patch

from relay.domain.sources.registry import SOURCES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from relay.domain.sources.base import Delivery, Normalised


@contextmanager
def normalised_once() -> Iterator[None]:
    """While it lasts every source remembers what it made of a delivery, by the delivery's identity."""
    with ExitStack() as patches:
        for source in SOURCES.values():
            patches.enter_context(patch.object(source, "normalise", _remembering(source.normalise)))
        yield


def _remembering(normalise: Callable[[Delivery], Normalised]) -> Callable[[Delivery], Normalised]:
    known: dict[int, tuple[Delivery, Normalised]] = {}

    def remembered(delivery: Delivery) -> Normalised:
        # The delivery is held with its result, so no other can have its identity.
        if id(delivery) not in known:
            known[id(delivery)] = delivery, normalise(delivery)
        return known[id(delivery)][1]

    return remembered
