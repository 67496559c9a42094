"""Standard Webhooks: any system that can sign posts a unified event, the JSON of `docs/schemas/event.json`."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from relay.domain.sources import _json, _signing, _standard_shape
from relay.domain.sources.base import Identity, Normalised
from relay.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from relay.domain.sources.base import Delivery, Verdict

SOURCE = "standard"
TOPICS = _standard_shape.TOPICS
# Senders are told to retry for days; the ledger remembers for ever.
REPLAY_WINDOW = timedelta(days=35)
KEPT_HEADERS = frozenset({"webhook-id"})
SECRET_HINT = "Yours to make: whsec_ and base64 of 24 to 64 random bytes, or the sender's whpk_ public key."  # noqa: S105 - where it is found, not a secret

# Svix sends the same three under its own prefix. https://docs.svix.com/receiving/verifying-payloads/how-manual
_PREFIXES: Final = ("webhook", "svix")


def verify(
    body: bytes, headers: Mapping[str, str], secrets: Sequence[str], now: datetime, binding: Mapping[str, str]
) -> Verdict:
    """https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md : v1 HMAC and v1a ed25519."""
    del binding
    if not any(secret.strip() for secret in secrets):
        return _signing.SECRET_MISSING
    try:
        prefix = next((one for one in _PREFIXES if _signing.header(headers, f"{one}-signature")), _PREFIXES[0])
        names = [_signing.header(headers, f"{prefix}-{one}") for one in ("id", "timestamp", "signature")]
        message_id, stamp, signature = names
        if signature is None:
            return _signing.SIGNATURE_MISSING
        # The signed text is joined with full stops: one inside the id would let fields shift into each other.
        if message_id is None or stamp is None or "." in message_id:
            return _signing.MALFORMED
        verdict = _signing.age(_signing.unix_seconds(stamp), now)
        given = [_pair(element) for element in _signing.elements(signature, None)]
    except _signing.Malformed:
        return _signing.MALFORMED
    if verdict:
        return verdict
    signed = _signing.raw(message_id) + b"." + stamp.encode("ascii") + b"." + body
    return _compare(signed, given, secrets)


def _pair(element: str) -> tuple[str, str]:
    version, comma, text = element.partition(",")
    if not comma or not text:
        raise _signing.Malformed
    return version, text


def _compare(signed: bytes, given: Sequence[tuple[str, str]], secrets: Sequence[str]) -> Verdict:
    shared = [text for version, text in given if version == "v1"]
    asymmetric = [text for version, text in given if version == "v1a"]
    if not shared and not asymmetric:
        return _signing.SIGNATURE_MISSING
    expected = [_standard_shape.base64_mac(key, signed) for secret in secrets for key in _standard_shape.keys(secret)]
    if _signing.matches_any(shared, expected):
        return _signing.VALID
    publics = [key for secret in secrets if (key := _standard_shape.public_key(secret))] if asymmetric else []
    proven = any(_ed25519(key, text, signed) for key in publics for text in asymmetric)
    return _signing.VALID if proven else _signing.SIGNATURE_MISMATCH


def _ed25519(key: bytes, text: str, signed: bytes) -> bool:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    signature = _signing.unbase64(text)
    if signature is None or len(signature) != 64:
        return False
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, signed)
    except (InvalidSignature, ValueError):
        return False
    return True


def identify(body: bytes, headers: Mapping[str, str]) -> Identity:
    del headers
    return _standard_shape.identify(_json.peek(body))


def normalise(delivery: Delivery) -> Normalised:
    try:
        body = _json.loads(delivery.body)
    except BadInput as error:
        return Normalised(review=error.reason, detail=error.detail)
    from relay.domain.sources import _facts, _standard_events

    elements = body if isinstance(body, list) else [body]
    return _facts.collect(delivery, elements, lambda one: _standard_events.facts(delivery, one))
