"""Which researched fact of Holded a behaviour stands for: a row of section 12 of the Holded facts, or words of another one.

A behaviour carries `@fact("12.1 bearer check")`; a test reads section 12 and fails for a row that no behaviour names, and
for a name that stands nowhere in its section.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

BEHAVIOURS: dict[str, list[str]] = {}
"""Row name -> the qualified names of the functions or classes that behave so; filled while the modules are imported."""

_T = TypeVar("_T", bound=Callable[..., Any])


def fact(*rows: str) -> Callable[[_T], _T]:
    """Register the decorated function or class under each row (`"<section> <first words of the row>"`)."""

    def register(behaviour: _T) -> _T:
        for row in rows:
            BEHAVIOURS.setdefault(row, []).append(f"{behaviour.__module__}.{behaviour.__qualname__}")
        return behaviour

    return register
