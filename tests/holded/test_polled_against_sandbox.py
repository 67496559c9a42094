"""Each polled resource, listed and read against the sandbox's core."""

from __future__ import annotations

from datetime import UTC, date, datetime
from random import Random

import pytest

from holded_sandbox.core import Sandbox
from holded_sandbox.wire import Request as Asked
from relay.holded import polled_requests, unified
from relay.holded.protocol import decipher
from tests.holded.test_polled_rows import EACH, ROWS

NOW = datetime(2026, 3, 9, 12, tzinfo=UTC)
TOKEN = "pat_test"
DAYS = (("start_date", "2026-01-01"), ("end_date", "2026-12-31"))
CONTACT = {
    "swift": "CAIXESBB", "website": "https://example.test", "extra_emails": ["b@example.test"],
    "defaults": {"due_days": 30, "language": "es"}, "shipping_addresses": [{"name": "Store", "city": "Vigo"}],
    "contact_persons": [{"name": "Ana"}], "custom_fields": [{"field": "size", "value": "L"}],
}  # fmt: skip
EMPLOYEE = {"name": "Ana", "last_name": "Gil", "email": "ana@example.test"}


class Holded:
    """A company with at least two objects of each resource."""

    def __init__(self, style="es"):
        self.sandbox = Sandbox(Random(3))
        switches = {
            "minute_limit": 10_000,
            "month_limit": 100_000,
            "decimal_style": style,
            "put": "merge",
            "put_fields": "all",
        }
        company = self.sandbox.add_company(switches, NOW.timestamp())
        company.tokens[TOKEN] = None
        self.scopes = company.tokens
        self.calls = company.counts.calls
        self.ids = {}
        for _ in range(2):
            self.fill()

    def post(self, path, body, method="POST"):
        headers = {"authorization": f"Bearer {TOKEN}"}
        exchange = self.sandbox.handle(
            Asked.make(method, "/api/v2" + path, headers=headers, json_body=body), NOW.timestamp()
        )
        assert exchange.response.status < 300, exchange.response.body
        found = exchange.response.json() if exchange.response.body else None
        return found["id"] if found and "id" in found else found

    def ask(self, request):
        """One request of the relay, through the sandbox and the protocol."""
        headers = {"authorization": f"Bearer {TOKEN}"}
        asked = Asked(method=request.method, path=request.path, query=request.query, headers=headers)
        reply = self.sandbox.handle(asked, NOW.timestamp()).response
        return decipher(request, reply.status, reply.headers, reply.body, NOW).value

    def fill(self):
        ids = self.ids
        contact = self.post("/contacts", {"name": "Acme", "type": "client"} | CONTACT)
        line = {"name": "A", "units": 1.5, "price": "1234.56", "taxes": ["s_iva_21"], "sku": "S", "tags": ["x"]}
        for name, path in (
            ("purchase", "purchases"), ("purchaserefund", "purchase-refunds"), ("purchaseorder", "purchase-orders"),
            ("purchaseshipment", "purchase-shipments"), ("invoice", "invoices"), ("creditnote", "credit-notes"),
            ("salesreceipt", "sales-receipts"),
            ("salesorder", "sales-orders"), ("estimate", "estimates"), ("proform", "proformas"), ("waybill", "waybills"),
            ("receiptnote", "receipt-notes"),
        ):  # fmt: skip
            body = {"contact_id": contact, "items": [line], "date": "2026-03-09", "tags": ["b", "a"], "notes": "n"}
            body |= {"number": "PROV-7"} if name == "purchase" else {}
            draft = self.post(f"/{path}", body | {"custom_fields": [{"field": "a", "value": "b"}]})
            ids[name] = self.post(f"/{path}", body)
            if name != "estimate":
                self.post(f"/{path}/{ids[name]}/approve", {})
            ids[name + " draft"] = draft
        self.post(f"/purchases/{ids['purchase']}/payments", {"amount": "100", "date": "2026-03-09"})
        ids["contact"] = contact
        ids["payment"] = self.post("/payments", {"amount": "7.50", "date": "2026-03-09", "contact_id": contact})
        ids["service"] = self.post("/services", {"name": "S", "price": "1000.5"})
        ids["warehouse"] = self.post("/warehouses", {"name": "W"})
        ids["product"] = product = self.post("/products", {"name": "P", "kind": "simple", "stock": 3, "price": "1.5"})
        self.post(f"/products/{product}/stock", {"warehouse_id": ids["warehouse"], "stock_variation": 2}, "PUT")
        ids["treasury"] = self.post("/treasury/accounts", {"name": "B", "type": "bank"})
        for day in ("2026-03-01", "2026-03-02"):
            self.post(f"/treasury/accounts/{ids['treasury']}/bank-movements", {"amount": "-12.5", "date": day})
        ids["funnel"] = self.post("/funnels", {"name": "F"})
        ids["lead"] = self.post(
            "/leads", {"funnel_id": ids["funnel"], "contact_id": contact, "name": "L", "value": "10"}
        )
        self.post(f"/leads/{ids['lead']}/notes", {"title": "t"})
        self.post(f"/leads/{ids['lead']}/tasks", {"name": "t"})
        ids["calendar_event"] = self.post("/events", {"name": "E", "start_date": "2026-03-09T10:00:00"})
        ids["project"] = self.post("/projects", {"name": "P", "due_date": "2026-04-01"})
        ids["task"] = self.post("/tasks", {"name": "T", "project_id": ids["project"]})
        self.post(f"/projects/{ids['project']}/times", {"duration": 60, "user_id": "u", "cost_per_hour": "9.5"})
        ids["employee"] = self.post("/employees", EMPLOYEE)
        hours = {"start_at": "2026-03-09T09:00:00", "end_at": "2026-03-09T17:00:00"}
        ids["employee_time"] = self.post(f"/employees/{ids['employee']}/times", hours)

    def listed(self, row, query=None):
        """Every object of a resource, page by page, and by parent where there is one; without a query those of a full pass."""
        if query is None:
            return {one: item for part in row.parts for one, item in self.listed(row, part).items()}
        found = {}
        parents = [one.id for one in self.listed(ROWS[row.parent]).values()] if row.parent else [None]
        for parent in parents:
            cursor = None
            while True:
                days = DAYS if row.listing == "window" and query in row.parts else ()
                asked = (*row.query, *query, *days)
                page = self.ask(polled_requests.page(row, asked, cursor=cursor or "", parent=parent or ""))
                items, unread, nameless = polled_requests.observed(row, page.items, query=asked, parent=parent or "")
                assert (unread, nameless) == ([], 0)
                assert not {item.id for item in items} & set(found)
                found |= {item.id: item for item in items}
                cursor = page.cursor
                if cursor is None:
                    break
        return found


