"""Nothing that was written escapes the settlement sweep: neither a handful of documents, nor those a refusal postponed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from holded_sandbox.faults import Fault
from relay.domain.transitions import MAX_ATTEMPTS
from relay.holded.replies import Unread
from relay.services.settlement import settle_key
from relay.services.times import at_ms
from tests.services.books import Books
from tests.services.world import ACCOUNT, World, shopify_order


@pytest.fixture
def world():
    """Without the nightly reconciliation, which would tell the same by itself."""
    return World(settings={"reconcile": {"nightly": False}})


def reported(world):
    return [row.reason for row in world.rows("invoice.settlement")]


def standing(world):
    return world.ledger.rows[settle_key(ACCOUNT)]


def refused(world, *, times=None):
    world.sandbox.faults.faults.append(Fault(kind="error_before", method="GET", path="/invoices$", times=times))


def test_a_handful_of_documents_is_compared_within_two_days(world):
    for number in range(3):
        world.order(shopify_order(number))
    world.documents()[0]["total"] = "1.00"
    world.settle(hours=20, step_s=1800)
    assert reported(world) == []

    world.settle(hours=28, step_s=1800)

    assert reported(world) == ["total_differs"]


def test_what_a_refused_sweep_did_not_compare_the_next_one_does(world):
    for number in range(12):
        world.order(shopify_order(number))
    world.documents()[0]["total"] = "1.00"
    fault = Fault(kind="error_before", method="GET", path="/invoices$")
    world.sandbox.faults.faults.append(fault)
    world.settle(hours=13, step_s=1800)

    assert len(world.sandbox.faults.struck) == 1
    assert reported(world) == ["total_differs"]


def test_a_list_that_never_answers_is_asked_ever_more_rarely(world):
    """A sweep begins anew each time: asked every minute it would spend a small plan's month in half a day."""
    for number in range(3):
        world.order(shopify_order(number))
    world.settle(hours=22, step_s=1800)
    refused(world)
    world.settle(hours=30)
    asked = len(world.sandbox.faults.struck)
    world.settle(hours=24)

    assert asked <= 12
    assert len(world.sandbox.faults.struck) - asked <= 8  # none is further away than the next sweep
    assert (standing(world).state, standing(world).reason) == ("waiting", "next_sweep")
    assert standing(world).attempts < MAX_ATTEMPTS
    assert standing(world).detail == "not finished: server_error"


def test_a_sweep_that_succeeds_forgets_the_failures_before(world):
    for number in range(12):
        world.order(shopify_order(number))
    refused(world, times=3)
    world.settle(hours=6.1)
    failing = standing(world).attempts
    world.settle(hours=7)

    assert failing == 3
    assert (standing(world).attempts, standing(world).detail) == (0, "")


def test_a_budget_that_gives_no_call_is_no_failure(world):
    for number in range(12):
        world.order(shopify_order(number))
    world.settle(hours=5)
    gate = world.gates.gates[ACCOUNT]
    world.gates.gates[ACCOUNT] = replace(gate, budget=replace(gate.budget, foreign=gate.budget.per_month))
    world.settle(hours=3)

    assert standing(world).attempts == 0
    assert standing(world).due_ms > at_ms(world.clock.now())


# -- what cannot be read -----------------------------------------------------------------------------------------------


@pytest.fixture
def books():
    return Books(settings={"reconcile": {"nightly": False}}, orders=12)


def lists(books):
    return [call for call in books.holded.calls if call == "GET /api/v2/invoices"]


def test_a_document_of_anybodys_that_cannot_be_read_costs_no_other(books):
    odd = books.books()
    books.garbles(odd)
    books.edits(books.documents()[0], items=[{"name": "Silla", "price": "90", "units": 1, "taxes": ["s_iva_21"]}])
    books.settle(hours=7)
    said = standing(books).detail
    books.settle(hours=18)

    assert reported(books) == ["total_differs"]
    assert said == f"1 document could not be read and not be compared: invoice {odd['id']} (tags)"
    assert len(lists(books)) == 1


def test_a_document_of_ours_that_cannot_be_read_is_not_missing(books):
    first, second, *_ = books.documents()
    books.garbles(first)
    books.garbles(second, date="2026-02-28", tags=[7])  # on another day: read by its id
    books.settle(hours=7)

    assert reported(books) == []
    assert "2 documents could not be read" in standing(books).detail
    assert f"invoice {second['id']} (tags)" in standing(books).detail


def test_where_an_item_has_no_id_nothing_is_missing_that_was_not_looked_for(books):
    """It may be any of them; who was asked for by its id and is not there is gone all the same."""
    inner, gone = books.holded.call, [one["id"] for one in books.documents()[:8]]

    async def call(request, credential, *, timeout_ms):
        reply = await inner(request, credential, timeout_ms=timeout_ms)
        if request.path == "/api/v2/invoices" and request.method == "GET":
            page = replace(reply.value, unread=(Unread(id="", field="id"),))
            return replace(reply, value=page)
        return reply

    books.holded.call = call
    for one in gone:
        del books.company.tables["documents"][one]
    books.settle(hours=7)

    assert reported(books) == ["missing_in_holded"] * 5


def test_an_invoice_that_a_person_made_of_our_sales_order_is_no_twin(world):
    """Holded copies the tags. Nobody may be asked to delete it, in this sweep or in one after it."""
    books = Books(settings={"reconcile": {"nightly": False}})
    books.order(shopify_order(1, paid=False), topic="orders/create")
    books.order(shopify_order(2))
    (order,) = books.documents("salesorder")
    books.approves(books.copies(order))
    books.settle(hours=27, step_s=1800)
    books.order(shopify_order(3))
    books.settle(hours=27, step_s=1800)

    assert [row.state for row in books.rows("salesorder")] == ["confirmed"]
    assert [row for row in books.rows() if row.state == "review"] == []
