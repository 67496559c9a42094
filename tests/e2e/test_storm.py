"""A storm over a house of its own, a small one of `make storm`: what must be there afterwards is there, and nothing twice.

And the emulator stopped in order and started again with its state kept: what its streams then skip, the sweeper brings.
"""

from __future__ import annotations

import gc
import os
import re

import pytest

from infra.paths import EMULATOR_PYTHON
from tests.e2e.faults import AWS_FAULTS, HOLDED_FAULTS
from tests.e2e.house import House
from tests.e2e.murder import HELD
from tests.e2e.storm import Storm, Weather
from tests.e2e.unruly import UnrulyAws
from tests.services.world import shopify_order

pytestmark = [
    pytest.mark.emulator,
    pytest.mark.slow,
    # What a restart cuts in the middle of a call is closed when it is collected, whenever that is.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

WEATHER = Weather(
    webhooks=300,
    accounts=4,
    spread_seconds=25,
    outage_seconds=20,
    kill_seconds=3,
    patience_seconds=600,
    write_seconds=40,
)


@pytest.fixture(scope="module")
def unruly():
    return UnrulyAws(seed=WEATHER.seed)


@pytest.fixture(scope="module")
def rough(tmp_path_factory, unruly):
    """A house whose emulator may be restarted, and whose functions meet AWS on a bad day."""
    if not EMULATOR_PYTHON.exists():
        missing = "the emulator is not installed: make setup"
        if os.environ.get("CI") == "true":
            pytest.fail(missing)
        pytest.skip(missing)
    with House(tmp_path_factory.mktemp("rough"), unruly=unruly, persist=True) as running:
        yield running
    gc.collect()  # here, and not in the middle of somebody else's test


@pytest.fixture(scope="module")
def after(rough, unruly):
    found = Storm(rough, unruly, WEATHER).run()
    print("", *found.lines(), sep="\n")
    return found


def test_after_a_storm_holded_holds_exactly_what_was_sold(after):
    assert (after.lost, after.doubled) == ({}, {})
    assert after.found == after.expected
    assert after.contacts_found == after.contacts_expected
    assert after.distinct >= WEATHER.webhooks


def test_after_a_storm_verify_finds_nothing(after):
    assert after.findings() == []
    assert after.verified["clean"] is True
    assert len(after.verified["accounts"]) == WEATHER.accounts + len(HELD)


def test_it_was_a_storm(after):
    holded = sum(after.faults[kind] for kind in HOLDED_FAULTS)
    aws = sum(after.faults[kind] for kind in AWS_FAULTS)

    assert holded >= 0.05 * after.calls["Holded"] > 0
    assert aws >= 0.05 * after.calls["AWS"] > 0
    assert after.faults["seconds without Holded"] >= WEATHER.outage_seconds
    assert after.answers["duplicate"] >= 0.1 * WEATHER.webhooks
    assert after.faults["killed WriteHolded"] >= 1
    assert after.redriven >= 40


def test_a_writer_killed_in_the_middle_of_a_call_leaves_one_document(after):
    assert [victim.fault for victim in after.victims] == [fault for fault, _, _ in HELD]
    for victim in after.victims:
        under_way = victim.struck["path"]
        assert under_way.endswith(("/contacts", "/invoices")), "Holded's log shows the call that was under way"
        assert victim.state == ("sent" if under_way.endswith("/invoices") else "")
        assert [one["total"] for one in victim.company.documents()] == ["121.00"], victim.fault
        assert len(victim.company.tables()["contacts"]) == 1, victim.fault
        row = victim.company.row("shopify", victim.order["id"], "invoice")
        assert (row.state, row.holded_id) == ("confirmed", victim.company.documents()[0]["id"])


def published_by(house, function, inbox_ids):
    """Those of these deliveries that a function says it published."""
    log = house.log(function)
    return [inbox_id for inbox_id in inbox_ids if inbox_id in log]


def republished(house):
    """How many deliveries the sweeper says it published again, in all."""
    return sum(map(int, re.findall(r'"republished": ?(\d+)', house.log("SweepInboxFunction"))))


def test_what_the_stream_skips_after_a_restart_the_sweeper_publishes(rough):
    company = rough.open_company("restarted")
    read = company.send("shopify", "orders/paid", *(shopify_order(7000 + number) for number in range(4)))
    company.ends(read)
    assert published_by(rough, "PublishEventFunction", read) == read, "the stream showed these"
    before = republished(rough)
    rough.stack.emulator.restart()
    orders = [shopify_order(7100 + number) for number in range(3)]

    skipped = company.send("shopify", "orders/paid", *orders)

    company.ends(skipped)
    written = [company.settled("shopify", order["id"], "invoice").holded_id for order in orders]
    assert published_by(rough, "PublishEventFunction", skipped) == [], "the stream never showed these"
    assert republished(rough) - before >= len(skipped)
    assert set(written) < {one["id"] for one in company.documents()}
    assert [one["total"] for one in company.documents()] == ["121.00"] * (len(read) + len(skipped))
