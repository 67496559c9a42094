"""JSON for items: compact, `Decimal` kept as `Decimal`, gzipped where it may be long."""

from __future__ import annotations

import gzip
import json
from decimal import Decimal
from typing import Any

from relay.errors import BadInput

_DECIMAL = "$decimal"


def pack(value: Any, *, field: str) -> bytes:
    """Raises `BadInput` naming `field` for what JSON cannot hold."""
    try:
        text = json.dumps(value, default=_plain, separators=(",", ":"))
    except (TypeError, ValueError) as exc:
        raise BadInput("not_json", field=field, detail="holds a value that JSON cannot hold") from exc
    return gzip.compress(text.encode(), mtime=0)


def unpack(raw: bytes) -> Any:
    return json.loads(gzip.decompress(raw), object_hook=_decimal)


def _plain(value: object) -> dict[str, str]:
    if isinstance(value, Decimal):
        return {_DECIMAL: str(value)}
    raise TypeError


def _decimal(value: dict[str, Any]) -> Any:
    if value.keys() == {_DECIMAL}:
        return Decimal(value[_DECIMAL])
    return value
