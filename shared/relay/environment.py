"""Reads a function's settings from its environment: one frozen dataclass a function, its fields the keys in lower case."""

from __future__ import annotations

from dataclasses import MISSING, fields
from typing import TYPE_CHECKING, Any, TypeVar

from relay.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

S = TypeVar("S")

# Annotations are text (`from __future__ import annotations`), so the table is keyed by their spelling.
_READ: Mapping[str, Callable[[str], Any]] = {"str": str, "int": int}


def read_settings(kind: type[S], environ: Mapping[str, str]) -> S:
    """Make `kind` from `environ`. A field with a default may be missing; an empty value counts as missing.

    Raises `BadInput` naming the key: `setting_missing`, or `setting_malformed` where an `int` is expected.
    """
    values: dict[str, Any] = {}
    for field in fields(kind):  # type: ignore[arg-type]  # a dataclass by contract
        key = field.name.upper()
        text = environ.get(key, "")
        if text:
            values[field.name] = _read(key, str(field.type), text)
        elif field.default is MISSING:
            raise BadInput("setting_missing", field=key, detail="not in the environment; expected the deployed value")
    return kind(**values)


def _read(key: str, spelling: str, text: str) -> Any:
    try:
        return _READ[spelling](text)
    except ValueError as exc:
        raise BadInput("setting_malformed", field=key, detail=f"{len(text)} characters; expected {spelling}") from exc
