"""Keys of the two tables: parts joined by `#`, each part encoded so that no text can shift into its neighbour.

Standard library only: the receiving function loads it before its first request.
"""

from __future__ import annotations

import hashlib
import re
import zlib

SHARDS = 16
PART_BYTES = 300
"""Four parts and their separators stay below DynamoDB's 1,024 bytes for a sort key."""

_UNSAFE = re.compile("[#%\ud800-\udfff]")
_ESCAPE = re.compile("%(u[0-9A-F]{4}|[0-9A-F]{2})")
_HASHED = "%~"
_TAIL = len(_HASHED) + 64


def part(text: str) -> str:
    """`text` as one part of a key. Reversible by `unpart` unless `is_hashed`: beyond 300 bytes the rest becomes a hash.

    `#` separates parts, `%` escapes, and lone surrogates have no UTF-8; everything else stays readable.
    """
    encoded = _UNSAFE.sub(lambda found: _escape(found.group()), text)
    raw = encoded.encode()
    if len(raw) <= PART_BYTES:
        return encoded
    head = raw[: PART_BYTES - _TAIL].decode(errors="ignore")
    return f"{head}{_HASHED}{hashlib.sha256(raw).hexdigest()}"


def unpart(encoded: str) -> str:
    """The text `part` was given. Call it only where `is_hashed` is false."""
    return _ESCAPE.sub(lambda found: chr(int(found.group(1).removeprefix("u"), 16)), encoded)


def is_hashed(encoded: str) -> bool:
    """A bare `%` is never left by `part`, so `%~` can only be the mark of a hash."""
    return _HASHED in encoded


def join(*texts: str) -> str:
    return "#".join(part(text) for text in texts)


def millis(ms: int) -> str:
    """Thirteen digits, so that text order is time order until the year 2286."""
    return f"{ms:013d}"


def shard(text: str) -> int:
    """A stable spread over the shards of an index that spans accounts."""
    return zlib.crc32(text.encode("utf-8", "surrogatepass")) % SHARDS


def _escape(character: str) -> str:
    point = ord(character)
    return f"%{point:02X}" if point < 0x80 else f"%u{point:04X}"
