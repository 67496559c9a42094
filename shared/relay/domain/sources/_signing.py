"""What every signature check shares: finding a header, comparing in constant time, refusing with a named reason.

Nothing here raises for what a sender can do except `Malformed`, which each source turns into a 400.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from typing import TYPE_CHECKING

from relay.domain.sources.base import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

MAX_HEADER_CHARS = 8192
MAX_ELEMENTS = 32
"""More signatures than any rotation needs; a longer list is an attack on our time."""

TOLERANCE_SECONDS = 300

VALID = Verdict(ok=True, reason="valid")
PING = Verdict(ok=True, reason="ping")
SIGNATURE_MISSING = Verdict(ok=False, reason="signature_missing", status=401)
SIGNATURE_MISMATCH = Verdict(ok=False, reason="signature_mismatch", status=401)
SECRET_MISSING = Verdict(ok=False, reason="secret_missing", status=401)
ACCOUNT_MISMATCH = Verdict(ok=False, reason="account_mismatch", status=401)
STALE = Verdict(ok=False, reason="timestamp_stale", status=401)
FUTURE = Verdict(ok=False, reason="timestamp_future", status=401)
MALFORMED = Verdict(ok=False, reason="header_malformed", status=400)


class Malformed(Exception):
    """A header that cannot be read one way only."""


def header(headers: Mapping[str, str], name: str) -> str | None:
    """The header's value, whatever its letter case; None when absent or blank.

    Raises:
        Malformed: it stands there twice with different values, or is longer than any honest one.
    """
    found = {value.strip() for key, value in headers.items() if key.lower() == name}
    if len(found) > 1 or any(len(value) > MAX_HEADER_CHARS for value in found):
        raise Malformed
    return found.pop() or None if found else None


def topic(headers: Mapping[str, str], name: str) -> str:
    """The topic that a header tells, in lower case; "" where it is absent or unreadable. No signature covers it."""
    try:
        return (header(headers, name) or "").lower()
    except Malformed:
        return ""


def elements(value: str, separator: str | None) -> list[str]:
    """The header's elements, trimmed (`separator` None: any white space).

    Raises:
        Malformed: an element is empty, or there are more than `MAX_ELEMENTS`.
    """
    parts = [part.strip() for part in value.split(separator, MAX_ELEMENTS)]
    if len(parts) > MAX_ELEMENTS or not all(parts):
        raise Malformed
    return parts


def raw(text: str) -> bytes:
    """Text as bytes without ever raising: a lone surrogate cannot be in a right signature, but must not be a 500."""
    return text.encode("utf-8", "surrogatepass")


def usable(secrets: Sequence[str]) -> list[bytes]:
    """The secrets as keys; an empty one proves nothing and is left out."""
    return [raw(secret) for secret in secrets if secret.strip()]


def mac(key: bytes, signed: bytes) -> bytes:
    return hmac.new(key, signed, hashlib.sha256).digest()


def matches_any(given: Iterable[str], expected: Iterable[str]) -> bool:
    """Whether one given signature equals one expected, over the full length and in constant time."""
    wanted = [raw(value) for value in expected]
    found = False
    for value in given:
        for right in wanted:
            found |= hmac.compare_digest(raw(value), right)
    return found


def base64_hmac(body: bytes, headers: Mapping[str, str], name: str, secrets: Sequence[str]) -> Verdict:
    """Shopify and WooCommerce: base64 of the HMAC-SHA256 over the raw body; a doubled header arrives comma-joined."""
    keys = usable(secrets)
    if not keys:
        return SECRET_MISSING
    value = header(headers, name)
    if value is None:
        return SIGNATURE_MISSING
    expected = [base64.b64encode(mac(key, body)).decode("ascii") for key in keys]
    return VALID if matches_any(elements(value, ","), expected) else SIGNATURE_MISMATCH


def unix_seconds(text: str) -> int:
    """A signed instant: ASCII digits alone, so that no delimiter inside it can shift a field.

    Raises:
        Malformed: anything else.
    """
    if not (text.isascii() and text.isdigit() and len(text) <= 12):
        raise Malformed
    return int(text)


def age(seconds: int, now: datetime) -> Verdict | None:
    """Refuse what is older, or further in the future, than the tolerance: a captured delivery must not live for ever."""
    late = now.timestamp() - seconds
    if late > TOLERANCE_SECONDS:
        return STALE
    return FUTURE if late < -TOLERANCE_SECONDS else None


def unbase64(text: str) -> bytes | None:
    """Decoded bytes, None for what is not base64."""
    try:
        return base64.b64decode(raw(text), validate=True)
    except (binascii.Error, ValueError):
        return None
