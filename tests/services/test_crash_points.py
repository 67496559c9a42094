"""The writer dies before, during and after every call of a port, of every story; another lives on, and all comes out the same."""

from __future__ import annotations

import functools
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pytest

from relay.domain.budget import month_of, roll
from relay.domain.budget_month import part_of_background
from relay.domain.nights import first_night
from relay.holded.polled_table import POLLED
from relay.services.again import row_ref
from relay.services.times import at_ms
from tests.services.killing import Aftermath, named, send, state_of, troubles
from tests.services.polling import ON, Hands, events, make_all_due, make_due, poll_now
from tests.services.replaying import change, order
from tests.services.test_road import refund_of
from tests.services.wire import MODES, Wire
from tests.services.world import ACCOUNT, World, shopify_order

if TYPE_CHECKING:
    from collections.abc import Callable

OTHER = "bolt"


@dataclass(frozen=True, kw_only=True)
class Story:
    """`batches(world)` delivers and returns batches of messages, each a drain of its own, in which the writer may die."""

    batches: Callable[[World], list[list[dict[str, str]]]]
    before: Callable[[World], None] = lambda _: None
    settings: dict[str, Any] | None = None
    hours: float = 2


def deliveries(*bodies):
    def batches(world):
        return [named(world.deliver(body, topic=topic), ACCOUNT) for body, topic in bodies]

    return batches


def together(*bodies):
    return lambda world: [[message for part in deliveries(*bodies)(world) for message in part]]


def one_order(world):
    world.order(shopify_order(1))


def lease_is_held(world):
    """Of a writer that is not to be seen again."""
    one_order(world)
    until_ms = at_ms(world.clock.now()) + 100_000
    gate = world.gates.gates[ACCOUNT]
    world.gates.gates[ACCOUNT] = replace(
        gate, rev=gate.rev + 1, owner="gone", lease_until_ms=until_ms, next_due_ms=until_ms
    )


LATER = "2026-03-02T10:00:00+01:00"


def two_accounts(world):
    world.admit(OTHER)
    mine = named(world.deliver(shopify_order(1), topic="orders/paid"), ACCOUNT)
    theirs = named(world.deliver(shopify_order(1), topic="orders/paid", account=OTHER), OTHER)
    return [mine + theirs]


def hint_of(world, document_id, action):
    return named(world.hint(document_id, action), ACCOUNT)


def by_hand(world):
    one_order(world)
    world.company.put("documents", dict(world.documents()[0], id="a" * 24, tags=[]), world.clock.now().timestamp())


def read_again(world):
    first = hint_of(world, "a" * 24, "create")
    world.run([message["event"] for message in first])
    world.clock.advance(60)
    return [[{"account": ACCOUNT}]]


def twelve_orders(world):
    for number in range(12):
        world.order(shopify_order(number))
    for document in world.documents()[:2]:
        world.company.put("documents", dict(document, id=document["id"][::-1]), world.clock.now().timestamp())


def sweep_is_due(world):
    world.clock.advance(6 * 3600 + 60)
    return [[{"account": ACCOUNT}]]


def edited_books(world):
    """Of three orders one was deleted by a person, one was copied."""
    for number in range(3):
        world.order(shopify_order(number))
    gone, kept, _ = world.documents()
    world.company.drop("documents", gone["id"])
    world.company.put("documents", dict(kept, id=kept["id"][::-1]), world.clock.now().timestamp())


def night_has_come(world):
    world.clock.advance(24 * 3600)
    row = first_night(ACCOUNT, world.clock.now())
    world.ledger.rows[row.key] = replace(row, due_ms=at_ms(world.clock.now()))
    return [[{"account": ACCOUNT}]]


def orders_nobody_wanted(world):
    """One order that was written, and two that an earlier setting ignored; a replay of all three is due."""
    one_order(world)
    change(world, policy={"paid_order": "nothing"})
    refs = [ref for number in (2, 3) for ref in world.deliver(shopify_order(number), topic="orders/paid")]
    world.run(refs)
    change(world, policy={"finish": "approve_and_pay"})
    order(world, [*(f"{inbox_id}#0" for _, inbox_id in world.inbox.items), "gone#0"])


