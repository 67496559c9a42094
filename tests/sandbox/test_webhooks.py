"""The sandbox's webhooks: signed, retried, duplicated, reordered."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections import Counter
from itertools import pairwise
from random import Random

import pytest

from holded_sandbox.webhooks import EVENTS

SECRET = "whsec_test"


def _subscribe(holded, **values: object) -> dict:
    body = {"url": "http://127.0.0.1:1/hook", "secret": SECRET} | values
    return holded.control("POST", f"/companies/{holded.company.id}/webhooks", body, status=201)


def _bodies(holded) -> list[tuple[str, dict]]:
    return [(delivery.event, json.loads(delivery.body)) for delivery in holded.sandbox.emitter.deliveries]


def test_there_are_58_events_in_three_families():
    actions = Counter(event.split(".")[1] for event in EVENTS)

    assert len(set(EVENTS)) == len(EVENTS) == 58
    assert actions == {"create": 17, "update": 18, "delete": 17, "approve": 6}


def test_a_delivery_is_signed_over_its_raw_bytes_with_the_secret_as_it_is(holded):
    _subscribe(holded)
    holded.contact(name="Ñandú")
    delivery = holded.sandbox.emitter.deliveries[0]
    headers = delivery.headers

    assert headers["x-holded-webhook-signature"] == (
        "sha256=" + hmac.new(b"whsec_test", delivery.body, hashlib.sha256).hexdigest()
    )
    assert headers["x-holded-webhook-event"] == "contact.create"
    assert headers["x-holded-webhook-account-id"] == holded.company.id
    assert headers["x-holded-webhook-date"] == "2026-11-21T00:00:00.000Z"
    assert headers["x-holded-webhook-version"] == "v1"


def test_the_webhook_id_is_the_delivery_s_or_by_switch_the_endpoint_s(holded):
    endpoint = _subscribe(holded)
    holded.contact()
    holded.company.configure({"webhook_id": "endpoint"})
    holded.contact()
    first, second = (delivery.headers["x-holded-webhook-id"] for delivery in holded.sandbox.emitter.deliveries)

    assert first != endpoint["id"]
    assert second == endpoint["id"]


def test_a_document_s_life_is_told_in_thin_camel_case_bodies(holded):
    _subscribe(holded, events=["invoice.create", "invoice.approve", "invoice.update", "invoice.delete"])
    invoice = holded.invoice(date="2026-03-04", notes="not in the body")
    holded.v2("PUT", f"/invoices/{invoice}", {"description": "d"})
    holded.v2("POST", f"/invoices/{invoice}/approve")
    holded.control("DELETE", f"/companies/{holded.company.id}/documents/{invoice}")
    events = _bodies(holded)

    assert [event for event, _ in events] == ["invoice.create", "invoice.update", "invoice.approve", "invoice.delete"]
    created, approved, deleted = events[0][1], events[2][1], events[3][1]
    assert set(created) == {
        "id", "type", "documentNumber", "date", "dueDate", "contactId", "contactName", "total", "subtotal", "isDraft",
    }  # fmt: skip
    assert (created["documentNumber"], created["isDraft"], created["total"]) == (None, True, "121.00")
    assert (approved["documentNumber"], approved["isDraft"]) == ("F260001", False)
    assert set(deleted) == {"id", "type", "documentNumber", "contactId"}


def test_contacts_and_products_are_told_as_thinly(holded):
    _subscribe(holded)
    contact = holded.contact()
    holded.call("DELETE", f"/api/v2/contacts/{contact}")
    product = holded.v2("POST", "/products", {"name": "P", "kind": "simple", "price": "5"}, status=201)["id"]
    holded.call("DELETE", f"/api/v2/products/{product}")
    created, deleted, made, gone = _bodies(holded)

    assert set(created[1]) == {"id", "name", "email", "isPerson", "createdAt"}
    assert set(deleted[1]) == {"id", "isPerson", "deletedAt"}
    assert (made[1]["price"], set(gone[1])) == ("5.00", {"id", "kind", "deletedAt"})


def test_every_event_the_sandbox_can_emit_is_one_of_the_58(holded):
    with pytest.raises(ValueError, match="not one of"):
        holded.sandbox.emitter.emit(holded.company, "ledger", "create", {}, holded.now)


def test_only_a_2xx_acknowledges_and_the_rest_is_tried_again_later_with_the_same_id(holded):
    _subscribe(holded)
    holded.contact()
    emitter, attempts = holded.sandbox.emitter, []
    for status in (500, 302, 0, 404, 204):
        while not (due := emitter.due(holded.now)):
            holded.now = emitter.next_due()
        attempts.append((due[0].headers["x-holded-webhook-id"], holded.now))
        emitter.settle(holded.company, due[0], status, holded.now)

    assert len({delivery_id for delivery_id, _ in attempts}) == 1
    moments = [moment for _, moment in attempts]
    waits = [after - before for before, after in pairwise(moments)]
    assert waits == sorted(waits)
    assert emitter.next_due() is None
    assert holded.control("GET", "/counters")[holded.company.id]["webhooks"] == {
        "delivered": {"contact.create": 1}, "failed": {},
    }  # fmt: skip


def test_a_dead_endpoint_is_given_up_in_the_end(holded):
    _subscribe(holded)
    holded.contact()
    emitter = holded.sandbox.emitter
    while emitter.next_due() is not None:
        holded.now = emitter.next_due()
        emitter.settle(holded.company, emitter.due(holded.now)[0], 500, holded.now)

    assert emitter.deliveries[0].state == "given up"
    assert holded.company.counts.failed == {"contact.create": 1}


def test_duplicates_on_demand_are_equal_copies(holded):
    _subscribe(holded, duplicates=2)
    holded.contact()
    copies = holded.sandbox.emitter.deliveries

    assert len(copies) == 3
    assert len({(copy.body, copy.headers["x-holded-webhook-id"]) for copy in copies}) == 1


def test_reordering_on_demand_scatters_deliveries_and_loses_none(holded):
    _subscribe(holded, reorder_seconds=100, events=["contact.create"])
    made = [holded.contact() for _ in range(20)]
    holded.now += 100
    arrived = [delivery.object_id for delivery in holded.sandbox.emitter.due(holded.now)]

    assert sorted(arrived) == sorted(made)
    assert arrived != made


def test_a_delay_on_demand_holds_a_delivery_back(holded):
    _subscribe(holded, delay_seconds=30)
    holded.contact()
    assert holded.sandbox.emitter.due(holded.now + 29) == []

    assert len(holded.sandbox.emitter.due(holded.now + 30)) == 1


def test_the_same_seed_gives_the_same_deliveries(new_client):
    def story(seed: int) -> list[tuple[str, float, str]]:
        from holded_sandbox.core import Sandbox

        client = new_client(Sandbox(Random(seed)))
        _subscribe(client, reorder_seconds=50)
        for _ in range(5):
            client.invoice()
        return [(item.id, item.due, item.event) for item in client.sandbox.emitter.due(client.now + 50)]

    assert story(3) == story(3)
    assert story(3) != story(4)


def test_what_v1_writes_is_told_too(holded):
    _subscribe(holded)
    contact = holded.v1("POST", "/contacts", {"name": "x"}, status=201)["id"]
    body = {"date": 1_795_129_200, "contactId": contact, "items": [{"name": "x", "subtotal": 1}], "approveDoc": True}
    holded.v1("POST", "/documents/invoice", body, status=201)

    assert [event for event, _ in _bodies(holded)] == ["contact.create", "invoice.create", "invoice.approve"]


def test_a_payment_is_told_and_by_switch_so_is_its_document(holded):
    _subscribe(holded, events=["payment.create", "payment.update", "payment.delete", "invoice.update"])
    invoice = holded.invoice()
    payment = holded.v2("POST", f"/invoices/{invoice}/payments", {"amount": "1"}, status=201)["id"]
    holded.v2("PUT", f"/payments/{payment}", {"description": "d"})
    holded.call("DELETE", f"/api/v2/payments/{payment}")
    holded.company.configure({"payment_updates_document": True})
    holded.v2("POST", f"/invoices/{invoice}/payments", {"amount": "1"}, status=201)

    told = [event for event, _ in _bodies(holded)]
    assert told == ["payment.create", "payment.update", "payment.delete", "payment.create", "invoice.update"]


@pytest.mark.parametrize("api", ["v1", "v2"])
def test_products_services_and_warehouses_are_told_by_both_apis(holded, api):
    _subscribe(holded)
    call = getattr(holded, api)
    for path in ("/products", "/services", "/warehouses"):
        made = call("POST", path, {"name": "n", "kind": "simple"}, status=201)["id"]
        call("PUT" if api == "v1" or path != "/warehouses" else "PATCH", f"{path}/{made}", {"name": "m"})

    expected = [f"{name}.{action}" for name in ("product", "service", "warehouse") for action in ("create", "update")]
    assert [event for event, _ in _bodies(holded)] == expected
