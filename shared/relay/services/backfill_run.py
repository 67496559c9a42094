"""One process's share of an import: what it was asked for, and what it has seen so far. A list may show a row many times."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

    from relay.domain.sources.base import Delivery
    from relay.ports.providers import ProviderCredential
    from relay.providers.protocol import Page
    from relay.services.backfill import Progress


@dataclass(slots=True, kw_only=True)
class Run:
    """`mark` is the next page's within this process, which another one may not use. `resumed`: another process began it.

    `take` is given each delivery that is new. `pause_s` is what the provider's bucket needs before the next call. `taken` are the
    deliveries taken in, `rows` counts the rows of the present list, `idle` its pages in a row that showed none new.
    """

    account: str
    credential: ProviderCredential
    name: str
    dry_run: bool
    undelivered: bool
    deadline_ms: int | None
    tell: Callable[[Progress], None]
    take: Callable[[Delivery, datetime | None], None]
    mark: str = ""
    pages: int = 0
    restarts: int = 0
    pause_s: float = 0.0
    resumed: bool = False
    named: list[str] = field(default_factory=list)
    taken: set[str] = field(default_factory=set)
    rows: int = 0
    idle: int = 0
    _list: tuple[int, ...] = ()
    _shown: set[str] = field(default_factory=set)

    def turns_to(self, name: tuple[int, ...]) -> None:
        """Another list, or the same once more, is counted from its beginning."""
        if name != self._list:
            self._list, self._shown, self.rows, self.idle = name, set(), 0, 0

    def shows(self, keys: Iterable[str]) -> None:
        """A row of the present list, by what is made of it."""
        new = set(keys) - self._shown
        self._shown |= new
        self.rows += bool(new)

    def total(self, page: Page) -> int | None:
        """How many rows the list has, by what its provider says of this page and those behind it."""
        return None if page.total is None else max(self.rows, self.rows + page.total - len(page.items))
