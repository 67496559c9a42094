"""Two objects under one key: where an id is no name of its own, the row that has the key says whose it is.

WooCommerce numbers the orders of every shop from 1, and a sender of Standard Webhooks may number orders and invoices apart.
The key is (account, source, id), so that a second shop's order 1001, or invoice 7 beside order 7, would overwrite the
document of the first. Who came first has the key; the other gets one of its own and goes to a person.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from relay.domain.decisions import Fact
    from relay.domain.ledger import Key, Row
    from relay.domain.models import Event

ANOTHER_SHOP, ANOTHER_OBJECT = "another_shop", "another_object"
_SALES = {"order": "invoice", "invoice": "order"}


@dataclass(frozen=True, slots=True)
class Stranger:
    """`key` is the fact's own, beside the one that another object has."""

    key: Key
    reason: str
    detail: str


def stranger(row: Row | None, fact: Fact) -> Stranger | None:
    """What a fact is that comes under the key of another object; None where the row's object is its own."""
    if row is None:
        return None
    if row.site and fact.site and row.site != fact.site:
        detail = (
            f"{fact.key.object_id} of {fact.site} has the number of one of {row.site}: an account takes one shop. Bind it "
            "(`relay account set --bind woocommerce.site=...`), and book what the other sold by hand"
        )
        return Stranger(_own(fact.key, fact.site), ANOTHER_SHOP, detail)
    had, has = _kind(row.event_type), _kind(fact.event_type)
    if fact.key.source == "standard" and had and had != has:
        detail = (
            f"{has} {fact.key.object_id} has the id of {had} {fact.key.object_id}: an id names one object. Give it another "
            "id or `subject`, and book this one by hand"
        )
        return Stranger(_own(fact.key, has), ANOTHER_OBJECT, detail)
    return None


def ids_of(event: Event) -> tuple[str, ...]:
    """The object ids under which a row of an event may stand: its own, and the one it gets where another has that."""
    whose = event.site or (_kind(event.type) if event.source == "standard" else "")
    return (event.subject, f"{event.subject}@{whose}") if whose else (event.subject,)


def parent_key(row: Row | None, fact: Fact, key: Key) -> Key:
    """Where the original of a correction stands: under `key`, unless its row is another shop's."""
    return _own(key, fact.site) if row is not None and row.site and fact.site and row.site != fact.site else key


def namesake(row: Row, key: Key) -> Key | None:
    """Where an object of the other kind would stand that has the id of an original; None where ids are names."""
    other = _SALES.get(_kind(row.event_type)) if key.source == "standard" else None
    return _own(key, other) if other else None


def _own(key: Key, whose: str) -> Key:
    return replace(key, object_id=f"{key.object_id}@{whose}")


def _kind(event_type: str) -> str:
    return event_type.partition(".")[0]
