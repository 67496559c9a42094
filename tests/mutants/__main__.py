"""`python -m tests.mutants`: plant every defect in turn, print who noticed it, exit 1 if nobody did."""

from __future__ import annotations

import argparse
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from tests.mutants.catalogue import MUTANTS
from tests.mutants.workshop import PatchError, Verdict, clean, patched, tried

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.mutants.mutant import Catcher, Mutant

WORKERS = 2


def shares(mutants: Sequence[Mutant]) -> list[list[Catcher]]:
    """Every catcher once, dealt to the workers."""
    every = list(dict.fromkeys(catcher for mutant in mutants for catcher in mutant.catchers))
    return [share for at in range(WORKERS) if (share := every[at::WORKERS])]


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    parser.add_argument("--only", default="", help="the mutants whose name holds this text")
    wanted = parser.parse_args(arguments).only
    mutants = [mutant for mutant in MUTANTS if wanted in mutant.name]
    try:
        for mutant in mutants:
            patched(mutant)
    except PatchError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    if not mutants:
        print(f"error: no mutant's name holds {wanted!r}", file=sys.stderr)
        return 2
    began = time.perf_counter()
    with ThreadPoolExecutor(WORKERS) as pool:
        for verdict in pool.map(lambda share: clean("without a defect", share), shares(mutants)):
            if verdict.by or verdict.trouble:
                print(f"error: {verdict.name} already: {verdict.by or verdict.trouble}", file=sys.stderr)
                return 1
        print(f"without a defect every catcher passes ({time.perf_counter() - began:.0f} s)", flush=True)
        width = max(len(mutant.name) for mutant in mutants)
        missed = 0
        for verdict in pool.map(tried, mutants):
            missed += not verdict.by
            print(line(verdict, width), flush=True)
    caught = len(mutants) - missed
    print(f"{caught} of {len(mutants)} planted defects were noticed, in {time.perf_counter() - began:.0f} s")
    return 1 if missed else 0


def line(verdict: Verdict, width: int) -> str:
    found = verdict.by or f"NOT CAUGHT {verdict.trouble}".rstrip()
    return f"{verdict.name:<{width}}  {verdict.seconds:5.1f} s  {found}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
