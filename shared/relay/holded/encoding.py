"""JSON to and from Holded without a float ever standing in between.

The standard encoder can write a `Decimal` only as text or by way of a float; Holded wants `units`, `price` and `discount`
as JSON numbers (Holded facts 3.6), and 0.1 + 0.2 must not travel as 0.30000000000000004.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any, NoReturn

from relay.errors import BadInput
from relay.holded.formats import shape

if TYPE_CHECKING:
    from relay.holded.protocol import Request

_BIGGEST_EXPONENT = 30


def encode(request: Request[Any]) -> bytes:
    """The request's body as it goes over the wire: UTF-8 JSON, decimals exact; `b""` for a request without one.

    Raises `BadInput` for a value JSON has no exact word for (float, NaN, an absurd exponent).
    """
    if request.json is None:
        return b""
    # A lone surrogate is not text and has no UTF-8: it becomes "?" and does not stop a document.
    return _write(request.json, "").encode("utf-8", errors="replace")


def number_text(value: Decimal, field: str = "") -> str:
    """A decimal as JSON and Holded's string amounts write it: plain, exact, no exponent, no trailing zeros."""
    if not value.is_finite() or abs(value.adjusted()) > _BIGGEST_EXPONENT:
        raise BadInput("unwritable", field=field, detail="is a number out of range, expected a finite decimal")
    text = format(value, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in {"-0", ""} else text


def decode(body: bytes) -> Any:
    """Parse a reply. Raises `ValueError` for anything that is not one whole JSON value (truncated, NaN, too deep, no number)."""
    try:
        return json.loads(body, parse_float=_decimal, parse_constant=_refuse)
    except RecursionError:
        raise ValueError("nested too deep") from None


def _decimal(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation:
        raise ValueError(f"a number of {len(text)} characters is out of range") from None


def _refuse(word: str) -> NoReturn:
    raise ValueError(f"{word} is not JSON")


def _write(value: Any, field: str) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, int):
        return str(value)
    if isinstance(value, Decimal):
        return number_text(value, field)
    if isinstance(value, Mapping):
        members = (
            f"{json.dumps(str(key), ensure_ascii=False)}:{_write(item, f'{field}.{key}')}"
            for key, item in value.items()
        )
        return "{" + ",".join(members) + "}"
    if isinstance(value, Sequence) and not isinstance(value, bytes | bytearray):
        return "[" + ",".join(_write(item, f"{field}[{index}]") for index, item in enumerate(value)) + "]"
    raise BadInput(
        "unwritable", field=field.lstrip("."), detail=f"is {shape(value)}, expected text, a decimal or a list"
    )
