"""The budget as a plain dict that DynamoDB and JSON can hold: whole numbers, and one string for the minute's counters.

The counters are written as distances from the one before, for example `7054732800 0f12 0n2 5f40`: an item with a full
minute stays about 1 KB, which is one write unit. Version 1 counted whole seconds, from the first.
"""

from __future__ import annotations

import re
from dataclasses import fields
from itertools import accumulate
from typing import TYPE_CHECKING, Any, cast

from relay.domain.budget import Budget
from relay.domain.budget_minute import SLOT_MS
from relay.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Mapping

    from relay.domain.budget_minute import Slot

VERSION = 2
_SLOTS_A_SECOND = 1000 // SLOT_MS
LETTERS = "fnb"
_SLOT = re.compile(r"(\d{1,18})([fnb])(\d{1,18})", re.ASCII)
_BASE = re.compile(r"\d{1,18}", re.ASCII)
_PLAIN = tuple(f.name for f in fields(Budget) if f.name != "recent")
_LISTS = frozenset({"used", "turning", "unmet", "unmet_until_ms"})
_ADDED = {"rereads": 0}
"""Counters that budgets stored by an earlier release lack."""


def pack(budget: Budget) -> dict[str, Any]:
    """Integers, lists of three integers and one string. `unpack(pack(b)) == b`."""
    packed: dict[str, Any] = {"v": VERSION, "recent": _recent(budget.recent)}
    for name in _PLAIN:
        value = getattr(budget, name)
        packed[name] = list(value) if name in _LISTS else value
    return packed


def unpack(packed: Mapping[str, Any]) -> Budget:
    """Numbers may come back as `Decimal`, as DynamoDB gives them. Raises `BadInput` for anything `pack` does not write."""
    version = packed.get("v")
    if version not in (1, VERSION):
        raise BadInput("budget_unreadable", field="v", detail=f"expected version 1 or {VERSION}")
    slots = _slots(packed.get("recent"), whole_seconds=version == 1)
    if version == 1:
        slots = tuple(((second + 1) * _SLOTS_A_SECOND - 1, cls, count) for second, cls, count in slots)
    values: dict[str, Any] = {"recent": slots}
    for name in _PLAIN:
        found = packed.get(name, _ADDED.get(name))
        if name in _LISTS:
            if not isinstance(found, list) or len(found) != 3:
                raise BadInput("budget_unreadable", field=name, detail="expected a list of three whole numbers")
            values[name] = tuple(_whole(name, item) for item in found)
        else:
            values[name] = _whole(name, found)
    return Budget(**values)


def _whole(name: str, value: object) -> int:
    try:
        number = int(cast("Any", value))
    except (TypeError, ValueError, ArithmeticError):
        number = None
    if number is None or isinstance(value, str) or number != value:
        raise BadInput("budget_unreadable", field=name, detail=f"expected a whole number, got {type(value).__name__}")
    return number


def _recent(slots: tuple[Slot, ...]) -> str:
    if not slots:
        return ""
    first = slots[0][0]
    before = [first, *(slot for slot, _, _ in slots)]
    steps = (f"{slot - last}{LETTERS[cls]}{count}" for last, (slot, cls, count) in zip(before, slots, strict=False))
    return " ".join([str(first), *steps])


def _slots(text: object, *, whole_seconds: bool) -> tuple[Slot, ...]:
    if not isinstance(text, str):
        raise BadInput("budget_unreadable", field="recent", detail=f"expected text, got {type(text).__name__}")
    if not text:
        return ()
    base, *rest = text.split(" ")
    found = [_SLOT.fullmatch(item) for item in rest]
    if not _BASE.fullmatch(base) or not all(found):
        raise BadInput("budget_unreadable", field="recent", detail="expected a slot and counters like 5f40")
    steps = [int(m[1]) for m in found if m]
    far = steps if whole_seconds else list(accumulate(steps))
    return tuple((int(base) + at, LETTERS.index(m[2]), int(m[3])) for at, m in zip(far, found, strict=True) if m)
