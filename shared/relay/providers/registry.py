"""The providers by the name of their source. A new one is a module with these names, and a line here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Protocol

from relay.errors import BadInput
from relay.providers import shopify, stripe, woocommerce

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from relay.providers.protocol import Page, Request, Window
    from relay.providers.subscription import Created, Subscriptions


class Provider(Protocol):
    """`PARTS` are its lists, in the order in which they are read; `SOLD` those of them that tell of sales and what was given
    back. `SINGLE`: one subscription a topic. `OWN_SECRET`: a subscription signs with a secret that we give. `KNOWS_UNDELIVERED`:
    it can list what its webhook did not deliver. `reach`: the first instant from `since` on that its lists hold, and what there
    is to say of older ones, empty where nothing.
    """

    @property
    def SOURCE(self) -> str: ...  # noqa: N802 - a constant of the module
    @property
    def PARTS(self) -> tuple[str, ...]: ...  # noqa: N802 - a constant of the module
    @property
    def SOLD(self) -> tuple[str, ...]: ...  # noqa: N802 - a constant of the module
    @property
    def SINGLE(self) -> bool: ...  # noqa: N802 - a constant of the module
    @property
    def OWN_SECRET(self) -> bool: ...  # noqa: N802 - a constant of the module
    @property
    def KNOWS_UNDELIVERED(self) -> bool: ...  # noqa: N802 - a constant of the module
    @property
    def TOPICS(self) -> tuple[str, ...]: ...  # noqa: N802 - a constant of the module

    def headers(self, token: str) -> dict[str, str]: ...

    def reach(self, since: datetime, now: datetime) -> tuple[datetime, str]: ...

    def page(self, part: str, window: Window, mark: str, *, undelivered: bool = False) -> Request[Page]: ...

    def facts(self, part: str, value: Mapping[str, Any]) -> Sequence[tuple[str, Mapping[str, Any]]]: ...

    def changed(self, value: Mapping[str, Any]) -> datetime | None:
        """When a row of a list was last changed, by which windows ask for it; None where it does not say."""
        ...

    def subscriptions(self, mark: str = "") -> Request[Subscriptions]: ...

    def create(self, topics: Sequence[str], *, url: str, secret: str) -> Request[Created]: ...

    def activate(self, subscription_id: str, *, secret: str) -> Request[Any]: ...

    def delete(self, subscription_id: str) -> Request[None]: ...

    def settled(self, subscription_id: str) -> Request[Any] | None: ...


PROVIDERS: Final[Mapping[str, Provider]] = {
    shopify.SOURCE: shopify,
    stripe.SOURCE: stripe,
    woocommerce.SOURCE: woocommerce,
}


def get(source: str) -> Provider:
    """Raises `BadInput` for a source that has no API to ask."""
    if source not in PROVIDERS:
        expected = ", ".join(sorted(PROVIDERS))
        raise BadInput("source_without_api", field="source", detail=f"expected one of {expected}")
    return PROVIDERS[source]
