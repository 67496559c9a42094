"""Whatever the body, every route answers: no exception, no 5xx, and the state stays readable."""

from __future__ import annotations

import json
from urllib.parse import urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from holded_sandbox import v1, v2

FIELDS = [
    "name", "contact_id", "contactId", "contactName", "contactCode", "items", "lines", "date", "due_date", "dueDate", "amount",
    "taxes", "tax", "tags", "price", "units", "discount", "subtotal", "currency", "currency_change", "currencyChange",
    "custom_fields", "customFields", "bill_address", "billAddress", "defaults", "type", "kind", "format", "last", "number",
    "emails", "is_person", "client_record", "stock", "stock_variation", "warehouse_id", "weight", "iban", "code", "email",
    "notes", "description", "desc", "account", "accountNum", "account_num", "address", "contactPersons", "contact_persons",
    "shippingAddresses", "shipping_addresses", "field", "value", "sku", "treasury", "treasury_id", "bankId", "dueDays",
    "approveDoc", "salesTax", "sales_tax", "language", "website", "group_id", "postalCode", "postal_code", "has_stock",
    "stages", "lists", "funnel_id", "stage_id", "project_id", "due_date", "start_date", "start_at", "end_at", "duration",
    "value_date", "documents", "prefix", "debit", "credit", "user_id", "cost_per_hour", "note_id", "task_id", "title",
]  # fmt: skip
SCALARS = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8)
    | st.sampled_from(["s_iva_21", "2026-02-30", "2026-02-03T25:00:00", "1e400", "-", "²", "9" * 30])
)  # fmt: skip
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(FIELDS), inner, max_size=4),
    max_leaves=8,
)
BODIES = st.dictionaries(st.sampled_from(FIELDS), VALUES, max_size=8)
ROUTES = [(route.method, route.template) for router in (v2.ROUTER, v1.ROUTER) for route in router.all()]
WRITES = [route for route in ROUTES if route[0] not in {"GET", "DELETE"}]
READS = [route for route in ROUTES if route[0] == "GET"]
QUERIES = st.dictionaries(
    st.sampled_from(
        ["limit", "cursor", "page", "sort", "start_date", "end_date", "starttmp", "status", "paid", "number"]
    ),
    st.text(max_size=6) | st.sampled_from(["2026-01-01", "-total", "1795129200", "1e20", "9" * 40]),
)


def _valid(client, template: str) -> dict:
    """A body that Holded takes, so that what is drawn on top of it gets past the first check."""
    contact = next(iter(client.company.tables["contacts"]))
    line = {"name": "x", "units": 1, "price": 5, "subtotal": 5, "taxes": ["s_iva_21"]}
    date = "2026-02-03" if "/v2/" in template else 1_795_129_200
    return {
        "name": "x", "kind": "simple", "type": "bank" if "treasury" in template else "client", "format": "N%", "amount": "5",
        "date": date, "contact_id": contact, "contactId": contact, "items": [line], "emails": ["a@b.example"],
        "funnel_id": next(iter(client.company.tables["funnels"])), "last_name": "y", "email": "a@b.example", "user_id": "u",
        "project_id": next(iter(client.company.tables["projects"])), "duration": 1, "title": "x", "prefix": 6290,
        "start_at": "2026-02-03", "end_at": "2026-02-03",
        "lines": [{"account": 57_200_000, "debit": 1}, {"account": 43_000_000, "credit": 1}],
    }  # fmt: skip


def _target(client, template: str) -> str:
    resource = template.split("/")[3 if "/v2/" in template else 4]
    table = {
        "sales-channels": "channels", "saleschannels": "channels", "treasury": "treasuries", "numbering-series": "series",
        "numberingseries": "series", "payment-methods": "payment_methods", "expensesaccounts": "expense_accounts",
        "expenses-accounts": "expense_accounts", "employee-times": "employee_times",
    }.get(resource, resource if resource in client.company.tables else "documents")  # fmt: skip
    first = next(iter(client.company.tables[table]), "0" * 24)
    inner = {name: next(iter(client.company.tables[table]), "0" * 24) for name, table in _INNER.items()}
    for name, found in inner.items():
        template = template.replace(f"{{{name}}}", found)
    return template.replace("{id}", first).replace("{type}", "invoice").replace("{tag}", "t")


_INNER = {"time_id": "project_times", "movement_id": "movements"}


def _prepared(new_client):
    client = new_client()
    contact = client.contact()
    client.invoice(contact_id=contact)
    client.v2("POST", "/payments", {"amount": "1", "date": "2026-01-01"}, status=201)
    client.v2("POST", "/products", {"name": "x", "kind": "simple"}, status=201)
    funnel = client.v2("POST", "/funnels", {"name": "x"}, status=201)["id"]
    client.v2("POST", "/leads", {"funnel_id": funnel, "contact_id": contact}, status=201)
    client.v2("POST", "/events", {"name": "x"}, status=201)
    project = client.v2("POST", "/projects", {"name": "x"}, status=201)["id"]
    client.v2("POST", "/tasks", {"name": "x", "project_id": project}, status=201)
    client.v2("POST", f"/projects/{project}/times", {"duration": 1, "user_id": "u"}, status=201)
    person = {"name": "x", "last_name": "y", "email": "a@b.example"}
    employee = client.v2("POST", "/employees", person, status=201)["id"]
    client.v2("POST", f"/employees/{employee}/clock-in", {})
    bank = next(iter(client.company.tables["treasuries"]))
    path = f"/treasury/accounts/{bank}/bank-movements"
    client.v2("POST", path, {"amount": 1, "date": "2026-01-01"}, status=201)
    return client


@pytest.mark.parametrize(("method", "template"), WRITES, ids=[f"{method} {path}" for method, path in WRITES])
@settings(max_examples=10, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(body=BODIES, is_on_top=st.booleans())
def test_any_body_gets_an_answer_and_leaves_a_readable_state(new_client, method, template, body, is_on_top):
    client = _prepared(new_client)
    path = _target(client, template)
    assert client.call(method, path, (_valid(client, template) if is_on_top else {}) | body).status < 500

    resource = template.split("/")[3]
    listed = f"/api/v2/{resource}" if "/v2/" in template else f"/api/invoicing/v1/{template.split('/')[4]}"
    for read in (listed.replace("documents", "documents/invoice"), "/api/v2/contacts", "/api/invoicing/v1/contacts"):
        assert client.call("GET", read).status < 500
    json.dumps(client.control("GET", f"/companies/{client.company.id}/state"), allow_nan=False)


@settings(deadline=None)
@given(route=st.sampled_from(READS), query=QUERIES)
def test_any_query_gets_an_answer(new_client, route, query):
    client = _prepared(new_client)

    assert client.call("GET", f"{_target(client, route[1])}?{urlencode(query)}").status < 500


def test_every_deletion_gets_an_answer(new_client):
    for method, template in ROUTES:
        if method == "DELETE":
            client = _prepared(new_client)
            assert client.call(method, _target(client, template)).status < 500
