"""The demo's stories of what no webhook told, on the deployed stack: seen by a poll, brought by the watchdog, compared."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal

import pytest

from demo import untold
from demo.quiet import open_quiet

pytestmark = [pytest.mark.emulator, pytest.mark.slow]


@pytest.fixture(scope="module")
def firm(house):
    return open_quiet(house.stack, house.world, "untold")


def test_an_invoice_made_approved_and_paid_by_hand_is_three_events_of_one_version_and_no_call_too_many(firm):
    story = untold.by_hand(firm)

    assert story.wrong == []
    assert [line.split()[0] for line in story.lines if line.startswith("  invoice.")] == list(untold.WANTED)
    assert not firm.company.counters()["refused"]


def test_a_shop_that_dropped_us_is_subscribed_to_again_and_each_missed_order_is_one_invoice(firm):
    before = firm.invoices()

    story = untold.forgotten(firm)

    assert story.wrong == []
    sold = Counter([untold.KNOWN, *untold.MISSED, untold.AGAIN])
    assert firm.invoices() - before == sold
    log = firm.relay("changes", "list", "--account", firm.account)
    assert log.count("registered ") == 2 * firm.subscriptions(), "each once when first seen, each once when dropped"


def test_what_was_brought_by_hand_before_is_not_brought_again(firm):
    before = firm.invoices()
    day = firm.world.now().date().isoformat()

    told = firm.relay("import", "--account", firm.account, "--source", "shopify", "--from", day)

    assert "done" in told
    assert firm.invoices() == before


def test_the_day_agrees_and_an_edit_by_hand_is_the_one_difference(firm):
    story = untold.reconciled(firm)

    assert story.wrong == []
    assert [line for line in story.lines if "repair:" in line] == [
        "    repair: Set the draft back to 48.40 by hand, or settle the item if the change is meant. Put it into review first."
    ]


def test_a_story_that_went_otherwise_says_so():
    story = untold.Story(title="x")

    story.must("totals", {Decimal(1)}, {Decimal(2)})

    assert story.wrong == ["totals: expected {Decimal('2')}, found {Decimal('1')}"]
