"""The sandbox's control API: companies, people, faults and counters."""

from __future__ import annotations

import pytest


def home(holded):
    return f"/companies/{holded.company.id}"


def test_a_company_is_made_with_its_switches_credentials_and_taxes(holded):
    made = holded.control(
        "POST",
        "/companies",
        {
            "name": "Two SL", "plan": "plus", "decimal_style": "dot", "token": "pat_two", "v1_key": "b" * 32,
            "scopes": ["accounting:taxes.read"], "v1_key_can_write": False, "minute_window": "fixed", "minute_phase": 17.5,
            "taxes": [{"name": "IVA", "amount": "21", "key": "s_own21"}],
        },
        status=201,
    )  # fmt: skip
    shown = holded.control("GET", f"/companies/{made['id']}")

    assert (shown["settings"]["plan"], shown["tokens"]) == ("plus", {"pat_two": ["accounting:taxes.read"]})
    assert [tax["key"] for tax in holded.call("GET", "/api/v2/taxes", token="pat_two").json()["items"]] == ["s_own21"]
    assert holded.call("GET", "/api/v2/invoices", token="pat_two").status == 403
    assert made["id"] in holded.control("GET", "/companies")["companies"]


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({"colour": "red"}, "colour"),
        ({"decimal_style": "fr"}, "decimal_style"),
        ({"minute_limit": -1}, "minute_limit"),
        ({"auto_approve": "yes"}, "auto_approve"),
        ({"minute_window": "round"}, "minute_window"),
        ({"name": 5}, "name"),
        ({"taxes": [{"name": "IVA"}]}, "taxes[0].key"),
        ({"taxes": [{"name": "IVA", "key": "k", "amount": "much"}]}, "taxes[0].amount"),
    ],
)
def test_a_wrong_switch_is_refused_by_name_and_makes_no_company(holded, body, named):
    before = list(holded.sandbox.companies)
    error = holded.control("POST", "/companies", body, status=400)["error"]

    assert error.startswith(named)
    assert list(holded.sandbox.companies) == before


def test_switches_and_taxes_change_later_and_tokens_come_and_go(holded):
    base = f"/companies/{holded.company.id}"
    holded.control("PATCH", base, {"decimal_style": "dot"})
    holded.control("PUT", f"{base}/taxes", {"taxes": [{"name": "A", "key": "a", "amount": "10"}]})
    token = holded.control("POST", f"{base}/tokens", {"scopes": ["accounting:taxes.read"]}, status=201)["token"]
    key = holded.control("POST", f"{base}/v1-keys", {}, status=201)["key"]

    assert len(holded.call("GET", "/api/v2/taxes", token=token).json()["items"]) == 1
    assert holded.call("GET", "/api/invoicing/v1/taxes", token=key).status == 200
    holded.control("DELETE", f"{base}/tokens/{token}")
    assert holded.call("GET", "/api/v2/taxes", token=token).status == 403


def test_a_person_edits_approves_cancels_and_deletes(holded):
    invoice = holded.invoice(notes="keep")
    one = f"/companies/{holded.company.id}/documents/{invoice}"
    edited = holded.control("PUT", one, {"items": [{"name": "x", "units": 1, "price": 10}]})
    assert (edited["total"], edited["notes"]) == ("10.00", "keep")
    assert holded.control("POST", f"{one}/approve")["document_number"] == "F260001"
    assert holded.control("POST", f"{one}/cancel")["cancelled"] is True
    holded.control("DELETE", one)

    holded.control("DELETE", one, status=404)
    assert holded.v2("GET", "/invoices")["items"] == []


def test_a_person_enters_a_contact_and_an_invoice_and_collects_it_without_a_call_of_the_quota(holded):
    contact = holded.control("POST", f"{home(holded)}/contacts", {"name": "Lola"}, status=201)
    line = {"name": "Catering", "units": 1, "price": 200, "taxes": ["s_iva_21"]}

    made = holded.control(
        "POST", f"{home(holded)}/documents", {"contact_id": contact["id"], "items": [line]}, status=201
    )
    assert (made["_kind"], made["draft"], made["total"], made["contact_name"]) == ("invoice", True, "242.00", "Lola")
    paid = holded.control("POST", f"{home(holded)}/documents/{made['id']}/pay", {"amount": "242"}, status=201)
    assert (paid["draft"], paid["payments_pending"]) == (False, "0.00")
    note = holded.control("POST", f"{home(holded)}/documents", {"kind": "creditnote", "items": [line]}, status=201)
    assert note["_kind"] == "creditnote"

    assert holded.control("GET", f"{home(holded)}/quota")["month"]["used"] == 0


