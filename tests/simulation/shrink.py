"""From a failing plan to the smallest that still fails: delta debugging over deliveries, actions, faults and companies."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tests.simulation.plan import Action

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tests.simulation.plan import Plan
    from tests.simulation.run import Result

MOST_RUNS = 400
MOST_S = 60.0
"""A small trace soon is worth more than the smallest in an hour."""


def shrunk(
    failed: Result, run: Callable[[Plan], Result], *, most_runs: int = MOST_RUNS, most_s: float = MOST_S
) -> Result:
    """The smallest plan found within `most_runs` and `most_s` real seconds that breaks the same invariant, as the result of running it."""
    wanted = _numbers(failed)
    left, until = most_runs, time.monotonic() + most_s
    best = failed

    def fails(plan: Plan) -> bool:
        nonlocal left, best
        if left <= 0 or time.monotonic() > until:
            return False
        left -= 1
        result = run(plan)
        if _numbers(result) & wanted:
            best = result
            return True
        return False

    # What struck is what a run is made of; a plan that names it needs no chances any more.
    if not fails(replace(failed.plan, only=failed.struck)):
        return failed
    for _ in range(3):
        size = _size(best.plan)
        for part in ("only", "deliveries", "actions", "companies"):
            _fewer(part, fails, lambda: best.plan)
        for at in range(len(best.plan.deliveries)):
            _once(at, fails, lambda: best.plan)
        if _size(best.plan) == size:
            break
    return best


def _numbers(result: Result) -> set[str]:
    """Which invariants broke: their numbers."""
    return {trouble.partition(":")[0] for trouble in result.troubles}


def _size(plan: Plan) -> tuple[int, int, int]:
    return len(plan.only or ()), len(plan.deliveries), len(plan.actions)


def _fewer(part: str, fails: Callable[[Plan], bool], best: Callable[[], Plan]) -> None:
    """`ddmin`: leave out halves, quarters ... down to single ones, as long as it still fails."""
    size = max(1, len(getattr(best(), part) or ()) // 2)
    while size:
        at = 0
        while at < len(getattr(best(), part) or ()):
            items: Sequence[Any] = getattr(best(), part)
            left_out = items[at : at + size]
            kept = (*items[:at], *(each for each in left_out if _opens(each)), *items[at + size :])
            if len(kept) == len(items):
                at += size
                continue
            if part == "companies" and not kept:
                break
            candidate = replace(best(), **{part: tuple(kept)})
            if part == "companies":
                candidate = _of_companies(candidate)
            if not fails(candidate):
                at += size
        size //= 2


def _opens(item: Any) -> bool:
    """What opens an account again stays: without it whatever closed the account would seem to be the trouble."""
    return isinstance(item, Action) and item.name in {"resume", "new_token"}


def _of_companies(plan: Plan) -> Plan:
    names = {company.account for company in plan.companies}
    return replace(
        plan,
        deliveries=tuple(each for each in plan.deliveries if each.account in names),
        actions=tuple(each for each in plan.actions if each.account in names),
    )


def _once(at: int, fails: Callable[[Plan], bool], best: Callable[[], Plan]) -> None:
    """A delivery without its copies."""
    deliveries = best().deliveries
    if at < len(deliveries) and deliveries[at].copies:
        single = replace(deliveries[at], copies=())
        fails(replace(best(), deliveries=(*deliveries[:at], single, *deliveries[at + 1 :])))
