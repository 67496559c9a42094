"""Worlds to run the contract of the ports in: the fakes, moto in process, and the local emulator."""

from __future__ import annotations

import os
import uuid
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from moto import mock_aws

from relay.adapters.clients import aws_client
from relay.adapters.dynamodb_accounts import DynamoAccounts
from relay.adapters.dynamodb_arrivals import DynamoArrivals
from relay.adapters.dynamodb_gates import DynamoGates
from relay.adapters.dynamodb_inbox import DynamoInbox
from relay.adapters.dynamodb_inbox_writer import DynamoInboxWriter
from relay.adapters.dynamodb_ledger import DynamoLedger
from relay.adapters.dynamodb_notes import DynamoNotes
from relay.adapters.dynamodb_polls import DynamoPolls
from relay.adapters.dynamodb_providers import DynamoProviders
from relay.adapters.dynamodb_snapshots import DynamoSnapshots
from relay.adapters.dynamodb_webhook_secrets import DynamoWebhookSecrets
from relay.adapters.s3_bodies import S3Bodies
from tests.adapters import tables
from tests.fakes import (
    FakeAccounts,
    FakeArrivals,
    FakeClock,
    FakeGates,
    FakeInbox,
    FakeInboxWriter,
    FakeLedger,
    FakeNotes,
    FakePolls,
    FakeProviders,
    FakeSnapshots,
)
from tests.simulation.faults import Faults
from tests.simulation.machines import Machine
from tests.simulation.stores import SimGates, SimInbox, SimLedger

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

LOCAL = {"region_name": "eu-west-1", "aws_access_key_id": "test", "aws_secret_access_key": "test"}

World = Any


def fake_world() -> World:
    clock = FakeClock()
    inbox, accounts = FakeInbox(), FakeAccounts(clock)
    return SimpleNamespace(
        name="fake",
        clock=clock,
        inbox=inbox,
        writer=FakeInboxWriter(inbox),
        ledger=FakeLedger(),
        gates=FakeGates(),
        accounts=accounts,
        secrets=accounts,
        snapshots=FakeSnapshots(inbox),
        polls=FakePolls(),
        providers=FakeProviders(),
        arrivals=FakeArrivals(),
        notes=FakeNotes(),
    )


def simulated_world() -> World:
    """The simulation's tables as one of its machines sees them, with nothing that breaks."""
    clock = FakeClock()

    def seconds() -> float:
        return clock.now().timestamp()

    inbox, accounts = SimInbox(seconds, lambda *_: None), FakeAccounts(clock)
    tables = {
        "inbox": inbox,
        "ledger": SimLedger(seconds),
        "gates": SimGates(seconds),
        "snapshots": FakeSnapshots(inbox),
        "polls": FakePolls(),
    }
    universe = SimpleNamespace(faults=Faults(0, {}), distance=0.0, now=clock.now, accounts=accounts, **tables)
    machine: Any = Machine(universe, "contract", 0.0)  # type: ignore[arg-type]  # a universe of tables alone
    return SimpleNamespace(
        name="simulated",
        clock=clock,
        writer=FakeInboxWriter(inbox),
        secrets=accounts,
        providers=FakeProviders(),
        arrivals=FakeArrivals(),
        notes=FakeNotes(),
        **{name: machine.port(name) for name in (*tables, "accounts")},
    )


def aws_world(name: str, make: Callable[[str], Any]) -> World:
    """Fresh tables, bucket and key, so that no test sees another's items."""
    tail = uuid.uuid4().hex[:12]
    clock = FakeClock()
    world = SimpleNamespace(name=name, clock=clock, make=make, inbox_table=f"inbox-{tail}", state_table=f"state-{tail}")
    world.bucket = f"bodies-{tail}"
    world.dynamo, world.s3 = make("dynamodb"), make("s3")
    world.dynamo.create_table(**tables.inbox(world.inbox_table))
    world.dynamo.create_table(**tables.state(world.state_table))
    world.s3.create_bucket(Bucket=world.bucket, CreateBucketConfiguration={"LocationConstraint": LOCAL["region_name"]})
    world.bodies = S3Bodies(client=world.s3, bucket=world.bucket)
    shared = {"client": world.dynamo, "s3": world.s3, "table": world.inbox_table, "bucket": world.bucket}
    world.writer = DynamoInboxWriter(**shared)
    world.inbox = DynamoInbox(**shared, clock=clock)
    world.ledger = DynamoLedger(client=world.dynamo, table=world.state_table, bodies=world.bodies, clock=clock)
    world.gates = DynamoGates(client=world.dynamo, table=world.state_table)
    world.kms = make("kms")
    world.key_id = world.kms.create_key()["KeyMetadata"]["KeyId"]
    world.accounts = DynamoAccounts(
        client=world.dynamo,
        kms=world.kms,
        table=world.state_table,
        key_id=world.key_id,
        inbox_table=world.inbox_table,
        bodies=world.bodies,
        clock=clock,
    )
    world.secrets = DynamoWebhookSecrets(client=world.dynamo, kms=world.kms, table=world.state_table, clock=clock)
    world.snapshots = DynamoSnapshots(client=world.dynamo, table=world.state_table, inbox=world.writer)
    world.polls = DynamoPolls(client=world.dynamo, table=world.state_table)
    world.providers = DynamoProviders(client=world.dynamo, kms=world.kms, table=world.state_table, key_id=world.key_id)
    world.notes = DynamoNotes(client=world.dynamo, table=world.state_table)
    world.arrivals = DynamoArrivals(client=world.dynamo, table=world.state_table)
    return world


def close_clients(world: World) -> None:
    for value in vars(world).values():
        if hasattr(value, "meta") and hasattr(value, "close"):
            value.close()


@pytest.fixture(autouse=True)
def _no_aws_of_the_user(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)


@pytest.fixture
def moto_world() -> Iterator[World]:
    with mock_aws():
        world = aws_world("moto", lambda service: aws_client(service, **LOCAL))
        yield world
        close_clients(world)


@pytest.fixture
def emulator_world(emulator_url: str) -> Iterator[World]:
    world = aws_world("emulator", lambda service: aws_client(service, endpoint_url=emulator_url, **LOCAL))
    yield world
    close_clients(world)


@pytest.fixture(params=["fake", "simulated", "moto", pytest.param("emulator", marks=pytest.mark.emulator)])
def world(request: pytest.FixtureRequest) -> World:
    """The same case against the fakes and two independent imitations of AWS."""
    ours = {"fake": fake_world, "simulated": simulated_world}
    make = ours.get(request.param)
    return make() if make else request.getfixturevalue(f"{request.param}_world")


@pytest.fixture(params=["moto", pytest.param("emulator", marks=pytest.mark.emulator)])
def aws(request: pytest.FixtureRequest) -> World:
    """What only the adapters promise: keys, sizes, counts of calls."""
    return request.getfixturevalue(f"{request.param}_world")