def an_order_that_died(world):
    """An order whose row used up its attempts, and one whose reply was lost while it did; a replay of both rows is due."""
    one_order(world)
    with world.paused():
        world.run([ref for number in (2, 3) for ref in world.deliver(shopify_order(number), topic="orders/paid")])
    lived, *died = sorted(world.rows("invoice"), key=lambda row: row.key.object_id)
    for row, reason in zip(died, ("trouble_KeyError", "outcome_unknown_trouble_KeyError"), strict=True):
        dead = replace(row, state="dead", due_ms=0, attempts=8, reason=reason, contact_id=lived.contact_id)
        world.ledger.rows[row.key] = dead
    order(world, [row_ref(row.key) for row in died])


def changed_by_hand(world):
    """An account with its baseline; since then an invoice was made and paid, one was deleted, a contact renamed."""
    hands = Hands(world)
    one_order(world)
    contact, gone = hands.contact(), hands.invoice()
    poll_now(world)
    world.clock.advance(600)
    hands.pay(hands.invoice("200"), "50")
    hands.delete(gone)
    hands.rename(contact, "Berta")
    make_all_due(world)
    make_due(world)


def webhooks_beyond_their_share(world):
    """Three invoices made by hand and one that was deleted; their webhooks may ask for a call in some minutes, not now."""
    hands = Hands(world)
    one_order(world)
    made = [hands.invoice(str(price)) for price in (100, 200, 300)]
    poll_now(world)
    for each in made:
        hands.edit(each, "400")
    hands.delete(gone := hands.invoice())
    world.clock.advance(1200)
    for each in made:
        world.run(world.hint(each, "update"))
    world.run(world.hint(gone, "delete"))
    world.clock.advance(60)
    gate, now_ms = world.gates.gates[ACCOUNT], at_ms(world.clock.now())
    share = {"kept": 100_000, "most": 40_000}
    budget = roll(gate.budget, now_ms)
    asked = part_of_background(month_of(budget), now_ms + 600_000, **share)
    world.gates.gates[ACCOUNT] = replace(gate, rev=gate.rev + 1, budget=replace(budget, rereads=asked))
    found = world.polls.states[ACCOUNT]
    later = replace(found.courses["invoice"], due_ms=now_ms + 10**8, full_due_ms=now_ms + 10**8)
    world.polls.states[ACCOUNT] = replace(found, rev=found.rev + 1, courses={"invoice": later})


def the_pass_they_joined_is_due(world):
    webhooks_beyond_their_share(world)
    world.run()
    assert {row.reason for row in world.rows("reread") if row.state == "waiting"} == {"joins_poll"}
    world.clock.advance(1200)


def wake(world):
    return [[{"account": ACCOUNT}]]


INVOICES_ALONE = {
    "polling": ON["polling"] | {"leave_out": [each.name for each in POLLED if each.standard and each.name != "invoice"]}
}

