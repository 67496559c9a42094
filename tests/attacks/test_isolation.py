"""Two accounts side by side, and every way to reach from one into the other tried: commands, functions, keys."""

from __future__ import annotations

import asyncio
import inspect
import json
import shlex
from dataclasses import fields, replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest
import typer
from moto import mock_aws

from functions.index_dead_letters.handler import handle as index_dead_letters
from functions.poll_holded.handler import handle as poll_holded
from functions.publish_event.handler import handle as publish_event
from functions.receive_webhook.handler import handle as receive_webhook
from functions.release_due.handler import handle as release_due
from functions.sweep_inbox.handler import handle as sweep_inbox
from infra.paths import ROOT
from relay.adapters.clients import aws_client
from relay.cli.app import app
from relay.cli.desks import replay_orders
from relay.domain.gate import due_at
from relay.domain.ledger import Row
from relay.domain.sources import signing
from relay.domain.sources.base import Delivery
from relay.ports.accounts import Account, Accounts, AccountSecrets, Credential, WebhookSecrets
from relay.ports.inbox import Inbox, InboxWriter
from relay.ports.ledger import Gates, Ledger
from relay.ports.polling import Polls, Snapshots
from relay.ports.providers import Arrivals, Notes, ProviderCredential, Providers
from relay.ports.queues import DeadLetter
from relay.services.accept import Accept
from relay.services.dead_letters import IndexDeadLetters
from relay.services.enlist import Enlist
from relay.services.sweep import Sweep
from relay.services.times import at_ms
from tests.adapters.conftest import LOCAL, aws_world, close_clients
from tests.attacks.isolation_cases import ALL_ACCOUNTS, COMMANDS, FUNCTIONS, METHODS, NO_STACK, OVER_ALL, key
from tests.cli.conftest import setting
from tests.docs.test_commands import leaves
from tests.fakes import FakeInboxWriter
from tests.services.killing import batch, drainer, named
from tests.services.world import World, shopify_order

__all__ = ["setting"]

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
LEAVES = leaves(typer.main.get_command(app))
SECRET_OF = {"acme": "whsec_" + "A" * 32, "bolt": "whsec_" + "B" * 32}


# -- commands ----------------------------------------------------------------------------------------------------------


def test_every_command_has_its_case():
    missing = sorted(set(LEAVES) - set(COMMANDS) - set(NO_STACK) - (set(ALL_ACCOUNTS) - set(COMMANDS)))

    assert not missing, (
        f"{', '.join(missing)}: say in tests/attacks/isolation_cases.py how it is called for the account `acme` (COMMANDS, "
        "with a guess for each argument that could name what is another account's), or why it touches no account (NO_STACK)"
    )


def delivery_of(account, number, now):
    body = json.dumps(shopify_order(number, email=f"buyer@{account}.example")).encode()
    return Delivery(
        inbox_id=f"shopify-orders-paid-{account}-{number}",
        account=account,
        source="shopify",
        topic="orders/paid",
        headers={"x-shopify-topic": "orders/paid"},
        body=body,
        received_at=now,
    )


def ids_of(account):
    inbox = f"shopify-orders-paid-{account}-1"
    rows = {state: str(row_of(account, state).key) for state in ("review", "dead")}
    return {
        "inbox": inbox,
        "event": f"{inbox}#0",
        "document": f"d{account}" * 4,
        "letter": f"m-{account}",
        "replay": REPLAYS.get(account, ""),
        **rows,
    }


REPLAYS = {}
"""The replay that each account has, as the fixture ordered it."""


def row_of(account, state, **changes):
    number = {"waiting": 1, "review": 2, "dead": 3, "confirmed": 4}[state]
    return Row(
        key=key(account, f"{account}-object-{number}"),
        state=state,
        created_ms=1,
        updated_ms=1,
        event_id=f"shopify-orders-paid-{account}-{number}#0",
        event_type="order.paid",
        reason=f"because-{account}",
        detail=f"detail of {account}",
        holded_id=f"d{account}" * 4 if state == "confirmed" else "",
        total=Decimal(121),
        due_ms=1 if state == "waiting" else 0,
        indexed=state != "confirmed",
        doc_type="invoice",
        document_date="2026-03-02",
        **changes,
    )


