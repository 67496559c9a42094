"""The figures, one table each: `python -m tests.benchmarks [NAME ...]`. Exit 1 when a target was missed."""

from __future__ import annotations

import argparse
import importlib
import sys
import time

from tests.benchmarks.report import Figure, show

FIGURES = {
    "start-up": ("start_up", "figure"),
    "inbox-put": ("inbox_put", "figure"),
    "documents": ("documents", "figure"),
    "time": ("documents", "time_figure"),
    "prices": ("prices", "figure"),
    "peers": ("peers", "figure"),
    "speed": ("speed", "figure"),
    "quota": ("quota", "figure"),
    "polling-cost": ("polling_cost", "figure"),
    "polling-delay": ("polling_delay", "figure"),
    "herd": ("herd", "figure"),
    "fairness": ("fairness", "figure"),
}


def main() -> int:
    parser = argparse.ArgumentParser(description="Measure, and print one table a figure.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(FIGURES))
    names = parser.parse_args().names or list(FIGURES)
    if unknown := [name for name in names if name not in FIGURES]:
        parser.error(f"no such figure: {', '.join(unknown)}; there are {', '.join(FIGURES)}")
    missed = 0
    for name in names:
        begin = time.monotonic()
        module, function = FIGURES[name]
        figure: Figure = getattr(importlib.import_module(f"tests.benchmarks.{module}"), function)()
        figure.notes.append(f"{name}: {time.monotonic() - begin:.0f} s")
        show(figure)
        missed += len(figure.missed)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
