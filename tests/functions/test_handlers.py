"""Real Lambda event shapes through the handlers, with fakes behind them."""

from __future__ import annotations

import asyncio
import base64
import json
import logging
from datetime import UTC, datetime
from pathlib import Path

import pytest

from functions.index_dead_letters.handler import handle as index_dead_letters
from functions.poll_holded.handler import handle as poll_holded
from functions.publish_event.handler import handle as publish_event
from functions.receive_webhook.handler import handle as receive_webhook
from functions.release_due.handler import handle as release_due
from functions.sweep_inbox.handler import handle as sweep_inbox
from functions.write_holded.handler import handle as write_holded
from relay.errors import Rejected, Unavailable
from relay.ports.providers import Arrival
from relay.ports.queues import DeadLetter
from relay.services.accept import Answer
from relay.services.dead_letters import IndexDeadLetters
from relay.services.drain import Drained
from relay.services.enlist import Enlist
from relay.services.release import Release
from relay.services.sweep import AT_ONCE, Sweep
from relay.services.times import at_ms
from tests.fakes import FakeLedger
from tests.services.world import ACCOUNT, World, shopify_order

EVENTS = Path(__file__).resolve().parents[2].parent / "shared" / "realdata" / "webhooks" / "aws_events"
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def event(name):
    if not EVENTS.is_dir():
        pytest.skip(f"the sample events are not here: {EVENTS.name} is missing")
    return json.loads((EVENTS / f"{name}.json").read_text())


class Accepting:
    def __init__(self) -> None:
        self.seen = {}

    def __call__(self, **seen):
        self.seen = seen
        return Answer(200, "accepted", "abc")


class Log:
    def __getattr__(self, _name):
        return lambda *_args, **_extra: None


def receive(sample):
    accept = Accepting()
    return receive_webhook(sample, accept=accept, now=lambda: NOW), accept.seen


def test_an_api_gateway_event_is_handed_on_as_raw_bytes_with_its_place():
    sample = event("apiGatewayProxyV2Event")
    sample |= {
        "pathParameters": {"account": "acme", "source": "shopify"},
        "isBase64Encoded": False,
        "body": '{"a":"ñ"}',
    }
    answer, seen = receive(sample)

    assert answer["statusCode"] == 200
    assert json.loads(answer["body"]) == {"status": "accepted", "id": "abc"}
    assert (seen["account"], seen["source"], seen["body"]) == ("acme", "shopify", '{"a":"ñ"}'.encode())


@pytest.mark.row("A04")
def test_a_base64_body_is_decoded_before_anything_is_verified():
    sample = event("apiGatewayProxyV2Event")
    sample |= {"isBase64Encoded": True, "body": base64.b64encode(b"\xff\x00raw").decode()}

    assert receive(sample)[1]["body"] == b"\xff\x00raw"


@pytest.mark.row("A04")
def test_a_body_that_is_not_base64_is_a_400():
    sample = event("apiGatewayProxyV2Event") | {"isBase64Encoded": True, "body": "%%%"}
    answer, seen = receive(sample)

    assert (answer["statusCode"], seen) == (400, {})


@pytest.mark.parametrize("lacking", [{"pathParameters": None}, {"headers": None}, {"body": None}])
def test_what_api_gateway_leaves_out_is_empty(lacking):
    assert receive({"body": "{}", "headers": {}, "pathParameters": {}} | lacking)[0]["statusCode"] == 200


@pytest.mark.row("B07")
def test_nothing_of_the_body_is_logged(caplog):
    caplog.set_level(logging.DEBUG)
    receive(
        {
            "body": '{"card":"4242"}',
            "headers": {"x-secret": "hush"},
            "pathParameters": {"account": "acme", "source": "stripe"},
        }
    )

    assert "4242" not in caplog.text
    assert "hush" not in caplog.text


def test_a_webhook_that_could_not_be_stored_is_told_by_our_trouble_alone(caplog):
    answer = Answer(503, "try_again", trouble="access_denied")
    sent = receive_webhook(
        {"body": "{}", "pathParameters": {"account": "acme", "source": "stripe"}},
        accept=lambda **_given: answer,
        now=lambda: NOW,
    )

    assert [json.loads(each.message) for each in caplog.records] == [
        {"message": "webhook.not_accepted", "error": "access_denied"}
    ]
    assert (sent["statusCode"], "access_denied" in sent["body"]) == (503, False)