@pytest.fixture
def two(setting):
    """`acme` and `bolt` in one deployment, each with deliveries, rows in every place, secrets and dead letters."""
    setting.add("acme")
    first = setting.accounts.accounts["acme"]
    setting.accounts.accounts["bolt"] = replace(
        first, account="bolt", name="Name of bolt", company_id="c0ffee" * 4, salt="salt-of-bolt", rev=1
    )
    asyncio.run(setting.accounts.set_credential("bolt", Credential(token="pat_of_bolt")))
    for account in ("acme", "bolt"):
        secrets = dict.fromkeys(["shopify", "stripe", "holded"], (SECRET_OF[account],))
        held = AccountSecrets(account=account, secrets=secrets, bindings={})
        asyncio.run(setting.accounts.set_webhook_secrets(account, held))
        for number in (1, 2, 3, 4):
            setting.inbox.put_now(delivery_of(account, number, setting.clock.now()), digest=f"{account}{number}")
        for state in ("waiting", "review", "dead", "confirmed"):
            asyncio.run(setting.ledger.insert(row_of(account, state)))
        body = json.dumps({"account": account, "event": f"shopify-orders-paid-{account}-3#0"})
        setting.dead_letters.letters.append(
            DeadLetter(message_id=f"m-{account}", body=body, queue="fiscal", receives=5, first_seen_ms=1)
        )
        for source in {"acme": ("shopify",), "bolt": ("shopify", "stripe")}[account]:
            base = f"https://shops.example/{source}/{account}"
            there = ProviderCredential(source=source, base_url=base, token=SECRET_OF[account])
            asyncio.run(setting.world.providers.put(account, there))
    gates = setting.gates.gates
    gates["bolt"] = replace(gates["acme"], account="bolt")
    for account in ("acme", "bolt"):
        events = [f"shopify-orders-paid-{account}-4#0"]
        REPLAYS[account] = asyncio.run(
            replay_orders(setting.world).start(account, events, rate=0, now=setting.clock.now())
        )
    setting.wakes.sent.clear()
    setting.world.holded.calls.clear()
    return setting


def belongings(setting, account):
    """Everything of an account that a command could change, as text."""
    return repr(
        (
            setting.accounts.accounts.get(account),
            setting.accounts.credentials.get(account) and setting.accounts.credentials[account].token,
            setting.accounts.secrets.get(account) and setting.accounts.secrets[account].secrets,
            [change for change in setting.accounts.log if change.account == account],
            sorted((str(at), row) for at, row in setting.ledger.rows.items() if at.account == account),
            sorted((at, item.open, item.ends) for at, item in setting.inbox.items.items() if at[0] == account),
            setting.gates.gates.get(account),
            setting.gates.wakes.get(account),
            sorted((at, one.token) for at, one in setting.world.providers.held.items() if at[0] == account),
            sorted((at, seen) for at, seen in setting.world.notes.held.items() if at[0] == account),
            [wake for wake in setting.wakes.sent if wake.message.get("account") == account],
            [letter for letter in setting.dead_letters.letters if account in letter.body],
        )
    )


def words_of_bolt(text):
    words = ("bolt", SECRET_OF["bolt"], "c0ffee")
    return [word for word in words if word in text]


def run(setting, tmp_path, command, *, ids, stdin=""):
    (tmp_path / "body.json").write_text(json.dumps(shopify_order(77)), encoding="utf-8")
    (tmp_path / "settings.json").write_text("{}", encoding="utf-8")
    named = {"file": tmp_path / "body.json", "settings": tmp_path / "settings.json", **ids}
    args = [part.format(**named) for part in shlex.split(command)]
    return setting.run(*args, stdin=stdin or None, env={"RELAY_HOLDED_TOKEN": "pat_" + "t" * 40})


@pytest.mark.row("E02")
@pytest.mark.parametrize("path", sorted(set(COMMANDS) & set(LEAVES)))
@pytest.mark.parametrize("form", ["people", "json"])
def test_a_command_for_one_account_neither_shows_nor_moves_the_other(two, tmp_path, path, form):
    case = COMMANDS[path]
    before = belongings(two, "bolt")
    call = case.call + (" --json" if form == "json" else "")

    result = run(two, tmp_path, call, ids=ids_of("acme"), stdin=case.stdin)

    assert "Usage" not in result.stderr, result.stderr
    assert words_of_bolt(result.stdout + result.stderr) == []
    assert belongings(two, "bolt") == before
    assert [credential for _, credential in two.world.holded.calls if credential.token == "pat_of_bolt"] == []
    assert not [request for request in two.posted if "bolt" in str(request.url)]


