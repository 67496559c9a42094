"""`verify` finds every planted fault, and nothing where nothing is wrong."""

from __future__ import annotations

import asyncio
import itertools
import json
from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace

import pytest

from relay.domain.gate import let_go, take
from relay.errors import RetryAt, Unavailable, WaitUntil
from relay.holded import requests
from relay.ports.accounts import Credential
from relay.services.counting import Counting
from relay.services.paid_calls import PaidCalls
from relay.services.times import at_ms
from relay.services.verify import Verify
from tests.services.books import Books
from tests.services.killing import Aftermath, named, send
from tests.services.test_crash_points import hint_of
from tests.services.test_road import refund_of
from tests.services.world import ACCOUNT, TOKEN, World, shopify_order

LATER = "2026-03-02T10:00:00+01:00"


def paid_calls(world, *, wait=False, holded=None):
    return PaidCalls(
        account=ACCOUNT,
        credential=Credential(token=TOKEN),
        gates=world.gates,
        holded=holded or world.holded,
        clock=world.clock,
        wait=wait,
    )


def verified(world, *, wait=False):
    """(ends, findings by (what, where), calls) of the account."""

    async def run():
        to_ms = at_ms(world.clock.now()) + 1
        account = await world.accounts.get(ACCOUNT)
        counting = Counting(inbox=world.inbox, ledger=world.ledger)
        tally = (await counting([account], from_ms=0, to_ms=to_ms, now=world.clock.now()))[ACCOUNT]
        service = Verify(inbox=world.inbox, ledger=world.ledger)
        written = await service.written(ACCOUNT, from_ms=0, to_ms=to_ms)
        calls = paid_calls(world, wait=wait)
        found = await service.compare(account, written, calls, now=world.clock.now())
        return tally, [*tally.findings, *found], calls.made

    return asyncio.run(run())


def found_in(world):
    return [finding.what for finding in verified(world)[1]]


def kinds(tally):
    counted = {}
    for (kind, _), count in tally.ends.items():
        counted[kind] = counted.get(kind, 0) + count
    return counted


def three_orders(world):
    for number in (1, 2, 3):
        world.order(shopify_order(number))


def test_a_day_of_every_kind_is_counted_into_its_ends_without_a_finding():
    world = World()
    three_orders(world)
    world.order(shopify_order(2), topic="orders/updated")  # says nothing new
    world.order(shopify_order(4, paid=False), topic="orders/create")
    world.order(refund_of(shopify_order(9)), topic="refunds/create")  # its order never came
    world.order(shopify_order(5, total_price="100.00"))  # a sum that cannot be
    world.order({"id": 1})  # not an order that can be read
    world.order(b"[]")
    tally, found, calls = verified(world)

    assert found == []
    assert tally.deliveries == 9
    assert tally.events == sum(tally.ends.values())
    assert kinds(tally) == {"done": 5, "ignored": 1, "waiting": 1, "review": 2}
    assert calls == 2  # a list of invoices, and one of sales orders


def test_what_was_handed_over_is_followed_to_what_the_ledger_says_now():
    world = World()
    refund = world.deliver(refund_of(shopify_order(1)), topic="refunds/create")
    world.run(refund)
    first = verified(world)[0]
    world.order(shopify_order(1))
    second = verified(world)[0]

    assert first.ends == {("waiting", "parent"): 1}
    assert first.until_ms["waiting", "parent"] > at_ms(world.clock.now())
    assert second.ends == {("done", "creditnote"): 1, ("done", "document"): 1}


def test_an_event_that_is_under_way_is_open_and_an_error_only_after_a_grace():
    world = World()
    (ref,) = world.deliver(shopify_order(1), topic="orders/paid")
    fresh = verified(world)
    world.clock.advance(16 * 60)
    late = verified(world)

    assert (kinds(fresh[0]), fresh[1]) == ({"open": 1}, [])
    assert [(finding.what, finding.where) for finding in late[1]] == [("open_too_long", ref)]


def test_an_event_whose_message_died_is_dead_and_not_open():
    from relay.ports.queues import DeadLetter
    from relay.services.dead_letters import IndexDeadLetters

    world = World()
    (ref,) = world.deliver(shopify_order(1), topic="orders/paid")
    body = json.dumps({"account": ACCOUNT, "event": ref})
    letter = DeadLetter(message_id="m", body=body, queue="fiscal", receives=5, first_seen_ms=1)
    asyncio.run(IndexDeadLetters(queue=None, ledger=world.ledger).index([letter], now_ms=1))
    world.clock.advance(3600)
    tally, found, _ = verified(world)

    assert (tally.ends, found) == ({("dead", "attempts_used_up"): 1}, [])


def test_an_event_that_no_row_knows_is_lost():
    world = World()
    (ref,) = world.deliver(refund_of(shopify_order(1)), topic="refunds/create")
    world.run([ref])
    world.ledger.rows = {key: row for key, row in world.ledger.rows.items() if key.purpose != "creditnote"}
    found = verified(world)[1]

    assert [(finding.what, finding.where) for finding in found] == [("lost", ref)]