@pytest.fixture(scope="module")
def holded():
    return Holded()


@EACH
def test_a_list_is_walked_and_each_object_reads_as_its_item_shows(holded, name):
    row = ROWS[name]
    listed = holded.listed(row)

    assert len(listed) >= 2
    if row.read:
        for one, item in listed.items():
            read = holded.ask(polled_requests.one(row, one))
            assert (read.id, read.matters, read.payment) == (one, item.matters, item.payment)
            if name != "purchaserefund":  # no list of theirs tells
                assert read.approved == item.approved


@EACH
def test_the_style_of_amounts_is_no_change(holded, name):
    row = ROWS[name]
    before, after = holded.listed(row), Holded("dot").listed(row)

    assert {one: item.matters for one, item in before.items()} == {one: item.matters for one, item in after.items()}


@EACH
def test_the_open_ones_are_among_all(holded, name):
    row = ROWS[name]
    every = holded.listed(row)
    for query in row.again:
        some = holded.listed(row, query)
        assert all(every[one].matters == item.matters for one, item in some.items())
        # The sandbox's one approved purchase is partly paid.
        nobody = {"overdue", "partial", *({"pending"} if name == "purchase" else ())}
        assert some or dict(query).get("status") in nobody


def test_drafts_and_payments_are_seen_in_lists(holded):
    purchases = holded.listed(ROWS["purchase"])

    assert purchases[holded.ids["purchase draft"]].data.number == "PROV-7"
    assert purchases[holded.ids["purchase draft"]].approved is False
    paid = purchases[holded.ids["purchase"]]
    assert (paid.approved, paid.payment) == (True, "partially_paid")
    drafts = holded.listed(ROWS["purchase"], (("approval_status", "draft"),))
    assert {item.approved for item in drafts.values()} == {False}


