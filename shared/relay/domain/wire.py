"""Unified models and events as JSON and back, and the CloudEvents on the bus.

Money is a string in JSON ("12.10"), instants are ISO 8601 with an offset, absent is null. Unknown fields are refused: a
misspelt `tax` beside `taxes` would otherwise be a wrong document.
"""

from __future__ import annotations

import json
import re
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from pydantic import ConfigDict, TypeAdapter, ValidationError

from relay.domain import models, models_company
from relay.domain.bounds import check
from relay.domain.models import Contact, CreditNote, Event, Hint, Invoice, Model, Order, Payment, Product, Refund
from relay.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Mapping

_CLASSES: Final = (
    *(models.Address, models.TaxId, models.TaxLine, models.Discount, models.Line),
    *(Contact, Product, Payment, Order, Invoice, CreditNote, Refund, Hint),
    *(
        models_company.Stage,
        models_company.Funnel,
        models_company.LeadNote,
        models_company.LeadTask,
        models_company.Lead,
    ),
    *(models_company.Project, models_company.Stock, models_company.BankMovement, models_company.LedgerEntry),
    models_company.Record,
)
for _class in _CLASSES:
    # Pydantic reads a dataclass's configuration from here; the models themselves stay free of it.
    setattr(_class, "__pydantic_config__", ConfigDict(extra="forbid"))  # noqa: B010 - the models do not declare it

RECORDS: Final = (
    *("warehouse", "treasury", "account", "tax", "calendar_event"),
    *("task", "project_time", "employee", "employee_time"),
)
"""First words of event types whose data is a plain record."""

MODEL_OF: Final[Mapping[str, type[Model]]] = {
    "order": Order,
    "refund": Refund,
    "invoice": Invoice,
    "credit_note": CreditNote,
    "contact": Contact,
    "product": Product,
    "payment": Payment,
    "stock": models_company.Stock,
    "bank_movement": models_company.BankMovement,
    "ledger_entry": models_company.LedgerEntry,
    "lead": models_company.Lead,
    "funnel": models_company.Funnel,
    "project": models_company.Project,
    **dict.fromkeys(RECORDS, models_company.Record),
}
"""The model of `data` by the first word of an event's type."""

_OF_MODEL: Final = {model: TypeAdapter[Any](model) for model in dict.fromkeys(MODEL_OF.values())}
ADAPTERS: Final[Mapping[str, TypeAdapter[Any]]] = {name: _OF_MODEL[model] for name, model in MODEL_OF.items()}
_HINT: Final[TypeAdapter[Hint]] = TypeAdapter(Hint)
_ESCAPED_HALF: Final = re.compile(
    rb"\\u[dD][89a-fA-F]"
)  # `dumps` writes characters, so only a stranger's text needs the look
SCHEMA_BASE: Final = "urn:holded-relay:schema:"


def _adapter(event_type: str) -> TypeAdapter[Any]:
    if event_type.startswith("holded."):
        return _HINT
    found = ADAPTERS.get(event_type.partition(".")[0])
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
    check(data, "data")
    return data


def dump_data(event_type: str, data: Model | Hint) -> dict[str, Any]:
    """The model as JSON-ready values: every field, absent ones as null."""
    found: dict[str, Any] = _adapter(event_type).dump_python(data, mode="json")
    return found


def to_cloudevent(event: Event) -> dict[str, Any]:
    """The event as a CloudEvents 1.0 object, the `detail` on the bus. `version`, `monotone`, `rawref`, `account` and, where there
    is one, `site` are extensions.

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
        "dataschema": SCHEMA_BASE + _schema_name(event.type),
        "account": event.account,
        "version": event.version,
        "monotone": event.monotone,
        "rawref": event.raw_ref,
        **({"site": event.site} if event.site else {}),
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
    site = detail.get("site", "")
    if not isinstance(site, str):
        raise BadInput("wrong_shape", field="site", detail="expected text")
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
        site=site,
    )


def dumps(event: Event) -> bytes:
    """The event as compact JSON, for the ledger's own copy."""
    return json.dumps(to_cloudevent(event), separators=(",", ":"), ensure_ascii=False).encode("utf-8")


def loads(text: bytes) -> Event:
    """Back from `dumps`.

    Raises:
        BadInput: the text is not what `dumps` wrote.
    """
    detail = parsed(text)
    if not isinstance(detail, dict):
        raise BadInput("wrong_shape", field="event", detail="expected an object")
    return from_cloudevent(detail)


def parsed(text: bytes) -> Any:
    """The JSON of one or more events, which can be written again.

    Raises:
        BadInput: `wrong_shape`.
    """
    try:
        value = json.loads(text)
        if _ESCAPED_HALF.search(text):
            json.dumps(value, ensure_ascii=False).encode("utf-8")
    except (ValueError, RecursionError):
        raise BadInput("wrong_shape", field="event", detail="not JSON, or with half a character") from None
    return value


def _schema_name(event_type: str) -> str:
    return "hint" if event_type.startswith("holded.") else event_type.partition(".")[0]
