"""All planted defects, in the order of the road."""

from __future__ import annotations

from tests.mutants import (
    of_the_budget,
    of_the_ledger,
    of_the_polling,
    of_the_reconciling,
    of_the_road,
    of_the_writing,
)

MUTANTS = tuple(
    mutant
    for part in (of_the_road, of_the_ledger, of_the_writing, of_the_budget, of_the_reconciling, of_the_polling)
    for mutant in part.shelf.mutants
)
