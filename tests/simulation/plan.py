"""A run as plain data: what is delivered, done and broken, and when. The same plan is the same run, whatever else changes."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import Any

from tests.simulation.faults import Strike

POLLING_OFF: dict[str, Any] = {"enabled": False}
FOLLOWED = ("invoice", "creditnote", "salesreceipt", "salesorder", "contact", "product", "payment")
"""What a polled company's poll follows; all else is left out, for speed alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Company:
    """An account and the Holded company it writes into. `policy` is what its settings mean; `before`: what they say until
    an operator mends them at `mended_s`, None where they are right from the beginning.
    """

    account: str
    policy: dict[str, Any] = field(default_factory=dict)
    before: dict[str, Any] | None = None
    mended_s: float = 0.0
    switches: dict[str, Any] = field(default_factory=dict)  # of the sandbox's company
    hooks: dict[str, Any] | None = None  # Holded's own webhooks: None, or duplicates, reorder_seconds, delay_seconds
    shop: bool = False  # has a shop with an API of its own
    page: int = 200  # Holded's largest page
    polling: dict[str, Any] | None = None  # its settings of polling; None: Holded is not polled

    def meant(self) -> dict[str, Any]:
        """Its settings as they are meant."""
        return {"policy": self.policy} | self.polled()

    def polled(self) -> dict[str, Any]:
        return {"polling": POLLING_OFF if self.polling is None else self.polling}


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """`copies`: seconds after `at_s` at which the very same body comes again. `placed`: in the company's own shop, which posts it."""

    at_s: float
    account: str
    source: str
    topic: str
    body: dict[str, Any]
    copies: tuple[float, ...] = ()
    placed: bool = False

    def __str__(self) -> str:
        again = f" and {len(self.copies)} times again" if self.copies else ""
        return f"{self.at_s:8.1f} s  {self.account}: {self.source} {self.topic} {self.body.get('id', '')}{again}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """What an operator, or a person in Holded's screens, does: a name of `actions.ACTIONS` and its argument."""

    at_s: float
    account: str
    name: str
    argument: int = 0

    def __str__(self) -> str:
        return f"{self.at_s:8.1f} s  {self.account}: {self.name} {self.argument}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """`calm_s`: from then on nothing breaks; `operators_s`: until then their own processes do all the same. `only`: exactly these faults instead of drawn ones. `skew_s`: how far a
    machine's clock may be off. `late_scale` stretches Holded's late commits; `timing` changes the fence's numbers. `habits`: long enough to learn
    what a shop usually sends, so the watchdog judges its silence every 15 minutes.
    """

    seed: int
    scenario: str
    companies: tuple[Company, ...]
    deliveries: tuple[Delivery, ...]
    actions: tuple[Action, ...] = ()
    rates: dict[str, float] = field(default_factory=dict)
    calm_s: float = 1800.0
    operators_s: float = 0.0
    patience_s: float = 9 * 86_400.0
    after_s: float = 31 * 3600.0
    skew_s: float = 0.5
    late_scale: float = 1.0
    timing: dict[str, int] = field(default_factory=dict)
    fence_kept: bool = True
    habits: bool = False
    only: tuple[Strike, ...] | None = None

    def dumps(self) -> str:
        return json.dumps(asdict(self), sort_keys=True)

    @classmethod
    def loads(cls, text: str) -> Plan:
        raw = json.loads(text)
        return cls(
            **raw
            | {
                "companies": tuple(Company(**each) for each in raw["companies"]),
                "deliveries": tuple(Delivery(**each | {"copies": tuple(each["copies"])}) for each in raw["deliveries"]),
                "actions": tuple(Action(**each) for each in raw["actions"]),
                "only": None if raw["only"] is None else tuple(Strike(**each) for each in raw["only"]),
            }
        )
