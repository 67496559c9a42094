"""Write the JSON Schemas of the unified events into a folder (`docs/schemas/`)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from relay.domain import wire_schemas

if TYPE_CHECKING:
    from pathlib import Path


def write_schemas(folder: Path) -> list[Path]:
    """One `<name>.json` a schema; returns the files, sorted. Files of schemas that are gone are left to git to show."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, schema in sorted(wire_schemas.schemas().items()):
        path = folder / f"{name}.json"
        path.write_text(rendered(schema), encoding="utf-8")
        written.append(path)
    return written


def rendered(schema: object) -> str:
    """The text of a schema file."""
    return json.dumps(schema, indent=2, ensure_ascii=False, sort_keys=True) + "\n"
