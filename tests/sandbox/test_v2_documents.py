"""Documents over v2: drafts, approval, payments, deletion."""

from __future__ import annotations

import pytest

from holded_sandbox.kinds import KINDS


def test_a_new_document_is_a_draft_without_number_until_it_is_approved(holded):
    invoice = holded.invoice(date="2026-03-04")
    draft = holded.v2("GET", f"/invoices/{invoice}")
    assert (draft["draft"], draft["document_number"], draft["approved_at"]) == (True, None, None)

    holded.v2("POST", f"/invoices/{invoice}/approve")

    approved = holded.v2("GET", f"/invoices/{invoice}")
    assert (approved["draft"], approved["document_number"]) == (False, "F260001")
    assert approved["approved_at"] == "2026-11-21T01:00:00"


def test_approving_twice_gives_one_number_and_each_document_the_next(holded):
    first, second = holded.invoice(), holded.invoice()
    for invoice in (first, first, second):
        holded.v2("POST", f"/invoices/{invoice}/approve")

    numbers = [holded.v2("GET", f"/invoices/{invoice}")["document_number"] for invoice in (first, second)]
    assert numbers == ["F260001", "F260002"]
    series = holded.v2("GET", "/numbering-series/invoice")
    assert series["items"][0]["last"] == 2
    assert "cursor" not in series


def test_the_series_that_the_document_names_counts_on_its_own(holded):
    series = holded.v2("GET", "/numbering-series/invoice")["items"][1]
    invoice = holded.invoice(number_line_id=series["id"], date="2026-05-05")
    holded.v2("POST", f"/invoices/{invoice}/approve")

    assert holded.v2("GET", f"/invoices/{invoice}")["document_number"] == "W2026-00001"


def test_line_amounts_are_rounded_half_up_each_and_the_price_keeps_its_precision(holded):
    holded.company.configure({"decimal_style": "dot"})
    line = {"name": "x", "units": 3, "price": 0.335, "taxes": ["s_iva_21"]}
    invoice = holded.v2("GET", "/invoices/" + holded.invoice(items=[line, line]))

    # 3 x 0.335 = 1.005 -> 1.01 a line; 21 % of 1.01 = 0.2121 -> 0.21 a line
    assert (invoice["subtotal"], invoice["tax"], invoice["total"]) == ("2.02", "0.42", "2.44")
    assert invoice["lines"][0]["price"] == "0.335"


def test_a_retention_is_a_tax_with_a_negative_effect(holded):
    holded.company.configure({"decimal_style": "dot"})
    line = {"name": "x", "units": 1, "price": 100, "taxes": ["s_iva_21", "s_ret_15"]}
    invoice = holded.v2("GET", "/invoices/" + holded.invoice(items=[line]))

    assert (invoice["total"], invoice["tax"]) == ("106.00", "6.00")
    assert (invoice["lines"][0]["tax"], invoice["lines"][0]["retention"]) == (21, 15)


def test_discounts_of_line_and_document_reduce_the_net(holded):
    holded.company.configure({"decimal_style": "dot"})
    line = {"name": "x", "units": 2, "price": 50, "discount": 10, "taxes": []}
    invoice = holded.v2("GET", "/invoices/" + holded.invoice(items=[line], discount=50))

    assert invoice["total"] == "45.00"


@pytest.mark.parametrize(
    ("style", "total", "price"),
    [("es", "1.234,56", "1.234,56"), ("es_plain", "1234,56", "1234,56"), ("dot", "1234.56", "1234.56")],
)
def test_amounts_follow_the_account_s_decimal_style_while_catalogue_and_payments_use_a_dot(holded, style, total, price):
    holded.company.configure({"decimal_style": style})
    invoice = holded.invoice(items=[{"name": "x", "units": 1, "price": 1234.56}])
    paid = holded.v2("POST", f"/invoices/{invoice}/payments", {"amount": "1000.5"}, status=201)
    document = holded.v2("GET", f"/invoices/{invoice}")

    assert (document["total"], document["lines"][0]["price"]) == (total, price)
    assert paid["amount"] == "1000.50"
    assert holded.v2("GET", "/payments")["items"][0]["amount"] == "1000.50"


