"""What the relay saw in Holded, as a delivery of its own: read back whole, or not at all."""

from __future__ import annotations

from dataclasses import replace

import pytest

from relay.domain.sources import reread
from tests.domain.test_wire import EVENTS

AT = EVENTS[0].time
SEEN = [replace(EVENTS[0], account="acme", source="holded", id="x#0", raw_ref="x")]
DELIVERY = reread.delivery_of(SEEN, kind="invoice", received_at=AT)


def test_what_was_seen_is_read_back_under_the_delivery_s_own_number():
    (event,) = reread.normalise(DELIVERY).events

    assert event == replace(SEEN[0], id=f"{DELIVERY.inbox_id}#0", raw_ref=DELIVERY.inbox_id)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"[7]",
        b"{}",
        b"[" * 200_000,
        DELIVERY.body[:-1],
        DELIVERY.body.replace(b'"acme"', b'"bravo"'),
        DELIVERY.body.replace(SEEN[0].subject.encode(), rb"\ud800"),
    ],
)
def test_what_is_no_event_of_ours_is_ignored_by_name(body):
    found = reread.normalise(replace(DELIVERY, body=body))

    assert (found.events, found.ignored) == ((), "not_a_reread")