def test_an_event_that_an_older_version_took_the_place_of_is_told_of():
    world = World()
    world.accounts.accounts[ACCOUNT] = replace(world.accounts.accounts[ACCOUNT], status="blocked")
    (ref,) = world.deliver(shopify_order(1, updated_at=LATER), topic="orders/updated")
    world.run([ref])
    row = world.row()
    world.ledger.rows[row.key] = replace(row, event_id="another#0", version=row.version - 1)
    found = verified(world)[1]

    assert [(finding.what, finding.where) for finding in found] == [("passed_over", ref)]


def test_a_hint_that_waits_for_its_re_read_is_waiting_whichever_hint_the_row_names():
    world = World()
    world.order(shopify_order(1))
    world.company.put("documents", dict(world.documents()[0], id="a" * 24, tags=[]), world.clock.now().timestamp())
    refs = []
    for action in ("create", "update"):
        refs += hint_of(world, "a" * 24, action)
    send(world, refs)
    waiting = verified(world)[0]
    Aftermath(world).live(hours=1)
    after, found, _ = verified(world)

    assert waiting.ends["waiting", "reread"] == 2
    assert "waiting" not in kinds(after)
    assert found == []


def test_a_document_that_cannot_be_read_is_a_finding_and_neither_missing_nor_the_end_of_the_comparison():
    world = World()
    three_orders(world)
    first, second, third = world.documents()
    at = world.clock.now().timestamp()
    world.company.put("documents", {**first, "tags": [None]}, at)
    world.company.put("documents", {**second, "date": "2026-02-20", "tags": [7]}, at)
    world.company.put("documents", {**third, "total": "100.00"}, at)
    _, found, _ = verified(world)
    rows = {row.holded_id: str(row.key) for row in world.rows("invoice")}

    assert sorted((one.what, one.where) for one in found) == sorted(
        [
            ("document_unreadable", rows[first["id"]]),
            ("document_unreadable", rows[second["id"]]),
            ("total_differs", rows[third["id"]]),
        ]
    )
    assert any(f"{first['id']} cannot be read, its tags" in one.detail for one in found)


def test_an_invoice_that_a_person_made_of_our_sales_order_is_no_finding():
    books = Books()
    books.order(shopify_order(1, paid=False), topic="orders/create")
    books.order(shopify_order(2))
    (order,) = books.documents("salesorder")
    books.approves(books.copies(order))

    assert found_in(books) == []


def changed(world, **fields):
    document = world.documents()[1]
    world.company.put("documents", {**document, **fields}, world.clock.now().timestamp())


def deleted(world):
    del world.company.tables["documents"][world.documents()[1]["id"]]


def copied(world):
    changed(world, id="b" * 24)


def of_a_marker_that_wandered(world):
    tags = world.documents()[1]["tags"]
    changed(world, id="b" * 24)
    changed(world, tags=[])
    assert world.documents()[-1]["tags"] == tags


def row_of_the_second(world):
    return next(row for row in world.rows("invoice") if row.holded_id == world.documents()[1]["id"])


def untouched(_):
    pass


def without_its_row(world):
    row = row_of_the_second(world)
    del world.ledger.rows[row.key]


def of_another_contact(world):
    world.order(shopify_order(8, email="eva@example.com", customer={"id": 9}))
    other = world.documents()[-1]
    changed(world, contact_id=other["contact_id"])


def of_a_marker_that_stands_alone(world):
    copied(world)
    deleted(world)


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (untouched, []),
        (deleted, ["missing_in_holded"]),
        (copied, ["doubled"]),
        (without_its_row, ["extra"]),
        (lambda world: changed(world, total="120.99"), ["total_differs"]),
        (of_another_contact, ["contact_differs"]),
        (lambda world: changed(world, currency="usd"), ["currency_differs"]),
        (of_a_marker_that_stands_alone, ["missing_in_holded", "extra"]),
        (of_a_marker_that_wandered, ["another_document"]),
    ],
    ids=["none", "missing", "doubled", "extra", "total", "contact", "currency", "moved to another id", "marker moved"],
)
def test_a_planted_difference_is_found_and_nothing_else(fault, expected):
    world = World()
    three_orders(world)
    fault(world)
    found = [finding.what for finding in verified(world)[1] if finding.what != "lost"]

    assert found == expected


def test_a_document_that_was_given_another_day_is_looked_for_by_its_id():
    world = World()
    three_orders(world)
    changed(world, date="2025-12-01")
    _, found, calls = verified(world)

    assert (found, calls) == ([], 2)


def test_a_document_of_a_row_in_doubt_is_neither_missing_nor_extra():
    world = World()
    three_orders(world)
    row = row_of_the_second(world)
    world.ledger.rows[row.key] = replace(row, state="unknown", holded_id="", indexed=True, due_ms=1)

    assert found_in(world) == []


