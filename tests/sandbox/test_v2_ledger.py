"""What is booked: by documents, by payments, by hand; and what the chart of accounts comes to."""

from __future__ import annotations

from decimal import Decimal

import pytest

WINDOW = "start_date=2026-01-01&end_date=2026-12-31"


def rows(holded, query=WINDOW):
    return holded.v2("GET", f"/ledger-entries?{query}&limit=200")["items"]


def balances(holded, query=""):
    items = holded.v2("GET", f"/accounting-accounts?{query}")["items"]
    return {item["number"]: Decimal(item["balance"]) for item in items}


def approved(holded, kind, **values):
    document = holded.invoice(kind, date="2026-03-09", **values)
    holded.v2("POST", f"/{kind}/{document}/approve")
    return document


def test_a_sale_its_payment_and_its_credit_note_book_what_they_should(holded):
    contact = holded.contact(type="client")
    own = holded.v2("GET", f"/contacts/{contact}")["client_record"]["num"]
    invoice = approved(holded, "invoices", contact_id=contact)
    approved(holded, "credit-notes", contact_id=contact, items=[{"name": "A", "units": 1, "price": 10}])
    holded.v2("POST", f"/invoices/{invoice}/payments", {"amount": "50", "date": "2026-03-10"}, status=201)

    assert [(row["entry_number"], row["line"], row["type"], row["account"]) for row in rows(holded)] == [
        (1, 1, "invoice", own), (1, 2, "invoice", 70_000_000), (1, 3, "invoice", 47_700_000),
        (2, 1, "creditnote", own), (2, 2, "creditnote", 70_000_000),
        (3, 1, "payment", 57_200_000), (3, 2, "payment", own),
    ]  # fmt: skip
    assert {number: balance for number, balance in balances(holded).items() if balance} == {
        own: Decimal(61), 70_000_000: Decimal(-90), 47_700_000: Decimal(-21), 57_200_000: Decimal(50),
    }  # fmt: skip


@pytest.mark.parametrize(("kind", "sign"), [("purchases", 1), ("purchase-refunds", -1)])
def test_purchases_book_the_other_way_round(holded, kind, sign):
    approved(holded, kind)

    assert balances(holded) == {60_000_000: 100 * sign, 47_200_000: 21 * sign, 40_000_000: -121 * sign}


@pytest.mark.parametrize("kind", ["sales-orders", "waybills", "proformas", "purchase-orders"])
def test_orders_and_offers_book_nothing(holded, kind):
    approved(holded, kind)

    assert rows(holded) == []


def test_what_changes_is_booked_again_under_its_number_and_what_goes_is_gone(holded):
    invoice = approved(holded, "invoices")
    body = {"contact_id": holded.contact(), "items": [{"name": "A", "units": 1, "price": 7}]}
    holded.v2("PUT", f"/invoices/{invoice}", body)
    assert [(row["entry_number"], row["line"], row["debit"]) for row in rows(holded)] == [
        (1, 1, "7.00"),
        (1, 2, "0.00"),
    ]

    holded.control("DELETE", f"/companies/{holded.company.id}/documents/{invoice}")

    assert rows(holded) == []
    approved(holded, "invoices")
    assert {row["entry_number"] for row in rows(holded)} == {2}


def test_a_payment_that_is_deleted_is_taken_out_and_one_that_is_moved_moves(holded):
    payment = holded.v2("POST", "/payments", {"amount": "5", "date": "2026-03-01"}, status=201)["id"]
    holded.v2("PUT", f"/payments/{payment}", {"date": "2026-04-02"})
    assert {row["date"] for row in rows(holded)} == {"02/04/2026"}

    holded.call("DELETE", f"/api/v2/payments/{payment}")

    assert rows(holded) == []


def test_a_manual_entry_has_two_lines_that_balance(holded):
    lines = [{"account": 62_900_000, "debit": "10.50", "credit": "0"}, {"account": 57_200_000, "credit": "10.50"}]
    body = {"date": "2026-05-04", "notes": "rent", "lines": lines}
    holded.v2("POST", "/ledger-entries", body, status=201)

    assert [(row["account"], row["debit"], row["credit"], row["doc_description"]) for row in rows(holded)] == [
        (62_900_000, "10.50", "0.00", "rent"),
        (57_200_000, "0.00", "10.50", "rent"),
    ]
    assert rows(holded, WINDOW + "&account=57200000")[0]["line"] == 2
    assert rows(holded, "start_date=2026-05-05&end_date=2026-05-06") == []
    for wrong in (lines[:1], [lines[0], lines[0]], "x", [1, 2], [{"account": -1}, {"account": 0}]):
        holded.v2("POST", "/ledger-entries", body | {"lines": wrong}, status=400)


def test_the_chart_comes_whole_and_its_days_differ(holded):
    assert balances(holded) == {}
    assert 57_200_000 in balances(holded, "include_empty=true")
    account = holded.v2("POST", "/accounting-accounts", {"prefix": 6290, "name": "Rent"}, status=201)["id"]
    items = holded.v2("GET", "/accounting-accounts?include_empty=true")["items"]

    assert [(one["number"], one["balance"]) for one in items if one["id"] == account] == [(62_900_001, "0.00")]
    assert (
        "end"
        in holded.v2("GET", "/accounting-accounts?start_date=2026-01-01&end_date=2026-01-01", status=400)[
            "detail"
        ].lower()
    )
    holded.v2("POST", "/accounting-accounts", {"name": "x"}, status=400)


def test_balances_are_of_the_days_asked_for(holded):
    approved(holded, "invoices")

    assert balances(holded, "start_date=2026-04-01&end_date=2026-04-30") == {}


def test_the_ledger_is_walked_line_by_line(holded):
    for _ in range(3):
        approved(holded, "invoices")
    seen, cursor = [], ""
    while True:
        page = holded.v2("GET", f"/ledger-entries?{WINDOW}&limit=2{cursor}")
        seen += [(row["entry_number"], row["line"]) for row in page["items"]]
        if not page["has_more"]:
            break
        cursor = f"&cursor={page['cursor']}"

    assert seen == [(entry, line) for entry in (1, 2, 3) for line in (1, 2, 3)]