GUESSES = [(path, guess) for path in sorted(set(COMMANDS) & set(LEAVES)) for guess in COMMANDS[path].guesses]


@pytest.mark.row("E02")
@pytest.mark.parametrize(("path", "guess"), GUESSES)
def test_a_command_refuses_what_is_another_accounts(two, tmp_path, path, guess):
    before = belongings(two, "bolt"), belongings(two, "acme")

    result = run(two, tmp_path, guess, ids=ids_of("bolt"), stdin=COMMANDS[path].stdin)

    assert "Usage" not in result.stderr, result.stderr
    assert COMMANDS[path].recorded or result.exit_code in {1, 2}
    assert "because-bolt" not in result.stdout + result.stderr
    assert "buyer@bolt" not in result.stdout + result.stderr
    assert belongings(two, "bolt") == before[0]
    assert COMMANDS[path].recorded or belongings(two, "acme") == before[1]


def account_parameter(leaf):
    found = [one for one in leaf.params if one.name == "account"]
    return found[0] if found else None


@pytest.mark.row("E05")
@pytest.mark.parametrize("path", sorted(set(LEAVES) - set(NO_STACK) - set(ALL_ACCOUNTS)))
def test_a_command_that_changes_anything_asks_for_its_account(two, tmp_path, path):
    assert account_parameter(LEAVES[path]) is not None, f"{path} takes no account"
    before = belongings(two, "acme"), belongings(two, "bolt")
    call = COMMANDS[path].call
    without = call.replace(" acme", "").replace(" corvo", "")
    nobody = call.replace(" --account acme", "") if " --account acme" in call else without

    result = run(two, tmp_path, nobody, ids=ids_of("acme"))

    assert result.exit_code == 2, f"{path} would take every account where none is named"
    assert (belongings(two, "acme"), belongings(two, "bolt")) == before


@pytest.mark.row("E05")
@pytest.mark.parametrize("path", sorted(ALL_ACCOUNTS))
def test_a_command_over_all_accounts_changes_none(two, tmp_path, path):
    before = belongings(two, "acme"), belongings(two, "bolt")

    assert two.run(*path.split()[1:]).exit_code in {0, 1}
    assert (belongings(two, "acme"), belongings(two, "bolt")) == before


# -- functions ---------------------------------------------------------------------------------------------------------


class Log:
    def __init__(self):
        self.said = []

    def __getattr__(self, _name):
        return lambda *args, **extra: self.said.append((args, extra))


@pytest.fixture
def world():
    """Two accounts, each with a company of its own."""
    world = World()
    world.admit("bolt")
    world.account = "acme"
    for account in ("acme", "bolt"):
        secrets = {"shopify": (SECRET_OF[account],)}
        held = AccountSecrets(account=account, secrets=secrets, bindings={})
        asyncio.run(world.accounts.set_webhook_secrets(account, held))
    return world


def written(world, account):
    company = world.company if account == "acme" else world.others[account]
    return {name: dict(company.tables[name]) for name in ("documents", "contacts", "payments")}


def try_receive_webhook(world, order):
    body = json.dumps(order).encode()
    headers = signing.sign("shopify", body, SECRET_OF["bolt"], now=NOW, topic="orders/paid", delivery_id="1")
    accept = Accept(secrets=world.accounts, inbox=FakeInboxWriter(world.inbox))
    event = {"pathParameters": {"account": "acme", "source": "shopify"}, "headers": headers, "body": body.decode()}
    before = dict(world.inbox.items)

    assert receive_webhook(event, accept=accept, now=lambda: NOW)["statusCode"] == 401
    assert world.inbox.items == before


def try_publish_event(world, order):
    (ref,) = world.deliver(order, topic="orders/paid", account="bolt")
    inbox_id = ref.partition("#")[0]
    record = {"eventName": "INSERT", "dynamodb": {"Keys": {"pk": {"S": f"acme#{inbox_id}"}}, "SequenceNumber": "1"}}

    answer = asyncio.run(publish_event({"Records": [record]}, publish=world.publish, log=Log()))

    assert answer == {"batchItemFailures": []}
    assert (world.bus.published, world.wakes.sent) == ([], [])


