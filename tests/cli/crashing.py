"""A command of an operator that dies at a chosen call of a port and is given again, and what stands before and after it."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import httpx
from typer.testing import CliRunner

from functions.receive_webhook.handler import handle as receive_webhook
from relay.cli.app import app
from relay.cli.context import Queues as QueuesPort
from relay.cli.context import World as Console
from relay.services.accept import Accept
from tests.cli.conftest import Queues
from tests.services.road import Road
from tests.services.test_crash_points_of_the_road import seen
from tests.services.wire import Killed, Port, Wire
from tests.services.world import ACCOUNT, World, shopify_order

if TYPE_CHECKING:
    from collections.abc import Callable


AGAIN = ("secret.", "provider.")
"""What is given a second time, as another secret may be, is logged a second time: with what the first one left before it."""


@dataclass(frozen=True, kw_only=True)
class Told:
    """A command. `before(road)` is what stood before it, `then(road)` what comes an hour later.

    `again` names refusals that the command may meet when it is given a second time: it had been done. `exits` is its code.
    """

    args: tuple[str, ...]
    before: Callable[[Road], None] = lambda _: None
    then: Callable[[Road], None] = lambda _: None
    again: tuple[str, ...] = ()
    env: dict[str, str] = dataclasses.field(default_factory=dict)
    stdin: str | None = None
    hours: float = 0.5
    exits: int = 0
    also: tuple[str, ...] = ()  # ports of its own process in which it dies too


def stands(**values):
    """The account has other values."""

    def before(road):
        one = road.world.accounts.accounts[ACCOUNT]
        road.world.accounts.accounts[ACCOUNT] = dataclasses.replace(one, **values)

    return before


def an_order(road, number=1):
    road.send("shopify", shopify_order(number), "orders/paid")


def written(road):
    an_order(road)
    road.live(hours=0.1)


def paused_with_an_order(road):
    written(road)
    stands(status="paused", status_reason="by_operator")(road)
    an_order(road, 2)
    road.live(hours=0.2)


def give(command, road, wire, folder):
    """Run a command over the ports of a wire. Returns its result, None if it died."""
    ports = wire.ports()

    def receive(request):
        _, _, account, source = request.url.path.split("/")
        event = {
            "pathParameters": {"account": account, "source": source},
            "headers": dict(request.headers),
            "body": request.content.decode(),
        }
        raw = Wire(road.world).ports()
        accept = Accept(secrets=raw["secrets"], inbox=raw["inbox_writer"])
        answer = receive_webhook(event, accept=accept, now=road.world.clock.now)
        return httpx.Response(answer["statusCode"], json=json.loads(answer["body"]))

    wanted = (
        "accounts", "ledger", "inbox", "gates", "polls", "holded", "wakes", "dead_letters", "notes", "providers",
        "provider_api", "clock",
    )  # fmt: skip
    console = Console(
        **{name: ports[name] for name in wanted},
        queues=Port("queues", Queues(), wire, QueuesPort),
        post=httpx.Client(transport=httpx.MockTransport(receive)),
        api_url="https://relay.example",
        who="cli:tests",
    )
    file = folder / "order.json"
    file.write_text(json.dumps(shopify_order(1)))
    args = [arg.replace("{order}", str(file)) for arg in command.args]
    try:
        return CliRunner().invoke(
            app,
            args,
            obj=console,
            input=command.stdin,
            env={"RELAY_LOCAL": None, **command.env},
            catch_exceptions=False,
        )
    except Killed:
        return None


def told(command, folder, *, at=None, mode="before"):
    """Give a command, again if it died, and let time pass. Returns the road, the calls and the last result."""
    world = World(settings={})
    road = Road(world, Wire(world))
    command.before(road)
    wire = Wire(world, at=at, mode=mode, also=command.also)
    result = give(command, road, wire, folder) or give(command, road, Wire(world), folder)
    command.then(road)
    road.live(hours=command.hours)
    return road, wire.names, result


def end_of(road):
    """Everything that an operator's command can change, without what is random in it."""
    world = road.world
    held = {name: world.accounts.load(name) for name in world.accounts.secrets}
    return {
        "accounts": {
            name: dataclasses.replace(one, salt=str(bool(one.salt)), rev=0)
            for name, one in world.accounts.accounts.items()
        },
        "secrets": {name: {source: len(ours) for source, ours in one.secrets.items()} for name, one in held.items()},
        "bindings": {name: dict(one.bindings) for name, one in held.items()},
        "credentials": {name: one.token for name, one in world.accounts.credentials.items()},
        "providers": {name: (one.base_url, one.token) for name, one in world.providers.held.items()},
        "quotas": {name: (gate.budget.per_minute, gate.budget.per_month) for name, gate in world.gates.gates.items()},
        "changes": {
            (one.account, one.who, one.what, *(() if one.what.startswith(AGAIN) else (one.before, one.after)))
            for one in world.accounts.log
            if one.what != "nothing"
        },
        "road": seen(road),
        "waiting": sorted((str(row.key), row.reason) for row in world.rows() if row.state == "waiting"),
    }
