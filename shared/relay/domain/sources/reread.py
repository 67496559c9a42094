"""Re-reads: what the relay saw itself in Holded, stored as a delivery so that it takes the one road from the inbox on.

Not a source of its own: nobody posts these. The delivery's source is `holded`, its body a CloudEvent of ours, and it has no
headers. A webhook keeps the unsigned event header that its topic comes from, so one that claims such a topic is not taken for
ours, whatever its sender signed as its body.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from relay.domain.sources import identity
from relay.domain.sources.base import Delivery, Identity, Normalised
from relay.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from relay.domain.models import Event

_PREFIX: Final = "reread."


def is_reread(delivery: Delivery) -> bool:
    return delivery.source == "holded" and delivery.topic.startswith(_PREFIX) and not delivery.headers


def delivery_of(events: Sequence[Event], *, kind: str, received_at: datetime) -> Delivery:
    """What one look told of one object, as a delivery: all its events have the object's version.

    Its identity is (object, version): the same state read twice is a duplicate.
    """
    from relay.domain import wire

    first = events[0]
    topic = _PREFIX + kind
    told = [wire.to_cloudevent(event) for event in events]
    body = json.dumps(told if len(told) > 1 else told[0], separators=(",", ":")).encode()
    meaning = Identity(topic=topic, object_id=first.subject, version=first.version)
    return Delivery(
        inbox_id=identity.inbox_id(first.account, "holded", meaning, identity.body_digest(body)),
        account=first.account,
        source="holded",
        topic=topic,
        headers={},
        body=body,
        received_at=received_at,
    )


def normalise(delivery: Delivery) -> Normalised:
    from dataclasses import replace

    from relay.domain import wire

    try:
        told = wire.parsed(delivery.body)
        events = [wire.from_cloudevent(each) for each in (told if isinstance(told, list) else [told])]
    except (BadInput, AttributeError):
        return Normalised(ignored="not_a_reread", detail="the body is no event of ours")
    if not events:
        return Normalised(ignored="not_a_reread", detail="the body is a list of no events")
    if any(event.account != delivery.account or event.source != "holded" for event in events):
        return Normalised(ignored="not_a_reread", detail="the body is an event of another account or source")
    return Normalised(
        events=tuple(
            replace(event, id=f"{delivery.inbox_id}#{number}", raw_ref=delivery.inbox_id)
            for number, event in enumerate(events)
        )
    )