def try_write_holded(world, order):
    refs = world.deliver(order, topic="orders/paid", account="bolt")
    messages = named(refs, "acme")

    assert asyncio.run(batch(world, messages, by=drainer(world))) == messages
    assert world.holded.calls == []


def try_release_due(world, order):
    for account, due_ms in (("acme", 1), ("bolt", at_ms(world.clock.now()) + 60_000)):
        asyncio.run(drainer(world).run(account, [], deadline_ms=at_ms(world.clock.now()) + 60_000))
        world.gates.gates[account] = due_at(world.gates.gates[account], due_ms=due_ms)
    world.wakes.sent.clear()

    asyncio.run(release_due(release=world.release, now_ms=at_ms(world.clock.now())))

    assert [wake.message for wake in world.wakes.sent] == [{"account": "acme"}]


def try_sweep_inbox(world, order):
    """A delivery of `acme` that breaks its reader leaves `bolt`'s to be published."""
    world.deliver(order, topic="orders/paid")
    world.deliver(order, topic="orders/paid", account="bolt")
    get = world.inbox.get

    async def broken(account, inbox_id):
        if account == "acme":
            raise ValueError("a defect")
        return await get(account, inbox_id)

    world.inbox.get = broken
    world.clock.advance(600)

    told = asyncio.run(
        sweep_inbox(sweep=Sweep(inbox=world.inbox, publish=world.publish), now_ms=at_ms(world.clock.now()))
    )

    assert (told["republished"], told["refused"]) == (1, 1)
    assert {entry["account"] for entry in world.bus.published} == {"bolt"}


def try_index_dead_letters(world, order):
    """A message that names `acme` and an event of `bolt` becomes a row of `acme` alone."""
    (ref,) = world.deliver(order, topic="orders/paid", account="bolt")
    asyncio.run(drainer(world).run("bolt", [ref], deadline_ms=at_ms(world.clock.now()) + 60_000))
    before = {at: row for at, row in world.ledger.rows.items() if at.account == "bolt"}
    body = json.dumps({"account": "acme", "event": ref})
    letter = DeadLetter(message_id="m", body=body, queue="fiscal", receives=5, first_seen_ms=1)

    class Queue:
        async def peek(self):
            return [letter]

    index = IndexDeadLetters(queue=Queue(), ledger=world.ledger)
    assert asyncio.run(index_dead_letters(index=index, now_ms=1)) == {"seen": 1, "indexed": 1}

    assert {at: row for at, row in world.ledger.rows.items() if at.account == "bolt"} == before
    assert [at.account for at, row in world.ledger.rows.items() if row.state == "dead"] == ["acme"]


def try_poll_holded(world, order):
    """An account whose settings switch polling off is left alone; its neighbour's row and gate are its own."""
    del order
    one = world.accounts.accounts["bolt"]
    world.accounts.accounts["bolt"] = replace(one, settings={})
    enlist = Enlist(accounts=world.accounts, ledger=world.ledger, gates=world.gates)

    asyncio.run(poll_holded(enlist=enlist, now_ms=at_ms(world.clock.now())))

    assert [at.account for at in world.ledger.rows] == ["bolt"]
    assert set(world.gates.gates) == {"bolt"}


def try_watch_sources(world, order):
    """`acme` is silent and has no credential; `bolt`'s shop is asked for `bolt` alone."""
    from tests.services.shops import lived, open_shop, watch

    shop = open_shop(world, "shopify", account="bolt")
    world.shops.change(shop, "orders", order, world.clock.now().timestamp())
    for account in ("acme", "bolt"):
        lived(world, "shopify", account=account)
    world.clock.advance(3 * 86_400)

    done = watch(world)

    assert {(one.account, one.state) for one in done.watched} == {("acme", "silent"), ("bolt", "silent")}
    assert {account for account, _ in world.inbox.items} <= {"bolt"}
    assert {one["address"] for one in shop.subscriptions.values()} == {"https://relay.example/v1/bolt/shopify"}


def test_every_function_has_its_case():
    there = {folder.name for folder in (ROOT / "functions").iterdir() if (folder / "handler.py").is_file()}

    missing = sorted(there ^ FUNCTIONS)
    assert not missing, (
        f"{', '.join(missing)}: write `try_<function>(world, order)` in tests/attacks/test_isolation.py, which calls it with "
        "one account's name and another's event, and name it in FUNCTIONS of tests/attacks/isolation_cases.py"
    )


