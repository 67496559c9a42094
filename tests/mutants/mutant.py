"""A planted defect: which text of the shipped code becomes which other, and which tests or simulations must notice."""

from __future__ import annotations

from dataclasses import dataclass, field

Catcher = tuple[str, ...]
"""What comes after `python -m`: `("pytest", <node>)` or `("tests.simulation", "--seeds", "20", "--first", "1")`."""


@dataclass(frozen=True, kw_only=True)
class Mutant:
    """`old` stands exactly once in `file` (a path from the root of the project) and becomes `new`."""

    name: str
    file: str
    old: str
    new: str
    catchers: tuple[Catcher, ...]


@dataclass(kw_only=True)
class Shelf:
    """Collects the mutants of one part of the code."""

    mutants: list[Mutant] = field(default_factory=list)

    def add(self, name: str, file: str, old: str, new: str, *catchers: str | Catcher) -> None:
        """A catcher that is a text is a test: `services/test_road.py::test_...`, from the folder of the tests."""
        found = tuple(("pytest", f"tests/{each}") if isinstance(each, str) else each for each in catchers)
        self.mutants.append(Mutant(name=name, file=file, old=old, new=new, catchers=found))


def simulated(*, seeds: int, first: int = 1, scenario: str = "random") -> Catcher:
    return ("tests.simulation", "--seeds", str(seeds), "--first", str(first), "--scenario", scenario)
