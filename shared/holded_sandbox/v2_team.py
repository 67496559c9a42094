"""v2 hours of employees: put in by hand or clocked (Holded facts 2.2)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from holded_sandbox.days import iso_utc, read_moment
from holded_sandbox.facts import fact
from holded_sandbox.v2_pages import page
from holded_sandbox.wire import Record, Response, bad_request, json_response, not_found, unprocessable

if TYPE_CHECKING:
    from collections.abc import Callable

    from holded_sandbox.routes import Call, Handler, Router

_SCOPE = "team:employees"


def _employee(call: Call) -> Record:
    employee = call.desk.company.get("employees", call.params["id"])
    if employee is None:
        not_found()
    return employee


def _time(call: Call) -> Record:
    time = call.desk.company.get("employee_times", call.params["id"])
    if time is None:
        not_found()
    return time


def _shown(time: Record) -> Record:
    return {name: value for name, value in time.items() if name[0] != "_"}


def _new(call: Call, employee: Record, start: str, end: str | None) -> Record:
    time = {
        "id": call.desk.mint(), "employee_id": employee["id"], "start_at": start, "end_at": end, "pauses": [],
        "approved": False,
    }  # fmt: skip
    return call.desk.company.put("employee_times", time, call.desk.now)


def _create(call: Call) -> Response:
    employee = _employee(call)
    for name in ("start_at", "end_at"):
        if call.body.get(name) is None:
            bad_request(f"{name} is required")
    start, end = (read_moment(call.body[name]) for name in ("start_at", "end_at"))
    return json_response({"id": _new(call, employee, start, end)["id"]}, 201)


def _update(call: Call) -> Response:
    times = {name: read_moment(call.body[name]) for name in ("start_at", "end_at") if call.body.get(name) is not None}
    time = _time(call) | times
    call.desk.company.put("employee_times", time, call.desk.now)
    return json_response({"id": time["id"]})


def _delete(call: Call) -> Response:
    call.desk.company.drop("employee_times", _time(call)["id"])
    return Response(status=204)


def _all(call: Call) -> Response:
    return page(call, "employee_times", call.desk.company.visible("employee_times", call.desk.now), _shown)


def _of_employee(call: Call) -> Response:
    employee = _employee(call)
    times = call.desk.company.visible("employee_times", call.desk.now)
    return page(call, "employee_times", (time for time in times if time["employee_id"] == employee["id"]), _shown)


def _clock_in(call: Call) -> Response:
    employee = _employee(call)
    if _running(call, employee) is not None:
        unprocessable("The employee is clocked in already")
    return json_response({"id": _new(call, employee, iso_utc(call.desk.now), None)["id"]})


def _running(call: Call, employee: Record) -> Record | None:
    times = call.desk.company.tables["employee_times"].values()
    return next((one for one in times if one["employee_id"] == employee["id"] and one["end_at"] is None), None)


@fact("2.2 /employees (contract, clock-in/out, pause, unpause, times)")
def _clocked(change: Callable[[Record, str], Record]) -> Callable[[Call], Response]:
    """A change of the hours that are running now."""

    def handle(call: Call) -> Response:
        time = _running(call, _employee(call))
        if time is None:
            unprocessable("The employee is not clocked in")
        call.desk.company.put("employee_times", time | change(time, iso_utc(call.desk.now)), call.desk.now)
        return json_response({"id": time["id"]})

    return handle


def _pause(time: Record, now: str) -> Record:
    return {"pauses": [*time["pauses"], {"start_at": now, "end_at": None}]}


def _unpause(time: Record, now: str) -> Record:
    return {"pauses": [pause | {"end_at": pause["end_at"] or now} for pause in time["pauses"]]}


def register(router: Router[Handler]) -> None:
    of_one, time = "/employees/{id}", "/employee-times/{id}"
    router.add("GET", "/employee-times", _all, _SCOPE)
    router.add("GET", time, lambda call: json_response(_shown(_time(call))), _SCOPE)
    router.add("PUT", time, _update, _SCOPE)
    router.add("DELETE", time, _delete, _SCOPE)
    router.add("GET", f"{of_one}/times", _of_employee, _SCOPE)
    router.add("POST", f"{of_one}/times", _create, _SCOPE)
    router.add("POST", f"{of_one}/clock-in", _clock_in, _SCOPE)
    router.add("POST", f"{of_one}/clock-out", _clocked(lambda _time, now: {"end_at": now}), _SCOPE)
    router.add("POST", f"{of_one}/pause", _clocked(_pause), _SCOPE)
    router.add("POST", f"{of_one}/unpause", _clocked(_unpause), _SCOPE)
