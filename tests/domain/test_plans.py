"""The plan a load needs: the sum, and that its costs are those of the documents the relay writes."""

from __future__ import annotations

from decimal import Decimal

import pytest

from holded_sandbox import limits
from relay.domain.plans import CREATE, FINISH, NEW_CONTACT, NUMBER_OF_ORIGINAL, PLANS, Load, Part, needed
from tests.services.test_road import refund_of
from tests.services.world import World, shopify_order


def test_the_plans_are_those_the_sandbox_was_built_from():
    assert PLANS == limits.PLANS


@pytest.mark.parametrize("finish", FINISH)
def test_the_costs_are_those_of_the_documents_as_they_are_written(finish):
    world = World(settings={"policy": {"finish": finish}})
    calls = []
    known = shopify_order(2)
    for body, topic in (
        (shopify_order(1), "orders/paid"),
        (known, "orders/paid"),
        (refund_of(known), "refunds/create"),
    ):
        world.holded.calls.clear()
        world.order(body, topic=topic)
        calls.append(len(world.holded.calls))
    original = NUMBER_OF_ORIGINAL if finish != "draft" else 0
    known_buyer = CREATE + FINISH[finish]

    assert calls == [known_buyer + NEW_CONTACT, known_buyer, known_buyer + original]


@pytest.mark.parametrize(
    ("load", "a_day", "plan"),
    [
        (Load(orders=0), 0, "plus"),
        (Load(orders=10, new_contacts=Decimal(0)), 11, "plus"),  # 10 and a tenth of a settlement page
        (Load(orders=16, new_contacts=Decimal(0)), 17, "basic"),  # 16.16 a day are 501 in 31 days
        (Load(orders=40, refunds=2, new_contacts=Decimal("0.5")), 83, "standard"),
        (Load(orders=100, new_contacts=Decimal("0.5"), finish="approve_and_pay"), 501, "advanced"),
        (Load(orders=1_000, new_contacts=Decimal(1)), 3_010, "premium"),
        (Load(orders=1_000, new_contacts=Decimal(1), re_reads=500), 3_510, None),
        (Load(orders=10, new_contacts=Decimal(0), others=60), 71, "standard"),
    ],
)
def test_the_smallest_plan_whose_month_holds_the_load_is_named(load, a_day, plan):
    found = needed(load)

    assert (found.a_day, found.plan) == (a_day, plan)


def test_the_parts_make_up_the_day_and_the_month_has_31_of_it():
    found = needed(Load(orders=70, refunds=3, new_contacts=Decimal("0.25"), finish="approve", re_reads=5, others=7))

    assert sum(part.a_day for part in found.parts) == Decimal("269.73")
    assert found.a_month == 8_362  # 31 x 269.73, rounded up


def a_tenth(per_month):
    return (Part(what="looks", count=Decimal(per_month) / 10 / 31, calls=Decimal(1)),)


def test_what_the_relay_looks_at_by_itself_is_counted_as_each_plan_has_it():
    found = needed(Load(orders=14, new_contacts=Decimal(0)), a_tenth)

    assert [fit.own for fit in found.fits] == [50, 200, 750, 3_000, 10_000]
    assert [fit.fits for fit in found.fits] == [True] * 5
    assert (found.plan, found.a_month) == ("plus", 489)  # 31 x 14.14 and 50
    assert found.parts[-1].what == "looks"


def test_a_plan_that_only_the_documents_fit_into_is_named():
    found = needed(Load(orders=15, new_contacts=Decimal(0)), a_tenth)  # 31 x 15.15 and 50 are 520

    assert (found.plan, found.without_own) == ("basic", "plus")
    assert found.parts[-1].a_day == Decimal(200) / 31


def test_looks_by_the_clock_are_spread_over_the_day():
    assert needed(Load(orders=0), lambda _: (Part(what="looks", count=Decimal(48), calls=Decimal(1)),)).busy_hour == 2


def test_a_busy_hour_that_takes_longer_than_an_hour_asks_for_a_larger_plan():
    """8,000 documents and their settlement within one hour."""
    found = needed(Load(orders=8_000, new_contacts=Decimal(0), busy_hour=Decimal(1)))
    minutes = {fit.plan: fit.hour_minutes for fit in found.fits}

    assert minutes == {"plus": 134, "basic": 134, "standard": 67, "advanced": 67, "premium": 14}
    assert found.busy_minute == 134
