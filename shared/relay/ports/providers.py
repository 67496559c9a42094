"""Shops and payment providers: how they are asked, and how often they tell."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderCredential:
    """How a shop or a payment provider is asked. `base_url` is its API's, `token` as `relay.providers.<source>.headers` takes it.

    `register`: the relay may make and mend its webhooks there. Never logged, never in an error.
    """

    source: str
    base_url: str
    token: str
    register: bool = True

    def __repr__(self) -> str:
        return f"ProviderCredential({self.source}, ***)"


class Providers(Protocol):
    """Credentials of shops and payment providers, each sealed under a purpose of its own: `provider:<source>`."""

    async def known(self, account: str) -> Sequence[ProviderCredential]:
        """Those the account has, by source, with empty tokens: nothing is opened for it."""
        ...

    async def get(self, account: str, source: str) -> ProviderCredential | None: ...

    async def put(self, account: str, credential: ProviderCredential) -> None: ...

    async def forget(self, account: str, source: str) -> bool:
        """False: there was none."""
        ...


class ProviderApi(Protocol):
    """One request to a shop or a payment provider, already built; one call, no retry, no pacing. See `relay.providers.protocol`."""

    async def call(self, request: Any, credential: ProviderCredential, *, timeout_ms: int) -> Any:
        """Send and decipher. Raises `Rejected`, `NotFound`, `NotAllowed`, `RetryAt`, `OutcomeUnknown`."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """A delivery as the stream saw it come in."""

    account: str
    source: str
    received_ms: int


class Arrivals(Protocol):
    """How many deliveries of a source came in each hour, as the stream saw them: the signs of life of a source."""

    async def add(self, account: str, source: str, *, hours: Mapping[int, int], last_ms: int) -> None:
        """`hours`: start of the hour (epoch ms) -> deliveries received in it; `last_ms` is the latest of them. Counts add up."""
        ...

    async def since(self, account: str, *, from_ms: int) -> Mapping[str, Arrivals.Arrived]:
        """By source, what was counted in the hours from the day of `from_ms` on."""
        ...

    @dataclass(frozen=True, slots=True, kw_only=True)
    class Arrived:
        hours: Mapping[int, int]
        last_ms: int


class Notes(Protocol):
    """Small notes of background work, by (account, kind, name): cursors, habits. Never personal data."""

    async def get(self, account: str, kind: str, name: str) -> Mapping[str, Any] | None: ...

    async def put(self, account: str, kind: str, name: str, fields: Mapping[str, Any], *, at_ms: int) -> bool:
        """Write unless a newer one (`at_ms`) is there."""
        ...
