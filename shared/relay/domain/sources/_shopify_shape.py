"""What a Shopify body is: its resource by topic, its wrapping key, its identity. Light: the hot path imports it."""

from __future__ import annotations

from typing import Any, Final

from relay.domain.sources._instants import first_ms
from relay.domain.sources.base import Identity
from relay.errors import BadInput

RESOURCE_OF: Final = {
    "orders/create": "order",
    "orders/updated": "order",
    "orders/paid": "order",
    "orders/cancelled": "order",
    "orders/fulfilled": "order",
    "refunds/create": "refund",
    "customers/create": "customer",
    "customers/update": "customer",
    "products/create": "product",
    "products/update": "product",
}

_WRAPPERS: Final = frozenset(
    {"order", "orders", "refund", "refunds", "customer", "customers", "product", "products"}
    | {"draft_order", "draft_orders", "checkout", "checkouts", "fulfillment", "gift_card", "transaction", "variant"}
)


def unwrap(body: Any, resource: str) -> list[Any]:
    """The objects of a body: bare, under their single key, or a list of them.

    Raises:
        BadInput: `topic_mismatch` when the body is under the key of another resource.
    """
    if isinstance(body, dict) and len(body) == 1:
        key, inner = next(iter(body.items()))
        if key in {resource, resource + "s"}:
            body = inner
        elif key in _WRAPPERS:
            raise BadInput("topic_mismatch", detail=f"the body is not of the kind the topic announces ({resource})")
    return body if isinstance(body, list) else [body]


def identify(topic: str, body: Any) -> Identity:
    """Identity of a single object; a list, or what cannot be read, has no object id."""
    if isinstance(body, dict) and len(body) == 1:
        body = next(iter(body.values()))
    if not isinstance(body, dict) or isinstance(body.get("id"), bool) or not isinstance(body.get("id"), int | str):
        return Identity(topic, "", 0)
    return Identity(topic, str(body["id"])[:200], version(body))


def version(obj: dict[str, Any]) -> int:
    """When the object last changed, in milliseconds; 0 where it does not say."""
    return first_ms(obj.get(key) for key in ("updated_at", "processed_at", "created_at"))
