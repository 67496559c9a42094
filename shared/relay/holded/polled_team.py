"""The polled work of people: projects, tasks, times spent on them, employees and the hours they clock.

Holded sends no webhook of any of them. Projects write their days as DD/MM/YYYY (Holded facts 3.6). Of an employee only what
others must know at work is taken: no bank account, no birthday, no social security number, no address.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from relay.domain.models_company import Project
from relay.holded import fields
from relay.holded.observing import DAY_MS, HOUR_MS, day, first, matters, observer, record, word
from relay.holded.polled import SOME_CALLS, Observed, Resource
from relay.holded.polled_crm import stages

if TYPE_CHECKING:
    from collections.abc import Mapping

FACTS: Final[Mapping[str, str]] = {
    "project": "2.2 /projects (status filter; summary; times)",
    "task": "2.2 /tasks",
    "project_time": "2.2 /project-times",
    "employee": "2.2 /employees (contract, clock-in/out, pause, unpause, times)",
    "employee_time": "2.2 /employee-times",
}

# The scopes of people's resources are not on record; named as the others are, and a 403 tells the right one (facts 1).
_TEAM_SCOPE = "team:employees.read"
_PROJECTS_SCOPE = "projects:projects.read"


@observer
def project(source: Mapping[str, Any]) -> Observed:
    found = Project(
        id=fields.required(source, "id"),
        name=fields.text(source, "name"),
        description=fields.text(source, first(source, "description", "desc")),
        status=word(source, "status"),
        contact_id=fields.reference(source, "contact_id"),
        contact_name=fields.text(source, "contact_name"),
        starts_on=day(source, first(source, "start_date", "date")),
        due_on=day(source, "due_date"),
        billable=fields.flag(source, "billable"),
        lists=stages(source, "lists", "list_id"),
        tags=fields.texts(source, "tags"),
    )
    return Observed(
        id=found.id,
        data=found,
        matters=matters(
            name=found.name,
            description=found.description,
            status=found.status,
            contact_id=found.contact_id,
            starts_on=found.starts_on,
            due_on=found.due_on,
            billable=found.billable,
            lists=[[one.id, one.name, one.key] for one in found.lists],
            tags=sorted(found.tags),
        ),
    )


TEAM: Final[tuple[Resource, ...]] = (
    Resource(
        name="project",
        path="/api/v2/projects",
        read="/api/v2/projects/{id}",
        listing="full",
        model="project",
        observe=project,
        scope=_PROJECTS_SCOPE,
        cadence_ms=6 * HOUR_MS,
        weight=2,
        from_calls=SOME_CALLS,
    ),
    Resource(
        name="task",
        path="/api/v2/tasks",
        read="/api/v2/tasks/{id}",
        listing="full",
        model="task",
        observe=record(
            "task",
            status="status",
            date="due_date",
            texts=("project_id", "list_id", "description", "priority", "user_id"),
            words=("billable",),
            lists=("assigned_to", "labels"),
        ),
        scope=_PROJECTS_SCOPE,
        cadence_ms=3 * HOUR_MS,
        standard=False,
    ),
    Resource(
        name="project_time",
        path="/api/v2/project-times",
        listing="full",
        model="project_time",
        # One is read under its project, which a time alone does not name: there is no read of it.
        observe=record(
            "project_time",
            ids=("id", "time_id"),
            amount="total",
            date="date",
            texts=("project_id", "task_id", "user_id", "description", "category"),
            numbers=("duration", "cost_per_hour"),
        ),
        scope=_PROJECTS_SCOPE,
        cadence_ms=12 * HOUR_MS,
        standard=False,
    ),
    Resource(
        name="employee",
        path="/api/v2/employees",
        read="/api/v2/employees/{id}",
        listing="full",
        model="employee",
        observe=record(
            "employee",
            name=("name", "last_name"),
            texts=("email", "code", "workplace_id", "reporting_to"),
            lists=("team_ids",),
        ),
        scope=_TEAM_SCOPE,
        cadence_ms=DAY_MS,
        standard=False,
    ),
    Resource(
        name="employee_time",
        path="/api/v2/employee-times",
        read="/api/v2/employee-times/{id}",
        listing="full",
        model="employee_time",
        observe=record(
            "employee_time",
            date="start_at",
            texts=("employee_id",),
            words=("approved",),
            moments=("start_at", "end_at"),
        ),
        scope=_TEAM_SCOPE,
        cadence_ms=6 * HOUR_MS,
        standard=False,
    ),
)
