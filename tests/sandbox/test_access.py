"""Who may call the sandbox: tokens, keys and scopes, refused as Holded refuses them."""

from __future__ import annotations

import pytest

from holded_sandbox.ids import is_object_id

ACCESS_DENIED = "Access denied."


def test_an_invalid_or_revoked_token_is_a_403_problem(holded):
    response = holded.call("GET", "/api/v2/taxes", token="pat_wrong")
    assert (response.status, response.json()["detail"]) == (403, ACCESS_DENIED)
    assert holded.call("GET", "/api/v2/taxes", token="").status == 403

    del holded.company.tokens["pat_test"]
    assert holded.call("GET", "/api/v2/taxes").status == 403


def test_a_missing_scope_is_named(holded):
    holded.company.tokens["pat_narrow"] = frozenset({"sales:invoices.read"})

    assert holded.call("GET", "/api/v2/invoices", token="pat_narrow").status == 200
    for method, path, scope in (
        ("GET", "/api/v2/warehouses", "inventory:warehouses.read"),
        ("POST", "/api/v2/invoices", "sales:invoices.write"),
        ("GET", "/api/v2/usage", "developers:usage.read"),
    ):
        refused = holded.call(method, path, {} if method == "POST" else None, token="pat_narrow")
        assert (refused.status, refused.json()["detail"]) == (403, f"Insufficient permissions: {scope} required.")


def test_a_token_opens_only_its_own_company(holded):
    invoice = holded.invoice()
    other = holded.sandbox.add_company({}, holded.now)
    other.tokens["pat_other"] = None

    assert holded.call("GET", f"/api/v2/invoices/{invoice}", token="pat_other").status == 404
    assert holded.call("GET", "/api/v2/invoices", token="pat_other").json()["items"] == []


def test_an_unknown_route_or_id_is_a_404_problem(holded):
    expected = {
        "type": "https://api.holded.com/problems/not-found",
        "title": "Not found",
        "status": 404,
        "detail": "Not Found",
    }
    assert holded.v2("GET", "/invoices/" + "0" * 24, status=404) == expected
    assert holded.v2("GET", "/nonsense", status=404) == expected


@pytest.mark.parametrize("raw", [b"{", b"[]", b'"x"', b"\xff\xfe", b'{"a": NaN}', b"[" * 100_000])
def test_a_body_that_is_no_json_object_is_a_400(holded, raw):
    assert holded.call("POST", "/api/v2/contacts", raw=raw).status == 400


def test_ids_are_object_ids_that_grow(holded):
    ids = [holded.contact() for _ in range(20)]
    holded.now -= 3_600  # a clock that is set back must not put a new object before an old one
    ids.append(holded.contact())

    assert all(is_object_id(contact) for contact in ids)
    assert ids == sorted(set(ids))


def test_v1_answers_for_each_kind_of_key(holded):
    path = "/api/invoicing/v1/taxes"
    assert holded.call("GET", path).status == 200
    refused = [holded.call("GET", path, token=key) for key in ("pat_x", "f" * 32, "")]
    assert [response.status for response in refused] == [400, 401, 401]
    assert refused[0].json() == {"status": 0, "info": "Invalid key"}
    assert refused[1].json() == {"status": 401}


def test_a_read_only_v1_key_reads_and_writes_nothing(holded):
    holded.company.v1_keys["a" * 32] = False
    assert holded.call("GET", "/api/invoicing/v1/contacts", token="a" * 32).json() == []
    refused = holded.call("POST", "/api/invoicing/v1/contacts", {"name": "x"}, token="a" * 32)

    assert refused.headers["content-type"].startswith("text/html")
    assert not holded.company.tables["contacts"]
