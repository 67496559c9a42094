"""Two objects under one key: two WooCommerce shops that number alike, a sender's order 7 and invoice 7."""

from __future__ import annotations

from decimal import Decimal

import pytest

from relay.domain.sources import woocommerce
from tests.domain.sources import payloads
from tests.services.replaying import replayed
from tests.services.test_remedies import item, put, said
from tests.services.test_verify import kinds, verified
from tests.services.world import World

ONE, TWO = Decimal("121.00"), Decimal("242.00")


def woo_order(shop: str, total: str = "121.00", *, at: str = "09:05", **extra):
    tax = str(Decimal(total) * 21 / 121)
    net = str(Decimal(total) - Decimal(tax))
    line = payloads.WOO_ORDER["line_items"][0]
    taxes = [{"id": 3, "total": tax}]
    return payloads.changed(
        payloads.WOO_ORDER,
        date_modified_gmt=f"2026-03-01T{at}:00",
        total=total,
        total_tax=tax,
        billing=payloads.WOO_ORDER["billing"] | {"email": f"buyer@{shop}"},
        line_items=[line | {"subtotal": net, "total": net, "total_tax": tax, "taxes": taxes}],
        tax_lines=[payloads.WOO_ORDER["tax_lines"][0] | {"tax_total": tax}],
        **extra,
    )


def sell(world, shop, total="121.00", *, topic="order.updated", **extra):
    headers = {"x-wc-webhook-topic": topic, "x-wc-webhook-source": f"https://{shop}/"}
    order = woo_order(shop, total, **extra)
    return world.run(world.deliver(order, topic=topic, source="woocommerce", headers=headers))


def post(world, kind, total, *, hour, **extra):
    tax = str(Decimal(total) * 21 / 121)
    line = {
        "name": "Silla",
        "quantity": "1",
        "unit_price": total,
        "taxes": [{"name": "IVA", "rate": "21", "amount": tax}],
    }
    address = {"country": "ES", "postal_code": "28013", "city": "Madrid", "line1": "Calle 1"}
    data = {
        "id": "7",
        "currency": "EUR",
        "issued_at": "2026-03-02T09:00:00Z",
        "prices_include_tax": True,
        "total": total,
        "payment_status": "paid",
        "contact": {"name": "Ana", "email": f"{total}@example.com", "billing_address": address},
        "billing_address": address,
        "lines": [line],
    }
    event = {"type": kind, "data": data | extra, "time": f"2026-03-02T{hour:02d}:00:00Z"}
    world.run(world.deliver(event, topic=kind, source="standard"))


def reviewed(world):
    return [(str(row.key.object_id), row.reason) for row in world.rows() if row.state == "review"]


@pytest.fixture
def world():
    return World()


@pytest.mark.parametrize("at", ["09:30", "09:05", "08:00"])
def test_an_order_of_another_shop_overwrites_nothing_whatever_its_version(world, at):
    sell(world, "a.example")
    sell(world, "b.example", "242.00", at=at)

    assert world.totals() == [ONE]
    assert reviewed(world) == [("501@b.example", "another_shop")]


def test_the_shop_that_came_first_goes_on(world):
    sell(world, "a.example")
    sell(world, "b.example", "242.00", at="09:30")
    sell(world, "a.example", "60.50", at="09:40")
    sell(world, "b.example", "363.00", at="09:50")

    assert world.totals() == [Decimal("60.50")]
    (other,) = [row for row in world.rows() if row.reason == "another_shop"]
    assert other.total == Decimal("363.00")


def test_a_cancellation_and_a_draft_of_another_shop_say_nothing_of_the_first_ones_order(world):
    sell(world, "a.example")
    sell(world, "b.example", at="09:30", status="cancelled")
    world.settle(hours=1)

    assert reviewed(world) == [("501@b.example", "another_shop")]


def test_what_leads_to_nothing_is_nobodys_trouble():
    world = World(settings={"policy": {"contacts": True}})
    customer = {"id": 4, "username": "ana", "email": "ana@example.com", "billing": {"country": "ES"}}
    anonymous = {"id": 4, "username": "", "email": "", "billing": {}}
    for shop, one in (("a.example", customer), ("b.example", anonymous)):
        headers = {"x-wc-webhook-topic": "customer.updated", "x-wc-webhook-source": f"https://{shop}/"}
        world.run(world.deliver(one, topic="customer.updated", source="woocommerce", headers=headers))

    assert reviewed(world) == []


