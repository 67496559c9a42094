"""How ledger rows and an event's timeline are shown: one line a step, with its time where one is known."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from relay.cli.console import utc

if TYPE_CHECKING:
    from datetime import datetime

    from relay.domain.ledger import Row


def about(row: "Row") -> dict[str, Any]:
    """What a ledger row is about, under the names every listing uses."""
    return {
        "event": row.event_id,
        "type": row.event_type,
        "source": row.key.source,
        "object": row.key.object_id,
        "purpose": row.key.purpose,
    }


def shown(row: "Row") -> dict[str, Any]:
    """A ledger row for people and programs: what it is about, where it stands, why, and what it became in Holded."""
    return {
        **about(row),
        "state": row.state,
        "step": row.step,
        "reason": row.reason,
        "detail": row.detail,
        "parent": row.parent,
        "attempts": row.attempts,
        "created_at": utc(row.created_ms),
        "updated_at": utc(row.updated_ms),
        "due_at": utc(row.due_ms),
        "document": row.doc_type,
        "holded_id": row.holded_id,
        "number": row.number,
        "total": row.total,
        "currency": row.currency,
    }


def timeline(told: Mapping[str, Any]) -> list[str]:
    """One line a step, in the order of time."""
    at: list[tuple[datetime | None, str]] = [
        (told["received_at"], f"received   {told['source']} {told['topic']}, {told['bytes']} bytes"),
    ]
    if told["published"]:
        at.append((None, f"published  {len(told['events'])} event(s)"))
    if told["reason"]:
        at.append((None, f"not routed: {told['reason']} {told['detail']}".rstrip()))
    for event in told["events"]:
        at.append((None, f"routed     {event['id']} {event['type']} of {event['subject']}"))
        for row in event["ledger"]:
            at.append((row["created_at"], f"claimed    {row['purpose']} of {row['source']} {row['object']}"))
            at.append((row["updated_at"], _standing_line(row)))
        if event["end"]:
            at.append((None, f"closed     the inbox, with {event['end']}"))
    if told["open"]:
        at.append((None, "open       not every event has its end yet"))
    return [f"{'' if when is None else when.strftime('%Y-%m-%d %H:%M:%S'):<19}  {what}" for when, what in at]


def _standing_line(row: Mapping[str, Any]) -> str:
    said = [f"{row['state']:<10} {row['purpose']}"]
    if row["holded_id"]:
        said.append(f"Holded {row['document']} {row['number'] or '(draft)'} id {row['holded_id']}")
    if row["total"] is not None:
        said.append(f"total {row['total']} {row['currency']}")
    if row["reason"]:
        said.append(f"reason {row['reason']}" + (f": {row['detail']}" if row["detail"] else ""))
    if row["due_at"]:
        said.append(f"again at {row['due_at']:%Y-%m-%d %H:%M:%S}")
    return ", ".join(said)
