"""Unified events as any system may post them: parsed by the schema, bound to the account they were posted to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from relay.domain import wire
from relay.domain.models import CreditNote, Invoice, Order, Payment, Refund
from relay.domain.sources._facts import Fact, Ignored
from relay.domain.sources._node import TEXT_CHARS, Node, clean, whole
from relay.domain.sources._standard_shape import TOPICS, version
from relay.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Sequence

    from relay.domain.sources.base import Delivery

_KEYS = ("id", "refers_to", "document_id")


def facts(delivery: Delivery, value: Any) -> Sequence[Fact]:
    """One posted event. `type` and `data` are needed; `subject` is the object's id unless told."""
    node = Node(value)
    topic = node.text("type", 100)
    if topic is None:
        raise node.wrong("missing_field", "type", "the event's type, such as order.paid")
    if topic not in TOPICS:
        raise Ignored("unknown_topic", "the event's type leads to nothing")
    account = node.text("account", 200)
    if account is not None and account != delivery.account:
        raise BadInput(
            "account_mismatch", field="account", detail="the event names another account than it was posted to"
        )
    data = wire.parse_data(topic, _tidy(_named(value.get("data"))))
    subject = node.ident("subject") or getattr(data, "id", None) or getattr(data, "email", None)
    if not subject:
        raise node.wrong("missing_field", "subject", "the object's id at the sender")
    _check(data, node.child("data"))
    return [
        Fact(
            type=topic,
            subject=subject,
            data=data,
            at=node.instant("time"),
            version=version(value, node.child("data").value),
        )
    ]


def _check(data: Any, node: Node) -> None:
    """What the schema cannot say: a known currency, a total that is not below zero, lines where a sale needs them."""
    if isinstance(data, Payment | Order | Invoice | CreditNote | Refund):
        node.currency("currency")
    if isinstance(data, Order | Invoice | CreditNote | Refund) and data.total < 0:
        raise node.wrong("negative_total", "total", "a positive total: the type says which way the money went")
    if isinstance(data, Order | Invoice | CreditNote) and not data.lines:
        raise node.wrong("no_lines", "lines", "at least one line")


def _named(data: Any) -> Any:
    """The data, once what becomes a key is known to stay what it is."""
    for name in _KEYS if isinstance(data, dict) else ():
        if isinstance(data.get(name), str):
            whole(data[name], f"data.{name}", TEXT_CHARS)
    return data


def _tidy(value: Any, depth: int = 0) -> Any:
    """Texts as every other source has them: one line, without control characters; empty is absent."""
    if depth > 20:
        raise BadInput("json_too_deep", field="data", detail="nested deeper than the schema")
    if isinstance(value, str):
        return clean(value, TEXT_CHARS)
    if isinstance(value, list):
        return [_tidy(one, depth + 1) for one in value]
    if isinstance(value, dict):
        return {key: _tidy(one, depth + 1) for key, one in value.items()}
    return value
