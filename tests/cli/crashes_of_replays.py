"""Commands that die: replays and dead letters."""

from __future__ import annotations

import asyncio
import dataclasses
import json

from relay.domain.replay import parts_of
from relay.ports.queues import DeadLetter
from relay.services.dead_letters import IndexDeadLetters
from relay.services.times import at_ms
from tests.cli.crashing import Told, an_order, stands, written
from tests.services.world import ACCOUNT

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


COMMANDS = {
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
}  # fmt: skip
