"""The bus: CloudEvents as entries of PutEvents, in batches, with the refused ones told by their index."""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, Any

from relay.adapters._calls import call
from relay.errors import BadInput, Unavailable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mypy_boto3_events import EventBridgeClient

    from relay.adapters.s3_bodies import S3Bodies

BATCH_ENTRIES = 10
REQUEST_BYTES = 1_000_000
"""All entries of a request stay below 1 MB: https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html"""
ENTRY_BYTES = 960_000
"""Room for the envelope that EventBridge adds before a target of its own 1 MB limit."""
_TIME_BYTES = 14  # counted so whatever its text: the user guide, "Calculating PutEvents event entry size"


class EventBridgeBus:
    """`relay.ports.queues.Bus`. `bodies` takes the `data` of an event that is over the bus's limit."""

    def __init__(self, *, client: EventBridgeClient, bus_name: str, bodies: S3Bodies) -> None:
        self._client = client
        self._bus_name = bus_name
        self._bodies = bodies

    async def publish(self, entries: Sequence[Mapping[str, Any]]) -> Sequence[int]:
        """See the port. An entry is a CloudEvent: `source` and `type` become the bus's, the whole becomes `detail`.

        Data over the limit goes to the bucket and the event carries `dataref` instead, as in
        https://github.com/cloudevents/spec/blob/main/cloudevents/extensions/dataref.md
        A batch that was not answered counts as refused: it may be on the bus, and subscribers deduplicate.
        """
        prepared = [await self._prepare(entry) for entry in entries]
        refused: list[int] = []
        for batch in _batches([_size(each) for each in prepared]):
            try:
                answer = await call(self._client.put_events, Entries=[prepared[at] for at in batch])
            except Unavailable:
                refused += batch
                continue
            results = answer["Entries"]
            refused += [at for at, result in zip(batch, results, strict=True) if "EventId" not in result]
        return refused

    async def put_large(self, account: str, event_id: str, data: Any) -> str:
        """Store an event's data; returns its `dataref`."""
        key = await self._bodies.put(account, "events", event_id, body=_text(data).encode())
        return f"s3://{self._bodies.bucket}/{key}"

    async def _prepare(self, event: Mapping[str, Any]) -> Any:
        entry = self._entry(event)
        if _size(entry) <= ENTRY_BYTES:
            return entry
        dataref = await self.put_large(event["account"], event["id"], event["data"])
        entry = self._entry({name: value for name, value in event.items() if name != "data"} | {"dataref": dataref})
        if _size(entry) > ENTRY_BYTES:
            detail = f"{_size(entry)} bytes without data, expected at most {ENTRY_BYTES}"
            raise BadInput("event_too_large", field="detail", detail=detail)
        return entry

    def _entry(self, event: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "EventBusName": self._bus_name,
            "Source": event["source"],
            "DetailType": event["type"],
            "Time": datetime.fromisoformat(event["time"]),
            "Detail": _text(event),
        }


def _text(value: Any) -> str:
    """JSON as UTF-8 can hold it: a lone surrogate, which some senders let through, becomes a question mark."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return text.encode(errors="replace").decode()


def _size(entry: Mapping[str, Any]) -> int:
    return _TIME_BYTES + sum(len(entry[name].encode()) for name in ("Source", "DetailType", "Detail"))


def _batches(sizes: Sequence[int]) -> list[list[int]]:
    """Indexes in order, ten and 1 MB at most together."""
    batches: list[list[int]] = []
    held = 0
    for at, size in enumerate(sizes):
        if not batches or len(batches[-1]) == BATCH_ENTRIES or held + size > REQUEST_BYTES:
            batches.append([])
            held = 0
        batches[-1].append(at)
        held += size
    return batches
