"""Holded's own webhooks: hints that an object changed. They lead to a re-read and never reach the bus.

What a payment's webhook holds is not on record (Holded facts 7). Where it names the document that was paid, the hint is of
that document; else of the payment, as far as it is named.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from relay.domain.sources import _json, _signing
from relay.domain.sources.base import Identity, Normalised
from relay.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from relay.domain.models import Hint
    from relay.domain.sources._facts import Fact
    from relay.domain.sources._node import Node
    from relay.domain.sources.base import Delivery, Verdict

SOURCE = "holded"

# Holded facts 7: 58 events.
_APPROVED: Final = ("invoice", "creditnote", "salesreceipt", "purchase", "purchaserefund", "receiptnote")
_PLAIN: Final = (
    *("proform", "estimate", "salesorder", "waybill", "service", "receipt"),
    *("purchaseorder", "payment", "contact", "product", "warehouse"),
)
TOPICS: Final = frozenset(
    [f"{one}.{verb}" for one in (*_APPROVED, *_PLAIN) for verb in ("create", "update", "delete")]
    + [f"{one}.approve" for one in _APPROVED]
    + ["stock.update"]
)
# The retry schedule is not documented; a hint that comes late costs one read.
REPLAY_WINDOW = timedelta(days=7)
KEPT_HEADERS = frozenset({"x-holded-webhook-event", "x-holded-webhook-id", "x-holded-webhook-date"})
SECRET_HINT = "Settings > Developers > Webhooks: shown once when the webhook is created, beginning with whsec_."  # noqa: S105 - where it is found, not a secret

_DOCUMENTS: Final = frozenset(
    {*_APPROVED, "proform", "estimate", "salesorder", "waybill", "purchaseorder"}
)  # their bodies tell their own `type`
_LISTED: Final = frozenset({"payment", "stock"})  # answered by a list: a hint of one needs no id


def verify(
    body: bytes, headers: Mapping[str, str], secrets: Sequence[str], now: datetime, binding: Mapping[str, str]
) -> Verdict:
    """`sha256=` and the lower-case hex HMAC of the raw body, keyed with the secret as it is (Holded facts 7).

    The time is not signed, so `now` decides nothing; a replayed hint only leads to another read.
    """
    del now
    keys = _signing.usable(secrets)
    if not keys:
        return _signing.SECRET_MISSING
    try:
        value = _signing.header(headers, "x-holded-webhook-signature")
        company = _signing.header(headers, "x-holded-webhook-account-id")
        if value is None:
            return _signing.SIGNATURE_MISSING
        given = _signing.elements(value, ",")
    except _signing.Malformed:
        return _signing.MALFORMED
    if not all(one.startswith("sha256=") for one in given):
        return _signing.MALFORMED
    if not _signing.matches_any(given, ["sha256=" + _signing.mac(key, body).hex() for key in keys]):
        return _signing.SIGNATURE_MISMATCH
    bound = binding.get("holded_account_id", "").strip()
    return _signing.ACCOUNT_MISMATCH if bound and company != bound else _signing.VALID


def identify(body: bytes, headers: Mapping[str, str]) -> Identity:
    """Thin bodies repeat byte for byte after a second change, so the delivery's date tells them apart.

    The date is not signed: a forged one can only cause another read.
    """
    try:
        topic = (_signing.header(headers, "x-holded-webhook-event") or "").lower()
        date = _signing.header(headers, "x-holded-webhook-date")
    except _signing.Malformed:
        topic, date = "", None
    at = _instant(date)
    return Identity(topic, _object_id(topic, _json.peek(body)), round(at.timestamp() * 1000) if at else 0)


def normalise(delivery: Delivery) -> Normalised:
    if delivery.topic not in TOPICS:
        return Normalised(ignored="unknown_topic", detail="the topic is not one of Holded's webhook events")
    try:
        body = _json.loads(delivery.body)
    except BadInput as error:
        return Normalised(review=error.reason, detail=error.detail)
    from relay.domain.sources import _facts

    objects = body if isinstance(body, list) else [body]
    return _facts.collect(delivery, objects, lambda one: _hints(delivery, one))


def _hints(delivery: Delivery, value: Any) -> list[Fact]:
    """One hint; of a payment that is no more, one of its document as well."""
    from relay.domain.sources._facts import Fact, milliseconds
    from relay.domain.sources._node import Node

    node = Node(value)
    name, _, action = delivery.topic.partition(".")
    told = node.text("type")
    if name in _DOCUMENTS and told in _DOCUMENTS and told != name:
        raise BadInput("topic_mismatch", field="type", detail="the body is of another document type than the topic")
    at = _instant(delivery.headers.get("x-holded-webhook-date"))
    found = _paid(node, at) if name == "payment" else []
    if not found or action == "delete":
        found.append(_own(node, delivery.topic, at))
    return [
        Fact(type=f"holded.{delivery.topic}", subject=hint.holded_id, data=hint, at=at, version=milliseconds(at))
        for hint in found
    ]


def _own(node: Node, topic: str, at: datetime | None) -> Hint:
    from relay.domain.models import Hint

    name, _, action = topic.partition(".")
    holded_id = _object_id(topic, node.value)
    if not holded_id and name not in _LISTED:
        raise node.wrong("missing_field", "id", "the object's id")
    return Hint(
        object=name,
        action=action,
        holded_id=holded_id,
        number=node.text("documentNumber"),
        total=_total(node.value.get("total")),
        at=at,
    )


def _paid(node: Node, at: datetime | None) -> list[Hint]:
    """The document that a payment is of, spelt as Holded's other webhooks spell what its API calls `document_type` and
    `document_id` (Holded facts 10.2). Nothing where it names none, or one of a kind nobody knows.
    """
    from relay.domain.models import Hint

    kind, holded_id = node.value.get("documentType"), _text_id(node.value.get("documentId"))
    known = isinstance(kind, str) and kind in _DOCUMENTS
    return [Hint(object=str(kind), action="update", holded_id=holded_id, at=at)] if known and holded_id else []


def _object_id(topic: str, body: Any) -> str:
    if not isinstance(body, dict):
        return ""
    return _text_id(body.get("productId" if topic.startswith("stock.") else "id"))


def _text_id(value: Any) -> str:
    return value[:200] if isinstance(value, str) else ""


def _instant(text: str | None) -> datetime | None:
    try:
        at = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return at if at.tzinfo else None


def _total(value: Any) -> Any:
    """The total where it can be read without doubt. A hint needs none: the re-read tells it."""
    from relay.domain.sources._node import Node

    try:
        return Node({"total": value}).number("total")
    except BadInput:
        return None  # a Spanish decimal, or a shape nobody has seen yet (Holded facts 0.8)
