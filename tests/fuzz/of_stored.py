"""What is stored and comes back: events, rows, keys, states of background work."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from relay.adapters import _keys
from relay.domain import budget_pack, wire
from relay.domain.gate import new_gate
from relay.domain.ledger import Key, Row
from relay.domain.models import Event
from relay.domain.reconciling_split import of_row
from relay.domain.sources import registry
from relay.domain.sources.base import Delivery
from relay.holded.encoding import decode
from relay.holded.polled_table import POLLED
from tests.holded.polled_samples import SAMPLES

if TYPE_CHECKING:
    from relay.holded.polled import Observed, Resource

from tests.fuzz.of_sources import deliveries
from tests.fuzz.target import NOW, Target, json_of, own, parts, text_of

SEEN: dict[str, Any] = {name: sample.item for name, sample in SAMPLES.items()}
"""A good item of each resource, by its name."""


def events() -> list[bytes]:
    found = []
    for source in registry.SOURCES:
        for seed in deliveries(source)():
            topic, body = parts(seed, 2)
            delivery = Delivery("one", "acme", source, topic.decode(), {"x-shopify-topic": topic.decode()}, body, NOW)
            found += [wire.dumps(event) for event in registry.get(source).normalise(delivery).events]
    return [*found[:40], *(wire.dumps(polled_event(row, row.observe(SEEN[row.name]))) for row in POLLED)]


def polled_event(row: Resource, seen: Observed) -> Event:
    return Event(
        id="x#0",
        account="acme",
        source="holded",
        type=f"{row.model}.updated",
        subject=seen.id,
        time=NOW,
        version=1,
        monotone=False,
        data=seen.data,
        raw_ref="x",
    )


def polled_item(data: bytes) -> None:
    """The byte in front says of which resource."""
    which, body = parts(data, 2)
    row = POLLED[(which[0] if which else 0) % len(POLLED)]
    try:
        item = decode(body)
    except ValueError:
        item = text_of(body)
    seen = row.observe(item)
    event = polled_event(row, seen)
    assert wire.loads(wire.dumps(event)) == event
    assert json.loads(json.dumps(seen.matters)) == seen.matters


def polled_items() -> list[bytes]:
    items = enumerate(POLLED)
    return [bytes([at or len(POLLED), 0]) + json.dumps(SEEN[row.name]).encode() for at, row in items]


def load_event(data: bytes) -> None:
    event = wire.loads(data)
    assert wire.loads(wire.dumps(event)) == event


def unpack_budget(data: bytes) -> None:
    value = json_of(data)
    if isinstance(value, dict):
        budget = budget_pack.unpack(value)
        assert budget_pack.unpack(budget_pack.pack(budget)) == budget


def parse_key(data: bytes) -> None:
    key = Key.parse(text_of(data))
    assert Key.parse(str(key)) == key


def split_of_a_row(data: bytes) -> None:
    row = Row(key=Key.parse("a/b/c/invoice"), state="confirmed", created_ms=1, updated_ms=1, total=Decimal("121.00"))
    split = of_row(replace(row, split=text_of(data)))
    assert split is None or split.total == row.total


def key_parts(data: bytes) -> None:
    texts = [text_of(part) for part in data.split(b"\0")]
    joined = _keys.join(*texts)
    joined.encode()
    assert joined.count("#") == len(texts) - 1
    for text, part in zip(texts, joined.split("#"), strict=True):
        assert len(part.encode()) <= _keys.PART_BYTES
        assert _keys.is_hashed(part) or _keys.unpart(part) == text


TARGETS: dict[str, Target] = {
    "event": Target(run=load_event, seeds=events),
    "budget": Target(
        run=unpack_budget,
        seeds=own(budget_pack.pack(new_gate("acme", per_minute=60, per_month=1000, now_ms=1_772_442_000_000).budget)),
    ),
    "polled item": Target(run=polled_item, seeds=polled_items),
    "key": Target(run=parse_key, seeds=own(b"acme/shopify/1001/invoice", b"%2A/%2A/settlement/settle", b"a/b%/c/d")),
    "split of a row": Target(
        run=split_of_a_row, seeds=own(b"100.00;21:100.00:21.00", b"110.00;0:5.00:0.00;10:105.00:11.00")
    ),
    "key parts": Target(run=key_parts, seeds=own(b"acme\0ledger\0shopify", b"a#b%\0%~" + b"x" * 400)),
}