def test_a_list_lacks_notes_approval_and_draft_but_has_tags(holded):
    holded.invoice(tags=["hrabc"], notes="n")
    item = holded.v2("GET", "/invoices")["items"][0]

    assert item["tags"] == ["hrabc"]
    assert not {"notes", "approved_at", "draft", "updated_at", "created_at"} & set(item)
    assert not {"updated_at", "created_at", "version"} & set(holded.v2("GET", f"/invoices/{item['id']}"))


def test_payments_change_what_is_pending_and_the_status(holded):
    holded.company.configure({"decimal_style": "dot"})
    invoice = holded.invoice()
    holded.v2("POST", f"/invoices/{invoice}/approve")
    seen = []
    for amount in ("21.00", "100.00"):
        holded.v2("POST", f"/invoices/{invoice}/payments", {"amount": amount, "date": "2026-11-20"}, status=201)
        document = holded.v2("GET", f"/invoices/{invoice}")
        seen.append((document["payments_total"], document["payments_pending"], document["status"]))

    assert seen == [("21.00", "100.00", "partial"), ("121.00", "0.00", "completed")]
    assert document["payments_detail"][0]["date"] == 1_795_129_200  # the one date that is an integer
    payments = holded.v2("GET", f"/payments?document_id={invoice}&document_type=invoice")["items"]
    assert [payment["amount"] for payment in payments] == ["21.00", "100.00"]


def test_deleting_a_payment_makes_the_amount_pending_again(holded):
    invoice = holded.invoice()
    payment = holded.v2("POST", f"/invoices/{invoice}/payments", {"amount": "121.00"}, status=201)["id"]
    assert holded.call("DELETE", f"/api/v2/payments/{payment}").status == 204

    assert holded.v2("GET", f"/invoices/{invoice}")["payments_pending"] == "121,00"


def test_a_draft_can_be_deleted_and_an_approved_document_cannot(holded):
    draft, approved = holded.invoice(), holded.invoice()
    holded.v2("POST", f"/invoices/{approved}/approve")

    assert holded.call("DELETE", f"/api/v2/invoices/{draft}").status == 204
    assert holded.v2("DELETE", f"/invoices/{approved}", status=422)["type"].endswith("/unprocessable-entity")
    holded.v2("GET", f"/invoices/{draft}", status=404)

    holded.company.configure({"delete_approved": "allow"})
    assert holded.call("DELETE", f"/api/v2/invoices/{approved}").status == 204


def test_put_replaces_the_whole_document_or_merges_by_the_switch(holded):
    invoice = holded.invoice(notes="keep", tags=["t"], date="2026-02-03")
    holded.v2("PUT", f"/invoices/{invoice}", {"description": "new"})
    replaced = holded.v2("GET", f"/invoices/{invoice}")
    assert (replaced["description"], replaced["notes"], replaced["tags"]) == ("new", None, [])
    assert len(replaced["lines"]) == 1

    holded.company.configure({"put": "merge"})
    holded.v2("PUT", f"/invoices/{invoice}", {"notes": "again"})
    merged = holded.v2("GET", f"/invoices/{invoice}")
    assert (merged["description"], merged["notes"]) == ("new", "again")


def test_put_of_a_credit_note_takes_the_dates_only_unless_switched(holded):
    note = holded.invoice("credit-notes", notes="keep")
    holded.v2("PUT", f"/credit-notes/{note}", {"notes": "lost", "date": "2026-01-02"})
    document = holded.v2("GET", f"/credit-notes/{note}")
    assert (document["notes"], document["date"]) == ("keep", "2026-01-02")

    holded.company.configure({"put_fields": "all"})
    holded.v2("PUT", f"/credit-notes/{note}", {"notes": "stored"})
    assert holded.v2("GET", f"/credit-notes/{note}")["notes"] == "stored"