def test_a_refund_of_another_shop_is_not_credited_to_the_first_ones_invoice(world):
    sell(world, "a.example")
    sell(world, "b.example", "242.00", at="09:30", refunds=[{"id": 900, "total": "-242.00", "reason": ""}])
    world.settle(hours=1)

    assert world.documents("creditnote") == []
    assert sorted(reviewed(world)) == [("501@b.example", "another_shop"), ("900", "parent_not_written")]


def test_a_shop_that_no_header_and_no_link_names_is_taken_for_the_one_there_is(world):
    sell(world, "a.example")
    order = woo_order("a.example", "242.00", at="09:30")
    headers = {"x-wc-webhook-topic": "order.updated"}
    world.run(world.deliver(order, topic="order.updated", source="woocommerce", headers=headers))

    assert (world.totals(), world.row().site) == ([TWO], "a.example")


def test_the_event_names_the_shop_that_its_signed_link_names():
    link = {"self": [{"href": "https://b.example/tienda/wp-json/wc/v3/orders/501"}]}
    headers = {"x-wc-webhook-source": "https://a.example"}
    event = payloads.only(
        payloads.normalise("woocommerce", "order.updated", payloads.WOO_ORDER | {"_links": link}, headers)
    )

    assert event.site == "b.example/tienda" == woocommerce.site("http://www.b.example/tienda/")


def test_run_again_it_is_put_to_a_person_again(world):
    sell(world, "a.example")
    sell(world, "b.example", "242.00", at="09:30")
    said(world, "retry", item(world))
    world.settle(hours=1)

    assert (world.totals(), reviewed(world)) == ([ONE], [("501@b.example", "another_shop")])


def test_it_is_counted_where_it_stands_and_a_replay_does_not_take_it_for_the_other(world):
    sell(world, "a.example", at="09:30")
    headers = {"x-wc-webhook-topic": "order.updated", "x-wc-webhook-source": "https://b.example/"}
    refs = world.deliver(woo_order("b.example", "242.00"), topic="order.updated", source="woocommerce", headers=headers)
    world.run(refs)
    assert kinds(verified(world)[0]) == {"done": 1, "review": 1}
    assert replayed(world, refs) == {refs[0]: "review:another_shop"}
    said(world, "ignore", item(world))

    assert kinds(verified(world)[0]) == {"done": 1, "ignored": 1}
    assert replayed(world, refs) == {refs[0]: "ignored:by_hand"}


def test_booked_by_hand_and_adopted_it_has_a_row_of_its_own_and_its_refund_is_written(world):
    sell(world, "a.example")
    sell(world, "b.example", "242.00", at="09:30")
    booked = world.documents()[0] | {"id": "6" * 24, "tags": [], "total": "242.00"}
    put(world, booked)
    said(world, "adopt", item(world), booked["id"])
    sell(world, "b.example", "242.00", at="09:40", refunds=[{"id": 900, "total": "-242.00", "reason": ""}])
    world.settle(hours=1)

    assert world.totals("creditnote") == [TWO]
    assert [row.state for row in world.rows("invoice")] == ["confirmed", "confirmed"]
    sell(world, "b.example", "363.00", at="09:50")
    assert [row.reason for row in world.rows("invoice.update")] == ["another_shop"]


def test_an_invoice_with_the_id_of_an_order_overwrites_nothing(world):
    post(world, "order.paid", "121.00", hour=9)
    post(world, "invoice.issued", "242.00", hour=10)
    post(world, "order.paid", "60.50", hour=11)
    world.settle(hours=1)

    assert world.totals() == [Decimal("60.50")]
    assert reviewed(world) == [("7@invoice", "another_object")]


def test_a_correction_of_an_id_that_two_have_is_put_to_a_person(world):
    post(world, "order.paid", "121.00", hour=9)
    post(world, "invoice.issued", "242.00", hour=10)
    post(world, "refund.created", "121.00", hour=11, id="r7", refers_to="7")

    assert world.documents("creditnote") == []
    assert ("r7", "another_object") in reviewed(world)


def test_a_refund_and_a_credit_note_of_one_id_are_two(world):
    post(world, "order.paid", "121.00", hour=9)
    post(world, "refund.created", "12.10", hour=10, id="r1", refers_to="7")
    post(world, "credit_note.issued", "24.20", hour=11, id="r1", refers_to="7")

    assert world.totals("creditnote") == [Decimal("12.10")]
    assert reviewed(world) == [("r1@credit_note", "another_object")]
