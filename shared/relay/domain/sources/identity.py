"""The inbox id: named from what a delivery means, so that the same fact arriving twice is one item."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from relay.domain.sources.base import Identity

_HASH_CHARS = 26  # 130 bits
_NOT_PLAIN = re.compile(r"[^a-z0-9]+")


def body_digest(body: bytes) -> str:
    """Hex SHA-256 of the raw bytes: tells a duplicate from another fact with the same identity."""
    return hashlib.sha256(body).hexdigest()


def inbox_id(account: str, source: str, identity: Identity, digest: str) -> str:
    """`<source>-<topic>-<object id>-<hash>` in `[a-z0-9-]`, at most 90 characters.

    The readable words are a help for people; the hash alone, over the exact values, decides. A delivery without an
    object id (a list, an unreadable body) is named by the digest of its bytes.
    """
    meaning = (
        [account, source, identity.topic, identity.object_id, identity.version]
        if identity.object_id
        else [account, source, identity.topic, "", 0, digest]
    )
    hashed = hashlib.sha256(json.dumps(meaning).encode("ascii")).digest()
    tail = base64.b32encode(hashed).decode("ascii").lower()[:_HASH_CHARS]
    words = (_plain(source, 12), _plain(identity.topic, 26), _plain(identity.object_id, 22), tail)
    return "-".join(word for word in words if word)


def _plain(text: str, limit: int) -> str:
    return _NOT_PLAIN.sub("-", text.lower())[:limit].strip("-")
