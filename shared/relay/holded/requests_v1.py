"""Builders of v1 requests: whether the account's v1 key is known and may write. Documents and contacts go over v2 alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from relay.holded import catalogue, replies
from relay.holded.formats import unreadable
from relay.holded.protocol import Request

if TYPE_CHECKING:
    from relay.holded.catalogue import TaxRecord
    from relay.holded.replies import Created


def v1_ping() -> Request[tuple[TaxRecord, ...]]:
    """A cheap read: `NotAllowed` `credential_invalid` tells a wrong key."""
    return Request(method="GET", path="/api/invoicing/v1/taxes", reads=_taxes, version="v1")


def v1_ping_write() -> Request[Created]:
    """A write that cannot create anything: it names a kind of document that is none (`proforma`, Holded facts 3.1).

    The answers: `Rejected` (its 400): the key may write. `NotFound` (the HTML page): it may only read, or the plan lacks
    invoicing. `NotAllowed`: the key is wrong. `NotFound` is a `Rejected`: look for it first.
    """
    return Request(
        method="POST",
        path="/api/invoicing/v1/documents/proforma",
        json={},
        reads=replies.created,
        version="v1",
        writes=True,
        names_object=True,  # so that the page means "not there" and not "perhaps written"
    )


def _taxes(value: Any) -> tuple[TaxRecord, ...]:
    """Lists of v1 are bare arrays (Holded facts 5)."""
    if not isinstance(value, list):
        raise unreadable("reply", value, "a list")
    return tuple(catalogue.tax(entry) for entry in value)
