"""Commands that die: what a person judges."""

from __future__ import annotations

from holded_sandbox.faults import Fault
from tests.cli.crashing import Told, an_order, written
from tests.services.world import ACCOUNT

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


def reviewing(*words, **values):
    args = ("review", words[0], *words[1:], "--account", ACCOUNT)
    return Told(**{"args": args, "before": an_order_in_doubt, "again": ("not_in_review",), "hours": 1} | values)


COMMANDS = {
    "review list": Told(args=("review", "list"), before=an_order_in_doubt),
    "review show": reviewing("show", REVIEWED, again=()),
    "review retry": reviewing("retry", REVIEWED),
    "review retry, all alike": reviewing("retry", "--alike", REVIEWED),
    "review retry, a delivery": reviewing("retry", UNREADABLE, before=a_delivery_nobody_can_read),
    "review adopt": reviewing("adopt", REVIEWED, OTHERS, "--yes"),
    "review create": reviewing("create", REVIEWED, "--yes", "--i-know-it-may-double"),
    "review ignore": reviewing("ignore", REVIEWED, "--note", "booked by hand"),
}  # fmt: skip
