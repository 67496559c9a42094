"""Which settings a change touches, told for the change log: that log outlives an erasure, so it shows no free text.

What the schema itself spells (a policy's word, a number, yes or no) is shown; of names and tables only a digest, which
tells one content from another.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from relay.domain.settings import dump_settings, parse_settings
from relay.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_FREE_TEXT = frozenset({"policy.anonymous_name", "policy.invalid_tax_id_field"})
_SPELT = ("policy.", "builtin_tax_rules")
_DIGITS = 8


def changed_settings(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[list[str], list[str]]:
    """`policy.finish=draft` of every setting that differs, as it was and as it is; a default that is left out is the default."""
    old, new = (dict(_leaves(_whole(one))) for one in (before, after))
    paths = [path for path in dict.fromkeys([*old, *new]) if old.get(path) != new.get(path)]
    return [told(path, old.get(path)) for path in paths], [told(path, new.get(path)) for path in paths]


def _whole(raw: Mapping[str, Any]) -> Mapping[str, Any]:
    try:
        return dump_settings(parse_settings(raw))
    except BadInput:  # another release stored them
        return raw


def _leaves(value: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    """Whole tables, not their rows: a row that moved is no more than a table that changed."""
    for name, one in value.items():
        path = f"{above}{name}"
        if path in {"policy", "tables"} and isinstance(one, dict):
            yield from _leaves(one, f"{path}.")
        else:
            yield path, one


def told(path: str, value: Any) -> str:
    """`path=value`, the value as the schema spells it or as a digest."""
    if path.startswith(_SPELT) and path not in _FREE_TEXT and not isinstance(value, list | dict):
        words = {None: "none", True: "yes", False: "no"}
        return f"{path}={words.get(value, value)}"
    if not value:
        return f"{path}=none"
    digest = hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:_DIGITS]
    return f"{path}=#{digest}"
