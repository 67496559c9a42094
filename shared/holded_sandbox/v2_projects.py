"""v2 times of projects, and a project's summary (Holded facts 2.1, 2.2)."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from holded_sandbox.days import read_day, today
from holded_sandbox.facts import fact
from holded_sandbox.kinds import KINDS
from holded_sandbox.money import cents, number, plain
from holded_sandbox.v2_documents import text
from holded_sandbox.v2_pages import page
from holded_sandbox.wire import Record, Response, bad_request, json_response, not_found

if TYPE_CHECKING:
    from holded_sandbox.routes import Call, Handler, Router

_SCOPE = "projects:projects"
_TEXT = ("user_id", "description", "task_id", "category")


def _project(call: Call) -> Record:
    project = call.desk.company.get("projects", call.params["id"])
    if project is None:
        not_found()
    return project


def _time(call: Call) -> Record:
    time = call.desk.company.get("project_times", call.params["time_id"])
    if time is None or time["project_id"] != call.params["id"]:
        not_found()
    return time


def _shown(time: Record) -> Record:
    return {name: value for name, value in time.items() if name[0] != "_"}


def _apply(call: Call, time: Record) -> Record:
    """`duration` is in seconds; what it cost follows from it."""
    body = call.body
    time |= {name: text(body[name], name) for name in _TEXT if body.get(name) is not None}
    if body.get("duration") is not None:
        time["duration"] = int(number(body["duration"], "duration", most=10_000_000))
    if body.get("cost_per_hour") is not None:
        time["cost_per_hour"] = plain(number(body["cost_per_hour"], "cost_per_hour"))
    if body.get("date") is not None:
        time["date"] = read_day(body["date"])
    time["total"] = plain(cents(Decimal(time["duration"]) / 3600 * Decimal(time["cost_per_hour"])))
    call.desk.company.put("project_times", time, call.desk.now)
    return time


@fact("2.1 userId required live")
def _create(call: Call) -> Response:
    project = _project(call)
    for name in ("duration", "user_id"):
        if call.body.get(name) is None:
            bad_request(f"{name} is required")
    time: Record = {
        "id": call.desk.mint(), "project_id": project["id"], "duration": 0, "user_id": None, "description": None,
        "date": today(call.desk.now), "task_id": None, "cost_per_hour": "0.00", "category": None, "total": "0.00",
    }  # fmt: skip
    return json_response({"id": _apply(call, time)["id"]}, 201)


def _update(call: Call) -> Response:
    return json_response({"id": _apply(call, dict(_time(call)))["id"]})


def _delete(call: Call) -> Response:
    call.desk.company.drop("project_times", _time(call)["id"])
    return Response(status=204)


def _all(call: Call) -> Response:
    return page(call, "project_times", call.desk.company.visible("project_times", call.desk.now), _shown)


def _of_project(call: Call) -> Response:
    project = _project(call)
    times = call.desk.company.visible("project_times", call.desk.now)
    return page(call, "project_times", (time for time in times if time["project_id"] == project["id"]), _shown)


@fact("2.2 /projects (status filter; summary; times)")
def _summary(call: Call) -> Response:
    project, tables = _project(call), call.desk.company.tables
    tasks = [task for task in tables["tasks"].values() if task["project_id"] == project["id"]]
    times = [time for time in tables["project_times"].values() if time["project_id"] == project["id"]]
    documents = [one for one in tables["documents"].values() if one["project_id"] == project["id"] and not one["draft"]]
    sales, bought = (
        sum((Decimal(one["subtotal"]) for one in documents if KINDS[one["_kind"]].side == side), Decimal(0))
        for side in ("sales", "purchases")
    )
    personnel = sum((Decimal(time["total"]) for time in times), Decimal(0))
    evolution = {"tasks": {"total": len(tasks), "completed": sum(1 for task in tasks if task["status"])}}
    expenses = {"documents": plain(bought), "personnel": plain(personnel), "total": plain(bought + personnel)}
    return json_response(
        {
            "name": project["name"],
            "description": project["description"],
            "project_evolution": evolution,
            "profitability": {
                "sales": plain(sales), "expenses": expenses, "profit": plain(sales - bought - personnel),
            },
        }
    )  # fmt: skip


def register(router: Router[Handler]) -> None:
    times, one = "/projects/{id}/times", "/projects/{id}/times/{time_id}"
    router.add("GET", "/projects/{id}/summary", _summary, _SCOPE)
    router.add("GET", "/project-times", _all, _SCOPE)
    router.add("GET", times, _of_project, _SCOPE)
    router.add("POST", times, _create, _SCOPE)
    router.add("GET", one, lambda call: json_response(_shown(_time(call))), _SCOPE)
    router.add("PUT", one, _update, _SCOPE)
    router.add("DELETE", one, _delete, _SCOPE)
