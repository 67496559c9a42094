"""Every function of the road dies before and after every call of a port; whoever comes after it makes all come out the same."""

from __future__ import annotations

import functools
import json
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from relay.domain.polling import Course, Polling
from relay.services.times import at_ms
from tests.services.killing import troubles
from tests.services.polling import Hands
from tests.services.road import Road
from tests.services.test_crash_points import outcome
from tests.services.test_road import refund_of
from tests.services.wire import MODES, Wire
from tests.services.world import ACCOUNT, World, shopify_order

if TYPE_CHECKING:
    from collections.abc import Callable

FUNCTIONS = {
    "receive_webhook",
    "publish_event",
    "release_due",
    "sweep_inbox",
    "index_dead_letters",
    "poll_holded",
    "write_holded",
}
HAND_WRITTEN = "a" * 24
CONTACTS_ONLY = {
    "polling": {"share": 100, "leave_out": ["invoice", "creditnote", "salesreceipt", "product", "payment"]},
}
LATER = "2026-03-02T10:00:00+01:00"


@dataclass(frozen=True, kw_only=True)
class Journey:
    """`sends(road)` is what senders post; `then` comes half an hour later; `skipped` records are lost by the stream.
    `written` and `left` are what must stand in Holded, and wait for people, at the end.
    """

    sends: Callable[[Road], None]
    written: tuple[str, ...] = ("invoice 121.00",)
    left: tuple[str, ...] = ()
    then: Callable[[Road], None] | None = None
    before: Callable[[World], None] = lambda _: None
    settings: dict[str, Any] | None = None
    skipped: int = 0
    hours: float = 1
    also: tuple[str, ...] = ()


def orders(*bodies, topic="orders/paid"):
    def sends(road):
        for body in bodies:
            road.send("shopify", body, topic)

    return sends


def by_hand(world):
    world.order(shopify_order(1))
    world.company.put("documents", dict(world.documents()[0], id=HAND_WRITTEN, tags=[]), world.clock.now().timestamp())
    world.holded.calls.clear()


def hint(road):
    road.send("holded", {"id": HAND_WRITTEN, "type": "invoice"}, "invoice.create")


def refund_first(road):
    road.send("shopify", refund_of(shopify_order()), "refunds/create")


def never_drained(world):
    """Nobody ever sent anything; its contacts were all seen long ago, but for one that was made by hand."""
    Hands(world).contact()
    now_ms = at_ms(world.clock.now())
    course = Course(due_ms=now_ms, full_due_ms=now_ms, full_ms=1)
    world.polls.states[ACCOUNT] = Polling(account=ACCOUNT, rev=1, courses={"contact": course})


def unread(road):
    road.send("shopify", b'{"id": "an order without its lines"}', "orders/paid")


def not_followed(road):
    road.send("shopify", {"id": 1}, "themes/publish")


def unknown_messages(road):
    """What the queue holds names an event that no inbox has, and an account that is not there."""
    lost = [{"account": "acme", "event": "nowhere#0"}, {"account": "nobody", "event": "x#0"}]
    road.messages += [(0, 0, message) for message in lost]
    orders(shopify_order())(road)