def test_a_purchase_keeps_the_supplier_s_number_written_as_number(holded):
    purchase = holded.invoice("purchases", number="S-77", document_number="lost")
    draft = holded.v2("GET", f"/purchases/{purchase}")
    assert (draft["document_number"], draft["draft"], draft["approved_at"]) == ("S-77", True, None)
    holded.v2("POST", f"/purchases/{purchase}/approve")

    assert holded.v2("GET", f"/purchases/{purchase}")["document_number"] == "S-77"


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.v2)
def test_every_family_is_created_read_listed_and_kept_apart_from_the_others(holded, kind):
    document = holded.invoice(kind.v2)
    other = "estimates" if kind.v2 != "estimates" else "invoices"

    assert holded.v2("GET", f"/{kind.v2}/{document}")["id"] == document
    assert [item["id"] for item in holded.v2("GET", f"/{kind.v2}")["items"]] == [document]
    assert holded.v2("GET", f"/{other}")["items"] == []
    holded.v2("GET", f"/{other}/{document}", status=404)
    approved = holded.call("POST", f"/api/v2/{kind.v2}/{document}/approve").status
    assert approved == (200 if kind.approvable else 404)


def test_the_auto_approve_switch_numbers_a_new_document_at_once(holded):
    holded.company.configure({"auto_approve": True})

    assert holded.v2("GET", "/invoices/" + holded.invoice())["draft"] is False


def test_filters_of_a_list(holded):
    mine = holded.contact(name="Mine")
    old = holded.invoice(contact_id=mine, date="2026-01-10", due_date="2026-02-10")
    new = holded.invoice(date="2026-11-10")
    holded.v2("POST", f"/invoices/{old}/approve")

    def ids(query: str) -> list[str]:
        return [item["id"] for item in holded.v2("GET", f"/invoices?{query}")["items"]]

    assert ids(f"contact_id={mine}") == [old]
    assert ids("start_date=2026-11-10&end_date=2026-11-10") == [new]
    assert ids("approval_status=draft") == [new]
    assert ids("approval_status=approved") == [old]
    assert ids("status=overdue") == [old]
    assert ids("sort=date") == [old, new]
    assert ids("sort=-date") == ids("") == [new, old]
    assert ids("page=2&nonsense=1") == [new, old]


def test_the_approval_filter_is_ignored_where_holded_does_not_know_it(holded):
    holded.invoice("sales-orders")

    assert len(holded.v2("GET", "/sales-orders?approval_status=approved")["items"]) == 1


def test_find_by_number_answers_any_part_of_it(holded):
    invoice = holded.invoice(date="2026-01-01")
    holded.v2("POST", f"/invoices/{invoice}/approve")

    assert [item["id"] for item in holded.v2("GET", "/invoices/find-by-number?number=f26000")["items"]] == [invoice]
    assert holded.v2("GET", "/invoices/find-by-number?number=zz")["items"] == []


def test_cancelling_needs_an_approved_document_and_shows_in_the_status(holded):
    invoice = holded.invoice()
    holded.v2("POST", f"/invoices/{invoice}/cancel", status=422)
    holded.v2("POST", f"/invoices/{invoice}/approve")
    holded.v2("POST", f"/invoices/{invoice}/cancel")

    assert holded.v2("GET", f"/invoices/{invoice}")["status"] == "cancelled"


@pytest.mark.parametrize(
    ("body", "status", "detail"),
    [
        ({"items": [{}]}, 400, "contact_id is required"),
        ({"contact_id": "0" * 24, "items": [{}]}, 422, "Contact not found"),
        ({"contact_id": "?", "items": []}, 400, "items is required"),
        ({"contact_id": "?", "items": [{}], "date": "03-04-2026"}, 400, "Invalid date format"),
        ({"contact_id": "?", "items": [{"price": "x"}]}, 400, "items[0].price must be a number"),
        ({"contact_id": "?", "items": [{"price": "Infinity"}]}, 400, "items[0].price must be a number"),
        ({"contact_id": "?", "items": [{"price": "1e-40"}]}, 400, "items[0].price must be a number"),
        ({"contact_id": "?", "items": [{"discount": 101}]}, 400, "items[0].discount must lie between"),
        ({"contact_id": "?", "items": [{"taxes": "s_iva_21"}]}, 400, "items[0].taxes must be an array of strings"),
    ],
)
def test_a_wrong_body_is_a_problem_that_names_the_field(holded, body, status, detail):
    if body.get("contact_id") == "?":
        body = body | {"contact_id": holded.contact()}
    response = holded.call("POST", "/api/v2/invoices", body)

    assert response.status == status
    assert response.headers["content-type"] == "application/problem+json"
    assert detail in response.json()["detail"]


