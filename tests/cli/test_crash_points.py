"""Every command of an operator dies before and after every call of a port; given again, it comes to the same end."""

from __future__ import annotations

import asyncio
import dataclasses
import functools
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import httpx
import pytest
import typer
from typer.testing import CliRunner

from functions.receive_webhook.handler import handle as receive_webhook
from holded_sandbox.faults import Fault
from relay.cli.app import app
from relay.cli.context import Queues as QueuesPort
from relay.cli.context import World as Console
from relay.domain.replay import parts_of
from relay.ports import DeadLetter
from relay.services.accept import Accept
from relay.services.dead_letters import IndexDeadLetters
from relay.services.times import at_ms
from tests.services.road import Road
from tests.services.shops import open_shop
from tests.services.test_crash_points_of_the_road import seen
from tests.services.wire import Killed, Port, Wire
from tests.services.world import ACCOUNT, World, shopify_order

if TYPE_CHECKING:
    from collections.abc import Callable

NEW = "pat_" + "n" * 40
COMPANY_ID = "5" * 24


class Queues:
    def depths(self):
        return {"fiscal": 0, "normal": 0, "fiscal DLQ": 0, "normal DLQ": 0}


@dataclass(frozen=True, kw_only=True)
class Told:
    """A command. `before(road)` is what stood before it, `then(road)` what comes an hour later.

    `again` names refusals that the command may meet when it is given a second time: it had been done.
    """

    args: tuple[str, ...]
    before: Callable[[Road], None] = lambda _: None
    then: Callable[[Road], None] = lambda _: None
    again: tuple[str, ...] = ()
    env: dict[str, str] = dataclasses.field(default_factory=dict)
    stdin: str | None = None
    hours: float = 0.5
    also: tuple[str, ...] = ()  # ports of its own process in which it dies too


def account(road, name=ACCOUNT):
    return road.world.accounts.accounts[name]


def stands(**values):
    def before(road):
        one = account(road)
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


OTHERS = "a" * 24
REVIEWED = f"{ACCOUNT}/shopify/450000002/invoice"
UNREADABLE = f"{ACCOUNT}/shopify/shopify-orders-paid-vkd3su4uhdylusz26kr63yar5r/delivery"


def an_order_in_doubt(road):
    """Holded failed before it wrote order 2, and a person booked the like of it by hand before the relay looked."""
    written(road)
    world = road.world
    world.sandbox.faults.faults.append(Fault(kind="error_before", method="POST", path="/invoices$"))
    an_order(road, 2)
    road.live(hours=0.1)
    by_hand = dict(world.documents()[0], id=OTHERS, tags=[])
    world.company.put("documents", by_hand, world.clock.now().timestamp())
    road.live(hours=1)


def a_delivery_nobody_can_read(road):
    road.send("shopify", {"id": 2}, "orders/paid")
    road.live(hours=0.1)


def written_without_a_token(road):
    written(road)
    gate = road.world.gates.gates[ACCOUNT]
    until_ms = at_ms(road.world.clock.now()) + 50_000
    budget = dataclasses.replace(gate.budget, minute_left=0, minute_until_ms=until_ms)
    road.world.gates.gates[ACCOUNT] = dataclasses.replace(gate, rev=gate.rev + 1, budget=budget)


def reviewing(*words, **values):
    args = ("review", words[0], *words[1:], "--account", ACCOUNT)
    return Told(**{"args": args, "before": an_order_in_doubt, "again": ("not_in_review",), "hours": 1} | values)


EVENT = "shopify-orders-paid-450000001-bqrzz6tmojhl5xv3seoyc6t5j2#0"
REPLAY = "20260302-090000-test"


def unwanted(road):
    """An order that an earlier setting ignored."""
    stands(settings={"policy": {"paid_order": "nothing"}})(road)
    written(road)
    stands(settings={})(road)


