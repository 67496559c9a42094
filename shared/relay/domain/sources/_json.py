"""Read a foreign JSON body strictly: what two readers could understand differently is refused, with a named reason.

Decimals stay exact, duplicate keys, NaN, broken UTF-8, endless numbers and deep nesting are `BadInput`. Light enough for
the hot path: the standard library only.
"""

from __future__ import annotations

import json
import re
from decimal import Decimal, InvalidOperation
from typing import Any

from relay.errors import BadInput

MAX_DIGITS = 40

# Every escape of a JSON text in turn, so that an escaped backslash before `ud83d` is not taken for one.
_HEX = "[0-9a-fA-F]{2}"
_ESCAPE = re.compile(rf"\\(?:u[dD][89abAB]{_HEX}\\u[dD][c-fC-F]{_HEX}|(u[dD][89a-fA-F]{_HEX})|.)", re.DOTALL)


def loads(body: bytes) -> Any:
    """Parse the body. Half a character (a shop that cuts a name inside an emoji sends one) has no UTF-8: a control
    character stands in its place, which no text keeps and no id may hold.

    Raises:
        BadInput: `body_empty`, `body_not_utf8`, `body_not_json`, `json_duplicate_key`, `json_not_finite`,
            `json_number_too_large` or `json_too_deep`.
    """
    if not body.strip():
        raise BadInput("body_empty", detail="the body is empty, expected JSON")
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        raise BadInput("body_not_utf8", detail=f"byte {exc.start} of {len(body)} is not UTF-8") from exc
    if "\\ud" in text or "\\uD" in text:
        text = _ESCAPE.sub(lambda found: "\\u0080" if found[1] else found[0], text)
    try:
        return json.loads(
            text, object_pairs_hook=_object, parse_float=_number, parse_int=_integer, parse_constant=_constant
        )
    except RecursionError as exc:
        raise BadInput("json_too_deep", detail="the JSON is nested deeper than can be read") from exc
    except json.JSONDecodeError as exc:
        raise BadInput("body_not_json", detail=f"not JSON at character {exc.pos} of {len(text)}") from exc


def peek(body: bytes) -> Any:
    """As `loads`, but None for what cannot be read: identifying never raises."""
    try:
        return loads(body)
    except BadInput:
        return None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise BadInput("json_duplicate_key", detail="an object has the same key twice, so its meaning is not certain")
    return found


def _number(text: str) -> Decimal:
    try:
        number = Decimal(text)
    except InvalidOperation as exc:
        raise BadInput("json_number_too_large", detail=f"a number of {len(text)} characters is out of range") from exc
    if len(text) > 100 or abs(number.adjusted()) > MAX_DIGITS:
        raise BadInput("json_number_too_large", detail=f"a number of {len(text)} characters is out of range")
    return number


def _integer(text: str) -> int:
    # int() itself refuses more than 4,300 digits with a ValueError; no id or amount is near this bound.
    if len(text) > MAX_DIGITS:
        raise BadInput("json_number_too_large", detail=f"a whole number of {len(text)} digits is out of range")
    return int(text)


def _constant(name: str) -> float:
    raise BadInput("json_not_finite", detail=f"{name} is not JSON")