def stream(*names):
    sample = event("dynamoStreamEvent")
    record = sample["Records"][0]
    return {
        "Records": [
            record
            | {
                "eventName": kind,
                "dynamodb": record["dynamodb"] | {"Keys": {"pk": {"S": pk}}, "SequenceNumber": str(at)},
            }
            for at, (kind, pk) in enumerate(names)
        ]
    }


@pytest.mark.row("D11")
def test_the_stream_publishes_inserts_only_and_answers_with_the_first_failure():
    seen = []

    async def publish(account, inbox_id):
        seen.append((account, inbox_id))
        if inbox_id == "bad":
            raise Unavailable("bus_refused")
        return "published"

    batch = stream(("INSERT", "acme#one"), ("MODIFY", "acme#no"), ("INSERT", "acme#bad"), ("INSERT", "acme#two"))
    answer = asyncio.run(publish_event(batch, publish=publish, log=Log()))

    assert seen == [("acme", "one"), ("acme", "bad"), ("acme", "two")]
    assert answer == {"batchItemFailures": [{"itemIdentifier": "2"}]}


def test_a_delivery_that_breaks_our_code_does_not_hold_up_its_shard_and_is_told():
    told, counted = [], []

    async def publish(account, inbox_id):
        if inbox_id == "bad":
            raise KeyError("what the sender wrote")
        return "published"

    async def count(arrivals):
        counted.extend(arrivals)

    batch = stream(("INSERT", "acme#bad"), ("INSERT", "acme#two"))
    batch["Records"][1]["dynamodb"]["NewImage"] = {"s": {"S": "shopify"}, "r": {"N": "5"}}
    answer = asyncio.run(
        publish_event(batch, publish=publish, log=Log(), count=count, broken=lambda: told.append("broken"))
    )

    assert answer == {"batchItemFailures": []}
    assert told == ["broken"]
    assert counted == [Arrival(account="acme", source="shopify", received_ms=5)]


@pytest.mark.parametrize(
    "image", [None, "x", {"h": 5}, {"s": {"S": "shopify"}}, {"s": {"S": "shopify"}, "r": {"N": "x"}}]
)
def test_an_image_that_cannot_be_counted_does_not_hold_up_the_shard(image):
    seen = []

    async def publish(account, inbox_id):
        return "published"

    async def count(arrivals):
        seen.extend(arrivals)

    batch = stream(("INSERT", "acme#one"), ("INSERT", "acme#two"))
    batch["Records"][0]["dynamodb"]["NewImage"] = image
    batch["Records"][1]["dynamodb"]["NewImage"] = {"s": {"S": "shopify"}, "r": {"N": "5"}}
    answer = asyncio.run(publish_event(batch, publish=publish, log=Log(), count=count))

    assert answer == {"batchItemFailures": []}
    assert seen == [Arrival(account="acme", source="shopify", received_ms=5)]


class Draining:
    def __init__(self, failed=(), error=None) -> None:
        self.failed, self.error, self.runs = failed, error, []

    async def run(self, account, refs, *, deadline_ms):
        self.runs.append((account, list(refs)))
        if self.error and account == "broken":
            raise self.error
        failed = {ref: Rejected("x") for ref in refs if ref in self.failed}
        return Drained(failed=failed, ends={}, calls=0, quota_percent=0)


def wakes(*bodies):
    sample = event("sqsEvent")["Records"][0]
    return {"Records": [sample | {"messageId": f"m{at}", "body": body} for at, body in enumerate(bodies)]}


@pytest.mark.row("B06")
def test_one_drain_an_account_and_only_what_failed_comes_again():
    batch = wakes(
        json.dumps({"account": "acme", "event": "a#0"}),
        json.dumps({"account": "acme", "event": "b#0"}),
        json.dumps({"account": "acme", "event": "a#0"}),
        json.dumps({"account": "acme"}),
        json.dumps({"account": "broken", "event": "c#0"}),
        "not json",
        json.dumps(["a list"]),
        None,
    )
    drainer = Draining(failed={"b#0"}, error=Unavailable("gate_contended"))
    answer, done = asyncio.run(write_holded(batch, drainer=drainer, deadline_ms=0))

    assert drainer.runs == [("acme", ["a#0", "b#0"]), ("broken", ["c#0"])]
    assert {item["itemIdentifier"] for item in answer["batchItemFailures"]} == {"m1", "m4", "m5", "m6", "m7"}
    assert isinstance(done["broken"], Unavailable)


