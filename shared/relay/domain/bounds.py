"""What every value of a unified model keeps to, whether it was read or reckoned (a price times a quantity)."""

from __future__ import annotations

import dataclasses
from datetime import datetime
from decimal import Decimal
from functools import cache
from typing import Any, Final

from relay.errors import BadInput

LARGEST: Final = Decimal(10) ** 13
"""Amounts lie below it, so that sums of them stay exact."""
_UNBOUNDED = (str, int, type(None))
"""Most fields are of these types, and keep to everything."""


def check(value: Any, path: str) -> None:
    """Raises `BadInput`: `number_out_of_range` or `date_without_offset`, naming the first field that is wrong."""
    # `abs` would reckon, and overflow where an exponent is absurd.
    if isinstance(value, Decimal) and not (value.is_finite() and value.copy_abs() < LARGEST):
        raise BadInput("number_out_of_range", field=path, detail="expected an amount below 10^13")
    if isinstance(value, datetime) and value.tzinfo is None:
        raise BadInput("date_without_offset", field=path, detail="an instant without offset, expected one such as Z")
    if isinstance(value, tuple):
        for place, item in enumerate(value):
            check(item, f"{path}[{place}]")
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        for name in _names(type(value)):
            inner = getattr(value, name)
            if not isinstance(inner, _UNBOUNDED):
                check(inner, f"{path}.{name}")


@cache
def _names(model: type[Any]) -> tuple[str, ...]:
    return tuple(one.name for one in dataclasses.fields(model))