def a_replay_under_way(road):
    unwanted(road)
    now_ms = at_ms(road.world.clock.now())
    for row in parts_of(ACCOUNT, REPLAY, [EVENT], rate=1, now_ms=now_ms):
        road.world.ledger.rows[row.key] = row


def dead_ones(road):
    """A row that used up its attempts, and a message of a dead-letter queue that names an event nobody wanted."""
    unwanted(road)
    stands(status="paused")(road)
    an_order(road, 2)
    road.live(hours=0.1)
    stands(status="active")(road)
    world = road.world
    (row,) = world.rows("invoice")
    world.ledger.rows[row.key] = dataclasses.replace(row, state="dead", reason="trouble_KeyError", attempts=8, due_ms=0)
    body, now_ms = json.dumps({"account": ACCOUNT, "event": EVENT}), at_ms(world.clock.now())
    letter = DeadLetter(message_id="m1", body=body, queue="fiscal", receives=5, first_seen_ms=now_ms)
    world.dead_letters.letters.append(letter)
    index = IndexDeadLetters(queue=world.dead_letters, ledger=world.ledger)
    asyncio.run(index(now_ms=now_ms))


IMPORT = ("import", "--account", ACCOUNT, "--source", "shopify", "--from", "2026-03-01", "--to", "2026-03-04")


def a_shop(road):
    """Two orders that no webhook told of."""
    shop = open_shop(road.world, "shopify")
    shop.largest_page = 1
    for number in (1, 2):
        road.world.shops.change(shop, "orders", shopify_order(number), road.world.clock.now().timestamp())


COMMANDS = {
    "quota": Told(args=("quota", ACCOUNT), before=written),
    "pause": Told(args=("pause", ACCOUNT, "--reason", "stocktaking"), then=an_order),
    "resume": Told(args=("resume", ACCOUNT), before=paused_with_an_order),
    "resume during a drain": Told(args=("resume", ACCOUNT), before=paused_under_a_drain),
    "waiting list": Told(args=("waiting", "list", "--account", ACCOUNT), before=paused_with_an_order),
    "replay": Told(args=("replay", EVENT, "--account", ACCOUNT, "--no-wait"), before=unwanted),
    "replay, waited for": Told(args=("replay", EVENT, "--account", ACCOUNT), before=unwanted, also=("clock",)),
    "replay, a day": Told(
        args=("replay", "--from", "2026-03-02", "--to", "2026-03-03", "--account", ACCOUNT, "--no-wait"), before=unwanted
    ),
    "replay, a dry run": Told(args=("replay", EVENT, "--account", ACCOUNT, "--dry-run"), before=written),
    "replays list": Told(args=("replays", "list", "--account", ACCOUNT), before=a_replay_under_way),
    "replays show": Told(args=("replays", "show", REPLAY, "--account", ACCOUNT), before=a_replay_under_way),
    "replays cancel": Told(args=("replays", "cancel", REPLAY, "--account", ACCOUNT), before=a_replay_under_way),
    "dead-letters list": Told(args=("dead-letters", "list", "--account", ACCOUNT), before=dead_ones),
    "dead-letters show": Told(args=("dead-letters", "show", EVENT, "--account", ACCOUNT), before=dead_ones),
    "dead-letters replay, a row": Told(
        args=("dead-letters", "replay", "--account", ACCOUNT, "--reason", "trouble_KeyError", "--no-wait"),
        before=dead_ones,
    ),
    "dead-letters replay, a message": Told(
        args=("dead-letters", "replay", "--account", ACCOUNT, "--reason", "attempts_used_up", "--no-wait"),
        before=dead_ones,
    ),
    "dead-letters replay, a dry run": Told(
        args=("dead-letters", "replay", "--account", ACCOUNT, "--dry-run"), before=dead_ones
    ),
    "dead-letters discard": Told(
        args=("dead-letters", "discard", "--account", ACCOUNT, "--yes", "--note", "a test"), before=dead_ones
    ),
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
    "source set": Told(
        args=("source", "set", ACCOUNT, "woocommerce", "--base-url", "https://shop.example", "--token-file", "-"),
        stdin="ck_key:cs_secret",
    ),
    "source show": Told(args=("source", "show", ACCOUNT), before=a_shop),
    "source remove": Told(args=("source", "remove", ACCOUNT, "shopify"), before=a_shop, again=("provider_unknown",)),
    "import": Told(args=IMPORT, before=a_shop, hours=1),
    "import, a dry run": Told(args=(*IMPORT, "--dry-run"), before=a_shop),
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
    "review list": Told(args=("review", "list"), before=an_order_in_doubt),
    "review show": reviewing("show", REVIEWED, again=()),
    "review retry": reviewing("retry", REVIEWED),
    "review retry, all alike": reviewing("retry", "--alike", REVIEWED),
    "review retry, a delivery": reviewing("retry", UNREADABLE, before=a_delivery_nobody_can_read),
    "review adopt": reviewing("adopt", REVIEWED, OTHERS, "--yes"),
    "review create": reviewing("create", REVIEWED, "--yes", "--i-know-it-may-double"),
    "review ignore": reviewing("ignore", REVIEWED, "--note", "booked by hand"),
    "send": Told(
        args=("send", "{order}", "--account", ACCOUNT, "--source", "shopify", "--topic", "orders/paid"),
    ),
}  # fmt: skip


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
        "accounts", "ledger", "inbox", "gates", "holded", "wakes", "dead_letters", "notes", "providers",
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
        "providers": {name: (one.base_url, one.token) for name, one in world.providers.held.items()},
        "credentials": {name: one.token for name, one in world.accounts.credentials.items()},
        "quotas": {name: (gate.budget.per_minute, gate.budget.per_month) for name, gate in world.gates.gates.items()},
        "changes": {
            (one.account, one.who, one.what, one.before, one.after)
            for one in world.accounts.log
            if one.what != "nothing"
        },
        "road": seen(road),
        "waiting": sorted((str(row.key), row.reason) for row in world.rows() if row.state == "waiting"),
    }


