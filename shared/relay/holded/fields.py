"""Reading fields of a reply: tolerant of absence, strict about kind.

Holded leaves fields out, sends null or `""`, a number for a postal code and `0` for an empty sku (Holded facts 3.3, 4.1):
all of that is read. A value of a kind nobody has seen is `BadInput`, because guessing would hide a change of the API.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from relay.errors import BadInput
from relay.holded.formats import decimal_of, unreadable

if TYPE_CHECKING:
    from collections.abc import Mapping

_GROUPED = re.compile(r"[+-]?[0-9]{1,3}([.,])[0-9]{3}(\1[0-9]{3})*")
_WORDS = {"yes": True, "sí": True, "si": True, "true": True, "no": False, "false": False}


def record(value: Any, field: str = "") -> Mapping[str, Any]:
    """The value as an object."""
    if not isinstance(value, dict):
        raise unreadable(field or "reply", value, "an object")
    return value


def text(source: Mapping[str, Any], name: str) -> str | None:
    """A text; numbers are taken as written, `""` and null are None."""
    value = source.get(name)
    if value is None or value == "":
        return None
    if isinstance(value, str):
        return value
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        return str(value)
    raise unreadable(name, value, "text")


def required(source: Mapping[str, Any], name: str) -> str:
    """A text that must be there: an id."""
    value = text(source, name)
    if value is None:
        raise unreadable(name, source.get(name), "an id")
    return value


def id_of(item: Any) -> str:
    """The id of an item that cannot be read otherwise; empty where even that is not told."""
    try:
        return required(record(item), "id")
    except BadInput:
        return ""


def reference(source: Mapping[str, Any], name: str) -> str | None:
    """An id of something else; v1 writes `0` where there is none."""
    value = text(source, name)
    return None if value == "0" else value


def number(source: Mapping[str, Any], name: str) -> Decimal | None:
    return decimal_of(source.get(name), name)


def whole(source: Mapping[str, Any], name: str) -> int | None:
    """A number without decimals in any style: `1.064` is grouped. One with a fraction is refused, never cut off."""
    value = source.get(name)
    if isinstance(value, str) and _GROUPED.fullmatch(value.strip()):
        value = re.sub("[.,]", "", value)
    found = decimal_of(value, name)
    if found is not None and found != found.to_integral_value():
        raise unreadable(name, value, "a whole number")
    return None if found is None else int(found)


def flag(source: Mapping[str, Any], name: str) -> bool | None:
    """A yes or no; v1 writes 1, 0, "1" and the words (Holded facts 3.2, 4.1), which follow a language."""
    value = source.get(name)
    if value is None or value == "":
        return None
    if isinstance(value, bool):
        return value
    if value in (0, 1, "0", "1"):
        return value in (1, "1")
    if isinstance(value, str) and value.strip().casefold() in _WORDS:
        return _WORDS[value.strip().casefold()]
    raise unreadable(name, value, "true or false")


def texts(source: Mapping[str, Any], name: str) -> tuple[str, ...]:
    """A list of texts, also one that is given bare; null, missing and `""` are empty."""
    value = source.get(name)
    if value is None or value == "":
        return ()
    if isinstance(value, str):
        return (value,)
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise unreadable(name, value, "a list of texts")
    return tuple(value)


def records(source: Mapping[str, Any], name: str) -> tuple[Mapping[str, Any], ...]:
    """A list of objects; null, missing and `""` are empty."""
    value = source.get(name)
    if value is None or value == "":
        return ()
    if not isinstance(value, list):
        raise unreadable(name, value, "a list")
    return tuple(record(item, name) for item in value)


def pairs(source: Mapping[str, Any], name: str) -> tuple[tuple[str, str], ...]:
    """Custom fields as Holded reads them out: `[{"field": ..., "value": ...}]`."""
    found = []
    for item in records(source, name):
        key = text(item, "field")
        if key is not None:
            found.append((key, text(item, "value") or ""))
    return tuple(found)
