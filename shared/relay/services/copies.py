"""The ledger's own copy of an event, while its row is unfinished, and the body of a re-read: gzipped JSON, tagged by model.

This is storage, not an interface: what other systems see is the CloudEvent of `relay.domain.wire`.
"""

from __future__ import annotations

import gzip
import json
from dataclasses import fields, replace
from functools import cache
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter

from relay.domain import models

if TYPE_CHECKING:
    from collections.abc import Mapping

_KINDS: Mapping[str, type[Any]] = {
    kind.__name__: kind
    for kind in (
        models.Order,
        models.Invoice,
        models.CreditNote,
        models.Refund,
        models.Contact,
        models.Product,
        models.Payment,
        models.Hint,
    )
}


@cache
def _adapter(kind: type[Any]) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


def dump_event(event: models.Event) -> bytes:
    content = {item.name: getattr(event, item.name) for item in fields(event) if item.name not in {"data", "time"}}
    content |= {"time": event.time.isoformat(), "kind": type(event.data).__name__, "data": dump_model(event.data)}
    return gzip.compress(json.dumps(content, separators=(",", ":")).encode(), mtime=0)


def load_event(copy: bytes) -> models.Event:
    """Raises `ValueError` for what this code no longer reads: the row's inbox item then stands for it."""
    content = json.loads(gzip.decompress(copy))
    data = _adapter(_KINDS[content.pop("kind")]).validate_python(content.pop("data"))
    event = _adapter(models.Event).validate_python(content | {"data": _PLACE})
    return replace(event, data=data)


_PLACE: Mapping[str, str] = {"object": "", "action": "", "holded_id": ""}
"""Stands for `data` while the envelope is read: the union cannot tell an order from an invoice, the tag can."""


def dump_model(data: models.Model | models.Hint) -> dict[str, Any]:
    """A model as plain JSON values; amounts are strings."""
    kind: type[Any] = type(data)
    dumped: dict[str, Any] = _adapter(kind).dump_python(data, mode="json", exclude_defaults=True)
    return dumped
