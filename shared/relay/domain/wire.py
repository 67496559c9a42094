"""Unified models and events as JSON and back, the CloudEvents on the bus, and the JSON Schemas of `docs/schemas/`.

Money is a string in JSON ("12.10"), instants are ISO 8601 with an offset, absent is null. Unknown fields are refused: a
misspelt `tax` beside `taxes` would otherwise be a wrong document.
"""

from __future__ import annotations

import dataclasses
import json
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final, Literal

from pydantic import ConfigDict, TypeAdapter, ValidationError

from relay.domain import models
from relay.domain.models import Contact, CreditNote, Event, Hint, Invoice, Model, Order, Payment, Product, Refund
from relay.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Mapping

_CLASSES: Final = (
    *(models.Address, models.TaxId, models.TaxLine, models.Discount, models.Line),
    *(Contact, Product, Payment, Order, Invoice, CreditNote, Refund, Hint),
)
for _class in _CLASSES:
    # Pydantic reads a dataclass's configuration from here; the models themselves stay free of it.
    setattr(_class, "__pydantic_config__", ConfigDict(extra="forbid"))  # noqa: B010 - the models do not declare it

MODEL_OF: Final[Mapping[str, type[Model]]] = {
    "order": Order,
    "refund": Refund,
    "invoice": Invoice,
    "credit_note": CreditNote,
    "contact": Contact,
    "product": Product,
    "payment": Payment,
}
"""The model of `data` by the first word of an event's type."""

_ADAPTERS: Final[Mapping[str, TypeAdapter[Any]]] = {name: TypeAdapter(model) for name, model in MODEL_OF.items()}
_HINT: Final[TypeAdapter[Hint]] = TypeAdapter(Hint)
_LARGEST: Final = Decimal(10) ** 13
_SCHEMA_BASE: Final = "urn:holded-relay:schema:"


def _adapter(event_type: str) -> TypeAdapter[Any]:
    if event_type.startswith("holded."):
        return _HINT
    found = _ADAPTERS.get(event_type.partition(".")[0])
    if found is None:
        raise BadInput("unknown_type", field="type", detail="the type's first word names no unified model")
    return found


def parse_data(event_type: str, value: Any) -> Any:
    """The unified model of an event's `data` from parsed JSON.

    Raises:
        BadInput: `wrong_shape`, naming the first field that is wrong; `number_out_of_range`; `date_without_offset`.
    """
    if not isinstance(value, dict):
        raise BadInput("wrong_shape", field="data", detail="expected an object")
    try:
        data = _adapter(event_type).validate_python(value)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False, include_context=False)[0]
        path = ".".join(str(part) for part in ("data", *first["loc"]))
        more = f" (and {error.error_count() - 1} more)" if error.error_count() > 1 else ""
        raise BadInput("wrong_shape", field=path[:200], detail=f"{first['type'].replace('_', ' ')}{more}") from None
    _check(data, "data")
    return data


def _check(value: Any, path: str) -> None:
    if isinstance(value, Decimal) and abs(value) >= _LARGEST:
        raise BadInput("number_out_of_range", field=path, detail="expected an amount below 10^13")
    if isinstance(value, datetime) and value.tzinfo is None:
        raise BadInput("date_without_offset", field=path, detail="an instant without offset, expected one such as Z")
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        for one in dataclasses.fields(value):
            _check(getattr(value, one.name), f"{path}.{one.name}")
    elif isinstance(value, tuple):
        for place, item in enumerate(value):
            _check(item, f"{path}[{place}]")


def dump_data(event_type: str, data: Model | Hint) -> dict[str, Any]:
    """The model as JSON-ready values: every field, absent ones as null."""
    found: dict[str, Any] = _adapter(event_type).dump_python(data, mode="json")
    return found


def to_cloudevent(event: Event) -> dict[str, Any]:
    """The event as a CloudEvents 1.0 object, the `detail` on the bus. `version`, `monotone`, `rawref` and `account` are extensions.

    https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/spec.md
    """
    return {
        "specversion": "1.0",
        "id": event.id,
        "source": f"relay.{event.source}",
        "type": event.type,
        "subject": event.subject,
        "time": event.time.isoformat(),
        "datacontenttype": "application/json",
        "dataschema": _SCHEMA_BASE + _schema_name(event.type),
        "account": event.account,
        "version": event.version,
        "monotone": event.monotone,
        "rawref": event.raw_ref,
        "data": dump_data(event.type, event.data),
    }


def from_cloudevent(detail: Mapping[str, Any]) -> Event:
    """Back from `to_cloudevent`.

    Raises:
        BadInput: `wrong_shape`, naming the field.
    """
    texts = {}
    for key in ("id", "source", "type", "subject", "time", "account", "rawref"):
        value = detail.get(key)
        if not isinstance(value, str):
            raise BadInput("wrong_shape", field=key, detail="expected text")
        texts[key] = value
    version, monotone = detail.get("version"), detail.get("monotone")
    if not isinstance(version, int) or not isinstance(monotone, bool):
        raise BadInput("wrong_shape", field="version", detail="expected a whole number, and `monotone` true or false")
    try:
        time = datetime.fromisoformat(texts["time"])
    except ValueError:
        raise BadInput("wrong_shape", field="time", detail="expected an ISO 8601 instant") from None
    return Event(
        id=texts["id"],
        account=texts["account"],
        source=texts["source"].removeprefix("relay."),
        type=texts["type"],
        subject=texts["subject"],
        time=time,
        version=version,
        monotone=monotone,
        data=parse_data(texts["type"], detail.get("data")),
        raw_ref=texts["rawref"],
    )


def dumps(event: Event) -> bytes:
    """The event as compact JSON, for the ledger's own copy."""
    return json.dumps(to_cloudevent(event), separators=(",", ":"), ensure_ascii=False).encode("utf-8")


def loads(text: bytes) -> Event:
    """Back from `dumps`.

    Raises:
        BadInput: the text is not what `dumps` wrote.
    """
    try:
        detail = json.loads(text)
    except ValueError:
        raise BadInput("wrong_shape", field="event", detail="not JSON") from None
    if not isinstance(detail, dict):
        raise BadInput("wrong_shape", field="event", detail="expected an object")
    return from_cloudevent(detail)


def _schema_name(event_type: str) -> str:
    return "hint" if event_type.startswith("holded.") else event_type.partition(".")[0]


def schemas() -> dict[str, dict[str, Any]]:
    """JSON Schema 2020-12 by file name: every unified model, `event` (what a sender may post), `cloudevent` (the bus)."""
    adapters: list[tuple[str, Literal["validation"], TypeAdapter[Any]]] = [
        (name, "validation", adapter) for name, adapter in _ADAPTERS.items()
    ]
    refs, shared = TypeAdapter.json_schemas(adapters)
    of_model = {name: _titled(name, adapter.json_schema()) for name, adapter in _ADAPTERS.items()}
    data = {name: refs[(name, "validation")] for name in _ADAPTERS}
    return {
        **of_model,
        "event": _event_schema("event", data, shared["$defs"], _POSTED, ["type", "data"]),
        "cloudevent": _event_schema("cloudevent", data, shared["$defs"], _ON_THE_BUS, [*_ON_THE_BUS, "data"]),
    }


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
}


def _titled(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": _SCHEMA_BASE + name, **schema}


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
