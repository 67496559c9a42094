"""Commands that die: an account, its secrets, its quota, its pauses."""

from __future__ import annotations

import dataclasses

from relay.services.times import at_ms
from tests.cli.crashing import Told, an_order, paused_with_an_order, written
from tests.services.world import ACCOUNT

NEW = "pat_" + "n" * 40
COMPANY_ID = "5" * 24


def paused_under_a_drain(road):
    paused_with_an_order(road)
    until_ms = at_ms(road.world.clock.now()) + 100_000
    gate = road.world.gates.gates[ACCOUNT]
    road.world.gates.gates[ACCOUNT] = dataclasses.replace(
        gate, rev=gate.rev + 1, owner="gone", lease_until_ms=until_ms, next_due_ms=until_ms
    )


def second_company(road):
    other = road.world.sandbox.add_company({"plan": "premium"}, road.world.clock.now().timestamp())
    other.tokens[NEW] = None


def new_token(road):
    written(road)
    road.world.company.tokens[NEW] = None


COMMANDS = {
    "quota": Told(args=("quota", ACCOUNT), before=written),
    "pause": Told(args=("pause", ACCOUNT, "--reason", "stocktaking"), then=an_order),
    "resume": Told(args=("resume", ACCOUNT), before=paused_with_an_order),
    "resume during a drain": Told(args=("resume", ACCOUNT), before=paused_under_a_drain),
    "account add": Told(
        args=("account", "add", "bolt", "--mode", "test", "--company-id", COMPANY_ID),
        before=second_company,
        env={"RELAY_HOLDED_TOKEN": NEW},
        again=("account_exists",),
    ),
    "account set, a quota": Told(args=("account", "set", ACCOUNT, "--per-minute", "30"), before=written),
    "account set, a binding": Told(args=("account", "set", ACCOUNT, "--bind", "shopify.shop_domain=a.example")),
    "account set, paused": Told(args=("account", "set", ACCOUNT, "--status", "paused"), then=an_order),
    "account set, active again": Told(
        args=("account", "set", ACCOUNT, "--status", "active"), before=paused_with_an_order
    ),
    "account set, active during a drain": Told(
        args=("account", "set", ACCOUNT, "--status", "active"), before=paused_under_a_drain
    ),
    "account set, a new credential": Told(
        args=("account", "set", ACCOUNT, "--token-file", "-"), before=new_token, stdin=NEW
    ),
    "account remove": Told(
        args=("account", "remove", ACCOUNT, "--yes", "--force"), before=written
    ),
    "account erase": Told(args=("account", "erase", ACCOUNT, "--yes"), before=written),
    "account list": Told(args=("account", "list")),
    "account show": Told(args=("account", "show", ACCOUNT)),
    "secret rotate": Told(
        args=("secret", "rotate", "--account", ACCOUNT, "--source", "shopify", "--overlap", "10m")
    ),
    "secret rotate, the sender's": Told(
        args=(
            "secret", "rotate", "--account", ACCOUNT, "--source", "shopify", "--overlap", "10m", "--secret-file", "-"
        ),
        stdin="a-secret-that-shopify-made",
    ),
    "secret show": Told(args=("secret", "show", "--account", ACCOUNT)),
}  # fmt: skip
