"""`preview` says what a body would become, and writes nothing."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from relay.domain.mapping.default_catalogue import default_catalogue
from relay.domain.settings import default_settings, parse_settings
from relay.errors import BadInput
from relay.services.preview import preview

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
ORDER = {
    "id": 450789469,
    "name": "#1001",
    "currency": "EUR",
    "created_at": "2026-03-02T09:00:00+01:00",
    "updated_at": "2026-03-02T09:00:00+01:00",
    "financial_status": "paid",
    "taxes_included": True,
    "total_price": "121.00",
    "total_tax": "21.00",
    "email": "ana@example.es",
    "billing_address": {"name": "Ana Gil", "country_code": "ES", "zip": "28001", "city": "Madrid"},
    "line_items": [
        {
            "id": 1, "name": "Libro", "price": "121.00", "quantity": 1, "sku": "LIB",
            "tax_lines": [{"title": "IVA", "rate": 0.21, "price": "21.00"}],
        }
    ],
}  # fmt: skip


def look(body: object, *, source: str = "shopify", topic: str = "orders/paid", settings: object = None):
    return preview(
        source=source,
        topic=topic,
        account="acme",
        body=body if isinstance(body, bytes) else json.dumps(body).encode(),
        headers={},
        settings=parse_settings(settings) if settings is not None else default_settings(),
        catalogue=default_catalogue(),
        now=NOW,
    )


def test_a_preview_shows_the_event_and_the_exact_requests():
    made = look(ORDER)

    [event], [result] = made["events"], made["results"]
    assert (event["type"], event["source"], event["subject"]) == ("order.paid", "relay.shopify", "450789469")
    assert (result["outcome"], result["reason"], result["total"]) == ("document", None, "121.00")
    contact, document = result["requests"]
    assert (contact["method"], contact["path"]) == ("POST", "/api/v2/contacts")
    assert (document["method"], document["path"]) == ("POST", "/api/v2/invoices")
    body = document["body"]
    assert body["contact_id"] == "<contact_id>"
    assert (body["date"], body["currency"]) == ("2026-03-02", "EUR")
    assert [(line["units"], line["price"], line["taxes"]) for line in body["items"]] == [(1, 100, ["s_iva_21"])]
    [marker] = [tag for tag in body["tags"] if tag.startswith("hr")]
    assert len(marker) == 16


def test_a_preview_is_the_same_every_time_and_is_json():
    assert json.dumps(look(ORDER)) == json.dumps(look(ORDER))


def test_finish_adds_its_steps_on_the_document_to_be():
    [result] = look(ORDER, settings={"policy": {"finish": "approve_and_pay"}})["results"]

    paths = [request["path"] for request in result["requests"]]
    assert paths[2:] == ["/api/v2/invoices/<document_id>/approve", "/api/v2/invoices/<document_id>/payments"]
    assert Decimal(result["requests"][3]["body"]["amount"]) == 121


def test_a_review_has_its_reason_and_no_request():
    [result] = look(ORDER | {"total_price": "120.00"})["results"]

    assert (result["outcome"], result["reason"], result["requests"], result["total"]) == (
        "review",
        "total_differs",
        [],
        None,
    )
    assert "-1.00" in result["detail"]


def test_what_became_no_event_is_a_result_too():
    made = look({"id": 1, "currency": "EUR"})
    unknown = look(ORDER, topic="themes/publish")

    assert (made["events"], [one["outcome"] for one in made["results"]]) == ([], ["review"])
    assert [(one["outcome"], one["reason"]) for one in unknown["results"]] == [("ignored", "unknown_topic")]


def test_a_hint_of_holded_is_shown_and_ignored():
    body = {"id": "a" * 24, "type": "invoice", "total": "121,00", "contactId": "b" * 24, "isDraft": True}

    made = look(body, source="holded", topic="invoice.create")

    assert [one["outcome"] for one in made["results"]] == ["ignored"]


@pytest.mark.parametrize("body", [b"", b"nope", b"\xff\xfe", b'{"a":', b"[" * 100_000])
def test_a_body_that_cannot_be_read_is_bad_input(body):
    with pytest.raises(BadInput) as caught:
        look(body)

    assert caught.value.field == "body"


def test_an_unknown_source_is_bad_input():
    with pytest.raises(BadInput):
        look(ORDER, source="myshop")