STORIES = {
    "draft for a known contact": Story(before=one_order, batches=deliveries((shopify_order(2), "orders/paid"))),
    "draft for a new contact": Story(batches=deliveries((shopify_order(), "orders/paid"))),
    "approve and pay": Story(
        settings={"policy": {"finish": "approve_and_pay"}}, batches=deliveries((shopify_order(), "orders/paid"))
    ),
    "a refund before its order": Story(
        batches=deliveries((refund_of(shopify_order()), "refunds/create"), (shopify_order(), "orders/paid"))
    ),
    "a draft brought up to date": Story(
        before=one_order,
        batches=deliveries((shopify_order(1, total="242.00", updated_at=LATER), "orders/updated")),
    ),
    "one fact by three topics at once": Story(
        batches=together(*((shopify_order(), topic) for topic in ("orders/paid", "orders/create", "orders/updated")))
    ),
    "two orders of one new contact": Story(
        batches=together((shopify_order(1), "orders/paid"), (shopify_order(2), "orders/paid"))
    ),
    "two versions at once": Story(
        batches=together(
            (shopify_order(), "orders/paid"), (shopify_order(total="242.00", updated_at=LATER), "orders/updated")
        )
    ),
    "two accounts in one batch": Story(batches=two_accounts),
    "an order for the holder of the lease": Story(
        before=lease_is_held, batches=deliveries((shopify_order(2), "orders/paid"))
    ),
    "a hint read again": Story(before=by_hand, batches=read_again),
    "a replay of orders that were ignored": Story(before=orders_nobody_wanted, batches=wake),
    "a replay of dead rows": Story(before=an_order_that_died, batches=wake),
    "a poll of what was changed by hand": Story(
        settings={"polling": ON["polling"] | {"leave_out": ["creditnote", "salesreceipt", "product", "payment"]}},
        before=changed_by_hand,
        batches=wake,
        hours=0.4,  # before the next pass, which would heal what this one lost
    ),
    "webhooks that join a pass": Story(
        settings=INVOICES_ALONE, before=webhooks_beyond_their_share, batches=wake, hours=1
    ),
    "a pass that answers the webhooks that joined it": Story(
        settings=INVOICES_ALONE, before=the_pass_they_joined_is_due, batches=wake, hours=1
    ),
    "the settlement sweep": Story(before=twelve_orders, batches=sweep_is_due),
    "the nightly reconciliation": Story(before=edited_books, batches=night_has_come),
}


def told(story, *, at=None, mode="before", redelivered_s=180):
    """Run a story, dying at the `at`-th call; returns (the world after the aftermath, the calls' names)."""
    world = World(settings=story.settings)
    story.before(world)
    world.holded.calls.clear()
    batches = story.batches(world)
    aftermath = Aftermath(world, visible_after_s=redelivered_s)
    wire = Wire(world, at=at, mode=mode)
    for messages in batches:
        aftermath.again(send(world, messages, None if wire.dead else wire))
    aftermath.live(hours=story.hours)
    return world, wire.names


def outcome(world):
    companies = [world.company, *world.others.values()]
    return [vars(state_of(world, company)) for company in companies]


def findings(world):
    return sorted(
        (row.key.purpose, str(row.key.object_id), row.reason) for row in world.rows() if row.state == "review"
    )


@functools.cache
def undisturbed(name):
    world, calls = told(STORIES[name])
    return outcome(world), troubles(world), findings(world), rereads(world), tuple(calls)


def rereads(world):
    return sorted((event.type, event.version) for event in events(world))


@pytest.mark.row("D02")
@pytest.mark.parametrize("name", STORIES)
def test_the_story_told_without_a_crash_comes_to_its_end(name):
    seen, left, reviews, _, calls = undisturbed(name)

    print(f"{name}: {len(calls)} crash points, each before, after and (of {calls.count('holded.call')}) committed late")
    assert all(company["documents"] for company in seen)
    assert left == [f"review:{purpose}:{reason}" for purpose, _, reason in reviews]


@pytest.mark.row("D01")
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", STORIES)
def test_whenever_the_writer_dies_everything_is_written_once(name, mode):
    expected, left, reviews, events, calls = undisturbed(name)
    story = STORIES[name]
    wrong = []
    for at, call in enumerate(calls):
        if mode == "late" and call != "holded.call":
            continue
        # Every other time the message is back before the dead writer's lease has ended.
        world, _ = told(story, at=at, mode=mode, redelivered_s=30 if at % 2 else 180)
        got = outcome(world), troubles(world), findings(world), rereads(world)
        if got != (expected, left, reviews, events):
            wrong.append(f"{mode} call {at} ({call}): {got}")
    assert not wrong, f"{len(wrong)} of {len(calls)}, expected {(expected, left, reviews, events)}\n" + "\n".join(wrong)
