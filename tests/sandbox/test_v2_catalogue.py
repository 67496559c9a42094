"""Products, taxes, series and settings over v2."""

from __future__ import annotations

from decimal import Decimal

import pytest

from holded_sandbox.resources import RESOURCES


@pytest.mark.parametrize("resource", RESOURCES, ids=lambda resource: resource.path)
def test_every_small_resource_is_created_changed_listed_and_deleted(holded, resource):
    body = {"name": "One", "type": "bank", "kind": "simple"}
    created = holded.v2("POST", resource.path, body, status=201)["id"]
    holded.v2(resource.update_method, f"{resource.path}/{created}", {"name": "Two"})

    assert holded.v2("GET", f"{resource.path}/{created}")["name"] == "Two"
    assert created in [item["id"] for item in holded.v2("GET", resource.path)["items"]]
    assert holded.call("DELETE", f"/api/v2{resource.path}/{created}").status == 204
    holded.v2("GET", f"{resource.path}/{created}", status=404)
    holded.v2("POST", resource.path, {}, status=400)


def test_product_prices_have_a_dot_whatever_the_account_s_style(holded):
    product = holded.v2("POST", "/products", {"name": "P", "kind": "simple", "price": "1234.5"}, status=201)["id"]

    assert holded.v2("GET", f"/products/{product}")["price"] == "1234.50"


def test_stock_is_changed_by_a_variation(holded):
    product = holded.v2("POST", "/products", {"name": "P", "kind": "simple", "stock": 5}, status=201)["id"]
    warehouse = holded.v2("GET", "/warehouses")["items"][0]["id"]
    holded.v2("PUT", f"/products/{product}/stock", {"warehouse_id": warehouse, "stock_variation": -2})

    assert holded.v2("GET", f"/products/{product}")["stock"] == 3


def test_taxes_come_in_one_response_without_cursor_and_with_the_whole_spanish_list(holded):
    body = holded.v2("GET", "/taxes")
    assert set(body) == {"items"}
    taxes = {tax["key"]: tax for tax in body["items"]}

    assert {"s_iva_21", "p_iva_21", "s_rec_52", "s_ret_15", "s_igic_7", "s_oss_de_19"} <= set(taxes)
    assert (taxes["s_iva_21"]["amount"], taxes["s_iva_21"]["scope"], taxes["s_iva_21"]["group"]) == (
        "21",
        "sales",
        "iva",
    )
    assert Decimal(taxes["s_ret_15"]["amount"]) == -15
    assert len(taxes) == len(body["items"])


def test_tax_keys_by_country(holded):
    assert [tax["key"] for tax in holded.v2("GET", "/taxes/keys-by-country?country=FR")["items"]] == ["s_oss_fr_20"]


def test_numbering_series_of_a_type_can_be_added_changed_and_deleted_while_unused(holded):
    series = holded.v2("POST", "/numbering-series/invoice", {"name": "N", "format": "N%%%"}, status=201)["id"]
    holded.v2("PUT", f"/numbering-series/invoice/{series}", {"last": 41})
    invoice = holded.invoice(number_line_id=series)
    holded.v2("POST", f"/invoices/{invoice}/approve")

    assert holded.v2("GET", f"/invoices/{invoice}")["document_number"] == "N042"
    holded.v2("DELETE", f"/numbering-series/invoice/{series}", status=400)
    holded.v2("GET", "/numbering-series/nonsense", status=400)


def test_tags_are_made_once_and_deleted_by_name(holded):
    first = holded.v2("POST", "/tags", {"name": "blue"}, status=201)["id"]
    assert holded.v2("POST", "/tags", {"name": "blue"}, status=201)["id"] == first
    assert holded.v2("GET", "/tags")["items"] == [{"name": "blue"}]
    assert holded.call("DELETE", "/api/v2/tags/blue").status == 204
    assert holded.v2("GET", "/tags")["items"] == []


def test_free_payments(holded):
    body = {"amount": "12.5", "date": "2026-02-03", "contact_id": holded.contact(name="Payer")}
    payment = holded.v2("POST", "/payments", body, status=201)["id"]
    read = holded.v2("GET", f"/payments/{payment}")

    assert (read["amount"], read["contact_name"], read["document_id"]) == ("12.50", "Payer", None)
    assert holded.v2("GET", "/payments?start_date=2026-02-04")["items"] == []
    holded.v2("PUT", f"/payments/{payment}", {"description": "d"})
    assert holded.v2("GET", f"/payments/{payment}")["description"] == "d"
    holded.v2("POST", "/payments", {"amount": "1"}, status=400)


def test_usage_counts_both_apis(holded):
    holded.v1("GET", "/taxes")
    holded.v2("GET", "/contacts")
    usage = holded.v2("GET", "/usage")

    assert (usage["usage"], usage["limit"], usage["period"]) == (3, 100_000, "2026-11")
    assert usage["secondary_usages"]["api_v1_legacy_1"] == 1
    assert usage["secondary_usages"]["api_contacts_contacts_list_1"] == 1
