"""Copies and states that rows and items keep, and what is read of them; most are gzipped JSON (`relay.domain.packed`)."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from relay.adapters import _json
from relay.domain import polling, reconciled_summary, reconciling_series, replay, silence, wire
from relay.domain.packed import gunzipped, gzipped
from relay.domain.reconciling import Series
from relay.domain.sources import reread
from relay.domain.sources.base import Delivery
from relay.errors import RelayError
from relay.holded import polled_requests
from relay.holded.encoding import decode
from relay.services.job import pack_event, unpack_event
from tests.fuzz.of_stored import POLLED, SEEN, events, polled_event
from tests.fuzz.target import NOW, Target, json_of, own, parts, text_of

if TYPE_CHECKING:
    from collections.abc import Callable

NOW_MS = round(NOW.timestamp() * 1000)


def packed(use: Callable[[bytes], object]) -> Callable[[bytes], None]:
    """The bytes as they are, for what is damaged; and gzipped, for what somebody else packed."""

    def run(data: bytes) -> None:
        for kept in (data, gzipped(data)):
            try:
                use(kept)
            except RelayError:
                continue

    return run


def both(*texts: bytes) -> list[bytes]:
    return [*texts, *map(gzipped, texts)]


def copy_of_an_event(kept: bytes) -> None:
    event = unpack_event(kept)
    assert unpack_event(pack_event(event)) == event


def part_of_a_replay(kept: bytes) -> None:
    part = replay.unpack(kept)
    assert replay.unpack(replay.pack(part)) == part
    replay.summary(part.done)


def night(kept: bytes) -> None:
    assert isinstance(reconciled_summary.unpack(kept)["differences"], list)


def item(kept: bytes) -> None:
    value = _json.unpack(kept)
    again = _json.pack(value, field="x")
    assert _json.pack(_json.unpack(again), field="x") == again


def polling_state(data: bytes) -> None:
    state = polling.from_json("acme", 1, json_of(data))
    assert all(isinstance(course, polling.Course) for course in state.courses.values())


def polling_states() -> list[bytes]:
    running = polling.Pass(kind="full", started_ms=NOW_MS, cursor="x")
    course = polling.Course(due_ms=1, full_due_ms=2, joined={"a": 1}, running=running)
    state = polling.Polling(
        account="acme", courses={"invoice": course, "contact": polling.Course(due_ms=1, full_due_ms=2)}
    )
    return [json.dumps(polling.to_json(state)).encode()]


def habits(data: bytes) -> None:
    value = json_of(data)
    found = silence.from_fields(value if isinstance(value, dict) else {})
    assert silence.from_fields(silence.to_fields(found)) == found
    silence.judge(silence.learned(found, {}, now_ms=NOW_MS), last_ms=NOW_MS - 1, now_ms=NOW_MS)


def series_number(data: bytes) -> None:
    """The first part is the number, the others are the account's formats."""
    number, *formats = map(text_of, data.split(b"\0"))
    series = [Series(doc_type="invoice", format=each) for each in formats]
    found = reconciling_series.read(number, series, "invoice")
    assert found is None or number.startswith(str(found))


def seen_in_holded(data: bytes) -> None:
    topic, body = parts(data, 2)
    delivery = Delivery("one", "acme", "holded", f"reread.{text_of(topic)}", {}, body, NOW)
    found = reread.normalise(delivery)
    assert found.events or found.ignored
    for event in found.events:
        assert wire.loads(wire.dumps(event)) == event


def rereads() -> list[bytes]:
    told = [polled_event(row, row.observe(SEEN[row.name])) for row in POLLED]
    deliveries = [reread.delivery_of(some, kind="x", received_at=NOW) for some in (told[:1], told[:2])]
    return [b"x\0" + delivery.body for delivery in deliveries]


def polled_page(data: bytes) -> None:
    """A page of a list, whatever Holded makes of it: the byte in front says of which resource."""
    which, body = parts(data, 2)
    row = POLLED[(which[0] if which else 0) % len(POLLED)]
    try:
        value: Any = decode(body)
    except ValueError:
        value = text_of(body)
    queries = polled_requests.lists_of(row, full=True, started_ms=NOW_MS, last_ms=0)
    items = polled_requests.page(row, queries[0], cursor="", parent="x").reads(value).items
    seen, unread, nameless = polled_requests.observed(row, items, query=queries[0], parent="x")
    assert len(seen) + len(unread) + nameless <= len(items)
    for each in seen:
        assert json.loads(json.dumps(each.matters)) == each.matters


def polled_pages() -> list[bytes]:
    return [
        bytes([at or len(POLLED), 0]) + json.dumps({"items": [SEEN[row.name], {"id": "x"}, 7]}).encode()
        for at, row in enumerate(POLLED)
    ]


PART = replay.Part(of=2, todo=("one#0", "two"), done=(("three#0", "already done: F250012"),), rate=60)
HABITS = silence.Habits(rates=(1.5,) * silence.HOURS, hours=2000, until_ms=NOW_MS - 30 * 3600_000)
NIGHT = {
    "account": "acme",
    "open": 1,
    "at": (NOW - timedelta(hours=5)).isoformat(),
    "differences": [{"class": "extra"}],
}
MIXED = {"total": {"$decimal": "12.10"}, "lines": [{"$decimal": "1E+3"}, None, "ñ"]}

TARGETS: dict[str, Target] = {
    "event of a row": Target(run=packed(copy_of_an_event), seeds=lambda: both(*events()[:10])),
    "part of a replay": Target(
        run=packed(part_of_a_replay), seeds=lambda: [replay.pack(PART), *both(gunzipped(replay.pack(PART)))]
    ),
    "a night's result": Target(run=packed(night), seeds=lambda: both(json.dumps(NIGHT).encode())),
    "JSON of an item": Target(run=packed(item), seeds=lambda: both(json.dumps(MIXED).encode(), b'["a", 1.5, true]')),
    "state of polling": Target(run=polling_state, seeds=polling_states),
    "habits of a source": Target(run=habits, seeds=own(silence.to_fields(HABITS))),
    "number of a series": Target(
        run=series_number, seeds=own(b"F260012\0F[YY]%%%%", b"2026/7\0[YYYY]/%", b"TK-0001", "F26٣\0F[YY]%".encode())
    ),
    "reread": Target(run=seen_in_holded, seeds=rereads),
    "polled page": Target(run=polled_page, seeds=polled_pages),
}