@functools.cache
def undisturbed(name, folder):
    road, calls, result = told(COMMANDS[name], folder)
    return end_of(road), tuple(calls), result


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("sent")


@pytest.mark.parametrize("name", COMMANDS)
def test_the_command_without_a_crash_does_its_work(name, folder):
    _, calls, result = undisturbed(name, folder)

    print(f"relay {name}: {len(calls)} crash points")
    assert result.exit_code == 0, result.output
    assert calls


def test_every_command_that_works_on_a_deployment_dies_somewhere():
    def named(group, path=()):
        for name, command in group.commands.items():
            if hasattr(command, "commands"):
                yield from named(command, (*path, name))
            elif any(parameter.name == "stack" for parameter in command.params):
                yield (*path, name)

    told_of = {command.args for command in COMMANDS.values()}
    missing = [
        path for path in named(typer.main.get_command(app)) if not any(args[: len(path)] == path for args in told_of)
    ]

    assert missing == []


@pytest.mark.parametrize("mode", ["before", "after"])
@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_that_dies_and_is_given_again_comes_to_the_same_end(name, mode, folder):
    expected, calls, _ = undisturbed(name, folder)
    command = COMMANDS[name]
    wrong = []
    for at, call in enumerate(calls):
        road, _, result = told(command, folder, at=at, mode=mode)
        refused = result.exit_code and not any(reason in result.stderr for reason in command.again)
        got = end_of(road)
        if refused or got != expected:
            differs = {part: got[part] for part in got if got[part] != expected[part]}
            wrong.append(f"{mode} call {at} ({call}): exit {result.exit_code} {result.stderr.strip()} {differs}")

    assert not wrong, f"{len(wrong)} of {len(calls)}\n" + "\n".join(wrong)
