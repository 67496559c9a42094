"""Contacts over v2."""

from __future__ import annotations

import pytest


def test_a_contact_is_written_and_read_back(holded):
    contact = holded.contact(
        name="Acme SL",
        code="B12345674",
        vat_number="ESB12345674",
        email="a@acme.example",
        is_person=False,
        type="client",
        tags=["t"],
        bill_address={"address": "Calle 1", "city": "Madrid", "postal_code": "28001", "country_code": "ES"},
        custom_fields=[{"field": "ref", "value": "7"}],
        defaults={"due_days": 30},
    )
    read = holded.v2("GET", f"/contacts/{contact}")

    assert (read["code"], read["bill_address"]["postal_code"], read["defaults"]["due_days"]) == (
        "B12345674",
        "28001",
        30,
    )
    assert read["custom_fields"] == [{"field": "ref", "value": "7"}]
    assert read["client_record"]["num"] > 43_000_000
    assert read["supplier_record"] is None
    assert not [name for name in read if name.startswith("_")]


@pytest.mark.parametrize("field", ["phone", "mobile", "email", "code"])
def test_list_filters_are_exact(holded, field):
    wanted = holded.contact(**{field: "value-1"})
    holded.contact(**{field: "value-10"})

    assert [item["id"] for item in holded.v2("GET", f"/contacts?{field}=value-1")["items"]] == [wanted]


def test_search_matches_the_beginning_of_the_name(holded):
    wanted = holded.contact(name="Ñandú Comercial")
    holded.contact(name="Comercial Ñandú")

    assert [item["id"] for item in holded.v2("GET", "/contacts/search?name=ñan")["items"]] == [wanted]


def test_the_custom_id_is_stored_by_v2_only_with_the_switch(holded):
    assert holded.v2("GET", "/contacts/" + holded.contact(custom_id="X"))["custom_id"] is None
    holded.company.configure({"custom_id_by_v2": True})
    stored = holded.contact(custom_id="X")

    assert [item["id"] for item in holded.v2("GET", "/contacts?custom_id=X")["items"]] == [stored]


def test_put_replaces_or_merges_by_the_switch(holded):
    contact = holded.contact(email="a@b.example", phone="1")
    assert holded.v2("PUT", f"/contacts/{contact}", {"name": "New", "phone": "2"}) == {"status": 1}
    assert holded.v2("GET", f"/contacts/{contact}")["email"] is None

    holded.company.configure({"put": "merge"})
    holded.v2("PUT", f"/contacts/{contact}", {"email": "c@d.example"})
    read = holded.v2("GET", f"/contacts/{contact}")
    assert (read["name"], read["phone"], read["email"]) == ("New", "2", "c@d.example")


def test_a_deleted_contact_leaves_its_name_on_its_documents(holded):
    contact = holded.contact(name="Gone SL")
    invoice = holded.invoice(contact_id=contact)
    assert holded.call("DELETE", f"/api/v2/contacts/{contact}").status == 204
    document = holded.v2("GET", f"/invoices/{invoice}")

    assert (document["contact_id"], document["contact_name"]) == (None, "Gone SL")


@pytest.mark.parametrize("body", [{}, {"name": 5}, {"name": "x", "type": "friend"}, {"name": "x", "tags": "t"}])
def test_a_wrong_contact_is_a_400(holded, body):
    holded.v2("POST", "/contacts", body, status=400)
