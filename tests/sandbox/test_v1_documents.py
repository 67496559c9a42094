"""Documents over v1, with its asymmetries."""

from __future__ import annotations

import base64

import pytest

MIDNIGHT = 1_795_129_200  # 2026-11-20 00:00 in Madrid


def _create(holded, kind: str = "invoice", **values: object) -> dict:
    body = {
        "date": MIDNIGHT, "contactName": "Acme", "items": [{"name": "A", "units": 2, "subtotal": 50, "tax": 21}],
    }  # fmt: skip
    return holded.v1("POST", f"/documents/{kind}", body | values, status=201)


def test_what_is_written_under_one_name_is_read_under_another(holded):
    created = _create(holded, invoiceNum="own")
    document = holded.v1("GET", f"/documents/invoice/{created['id']}")

    assert created["status"] == 1
    assert (created["invoiceNum"], document["docNumber"]) == (None, None)
    assert document["contact"] == created["contactId"]
    assert "items" not in document
    assert (document["products"][0]["price"], document["products"][0]["tax"]) == (50, 21)
    assert document["products"][0]["taxes"] == ["s_iva_21"]
    assert (document["subtotal"], document["tax"], document["total"]) == (100, 21, 121)
    assert document["date"] == MIDNIGHT


def test_both_versions_show_one_document(holded):
    created = _create(holded)
    v2 = holded.v2("GET", f"/invoices/{created['id']}")

    assert (v2["date"], v2["total"], v2["contact_name"]) == ("2026-11-20", "121,00", "Acme")


def test_a_price_instead_of_a_subtotal_makes_a_document_of_nothing(holded):
    created = _create(holded, items=[{"name": "A", "units": 1, "price": 100}])

    assert holded.v1("GET", f"/documents/invoice/{created['id']}")["total"] == 0


def test_amounts_are_spelt_as_binary_floats(holded):
    created = _create(holded, items=[{"name": "A", "units": 1, "subtotal": 9.72}, {"name": "B", "subtotal": 1118.92}])
    body = holded.call("GET", f"/api/invoicing/v1/documents/invoice/{created['id']}").body

    assert b'"price":9.7200000000000006' in body
    assert b'"total":1128.6400000000001' in body or b'"total":1128.6399999999999' in body


def test_oddities_of_a_draft_and_of_an_approved_document(holded):
    draft = holded.v1("GET", f"/documents/invoice/{_create(holded)['id']}")
    approved_id = _create(holded, approveDoc=True)["id"]
    approved = holded.v1("GET", f"/documents/invoice/{approved_id}")
    listed = {item["id"]: item for item in holded.v1("GET", "/documents/invoice")}[approved_id]

    assert (draft["draft"], draft["approvedAt"], draft["dueDate"], draft["tags"]) == (True, None, None, None)
    assert (approved["draft"], approved["docNumber"]) == (None, "F260001")
    assert approved["approvedAt"] == int(holded.now)
    assert not {"draft", "approvedAt", "paymentsTotal", "paymentsDetail"} & set(listed)
    assert (draft["multipledueDate"], draft["products"][0]["sku"], draft["status"]) == ([], 0, 0)
    assert draft["currency"] == "eur"


def test_due_dates_are_an_object_when_there_is_one(holded):
    created = _create(holded)["id"]
    document = holded.company.tables["documents"][created]
    document["multiple_due_dates"] = [{"date": "2026-11-20", "amount": "121.00"}]

    assert holded.v1("GET", f"/documents/invoice/{created}")["multipledueDate"] == {"date": MIDNIGHT, "amount": 121}


@pytest.mark.parametrize(
    ("day", "seconds"), [("2026-01-15", 1_768_431_600), ("2026-07-15", 1_784_066_400), ("2026-03-29", 1_774_738_800)]
)
def test_dates_are_midnight_in_madrid_in_winter_and_summer(holded, day, seconds):
    created = _create(holded, date=seconds)

    assert holded.v2("GET", f"/invoices/{created['id']}")["date"] == day
    assert holded.v1("GET", f"/documents/invoice/{created['id']}")["date"] == seconds


def test_custom_fields_are_torn_apart_on_create_and_kept_on_update(holded):
    created = _create(holded, customFields=[{"field": "src", "value": "val"}])["id"]
    torn = holded.v1("GET", f"/documents/invoice/{created}")["customFields"]
    assert torn == [{"field": "field", "value": "src"}, {"field": "value", "value": "val"}]

    round_trip = _create(holded, customFields=[{"src": "val"}])["id"]
    expected = [{"field": "src", "value": "val"}]
    assert holded.v1("GET", f"/documents/invoice/{round_trip}")["customFields"] == expected

    holded.v1("PUT", f"/documents/invoice/{created}", {"customFields": expected})
    assert holded.v1("GET", f"/documents/invoice/{created}")["customFields"] == expected


def test_paying_a_draft_approves_it(holded):
    created = _create(holded)["id"]
    paid = holded.v1("POST", f"/documents/invoice/{created}/pay", {"date": MIDNIGHT, "amount": 21})
    document = holded.v1("GET", f"/documents/invoice/{created}")

    assert (paid["status"], paid["invoiceId"], paid["invoiceNum"]) == (1, created, "F260001")
    assert (document["status"], document["paymentsTotal"], document["paymentsPending"]) == (2, 21, 100)
    assert document["paymentsDetail"][0]["id"] == paid["paymentId"]
    assert holded.v2("GET", f"/payments/{paid['paymentId']}")["amount"] == "21.00"


