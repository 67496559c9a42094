"""Gzipped JSON as rows and items keep it, and back: what was cut, flipped or nested too deep is one kind of error."""

from __future__ import annotations

import gzip
import json
import zlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

MOST_BYTES = 64 * 1024 * 1024
"""More than any copy of ours unpacks to: a damaged one does not fill the memory."""
_GZIP = 31  # zlib's window bits for a gzip header and its checksum


def gzipped(text: bytes) -> bytes:
    """The same bytes for the same text, whenever it is packed."""
    return gzip.compress(text, mtime=0)


def gunzipped(kept: bytes) -> bytes:
    """Back from `gzipped`. Raises `ValueError` for anything else."""
    reader = zlib.decompressobj(wbits=_GZIP)
    try:
        text = reader.decompress(kept, MOST_BYTES)
    except zlib.error:
        raise ValueError("not gzipped, or damaged") from None
    if not reader.eof or reader.unused_data:
        raise ValueError("cut short, too long, or followed by something")
    return text


def unpacked(kept: bytes, *, object_hook: Callable[[dict[str, Any]], Any] | None = None) -> Any:
    """The JSON in it. Raises `ValueError` for what is not one whole gzipped JSON value."""
    try:
        return json.loads(gunzipped(kept), object_hook=object_hook)
    except RecursionError:
        raise ValueError("nested too deep") from None
