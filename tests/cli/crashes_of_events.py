"""Commands that die: what came in, what became of it, and what is counted of it."""

from __future__ import annotations

import dataclasses

from relay.services.times import at_ms
from tests.cli.crashing import Told, paused_with_an_order, written
from tests.services.world import ACCOUNT


def written_without_a_token(road):
    written(road)
    gate = road.world.gates.gates[ACCOUNT]
    until_ms = at_ms(road.world.clock.now()) + 50_000
    budget = dataclasses.replace(gate.budget, minute_left=0, minute_until_ms=until_ms)
    road.world.gates.gates[ACCOUNT] = dataclasses.replace(gate, rev=gate.rev + 1, budget=budget)


COMMANDS = {
    "waiting list": Told(args=("waiting", "list", "--account", ACCOUNT), before=paused_with_an_order),
    "events list": Told(args=("events", "list", "--account", ACCOUNT), before=written),
    "events list, confirmed": Told(
        args=("events", "list", "--account", ACCOUNT, "--state", "confirmed"), before=written
    ),
    "events list, waiting": Told(
        args=("events", "list", "--account", ACCOUNT, "--state", "waiting"), before=paused_with_an_order
    ),
    "events show": Told(
        args=("events", "show", "shopify-orders-paid-450000001-bqrzz6tmojhl5xv3seoyc6t5j2", "--account", ACCOUNT),
        before=written,
    ),
    "status": Told(args=("status",), before=written),
    "verify": Told(args=("verify",), before=written),
    "verify, waiting for a token": Told(args=("verify", "--wait"), before=written_without_a_token, also=("clock",)),
    "changes list": Told(args=("changes", "list", "--account", ACCOUNT), before=written),
    "send": Told(
        args=("send", "{order}", "--account", ACCOUNT, "--source", "shopify", "--topic", "orders/paid"),
    ),
}  # fmt: skip
