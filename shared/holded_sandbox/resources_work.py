"""Sales work, projects and people as small resources (Holded facts 2.2).

What v2 shows of them is on record only as names in bodies; the rest is v1's reply in snake_case (Holded facts 2.1).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from holded_sandbox.resources import Resource
from holded_sandbox.wire import bad_request

if TYPE_CHECKING:
    from holded_sandbox.documents import Desk
    from holded_sandbox.wire import Record

_LISTS = ("Pending", "Review", "Done")


def _named(desk: Desk, given: object, field: str, key: str) -> list[Record]:
    """Stages or lists as stored, from names or objects with a name; one that brings its id keeps it."""
    if not isinstance(given, list):
        bad_request(f"{field} must be an array")
    found = []
    for item in given:
        one = item if isinstance(item, dict) else {"name": item}
        name = one.get("name")
        if not isinstance(name, str) or not name:
            bad_request(f"{field} must have names")
        known = one.get(key) if isinstance(one.get(key), str) else None
        word = name.lower().replace(" ", "")
        found.append({key: known or desk.mint(), "key": word, "name": name, "description": ""})
    return found


def _settle_funnel(desk: Desk, funnel: Record, body: Record) -> None:
    if body.get("stages") is not None or not funnel["stages"]:
        funnel["stages"] = _named(desk, body.get("stages") or ["Lead in", "Contacted", "Closing"], "stages", "stage_id")


def _settle_lead(desk: Desk, lead: Record, body: Record) -> None:
    """The contact's name, and the funnel's first stage where none was given."""
    contact, funnel = desk.company.get("contacts", lead["contact_id"]), desk.company.get("funnels", lead["funnel_id"])
    if contact is None or funnel is None:
        bad_request("contact_id and funnel_id are required")
    lead["contact_name"], lead["stage_id"] = contact["name"], lead["stage_id"] or funnel["stages"][0]["stage_id"]
    given = body.get("custom_fields")
    if given is not None:
        if not isinstance(given, list) or not all(isinstance(item, dict) and "field" in item for item in given):
            bad_request("custom_fields must be an array of {field, value}")
        lead["custom_fields"] = [{"field": str(item["field"]), "value": str(item.get("value", ""))} for item in given]


def _settle_project(desk: Desk, project: Record, body: Record) -> None:
    contact = desk.company.get("contacts", project["contact_id"] or "")
    project["contact_name"] = contact["name"] if contact is not None else None
    if body.get("lists") is not None or not project["lists"]:
        project["lists"] = _named(desk, body.get("lists") or list(_LISTS), "lists", "id")


def _settle_task(desk: Desk, task: Record, _body: Record) -> None:
    """A new task stands in the project's first list."""
    project = desk.company.get("projects", task["project_id"])
    if project is not None and task["list_id"] is None:
        task["list_id"] = project["lists"][0]["id"]


_PERSON = (
    "name", "last_name", "email", "workplace_id", "phone", "mobile", "date_of_birth", "gender", "main_language",
    "nationality", "code", "social_security_number", "iban", "reporting_to",
)  # fmt: skip

WORK = (
    Resource(
        path="/funnels", table="funnels", scope="crm:deals", settle=_settle_funnel,
        defaults={"name": "", "stages": [], "labels": [], "preferences": {}, "custom_fields": []}, writable=("name",),
    ),
    Resource(
        path="/leads", table="leads", scope="crm:deals", required=("funnel_id", "contact_id"), money=("value",),
        days=("due_date",), refers=(("funnel_id", "funnels"), ("contact_id", "contacts")), settle=_settle_lead,
        defaults={
            "user_id": None, "funnel_id": None, "contact_id": None, "contact_name": "", "name": "", "person": 0,
            "person_name": "", "value": "0.00", "potential": 0, "due_date": None, "stage_id": None, "created_at": None,
            "updated_at": None, "custom_fields": [], "status": 0, "events": [], "tasks": [], "files": [],
        },
        writable=("funnel_id", "contact_id", "name", "stage_id", "value", "potential", "due_date"),
    ),
    Resource(
        path="/events", table="events", scope="crm:deals", moments=("start_date", "end_date"),
        defaults={
            "name": "", "user_id": None, "contact_id": None, "contact_name": None, "kind": None, "description": None,
            "start_date": None, "end_date": None, "duration": 0, "status": 0, "tags": [], "location": None,
            "lead_id": None, "funnel_id": None,
        },
        writable=(
            "name", "user_id", "contact_id", "contact_name", "kind", "description", "start_date", "end_date", "duration",
            "status", "tags", "lead_id", "location",
        ),
    ),
    Resource(
        path="/projects", table="projects", scope="projects:projects", days=("date", "start_date", "due_date"),
        spanish_days=True, refers=(("contact_id", "contacts"),), filters=("status",), settle=_settle_project,
        defaults={
            "name": "", "description": None, "tags": [], "category": 0, "contact_id": None, "contact_name": None,
            "date": None, "start_date": None, "due_date": None, "status": 0, "lists": [], "billable": False,
            "allow_notifications": False,
        },
        writable=(
            "name", "description", "due_date", "contact_id", "status", "start_date", "billable", "tags",
            "allow_notifications",
        ),
    ),
    Resource(
        path="/tasks", table="tasks", scope="projects:projects", required=("project_id", "name"), days=("due_date",),
        refers=(("project_id", "projects"),), settle=_settle_task,
        defaults={
            "project_id": None, "list_id": None, "name": "", "description": None, "labels": [], "comments": [],
            "due_date": None, "user_id": None, "assigned_to": [], "priority": None, "created_at": None,
            "updated_at": None, "status": 0, "billable": False, "featured": False,
        },
        writable=("project_id", "name", "description", "due_date", "priority", "status", "assigned_to"),
    ),
    Resource(
        path="/employees", table="employees", scope="team:employees", required=("name", "last_name", "email"),
        defaults={**dict.fromkeys(_PERSON), "team_ids": []}, writable=(*_PERSON, "team_ids"),
    ),
)  # fmt: skip