def test_a_document_whose_claim_stands_in_no_index_is_known_by_its_open_delivery():
    world = World()
    three_orders(world)
    row = row_of_the_second(world)
    world.ledger.rows[row.key] = replace(row, state="sent", holded_id="")
    (at,) = [at for at, item in world.inbox.items.items() if row.event_id.startswith(item.delivery.inbox_id)]
    world.inbox.items[at] = replace(world.inbox.items[at], open=True, ends={})

    assert found_in(world) == []


def test_documents_of_people_are_none_of_its_business():
    world = World()
    three_orders(world)
    changed(world, id="c" * 24, tags=["web"], total="1.00")

    assert found_in(world) == []


def test_every_page_of_a_long_list_is_read():
    world = World(minute_limit=600)
    for number in range(230):
        world.order(shopify_order(number))
    deleted(world)
    _, found, calls = verified(world, wait=True)

    assert [finding.what for finding in found] == ["missing_in_holded"]
    assert calls == 3  # two pages, and the one that is missing by its id


def drained_of_tokens(world):
    gate = world.gates.gates[ACCOUNT]
    now_ms = at_ms(world.clock.now())
    taken = take(gate, now_ms=now_ms, owner="x", lease_until_ms=now_ms + 1, priority="fiscal", want=10_000)
    world.gates.gates[ACCOUNT] = let_go(taken.gate, owner="x", next_due_ms=None)


def test_without_a_token_it_says_so_or_waits():
    world = World()
    three_orders(world)
    drained_of_tokens(world)
    with pytest.raises(RetryAt, match="quota_"):
        verified(world)
    before = world.clock.now()
    _, found, calls = verified(world, wait=True)

    assert (found, calls) == ([], 1)
    assert timedelta(seconds=50) < world.clock.now() - before < timedelta(minutes=3)


def test_nobody_waits_for_the_month():
    world = World()
    three_orders(world)
    gate = world.gates.gates[ACCOUNT]
    spent = replace(gate.budget, per_month=3, used=(3, 0, 0))
    world.gates.gates[ACCOUNT] = replace(gate, budget=spent)

    with pytest.raises(WaitUntil, match="quota_"):
        verified(world, wait=True)


def test_its_calls_count_against_the_accounts_quota():
    world = World()
    three_orders(world)
    before = world.gates.gates[ACCOUNT].budget.used
    _, _, calls = verified(world)

    assert world.gates.gates[ACCOUNT].budget.used == (before[0], before[1], before[2] + calls)


def test_a_refusal_of_holded_is_known_to_the_next_drain():
    from holded_sandbox.faults import Fault

    world = World()
    three_orders(world)
    world.sandbox.faults.faults.append(Fault(kind="limit_minute"))
    with pytest.raises(RetryAt):
        verified(world)

    assert world.gates.gates[ACCOUNT].budget.minute_left == 0
    assert world.gates.gates[ACCOUNT].budget.minute_until_ms > at_ms(world.clock.now())


def test_a_drain_that_holds_the_lease_goes_on_when_the_gate_moves_under_it():
    """The drain's lease stands; its next write of the gate reads what the command wrote."""
    world = World()
    world.order(shopify_order(1))
    now_ms = at_ms(world.clock.now())
    gate = world.gates.gates[ACCOUNT]
    world.gates.gates[ACCOUNT] = replace(gate, owner="other", lease_until_ms=now_ms + 60_000)
    verified(world)
    after = world.gates.gates[ACCOUNT]

    assert (after.owner, after.lease_until_ms, after.rev) == ("other", now_ms + 60_000, gate.rev + 1)


def test_calls_of_a_command_in_the_middle_of_a_drain_are_all_counted():
    """The drain reads the gate again and keeps what the command was granted: two budgets would go over the quota."""
    world = World()
    world.order(shopify_order(1))
    refs = [ref for number in range(2, 14) for ref in world.deliver(shopify_order(number), topic="orders/paid")]
    inner = world.holded.call
    outside = paid_calls(world, holded=SimpleNamespace(call=inner))
    answered = itertools.count(1)

    async def call(request, credential, *, timeout_ms):
        reply = await inner(request, credential, timeout_ms=timeout_ms)
        if next(answered) in {2, 5, 9}:
            await outside(requests.list_documents("invoice"))
        return reply

    before = sum(world.gates.gates[ACCOUNT].budget.used)
    world.holded.calls.clear()
    world.holded.call = call
    world.run(refs)
    used = world.gates.gates[ACCOUNT].budget.used

    assert outside.made == 3
    assert len(world.documents()) == 13
    assert used[2] == 3
    assert sum(used) - before >= len(world.holded.calls)


def test_an_account_that_was_never_drained_spends_nothing():
    world = World()
    with pytest.raises(Unavailable, match="never_drained"):
        asyncio.run(paid_calls(world)(None))

    assert world.gates.gates == {}


def test_the_settlement_sweep_is_nobodys_event():
    world = World()
    three_orders(world)

    assert verified(world)[0].events == 3


def test_another_accounts_deliveries_are_not_counted():
    world = World()
    world.admit("bolt")
    three_orders(world)
    send(world, named(world.deliver(shopify_order(1), topic="orders/paid", account="bolt"), "bolt"))

    assert verified(world)[0].deliveries == 3
