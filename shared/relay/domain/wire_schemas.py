"""The JSON Schemas of `docs/schemas/`, generated from the unified models."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal, get_args

from pydantic import TypeAdapter

from relay.domain.models import Written
from relay.domain.wire import ADAPTERS, MODEL_OF, SCHEMA_BASE

if TYPE_CHECKING:
    from collections.abc import Mapping


def schemas() -> dict[str, dict[str, Any]]:
    """JSON Schema 2020-12 by file name: every unified model, `event` (what a sender may post), `cloudevent` (the bus)."""
    data, defs = _referred(ADAPTERS)
    posted = {name: adapter for name, adapter in ADAPTERS.items() if MODEL_OF[name] in get_args(Written)}
    return {
        **{name: _titled(name, adapter.json_schema()) for name, adapter in ADAPTERS.items()},
        "event": _event_schema("event", *_referred(posted), _POSTED, ["type", "data"]),
        "cloudevent": _event_schema(
            "cloudevent", data, defs, _ON_THE_BUS, [*(name for name in _ON_THE_BUS if name != "site"), "data"]
        ),
    }


def _referred(adapters: Mapping[str, TypeAdapter[Any]]) -> tuple[dict[str, Any], Any]:
    """A reference to each model by its name, and the definitions they refer to."""
    named: list[tuple[str, Literal["validation"], TypeAdapter[Any]]] = [
        (name, "validation", adapter) for name, adapter in adapters.items()
    ]
    refs, shared = TypeAdapter.json_schemas(named)
    return {name: refs[(name, "validation")] for name in adapters}, shared["$defs"]


_TEXT: Final = {"type": "string", "minLength": 1}
_POSTED: Final[Mapping[str, Any]] = {
    "type": {**_TEXT, "description": "`<object>.<verb in the past>`, such as order.paid"},
    "subject": {**_TEXT, "description": "The object's id at the sender; `data.id` unless told"},
    "time": {**_TEXT, "format": "date-time", "description": "When it happened; the delivery's instant unless told"},
    "version": {"type": "integer", "minimum": 0, "description": "Grows with the object; `time` in ms unless told"},
    "account": {**_TEXT, "description": "If told, it must be the account it is posted to"},
}
_ON_THE_BUS: Final[Mapping[str, Any]] = {
    "specversion": {"const": "1.0"},
    "id": {**_TEXT, "description": "Stable over redeliveries: deduplicate on it"},
    "source": {**_TEXT, "description": "`relay.<source>`"},
    "type": _POSTED["type"],
    "subject": {**_TEXT, "description": "The source's object id"},
    "time": {**_TEXT, "format": "date-time"},
    "datacontenttype": {"const": "application/json"},
    "dataschema": _TEXT,
    "account": _TEXT,
    "version": {"type": "integer", "minimum": 0, "description": "Grows with the object; compare only `updated` events"},
    "monotone": {"type": "boolean", "description": "A fact that no later event takes back"},
    "rawref": {**_TEXT, "description": "The inbox id of the raw delivery"},
    "site": {**_TEXT, "description": "The shop, where the object's id is a number of each shop's own (WooCommerce)"},
}


def _titled(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": SCHEMA_BASE + name, **schema}


def _event_schema(
    name: str, data: Mapping[str, Any], defs: Any, properties: Mapping[str, Any], required: list[str]
) -> dict[str, Any]:
    """`data` is chosen by the first word of `type`."""
    choices = [
        {
            "if": {"properties": {"type": {"pattern": f"^{word}\\."}}, "required": ["type"]},
            "then": {"properties": {"data": dict(schema)}},
        }
        for word, schema in data.items()
    ]
    body = {
        "title": name,
        "type": "object",
        "properties": {**properties, "data": {"type": "object"}},
        "required": required,
        "allOf": choices,
        "$defs": defs,
    }
    return _titled(name, body)
