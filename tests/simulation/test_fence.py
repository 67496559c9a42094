"""The assumptions of the fence, kept and broken: broken, the worst is a doubled draft, and the settlement sweep tells of it."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from tests.simulation.run import run_plan
from tests.simulation.scenarios import broken_fence

SEEDS = 24


@pytest.fixture(scope="module")
def broken():
    return [run_plan(broken_fence(seed)) for seed in range(SEEDS)]


def test_with_the_fence_broken_no_double_is_silent_and_none_is_approved(broken):
    assert [result.troubles for result in broken if result.troubles] == []
    assert sum((result.reviews for result in broken), Counter())["doubled"] > 5


def test_a_payment_that_came_too_late_is_told_too(broken):
    assert sum((result.reviews for result in broken), Counter())["paid_twice"] > 0


def test_the_same_late_commits_double_nothing_while_settle_is_kept():
    for seed in range(SEEDS):
        plan = replace(broken_fence(seed), timing={}, late_scale=1.0, fence_kept=True)
        assert run_plan(plan).troubles == [], f"seed {seed}"
