"""What a Stripe body is: an event, a bare object or a list of them; its topic and identity. Light: the hot path imports it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

from relay.domain.sources.base import Identity

RESOURCE_OF: Final = {
    "invoice.finalized": "invoice",
    "invoice.paid": "invoice",
    "invoice.payment_succeeded": "invoice",
    "invoice.voided": "invoice",
    "credit_note.created": "credit_note",
    "checkout.session.completed": "checkout.session",
    "checkout.session.async_payment_succeeded": "checkout.session",
    "payment_intent.succeeded": "payment_intent",
    "charge.refunded": "charge",
    "customer.created": "customer",
    "customer.updated": "customer",
}
TOPICS: Final = frozenset(RESOURCE_OF)

_BY_INVOICE_STATUS: Final = {"open": "invoice.finalized", "paid": "invoice.paid", "void": "invoice.voided"}
# Kinds of which a bare object's sender may say what happened; of money only the object's own state may say that it moved.
_TOLD_BY_SENDER: Final = frozenset({"invoice", "credit_note", "customer"})


@dataclass(frozen=True, slots=True)
class Element:
    """One event or object. `created` is the event's own unix time, 0 for a bare object; `ignored` says why nothing follows."""

    topic: str = ""
    resource: str = ""
    value: Any = None
    created: int = 0
    previous: dict[str, Any] = field(default_factory=dict)
    ignored: str = ""
    detail: str = ""


def unwrap(body: Any, told: str = "") -> list[Element]:
    """Every element of a body: an event, an object, a listing `{"data": [...]}` or a plain list.

    `told` is the topic the sender names beside the body. It decides only for objects without an event around them.
    """
    if isinstance(body, dict) and isinstance(body.get("data"), list):
        body = body["data"]
    return [_element(one, told) for one in (body if isinstance(body, list) else [body])]


def identify(body: Any, told: str = "") -> Identity:
    if not isinstance(body, dict) or isinstance(body.get("data"), list):
        return Identity(told if told in TOPICS and isinstance(body, dict | list) else "", "", 0)
    element = _element(body, told)
    value = element.value if isinstance(element.value, dict) else {}
    object_id = value.get("id")
    if not isinstance(object_id, str):
        return Identity(element.topic, "", 0)
    seconds = element.created or value.get("created")
    version = seconds * 1000 if isinstance(seconds, int) and 0 < seconds < 10**11 else 0
    return Identity(element.topic, object_id[:200], version)


def _element(one: Any, told: str) -> Element:
    if not isinstance(one, dict):
        return Element(ignored="unknown_topic", detail="an element is neither an event nor an object")
    data = one.get("data")
    if one.get("object") == "event" or (isinstance(data, dict) and isinstance(one.get("type"), str)):
        return _event(one, data if isinstance(data, dict) else {})
    return _bare(one, told)


def _event(event: dict[str, Any], data: dict[str, Any]) -> Element:
    topic = event.get("type")
    topic = topic[:100] if isinstance(topic, str) else ""
    created = event.get("created")
    value = data.get("object")
    resource = value.get("object") if isinstance(value, dict) else None
    if topic not in RESOURCE_OF:
        return Element(topic, value=value, ignored="unknown_topic", detail="the event's type leads to nothing")
    if resource and resource != RESOURCE_OF[topic]:
        return Element(topic, str(resource)[:50] + "?", value)
    previous = data.get("previous_attributes")
    return Element(
        topic,
        RESOURCE_OF[topic],
        value,
        created if isinstance(created, int) and not isinstance(created, bool) else 0,
        previous if isinstance(previous, dict) else {},
    )


def _bare(value: dict[str, Any], told: str) -> Element:
    """An object without its event (an import, an API reply): what the sender says happened to it, else its own state."""
    resource = value.get("object")
    if not isinstance(resource, str) or resource not in RESOURCE_OF.values():
        return Element(
            value=value, ignored="unknown_topic", detail="the object is not of a kind that leads to anything"
        )
    topic = told if resource in _TOLD_BY_SENDER and RESOURCE_OF.get(told) == resource else _by_state(resource, value)
    if not topic:
        return Element(value=value, ignored="not_final", detail="the object's state is not one that an event announces")
    return Element(topic, resource, value)


def _by_state(resource: str, value: dict[str, Any]) -> str:
    status = value.get("status")
    match resource:
        case "invoice":
            # Before 2018-11-08 an invoice had no status, only `paid`.
            known = _BY_INVOICE_STATUS.get(status, "") if isinstance(status, str) else ""
            return known or ("invoice.paid" if not status and value.get("paid") is True else "")
        case "checkout.session":
            paid = status is None and value.get("payment_status") == "paid"  # before 2021-11 a session had no status
            return "checkout.session.completed" if status == "complete" or paid else ""
        case "payment_intent":
            return "payment_intent.succeeded" if status == "succeeded" else ""
        case "charge":
            return "charge.refunded" if value.get("amount_refunded") else ""
        case "credit_note":
            return "credit_note.created"
        case _:
            return "customer.updated"