JOURNEYS = {
    "a paid order": Journey(sends=orders(shopify_order()), also=("clock", "ids"), hours=0.5),
    "an order that its settings approve and pay": Journey(
        sends=orders(shopify_order()),
        settings={"policy": {"finish": "approve_and_pay"}},
        written=("approved invoice 121.00", "payment 121.00"),
    ),
    "an order the stream lost": Journey(
        sends=orders(shopify_order(1), shopify_order(2)), skipped=1, written=("invoice 121.00", "invoice 121.00")
    ),
    "another body under one identity": Journey(
        sends=orders(shopify_order()),
        then=orders(shopify_order(total="242.00")),
        left=("review:invoice.update:version_conflict",),
    ),
    "a refund before its order": Journey(
        sends=refund_first, then=orders(shopify_order()), written=("creditnote 121.00", "invoice 121.00")
    ),
    "an edited order": Journey(
        sends=orders(shopify_order()),
        then=orders(shopify_order(total="242.00", updated_at=LATER), topic="orders/updated"),
        written=("invoice 242.00",),
    ),
    "a delivery nobody can read": Journey(sends=unread, written=(), left=("review:delivery:missing_currency",)),
    "a topic nobody follows": Journey(sends=not_followed, written=()),
    "a document written by hand": Journey(before=by_hand, sends=hint, written=("invoice 121.00", "invoice 121.00")),
    "a contact that no webhook tells of": Journey(
        before=never_drained, sends=lambda _: None, settings=CONTACTS_ONLY, written=(), hours=1.5
    ),
    "messages that can never be worked off": Journey(
        sends=unknown_messages, left=("dead:dead:attempts_used_up", "dead:dead:attempts_used_up")
    ),
}


def told(journey, *, at=None, mode="before", visible_after_s=180):
    world = World(settings=journey.settings)
    journey.before(world)
    road = Road(
        world,
        Wire(world, at=at, mode=mode, also=journey.also),
        skipped=journey.skipped,
        visible_after_s=visible_after_s,
    )
    journey.sends(road)
    if journey.then is not None:
        road.live(hours=0.5)
        journey.then(road)
    road.live(hours=journey.hours)
    return road


def written(company):
    documents = [f"{'approved ' * approved}{kind} {total}" for kind, total, approved in company["documents"]]
    return (*documents, *(f"payment {amount}" for amount in company["payments"]))


def ends(world):
    return sorted((item.delivery.topic, item.open, *sorted(item.ends)) for item in world.inbox.items.values())


def dead(world):
    return sorted((row.key.account, row.key.object_id, row.reason) for row in world.rows() if row.state == "dead")


def seen(road):
    world = road.world
    assert not road.posts, "a sender still waits for its 2xx"
    return outcome(world), sorted(troubles(world)), ends(world), dead(world), sorted(road.published)


@functools.cache
def undisturbed(name):
    road = told(JOURNEYS[name])
    return seen(road), tuple(road.wire.names), tuple(road.processes)


def crash_points(calls, processes):
    """Every call of every process. A schedule that looks and finds nothing to do is killed once a journey, not every minute."""
    idle = set()
    for function, began, ended in processes:
        names = calls[began:ended]
        if len(names) == 1 and function != "receive_webhook":
            if (function, names) in idle:
                continue
            idle.add((function, names))
        for at in range(began, ended):
            yield at, function


@pytest.mark.parametrize("name", JOURNEYS)
def test_the_journey_without_a_crash_comes_to_its_end(name):
    (companies, left, *_), calls, processes = undisturbed(name)
    points = Counter(function for _, function in crash_points(calls, processes))

    print(f"{name}: {sum(points.values())} crash points: {json.dumps(points)}")
    assert written(companies[0]) == JOURNEYS[name].written
    assert tuple(left) == JOURNEYS[name].left


def test_every_function_of_the_road_dies_somewhere():
    found = {function for name in JOURNEYS for _, function in crash_points(*undisturbed(name)[1:])}

    assert found == FUNCTIONS


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", JOURNEYS)
def test_whichever_function_dies_the_road_comes_to_the_same_end(name, mode):
    expected, calls, processes = undisturbed(name)
    wrong = []
    for at, function in crash_points(calls, processes):
        if mode == "late" and calls[at] != "holded.call":
            continue
        road = told(JOURNEYS[name], at=at, mode=mode, visible_after_s=30 if at % 2 else 180)
        got = seen(road)
        if got != expected:
            wrong.append(f"{function} {mode} call {at} ({calls[at]}): {got}")

    assert not wrong, f"{len(wrong)} of {len(calls)}, expected {expected}\n" + "\n".join(wrong)