def test_the_contact_is_found_by_id_or_tax_id_or_made_from_the_name(holded):
    contact = holded.contact(name="Known", code="B1")
    by_id = _create(holded, contactId=contact)
    by_code = _create(holded, contactCode="B1", contactName="ignored")
    made = _create(holded, contactName="New", contactCode="B2", contactCp="08001")

    assert by_id["contactId"] == by_code["contactId"] == contact
    assert holded.v2("GET", f"/contacts/{made['contactId']}")["bill_address"]["postal_code"] == "08001"


def test_contact_defaults_overrule_the_lines_unless_forbidden(holded):
    contact = holded.v1("POST", "/contacts", {"name": "x", "defaults": {"salesTax": "s_iva_exento"}}, status=201)["id"]
    overruled = _create(holded, contactId=contact)["id"]
    exact = _create(holded, contactId=contact, applyContactDefaults=False)["id"]

    totals = [holded.v1("GET", f"/documents/invoice/{document}")["total"] for document in (overruled, exact)]
    assert totals == [100, 121]


def test_put_is_partial_and_ignores_what_it_does_not_support(holded):
    created = _create(holded, tags=["a"], notes="keep")["id"]
    answer = holded.v1("PUT", f"/documents/invoice/{created}", {"desc": "d", "tags": ["b"], "currencyChange": 2})
    document = holded.v1("GET", f"/documents/invoice/{created}")

    assert answer == {"status": 1, "info": "Updated", "id": created}
    assert (document["desc"], document["notes"], document["tags"], document["currencyChange"]) == (
        "d",
        "keep",
        ["a"],
        1,
    )
    holded.v1("PUT", f"/documents/invoice/{created}", {"approveDoc": True})
    assert holded.v1("GET", f"/documents/invoice/{created}")["docNumber"] == "F260001"


def test_a_retention_alone_is_the_line_s_tax(holded):
    lines = [
        {"name": "A", "subtotal": 100, "taxes": ["s_iva_21"]},
        {"name": "R", "subtotal": 100, "taxes": ["s_retencion2"]},
        {"name": "B", "subtotal": 100, "taxes": ["s_iva_21", "s_ret_15"]},
    ]
    created = _create(holded, items=lines)["id"]
    products = holded.v1("GET", f"/documents/invoice/{created}")["products"]

    assert [(line["tax"], line["retention"]) for line in products] == [(21, 0), (-2, 0), (21, 15)]


@pytest.mark.parametrize("path", ["/nonsense", "/documents/invoice/" + "0" * 24, "/contacts/" + "0" * 24])
def test_an_unknown_route_or_id_is_a_web_page_with_200(holded, path):
    response = holded.call("GET", "/api/invoicing/v1" + path)

    assert response.status == 200
    assert response.headers["content-type"].startswith("text/html")


@pytest.mark.parametrize(
    ("body", "info"),
    [
        ({"contactName": "x"}, "date needed"),
        ({"date": MIDNIGHT}, "contactId needed"),
        ({"date": MIDNIGHT, "contactId": "none"}, "Contact not found"),
        ({"date": "soon", "contactName": "x"}, "date is not a number"),
        ({"date": 9e11, "contactName": "x"}, "date is not a date"),
        ({"date": MIDNIGHT, "contactName": "x", "items": [{"subtotal": "a"}]}, "items[0].subtotal is not a number"),
    ],
)
def test_a_wrong_body_is_a_200_with_status_0(holded, body, info):
    assert holded.v1("POST", "/documents/invoice", body) == {"status": 0, "info": info}


@pytest.mark.parametrize("kind", ["proforma", "expense", "nonsense"])
def test_an_unknown_kind_of_document_is_a_400(holded, kind):
    holded.v1("GET", f"/documents/{kind}", status=400)


def test_filters_and_order_of_the_list(holded):
    old = _create(holded, date=MIDNIGHT - 10 * 86_400, approveDoc=True)["id"]
    new = _create(holded)["id"]
    holded.v1("POST", f"/documents/invoice/{old}/pay", {"date": MIDNIGHT, "amount": 121})

    def ids(query: str) -> list[str]:
        return [item["id"] for item in holded.v1("GET", f"/documents/invoice?{query}")]

    assert ids("") == ids("sort=created-desc") == [new, old]
    assert ids("sort=created-asc") == [old, new]
    assert ids(f"starttmp={MIDNIGHT}&endtmp={MIDNIGHT}") == [new]
    assert (ids("paid=1"), ids("paid=0"), ids("filter=approved-0")) == ([old], [new], [new])


def test_an_approved_document_is_not_deleted_and_the_pdf_is_base64_in_json(holded):
    created = _create(holded, approveDoc=True)["id"]
    assert holded.v1("DELETE", f"/documents/invoice/{created}")["status"] == 0

    data = holded.v1("GET", f"/documents/invoice/{created}/pdf")["data"]
    assert base64.b64decode(data).startswith(b"%PDF")
