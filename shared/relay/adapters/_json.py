"""JSON for items: compact, `Decimal` kept as `Decimal`, gzipped where it may be long."""

from __future__ import annotations

import json
from decimal import Decimal, InvalidOperation
from typing import Any

from relay.domain.packed import gzipped, unpacked
from relay.errors import BadInput

_DECIMAL = "$decimal"


def pack(value: Any, *, field: str) -> bytes:
    """Raises `BadInput` naming `field` for what JSON cannot hold."""
    try:
        text = json.dumps(value, default=_plain, separators=(",", ":"))
    except (TypeError, ValueError) as exc:
        raise BadInput("not_json", field=field, detail="holds a value that JSON cannot hold") from exc
    return gzipped(text.encode())


def unpack(raw: bytes) -> Any:
    """Raises `BadInput` for what `pack` did not make."""
    try:
        return unpacked(raw, object_hook=_decimal)
    except ValueError as error:
        raise BadInput("item_unreadable", field="item", detail=f"{len(raw)} bytes: {error}") from None


def _plain(value: object) -> dict[str, str]:
    if isinstance(value, Decimal):
        return {_DECIMAL: str(value)}
    raise TypeError


def _decimal(value: dict[str, Any]) -> Any:
    if value.keys() == {_DECIMAL}:
        try:
            return Decimal(value[_DECIMAL])
        except (InvalidOperation, TypeError):
            raise ValueError("an amount that is none") from None
    return value
