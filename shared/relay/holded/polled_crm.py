"""The polled sales work: leads, funnels with their stages, calendar events.

Holded sends no webhook of any of them, and a v2 list of leads takes nothing but `limit` and `cursor` (Holded facts 2.2). The
replies are v1's in snake_case (Holded facts 2.1): where the two may differ in a name, both are read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from relay.domain.models_company import Funnel, Lead, LeadNote, LeadTask, Stage
from relay.holded import fields
from relay.holded.observing import DAY_MS, HOUR_MS, MINUTE_MS, day, first, matters, moment, observer, record, word
from relay.holded.polled import SOME_CALLS, Observed, Resource

if TYPE_CHECKING:
    from collections.abc import Mapping

FACTS: Final[Mapping[str, str]] = {
    "lead": "2.2 /leads (C L R U D; notes, tasks, dates, stage)",
    "funnel": "2.2 /funnels",
    "calendar_event": "2.2 /events",
}


@observer
def lead(source: Mapping[str, Any]) -> Observed:
    """Its notes (among its `events`) and tasks belong to it: v1 shows them in its list as in a read."""
    events = fields.records(source, first(source, "notes", "events"))
    found = Lead(
        id=fields.required(source, "id"),
        name=fields.text(source, "name"),
        funnel_id=fields.reference(source, "funnel_id"),
        stage_id=fields.reference(source, "stage_id"),
        status=word(source, "status"),
        contact_id=fields.reference(source, "contact_id"),
        contact_name=fields.text(source, "contact_name"),
        user_id=fields.reference(source, "user_id"),
        value=fields.number(source, "value"),
        potential=fields.number(source, "potential"),
        due_on=day(source, "due_date"),
        created_at=moment(source, "created_at"),
        updated_at=moment(source, "updated_at"),
        notes=tuple(_note(one) for one in events if one.get("type") in (None, "note")),
        tasks=tuple(_task(one) for one in fields.records(source, "tasks")),
        custom_fields=dict(fields.pairs(source, first(source, "custom_fields", "customfields"))),
    )
    return Observed(
        id=found.id,
        data=found,
        matters=matters(
            name=found.name,
            funnel_id=found.funnel_id,
            stage_id=found.stage_id,
            status=found.status,
            contact_id=found.contact_id,
            user_id=found.user_id,
            value=found.value,
            potential=found.potential,
            due_on=found.due_on,
            notes=[[note.id, note.title, note.text] for note in found.notes],
            tasks=[[task.id, task.name, task.done] for task in found.tasks],
            custom_fields=dict(found.custom_fields),
        ),
        updated_at=found.updated_at,
    )


def _note(source: Mapping[str, Any]) -> LeadNote:
    return LeadNote(
        id=fields.text(source, first(source, "note_id", "event_id", "id")),
        title=fields.text(source, "title"),
        text=fields.text(source, first(source, "description", "desc")),
    )


def _task(source: Mapping[str, Any]) -> LeadTask:
    return LeadTask(
        id=fields.text(source, first(source, "task_id", "id")),
        name=fields.text(source, first(source, "name", "task_name")),
        done=fields.flag(source, first(source, "status", "task_status")),
    )


@observer
def funnel(source: Mapping[str, Any]) -> Observed:
    """What its leads come to (`won`, `lost`, `leads`) is the leads' to tell, and does not matter here."""
    found = Funnel(
        id=fields.required(source, "id"), name=fields.text(source, "name"), stages=stages(source, "stages", "stage_id")
    )
    return Observed(
        id=found.id,
        data=found,
        matters=matters(name=found.name, stages=[[stage.id, stage.name, stage.key] for stage in found.stages]),
    )


def stages(source: Mapping[str, Any], name: str, key: str) -> tuple[Stage, ...]:
    """The stages of a funnel or the lists of a project, in their order; `key` names the id of one."""
    return tuple(
        Stage(
            id=fields.text(one, first(one, key, "id")), name=fields.text(one, "name") or "", key=fields.text(one, "key")
        )
        for one in fields.records(source, name)
    )


CRM: Final[tuple[Resource, ...]] = (
    Resource(
        name="lead",
        path="/api/v2/leads",
        read="/api/v2/leads/{id}",
        listing="full",
        model="lead",
        observe=lead,
        scope="crm:deals.read",
        cadence_ms=30 * MINUTE_MS,
        weight=4,
    ),
    Resource(
        name="funnel",
        path="/api/v2/funnels",
        read="/api/v2/funnels/{id}",
        listing="full",
        model="funnel",
        observe=funnel,
        scope="crm:deals.read",
        cadence_ms=DAY_MS,
        from_calls=SOME_CALLS,
    ),
    Resource(
        name="calendar_event",
        path="/api/v2/events",
        read="/api/v2/events/{id}",
        listing="full",
        model="calendar_event",
        observe=record(
            "calendar_event",
            status="status",
            contact_id="contact_id",
            date="start_date",
            texts=("kind", "description", "location", "lead_id", "user_id"),
            numbers=("duration",),
            moments=("start_date", "end_date"),
            lists=("tags",),
        ),
        scope="crm:deals.read",
        cadence_ms=6 * HOUR_MS,
        standard=False,
    ),
)