CHANGES = {
    "purchase": ("purchases", {"description": "new"}),
    "invoice": ("invoices", {"description": "new"}),
    "creditnote": ("credit-notes", {"discount": 5}),
    "salesreceipt": ("sales-receipts", {"payment_method_id": "5f00000000000000000000aa"}),
    "purchaseshipment": ("purchase-shipments", {"description": "new"}),
    "contact": ("contacts", {"name": "Acme", "defaults": {"due_days": 60}}),
    "product": ("products", {"description": "new"}),
    "payment": ("payments", {"description": "new"}),
    "salesorder": ("sales-orders", {"description": "new"}),
    "service": ("services", {"price": "7"}),
    "warehouse": ("warehouses", {"name": "new"}),
    "treasury": ("treasury/accounts", {"name": "new"}),
    "lead": ("leads", {"value": "99"}),
    "funnel": ("funnels", {"stages": ["One"]}),
    "calendar_event": ("events", {"status": 1}),
    "project": ("projects", {"due_date": "2026-05-01"}),
    "task": ("tasks", {"status": 1}),
    "employee": ("employees", {"last_name": "Ruiz"}),
    "employee_time": ("employee-times", {"end_at": "2026-03-09T18:00:00"}),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_in_holded_is_a_change_of_one_object_and_of_no_other(name):
    company, row = Holded(), ROWS[name]
    before = company.listed(row)
    path, body = CHANGES[name]
    company.post(f"/{path}/{company.ids[name]}", body, "PATCH" if name == "warehouse" else "PUT")
    after = company.listed(row)

    assert [
        one for one in before if unified.fingerprint(before[one].matters) != unified.fingerprint(after[one].matters)
    ] == [company.ids[name]]


def test_a_payment_that_is_reconciled_is_another():
    company, row = Holded(), ROWS["payment"]
    before = company.listed(row)
    bank = f"/treasury/accounts/{company.ids['treasury']}/bank-movements"
    movement = company.post(bank, {"amount": "7.50", "date": "2026-03-09"})
    matched = {"documents": [{"document_id": company.ids["payment"], "document_type": "payment"}]}
    company.post(f"{bank}/{movement}/reconcile", matched)
    after = company.listed(row)

    assert [one for one in after if after[one].matters != before[one].matters] == [company.ids["payment"]]
    assert after[company.ids["payment"]].matters["reconciliation_status"] == "reconciled"


def test_the_method_of_payment_of_a_shipment_is_not_listed_and_does_not_matter():
    company, row = Holded(), ROWS["purchaseshipment"]
    one = company.ids["purchaseshipment"]
    company.post(f"/purchase-shipments/{one}", {"payment_method_id": "5f00000000000000000000aa"}, "PUT")

    assert company.ask(polled_requests.one(row, one)).matters == company.listed(row)[one].matters


def test_the_chart_tells_which_accounts_were_booked_on():
    company, row = Holded(), ROWS["account"]
    before = company.listed(row)
    lines = [{"account": 62_900_000, "debit": "10"}, {"account": 57_200_000, "credit": "10"}]
    company.post("/ledger-entries", {"date": "2026-03-10", "lines": lines})
    calls = company.calls.total()
    after = company.listed(row)

    assert company.calls.total() == calls + 1
    moved = {after[one].data.fields["number"] for one in after if after[one].matters != before[one].matters}
    assert moved == {"62900000", "57200000"}
    asked = polled_requests.page(ROWS["ledger_entry"], (*DAYS, ("account", "62900000")), cursor="")
    ((line,), _, _) = polled_requests.observed(ROWS["ledger_entry"], company.ask(asked).items)
    assert (line.data.account, line.data.debit, line.data.date) == ("62900000", 10, date(2026, 3, 10))


def test_a_ledger_line_keeps_its_identity_when_it_is_booked_again():
    company, row = Holded(), ROWS["ledger_entry"]
    before = company.listed(row)
    body = {
        "contact_id": company.post("/contacts", {"name": "Other"}),
        "items": [{"name": "A", "units": 1, "price": 1}],
    }
    company.post(f"/purchases/{company.ids['purchase']}", body, "PUT")
    after = company.listed(row)

    assert set(after) < set(before)
    assert [one for one in after if after[one].matters != before[one].matters] != []


def test_stock_is_told_by_warehouse(holded):
    held = holded.listed(ROWS["stock"])

    assert {item.data.warehouse_id for item in held.values()} >= {holded.ids["warehouse"]}
    assert {item.matters["quantity"] for item in held.values()} == {"3", "2"}


@EACH
def test_a_token_with_a_row_s_scope_alone_may_list_and_read_it(name):
    company, row = Holded(), ROWS[name]
    parents = ROWS[row.parent].scope if row.parent else row.scope
    company.scopes[TOKEN] = frozenset({row.scope, parents})

    one = next(iter(company.listed(row)))
    if row.read:
        assert company.ask(polled_requests.one(row, one)).id == one