@pytest.mark.row("E02")
@pytest.mark.parametrize("function", sorted(FUNCTIONS))
def test_a_function_given_one_accounts_name_and_anothers_event_does_nothing(world, function):
    before = written(world, "acme")
    theirs = {} if function == "index_dead_letters" else written(world, "bolt")

    globals()[f"try_{function}"](world, shopify_order(1))

    assert written(world, "acme") == before
    assert not theirs or written(world, "bolt") == theirs


# -- keys --------------------------------------------------------------------------------------------------------------


def port_methods():
    """Every method of the ports over the tables, as `Port.method`."""
    stores = (
        WebhookSecrets,
        InboxWriter,
        Inbox,
        Ledger,
        Gates,
        Accounts,
        Snapshots,
        Notes,
        Polls,
        Providers,
        Arrivals,
    )
    for store in stores:
        for method, _ in inspect.getmembers(store, inspect.isfunction):
            if not method.startswith("_"):
                yield f"{store.__name__}.{method}"


def test_every_method_of_the_stores_has_its_case():
    missing = sorted(set(port_methods()) ^ (set(METHODS) | set(OVER_ALL)))

    assert not missing, (
        f"{', '.join(missing)}: say in METHODS of tests/attacks/isolation_cases.py how it is called for an account, "
        "or in OVER_ALL why it looks over all of them"
    )


def an_account(account):
    """Of each field a value of its type, so that a new field needs no word here."""
    made = {"str": "x", "int": 60, "Mapping[str, Any]": {}}
    values = {field.name: made[str(field.type)] for field in fields(Account)}
    return Account(**values | {"account": account, "status": "active", "rev": 1})


PREPARED = (
    "Accounts.put",
    "Accounts.set_credential",
    "Accounts.set_webhook_secrets",
    "InboxWriter.put",
    "Ledger.insert",
    "Gates.store",
    "Snapshots.record",
    "Providers.put",
    "Arrivals.add",
    "Notes.put",
)


@pytest.fixture(scope="module")
def aws():
    """One world for all: what is called for one account may stand there for the next."""
    with pytest.MonkeyPatch.context() as patch, mock_aws():
        for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL", "AWS_SESSION_TOKEN"):
            patch.delenv(name, raising=False)
        world = aws_world("moto", lambda service: aws_client(service, **LOCAL))
        world.an_account = an_account
        world.keys = []
        for client in (world.dynamo, world.s3, world.kms):
            client.meta.events.register("before-parameter-build.*.*", lambda params, **_: world.keys.append(params))
        yield world
        close_clients(world)


def called(world, method, account):
    """The parameters of the AWS calls that one method makes for an account."""
    row = replace(row_of(account, "waiting"), key=key(account))
    world.keys.clear()

    async def call():
        answer = METHODS[method](world, account, row, replace(delivery_of(account, 1, NOW), inbox_id="one"))
        return await answer if inspect.isawaitable(answer) else answer

    asyncio.run(call())
    return json.loads(json.dumps(world.keys, default=repr))


PARTITIONS = ("pk", "work_pk", "holded_pk")


def partitions(value):
    """Every partition key in the parameters: of keys, items, and conditions of queries."""
    if isinstance(value, dict):
        for name, held in value.items():
            if name in PARTITIONS and isinstance(held, dict) and "S" in held:
                yield held["S"]
            elif name == "ExpressionAttributeValues":
                yield from (one["S"] for at, one in held.items() if at in {":pk", ":account"} and "S" in one)
            elif name in {"Key", "Prefix"} and isinstance(held, str):
                yield held.replace("/", "#", 1)
            elif name == "EncryptionContext":
                yield f"{held['account']}#"
            else:
                yield from partitions(held)
    elif isinstance(value, list):
        for one in value:
            yield from partitions(one)


NEIGHBOURS = ["acme2", "acm", "acme#ledger", "acme%23", "ACME", "acme ", "acme#account", "\u0430cme", "*", ""]