@pytest.mark.parametrize(
    ("path", "body", "named"),
    [("/contacts", {}, "name"), ("/documents", {"kind": "letter"}, "kind"), ("/documents", {"items": 5}, "items")],
)
def test_what_a_person_enters_wrongly_is_refused_by_name(holded, path, body, named):
    assert named in holded.control("POST", f"{home(holded)}{path}", body, status=400)["error"]


def test_a_person_is_refused_what_holded_refuses_people_too(holded):
    one = f"/companies/{holded.company.id}/documents/{holded.invoice()}"

    assert "draft" in holded.control("POST", f"{one}/cancel", status=400)["error"]
    assert "items" in holded.control("PUT", one, {"items": []}, status=400)["error"]


def test_a_person_deletes_a_contact(holded):
    contact = holded.contact()
    holded.control("DELETE", f"/companies/{holded.company.id}/contacts/{contact}")

    holded.v2("GET", f"/contacts/{contact}", status=404)


def test_the_whole_state_is_readable(holded):
    invoice = holded.invoice(tags=["hrx"])
    state = holded.control("GET", f"/companies/{holded.company.id}/state")

    assert [(item["id"], item["total"], item["tags"]) for item in state["tables"]["documents"]] == [
        (invoice, "121.00", ["hrx"])
    ]


def test_calls_are_counted_by_route_refusals_and_control_calls_apart(holded):
    holded.control("DELETE", "/counters")
    holded.invoice()
    holded.v2("GET", "/invoices/" + "0" * 24, status=404)
    holded.company.configure({"minute_limit": 1})
    holded.v2("GET", "/taxes")
    holded.call("GET", "/api/v2/taxes")
    counted = holded.control("GET", "/counters")[holded.company.id]

    assert counted["calls"] == {
        "POST /api/v2/contacts": 1, "POST /api/v2/invoices": 1, "GET /api/v2/invoices/{id}": 1, "GET /api/v2/taxes": 1,
    }  # fmt: skip
    assert (counted["total"], counted["refused"]) == (4, {"minute GET /api/v2/taxes": 1})


def test_deliveries_can_be_read_and_endpoints_removed(holded):
    base = f"/companies/{holded.company.id}"
    endpoint = holded.control("POST", f"{base}/webhooks", {"url": "http://127.0.0.1:1"}, status=201)
    holded.contact()
    holded.control("DELETE", f"{base}/webhooks/{endpoint['id']}")
    holded.contact()
    deliveries = holded.control("GET", f"{base}/deliveries")["deliveries"]

    assert endpoint["secret"].startswith("whsec_")
    assert [(item["event"], item["state"]) for item in deliveries] == [("contact.create", "waiting")]
    holded.control("POST", f"{base}/webhooks", {"url": "x", "events": ["nonsense.create"]}, status=400)
    holded.control("POST", f"{base}/webhooks", {}, status=400)


def test_reset_leaves_only_the_default_company(holded):
    holded.control("POST", "/faults", {"kind": "reset"}, status=201)
    left = holded.control("POST", "/reset")["companies"]

    assert left == ["5f0000000000000000000001"]
    assert holded.control("GET", "/faults")["faults"] == []
    assert holded.call("GET", "/api/v2/taxes", token="pat_sandbox_default").status == 200


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/companies/none"), ("GET", "/nonsense"), ("POST", "/companies/none/spend")]
)
def test_an_unknown_company_or_route_is_a_404(holded, method, path):
    assert "error" in holded.control(method, path, status=404)


def test_spending_needs_a_number_of_calls(holded):
    assert "calls" in holded.control("POST", f"/companies/{holded.company.id}/spend", {"calls": 0}, status=400)["error"]