def test_unknown_tax_keys_and_unknown_fields_are_dropped_in_silence(holded):
    holded.company.configure({"decimal_style": "dot"})
    line = {"name": "x", "units": 1, "price": 10, "taxes": ["s_iva_99"], "colour": "red"}

    assert holded.v2("GET", "/invoices/" + holded.invoice(items=[line], colour="red"))["total"] == "10.00"


def test_bulk_approval_is_refused_as_it_was_for_everyone(holded):
    message = holded.v2("POST", "/invoices/bulk/approve", {"ids": [holded.invoice()]}, status=422)

    assert message == {"message": "None of the invoices could be approved"}


def test_the_ledger_shows_days_with_slashes_and_balances(holded):
    invoice = holded.invoice(date="2026-03-09")
    holded.v2("POST", f"/invoices/{invoice}/approve")
    holded.invoice(date="2026-03-09")
    rows = holded.v2("GET", "/ledger-entries?start_date=2026-03-01&end_date=2026-03-31")["items"]

    assert {row["date"] for row in rows} == {"09/03/2026"}
    assert [(row["debit"], row["credit"]) for row in rows] == [
        ("121.00", "0.00"),
        ("0.00", "100.00"),
        ("0.00", "21.00"),
    ]
    holded.v2("GET", "/ledger-entries", status=400)


def test_custom_fields_and_line_details_round_trip(holded):
    line = {
        "name": "x", "units": "2", "price": 5, "sku": "S", "tags": ["t"], "weight": 1.5, "account": "a" * 24,
        "type": "service", "description": "d",
    }  # fmt: skip
    fields = [{"field": "ref", "value": "1001"}]
    document = holded.v2("GET", "/invoices/" + holded.invoice(items=[line], custom_fields=fields, currency="usd"))
    shown = document["lines"][0]

    assert (document["custom_fields"], document["currency"]) == (fields, "USD")
    assert (shown["units"], shown["sku"], shown["tags"], shown["weight"], shown["account"]) == (
        2,
        "S",
        ["t"],
        1.5,
        "a" * 24,
    )


def test_a_tax_may_be_named_by_its_id(holded):
    tax = next(tax for tax in holded.v2("GET", "/taxes")["items"] if tax["key"] == "s_iva_10")
    line = {"name": "x", "units": 1, "price": 10, "taxes": [tax["id"]]}
    document = holded.v2("GET", "/invoices/" + holded.invoice(items=[line]))

    assert (document["total"], document["lines"][0]["taxes"]) == ("11,00", ["s_iva_10"])


def test_sending_the_pdf_and_the_pipeline(holded):
    invoice = holded.invoice()
    pdf = holded.call("GET", f"/api/v2/invoices/{invoice}/pdf")
    holded.v2("PUT", f"/invoices/{invoice}/pipeline", {"pipeline_id": "p1"})

    assert (pdf.headers["content-type"], pdf.body[:4]) == ("application/pdf", b"%PDF")
    assert holded.v2("GET", f"/invoices/{invoice}")["pipeline_id"] == "p1"
    assert holded.call("POST", f"/api/v2/invoices/{invoice}/send", {"emails": ["a@b.example"]}).body == b""
    holded.v2("POST", f"/invoices/{invoice}/send", {}, status=400)


def test_a_cancelled_document_takes_no_payment(holded):
    invoice = holded.invoice()
    holded.v2("POST", f"/invoices/{invoice}/approve")
    holded.v2("POST", f"/invoices/{invoice}/cancel")

    holded.v2("POST", f"/invoices/{invoice}/payments", {"amount": "1"}, status=422)


def test_a_datetime_is_the_day_it_is_in_madrid(holded):
    document = holded.v2("GET", "/invoices/" + holded.invoice(date="2026-07-01T22:30:00Z"))

    assert document["date"] == "2026-07-02"


def test_a_document_of_nothing_is_complete_once_approved(holded):
    invoice = holded.invoice(items=[{"name": "free", "units": 1, "price": 0}])
    before = holded.v2("GET", f"/invoices/{invoice}")["status"]
    holded.v2("POST", f"/invoices/{invoice}/approve")

    assert (before, holded.v2("GET", f"/invoices/{invoice}")["status"]) == ("pending", "completed")
