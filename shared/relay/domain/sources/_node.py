"""Read fields of a foreign JSON object with their path, so that an error names the field and its shape, never its value."""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, datetime, tzinfo
from decimal import Decimal
from typing import Any

from relay.domain.bounds import LARGEST
from relay.domain.sources._currencies import ISO_4217
from relay.errors import BadInput

ID_CHARS = 200
NAME_CHARS = 250
TEXT_CHARS = 2000
_SMALLEST_EXPONENT = -15
# Python also reads "1_000" and other scripts' digits as numbers; no sender writes them.
_NUMBER = re.compile(r"\s*[+-]?([0-9]{1,30}(\.[0-9]{0,30})?|\.[0-9]{1,30})([eE][+-]?[0-9]{1,2})?\s*")
_BIDI = re.compile("[\u202a-\u202e\u2066-\u2069\ud800-\udfff]")  # may reorder what a person reads; cannot be encoded


def clean(text: str, limit: int = NAME_CHARS) -> str | None:
    """One line of text as it may stand in an ERP: HTML and formulas stay text, control characters go, long ones are cut."""
    spaced = " ".join(text.split())
    if not spaced.isprintable():  # nearly all text is
        spaced = "".join(char for char in _BIDI.sub("", spaced) if unicodedata.category(char) != "Cc")
    return spaced[:limit].strip() or None


def whole(text: str, path: str, limit: int) -> str | None:
    """A text that names something: as it stands, or refused; None for an empty one."""
    kept = clean(text, limit)
    if kept is not None and kept != text:
        detail = f"{shape(text)}, expected an id: one line, at most {limit}, no control characters, no doubled blanks"
        raise BadInput("wrong_shape", field=path, detail=detail)
    return kept


def shape(value: Any) -> str:
    """What a value looks like, without telling it."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true or false"
    if isinstance(value, int | float | Decimal):
        return "a number"
    if isinstance(value, str):
        return f"text of {len(value)} characters"
    if isinstance(value, list):
        return f"a list of {len(value)}"
    return "an object"


class Node:
    """An object of the body. Readers give None for absent, null and empty; a wrong shape raises `BadInput`."""

    __slots__ = ("path", "value")

    def __init__(self, value: Any, path: str = "") -> None:
        if not isinstance(value, dict):
            raise BadInput("wrong_shape", field=path or "body", detail=f"{shape(value)}, expected an object")
        self.value: dict[str, Any] = value
        self.path = path

    def at(self, key: str) -> str:
        return f"{self.path}.{key}" if self.path else key

    def wrong(self, reason: str, key: str, expected: str) -> BadInput:
        return BadInput(reason, field=self.at(key), detail=f"{shape(self.value.get(key))}, expected {expected}")

    def child(self, key: str) -> Node:
        """The object under `key`; an empty one when absent or not an object (an id that was not expanded)."""
        value = self.value.get(key)
        return Node(value if isinstance(value, dict) else {}, self.at(key))

    def children(self, key: str) -> list[Node]:
        """The objects of the list under `key`; a listing `{"data": [...]}` counts as its list."""
        value = self.value.get(key)
        if isinstance(value, dict) and isinstance(value.get("data"), list):
            value = value["data"]
        if value is None or value in ({}, ""):
            return []
        if not isinstance(value, list):
            raise self.wrong("wrong_shape", key, "a list")
        return [Node(one, f"{self.at(key)}[{place}]") for place, one in enumerate(value)]

    def text(self, key: str, limit: int = NAME_CHARS) -> str | None:
        value = self.value.get(key)
        if isinstance(value, str):
            return clean(value, limit)
        if isinstance(value, int | Decimal) and not isinstance(value, bool):
            return str(value)
        return None

    def ident(self, key: str) -> str | None:
        """An id as text; 0 and empty mean none. An object that was expanded gives its own `id`.

        Raises:
            BadInput: `wrong_shape` for one that is not kept as it is: two that differ only there would be one fact.
        """
        value = self.value.get(key)
        if isinstance(value, dict):
            value = value.get("id")
        if isinstance(value, bool) or not isinstance(value, int | str) or value in (0, "0"):
            return None
        return whole(str(value), self.at(key), ID_CHARS)

    def need_ident(self, key: str) -> str:
        found = self.ident(key)
        if found is None:
            raise self.wrong("missing_field", key, "an id")
        return found

    def number(self, key: str) -> Decimal | None:
        value = self.value.get(key)
        if value is None or (isinstance(value, str) and not value.strip()):
            return None
        if isinstance(value, bool) or not isinstance(value, int | str | Decimal):
            raise self.wrong("wrong_shape", key, "a number")
        if isinstance(value, str) and not _NUMBER.fullmatch(value):
            raise self.wrong("not_a_number", key, "a number")
        number = Decimal(value)
        if abs(number) >= LARGEST or (number and number.adjusted() < _SMALLEST_EXPONENT):
            raise self.wrong("number_out_of_range", key, "an amount below 10^13")
        return number

    def need_number(self, key: str) -> Decimal:
        found = self.number(key)
        if found is None:
            raise self.wrong("missing_field", key, "a number")
        return found

    def flag(self, key: str) -> bool | None:
        value = self.value.get(key)
        return value if isinstance(value, bool) else None

    def currency(self, key: str) -> str:
        value = self.value.get(key)
        code = value.strip().upper() if isinstance(value, str) else ""
        if not code:
            raise self.wrong("missing_currency", key, "an ISO 4217 code")
        if code not in ISO_4217:
            raise self.wrong("unknown_currency", key, "an ISO 4217 code")
        return code

    def country(self, key: str) -> str | None:
        return country_code(self.value.get(key))

    def instant(self, key: str, naive: tzinfo = UTC) -> datetime | None:
        """An ISO 8601 instant; one without offset is read in `naive`."""
        value = self.value.get(key)
        if not isinstance(value, str) or not value.strip():
            return None
        try:
            at = datetime.fromisoformat(value.strip())
            return (at if at.tzinfo else at.replace(tzinfo=naive)).astimezone(UTC)
        except (ValueError, OverflowError) as exc:
            raise self.wrong("not_a_date", key, "an ISO 8601 instant") from exc

    def epoch(self, key: str) -> datetime | None:
        """Unix seconds; 0 means none."""
        value = self.value.get(key)
        if isinstance(value, bool) or not isinstance(value, int) or not value:
            return None
        try:
            return datetime.fromtimestamp(value, UTC)
        except (ValueError, OverflowError, OSError) as exc:
            raise self.wrong("not_a_date", key, "unix seconds") from exc

    def pairs(self, key: str, name: str = "name") -> dict[str, str]:
        """A list of named texts (`note_attributes`, `meta_data`) or a plain object (`metadata`) as a mapping of texts."""
        found = self.value.get(key)
        rows = [Node({name: one, "value": found[one]}) for one in found] if isinstance(found, dict) else []
        if isinstance(found, list):
            rows = [Node(one) for one in found if isinstance(one, dict)]
        texts = ((row.text(name, 100), row.text("value", 500)) for row in rows)
        return {one: text for one, text in texts if one and text}


def country_code(value: Any) -> str | None:
    """ISO 3166-1 alpha-2, upper case; VAT's own letters (EL, UK) become the country's."""
    code = value.strip().upper() if isinstance(value, str) else ""
    code = {"EL": "GR", "UK": "GB"}.get(code, code)
    return code if len(code) == 2 and code.isascii() and code.isalpha() else None


def first(*values: str | None) -> str | None:
    """The first that is there."""
    return next((value for value in values if value), None)
