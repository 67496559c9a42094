"""The sources by name. A new source is one module and one line here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from relay.domain.sources import holded, shopify, standard, stripe, woocommerce
from relay.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Mapping

    from relay.domain.sources.base import Source

SOURCES: Final[Mapping[str, Source]] = {
    holded.SOURCE: holded,
    shopify.SOURCE: shopify,
    standard.SOURCE: standard,
    stripe.SOURCE: stripe,
    woocommerce.SOURCE: woocommerce,
}


def find(name: str) -> Source | None:
    """The source of that name, None if there is none."""
    return SOURCES.get(name)


def get(name: str) -> Source:
    """The source of that name.

    Raises:
        BadInput: `unknown_source`.
    """
    source = SOURCES.get(name)
    if source is None:
        raise BadInput("unknown_source", field="source", detail=f"expected one of {', '.join(sorted(SOURCES))}")
    return source
