"""The other resources of v1."""

from __future__ import annotations

import pytest


def test_a_contact_s_custom_id_is_written_with_a_capital_and_found_exactly(holded):
    contact = holded.v1("POST", "/contacts", {"name": "x", "CustomId": "ref-1"}, status=201)["id"]
    holded.v1("POST", "/contacts", {"name": "y", "CustomId": "ref-10"}, status=201)
    found = holded.v1("GET", "/contacts?customId[]=ref-1")

    assert [(item["id"], item["customId"]) for item in found] == [(contact, "ref-1")]
    assert [item["id"] for item in holded.v2("GET", "/contacts?custom_id=ref-1")["items"]] == [contact]
    holded.v1("PUT", f"/contacts/{contact}", {"CustomId": "other"})
    assert holded.v1("GET", f"/contacts/{contact}")["customId"] == "ref-1"


def test_a_contact_is_changed_in_part_and_reads_back_with_v1_s_oddities(holded):
    body = {
        "name": "Acme", "code": "B1", "tradeName": "T", "billAddress": {"postalCode": "08001", "city": "Barcelona"},
        "customFields": [{"field": "a", "value": "b"}], "socialNetworks": {"website": "w"},
    }  # fmt: skip
    contact = holded.v1("POST", "/contacts", body, status=201)["id"]
    changes = {"email": "a@b.example", "customFields": [{"a": "b"}], "socialNetworks": {"website": "changed"}}
    holded.v1("PUT", f"/contacts/{contact}", changes)
    read = holded.v1("GET", f"/contacts/{contact}")

    assert (read["code"], read["tradeName"], read["email"]) == ("B1", "T", "a@b.example")
    assert read["billAddress"]["postalCode"] == 8001
    assert read["customFields"] == [{"field": "a", "value": "b"}]
    assert read["socialNetworks"] == {"website": "w"}
    assert holded.v1("DELETE", f"/contacts/{contact}")["info"] == "Successfully deleted"


def test_a_contact_without_name_is_a_200_with_status_0(holded):
    assert holded.v1("POST", "/contacts", {}) == {"status": 0, "info": "name needed"}


@pytest.mark.parametrize(
    "path", ["/products", "/services", "/expensesaccounts", "/saleschannels", "/warehouses", "/contacts/groups"]
)
def test_small_resources_are_created_changed_listed_and_deleted(holded, path):
    created = holded.v1("POST", path, {"name": "One"}, status=201)
    assert (created["status"], created["info"]) == (1, "Created")
    holded.v1("PUT", f"{path}/{created['id']}", {"name": "Two"})

    assert holded.v1("GET", f"{path}/{created['id']}")["name"] == "Two"
    assert created["id"] in [item["id"] for item in holded.v1("GET", path)]
    assert holded.v1("DELETE", f"{path}/{created['id']}")["status"] == 1
    assert (
        holded.call("GET", f"/api/invoicing/v1{path}/{created['id']}").headers["content-type"].startswith("text/html")
    )


def test_a_product_of_v1_is_v2_s(holded):
    product = holded.v1("POST", "/products", {"name": "P", "price": 9.99, "sku": "S"}, status=201)["id"]

    assert holded.v2("GET", f"/products/{product}")["price"] == "9.99"


def test_the_treasury_s_post_is_a_stub(holded):
    assert holded.v1("POST", "/treasury", {"name": "x"}, status=201) == {"under": "development"}
    assert holded.v1("GET", "/treasury")[0]["type"] == "bank"


def test_series_payments_and_payment_methods(holded):
    series = holded.v1("POST", "/numberingseries/invoice", {"name": "N", "format": "N%%"}, status=201)["id"]
    holded.v1("PUT", f"/numberingseries/invoice/{series}", {"last": 3})
    assert holded.v1("GET", "/numberingseries/invoice")[-1]["last"] == 3
    assert holded.v1("DELETE", f"/numberingseries/invoice/{series}")["status"] == 0

    payment = holded.v1("POST", "/payments", {"amount": 5, "date": 1_795_129_200}, status=201)["id"]
    assert holded.v1("GET", f"/payments/{payment}")["amount"] == 5
    assert len(holded.v1("GET", "/payments?starttmp=1795129200&endtmp=1795129200")) == 1
    assert holded.v1("DELETE", f"/payments/{payment}")["status"] == 1
    assert holded.v1("GET", "/paymentmethods")[0]["dueDays"] == "30"
