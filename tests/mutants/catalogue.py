"""All planted defects, in the order of the road."""

from __future__ import annotations

from tests.mutants import (
    of_the_budget,
    of_the_healing,
    of_the_ledger,
    of_the_polling,
    of_the_reconciling,
    of_the_road,
    of_the_writing,
)

PARTS = (
    of_the_road,
    of_the_ledger,
    of_the_writing,
    of_the_budget,
    of_the_reconciling,
    of_the_polling,
    of_the_healing,
)
MUTANTS = tuple(mutant for part in PARTS for mutant in part.shelf.mutants)
