"""v2 notes, tasks, creation day and stage of a lead (Holded facts 2.2)."""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING

from holded_sandbox.days import iso_utc, read_moment
from holded_sandbox.facts import fact
from holded_sandbox.v2_documents import text
from holded_sandbox.wire import Record, Response, bad_request, json_response, not_found

if TYPE_CHECKING:
    from collections.abc import Callable

    from holded_sandbox.routes import Call, Handler, Router

_SCOPE = "crm:deals"


def _changing(handler: Callable[[Call, Record], str | None]) -> Callable[[Call], Response]:
    """The handler works on a copy of the lead, which is stored with its new `updated_at`; it may return an id."""

    def handle(call: Call) -> Response:
        found = call.desk.company.get("leads", call.params["id"])
        if found is None:
            not_found()
        lead = deepcopy(found)
        made = handler(call, lead)
        lead["updated_at"] = iso_utc(call.desk.now)
        call.desk.company.put("leads", lead, call.desk.now)
        return json_response({"id": made or lead["id"]}, 201 if made and call.request.method == "POST" else 200)

    return handle


def _wanted(call: Call, name: str) -> str:
    value = text(call.body.get(name), name)
    if not value:
        bad_request(f"{name} is required")
    return value


def _one(entries: list[Record], key: str, wanted: str) -> Record:
    found = next((entry for entry in entries if entry[key] == wanted), None)
    if found is None:
        not_found()
    return found


def _add_note(call: Call, lead: Record) -> str:
    note = {
        "event_id": call.desk.mint(), "type": "note", "title": _wanted(call, "title"),
        "description": text(call.body.get("description"), "description") or "",
        "created_at": iso_utc(call.desk.now), "user_id": "",
    }  # fmt: skip
    lead["events"].append(note)
    return str(note["event_id"])


def _change_note(call: Call, lead: Record) -> None:
    note = _one(lead["events"], "event_id", _wanted(call, "note_id"))
    note |= {name: text(call.body[name], name) for name in ("title", "description") if call.body.get(name) is not None}


def _add_task(call: Call, lead: Record) -> str:
    task = {"task_id": call.desk.mint(), "name": _wanted(call, "name"), "status": 0}
    lead["tasks"].append(task)
    return str(task["task_id"])


def _change_task(call: Call, lead: Record) -> None:
    _one(lead["tasks"], "task_id", _wanted(call, "task_id"))["name"] = _wanted(call, "name")


def _drop_task(call: Call, lead: Record) -> None:
    wanted = call.query("task_id") or _wanted(call, "task_id")
    lead["tasks"].remove(_one(lead["tasks"], "task_id", wanted))


def _change_day(call: Call, lead: Record) -> None:
    lead["created_at"] = read_moment(_wanted(call, "date"))


@fact("2.1 stageId: id or exact name (oldest match wins)")
def _change_stage(call: Call, lead: Record) -> None:
    wanted = _wanted(call, "stage_id")
    funnel = call.desk.company.get("funnels", lead["funnel_id"])
    stages = funnel["stages"] if funnel is not None else []
    found = next((stage for stage in stages if wanted in {stage["stage_id"], stage["name"]}), None)
    if found is None:
        bad_request("stage_id is no stage of the lead's funnel")
    lead["stage_id"] = found["stage_id"]


def register(router: Router[Handler]) -> None:
    for method, path, handler in (
        ("POST", "notes", _add_note),
        ("PUT", "notes", _change_note),
        ("POST", "tasks", _add_task),
        ("PUT", "tasks", _change_task),
        ("DELETE", "tasks", _drop_task),
        ("PUT", "dates", _change_day),
        ("PUT", "stage", _change_stage),
    ):
        router.add(method, f"/leads/{{id}}/{path}", _changing(handler), _SCOPE)
