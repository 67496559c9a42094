"""The simulation itself: the same plan is the same run, every fault can be switched off, a failure becomes its smallest trace."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace

import pytest

from infra import event_bus
from tests.simulation import lambdas, queues
from tests.simulation.draw import random_plan
from tests.simulation.faults import KINDS
from tests.simulation.plan import Plan
from tests.simulation.run import run_plan
from tests.simulation.scenarios import broken_fence, month
from tests.simulation.shrink import shrunk


def test_a_plan_is_plain_data_and_the_same_run_every_time():
    plan = random_plan(11)

    assert run_plan(Plan.loads(plan.dumps())).fingerprint == run_plan(plan).fingerprint


def test_the_run_does_not_depend_on_the_process():
    code = "from tests.simulation.draw import random_plan as p; from tests.simulation.run import run_plan as r; print(r(p(11)).fingerprint)"
    told = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": seed},
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        for seed in ("1", "2")
    }

    assert told == {run_plan(random_plan(11)).fingerprint + "\n"}


def test_what_struck_is_enough_to_have_the_run_again():
    first = run_plan(random_plan(14))
    again = run_plan(replace(first.plan, only=first.struck))

    assert first.struck
    assert (again.fingerprint, again.struck) == (first.fingerprint, first.struck)


def only(kind, seed):
    """Every call that this fault can strike has it at one in three."""
    if kind == "ttl_late":
        return replace(month(seed), rates={kind: 0.5})
    plan = random_plan(seed)
    hooks = {"duplicates": 0, "reorder_seconds": 0.0, "delay_seconds": 1.0}
    companies = tuple(replace(company, hooks=hooks) for company in plan.companies)
    return replace(plan, companies=companies, rates={kind: 0.3})


@pytest.mark.parametrize("kind", KINDS)
def test_a_fault_that_is_switched_off_never_strikes(kind):
    struck = 0
    for seed in range(40):
        struck += run_plan(only(kind, seed)).faults[kind]
        if struck:
            break
    without = run_plan(random_plan(5, without=frozenset({kind})))

    assert struck
    assert without.faults[kind] == 0


def test_every_kind_strikes_in_what_the_suite_runs():
    struck = set()
    for seed in range(240):
        struck |= set(random_plan(seed).rates)

    assert struck == set(KINDS)


def test_a_failure_is_shrunk_to_the_few_things_that_bring_it_about():
    plans = (replace(broken_fence(seed), fence_kept=True) for seed in range(40))
    failed = next(result for result in map(run_plan, plans) if any("documents" in each for each in result.troubles))
    least = shrunk(failed, run_plan)

    assert least.troubles
    assert len(least.struck) <= 3 < len(failed.struck)
    assert "late_commit" in least.faults
    assert len(least.plan.deliveries) <= 2


def test_the_queues_and_rules_are_those_of_the_stack():
    from infra.delivery import VISIBILITY_SECONDS, WRITE_SECONDS

    assert (event_bus.FISCAL, event_bus.NORMAL) == (queues.FISCAL, queues.NORMAL)
    assert lambdas.SECONDS["write_holded"] == WRITE_SECONDS
    assert queues.VISIBILITY_S == VISIBILITY_SECONDS
