"""Rows that are not like the samples: whatever one field of them holds, or lacks, the row comes in once and its list ends."""

from __future__ import annotations

import copy
import json
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from relay.services.unfold import unfold
from tests.services.shops import imported, open_shop
from tests.services.test_backfill import bring, stripe_invoice, woo_order
from tests.services.world import World, shopify_order

AT = "2026-03-02T08:00:00"
STAMPS = {"created_at": f"{AT}Z", "updated_at": f"{AT}Z"}
WOO_STAMPS = {"date_created_gmt": AT, "date_modified_gmt": AT}
REFUND = {"id": 9, "order_id": 450000001, "created_at": f"{AT}Z", "refund_line_items": [], "transactions": []}
ROWS = {
    ("shopify", "orders"): shopify_order(1, refunds=[REFUND], customer={"id": 3, "email": "a@example.com"}, **STAMPS),
    ("shopify", "customers"): {"id": 5, "email": "a@example.com", "first_name": "Ana", "addresses": [], **STAMPS},
    ("shopify", "products"): {"id": 6, "title": "Taza", "variants": [{"id": 7, "sku": "T", "price": "1.00"}], **STAMPS},
    ("woocommerce", "orders"): woo_order(1, **WOO_STAMPS),
    ("woocommerce", "customers"): {"id": 7, "email": "a@example.com", "username": "ana", "billing": {}, **WOO_STAMPS},
    ("woocommerce", "products"): {"id": 8, "name": "Taza", "sku": "T", "regular_price": "1.00", **WOO_STAMPS},
    ("stripe", "events"): {
        "id": "evt_1",
        "object": "event",
        "type": "invoice.paid",
        "created": 1772438400,
        "data": {"object": stripe_invoice(1)},
    },
}
MISSING = object()
ODD = [
    MISSING, None, "", [], {}, [None], {"id": None}, 0, -1, True, 1.5, 10**18, 10**38, 10**60, 1e308,
    "0", "12345678901234567890", "2026-13-45", "x" * 300, "ñ\u202e😀", "\ud83d",
]  # fmt: skip
TOTALS = {"x-wp-total": "1", "x-wp-totalpages": "1"}


def paths(value, before=()):
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, one in inner:
        yield (*before, key)
        yield from paths(one, (*before, key))


def changed(row, path, odd):
    row = copy.deepcopy(row)
    inside = row
    for key in path[:-1]:
        inside = inside[key]
    if odd is MISSING:
        del inside[path[-1]]
    else:
        inside[path[-1]] = odd
    return row


def listing(kind, part, row):
    """That row alone is the list."""

    def through(request, response):
        if not request.path.removesuffix(".json").endswith(f"/{part}"):
            return response
        body = {"shopify": {part: [row]}, "woocommerce": [row], "stripe": {"data": [row], "has_more": False}}[kind]
        return replace(response, status=200, headers=TOTALS, body=json.dumps(body).encode())

    return through


def brought(kind, part, row):
    """Imported as a dry run, and twice; every delivery that came of it has events, or a reason why not."""
    world = World()
    open_shop(world, kind)
    world.provider_api.through = listing(kind, part, row)
    until = world.clock.now()
    dry, first, again = (
        imported(world, kind, since=until - timedelta(days=1), until=until, dry_run=dry) for dry in (True, False, False)
    )

    assert first.done
    assert dry.stored == first.stored == len(world.inbox.items) > 0
    assert (again.stored, again.known) == (0, first.stored)
    parted = [unfold(item.delivery) for item in world.inbox.items.values()]
    assert all(one.of for one in parted)
    bring(world)
    return world, parted


@pytest.mark.parametrize(("kind", "part"), ROWS)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_one_odd_field_keeps_no_row_out_and_ends_no_import(kind, part, data):
    row = ROWS[kind, part]
    path = data.draw(st.sampled_from(list(paths(row))))

    brought(kind, part, changed(row, path, data.draw(st.sampled_from(ODD))))


@pytest.mark.parametrize("status", [[], {}, None, 7, ["paid"]])
def test_an_order_of_shopify_with_an_odd_status_is_not_taken_for_paid(status):
    world, _ = brought("shopify", "orders", ROWS["shopify", "orders"] | {"financial_status": status, "refunds": []})

    assert {item.delivery.topic for item in world.inbox.items.values()} == {"orders/updated"}


@pytest.mark.parametrize("customer", [None, {}, {"id": 3}, {"id": 3, "email": None, "first_name": None}])
def test_an_order_whose_customer_is_deleted_or_has_no_address_is_one_document(customer):
    row = ROWS["shopify", "orders"] | {"customer": customer, "email": None, "refunds": []}

    world, parted = brought("shopify", "orders", row)

    assert [one.review for one in parted] == [""]
    assert len(world.documents()) == 1


def test_a_refund_within_the_time_of_an_order_before_it_comes_with_its_order():
    refund = REFUND | {
        "transactions": [{"id": 1, "kind": "refund", "status": "success", "amount": "121.00", "currency": "EUR"}]
    }
    row = ROWS["shopify", "orders"] | {"created_at": "2024-05-01T08:00:00Z", "refunds": [refund]}
    row |= {"financial_status": "refunded"}

    world, _ = brought("shopify", "orders", row)

    topics = sorted(item.delivery.topic for item in world.inbox.items.values())
    assert topics == ["orders/paid", "refunds/create"]
