"""What a storm did, and what is there when it is over: counted from outside, in the sandbox."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.e2e.faults import AWS_FAULTS, HOLDED_FAULTS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.e2e.murder import Victim
    from tests.e2e.stories import Document

Held = Counter[tuple[str, "Document"]]
"""Documents by account, kind and total."""


@dataclass(slots=True, kw_only=True)
class Aftermath:
    """`answers`: the relay's word for each post. `distinct`: inbox ids they named. `faults` and `calls` while it stormed.

    `verified` is what `relay verify` tells.
    """

    answers: Counter[str] = field(default_factory=Counter)
    distinct: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    calls: Counter[str] = field(default_factory=Counter)
    redriven: int = 0
    victims: list[Victim] = field(default_factory=list)
    expected: Held = field(default_factory=Counter)
    found: Held = field(default_factory=Counter)
    contacts_expected: Counter[tuple[str, str]] = field(default_factory=Counter)
    contacts_found: Counter[tuple[str, str]] = field(default_factory=Counter)
    verified: dict[str, Any] = field(default_factory=dict)
    reviews: list[str] = field(default_factory=list)
    stories: list[str] = field(default_factory=list)
    hidden: int = 0
    troubles: Counter[str] = field(default_factory=Counter)
    seconds: dict[str, float] = field(default_factory=dict)

    @property
    def lost(self) -> Held:
        return self.expected - self.found

    @property
    def doubled(self) -> Held:
        """There more often than told, or told by nobody."""
        return self.found - self.expected

    def findings(self) -> list[Any]:
        return [one for account in self.verified.get("accounts", ()) for one in account["findings"]]

    def lines(self) -> Iterator[str]:
        yield "limits raised: plan premium (600 calls a minute) on a clock 30 times as fast is 300 calls a real second"
        yield f"events       {self.distinct} deliveries in {self.answers.total()} posts: {_told(self.answers)}"
        for side, kinds in (("Holded", HOLDED_FAULTS), ("AWS", AWS_FAULTS)):
            struck = {kind: self.faults[kind] for kind in kinds if self.faults[kind]}
            count, calls = sum(struck.values()), self.calls[side]
            yield f"faults       {side}: {count} in {calls} calls ({100 * count / max(1, calls):.1f} %): {_told(struck)}"
        others = {kind: count for kind, count in self.faults.items() if kind not in {*HOLDED_FAULTS, *AWS_FAULTS}}
        yield f"             ours: {_told(others)}; redriven from the dead-letter queues: {self.redriven}"
        yield f"documents    {self.found.total()} of {self.expected.total()} expected; lost {self.lost.total()}, doubled {self.doubled.total()}"
        yield from (f"             lost    {account} {kind} {total}" for account, (kind, total) in self.lost)
        yield from (f"             doubled {account} {kind} {total}" for account, (kind, total) in self.doubled)
        yield from (f"             {line}" for line in self.stories)
        yield f"review       {'; '.join(self.reviews) or 'none'}"
        missing, more = (
            self.contacts_expected - self.contacts_found,
            self.contacts_found - self.contacts_expected,
        )
        yield f"contacts     {self.contacts_found.total()} of {self.contacts_expected.total()} expected; lost {missing.total()}, doubled {more.total()}"
        clean = "clean" if self.verified.get("clean") else f"NOT clean: {self.findings()}"
        yield f"verify       {clean}"
        yield f"queues       {self.hidden} messages still hidden until their redelivery; writers told: {_told(self.troubles)}"
        yield "seconds      " + ", ".join(f"{name} {took:.0f}" for name, took in self.seconds.items())


def _told(counts: dict[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in sorted(counts.items())) or "none"
