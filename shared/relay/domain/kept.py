"""What a snapshot keeps of an object: of one that people pasted pictures into, without what is largest of it.

An item of the table holds 400 KB. An object that did not fit would stop the list it stands in, for ever; what is left out
here is missing from its deletion alone, because an event of what is seen carries all of it.
"""

from __future__ import annotations

from dataclasses import MISSING, fields
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from relay.domain.models import Model

MOST_KEPT = 24 * 1024
"""Characters. Each is twelve bytes at most as JSON, and there are few of those."""
_LONGEST = 1000
"""Characters that are left of a text without which the model would be none."""


def kept_of(data: Mapping[str, Any], model: type[Model]) -> dict[str, Any]:
    """`data`, a model's JSON, without its largest fields where it is too large: the model still reads it."""
    kept = dict(data)
    if len(str(kept)) <= MOST_KEPT:
        return kept
    needed = {one.name for one in fields(model) if one.default is MISSING and one.default_factory is MISSING}
    sizes = {name: len(str(value)) for name, value in kept.items()}
    for name in sorted(sizes, key=sizes.__getitem__, reverse=True):
        if len(str(kept)) <= MOST_KEPT:
            break
        if name not in needed:
            del kept[name]
        elif isinstance(kept[name], str):
            kept[name] = kept[name][:_LONGEST]
    return kept