@pytest.mark.row("E01")
@pytest.mark.parametrize("method", sorted(set(METHODS) - {"Accounts.erase"}))
def test_every_key_of_every_table_begins_with_its_account(aws, method):
    asked = {}
    for account in ("acme", "bolt", *NEIGHBOURS):
        called(aws, "Accounts.set_credential", account)
        asked[account] = set(partitions(called(aws, method, account)))

    assert asked["acme"]
    for account in ("acme", "bolt"):
        strangers = {one for one in asked[account] if not one.startswith(f"{account}#")}
        # The listing of accounts is an index over all of them; the item itself stands under its account.
        assert {one.partition("#")[0] for one in strangers} <= ({"accounts"} if method == "Accounts.put" else set())
    for other in NEIGHBOURS:
        shared = {one for one in asked["acme"] & asked[other] if not one.startswith("accounts#")}
        assert shared == set(), other


@pytest.mark.row("E01")
@pytest.mark.parametrize("other", ["acme2", "acme#ledger", "*"])
def test_erasing_an_account_leaves_its_neighbour_alone(aws, other):
    for account in ("acme", other):
        for method in PREPARED:
            called(aws, method, account)

    erased = called(aws, "Accounts.erase", "acme")

    assert {one for one in partitions(erased) if not one.startswith("acme#")} == set()
    assert asyncio.run(aws.accounts.credential(other)).token == "pat_x"
    assert asyncio.run(aws.accounts.webhook_secrets(other)).secrets == {"shopify": ("s",)}
    assert asyncio.run(aws.inbox.get(other, "one")) is not None
    assert asyncio.run(aws.inbox.get("acme", "one")) is None
    assert asyncio.run(aws.snapshots.get(other, "invoice", "5ab")) is not None
    assert asyncio.run(aws.providers.get(other, "shopify")).token == "shpat_x"
    assert asyncio.run(aws.providers.get("acme", "shopify")) is None
    assert asyncio.run(aws.notes.get(other, "watch", "shopify")) == {"x": 1}
    assert asyncio.run(aws.notes.get("acme", "watch", "shopify")) is None


@pytest.mark.row("E03")
def test_a_removed_accounts_secret_stops_though_it_was_cached(aws):
    held = AccountSecrets(account="gone", secrets={"shopify": (SECRET_OF["acme"],)}, bindings={})
    asyncio.run(aws.accounts.set_webhook_secrets("gone", held))
    accept = Accept(secrets=aws.secrets, inbox=FakeInboxWriter(World().inbox))

    def post():
        headers = signing.sign(
            "shopify", b'{"id": 1}', SECRET_OF["acme"], now=NOW, topic="orders/paid", delivery_id="1"
        )
        return accept(account="gone", source="shopify", body=b'{"id": 1}', headers=headers, now=NOW).status

    assert post() == 200
    asyncio.run(aws.accounts.set_webhook_secrets("gone", replace(held, secrets={})))  # what `account remove` does
    within = post()
    aws.clock.advance(31)

    assert within in {200, 401}
    assert post() == 401


@pytest.mark.row("E03")
def test_a_revoked_token_is_not_used_again_by_a_warm_function(aws):
    asyncio.run(aws.accounts.set_credential("acme", Credential(token="pat_old")))
    assert asyncio.run(aws.accounts.credential("acme")).token == "pat_old"
    asyncio.run(aws.accounts.set_credential("acme", Credential(token="pat_new")))

    assert asyncio.run(aws.accounts.credential("acme")).token == "pat_new"


# -- what a sender cannot set ------------------------------------------------------------------------------------------


@pytest.mark.row("E06")
@pytest.mark.parametrize("value", ["bolt", "fiscal", 10**9, {"account": "bolt"}])
def test_no_field_of_a_body_sets_account_class_or_quota(value):
    names = (
        "account",
        "tenant",
        "priority",
        "class",
        "per_minute",
        "per_month",
        "limit",
        "mode",
        "settings",
        "policy",
        "finish",
        "company_id",
    )

    def books(extra):
        world = World()
        world.admit("bolt")
        account = world.accounts.accounts["acme"]
        order = shopify_order(1) | extra
        order["customer"] |= extra
        order["line_items"][0] |= extra
        world.run(world.deliver(order, topic="orders/paid"))
        gate = world.gates.gates["acme"]
        (row,) = world.rows("invoice")
        (item,) = world.inbox.items.values()
        limits = (gate.budget.per_minute, gate.budget.per_month)
        same = world.accounts.accounts["acme"] == account
        approved = [document["approved_at"] for document in world.documents()]
        return (
            row.key,
            row.priority,
            item.delivery.account,
            limits,
            same,
            approved,
            world.totals(),
            written(world, "bolt"),
        )

    assert books(dict.fromkeys(names, value)) == books({})
