"""Commands that die: reconciliation."""

from __future__ import annotations

import dataclasses

from relay.domain.nights import first_night
from relay.domain.reconciled_summary import pack
from tests.cli.crashes_of_sources import a_shop
from tests.cli.crashing import Told, an_order, stands, written
from tests.services.world import ACCOUNT

OTHERS = "a" * 24
OVER_MARCH = ("reconcile", ACCOUNT, "--from", "2026-03-01", "--to", "2026-03-31")


def books_that_differ(road):
    """A document that a person deleted, a copy of another, and a row that was given up."""
    an_order(road, 3)
    written(road)
    stands(status="paused")(road)
    an_order(road, 2)
    road.live(hours=0.1)
    stands(status="active")(road)
    world = road.world
    (row,) = [row for row in world.rows("invoice") if row.state == "waiting"]
    world.ledger.rows[row.key] = dataclasses.replace(row, state="dead", reason="trouble_KeyError", attempts=8, due_ms=0)
    gone, kept = world.documents()
    world.company.drop("documents", gone["id"])
    world.company.put("documents", dict(kept, id=OTHERS), world.clock.now().timestamp())


def books_beside_a_shop(road):
    """A document stands, and two orders of the shop came by no webhook."""
    an_order(road, 3)
    written(road)
    a_shop(road)
    road.world.clock.advance(3600)  # their webhooks are not merely on the way


def after_a_night(road):
    written(road)
    world = road.world
    told = {"open": 0, "complete": True, "incomplete": {}, "differences": [], "at": "2026-03-02T03:00:00+00:00"}
    told |= {"from": "2026-02-24", "to": "2026-03-02", "documents": 1, "under_way": 0, "calls": 2}
    row = dataclasses.replace(first_night(ACCOUNT, world.clock.now()), event=pack(told))
    world.ledger.rows[row.key] = row


COMMANDS = {
    "reconcile": Told(args=OVER_MARCH, before=books_that_differ, exits=1),
    "reconcile, its cost": Told(args=(*OVER_MARCH, "--cost"), before=written),
    "reconcile, asking the source": Told(args=(*OVER_MARCH, "--ask-source"), before=books_beside_a_shop, exits=1),
    "reconcile, the last night": Told(args=("reconcile", ACCOUNT, "--last"), before=after_a_night),
    "reconcile, repairing": Told(args=(*OVER_MARCH, "--repair", "--yes"), before=books_that_differ, exits=1),
}
