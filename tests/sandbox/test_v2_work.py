"""Sales work, projects, people, bank movements and stock by warehouse."""

from __future__ import annotations

import pytest

from holded_sandbox.resources_work import WORK


def made(holded, path, body):
    return holded.v2("POST", path, body, status=201)["id"]


@pytest.fixture
def references(holded):
    """What the small resources refer to."""
    return {
        "funnel_id": made(holded, "/funnels", {"name": "Sales"}),
        "contact_id": holded.contact(),
        "project_id": made(holded, "/projects", {"name": "Site"}),
        "last_name": "García",
        "email": "one@example.test",
    }


@pytest.mark.parametrize("resource", WORK, ids=lambda resource: resource.path)
def test_every_one_is_created_changed_listed_and_deleted(holded, references, resource):
    body = {name: value for name, value in references.items() if name in resource.writable} | {"name": "One"}
    created = made(holded, resource.path, body)
    holded.v2("PUT", f"{resource.path}/{created}", {"name": "Two"})

    assert holded.v2("GET", f"{resource.path}/{created}")["name"] == "Two"
    listed = holded.v2("GET", resource.path)["items"]
    assert holded.v2("GET", f"{resource.path}/{created}") in listed
    assert holded.call("DELETE", f"/api/v2{resource.path}/{created}").status == 204
    holded.v2("GET", f"{resource.path}/{created}", status=404)
    holded.v2("POST", resource.path, {}, status=400)


def test_a_funnel_has_stages_and_a_lead_stands_in_its_first(holded):
    funnel = made(holded, "/funnels", {"name": "F", "stages": ["New", {"name": "Won soon"}]})
    stages = holded.v2("GET", f"/funnels/{funnel}")["stages"]
    contact = holded.contact(name="Buyer")
    lead = made(
        holded, "/leads", {"funnel_id": funnel, "contact_id": contact, "value": "1500", "due_date": "2026-12-01"}
    )
    read = holded.v2("GET", f"/leads/{lead}")

    assert [stage["name"] for stage in stages] == ["New", "Won soon"]
    assert (read["stage_id"], read["contact_name"], read["value"]) == (stages[0]["stage_id"], "Buyer", "1500.00")
    holded.v2("PUT", f"/leads/{lead}/stage", {"stage_id": "Won soon"})
    assert holded.v2("GET", f"/leads/{lead}")["stage_id"] == stages[1]["stage_id"]
    holded.v2("PUT", f"/leads/{lead}/stage", {"stage_id": "nowhere"}, status=400)


def test_a_lead_has_notes_and_tasks_and_an_instant_of_change(holded, references):
    lead = made(holded, "/leads", {name: references[name] for name in ("funnel_id", "contact_id")})
    before = holded.v2("GET", f"/leads/{lead}")["updated_at"]
    holded.now += 60
    note = made(holded, f"/leads/{lead}/notes", {"title": "Lunch", "description": "at two"})
    task = made(holded, f"/leads/{lead}/tasks", {"name": "call"})
    holded.v2("PUT", f"/leads/{lead}/notes", {"note_id": note, "title": "Dinner"})
    holded.v2("PUT", f"/leads/{lead}/tasks", {"task_id": task, "name": "write"})
    holded.v2("PUT", f"/leads/{lead}/dates", {"date": "2026-01-02"})
    read = holded.v2("GET", f"/leads/{lead}")

    assert [(one["title"], one["description"]) for one in read["events"]] == [("Dinner", "at two")]
    assert [one["name"] for one in read["tasks"]] == ["write"]
    assert read["updated_at"] > before
    assert read["created_at"].startswith("2026-01-01T23:00")
    holded.v2("DELETE", f"/leads/{lead}/tasks", {"task_id": task})
    assert holded.v2("GET", f"/leads/{lead}")["tasks"] == []
    holded.v2("DELETE", f"/leads/{lead}/tasks", {"task_id": task}, status=404)


def test_a_project_shows_its_days_with_slashes_and_is_filtered_by_status(holded):
    project = made(holded, "/projects", {"name": "P", "due_date": "2026-12-31"})

    assert holded.v2("GET", f"/projects/{project}")["due_date"] == "31/12/2026"
    assert len(holded.v2("GET", "/projects?status=0")["items"]) == 1
    holded.v2("PUT", f"/projects/{project}", {"status": 2})
    assert holded.v2("GET", "/projects?status=0")["items"] == []


