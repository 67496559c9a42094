"""`relay reconcile --repair --yes`: given by operators in the middle of everything, and once more when all has come to rest."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, Any

from tests.simulation.drift import compared, reconciled, reconciliation_tells_the_truth
from tests.simulation.invariants import INVARIANTS
from tests.simulation.operators import commanded
from tests.simulation.plan import Action

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from tests.simulation.plan import Plan
    from tests.simulation.world import Universe

    Rest = Callable[[Universe], Awaitable[str]]

MEANWHILE, IN_TROUBLE, IN_THE_END = 0.15, 0.8, 0.25
"""The share of companies whose operators repair while all goes on, of long troubles in which they do, and of seeds in which they
do it in the end.
"""


def repairing(seed: int, account: str, troubles: Sequence[tuple[float, float]]) -> list[Action]:
    """Of dice of its own, so that a seed's other story is the same with it and without it. In long `troubles` (from, to),
    of which something is dead or was never taken up, mostly.
    """
    random = Random(f"repairs {seed} {account}")
    spans = [(300.0, 20_000.0)] if random.random() < MEANWHILE else []
    spans += [span for span in troubles if random.random() < IN_TROUBLE]
    return [
        Action(at_s=round(random.uniform(*span), 1), account=account, name="reconcile_and_repair") for span in spans
    ]


def repairs_in_the_end(plan: Plan) -> bool:
    return plan.scenario != "random" or Random(f"repaired {plan.seed}").random() < IN_THE_END


async def reconcile_and_repair(universe: Universe, account: str, _: int) -> Any:
    """Asks nobody: its confirmation is given with it. Returns what was found and what was done."""
    return await commanded(universe, lambda here: compared(here, account, repair=True))


async def repaired_in_the_end(universe: Universe, rest: Rest) -> list[str]:
    """A repair when all has come to rest does what there is to do, once, and breaks nothing."""
    if not repairs_in_the_end(universe.plan):
        return []
    troubles = await _gone(universe, rest)
    troubles += await reconciliation_tells_the_truth(universe)
    for invariant in INVARIANTS:
        troubles += invariant(universe)
    return troubles


async def what_was_planted_is_with_a_person(universe: Universe, rest: Rest) -> list[str]:
    return await _gone(universe, rest) if repairs_in_the_end(universe.plan) else []


async def _gone(universe: Universe, rest: Rest) -> list[str]:
    """11: after a repair nothing is left that the ledger could repair: what is missing was brought, the rest is with a person."""
    for account in universe.companies:
        await reconcile_and_repair(universe, account, 0)
    restless = await rest(universe)
    if restless:
        return [f"11: the repairs came to no rest: {restless}"]
    troubles = []
    for account in universe.companies:
        troubles += [
            f"11: {account} {each['class']} {each['row'] or each['holded_id'] or each['number']} is open after its repair"
            for each in await reconciled(universe, account)
            if not each["told"]
        ]
        again = await reconcile_and_repair(universe, account, 0)
        if any(again["repaired"].values()):
            troubles.append(f"11: {account} a second repair did {again['repaired']}")
    return troubles


REPAIRS = (reconcile_and_repair,)
