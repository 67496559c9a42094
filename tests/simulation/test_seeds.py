"""Seeds of every kind in the normal suite: whatever strikes, the nine invariants hold. More: `make simulate SEEDS=1000`."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.simulation.__main__ import explain, tally
from tests.simulation.run import run_plan
from tests.simulation.scenarios import LOST, REPLAYED_ON, month

SEEDS = 240
CHUNK = 30


@pytest.mark.parametrize("first", range(0, SEEDS, CHUNK))
def test_whatever_strikes_the_invariants_hold(first):
    found = tally(range(first, first + CHUNK), scenario="random", without=frozenset())

    assert not found.failed, explain(min(found.failed), "random", frozenset())
    assert found.documents > CHUNK


@pytest.mark.parametrize("seed", range(2))
def test_a_month_of_quota_resets_rotations_and_late_replays_holds(seed):
    found = tally([seed], scenario="month", without=frozenset())

    assert not found.failed, explain(seed, "month", frozenset())
    assert found.days > 40


@pytest.mark.parametrize("seed", range(3))
def test_a_month_of_changes_by_hand_is_seen_whether_no_webhook_is_lost_or_a_tenth_or_all(seed):
    """Every difference between two seen states is one event, every last state is seen, no write of ours is told."""
    found = tally([seed], scenario="changes", without=frozenset())

    assert not found.failed, explain(seed, "changes", frozenset())
    assert found.told > 60
    assert (found.faults["webhook_lost"] > 0) == (LOST[seed] > 0)


def test_a_shop_that_falls_silent_is_found_by_its_habits_alone_and_what_it_sold_is_brought():
    """Its webhooks stand, so only the statistics tell; a shop of two sales a day beside it is never taken for silent."""
    found = tally([0], scenario="silence", without=frozenset())

    assert not found.failed, explain(0, "silence", frozenset())
    assert found.documents > 350


def test_replays_of_weeks_delay_no_live_sale_though_the_quota_is_nearly_used_up():
    with_replays = replace(month(7), rates={})
    kept = tuple(each for each in with_replays.actions if "replay" not in each.name)
    replayed, without = run_plan(with_replays), run_plan(replace(with_replays, actions=kept))

    assert replayed.replays >= len(REPLAYED_ON) > without.replays
    assert not replayed.troubles
    assert replayed.written_s.keys() == without.written_s.keys()
    late = {mark: at - without.written_s[mark] for mark, at in replayed.written_s.items()}
    assert max(late.values()) <= 60, late


def test_the_fence_holds_with_clocks_that_are_off_by_many_seconds():
    found = tally(range(20), scenario="far-clocks", without=frozenset())

    assert not found.failed, explain(min(found.failed), "far-clocks", frozenset())
    assert found.faults["skew"]