def test_times_cost_and_the_summary_counts_them(holded):
    project = made(holded, "/projects", {"name": "P"})
    task = made(holded, "/tasks", {"name": "T", "project_id": project})
    body = {"duration": 5400, "user_id": "u" * 24, "cost_per_hour": 30, "task_id": task}
    time = made(holded, f"/projects/{project}/times", body)
    holded.v2("POST", f"/projects/{project}/times", {"duration": 60}, status=400)
    read = holded.v2("GET", f"/projects/{project}/times/{time}")

    assert (read["total"], read["project_id"]) == ("45.00", project)
    assert (
        holded.v2("GET", "/project-times")["items"] == holded.v2("GET", f"/projects/{project}/times")["items"] == [read]
    )
    summary = holded.v2("GET", f"/projects/{project}/summary")
    assert summary["profitability"]["expenses"]["personnel"] == "45.00"
    assert summary["project_evolution"] == {"tasks": {"total": 1, "completed": 0}}
    holded.v2("PUT", f"/projects/{project}/times/{time}", {"duration": 3600})
    assert holded.v2("GET", f"/projects/{project}/times/{time}")["total"] == "30.00"
    assert holded.call("DELETE", f"/api/v2/projects/{project}/times/{time}").status == 204


def test_an_employee_clocks_in_pauses_and_clocks_out(holded):
    employee = made(holded, "/employees", {"name": "Ana", "last_name": "Gil", "email": "ana@example.test"})
    holded.v2("POST", f"/employees/{employee}/clock-out", {}, status=422)
    for step in ("clock-in", "pause", "unpause", "clock-out"):
        holded.v2("POST", f"/employees/{employee}/{step}", {})
        holded.now += 600
    (time,) = holded.v2("GET", "/employee-times")["items"]

    assert (time["start_at"][:16], time["end_at"][:16]) == ("2026-11-21T00:00", "2026-11-21T00:30")
    assert [pause["end_at"][:16] for pause in time["pauses"]] == ["2026-11-21T00:20"]
    other = made(
        holded, f"/employees/{employee}/times", {"start_at": "2026-11-20T09:00:00", "end_at": "2026-11-20T17:00:00"}
    )
    holded.v2("PUT", f"/employee-times/{other}", {"end_at": "2026-11-20T18:00:00+01:00"})
    assert holded.v2("GET", f"/employee-times/{other}")["end_at"] == "2026-11-20T17:00:00.000Z"
    assert len(holded.v2("GET", f"/employees/{employee}/times")["items"]) == 2
    assert holded.call("DELETE", f"/api/v2/employee-times/{other}").status == 204
    holded.v2("POST", f"/employees/{employee}/times", {"start_at": "yesterday", "end_at": "x"}, status=400)


def test_bank_movements_are_found_by_value_day_and_status(holded):
    account = holded.v2("GET", "/treasury/accounts")["items"][0]["id"]
    path = f"/treasury/accounts/{account}/bank-movements"
    first = made(holded, path, {"amount": "121", "value_date": "2026-03-01", "description": "from Acme"})
    second = made(holded, path, {"amount": "-20.5", "date": "2026-03-05", "booking_date": "2026-03-06"})
    invoice = holded.invoice()

    def ids(query):
        return [item["id"] for item in holded.v2("GET", f"{path}?{query}")["items"]]

    assert ids("start_date=2026-03-02&end_date=2026-03-05") == [second]
    held = holded.v2("GET", f"/treasury/accounts/{account}")
    assert (held["balance"], held["transactions_pending_to_reconcile"]) == ("100.50", 2)
    whole = {"documents": [{"document_id": invoice, "document_type": "invoice"}]}
    assert holded.v2("POST", f"{path}/{first}/reconcile", whole) is None
    holded.v2("POST", f"{path}/{second}/reconcile", {})
    assert ids("status=pending,partial") == []
    assert ids("status=forced_reconciled") == [second]
    assert holded.v2("GET", path)["items"][0]["reconciled_amount"] == "121.00"
    assert holded.v2("GET", f"/treasury/accounts/{account}")["transactions_pending_to_reconcile"] == 0
    holded.v2("POST", f"{path}/{'0' * 24}/reconcile", {}, status=404)
    holded.v2("POST", f"/treasury/accounts/{account}/archive", {})
    assert holded.v2("GET", f"/treasury/accounts/{account}")["archived"] is True


def test_stock_lies_in_warehouses(holded):
    product = made(holded, "/products", {"name": "P", "kind": "simple", "stock": 10})
    main = holded.v2("GET", "/warehouses")["items"][0]["id"]
    other = made(holded, "/warehouses", {"name": "Second"})
    holded.v2("PUT", f"/products/{product}/stock", {"warehouse_id": other, "stock_variation": 4})
    holded.v2("PUT", f"/products/{product}/stock", {"warehouse_id": main, "stock_variation": -3})

    def levels(warehouse):
        return [
            (one["product_id"], one["stock"]) for one in holded.v2("GET", f"/warehouses/{warehouse}/stock")["items"]
        ]

    assert (levels(main), levels(other)) == ([(product, 7)], [(product, 4)])
    assert {one["stock"] for one in holded.v2("GET", f"/products/{product}/stock")["items"]} == {7, 4}
    assert holded.v2("GET", f"/products/{product}")["stock"] == 11
    holded.v2("GET", f"/warehouses/{'0' * 24}/stock", status=404)
