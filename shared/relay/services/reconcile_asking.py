"""Ask the sources themselves, over their API, what they sold in a window: what an import would bring, and nothing is stored.

These are calls to shops and payment providers, none to Holded. A list that was not read whole is named, as one of Holded's is.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from relay.errors import NotFound, RelayError
from relay.providers.registry import get as get_provider
from relay.services.reconcile_deliveries import BEFORE
from relay.services.reconcile_source import midnight_ms
from relay.services.times import from_ms

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from relay.domain.reconciling import Window
    from relay.domain.sources.base import Delivery
    from relay.ports.providers import Providers
    from relay.ports.world import Clock
    from relay.services.backfill import Backfill, Progress


@dataclass(slots=True, kw_only=True)
class Asked:
    """`listed`: deliveries that the inbox does not hold, received when their object was last changed. `pages` by source are the
    calls, `incomplete` by source what was not read whole.
    """

    listed: list[Delivery] = field(default_factory=list)
    pages: dict[str, int] = field(default_factory=dict)
    incomplete: dict[str, str] = field(default_factory=dict)


class AskSources:
    def __init__(self, *, providers: Providers, backfill: Backfill, clock: Clock) -> None:
        self._providers = providers
        self._backfill = backfill
        self._clock = clock

    async def __call__(
        self, account: str, window: Window, *, tell: Callable[[str, Progress], None] = lambda *_: None
    ) -> Asked:
        """Every source of the account that has an API. Raises `NotFound` where none has."""
        known = await self._providers.known(account)
        if not known:
            raise NotFound("provider_unknown", detail=f"{account} has no source with an API; see `relay source set`")
        asked = Asked()
        for source in sorted(one.source for one in known):
            await self._ask(account, source, window, asked, tell)
        return asked

    async def _ask(
        self, account: str, source: str, window: Window, asked: Asked, tell: Callable[[str, Progress], None]
    ) -> None:
        """From the window's beginning to now: what was sold in it may have been changed since, and lists go by change."""
        credential = await self._providers.get(account, source)
        provider, now = get_provider(source), self._clock.now()
        if credential is None:
            return

        def take(delivery: Delivery, changed: datetime | None) -> None:
            asked.listed.append(replace(delivery, received_at=changed or now))

        def told(at: Progress) -> None:
            asked.pages[source] = at.pages
            tell(source, at)

        since = from_ms(midnight_ms(window.start - BEFORE))
        asked.pages[source] = 0
        try:
            done = await self._backfill(
                account, credential, since=since, until=now, dry_run=True, parts=provider.SOLD, take=take, tell=told
            )
        except RelayError as refusal:
            asked.incomplete[f"source {source}"] = f"it could not be asked: {refusal.reason}"
            return
        if not done.done:
            asked.incomplete[f"source {source}"] = f"its list was not read whole: {done.reason}"
        elif unreached := provider.reach(since, now)[1]:
            asked.incomplete[f"source {source}"] = unreached
