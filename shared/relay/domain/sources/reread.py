"""Re-reads: what the relay saw itself in Holded, stored as a delivery so that it takes the one road from the inbox on.

Not a source of its own: nobody posts these. The delivery's source is `holded`, its body a CloudEvent of ours. A webhook
whose unsigned event header claims such a topic has a body that is no CloudEvent, and ends in `ignored`.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from relay.domain.sources import identity
from relay.domain.sources.base import Delivery, Identity, Normalised
from relay.errors import BadInput

if TYPE_CHECKING:
    from datetime import datetime

    from relay.domain.models import Event

_PREFIX: Final = "reread."


def is_reread(delivery: Delivery) -> bool:
    return delivery.source == "holded" and delivery.topic.startswith(_PREFIX)


def delivery_of(event: Event, *, kind: str, received_at: datetime) -> Delivery:
    """The event as a delivery. Its identity is (object, version): the same state read twice is a duplicate."""
    from relay.domain import wire

    topic = _PREFIX + kind
    body = json.dumps(wire.to_cloudevent(event), separators=(",", ":")).encode()
    meaning = Identity(topic=topic, object_id=event.subject, version=event.version)
    return Delivery(
        inbox_id=identity.inbox_id(event.account, "holded", meaning, identity.body_digest(body)),
        account=event.account,
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
        event = wire.from_cloudevent(json.loads(delivery.body))
    except (BadInput, ValueError, RecursionError):
        return Normalised(ignored="not_a_reread", detail="the body is no event of ours")
    if event.account != delivery.account or event.source != "holded":
        return Normalised(ignored="not_a_reread", detail="the body is an event of another account or source")
    return Normalised(events=(replace(event, id=f"{delivery.inbox_id}#0", raw_ref=delivery.inbox_id),))
