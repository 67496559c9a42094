"""Keys of Standard Webhooks secrets, the event types it may carry, and the identity of one. Light: the hot path imports it."""

from __future__ import annotations

import base64
from typing import Any, Final

from relay.domain.sources import _signing
from relay.domain.sources._instants import first_ms
from relay.domain.sources.base import Identity

TOPICS: Final = frozenset(
    {
        "order.created",
        "order.updated",
        "order.paid",
        "order.cancelled",
        "order.fulfilled",
        "refund.created",
        "invoice.issued",
        "invoice.paid",
        "invoice.voided",
        "credit_note.issued",
        "payment.received",
        "contact.created",
        "contact.updated",
        "product.created",
        "product.updated",
    }
)


def keys(secret: str) -> list[bytes]:
    """The HMAC keys a secret may mean: `whsec_` and base64, plain base64, or the text itself.

    Never those of a `whpk_` secret: a public key used as a shared one would let anybody sign.
    """
    text = secret.strip()
    if not text or text.startswith(("whpk_", "whsk_")):
        return []
    decoded = _signing.unbase64(text.removeprefix("whsec_"))
    if text.startswith("whsec_"):
        # The reference libraries take a secret without its padding.
        decoded = decoded or _signing.unbase64(padded(text.removeprefix("whsec_")))
        return [decoded] if decoded else [_signing.raw(text)]
    return [_signing.raw(text), decoded] if decoded else [_signing.raw(text)]


def padded(text: str) -> str:
    """Base64 with the `=` that some leave off."""
    return text + "=" * (-len(text) % 4)


def public_key(secret: str) -> bytes | None:
    """The 32 bytes of an ed25519 `whpk_` secret."""
    text = secret.strip()
    decoded = _signing.unbase64(text.removeprefix("whpk_")) if text.startswith("whpk_") else None
    return decoded if decoded and len(decoded) == 32 else None


def base64_mac(key: bytes, signed: bytes) -> str:
    return base64.b64encode(_signing.mac(key, signed)).decode("ascii")


def identify(body: Any) -> Identity:
    """The event's type, its object's id and version. A list or an unreadable body has no object id."""
    if not isinstance(body, dict):
        return Identity("", "", 0)
    topic = body.get("type") if isinstance(body.get("type"), str) else ""
    data = body["data"] if isinstance(body.get("data"), dict) else {}
    subject = body.get("subject") or data.get("id")
    if isinstance(subject, bool) or not isinstance(subject, int | str) or not subject:
        return Identity(str(topic)[:100], "", 0)
    return Identity(str(topic)[:100], str(subject)[:200], version(body, data))


def version(body: dict[str, Any], data: dict[str, Any]) -> int:
    """The sender's own `version`, else when the object or the event was last changed, in milliseconds."""
    own = body.get("version")
    if isinstance(own, int) and not isinstance(own, bool) and 0 <= own < 2**63:
        return own
    return first_ms((data.get("updated_at"), body.get("time")))
