"""The fakes keep the ports' contracts (the full suite against the real adapters is in `tests/adapters`)."""

from __future__ import annotations

import asyncio
import dataclasses
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from relay.domain.ledger import Key, Row
from relay.domain.sources.base import Delivery
from relay.ports.accounts import Accounts, AccountSecrets, WebhookSecrets
from tests import fakes

if TYPE_CHECKING:
    from relay.ports.holded import HoldedApi
    from relay.ports.inbox import Inbox, InboxWriter
    from relay.ports.ledger import Gates, Ledger
    from relay.ports.polling import Polls, Snapshots
    from relay.ports.queues import Bus, Wakes
    from relay.ports.world import Clock, Ids


def a_row(object_id: str = "1001", **changes: object) -> Row:
    key = Key(account="acme", source="shopify", object_id=object_id, purpose="invoice")
    row = Row(key=key, state="sent", created_ms=1, updated_ms=1)
    return dataclasses.replace(row, **changes)  # type: ignore[arg-type]  # changes are the test's own


def a_delivery(inbox_id: str = "abc") -> Delivery:
    return Delivery(
        inbox_id=inbox_id,
        account="acme",
        source="shopify",
        topic="orders/paid",
        headers={},
        body=b"{}",
        received_at=datetime(2026, 3, 2, tzinfo=UTC),
    )


def test_every_fake_has_the_type_of_its_port() -> None:
    inbox, accounts = fakes.FakeInbox(), fakes.FakeAccounts()
    as_ports: tuple[
        Clock,
        Ids,
        Inbox,
        InboxWriter,
        Ledger,
        Gates,
        Accounts,
        WebhookSecrets,
        Snapshots,
        Polls,
        Bus,
        Wakes,
        HoldedApi,
    ] = (
        fakes.FakeClock(),
        fakes.FakeIds(),
        inbox,
        fakes.FakeInboxWriter(inbox),
        fakes.FakeLedger(),
        fakes.FakeGates(),
        accounts,
        accounts,
        fakes.FakeSnapshots(),
        fakes.FakePolls(),
        fakes.FakeBus(),
        fakes.FakeWakes(),
        fakes.FakeHolded(lambda _request, _credential: None),
    )

    assert len(as_ports) == 13


def test_the_first_insert_wins_and_the_second_sees_its_row() -> None:
    async def story() -> None:
        ledger = fakes.FakeLedger()
        first, second = a_row(owner="one"), a_row(owner="two")

        assert await ledger.insert(first) is None
        assert await ledger.insert(second) == first

    asyncio.run(story())


def test_a_replace_on_an_old_rev_is_refused() -> None:
    async def story() -> None:
        ledger = fakes.FakeLedger()
        await ledger.insert(a_row())

        assert await ledger.replace(a_row(state="confirmed"), expected_rev=1)
        assert not await ledger.replace(a_row(state="dead"), expected_rev=1)
        row = await ledger.get(a_row().key)
        assert row is not None
        assert (row.state, row.rev) == ("confirmed", 2)

    asyncio.run(story())


def test_a_child_does_not_wait_for_a_confirmed_parent() -> None:
    async def story() -> None:
        ledger, child = fakes.FakeLedger(), a_row("7", state="waiting")
        await ledger.insert(a_row())

        assert await ledger.wait_for_parent(child, parent=a_row().key, expected_rev=0)
        assert await ledger.children(a_row().key) == (child.key,)
        assert await ledger.replace(a_row(state="confirmed"), expected_rev=1)
        assert not await ledger.wait_for_parent(a_row("8"), parent=a_row().key, expected_rev=0)

    asyncio.run(story())


def test_the_same_identity_with_another_body_is_kept_beside_the_first() -> None:
    async def story() -> None:
        inbox = fakes.FakeInbox()

        assert await inbox.put(a_delivery(), digest="a" * 64) == "stored"
        assert await inbox.put(a_delivery(), digest="a" * 64) == "duplicate"
        assert await inbox.put(a_delivery(), digest="b" * 64) == f"stored_as:abc-{'b' * 12}"
        assert len(inbox.items) == 2

    asyncio.run(story())


def test_an_item_stays_open_until_every_event_has_its_end() -> None:
    async def story() -> None:
        inbox = fakes.FakeInbox()
        await inbox.put(a_delivery(), digest="a")
        await inbox.close("acme", "abc", ends={"0": "ignored:test"}, of=2)

        at_ms = fakes.ms(a_delivery().received_at)

        assert [at async for at in inbox.open_since(before_ms=2**50, limit=9)] == [("acme", "abc", at_ms)]
        await inbox.close("acme", "abc", ends={"1": "ignored:test"}, of=2)
        assert [at async for at in inbox.open_since(before_ms=2**50, limit=9)] == []

    asyncio.run(story())


def test_a_rotated_secret_is_served_until_its_end() -> None:
    clock = fakes.FakeClock()
    accounts = fakes.FakeAccounts(clock)
    ends = fakes.ms(clock.now()) + 1000
    accounts.secrets["acme"] = AccountSecrets(
        account="acme", secrets={"shopify": ("new", "old")}, bindings={}, expires_ms={"old": ends}
    )

    before = accounts.load("acme")
    clock.advance(1)
    after = accounts.load("acme")

    assert before is not None
    assert after is not None
    assert (before.secrets["shopify"], after.secrets["shopify"]) == (("new", "old"), ("new",))