def test_what_an_account_did_is_told_before_a_slower_one_ends():
    told, heard = [], asyncio.Event()

    class Slow(Draining):
        async def run(self, account, refs, *, deadline_ms):
            if account == "slow":
                await heard.wait()
                raise Unavailable("killed_before_its_end")
            return await super().run(account, refs, deadline_ms=deadline_ms)

    def tell(account, _):
        told.append(account)
        heard.set()

    batch = wakes(json.dumps({"account": "slow"}), json.dumps({"account": "acme"}))
    asyncio.run(write_holded(batch, drainer=Slow(), deadline_ms=0, tell=tell))

    assert told == ["acme"]


def test_release_due_wakes_the_accounts_whose_time_has_come():
    world = World()
    world.order(shopify_order())
    world.clock.advance(7 * 3600)
    done = asyncio.run(
        release_due(release=Release(gates=world.gates, wakes=world.wakes), now_ms=at_ms(world.clock.now()))
    )

    assert done["woken"] == 1
    assert world.wakes.sent[-1].message == {"account": ACCOUNT}


def test_poll_holded_sees_to_it_that_every_active_account_is_polled():
    world = World(settings={"polling": {}})
    enlist = Enlist(accounts=world.accounts, ledger=world.ledger, gates=world.gates)
    first = asyncio.run(poll_holded(enlist=enlist, now_ms=at_ms(world.clock.now())))
    again = asyncio.run(poll_holded(enlist=enlist, now_ms=at_ms(world.clock.now())))

    assert first == {"looked_at": 1, "stood_up": 1, "made_due": 1}
    assert again == {"looked_at": 1, "stood_up": 0, "made_due": 0}


@pytest.mark.row("D11")
def test_the_sweeper_republishes_what_the_stream_skipped():
    world = World()
    world.deliver(shopify_order(), topic="orders/paid")
    world.clock.advance(600)
    sweep = Sweep(inbox=world.inbox, publish=world.publish)
    done = asyncio.run(sweep_inbox(sweep=sweep, now_ms=at_ms(world.clock.now())))

    assert (done["republished"], done["oldest_open_seconds"]) == (1, 600)
    assert [entry["type"] for entry in world.bus.published] == ["order.paid"]


def test_a_sweep_without_time_leaves_the_rest_to_the_next_and_still_tells_its_age():
    world = World()
    for number in range(2 * AT_ONCE):
        world.deliver(shopify_order(id=5_000 + number), topic="orders/paid")
    world.clock.advance(600)
    sweep = Sweep(inbox=world.inbox, publish=world.publish)
    answers = iter([True, False])
    done = asyncio.run(sweep_inbox(sweep=sweep, now_ms=at_ms(world.clock.now()), in_time=lambda: next(answers)))

    assert (done["republished"], done["oldest_open_seconds"]) == (AT_ONCE, 600)


@pytest.mark.row("D23")
def test_dead_letters_become_rows_once_however_often_they_are_seen():
    class Queue:
        async def peek(self):
            letter = DeadLetter(
                message_id="m1", body='{"account":"acme","event":"x#0"}', queue="fiscal", receives=3, first_seen_ms=1
            )
            return [letter, DeadLetter(message_id="m2", body="garbage", queue="normal", receives=3, first_seen_ms=1)]

    ledger = FakeLedger()
    index = IndexDeadLetters(queue=Queue(), ledger=ledger)
    first = asyncio.run(index_dead_letters(index=index, now_ms=5))
    second = asyncio.run(index_dead_letters(index=index, now_ms=6))

    assert (first, second) == ({"seen": 2, "indexed": 2}, {"seen": 2, "indexed": 0})
    assert {(row.key.account, row.state, row.reason) for row in ledger.rows.values()} == {
        ("acme", "dead", "attempts_used_up"),
        ("unknown", "dead", "unreadable_message"),
    }
