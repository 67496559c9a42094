"""An item added to a paid order makes it partly paid again: a version of its invoice, and no sales order beside it."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.services.books import Books
from tests.services.test_remedies import item, said
from tests.services.test_road import refund_of
from tests.services.world import World, shopify_order

ONE, TWO = Decimal("121.00"), Decimal("242.00")
VOUCHER = {"payment_gateway_names": ["shopify_payments", "gift_card"]}


def at(hour):
    return f"2026-03-02T{hour:02d}:00:00+01:00"


def added(hour=11, status="partially_paid", **more):
    return shopify_order(total="242.00", updated_at=at(hour), financial_status=status, **more)


def stands(world):
    return world.totals(), world.totals("salesorder")


def test_the_draft_invoice_takes_the_item_in_and_a_refund_finds_it():
    world = World()
    world.order(shopify_order())
    world.order(added(), topic="orders/updated")
    assert stands(world) == ([TWO], [])
    world.order(added(12, "paid"), topic="orders/updated")
    world.order(refund_of(shopify_order()), topic="refunds/create")

    assert stands(world) == ([TWO], [])
    assert len(world.documents("creditnote")) == 1


def test_an_approved_invoice_is_put_to_a_person():
    world = World(settings={"policy": {"finish": "approve_and_pay"}})
    world.order(shopify_order())
    world.order(added(), topic="orders/updated")
    (row,) = [row for row in world.rows() if row.state == "review"]

    assert stands(world) == ([ONE], [])
    assert (row.key.purpose, row.reason) == ("invoice.update", "newer_version_of_approved")


def test_a_deposit_on_an_order_that_was_never_paid_is_a_sales_order_still():
    world = World()
    world.order(added(), topic="orders/updated")

    assert stands(world) == ([], [TWO])


def test_so_it_is_where_a_person_said_that_there_is_to_be_no_invoice():
    world = World()
    world.order(shopify_order(email="", customer=None, billing_address={"country_code": "FR"}, total_tax="0.01"))
    said(world, "ignore", item(world))
    world.order(added(), topic="orders/updated")

    assert stands(world) == ([], [TWO])


def test_one_that_is_called_off_after_it_was_invoiced_is_put_to_a_person():
    world = World()
    world.order(shopify_order())
    world.order(added(cancelled_at=at(11)), topic="orders/cancelled")

    assert [row.reason for row in world.rows() if row.state == "review"] == ["called_off_after_writing"]


@pytest.mark.parametrize("last", ["partially_paid", "paid"])
def test_reconciliation_misses_no_sales_order(last):
    books = Books(settings={}, orders=1)
    books.order(
        shopify_order(1, total="242.00", updated_at=at(11), financial_status="partially_paid"), topic="orders/updated"
    )
    if last == "paid":
        books.order(shopify_order(1, total="302.50", updated_at=at(12)), topic="orders/updated")

    assert books.found() == []


def test_how_much_of_a_sum_was_a_voucher_is_not_known_so_no_money_is_registered():
    world = World(settings={"policy": {"finish": "approve_and_pay"}})
    world.order(shopify_order(**VOUCHER))
    (document,) = world.documents()

    assert (document["draft"], dict(world.company.tables["payments"])) == (False, {})


def test_what_its_transactions_say_was_money_is_registered():
    world = World(settings={"policy": {"finish": "approve_and_pay"}})
    moved = [
        {"id": place, "kind": "sale", "status": "success", "gateway": gateway, "amount": amount, "currency": "EUR"}
        for place, (gateway, amount) in enumerate([("gift_card", "21.00"), ("shopify_payments", "100.00")])
    ]
    world.order(shopify_order(transactions=moved, **VOUCHER))

    assert [one["amount"] for one in world.company.tables["payments"].values()] == ["100.00"]
